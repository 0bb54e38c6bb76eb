// Labels: both orders averaged, no trace of who stood first, what is not scored and why, judges that answer by position,
// and the rows that are made of labels.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashText } from "../../core/index.ts";
import { type ScoreRequest, scriptedModel } from "../../models/index.ts";
import type { LabelRecord } from "../../records/index.ts";
import { type LabelOptions, labelBatch, normaliseChoice, preferenceRows, type ReplyPair } from "../index.ts";
import { assertJudgeReads, constitution, pairOf, pairs } from "./labels.fixture.ts";

/** Of the pairs before the given place, one reply or the other is cut. */
const cutAt =
  (place: number) =>
  (pair: ReplyPair, at: number): ReplyPair => {
    const cut = (which: number) => ({
      ...pair.replies[which]!,
      finish: at < place && at % 2 === which ? ("length" as const) : ("stop" as const),
    });
    return { ...pair, replies: [cut(0), cut(1)] };
  };

/** The two options as the judge sees them. */
const optionsIn = (request: ScoreRequest): [string, string] => {
  const text = request.messages.at(-1)?.content ?? "";
  const match = /\n\(A\) ([\s\S]*)\n\(B\) ([\s\S]*)\nThe answer is:$/.exec(text);
  return [match?.[1] ?? "", match?.[2] ?? ""];
};
const judgeBy = (probabilityOfA: (first: string, second: string, request: ScoreRequest) => number) =>
  scriptedModel({
    id: "judge",
    reply: () => "",
    score: (request) => {
      const probability = probabilityOfA(...optionsIn(request), request);
      // Half of the mass goes to other continuations: labels must not depend on it.
      return [Math.log(probability / 2), Math.log((1 - probability) / 2)];
    },
  });
const goodJudge = judgeBy((first) => (first.startsWith("good") ? 0.9 : 0.2));

const label = async (options: Partial<LabelOptions> = {}): Promise<LabelRecord[]> => {
  const records: LabelRecord[] = [];
  const all = { judge: goodJudge, pairs, constitution, runSeed: 1, stage: "ethical/label", ...options };
  for await (const chunk of labelBatch(all)) records.push(...chunk.records);
  return records;
};

describe("normaliseChoice", () => {
  it("is exp(a) / (exp(a) + exp(b)), also where both underflow", () => {
    const usage = { promptTokens: 0, completionTokens: 0 };
    const of = (...logProbabilities: (number | null)[]) => normaliseChoice({ logProbabilities, usage });
    fc.assert(
      fc.property(
        fc.double({ min: -30, max: 0, noNaN: true }),
        fc.double({ min: -30, max: 0, noNaN: true }),
        (a, b) => {
          expect(of(a, b)).toBeCloseTo(Math.exp(a) / (Math.exp(a) + Math.exp(b)), 12);
          expect((of(a, b) ?? 0) + (of(b, a) ?? 0)).toBeCloseTo(1, 12);
        },
      ),
    );
    expect(of(-5000, -5000)).toBe(0.5);
    expect(of(-1, Number.NEGATIVE_INFINITY)).toBe(1);
    expect(of(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY)).toBeNull();
    expect(of(-1, null)).toBeNull();
    expect(of(-1)).toBeNull();
    expect(of(-1, Number.NaN)).toBeNull();
  });
});

