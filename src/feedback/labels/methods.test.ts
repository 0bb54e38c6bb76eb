// Chains of thought, votes, clamps, several principles and examples: what is asked, what is recorded, what is never a
// score, and that exchanging the replies mirrors every label.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConstitution, ownForm, paperForm } from "../../constitution/index.ts";
import { hashText } from "../../core/index.ts";
import {
  estimatePrompt,
  type GenerateRequest,
  type LanguageModel,
  type ScoreRequest,
  scriptedModel,
} from "../../models/index.ts";
import { type LabelRecord, labelRecordSchema } from "../../records/index.ts";
import { callsEach, exampleTokens, type JudgeProtocol, plainProtocol, protocolFor } from "../index.ts";
import { drawExamples, drawReasoning, type FewShots } from "./few-shots.ts";
import {
  constitution,
  exchanged,
  labelsOf,
  optionsIn,
  pairOf,
  pairs,
  scoringJudge,
  writingJudge,
} from "./labels.fixture.ts";

const few = pairs.slice(0, 6);
const reasoning: JudgeProtocol = { ...plainProtocol, method: "reasoning", clamp: [0.4, 0.6], chains: 2 };
const votes: JudgeProtocol = { ...plainProtocol, method: "votes", reading: "votes", votes: 4 };
const fair = (first: string, second: string): number => (hashText(first + second) % 997) / 1000 + 0.001;

/** Of a record, P(the reply that begins with "good" is better). */
const forGood = ({ probability, replies }: LabelRecord): number | null =>
  probability === null ? null : replies[0].startsWith("good") ? probability : 1 - probability;

describe("calls of a comparison", () => {
  it.each([
    ["log-probabilities", plainProtocol, 2],
    ["log-probabilities by two principles", { ...plainProtocol, principles: 2 }, 4],
    ["votes", votes, 8],
    ["chains of thought", reasoning, 8],
  ] as const)("are as many as are foreseen: %s", async (_, protocol, foreseen) => {
    const isWritten = protocol.reading === "votes";
    const judge = isWritten ? writingJudge(() => "(A)") : scoringJudge(fair);
    await labelsOf({ judge, pairs: few, protocol });
    const made = judge.calls.reduce((sum, { requests }) => sum + requests.length, 0);
    expect(made).toBe(few.length * foreseen);
    const requested = { ...protocol, form: "own", clamp: undefined } as const;
    expect(callsEach(requested, !isWritten)).toBe(foreseen);
  });
});

