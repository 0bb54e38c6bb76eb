// Scores: a batch equals its items one by one, in any order, packed or not; they hold against the whole distribution; and
// what does not fit is refused.

import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createRandom, InterruptedError } from "../core/index.ts";
import { loadModelFolder } from "./checkpoint.ts";
import { createModelState } from "./model-state.ts";
import type { PackedItem } from "./packing.ts";
import { inFewerBits, randomModel } from "./random-model.fixture.ts";
import { createScorer } from "./scoring.ts";

const language = createScorer(randomModel());
const in4Bits = createScorer(inFewerBits(randomModel(), "4bit"));
const in8Bits = createScorer(inFewerBits(randomModel(), "8bit"));
const reward = createScorer(randomModel({}, { task: "sequence-classification", seed: 2 }));
afterAll(async () => {
  await language.release();
  await in4Bits.release();
  await in8Bits.release();
  await reward.release();
});

const random = createRandom(12);
const ids = (length: number): number[] => Array.from({ length }, () => 2 + random.integer(94));
const eight: PackedItem[] = Array.from({ length: 8 }, () => ({
  trunk: ids(1 + random.integer(40)),
  branches: Array.from({ length: 1 + random.integer(3) }, () => ids(1 + random.integer(9))),
}));

const kinds = [
  ["tokens", (items: readonly PackedItem[]) => language.tokens(items)],
  ["tokens in 4 bits", (items: readonly PackedItem[]) => in4Bits.tokens(items)],
  ["tokens in 8 bits", (items: readonly PackedItem[]) => in8Bits.tokens(items)],
  [
    "scores",
    async (items: readonly PackedItem[]) =>
      (await reward.scores(items)).map((values) => [...values].map((value) => Float32Array.of(value))),
  ],
] as const;

const near = (got: readonly (readonly Float32Array[])[], expected: readonly (readonly Float32Array[])[]) => {
  expect(got.map((item) => item.map(({ length }) => length))).toEqual(
    expected.map((item) => item.map(({ length }) => length)),
  );
  const flat = (all: typeof got) => all.flatMap((item) => item.flatMap((branch) => [...branch]));
  const wanted = flat(expected);
  for (const [at, value] of flat(got).entries())
    expect(Math.abs(value - wanted[at]!)).toBeLessThan(2e-4 * Math.max(1, Math.abs(wanted[at]!)));
};

describe.each(kinds)("%s", (_name, run) => {
  it("of eight items are those of eight calls, in the order asked for", async () => {
    const together = await run(eight);
    const alone = [];
    for (const item of eight) alone.push(...(await run([item])));
    near(together, alone);
    near(await run(eight.toReversed()), alone.toReversed());
  });

  it("of branches on one prompt are those of separate documents", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 7 }), async (at) => {
        const { trunk, branches } = eight[at]!;
        const shared = await run([{ trunk, branches }]);
        const apart = await run(branches.map((branch) => ({ trunk, branches: [branch] })));
        near(shared, [apart.map(([only]) => only!)]);
      }),
      { numRuns: 6 },
    );
  });

  it("of more tokens than one run takes come out whole", async () => {
    const many = Array.from({ length: 160 }, (_, at) => ({
      trunk: [2 + (at % 90), ...ids(30)],
      branches: [ids(3)],
    }));
    const whole = await run(many);
    near([whole[3]!, whole[157]!], [...(await run([many[3]!])), ...(await run([many[157]!]))]);
  });
});

const families = new URL("../../test/golden/families/", import.meta.url).pathname;

describe.each(readdirSync(families))("packed rows of %s", (family) => {
  it("with prompts that replies share have each reply's own log-probabilities, over windows and learned positions", async () => {
    const folder = await loadModelFolder(join(families, family));
    const scorer = createScorer(createModelState(folder.config, folder.weights));
    const longer: PackedItem[] = [12, 30, 5].map((length) => ({
      trunk: ids(length),
      branches: [ids(11), ids(3), ids(7)],
    }));
    const together = await scorer.tokens(longer);
    const alone: Float32Array[][] = [];
    for (const { trunk, branches } of longer) {
      const replies: Float32Array[] = [];
      for (const branch of branches)
        replies.push((await scorer.tokens([{ trunk, branches: [branch] }]))[0]![0]!);
      alone.push(replies);
    }
    near(together, alone);
    // and these rows are long enough to show what a token sees
    const [shown] = await scorer.tokens([{ ...longer[1]!, trunk: longer[1]!.trunk.slice(-2) }]);
    expect(Math.abs(shown![1]![0]! - alone[1]![1]![0]!)).toBeGreaterThan(0.01);
    await scorer.release();
  });
});

