import { describe, expect, it } from "vitest";
import { scriptedModel } from "../../models/index.ts";
import { task } from "../episodes/episode.fixture.ts";
import { readPersona, writePersonas } from "./generation.ts";

const person = (name: string, views: object = { "task-a": "Yes: {x}, no." }) =>
  JSON.stringify({ name, traits: { age: 40, place: "Lima, Peru" }, description: "Says: little.", views });

const settings = {
  wording: "full",
  tasks: [task],
  seed: 1,
  temperature: 1,
  topP: 1,
  maxTokens: 1000,
  attempts: 2,
} as const;

describe("personas that a model writes", () => {
  it("have ids of their names, which differ where names do not, and keep commas and braces", async () => {
    const model = scriptedModel({ reply: () => `Here:\n${person("Inés Ñ. {Q}")}` });
    const traits = ["a baker, retired", "another {traits}"];
    const { personas, missing } = await writePersonas({ ...settings, model, traits });
    expect(missing).toEqual([]);
    expect(personas.map(({ id }) => id)).toEqual(["ines-n-q", "ines-n-q-2"]);
    expect(personas[0]).toMatchObject({
      name: "Inés Ñ. {Q}",
      traits: { age: "40", place: "Lima, Peru" },
      views: { "task-a": "Yes: {x}, no." },
    });
    const [asked] = model.calls;
    const said = asked?.type === "generate" ? asked.requests.map(({ messages }) => messages[0]!.content) : [];
    expect(said[1]).toContain("another {traits}");
  });

  it("are asked for again where a reply cannot be read, and named where none can", async () => {
    const model = scriptedModel({
      reply: ({ messages }) => (messages[0]!.content.includes("sailor") ? "No." : person("Ana")),
    });
    const { personas, missing } = await writePersonas({ ...settings, model, traits: ["a sailor", "a cook"] });
    expect(personas.map(({ name }) => name)).toEqual(["Ana"]);
    expect(missing).toEqual([{ traits: "a sailor", problem: "the reply holds no JSON object" }]);
    expect(model.calls.map((call) => call.requests.length)).toEqual([2, 1]);
  });

  it("are refused without views on every task, with views on others, and where a field is missing", () => {
    const problemOf = (text: string) => readPersona({ text, finish: "stop" }, [task], "full");
    expect(problemOf(person("Ana", {}))).toEqual({ problem: "there is no view on task-a" });
    expect(problemOf(person("Ana", { "task-a": "..." }))).toEqual({ problem: "there is no view on task-a" });
    expect(problemOf(person("Ana", { "task-a": "a", b: "c" }))).toEqual({
      problem: "views.b: there is no such task",
    });
    expect(problemOf('{"name": "Ana", "views": {"task-a": "a"}}')).toHaveProperty("problem");
    const brief = (text: string) => readPersona({ text, finish: "stop" }, [], "brief");
    expect(brief("name: Ana\ndescription: Says little.")).toMatchObject({ id: "ana", views: {} });
    for (const text of [
      person("Ana"),
      "name: Ana",
      "name: Ana\ndescription:",
      "name: Ana\nname: Eva\ndescription: x",
      "name: Ana\ndescription: x\ny",
      "Here:\nname: Ana\ndescription: x",
    ])
      expect(brief(text), text).toHaveProperty("problem");
    expect(readPersona({ text: person("Ana"), finish: "length" }, [task], "full")).toHaveProperty("problem");
  });
});
