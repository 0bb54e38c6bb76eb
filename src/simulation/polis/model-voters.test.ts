// A model that plays voters is told what its files say and nothing of what it is asked about; its chances are those of their
// definitions in every order of the options; and what cannot be read is missing, never a guess.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { type LanguageModel, type Script, scriptedModel } from "../../models/index.ts";
import type { ForecastRecord, VoteKind } from "../../records/index.ts";
import {
  computeGroups,
  forecastVotes,
  givesChances,
  majorityPredictor,
  measureForecasts,
  measurePredictor,
  neighbourPredictor,
  type SampleSettings,
  sampleVoters,
  shownOf,
  splitVotes,
  unseen,
  type VoteItem,
  type VoteMatrix,
  type VoteSplit,
  type VotingProtocol,
  voteMessages,
  voteOf,
  voterByVotes,
  votingMethod,
} from "./index.ts";
import { readChances, readDescription, readVoteReply } from "./vote-reading.ts";
import { optionLetters, optionOrders } from "./voter-wording.ts";

const matrixOf = (rows: readonly (readonly number[])[], texts?: readonly string[]): VoteMatrix => ({
  voters: rows.map((_, at) => ({ id: `v${at}`, group: null })),
  statements: (rows[0] ?? []).map((_, at) => ({
    ...{ id: String(at), text: texts?.[at] ?? `Statement ${at}.`, moderation: 1, isMeta: false },
  })),
  votes: Int8Array.from(rows.flat()),
});

/** Voters with a place between two poles and statements with places of their own: who is near agrees. */
const spectrum = (voters: number, statements: number): VoteMatrix => {
  const random = createRandom(7);
  const places = Array.from({ length: statements }, (_, at) => (2 * at) / (statements - 1) - 1);
  return matrixOf(
    Array.from({ length: voters }, () => {
      const own = 2 * random.next() - 1;
      return places.map((place) => {
        if (random.next() < 0.5) return unseen;
        const product = own * place;
        return Math.abs(product) < 0.05 ? 0 : product > 0 ? 1 : -1;
      });
    }),
    places.map((place) => `Place ${place}`),
  );
};

const sampling: SampleSettings = {
  voters: "all",
  questions: undefined,
  shown: 30,
  choose: "telling",
  seed: 1,
};

const itemsOf = (split: VoteSplit, settings: Partial<SampleSettings> = {}): VoteItem[] =>
  sampleVoters(split, computeGroups(split.known, 1, 2), { ...sampling, ...settings }).flatMap((voter) =>
    voter.heldOut.map((heldOut) => ({
      id: `forecasts/${voter.id}/${heldOut.statement}`,
      ...{ parents: [`voters/${voter.id}`], voter: voter.id, vote: voteOf(heldOut) },
      statement: split.known.statements[heldOut.statement]!,
      told: voterByVotes("places", shownOf(voter), "full"),
    })),
  );

const choice: VotingProtocol = {
  ...{ method: "choice", orders: 3, answers: 1, temperature: 0, answerTokens: 16 },
  wording: "full",
};
const answer: VotingProtocol = { ...choice, method: "answer" };
const stage = { runSeed: 1, stage: "forecasts", signal: new AbortController().signal };

const measured = (split: VoteSplit, records: readonly ForecastRecord[]) =>
  measureForecasts(
    split.heldOut,
    records.map(({ forecast }) => forecast!),
  );

const shareOf = (split: VoteSplit, vote: number): number =>
  split.heldOut.filter((one) => one.vote === vote).length / split.heldOut.length;

/** The letter under which an option stands in a question. */
const letterOf = (question: string, kind: VoteKind): string =>
  new RegExp(`^\\(([ABC])\\) ${kind}$`, "m").exec(question)![1]!;

