// `covenant prompts load` with several files: what they say twice comes once, ids that they share are told apart, a limit
// holds for all that is in them; and what it writes is read by the commands that go on from it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { collect, manualClock } from "../core/index.ts";
import { readPairs, readPrompts } from "../feedback/index.ts";
import { recipe as baselinesRecipe } from "./evaluate-baselines.ts";
import { recipe as loadRecipe } from "./prompts-load.ts";
import type { Recipe } from "./recipe.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-prompts-load-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]): string => join(folder, ...parts);
const write = (name: string, ...rows: readonly object[]): string => {
  writeFileSync(at(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return at(name);
};
const documentOf = async <Schema extends z.ZodType>(recipe: Recipe<Schema>, config: object) => {
  const signal = new AbortController().signal;
  const context = { emit: () => undefined, signal, clock: manualClock(0), environment: {} };
  return (await recipe.run(recipe.schema.parse(config), context)).document as Record<string, unknown>;
};
const load = (out: string, files: readonly string[], more: object = {}) =>
  documentOf(loadRecipe, { files, out: at(out), ...more });
const linesOf = (file: string): { readonly id: string; readonly seed: number }[] =>
  readFileSync(at(file), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const pku = (id: number) => ({ prompt: `Q${id}`, response_0: "a", response_1: "bb", safer_response_id: 1 });
const chain = (answer: string) => ({
  ...{ init_prompt: "Q", init_response: answer, critic_prompt: "c?", critic_response: "c" },
  ...{ revision_prompt: "r?", revision_response: "better" },
});

describe("several files", () => {
  it("that number their prompts alike give prompts of different ids, which other commands read", async () => {
    const rows = (name: string) => [1, 2, 3].map((id) => ({ id, prompt: `${name} ${id}` }));
    const files = [
      write("k1.jsonl", ...rows("one")),
      write("k2.jsonl", { id: "1-2", prompt: "of a name that is made" }, ...rows("two")),
    ];
    const document = await load("ids", files);
    expect(document).toMatchObject({ prompts: 7 });
    const prompts = await collect(readPrompts(String(document["file"]), { runSeed: 0 }));
    expect(prompts.map(({ id }) => id)).toEqual(["1", "2", "3", "1-2", "1-3", "2-2", "3-2"]);
    expect(new Set(prompts.map(({ seed }) => seed)).size).toBe(7);
  });

  it("that hold the same comparisons or chains give each of them once", async () => {
    const files = [write("c1.jsonl", pku(1), pku(2)), write("c2.jsonl", pku(2), pku(3), pku(3))];
    expect(await load("comparisons", files)).toMatchObject({ comparisons: 4 });
    const ids = linesOf("comparisons/comparisons/comparisons.jsonl").map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    const chains = [write("h1.jsonl", chain("a"), chain("b")), write("h2.jsonl", chain("b"), chain("c"))];
    expect(await load("chains", chains)).toMatchObject({ chains: 3 });
    expect(linesOf("chains/revise/revisions.jsonl")).toHaveLength(3);
  });
});

describe("--limit", () => {
  it("holds for prompts, comparisons and chains of each file", async () => {
    const files = [write("l1.jsonl", pku(1), pku(2), pku(3)), write("l2.jsonl", pku(4), pku(5), pku(6))];
    expect(await load("limited", files, { limit: 2 })).toMatchObject({ prompts: 4, comparisons: 4 });
    const chains = [write("l3.jsonl", chain("a"), chain("b"), chain("c"))];
    expect(await load("limited-chains", chains, { limit: 2 })).toMatchObject({ chains: 2 });
  });
});

describe("the comparisons that are written", () => {
  it("are comparisons to other commands", async () => {
    await load("written", [write("w.jsonl", pku(1), { ...pku(2), safer_response_id: 0 })]);
    const file = at("written/comparisons/comparisons.jsonl");
    const pairs = await collect(readPairs(file));
    expect(pairs.map(({ id }) => id)).toEqual(
      linesOf("written/comparisons/comparisons.jsonl").map(({ id }) => id),
    );
    expect(pairs.map(({ correct, replies }) => [correct, ...replies.map(({ text }) => text)])).toEqual([
      [1, "a", "bb"],
      [0, "a", "bb"],
    ]);
    const baselines = await documentOf(baselinesRecipe, { data: file });
    expect(baselines).toMatchObject({ n: 2, longer: { count: 1 } });
  });
});
