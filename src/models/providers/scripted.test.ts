// Scripted models: rules and functions as replies and scores, the record of what they were asked, and script files with
// their faults.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openModel, scriptedModel } from "../index.ts";
import type { GenerateRequest } from "../specification.ts";

const ask = (content: string, change: Partial<GenerateRequest> = {}): GenerateRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 20,
  temperature: 1,
  seed: 1,
  ...change,
});

describe("scriptedModel", () => {
  it("records its calls, batch by batch", async () => {
    const model = scriptedModel({ reply: () => "x", score: () => [-1] });
    await model.generate([ask("a"), ask("b")]);
    await model.score([{ messages: [], continuations: ["c"] }]);
    expect(model.calls.map((call) => [call.type, call.requests.length])).toEqual([
      ["generate", 2],
      ["score", 1],
    ]);
  });

  it("ends replies as models do: at the limit, at a stop, with nothing", async () => {
    const model = scriptedModel({ reply: ({ messages }) => messages[0]?.content ?? "" });
    const replies = await model.generate([
      ask("one two  three", { maxTokens: 2 }),
      ask("one. two", { stop: [" two", "."] }),
      ask(" "),
    ]);
    expect(replies.map(({ text, finish }) => [text, finish])).toEqual([
      ["one two", "length"],
      ["one", "stop"],
      ["", "empty"],
    ]);
  });
});

describe("scripted files", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "covenant-script-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (text: string): string => {
    const file = join(folder, "script.yaml");
    writeFileSync(file, text);
    return file;
  };
  const open = (text: string) => openModel(`scripted:${write(text)}`, { environment: {} });

  it("answer by the first rule that is met", async () => {
    const model = await open(
      [
        "batch: 2",
        "rules:",
        "  - { when: weather, reply: Sunny. }",
        "  - { when: secret, finish: refusal }",
        "  - { when: weather, score: { (A): -0.1, (B): -2 } }",
        "  - reply: [one, two, three]",
      ].join("\n"),
    );
    expect(model.capabilities).toEqual({ scores: true, batch: 2 });
    const replies = await model.generate([ask("the weather?"), ask("a secret weather"), ask("a secret")]);
    expect(replies.map(({ text, finish }) => [text, finish])).toEqual([
      ["Sunny.", "stop"],
      ["Sunny.", "stop"],
      ["", "refusal"],
    ]);
    const seeds = Array.from({ length: 30 }, (_, seed) => ask("else", { seed }));
    const picked = (await model.generate(seeds)).map((reply) => reply.text);
    expect(new Set(picked)).toEqual(new Set(["one", "two", "three"]));
    expect((await model.generate(seeds)).map((reply) => reply.text)).toEqual(picked);
    const scores = await model.score(
      ["weather", "else"].map((content) => ({ ...ask(content), continuations: ["(B)", "(A)", "(C)"] })),
    );
    expect(scores.map((score) => score.logProbabilities)).toEqual([
      [-2, -0.1, null],
      [null, null, null],
    ]);
  });

  it("are JSON too", async () => {
    const model = await open(JSON.stringify({ rules: [{ reply: "yes: {no}" }] }));
    expect((await model.generate([ask("x")]))[0]?.text).toBe("yes: {no}");
    expect(model.capabilities.scores).toBe(false);
  });

  it.each([
    ["rules: []", /a script needs at least one rule/],
    ["rules:\n  - { when: x }", /rules\[0\].*a reply, a finish or a score/],
    ["rules:\n  - { reply: 3 }", /rules\[0\]\.reply/],
    ["rules:\n  - { answer: x, reply: y }", /rules\[0\]\.answer: unknown key/],
    ["rules:\n  - { score: { (A): 0.5 } }", /at most 0/],
    ["rules: [", /not valid YAML/],
  ])("say what is wrong with %j", async (text, expected) => {
    const thrown = await open(text).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: "UserError", message: expect.stringMatching(expected) });
    expect((thrown as Error).message).toContain("script.yaml");
  });

  it("say when they are missing", async () => {
    await expect(openModel("scripted:/none/at/all.yaml", { environment: {} })).rejects.toThrow(
      /no such file/,
    );
  });
});