describe("the scorer", () => {
  it("gives a distribution: all one-token continuations of a prompt sum to one", async () => {
    const every = Array.from({ length: 96 }, (_, id) => [id]);
    const [values] = await language.tokens([{ trunk: [7, 30, 5], branches: every }]);
    const total = values!.reduce((sum, [value]) => sum + Math.exp(value!), 0);
    expect(total).toBeCloseTo(1, 4);
  });

  it("refuses empty prompts and continuations, naming the item", async () => {
    await expect(language.tokens([eight[0]!, { trunk: [], branches: [[3]] }])).rejects.toThrow("item 1");
    await expect(reward.scores([{ trunk: [4], branches: [[3], []] }])).rejects.toThrow("item 0");
  });

  it("refuses what does not fit the context, naming the item, and scores what just fits", async () => {
    // 96 positions; the last token of a continuation is only predicted
    const [fits] = await language.tokens([{ trunk: ids(90), branches: [ids(7)] }]);
    expect(fits![0]!.length).toBe(7);
    const asked = language.tokens([eight[0]!, { trunk: ids(90), branches: [ids(1), ids(8)] }]);
    await expect(asked).rejects.toMatchObject({ code: "sequence-too-long", facts: { index: 1 } });
    const scored = reward.scores([{ trunk: ids(98), branches: [ids(1)] }]);
    await expect(scored).rejects.toMatchObject({ code: "sequence-too-long" });
  });

  it("scores what just fits where positions are learned, too", async () => {
    const folder = new URL("../../test/golden/families/gpt2", import.meta.url).pathname;
    const { config, weights } = await loadModelFolder(folder);
    const scorer = createScorer(createModelState(config, weights));
    const branch = ids(config.maxPositions);
    const trunk = ids(1);
    const [whole] = await scorer.tokens([{ trunk, branches: [branch] }]);
    const [shorter] = await scorer.tokens([{ trunk, branches: [branch.slice(0, -1)] }]);
    await scorer.release();
    expect(whole![0]!.length).toBe(config.maxPositions);
    near([[whole![0]!.slice(0, -1)]], [[shorter![0]!]]);
    expect(whole![0]!.at(-1)).toBeLessThan(0);
  });

  it("refuses one token more where a head reads the last one itself", async () => {
    const [fits] = await reward.scores([{ trunk: ids(90), branches: [ids(6)] }]);
    expect(Number.isFinite(fits![0])).toBe(true);
    await expect(reward.scores([{ trunk: ids(90), branches: [ids(7)] }])).rejects.toMatchObject({
      code: "sequence-too-long",
    });
  });

  it("answers nothing to nothing, tells its progress, and stops at a signal", async () => {
    expect(await language.tokens([])).toEqual([]);
    const done: number[] = [];
    await language.tokens(eight, { onItems: (count) => done.push(count) });
    expect(done.at(-1)).toBe(8);
    await expect(language.tokens(eight, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(
      InterruptedError,
    );
  });

  it("says that a model without a score head cannot give scores", async () => {
    await expect(language.scores(eight.slice(0, 1))).rejects.toThrow("score.weight");
  });
});

describe("a reward model that transformers opens", () => {
  it("scores chats as transformers does", async () => {
    const folder = new URL("../../test/golden/llama-random/scored/", import.meta.url).pathname;
    const golden = JSON.parse(await readFile(`${folder}golden.json`, "utf8")) as {
      scored: { ids: number[]; score: number }[];
    };
    const { config, weights, task } = await loadModelFolder(folder);
    expect(task).toBe("sequence-classification");
    const scorer = createScorer(createModelState(config, weights, { task: "sequence-classification" }));
    const items = golden.scored.map(({ ids }) => ({ trunk: ids.slice(0, 3), branches: [ids.slice(3)] }));
    const scores = await scorer.scores(items);
    await scorer.release();
    expect(new Set(golden.scored.map(({ score }) => score)).size).toBeGreaterThan(3);
    for (const [at, { score }] of golden.scored.entries())
      expect(Math.abs(scores[at]![0]! - score)).toBeLessThan(1e-4);
  });
});

describe("the likeliest tokens", () => {
  it("come with the same probabilities as the tokens themselves, likeliest first", async () => {
    const values = await language.tokens(eight);
    const read = await language.likeliest(eight, 4);
    for (const [item, { branches }] of eight.entries())
      for (const [branch, wanted] of branches.entries())
        for (const [at, id] of wanted.entries()) {
          const token = read[item]![branch]![at]!;
          expect(token.id).toBe(id);
          expect(Math.abs(token.logProbability - values[item]![branch]![at]!)).toBeLessThan(1e-4);
          const likeliest = token.alternatives.map(({ logProbability }) => logProbability);
          expect(likeliest).toEqual(likeliest.toSorted((a, b) => b - a));
          expect(likeliest).toHaveLength(4);
          expect(likeliest[0]!).toBeGreaterThanOrEqual(token.logProbability);
          expect(likeliest.reduce((sum, value) => sum + Math.exp(value), 0)).toBeLessThanOrEqual(1 + 1e-6);
        }
  });
});
