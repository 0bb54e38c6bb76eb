// Names under which servers answer: which of them are the model that was asked, and that an answer keeps the name of another
// one on its way through everything that stands before an endpoint.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { answeredByOf, openAnswerStore, openModel, openRecorder } from "../index.ts";
import type { GenerateRequest, LanguageModel, ScoreRequest } from "../specification.ts";
import { isSameModel } from "./answering-model.ts";
import {
  type Endpoint,
  type EndpointBehaviour,
  type Fault,
  startEndpoint,
} from "./endpoint-server.fixture.ts";

describe("isSameModel", () => {
  it.each([
    ["gpt-4o", "gpt-4o-2024-08-06"],
    ["gpt-4o-2024-08-06", "gpt-4o"],
    ["gpt-4", "gpt-4-0613"],
    ["claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"],
    ["claude-sonnet-4-0", "claude-sonnet-4-20250514"],
    ["Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct"],
    ["llama3", "llama3:latest"],
    ["tiny", "/models/tiny.gguf"],
    ["qwen2.5-7b-instruct", "/models/qwen2.5-7b-instruct-q4_k_m.gguf"],
    ["gpt-4o", "openai/gpt-4o:free"],
  ])("%s is %s", (asked, answered) => {
    expect(isSameModel(asked, answered)).toBe(true);
  });

  it.each([
    ["gpt-4o", "gpt-4o-mini"],
    ["gpt-4o-mini", "gpt-4o"],
    ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"],
    ["gpt-4o", "gpt-4o-mini-2024-07-18"],
    ["llama-3", "llama-3.1"],
    ["claude-sonnet-4-0", "claude-sonnet-4-5-20250929"],
    ["a", "b"],
  ])("%s is not %s", (asked, answered) => {
    expect(isSameModel(asked, answered)).toBe(false);
  });
});

describe("answeredByOf", () => {
  it("tells names of several answers once each, in one order whoever came first", () => {
    const answers = [{ answeredBy: ["b", "c"] }, {}, { answeredBy: ["a"] }, { answeredBy: ["b"] }];
    expect(answeredByOf(answers)).toEqual({ answeredBy: ["a", "b", "c"] });
    expect(answeredByOf(answers.toReversed())).toEqual({ answeredBy: ["a", "b", "c"] });
    expect(Object.keys(answeredByOf([{}, {}]))).toEqual([]);
  });
});

const root = mkdtempSync(join(tmpdir(), "covenant-answering-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const open: Endpoint[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** Answers under another name whatever holds "[other]"; at a server with echo that is the call for one letter of two. */
const otherwise: NonNullable<EndpointBehaviour["fault"]> = ({ path, body }): Fault | undefined => {
  if (!path.endsWith("completions") || !JSON.stringify(body).includes("[other]")) return undefined;
  return body["echo"] === true && !String(body["prompt"]).endsWith("(B)") ? undefined : "other-model";
};

const start = async (behaviour: EndpointBehaviour = {}): Promise<string> => {
  const server = await startEndpoint({ fault: otherwise, ...behaviour });
  open.push(server);
  return `${server.baseURL}${behaviour.texts === undefined ? "" : "/completions"}#m`;
};

const contents = ["Hi", "[other]"];
const requests = contents.map((content): GenerateRequest => {
  const messages = [{ role: "user" as const, content }];
  return { messages, maxTokens: 20, temperature: 1, seed: 1 };
});
const questions = requests.map(({ messages }): ScoreRequest => ({ messages, continuations: ["(A)", "(B)"] }));

const marksOf = async (model: LanguageModel) => ({
  replies: (await model.generate(requests)).map(({ answeredBy }) => answeredBy),
  scores: (await model.score(questions)).map(({ answeredBy }) => answeredBy),
});
const marked = { replies: [undefined, ["another"]], scores: [undefined, ["another"]] };

describe("an answer of another model", () => {
  it.each([
    ["in chats", {}],
    ["where texts are gone on with", { chat: false, texts: true }],
    ["by echo in the chat template, where one of its two calls is", { echo: true, template: "tokenize" }],
    ["by echo in a transcript, where one of its two calls is", { echo: true, top: "ignored" }],
  ] satisfies [string, EndpointBehaviour][])("carries its name, %s", async (_, behaviour) => {
    const model = await openModel(await start(behaviour), { environment: {} });
    expect(await marksOf(model)).toEqual(marked);
    await model.close();
  });

  it("is the answer that came: a call that failed leaves no name behind", async () => {
    let calls = 0;
    const fault: EndpointBehaviour["fault"] = ({ path }) => {
      if (!path.endsWith("completions") || calls++ > 0) return undefined;
      return { status: 200, body: { model: "another", choices: [] } };
    };
    const retry = { wait: async () => {} };
    const told: string[] = [];
    const onNotice = ({ code }: { readonly code: string }): void => void told.push(code);
    const model = await openModel(await start({ fault }), { environment: {}, retry, onNotice });
    const [reply] = await model.generate(requests.slice(0, 1));
    expect(reply).toMatchObject({ finish: "stop" });
    expect(reply).not.toHaveProperty("answeredBy");
    expect(told).toContain("model-retry");
    expect(told).not.toContain("model-other");
    await model.close();
  });

  it("keeps it through a pool, in the answers that are kept, and in a recording", async () => {
    const name = `${await start()}|${await start()}`;
    const file = join(root, "calls.jsonl");
    const asked = async (store: string) => {
      const [cache, recorder] = [await openAnswerStore(join(root, store)), await openRecorder(file)];
      const model = await openModel(name, { environment: {}, cache, recorder });
      const marks = await marksOf(model);
      const cached = (await model.generate(requests)).map((reply) => reply.cached);
      recorder.close();
      await model.close();
      await cache.close();
      return { marks, cached };
    };
    const fresh = await asked("kept");
    for (const server of open.splice(0)) await server.close();
    // the servers are gone: all of it is read from the disk
    const kept = await asked("kept");
    expect([fresh, kept]).toEqual([
      { marks: marked, cached: [true, true] },
      { marks: marked, cached: [true, true] },
    ]);
    const replayed = await openModel(`replay:${file}`, { environment: {} });
    expect(await marksOf(replayed)).toEqual(marked);
    const lines = readFileSync(file, "utf8").trim().split("\n");
    expect(lines.filter((line) => line.includes('"answeredBy":["another"]'))).toHaveLength(2);
    expect(lines.filter((line) => line.includes("answeredBy"))).toHaveLength(2);
  });
});