describe("reasoning", () => {
  it("reads the verdict after what the judge wrote, clamps it, and keeps the chains", async () => {
    const judge = scoringJudge((first) => (first.startsWith("good") ? 0.99 : 0.05), "One is kinder.");
    const records = await labelsOf({ judge, pairs: few, protocol: reasoning, chunk: 6 });
    expect(judge.calls.map(({ type, requests }) => [type, requests.length])).toEqual([
      ["generate", 24],
      ["score", 24],
    ]);
    const [written, read] = judge.calls;
    if (written?.type !== "generate" || read?.type !== "score") throw new Error("other calls");
    expect(new Set(written.requests.map(({ seed }) => seed)).size).toBe(24);
    for (const [at, { messages, continuations }] of read.requests.entries()) {
      expect(continuations).toEqual(["(A)", "(B)"]);
      expect(messages).toEqual([
        ...written.requests[at]!.messages,
        { role: "assistant", content: "One is kinder." },
        { role: "user", content: "So the answer is:" },
      ]);
    }
    for (const record of records) {
      expect(labelRecordSchema.parse(record)).toEqual(record);
      expect(forGood(record)).toBeCloseTo(0.6);
      expect(record).toMatchObject({ method: "reasoning", clamp: [0.4, 0.6], flipped: false });
      const [judgement] = record.judgements ?? [];
      const isGood = record.replies[0].startsWith("good");
      expect(judgement?.orders?.map((order) => (isGood ? order : 1 - order))).toEqual([
        expect.closeTo(isGood ? 0.99 : 0.95),
        expect.closeTo(isGood ? 0.95 : 0.99),
      ]);
      expect(judgement?.chains?.flat()).toHaveLength(4);
      expect(judgement?.chains?.[0][0]).toMatchObject({ text: "One is kinder.", finish: "stop" });
    }
  });

  it("averages over chains, each clamped by itself", async () => {
    const judge = scriptedModel({
      id: "judge",
      reply: ({ seed }) => (seed % 2 === 0 ? "Even." : "Odd."),
      score: ({ messages }) =>
        messages.some(({ content }) => content === "Even.") ? [-0.01, -6] : [-6, -0.01],
    });
    const records = await labelsOf({ judge, pairs: few, protocol: { ...reasoning, chains: 5 } });
    for (const { judgements, orders } of records) {
      const chains = judgements?.[0]?.chains?.[0] ?? [];
      const even = chains.filter(({ text }) => text === "Even.").length;
      expect(orders?.[0]).toBeCloseTo((even * 0.6 + (5 - even) * 0.4) / 5);
    }
  });

  it("makes no score of chains that are refused, cut or empty, and goes on with the others", async () => {
    const ends = { refusal: "refusal", empty: "empty", length: "cut" } as const;
    for (const [finish, reason] of Object.entries(ends)) {
      const judge = scriptedModel({
        id: "judge",
        reply: () => ({ text: finish === "empty" ? "" : "I thi", finish: finish as "length" }),
        score: () => [-1, -2],
      });
      const records = await labelsOf({ judge, pairs: few, protocol: reasoning });
      for (const record of records) {
        expect(record).toMatchObject({ state: "unscored", reason, probability: null, orders: null });
        expect(record.judgements?.[0]?.chains?.[0][0]).toMatchObject({ finish, reason, probability: null });
      }
      expect(judge.calls.filter(({ type }) => type === "score")).toEqual([]);
    }
    let asked = 0;
    const half = scriptedModel({
      id: "judge",
      reply: () => (asked++ % 2 === 0 ? "I'm sorry, I can't help with that." : "Fine."),
      score: ({ continuations }) => (continuations.length === 2 ? [-0.1, -3] : []),
    });
    for (const record of await labelsOf({ judge: half, pairs: few, protocol: reasoning })) {
      expect(record.state).toBe("judged");
      expect(record.judgements?.[0]?.chains?.[1].map(({ reason }) => reason)).toEqual(["refusal", undefined]);
    }
  });

  it("takes the letter that the judge writes where there are no log-probabilities", async () => {
    const judge = writingJudge((first, _, __, { messages }) =>
      messages.at(-1)?.content === "So the answer is:" ? (first.startsWith("good") ? "(A)" : "B") : "Hm.",
    );
    const records = await labelsOf({ judge, pairs: few, protocol: { ...reasoning, reading: "votes" } });
    for (const record of records) {
      expect(forGood(record)).toBeCloseTo(0.6);
      const good = record.replies[0].startsWith("good");
      const all = { replies: good ? [2, 0] : [0, 2], lost: {} };
      expect(record.judgements?.[0]?.votes).toEqual([all, all]);
    }
  });
});

describe("votes", () => {
  it("makes the share of votes the label, and counts what is none", async () => {
    const said = ["(A)", "neither", "(A) or (B)", ""];
    let at = 0;
    const judge = scriptedModel({ id: "writer", reply: () => said[at++ % 4]! });
    const [record] = await labelsOf({ judge, pairs: few.slice(0, 1), protocol: votes });
    expect(record?.orders).toEqual([1, 0]);
    expect(record).toMatchObject({ method: "votes", probability: 0.5, flipped: true });
    const lost = { neither: 1, both: 1, empty: 1 };
    expect(record?.judgements?.[0]?.votes).toEqual([
      { replies: [1, 0], lost },
      { replies: [0, 1], lost },
    ]);
  });

  it("asks as often as it should, by seeds of their own, and adds up", async () => {
    const requests: GenerateRequest[] = [];
    const judge = writingJudge((first, second, random, request) => {
      requests.push(request);
      const drawn = random();
      return drawn < 0.2 ? "neither" : drawn < 0.2 + 0.8 * fair(first, second) ? "A" : "B";
    });
    const protocol = { ...votes, votes: 7, principles: 2, voteTokens: 900 };
    const records = await labelsOf({ judge, pairs: few, protocol });
    expect(requests).toHaveLength(6 * 2 * 2 * 7);
    expect(new Set(requests.map(({ maxTokens }) => maxTokens))).toEqual(new Set([900]));
    expect(new Set(requests.map(({ seed }) => seed)).size).toBe(requests.length);
    for (const { judgements = [], orders } of records) {
      expect(new Set(judgements.map(({ principle }) => principle)).size).toBe(2);
      for (const { votes: both = [], orders: own } of judgements) {
        for (const [order, { replies, lost }] of both.entries()) {
          expect(replies[0] + replies[1] + (lost.neither ?? 0)).toBe(7);
          expect(own?.[order]).toBeCloseTo(replies[0] / (replies[0] + replies[1]));
        }
      }
      expect(orders?.[0]).toBeCloseTo(
        ((judgements[0]?.orders?.[0] ?? 0) + (judgements[1]?.orders?.[0] ?? 0)) / 2,
      );
    }
  });

  it("has no label where an order has no vote, and says why", async () => {
    for (const [text, reason] of [
      ["Neither.", "neither"],
      ["I can't judge that.", "refusal"],
      ["Assistant", "no-choice"],
    ] as const) {
      const records = await labelsOf({ judge: writingJudge(() => text), pairs: few, protocol: votes });
      for (const record of records)
        expect(record).toMatchObject({ state: "unscored", reason, probability: null });
    }
  });
});