describe("labelBatch", () => {
  it("shows both orders under one principle and averages them", async () => {
    const asked: ScoreRequest[] = [];
    const judge = judgeBy((first, _, request) => {
      asked.push(request);
      return first.startsWith("good") ? 0.9 : 0.2;
    });
    const records = await label({ judge, pairs: pairs.slice(0, 12) });
    expect(asked).toHaveLength(24);
    for (const [index, record] of records.entries()) {
      const shown = asked.slice(2 * index, 2 * index + 2);
      expect(shown.map(optionsIn)).toEqual([record.replies, record.replies.toReversed()]);
      expect(shown[0]?.continuations).toEqual(["(A)", "(B)"]);
      for (const request of shown) {
        expect(request.messages).toHaveLength(1);
        expect(request.messages[0]?.content).toContain(`Which reply is more ${record.principle}?`);
        expect(request.messages[0]?.content).toContain(`User: Question {first} ${index}: (A) or (B)?`);
      }
      const good = record.replies[0].startsWith("good");
      expect(record.orders?.[0]).toBeCloseTo(good ? 0.9 : 0.2);
      expect(record.orders?.[1]).toBeCloseTo(good ? 0.8 : 0.1);
      expect(record.probability).toBeCloseTo(good ? 0.85 : 0.15);
      expect(record).toMatchObject({ state: "judged", flipped: false, judge: "judge" });
    }
    expect(new Set(records.map((record) => record.principle))).toEqual(new Set(["kind", "true", "brief"]));
  });

  it("does not tell by the place in the record which reply came first", async () => {
    const records = await label();
    const first = records.filter((record) => record.replies[0].startsWith("good")).length;
    expect(first).toBeGreaterThan(15);
    expect(first).toBeLessThan(45);
    for (const record of records) {
      const index = record.replies[0].startsWith("good") ? 0 : 1;
      expect(record.parents).toEqual([
        record.prompt,
        `s/${record.prompt}/${index}`,
        `s/${record.prompt}/${1 - index}`,
      ]);
    }
    const exchanged = pairs.map((pair) => ({
      ...pair,
      replies: [pair.replies[1], pair.replies[0]] as const,
    }));
    for (const [index, record] of (await label({ pairs: exchanged })).entries()) {
      expect(record.replies).toEqual(records[index]?.replies.toReversed());
      expect(record.probability).toBeCloseTo(1 - (records[index]?.probability ?? 0), 12);
    }
  });

  it("records a flip where the orders disagree, and none where one is undecided", async () => {
    const byPlace = await label({ judge: judgeBy(() => 0.7), pairs: pairs.slice(0, 5) });
    for (const record of byPlace) {
      expect(record.flipped).toBe(true);
      expect(record.probability).toBeCloseTo(0.5);
      expect(record.orders?.[0]).toBeCloseTo(0.7);
      expect(record.orders?.[1]).toBeCloseTo(0.3);
    }
    const half = await label({ judge: judgeBy((first) => (first.startsWith("good") ? 0.5 : 0.1)) });
    expect(half.every((record) => record.flipped === false)).toBe(true);
  });

  it("neither asks about identical replies nor scores what was not answered", async () => {
    const judge = scriptedModel({
      reply: () => "",
      score: (request) => (optionsIn(request).includes("good 3") ? [-1, null] : [-1, -2]),
    });
    const odd: ReplyPair[] = [
      pairOf(1, "same", "same"),
      { ...pairOf(2), replies: [pairOf(2).replies[0], { id: "x", text: "", finish: "refusal" }] },
      pairOf(3),
      pairOf(4),
    ];
    const records = await label({ judge, pairs: odd });
    expect(records.map((record) => record.state)).toEqual(["identical", "unscored", "unscored", "judged"]);
    expect(records.map(({ reason }) => reason)).toEqual([undefined, "reply-missing", "no-choice", undefined]);
    for (const record of records.slice(0, 3)) {
      expect(record).toMatchObject({ probability: null, orders: null, flipped: null });
    }
    expect(judge.calls.map((call) => call.requests.length)).toEqual([4]);
  });

  it("neither asks about a reply that was cut nor scores it, except for a policy in training", async () => {
    const judge = judgeBy(() => 0.9);
    const cut = pairs.slice(0, 4).map(cutAt(3));
    const records = await label({ judge, pairs: cut });
    expect(records.map(({ state, reason }) => reason ?? state)).toEqual([
      ...["reply-cut", "reply-cut", "reply-cut"],
      "judged",
    ]);
    expect(judge.calls.map((call) => call.requests.length)).toEqual([2]);
    for (const record of records.slice(0, 3)) {
      expect(record).toMatchObject({ state: "unscored", probability: null, orders: null, flipped: null });
      expect(record).not.toHaveProperty("usage");
    }
    const inTraining = await label({ judge, pairs: cut, judgesCut: true });
    expect(inTraining.map(({ state }) => state)).toEqual(cut.map(() => "judged"));
  });

  it("is unscored when only one order was answered", async () => {
    const judge = scriptedModel({
      reply: () => "",
      score: (request) => (optionsIn(request)[0].startsWith("good") ? [-1, -2] : [null, null]),
    });
    expect((await label({ judge, pairs: pairs.slice(0, 3) })).map((record) => record.state)).toEqual([
      "unscored",
      "unscored",
      "unscored",
    ]);
  });

  it("says why it is unscored: too long for the judge, declined by its provider, or no letter named", async () => {
    const usage = { promptTokens: 0, completionTokens: 0 };
    const kinds = [{ declined: "overflow" }, { declined: "refusal" }, {}] as const;
    const judge = {
      ...goodJudge,
      score: async (requests: readonly ScoreRequest[]) =>
        requests.map((_, at) => ({
          logProbabilities: [null, null],
          ...kinds[Math.floor(at / 2)],
          usage,
        })),
    };
    const records = await label({ judge, pairs: pairs.slice(0, 3), chunk: 3 });
    expect(records.map(({ state, reason }) => [state, reason])).toEqual([
      ["unscored", "overflow"],
      ["unscored", "refusal"],
      ["unscored", "no-choice"],
    ]);
  });

  it("gives the same records for every chunk size and resumption", async () => {
    const judge = judgeBy((first, second) => (hashText(first + second) % 999) / 1000 + 0.0005);
    const whole = await label({ judge, chunk: 8 });
    expect(await label({ judge, chunk: 1 })).toEqual(whole);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), fc.nat({ max: 60 }), async (chunk, done) => {
        expect(await label({ judge, chunk, pairs: pairs.slice(done) })).toEqual(whole.slice(done));
      }),
      { numRuns: 20 },
    );
  });

  it("counts comparisons known only by a bound, and refuses a judge without log-probabilities", async () => {
    const usage = { promptTokens: 1, completionTokens: 0 };
    const judge = {
      ...goodJudge,
      score: async (requests: readonly ScoreRequest[]) =>
        requests.map(() => ({ logProbabilities: [-1, -9], bounded: [false, true], usage })),
    };
    const options = { judge, pairs: pairs.slice(0, 3), constitution, runSeed: 1, stage: "label", chunk: 9 };
    for await (const chunk of labelBatch(options)) {
      expect(chunk.bounded).toBe(3);
      expect(chunk.usage.promptTokens).toBe(6);
    }
    await expect(label({ judge: scriptedModel({ reply: () => "(A)" }) })).rejects.toMatchObject({
      code: "judge-scores-nothing",
    });
    await expect(label({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "interrupted" });
  });
});

