// `covenant prompts load` with several files: what they say twice comes once, ids that they share are told apart, a limit
// holds for all that is in them; faults of what they hold beside prompts are told before anything is written, and what is no
// comparison is told; and what it writes is read by the commands that go on from it.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { collect, manualClock } from "../core/index.ts";
import { readPairs, readPrompts } from "../feedback/index.ts";
import type { RunEvent } from "../records/index.ts";
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

describe("faults of comparisons and chains", () => {
  const context = () => {
    const events: RunEvent[] = [];
    const signal = new AbortController().signal;
    return {
      events,
      emit: (event: RunEvent) => events.push(event),
      signal,
      clock: manualClock(0),
      environment: {},
    };
  };
  const choice = (correct: string) => ({
    prompt: "\n\nHuman: What kind?\n\nOptions:\n (A) Theft\n (B) Fraud\n (C) None\n\nAssistant: It is:",
    ...{ corrects: [` (${correct})`], incorrects: [" (B)", " (C)"] },
  });
  const step = { critique: { sample: "c" }, revision: { sample: "r" } };
  const link = { cst_key: "k", cst_value: { prompt: ["c?"], edit_request: "r?" }, ...step };

  it.each([
    ["choices", [choice("A"), choice("D")], /line 2: corrects: got \(D\), but the prompt lists 3 options/],
    [
      "labels",
      [{ input: "q", targets: { choices: ["a", "b"], labels: [1, 1] } }],
      /line 1: targets\.labels: got/,
    ],
    ["chains", [{ rl_prompt: "\n\nHuman: q", cst: [link] }], /line 1: initial_response: got nothing/],
    ["winners", [{ ...pku(1), safer_response_id: 3 }], /line 1: safer_response_id: got 3/],
  ])(
    "are told of %s before there is a folder, by a dry run too, and a file that is mended loads",
    async (name, rows, expected) => {
      const file = write(`${name}.jsonl`, ...rows);
      const config = loadRecipe.schema.parse({ files: [file], out: at(`faulty-${name}`) });
      await expect(loadRecipe.plan(config, { ...context(), dry: true })).rejects.toThrow(expected);
      await expect(loadRecipe.run(config, context())).rejects.toThrow(expected);
      expect(existsSync(at(`faulty-${name}`))).toBe(false);
      write(`${name}.jsonl`, choice("A"));
      expect(await load(`faulty-${name}`, [file])).toMatchObject({ prompts: 1, comparisons: 1 });
    },
  );

  it("are no faults where a row only says nothing of its replies", async () => {
    const { safer_response_id: _, ...bare } = pku(1);
    const file = write("bare.jsonl", bare, { ...pku(2), safer_response_id: null });
    const { document, lines } = await loadRecipe.run(
      loadRecipe.schema.parse({ files: [file], out: at("bare") }),
      context(),
    );
    expect(document).toMatchObject({ prompts: 2, comparisons: 0 });
    expect(lines).toContain("2 rows of two replies say of neither that it is better: no comparison.");
    expect(existsSync(at("bare/comparisons"))).toBe(false);
  });

  it("tell of pairs that are no comparison, though they are prompts", async () => {
    const dialogue = (...turns: readonly string[]) =>
      turns.map((turn, place) => `\n\n${place % 2 === 0 ? "Human" : "Assistant"}: ${turn}`).join("");
    const file = write(
      "hh.jsonl",
      { chosen: dialogue("q", "1"), rejected: dialogue("q", "2") },
      { chosen: dialogue("r", "1", "more", "3"), rejected: dialogue("r", "2") },
      { chosen: dialogue("s", ""), rejected: dialogue("s", "2") },
    );
    const config = loadRecipe.schema.parse({ files: [file], out: at("hh") });
    const text = `${file}: 2 of 3 pairs are no comparison: 1 whose dialogues part before the last reply (line 2), 1 with a reply without text (line 3). What they ask is a prompt all the same.`;
    expect((await loadRecipe.plan(config, { ...context(), dry: true })).notices).toEqual([
      { code: "rows-unfit", text },
    ]);
    const told = context();
    expect((await loadRecipe.run(config, told)).document).toMatchObject({ prompts: 3, comparisons: 1 });
    expect(told.events).toContainEqual(expect.objectContaining({ type: "warning", text }));
    expect(linesOf("hh/comparisons/comparisons.jsonl")).toMatchObject([{ options: ["1", "2"], correct: 0 }]);
  });
});

describe("what is not taken", () => {
  it("is said of sampled answers, and nothing of chains where there are none", async () => {
    const answers = [{ sampled_string: " a", pm_scores: [{ pm_score: 1.5 }] }];
    const file = write("rl.jsonl", { rl_prompt: "\n\nHuman: q\n\nAssistant:", sampled_answers: answers });
    const config = loadRecipe.schema.parse({ files: [file], out: at("rl") });
    const signal = new AbortController().signal;
    const context = { emit: () => undefined, signal, clock: manualClock(0), environment: {} };
    expect(
      (await loadRecipe.plan(config, { ...context, dry: true })).steps.map(({ stage }) => stage),
    ).toEqual(["prompts"]);
    const { lines, document } = await loadRecipe.run(config, context);
    expect(lines.join("\n")).toContain(
      `Not taken of ${file}: sampled_answers, the answers of one model with their pm_scores`,
    );
    expect(lines.join("\n")).not.toMatch(/ chains?:| training rows?:/);
    expect(document).toMatchObject({ prompts: 1, comparisons: 0, chains: 0 });
    expect(existsSync(at("rl/revise"))).toBe(false);
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

describe("pairs of texts without prompts", () => {
  it("are good for baselines, which need none", async () => {
    const file = at("icai.csv");
    writeFileSync(file, "text_a,text_b,preferred_text\nlonger,short,text_a\nlong,a,text_b\nx,y,tie\n");
    expect(await documentOf(baselinesRecipe, { data: file })).toMatchObject({
      ...{ n: 2, unknown: 1, longer: { count: 1 }, always: { "(A)": { count: 1 } } },
    });
    await expect(load("icai", [file])).rejects.toThrow(
      /without what they answer.*covenant evaluate baselines/,
    );
  });
});
