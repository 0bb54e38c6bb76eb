// A judge as a reward: what it prefers gets more, among replies to learn from and against another model's.

import { describe, expect, it } from "vitest";
import type { LanguageModel } from "../../models/index.ts";
import { constitutionSchema, type PromptRecord } from "../../records/index.ts";
import type { SampledReply } from "../../training/index.ts";
import { judgeAgainst, judgeReward } from "./judge-reward.ts";

const principles = ["one", "two", "three", "four", "five"];
const constitution = constitutionSchema.parse({
  ...{ name: "five", source: "this test", licence: "CC0-1.0" },
  principles: principles.map((id) => ({
    ...{ id, title: id, critique: "What is wrong?", revision: "Mend it." },
    preference: `Which is better by principle ${id}?`,
  })),
});

const prompts: readonly PromptRecord[] = Array.from({ length: 8 }, (_, at) => ({
  ...{ id: `prompt-${at}`, parents: [], stage: "prompts", seed: at, split: "train" },
  messages: [{ role: "user", content: `Request ${at}.` }],
}));

/** Replies are one word each, and its place here their token; the judge prefers the word that comes first. */
const words = ["best", "middling", "worst"];

const replyOf = (prompt: number, word: string): SampledReply => ({
  ...{ trunk: [9], branches: [[words.indexOf(word), 9]], prompt, ended: true },
});

/**
 * A judge over these words, or one that keeps to one letter. asked: of every question, the request, the principle and the
 * words, in their order.
 */
const open = (reads = true) => {
  const asked: { readonly request: string; readonly principle: string; readonly words: string[] }[] = [];
  let counted = 0;
  const judge: LanguageModel = {
    id: "judge",
    capabilities: { scores: true, batch: 4 },
    generate: async () => [],
    score: async (requests) =>
      requests.map(({ messages }) => {
        const text = messages.map(({ content }) => content).join("\n");
        const found = [...text.matchAll(/best|middling|worst/g)].map(([word]) => word);
        const request = /Request \d/.exec(text)![0];
        asked.push({ request, principle: /principle (\w+)/.exec(text)![1]!, words: found });
        const isFirst = !reads || words.indexOf(found[0]!) < words.indexOf(found[1]!);
        const usage = { promptTokens: 1, completionTokens: 0 };
        return { logProbabilities: isFirst ? [0, -60] : [-60, 0], usage };
      }),
    close: async () => undefined,
  };
  const options = {
    ...{ judge, constitution, prompts, weight: 2 },
    countUsage: () => void counted++,
    model: { tokenizer: { decode: (ids: readonly number[]) => ids.map((id) => words[id]).join(" ") } },
    stage: { name: "rl", seed: 7, signal: new AbortController().signal },
  };
  return { options, asked, counted: () => counted };
};

describe("a judge that holds a policy against another model", () => {
  it("gives 1 for a reply that it prefers, 0 for one that it does not, and half for the same text", async () => {
    const { options, counted } = open();
    const others = prompts.map((_, at) => replyOf(at, "middling"));
    const { reward, weight } = judgeAgainst({ ...options, opponents: async () => others });
    const own = ["best", "worst", "middling"].map((word, at) => replyOf(at, word));
    const given = await reward(own, { step: 1 });
    [1, 0, 0.5].forEach((expected, at) => {
      expect(given[at]).toBeCloseTo(expected, 9);
    });
    expect([weight, counted()]).toEqual([2, 1]);
  });

  it("holds each reply against the one to the same prompt, wherever that stands", async () => {
    const { options, asked } = open();
    const others = [replyOf(2, "worst"), replyOf(1, "best"), replyOf(0, "best")];
    const { reward } = judgeAgainst({ ...options, opponents: async () => others });
    const given = await reward([replyOf(0, "middling"), replyOf(2, "middling")], { step: 1 });
    expect(given[0]).toBeCloseTo(0, 9);
    expect(given[1]).toBeCloseTo(1, 9);
    const seen = asked.map(({ request, words: shown }) => [request, shown.toSorted()]);
    expect(seen).toEqual([
      ["Request 0", ["best", "middling"]],
      ["Request 0", ["best", "middling"]],
      ["Request 2", ["middling", "worst"]],
      ["Request 2", ["middling", "worst"]],
    ]);
  });

  it("asks at every look under the same principles, and for the other's replies but once", async () => {
    const { options, asked } = open();
    let sampled = 0;
    const opponents = async () => {
      sampled++;
      return prompts.map((_, at) => replyOf(at, "middling"));
    };
    const { reward } = judgeAgainst({ ...options, opponents });
    expect(sampled).toBe(0);
    const own = prompts.map((_, at) => replyOf(at, "best"));
    await reward(own, { step: 1 });
    const first = asked.splice(0);
    await reward(own, { step: 5 });
    expect(asked).toEqual(first);
    expect(new Set(first.map(({ principle }) => principle)).size).toBeGreaterThan(1);
    expect(sampled).toBe(1);
  });
});

describe("a judge that holds replies against each other", () => {
  it("compares those to one prompt, under principles that each step draws", async () => {
    const { options, asked } = open();
    const { reward } = judgeReward({ ...options, group: 2 });
    const replies = prompts.flatMap((_, at) => [
      replyOf(at, "best"),
      replyOf(at, at === 0 ? "best" : "worst"),
    ]);
    const given = await reward(replies, { step: 0 });
    expect(given.slice(0, 2)).toEqual([0.5, 0.5]);
    given.slice(2).forEach((score, at) => {
      expect(score).toBeCloseTo(1 - (at % 2), 9);
    });
    const drawn = asked.splice(0).map(({ principle }) => principle);
    await reward(replies, { step: 1 });
    expect(asked.map(({ principle }) => principle)).not.toEqual(drawn);
  });

  it("stops where all steps together show that it keeps to one letter", async () => {
    const { reward } = judgeReward({ ...open(false).options, group: 2 });
    const replies = prompts.flatMap((_, at) => [replyOf(at, "best"), replyOf(at, "worst")]);
    for (const step of [0, 1]) expect(await reward(replies, { step })).toEqual(Array(16).fill(0.5));
    await expect(reward(replies, { step: 2 })).rejects.toThrow(
      /in 24 of 24 comparisons it kept to that letter/,
    );
  });
});
