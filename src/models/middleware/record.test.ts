// A recording answers what it was made of, and says so where it cannot.

import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openModel, openRecorder, scriptedModel, withRecording } from "../index.ts";
import type { GenerateRequest } from "../specification.ts";

const root = mkdtempSync(join(tmpdir(), "covenant-record-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ask = (content: string, seed = 1): GenerateRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 9,
  temperature: 1,
  topP: 1,
  seed,
});
const model = (id: string) =>
  scriptedModel({ id, reply: ({ seed }) => `${id} ${seed}`, score: () => [-1, null] });
const scoring = { messages: ask("Which?").messages, continuations: ["(A)", "(B)"] };
const replay = (file: string, whose = "") => openModel(`replay:${file}${whose}`, { environment: {} });

describe("a recording", () => {
  it("is replayed word for word, and not written twice", async () => {
    const file = join(root, "one.jsonl");
    for (let attempt = 0; attempt < 2; attempt++) {
      const recorder = await openRecorder(file);
      const recorded = withRecording(model("m"), recorder);
      await recorded.generate([ask("{a}\u2028💡", 1), ask("{a}\u2028💡", 2)]);
      await recorded.score([scoring]);
      recorder.close();
    }
    expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(3);
    appendFileSync(file, '{"model":"m","type":"gen');
    const again = await replay(file);
    expect(await again.generate([ask("{a}\u2028💡", 2), ask("{a}\u2028💡", 1)])).toEqual(
      await model("m").generate([ask("{a}\u2028💡", 2), ask("{a}\u2028💡", 1)]),
    );
    expect((await again.score([scoring]))[0]?.logProbabilities).toEqual([-1, null]);
    const missing: unknown = await again.generate([ask("{a}\u2028💡", 3)]).catch((error: unknown) => error);
    expect(missing).toMatchObject({ name: "UserError", code: "replay-missing" });
    expect(String(missing)).toContain("{a}\u2028💡");
  });

  it("holds what another run was told in answer to the same, and a replay gives the last", async () => {
    const file = join(root, "told.jsonl");
    const tell = async (text: string) => {
      const recorder = await openRecorder(file);
      const told = scriptedModel({ id: "m", reply: ({ seed }) => (seed === 1 ? "one" : text) });
      await withRecording(told, recorder).generate([ask("x", 1), ask("x", 2)]);
      recorder.close();
      return readFileSync(file, "utf8").trim().split("\n").length;
    };
    expect([await tell("first"), await tell("first"), await tell("second")]).toEqual([2, 2, 3]);
    const again = await (await replay(file)).generate([ask("x", 1), ask("x", 2)]);
    expect(again.map(({ text }) => text)).toEqual(["one", "second"]);
  });

  it("of several models is asked for one of them", async () => {
    const file = join(root, "two.jsonl");
    const recorder = await openRecorder(file);
    for (const id of ["http://a/v1#m", "b"]) await withRecording(model(id), recorder).generate([ask("x")]);
    recorder.close();
    await expect(replay(file)).rejects.toThrow(`replay:${file}#http://a/v1#m`);
    await expect(replay(file, "#c")).rejects.toThrow("none of c");
    const one = await replay(file, "#http://a/v1#m");
    expect((await one.generate([ask("x")]))[0]?.text).toBe("http://a/v1#m 1");
  });

  it("that is none is told with file and line", async () => {
    const file = join(root, "broken.jsonl");
    appendFileSync(file, '{"model":"m","type":"generate"}\n');
    await expect(replay(file)).rejects.toThrow(/broken\.jsonl, line 1/);
    await expect(replay(join(root, "absent.jsonl"))).rejects.toThrow(/no such file/);
  });
});
