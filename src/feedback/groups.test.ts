// A judge's verdicts on groups: what is preferred more gets more, wherever it stands, and empty replies get nothing.

import { describe, expect, it } from "vitest";
import { comparisonOptions } from "../constitution/index.ts";
import type { LanguageModel, Score, ScoreRequest } from "../models/index.ts";
import { constitutionSchema } from "../records/index.ts";
import { judgeGroups, type ReplyGroup } from "./groups.ts";

const constitution = constitutionSchema.parse({
  name: "short",
  source: "this test",
  licence: "CC0-1.0",
  principles: [
    {
      id: "short",
      title: "Be short",
      critique: "Is it long?",
      revision: "Make it short.",
      preference: "Which is shorter?",
    },
  ],
});

const usage = { promptTokens: 1, completionTokens: 0 };

/** Prefers the shorter of the two replies, 3 to 1; ties are even. Counts what it is asked. */
const createJudge = () => {
  const asked: ScoreRequest[] = [];
  const score = async (requests: readonly ScoreRequest[]): Promise<Score[]> => {
    asked.push(...requests);
    return requests.map(({ messages, continuations }) => {
      expect(continuations).toEqual(comparisonOptions);
      const text = messages.at(-1)!.content;
      const lengths = [...text.matchAll(/reply(x+)/g)].map(([, letters]) => letters!.length);
      const first = lengths[0]! < lengths[1]! ? 0.75 : 0.25;
      return { logProbabilities: [Math.log(first), Math.log(1 - first)], usage };
    });
  };
  const judge: LanguageModel = {
    id: "judge",
    capabilities: { scores: true, batch: 4 },
    generate: async () => [],
    score,
    close: async () => undefined,
  };
  return { judge, asked };
};

const groupOf = (id: string, texts: readonly string[]): ReplyGroup => ({
  id,
  prompt: "one",
  messages: [{ role: "user", content: "Say it." }],
  replies: texts.map((text, at) => ({ id: `${id}/reply-${at}`, text, finish: "stop" })),
});

const judgeAll = (judge: LanguageModel, groups: readonly ReplyGroup[]) =>
  judgeGroups({ judge, groups, constitution, runSeed: 1, stage: "rl" });

describe("a judge's verdicts on groups", () => {
  it("are shares of preference around a ring: the best gets most, the worst least", async () => {
    const { judge, asked } = createJudge();
    const texts = ["replyxx", "replyx", "replyxxxx", "replyxxx"];
    const { scores, labels } = await judgeAll(judge, [groupOf("a", texts), groupOf("b", texts.toReversed())]);
    // neighbours: 0-1, 1-2, 2-3, 3-0; each in both orders
    expect(asked).toHaveLength(2 * 8);
    expect(labels).toHaveLength(8);
    [0.5, 0.75, 0.25, 0.5].forEach((expected, at) => {
      expect(scores[0]![at]).toBeCloseTo(expected, 9);
      expect(scores[1]![3 - at]).toBeCloseTo(expected, 9);
    });
  });

  it("of two replies are those of one comparison, and of the same text even", async () => {
    const { judge, asked } = createJudge();
    const { scores } = await judgeAll(judge, [
      groupOf("a", ["replyxx", "replyx"]),
      groupOf("b", ["replyx", "replyx"]),
    ]);
    expect(asked).toHaveLength(2);
    expect(scores[0]![0]).toBeCloseTo(0.25, 9);
    expect(scores[0]![1]).toBeCloseTo(0.75, 9);
    expect(scores[1]).toEqual([0.5, 0.5]);
  });

  it("give an empty reply nothing, and nobody is asked about it", async () => {
    const { judge, asked } = createJudge();
    const { scores } = await judgeAll(judge, [groupOf("a", ["", "replyx"]), groupOf("b", ["", " "])]);
    expect(asked).toHaveLength(0);
    expect(scores).toEqual([
      [0, 1],
      [0, 0],
    ]);
  });
});