describe("a model that always says one thing", () => {
  const split = splitVotes(spectrum(30, 20), 0.25, 3);
  const items = itemsOf(split);

  it.each([
    ["agree", 1],
    ["disagree", -1],
    ["pass", 0],
  ] as const)("is right where people said it: %s", async (kind, vote) => {
    const reply: Script["reply"] = ({ messages }) => `(${letterOf(messages[1]!.content, kind)}) ${kind}`;
    const { accuracy, brier } = measured(
      split,
      await forecastVotes(scriptedModel({ reply }), items, answer, stage),
    );
    const wanted = shareOf(split, vote);
    expect(accuracy).toBeCloseTo(wanted, 12);
    expect(brier).toBeCloseTo(2 * (1 - wanted), 12);
  });

  it("knows nothing where it says one letter: a third, not the share of what stands there", async () => {
    const score = () => [-0.1, -3, -5];
    for (const [model, protocol] of [
      [scriptedModel({ reply: () => "(A)" }), answer],
      [scriptedModel({ reply: () => "", score }), choice],
    ] as const) {
      const { accuracy, logLoss } = measured(split, await forecastVotes(model, items, protocol, stage));
      expect(accuracy).toBeCloseTo(1 / 3, 12);
      expect(logLoss).toBeCloseTo(Math.log(3), 12);
    }
  });
});

/** Voters with a stand of their own on each of six topics, and four statements a topic, for and against. */
const topics = (voters: number): VoteMatrix => {
  const random = createRandom(7);
  const statements = Array.from({ length: 24 }, (_, at) => ({ topic: at % 6, sign: at < 12 ? 1 : -1 }));
  return matrixOf(
    Array.from({ length: voters }, () => {
      const stands = Array.from({ length: 6 }, () => random.pick([-1, 1]));
      return statements.map(({ topic, sign }) => (random.next() < 0.2 ? unseen : stands[topic]! * sign));
    }),
    statements.map(({ topic, sign }) => `Topic ${topic} ${sign > 0 ? "is good" : "is bad"}`),
  );
};

describe("a model that knows what statements are about", () => {
  it("beats the majority and neighbours by what it is told of the voter alone", async () => {
    const split = splitVotes(topics(40), 0.2, 2);
    const score: Script["score"] = ({ messages, continuations }) => {
      const [told, question] = messages.map(({ content }) => content);
      const [, topic, view] = /Topic (\d) (is \w+)/.exec(question!)!;
      const [, agreed, disagreed] = told!.split(/Agreed with:|Disagreed with:|Passed on:/);
      const opposite = view === "is good" ? "is bad" : "is good";
      const isFor =
        agreed!.includes(`Topic ${topic} ${view}`) || disagreed!.includes(`Topic ${topic} ${opposite}`);
      const isAgainst =
        disagreed!.includes(`Topic ${topic} ${view}`) || agreed!.includes(`Topic ${topic} ${opposite}`);
      if (!isFor && !isAgainst) return continuations.map(() => -1);
      const letter = letterOf(question!, isFor ? "agree" : "disagree");
      return continuations.map((one) => (one === `(${letter})` ? -0.05 : -4));
    };
    const model = scriptedModel({ reply: () => "", score });
    const own = measured(split, await forecastVotes(model, itemsOf(split), choice, stage));
    const majority = await measurePredictor(split, majorityPredictor);
    const neighbours = await measurePredictor(split, neighbourPredictor(5));
    expect(own.accuracy).toBeGreaterThan(0.9);
    expect(own.accuracy).toBeGreaterThan(Math.max(majority.accuracy, neighbours.accuracy) + 0.1);
    expect(own.brier).toBeLessThan(Math.min(majority.brier, neighbours.brier) - 0.1);
  });
});

