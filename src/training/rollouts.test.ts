// Which prompts a step takes, with what its replies end, how a batch is cut, and how alike replies begin.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Generator, TokenReply, TokenRequest } from "../transformer/index.ts";
import type { SampledReply } from "./rewards.ts";
import { minibatches, openingMetric, openingShare, promptsOfStep, sampleReplies } from "./rollouts.ts";

const replyOf = (prompt: number, ids: readonly number[]): SampledReply => ({
  trunk: [2, prompt, 3],
  branches: [ids],
  prompt,
  ended: true,
});

describe("prompts of a step", () => {
  it("come around evenly: after any number of steps no prompt is more than one ahead of another", () => {
    const counts = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(counts, counts, counts, (prompts, perStep, steps) => {
        const used = new Array<number>(prompts).fill(0);
        for (let step = 0; step < steps; step++)
          for (const prompt of promptsOfStep(prompts, perStep, 7, step)) used[prompt]!++;
        expect(used.reduce((all, one) => all + one, 0)).toBe(steps * perStep);
        expect(Math.max(...used) - Math.min(...used)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("are in another order each time around", () => {
    expect(promptsOfStep(30, 30, 7, 0)).not.toEqual(promptsOfStep(30, 30, 7, 1));
  });
});

describe("sampled replies", () => {
  it("end with the token that ended them, whichever of several it was", async () => {
    const told: readonly TokenReply[] = [
      { ids: [5, 6], ended: true, end: 9 },
      { ids: [5], ended: true },
      { ids: [7, 8], ended: false },
      { ids: [], ended: false },
    ];
    const generator: Generator = { generate: async () => [...told], release: async () => undefined };
    const replies = await sampleReplies(
      { generator, prompts: [[2, 3]], maxTokens: 2, endToken: 0, seed: 1 },
      [0, 0, 0, 0],
      0,
    );
    expect(replies.map(({ branches }) => branches[0])).toEqual([[5, 6, 9], [5, 0], [7, 8], [0]]);
    expect(replies.map(({ ended }) => ended)).toEqual([true, true, false, false]);
  });
});

describe("requests for replies", () => {
  it("ask for no more tokens than the context has room for behind the prompt", async () => {
    const asked: TokenRequest[] = [];
    const generator: Generator = {
      generate: async (requests) => {
        asked.push(...requests);
        return requests.map(() => ({ ids: [5], ended: false }));
      },
      release: async () => undefined,
    };
    const prompts = [[2], [2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 7, 8, 9]];
    const parts = { generator, prompts, maxTokens: 5, context: 8, endToken: 0, seed: 1 };
    await sampleReplies(parts, [0, 1, 2], 0);
    expect(asked.map(({ maxTokens }) => maxTokens)).toEqual([5, 3, 1]);
  });
});

describe("minibatches", () => {
  it("hold every reply once, in no more parts than asked for", () => {
    const counts = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(counts, counts, (count, parts) => {
        const cut = minibatches(count, parts, 3);
        expect(cut.length).toBeLessThanOrEqual(parts);
        expect(cut.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at));
      }),
    );
  });
});

describe("the share of prompts with the same opening", () => {
  const alike = Array.from({ length: 15 }, (_, at) => at);

  it("counts prompts, not replies: a prompt's own replies may well begin alike", () => {
    const replies = [1, 1, 1, 1, 2, 3, 4].map((prompt, at) => replyOf(prompt, prompt === 1 ? alike : [at]));
    expect(openingShare(replies)).toBe(0.25);
    expect(openingShare([1, 2, 3, 4].map((prompt) => replyOf(prompt, [...alike, prompt])))).toBe(1);
  });

  it("says nothing of fewer than four prompts", () => {
    const few = [1, 2, 3].map((prompt) => replyOf(prompt, alike));
    expect(openingShare(few)).toBeUndefined();
    expect(openingMetric("share", few)).toEqual({});
    expect(openingMetric("share", [...few, replyOf(4, [])])).toEqual({ share: 0.75 });
  });
});