describe("a watch over the judge", () => {
  it.each([
    [0.7, "(A)"],
    [0.3, "(B)"],
  ])("stops a judge that gives %d to whatever is (A)", async (probability, letter) => {
    const records = await label({ judge: judgeBy(() => probability) });
    expect(() => assertJudgeReads(records)).toThrow(`judge answers ${letter} whatever stands there`);
    expect(() => assertJudgeReads(records.slice(0, 19))).not.toThrow();
  });

  it("lets pass a judge that reads, is undecided, or keeps to a letter in fewer than 95 of 100", async () => {
    expect(() => assertJudgeReads([])).not.toThrow();
    const good = await label();
    expect(() => assertJudgeReads(good)).not.toThrow();
    const undecided = await label({ judge: judgeBy(() => 0.5) });
    expect(() => assertJudgeReads(undecided)).not.toThrow();
    const placed = await label({ judge: judgeBy(() => 0.9) });
    expect(() => assertJudgeReads([...placed.slice(0, 56), ...good.slice(0, 4)])).not.toThrow();
    expect(() => assertJudgeReads([...placed.slice(0, 57), ...good.slice(0, 3)])).toThrow(/57 of 60/);
  });
});

describe("preferenceRows", () => {
  it("chooses the more probable reply and leaves out what carries no label", async () => {
    const odd = [pairOf(1, "same", "same"), pairOf(2), pairOf(3)];
    const judge = scriptedModel({
      reply: () => "",
      score: (request) =>
        optionsIn(request).includes("good 3")
          ? [null, null]
          : optionsIn(request)[0].startsWith("good")
            ? [-0.1, -2]
            : [-2, -0.1],
    });
    const labels = await label({ judge, pairs: odd });
    const { rows, leftOut } = preferenceRows(labels, { runSeed: 1, stage: "ethical/dpo" });
    expect(leftOut).toEqual({ identical: 1, unscored: 1, cut: 0 });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      id: "ethical/dpo/p2/pair",
      stage: "ethical/dpo",
      parents: ["ethical/label/p2"],
      chosen: "good 2",
      rejected: "bad 2",
      prompt: pairOf(2).messages,
    });
    expect(rows[0]?.probability).toBeCloseTo(1 / (1 + Math.exp(-1.9)));
  });

  it("leaves out comparisons with a reply that was cut, whichever of the two it is", async () => {
    const labels = await label({ judge: judgeBy(() => 0.9), pairs: pairs.slice(0, 5).map(cutAt(3)) });
    const { rows, leftOut } = preferenceRows(labels, { runSeed: 1, stage: "s" });
    expect(leftOut).toEqual({ identical: 0, unscored: 0, cut: 3 });
    expect(rows.map(({ parents }) => parents[0])).toEqual(labels.slice(3).map(({ id }) => id));
  });

  it("never states less than one half for the chosen reply", async () => {
    const judge = judgeBy((first, second) => (hashText(first + second) % 999) / 1000 + 0.0005);
    const labels = await label({ judge });
    const { rows } = preferenceRows(labels, { runSeed: 1, stage: "s" });
    expect(rows).toHaveLength(labels.length);
    for (const [index, row] of rows.entries()) {
      expect(row.probability).toBeGreaterThanOrEqual(0.5);
      const { probability, replies } = labels[index] as LabelRecord;
      expect(row.chosen).toBe(replies[(probability ?? 0) >= 0.5 ? 0 : 1]);
    }
  });
});