describe("what a model is told", () => {
  it("holds no held-out vote, and is the same whatever these were", () => {
    const rows = fc.array(fc.array(fc.constantFrom(-1, 0, 1, unseen), { minLength: 8, maxLength: 8 }), {
      minLength: 4,
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        rows,
        fc.nat(),
        fc.constantFrom("telling" as const, "drawn" as const),
        (votes, seed, choose) => {
          const split = splitVotes(matrixOf(votes), 0.4, seed);
          if (split.heldOut.length === 0) return;
          const settings = { choose, seed, shown: 3 };
          const turned = {
            ...split,
            heldOut: split.heldOut.map((one) => ({ ...one, vote: one.vote === 1 ? -1 : 1 })),
          };
          const items = itemsOf(split, settings);
          expect(itemsOf(turned, settings).map(({ told }) => told)).toEqual(items.map(({ told }) => told));
          for (const { told, statement } of items) {
            expect(told).not.toContain(JSON.stringify(statement.text));
            expect([...told!.matchAll(/^- "/gm)].length).toBeLessThanOrEqual(3);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("keeps braces, quotes and line breaks of people, who fill no hole", () => {
    const text = 'All {topic}\n{agreed} "quoted" (A)';
    const told = voterByVotes("{passed}", [{ text, vote: "agree" }], "full");
    expect(told).toContain(`Agreed with:\n- ${JSON.stringify(text)}\n\nDisagreed with:\nnone`);
    expect(told).toContain("conversation about {passed},");
    const [, question] = voteMessages(told, text, ["pass", "agree", "disagree"], "full");
    expect(question!.content).toContain(
      `\n${JSON.stringify(text)}\n\nOptions:\n(A) pass\n(B) agree\n(C) disagree\n`,
    );
  });

  it("is a sample that grows: fewer voters are among more, each asked the same", () => {
    const split = splitVotes(spectrum(30, 20), 0.25, 3);
    const groups = computeGroups(split.known, 1, 2);
    const [some, all] = [10, "all" as const].map((voters) =>
      sampleVoters(split, groups, { ...sampling, voters }),
    );
    expect(some).toHaveLength(10);
    for (const one of some!) expect(all).toContainEqual(one);
    const few = sampleVoters(split, groups, { ...sampling, questions: 2 });
    for (const [at, { heldOut }] of few.entries()) {
      expect(heldOut).toHaveLength(Math.min(2, all![at]!.heldOut.length));
      for (const vote of heldOut) expect(all![at]!.heldOut).toContainEqual(vote);
    }
  });

  it("prefers statements that divide the groups", () => {
    // Two camps; statements 0 to 3 divide them, all agree with the others.
    const camps = matrixOf(
      Array.from({ length: 20 }, (_, voter) =>
        Array.from({ length: 12 }, (_, statement) => (statement < 4 && voter % 2 === 1 ? -1 : 1)),
      ),
    );
    const split = splitVotes(camps, 0.1, 1);
    for (const voter of sampleVoters(split, computeGroups(split.known, 1, 2), { ...sampling, shown: 3 })) {
      const held = voter.heldOut.filter(({ statement }) => statement < 4).length;
      const dividing = voter.shown.filter(({ statement }) => Number(statement.id) < 4);
      expect(dividing).toHaveLength(Math.min(3, 4 - held));
    }
  });
});

describe("orders of the options", () => {
  it("put every option under every letter once, or are one that the seed draws", () => {
    for (const at of [0, 1, 2])
      expect(new Set(optionOrders(3, 0, "full").map((order) => order[at])).size).toBe(3);
    const drawn = Array.from({ length: 60 }, (_, seed) => optionOrders(1, seed, "full"));
    expect(new Set(drawn.map(([order]) => order!.join())).size).toBe(3);
    for (const orders of drawn) expect(orders).toHaveLength(1);
  });
});

describe("chances", () => {
  const order = optionOrders(3, 0, "full")[1]!;
  const usage = { promptTokens: 0, completionTokens: 0 };

  it("are the letters' share of each other, in any order", () => {
    fc.assert(
      fc.property(
        fc.tuple(...[1, 2, 3].map(() => fc.double({ min: -800, max: 0, noNaN: true }))),
        (scores) => {
          const read = readChances({ logProbabilities: scores as number[], usage }, order);
          if (typeof read === "string") throw new Error(read);
          expect(read.agree + read.disagree + read.pass).toBeCloseTo(1, 9);
          const [first, second] = [read[order[0]], read[order[1]]];
          if (first > 1e-200 && second > 1e-200)
            expect(Math.log(first / second)).toBeCloseTo(
              (scores as number[])[0]! - (scores as number[])[1]!,
              6,
            );
        },
      ),
    );
  });

  it("are missing with a reason where a letter has none", () => {
    const none = { logProbabilities: [null, null, null], usage };
    expect(readChances(none, order)).toBe("not-given");
    expect(readChances({ ...none, declined: "overflow" }, order)).toBe("overflow");
    expect(readChances({ ...none, said: "I would rather not" }, order)).toBe("unreadable");
    expect(readChances({ ...none, logProbabilities: [-1, null, -2] }, order)).toBe("not-given");
  });
});

describe("written votes", () => {
  const order = ["disagree", "pass", "agree"] as const;
  const read = (text: string, finish: "stop" | "length" | "refusal" | "empty" = "stop") =>
    readVoteReply({ text, finish }, order);

  it.each([
    ["(A)", "disagree"],
    ["B", "pass"],
    ["C.", "agree"],
    ["c)", "agree"],
    ["(C) agree", "agree"],
    ["**(A)** disagree", "disagree"],
    ["The answer is: (B)", "pass"],
    ["Agree", "agree"],
    ["disagree.", "disagree"],
    ["pass", "pass"],
    ["I disagree.", "disagree"],
    ["The person would agree", "agree"],
    ["(A)\nThe person values freedom.", "disagree"],
    ["<think>(A) or (B)?</think>(C)", "agree"],
  ] as const)("%j is %s", (text, vote) => {
    expect(read(text)).toBe(vote);
  });

  it.each([
    ["(A) agree", "contradictory"],
    ["agree and disagree", "contradictory"],
    ["(A) or (C)", "contradictory"],
    ["A person like this would be torn", "unreadable"],
    ["I strongly support it", "unreadable"],
    ["I do not agree", "unreadable"],
    ["Agreeable as it sounds", "unreadable"],
    ["(D)", "unreadable"],
    ["", "empty"],
  ] as const)("%j is no vote: %s", (text, reason) => {
    expect(read(text)).toBe(reason);
  });

  it("are cut, refused or empty where the reply was", () => {
    expect(read("The person", "length")).toBe("cut");
    expect(read("", "refusal")).toBe("refusal");
    expect(readDescription({ text: "Likes", finish: "length" })).toEqual({ reason: "cut" });
    expect(readDescription({ text: "<think>hm</think> Likes the sun. ", finish: "stop" })).toEqual({
      persona: "Likes the sun.",
    });
  });

  it("leave a question missing where one order is, and ask nobody without a description", async () => {
    const split = splitVotes(spectrum(4, 12), 0.3, 3);
    const [first, ...others] = itemsOf(split);
    const reply: Script["reply"] = ({ messages }) =>
      messages[1]!.content.includes("(A) pass") ? "hm" : "agree";
    const model = scriptedModel({ reply });
    const items = [{ ...first!, told: null }, ...others];
    const records = await forecastVotes(model, items, answer, stage);
    expect(records.map(({ forecast }) => forecast)).toEqual(items.map(() => null));
    expect(records.map(({ reason }) => reason)).toEqual(["reply-missing", ...others.map(() => "unreadable")]);
    expect(records[1]!.orders.map(({ chances }) => chances?.agree ?? null)).toEqual([1, 1, null]);
    expect(records[0]).toMatchObject({ messages: [], orders: [] });
    expect(model.calls.flatMap(({ requests }) => [...requests])).toHaveLength(3 * others.length);
  });

  it("are shares of several answers, of those that can be read", async () => {
    const split = splitVotes(spectrum(4, 12), 0.3, 3);
    const said = ["agree", "pass", "agree", "who knows"];
    let asked = 0;
    const model = scriptedModel({ reply: () => said[asked++ % 4]! });
    const [record] = await forecastVotes(model, itemsOf(split).slice(0, 1), { ...answer, answers: 4 }, stage);
    expect(record!.forecast!.agree).toBeCloseTo(2 / 3, 12);
    expect(record!.said).toEqual([said, said, said]);
  });
});

describe("how a model is asked", () => {
  const silent: LanguageModel = scriptedModel({ reply: () => "agree" });

  it("is by log-probabilities where it gives them, and by answers where not, which is told", async () => {
    const scoring = scriptedModel({ reply: () => "", score: () => [-1, -1, -1] });
    expect(await givesChances(scoring, "full")).toBe(true);
    expect(scoring.calls[0]!.requests[0]).toMatchObject({ continuations: optionLetters, trial: true });
    expect(votingMethod("auto", scoring, true)).toEqual({ method: "choice", notice: null });
    expect(await givesChances(silent, "full")).toBe(false);
    const { method, notice } = votingMethod("auto", silent, false);
    expect([method, notice]).toEqual(["answer", expect.stringContaining("writes its answers")]);
    expect(votingMethod("answer", scoring, true).method).toBe("answer");
  });

  it("is refused where log-probabilities are asked for and there are none", () => {
    expect(() => votingMethod("choice", silent, false)).toThrow("gives no log-probabilities");
  });
});