describe("every method", () => {
  const protocols: JudgeProtocol[] = [
    plainProtocol,
    { ...plainProtocol, form: paperForm, clamp: [0.2, 0.8], principles: 3 },
    reasoning,
    { ...reasoning, form: paperForm, clamp: null },
    votes,
    { ...votes, form: paperForm, principles: 2 },
  ];
  const scoring = scoringJudge(fair);
  const writing = writingJudge((first, second, random) => (random() < fair(first, second) ? "(A)" : "(B)"));

  it("mirrors the label when the replies are exchanged, and gives equal records for every chunk", async () => {
    for (const protocol of protocols) {
      const judge = protocol.reading === "scores" ? scoring : writing;
      const whole = await labelsOf({ judge, protocol });
      const mirrored = await labelsOf({ judge, protocol, pairs: exchanged(pairs), chunk: 3 });
      for (const [at, { replies, probability, orders, principle }] of mirrored.entries()) {
        const record = whole[at]!;
        expect(replies).toEqual(record.replies.toReversed());
        expect(principle).toBe(record.principle);
        expect(probability).toBeCloseTo(1 - (record.probability ?? 0), 12);
        expect(orders?.[0]).toBeCloseTo(1 - (record.orders?.[1] ?? 0), 12);
      }
      expect(await labelsOf({ judge, protocol, chunk: 1 })).toEqual(whole);
      expect(await labelsOf({ judge, protocol, pairs: pairs.slice(7), chunk: 5 })).toEqual(whole.slice(7));
    }
  });

  it("keeps every probability within the clamp", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.constantFrom(...protocols),
        async (low, protocol) => {
          const judge = protocol.reading === "scores" ? scoring : writing;
          const clamp: [number, number] = [low, 1 - low];
          for (const { orders, probability } of await labelsOf({
            judge,
            protocol: { ...protocol, clamp },
            pairs: few,
          })) {
            for (const value of [...(orders ?? []), probability ?? 0.5]) {
              expect(value).toBeGreaterThanOrEqual(low - 1e-12);
              expect(value).toBeLessThanOrEqual(1 - low + 1e-12);
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("tells the tokens of both orders of every comparison that was asked, and no method of usual labels", async () => {
    const asked: ScoreRequest[] = [];
    const score: LanguageModel["score"] = (requests, options) => {
      asked.push(...requests);
      return scoring.score(requests, options);
    };
    const [twice, usual] = [pairOf(0, "same", "same"), pairs[1]!];
    const [same, label] = await labelsOf({ judge: { ...scoring, score }, pairs: [twice, usual] });
    expect(Object.keys(same!).at(-1)).toBe("flipped");
    expect(Object.keys(label!).slice(-2)).toEqual(["flipped", "usage"]);
    const scores = await scoring.score(asked);
    expect(scores).toHaveLength(2);
    const promptTokens = scores[0]!.usage.promptTokens + scores[1]!.usage.promptTokens;
    expect(label!.usage).toMatchObject({ promptTokens });
    expect(promptTokens).toBeGreaterThan(20);
  });

  it("tells what a comparison cost where the price is known", async () => {
    const price = { input: 3, output: 15, cachedInput: 0.3 };
    const [record] = await labelsOf({
      judge: scoring,
      pairs: few,
      protocol: { ...plainProtocol, price },
    });
    const { promptTokens, completionTokens } = record!.usage!;
    expect(record!.money).toBeCloseTo((promptTokens * 3 + completionTokens * 15) / 1e6, 12);
  });

  it("says which reply is known to be right, wherever it stands", async () => {
    const known = pairs.map((pair) => ({ ...pair, correct: 0 as const }));
    const records = await labelsOf({ judge: scoring, pairs: known });
    expect(new Set(records.map(({ correct }) => correct))).toEqual(new Set([0, 1]));
    for (const { correct, replies } of records) expect(replies[correct!]).toMatch(/^good/);
  });
});

describe("protocolFor", () => {
  const requested = { ...plainProtocol, method: "auto", form: "own", clamp: undefined, votes: 5 } as const;
  const judge = { id: "some" };

  it("takes log-probabilities where there are some, else votes, and says so", () => {
    expect(protocolFor(requested, judge, true)).toEqual({
      protocol: { ...plainProtocol, votes: 5 },
      notice: null,
    });
    const { protocol, notice } = protocolFor(requested, judge, false);
    expect(protocol).toMatchObject({ method: "votes", reading: "votes", clamp: null, form: ownForm });
    expect(notice).toBe(
      "The judge some gives no log-probabilities of (A) and (B) that can be read: it votes 5 times in each order, and the share of votes is the label, which takes 10 calls a comparison.",
    );
    const thinking = protocolFor({ ...requested, method: "reasoning" }, judge, false);
    expect(thinking.protocol).toMatchObject({ method: "reasoning", reading: "votes", clamp: [0.4, 0.6] });
    expect(thinking.notice).toContain("the letter that it writes");
    expect(protocolFor({ ...requested, method: "votes" }, judge, true)).toMatchObject({ notice: null });
    expect(() => protocolFor({ ...requested, method: "choice" }, judge, false)).toThrow(
      /gives no log-probabilities/,
    );
  });

  it("clamps chains of thought to 0.4 – 0.6 unless told otherwise, and nothing else", () => {
    const clampOf = (more: object) => protocolFor({ ...requested, ...more }, judge, true).protocol.clamp;
    expect(clampOf({})).toBeNull();
    expect(clampOf({ method: "reasoning" })).toEqual([0.4, 0.6]);
    expect(clampOf({ method: "reasoning", clamp: "none" })).toBeNull();
    expect(clampOf({ clamp: [0.2, 0.8] })).toEqual([0.2, 0.8]);
  });

  it("refuses more principles than there are", async () => {
    const protocol = { ...plainProtocol, principles: 4 };
    await expect(labelsOf({ judge: scoringJudge(fair), protocol, constitution })).rejects.toThrow(/has 3/);
    expect(optionsIn({ messages: [] })).toEqual(["", ""]);
  });
});

describe("exampleTokens", () => {
  const choice: FewShots = {
    type: "choice",
    shots: ["One?", "A longer question that has more to say?"].map((content) => ({
      messages: [{ role: "user" as const, content }],
      correct: "This one.",
      incorrect: "That one, which is longer.",
    })),
  };
  const question = "Which is better? {}\n\nOptions:\n (A) x\n (B) y";
  const reasoning: FewShots = {
    type: "reasoning",
    shots: [
      {
        text: `Human: ${question}\n\nAssistant: So.\n\nHuman: So the answer is: (A)`,
        question,
        reasoning: "So.",
        letter: "(A)",
      },
    ],
  };

  it("are what examples add to a question at most, in both forms and kinds, whatever is drawn", async () => {
    const { principles, ...library } = await loadConstitution("general");
    const document = { ...library, principles };
    for (const name of ["own", "paper"] as const)
      for (const fewShots of [choice, reasoning]) {
        const most = exampleTokens({ fewShots, form: name }, document);
        const form = name === "own" ? ownForm : paperForm;
        const asked = {
          messages: pairs[0]!.messages,
          principle: principles[0]!,
          first: "one",
          second: "two",
        };
        for (let seed = 0; seed < 50; seed++) {
          const messages =
            fewShots.type === "choice"
              ? [form.choice(asked, drawExamples(fewShots, document, seed)), form.choice(asked, [])]
              : [form.reasoning(asked, drawReasoning(fewShots, document, seed)), form.reasoning(asked, [])];
          const [shown, bare] = messages.map(estimatePrompt);
          expect(shown! - bare!).toBeGreaterThan(10);
          expect(shown! - bare!).toBeLessThanOrEqual(most);
        }
      }
    expect(exampleTokens({ fewShots: null, form: "own" }, document)).toBe(0);
  });
});
