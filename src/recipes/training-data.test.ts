import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadPreferenceRows, loadSftRows } from "./training-data.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-rows-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (...rows: readonly unknown[]): string => {
  const file = join(folder, "rows.jsonl");
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
};
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

describe("supervised rows", () => {
  it("mean the same as texts, as messages and as a chat", async () => {
    const rows = await loadSftRows(
      write(
        { prompt: "Why?", completion: "So." },
        { prompt: [user("Why?")], completion: [assistant("So.")] },
        { messages: [user("Why?"), assistant("So.")] },
      ),
      1,
    );
    expect(rows.map(({ prompt, completion }) => ({ prompt, completion }))).toEqual(
      Array(3).fill({ prompt: [user("Why?")], completion: "So." }),
    );
    expect(new Set(rows.map(({ id }) => id)).size).toBe(3);
  });

  it("of a run stay what they are", async () => {
    const own = {
      id: "a/1",
      parents: ["p"],
      stage: "rows",
      seed: 7,
      prompt: [user("Why?")],
      completion: "So.",
    };
    expect(await loadSftRows(write(own), 1)).toEqual([own]);
  });

  it("get the same ids and seeds wherever they stand", async () => {
    const [one, other] = [
      { prompt: "a", completion: "b" },
      { prompt: "c", completion: "d" },
    ];
    const forward = await loadSftRows(write(one, other), 1);
    const backward = await loadSftRows(write(other, one), 1);
    expect(forward.map(({ id }) => id)).toEqual(backward.map(({ id }) => id).toReversed());
    expect(await loadSftRows(write(other, one), 2)).not.toEqual(backward);
  });

  it("with faults are refused, all of them with line and field", async () => {
    const load = loadSftRows(
      write(
        { prompt: "a" },
        { question: "b" },
        { messages: [user("c"), user("d")] },
        { prompt: "e", completion: "" },
      ),
      1,
    );
    await expect(load).rejects.toThrow(
      /3 faults[\s\S]*line 1: completion: got nothing[\s\S]*line 2: got the fields: question; expected prompt and completion, or messages[\s\S]*line 3: messages/,
    );
    await expect(loadSftRows(write(), 1)).rejects.toThrow(/holds no rows/);
  });
});

describe("preference rows", () => {
  it("are pairs of replies, or of dialogues that begin alike; a missing label is a certain one", async () => {
    const start = "\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: Why?\n\nAssistant:";
    const rows = await loadPreferenceRows(
      write(
        { prompt: "Why?", chosen: "So.", rejected: "No.", probability: 0.75 },
        { chosen: `${start} So.`, rejected: `${start} No.` },
        { chosen: [user("Why?"), assistant("So.")], rejected: [user("Why?"), assistant("No.")] },
      ),
      1,
    );
    expect(rows.map(({ chosen, rejected }) => [chosen, rejected])).toEqual(Array(3).fill(["So.", "No."]));
    expect(rows.map(({ probability }) => probability)).toEqual([0.75, 1, 1]);
    expect(rows.map(({ prompt }) => prompt.length)).toEqual([1, 3, 1]);
  });

  it("are refused where there is no pair", async () => {
    const fails = async (row: object, message: RegExp) =>
      expect(loadPreferenceRows(write(row), 1)).rejects.toThrow(message);
    await fails(
      { prompt: "a", chosen: "b" },
      /line 1: got the fields: prompt, chosen; expected prompt, chosen and/,
    );
    await fails({ chosen: "a", rejected: "b" }, /dialogues that begin with/);
    await fails(
      { prompt: "a", chosen: "b", rejected: "c", probability: 2 },
      /probability: got 2, expected at most 1/,
    );
    const one = [user("a"), assistant("b"), user("c"), assistant("d")];
    const other = [user("a"), assistant("x"), user("c"), assistant("d")];
    await fails({ chosen: one, rejected: other }, /differ in their last reply alone/);
  });
});
