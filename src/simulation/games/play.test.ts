// Games that models move in: who is told what, how questions are answered, and that what cannot be read or does not come
// is told apart and never becomes a number.

import { describe, expect, it } from "vitest";
import type { GenerateRequest } from "../../models/index.ts";
import { scriptedModel } from "../../models/index.ts";
import type { GameSetup, SeatMove } from "../../records/index.ts";
import { groupOf, playExperiment } from "./experiment.fixture.ts";
import {
  askingLearner,
  askProbes,
  type Experiment,
  emptyMeasures,
  learnerPrompts,
  meanOf,
  policyPrinciple,
} from "./index.ts";
import { addGame, type Measures } from "./measures.ts";
import { type PlayOptions, playTables, type Table } from "./play.ts";
import { rulesOf } from "./rules.ts";
import { flexibleText, learningText, policyText, questionText, transferText } from "./wording.ts";

const systemOf = ({ messages }: GenerateRequest): string =>
  messages.find(({ role }) => role === "system")?.content ?? "";
const askedOf = ({ messages }: GenerateRequest): string => messages.at(-1)!.content;

/** A player who does what its policy says, with the numbers of the question. */
const obedient = (request: GenerateRequest): string => {
  const asked = askedOf(request);
  const total = Number(/(\d+) \w+\. You decide/.exec(asked)?.[1]);
  const unit = /\d+ (\w+)\. You decide/.exec(asked)?.[1];
  if (!asked.includes("You decide")) return "Decision: accept";
  const give = systemOf(request).includes("as much as you can, whatever that costs you")
    ? total
    : Math.floor(total / 2);
  return `So be it, {you}:\nOffer: total ${total} ${unit}, keep ${total - give}, give ${give}`;
};

const byModel = { fixedBy: "model", flexibleBy: "model" } as const;
const options = { maxTokens: 200, temperature: 0, questions: 0, wording: "full" as const };

const split = (players: Table["players"]): Table => ({
  seed: 3,
  setup: { type: "split", power: "ultimatum", resources: [{ unit: "dollars", amount: 10 }] },
  players,
});
const fixed = { type: "fixed", policy: "selfish", variance: 0, strict: false, by: "model" } as const;
const flexible = { type: "flexible", principle: { text: "Give {all} of it: always." }, by: "model" } as const;

const play = async (
  players: Table["players"],
  reply: (request: GenerateRequest) => string,
  more: Partial<PlayOptions> = {},
) => {
  const model = scriptedModel({ reply });
  const [state] = await playTables([split(players)], { ...options, model, ...more });
  const requests = model.calls.flatMap((call) => (call.type === "generate" ? call.requests : []));
  return { state: state!, requests };
};

describe("players that a model moves for", () => {
  it("says of a principle that is none that there is none, in both wordings and beyond what was learned on", () => {
    const learned = { units: ["dollars"], least: 10, most: 100 };
    for (const wording of ["full", "brief"] as const) {
      expect(flexibleText("", wording)).toMatch(/:\n\(none yet\)\s*$/);
      expect(transferText("", learned, null, wording)).toMatch(/:\n\(none yet\)\s*$/);
    }
    expect(flexibleText("Give all.", "full")).not.toContain("none");
  });

  it("tells a fixed player its policy and manner, and a flexible one its principle alone", async () => {
    const { requests, state } = await play([{ ...fixed, manner: "rude" }, flexible], (request) =>
      askedOf(request).includes("You decide")
        ? "Take it {fool}.\nOffer: total 10 dollars, keep 9, give 1"
        : "Decision: accept",
    );
    expect(systemOf(requests[0]!)).toContain(policyText("selfish").slice(0, 40));
    expect(systemOf(requests[0]!)).toContain("rude manner");
    expect(systemOf(requests[1]!)).toContain("Give {all} of it: always.");
    expect(systemOf(requests[1]!)).not.toMatch(/selfish|rude|Keep as much/);
    // The decider reads the offer, not what was said round it.
    expect(askedOf(requests[1]!)).toContain("you get 1 and the other player 9");
    expect(JSON.stringify(requests[1])).not.toContain("fool");
    expect(state.moves.map(({ state: how }) => how)).toEqual(["made", "made"]);
  });

  it("tells a seller what the rules let the buyer do: pick again, the same item or the other", () => {
    const setup: GameSetup = { type: "trade", rewards: [0, 10], costs: [1, 9], total: 10 };
    const picked: SeatMove = { seat: 0, move: { type: "pick", item: 1 }, state: "made" };
    const priced: SeatMove = { seat: 1, move: { type: "prices", prices: [4, 6] }, state: "made" };
    const rules = rulesOf(setup);
    const again = [...rules.legalMoves({ setup, moves: [picked, priced] }, 0)];
    expect(again).toEqual([0, 1].map((item) => ({ type: "pick", item })));
    const view = rules.view({ setup, moves: [picked] }, 1);
    const asked = questionText(view, { asks: false, reasons: false }, "full");
    expect(asked).toContain("then picks again, the same item or the other.");
  });

  it.each([
    ["Offer: total 10 dollars, keep 9, give 2", "unparseable", "sum-wrong"],
    ["I will think about it", "unparseable", "offer-missing"],
    ["", "missing", "empty"],
  ])("ends a game at %j, counted as %s", async (text, state, fault) => {
    const { state: ended, requests } = await play([fixed, fixed], () => text);
    expect(requests).toHaveLength(1);
    expect(ended.moves).toEqual([{ seat: 0, move: null, state, fault, text }]);
    const measures: Measures = new Map();
    const place = { id: "a", parents: [], stage: "s", seed: 1, experiment: "e", repetition: 0, iteration: 1 };
    const seats = [{ type: "fixed" as const }, { type: "fixed" as const }];
    addGame(measures, {
      ...place,
      game: "ultimatum",
      kind: "fixed",
      ...ended,
      moves: [...ended.moves],
      seats,
      payoffs: null,
    });
    const { moves, ...sums } = measures.get("fixed")!;
    expect(moves[state as "missing"]).toBe(1);
    expect(sums).toEqual((({ moves: _, ...none }) => none)(emptyMeasures()));
    expect(meanOf(sums.given)).toBeNull();
  });

  it("answers questions of flexible players, so many, and counts them", async () => {
    const answer = (request: GenerateRequest): string => {
      if (!askedOf(request).includes("offer of") && !askedOf(request).includes("You decide"))
        return "Decision: accept";
      return request.messages.length < 6
        ? "Question: does it hold for dollars?"
        : "Offer: total 10 dollars, keep 5, give 5";
    };
    const { state, requests } = await play([flexible, fixed], answer, { questions: 2 });
    expect(state.moves[0]).toMatchObject({ state: "made", questions: 2 });
    expect(askedOf(requests[1]!)).toContain("applies here just as it did before");
    const few = await play([flexible, fixed], answer, { questions: 1 });
    expect(few.state.moves[0]).toMatchObject({ state: "unparseable", fault: "offer-missing", questions: 1 });
    // Fixed players are not offered a question.
    const none = await play([fixed, flexible], answer, { questions: 2 });
    expect(none.state.moves[0]).toMatchObject({ state: "unparseable" });
    expect(askedOf(none.requests[0]!)).not.toContain("Question:");
  });

  it("asks all that are to move together, and gives each the same reply whoever plays beside it", async () => {
    const model = scriptedModel({
      reply: (request) =>
        askedOf(request).includes("You decide")
          ? `Offer: total 10 dollars, keep ${request.seed % 11}, give ${10 - (request.seed % 11)}`
          : "Decision: accept",
    });
    const tables = [1, 2, 3].map((seed) => ({ ...split([fixed, flexible]), seed }));
    const together = await playTables(tables, { ...options, model });
    expect(model.calls.map((call) => call.requests.length)).toEqual([3, 3]);
    const alone = await playTables([tables[1]!], { ...options, model });
    expect(alone[0]).toEqual(together[1]);
  });

  it("is refused without a model", async () => {
    await expect(playTables([split([fixed, fixed])], { ...options, model: null })).rejects.toThrow(
      "driven by a model",
    );
  });
});

describe("a population of models", () => {
  const members: Experiment["members"] = [{ weight: 1, policy: "altruistic" }];

  it("learns by a meta-prompt that shows play and no policy, and follows the new principle", async () => {
    const asked: string[] = [];
    const model = scriptedModel({
      reply(request) {
        if (!askedOf(request).startsWith("You watch")) return obedient(request);
        asked.push(askedOf(request));
        return "Reason: they give it all\nPrinciple: Give others as much as you can, whatever that costs you.";
      },
    });
    const { games, principles } = await playExperiment(groupOf("a", 0.1, members), {
      ...{ world: byModel, repetitions: 2, iterations: 2, priors: ["fair"] },
      ...{
        play: { ...options, model },
        learner: askingLearner(model, { maxTokens: 200, temperature: 0, prompts: learnerPrompts.full }),
      },
    });
    const given = games.map((played) => {
      const measures: Measures = new Map();
      for (const game of played) addGame(measures, game);
      return meanOf(measures.get("flexible")!.given);
    });
    expect(given[0]).toBeCloseTo(0.5, 1);
    expect(given[1]).toBe(1);
    expect(principles[1]![0]).toMatchObject({ state: "learned", reason: "they give it all" });
    for (const text of asked) expect(text).not.toContain("altruistic");
    expect(asked[0]).toContain('"kind":"fixed"');
    // What players say stands in it as JSON, braces and all.
    expect(asked[0]).toContain("So be it, {you}:\\nOffer: total");
  });

  it.each([
    [
      "begun by the chat template",
      (said: string) => `My policy is altruistic.\n</think>\n${said}`,
      /"says":"So be it/,
    ],
    ["closed", (said: string) => `<think>My policy is altruistic.</think>\n${said}`, /"says":"So be it/],
    [
      "cut before its end",
      () => "<think>My policy is altruistic. So I",
      /"says":"\(no move: offer-missing\)"/,
    ],
  ])("does not show to whoever learns what a fixed player thought, %s", async (_, reply, shown) => {
    const asked: string[] = [];
    const model = scriptedModel({
      reply(request) {
        if (!askedOf(request).startsWith("You watch")) return reply(obedient(request));
        asked.push(askedOf(request));
        return "Principle: Share.";
      },
    });
    const { games } = await playExperiment(groupOf("a", 0.1, members), {
      ...{ world: byModel, repetitions: 1, iterations: 1, priors: ["fair"] },
      ...{
        play: { ...options, model },
        learner: askingLearner(model, { maxTokens: 200, temperature: 0, prompts: learnerPrompts.full }),
      },
    });
    // The record keeps the whole reply.
    expect(games[0]![0]!.moves[0]!.text).toContain("My policy is altruistic");
    expect(asked[0]).not.toMatch(/altruistic|think>/);
    expect(asked[0]).toMatch(shown);
  });

  it("keeps the principle where the answer is none, and says which", async () => {
    const replies = ["no idea", "", "Principle: unchanged"];
    const states = await Promise.all(
      replies.map(async (reply) => {
        const learner = askingLearner(scriptedModel({ reply: () => reply }), {
          ...{ maxTokens: 50, prompts: learnerPrompts.full },
          temperature: 0,
        });
        const { principles } = await playExperiment(groupOf("a", 0.1, members), {
          repetitions: 1,
          iterations: 1,
          learner,
        });
        expect(principles[1]![0]!.principle).toEqual(principles[0]![0]!.principle);
        return principles[1]![0]!.state;
      }),
    );
    expect(states).toEqual(["unparseable", "missing", "kept"]);
  });

  it("says which kinds of interactions there are, and of no other, in words of each mixture's own", () => {
    const kinds = {
      fixed: "between fixed players",
      mixed: "a fixed and a flexible player meet",
      flexible: "between flexible players",
    } as const;
    const names = Object.keys(kinds) as (keyof typeof kinds)[];
    const texts = [1, 2, 3, 4, 5, 6, 7].map((mask) => {
      const there = names.filter((_, bit) => (mask >> bit) % 2 === 1);
      const text = learningText(learnerPrompts.full.texts.imitation, "P", new Set(there), "I");
      expect(names.filter((kind) => text.includes(kinds[kind]))).toEqual(there);
      expect(/All interactions|every interaction/.test(text)).toBe(there.length === 1);
      return text;
    });
    expect(new Set(texts).size).toBe(7);
  });

  it("is to say what others' principle seems to be where it looks to its own gain, and there alone", () => {
    const asked = (["own-gain", "imitation", "resource-specific"] as const).map((variant) =>
      learningText(learnerPrompts.full.texts[variant], "P", new Set(["mixed"]), "I"),
    );
    const theirs =
      /what the fixed players accept and offer, and say in the principle what theirs seems to be/;
    expect(asked.map((text) => theirs.test(text))).toEqual([true, false, false]);
    expect(asked.map((text) => text.includes("end with as much as possible"))).toEqual([true, false, false]);
  });
});

describe("probes", () => {
  it("tell the principle, what it was learned on and, where asked for, the prior and a reason", async () => {
    const model = scriptedModel({
      reply: () => "Reason: so\nOffer: total 40 grams of medicine, keep 0, give 40",
    });
    const place = { experiment: "a", repetition: 0, iteration: 5 };
    const last = {
      ...{ id: "p", parents: [], stage: "s", seed: 1, ...place, prior: "selfish" },
      ...{ principle: { text: "Give {all}." }, state: "learned" as const },
    };
    const resource = { unit: "grams of medicine", amount: 40 };
    const probes = [false, true].flatMap((prior) =>
      [false, true].map((reasons) => ({
        resource,
        heldOut: true,
        prior,
        reasons,
        last,
        experiment: groupOf("a", 0.1),
      })),
    );
    const learned = { units: ["dollars", "apples"], least: 10, most: 100 };
    const records = await askProbes(probes, {
      ...options,
      model,
      runSeed: 1,
      stage: "held-out",
      by: "model",
      learned,
    });
    const requests = model.calls.flatMap((call) => (call.type === "generate" ? call.requests : []));
    expect(records.map(({ prior, reasons }) => [prior, reasons])).toEqual(
      probes.map(({ prior, reasons }) => [prior, reasons]),
    );
    expect(records.every(({ answer }) => answer.state === "made")).toBe(true);
    const isTold = (text: string) =>
      requests.filter((request) => JSON.stringify(request.messages).includes(text)).length;
    expect(isTold("Give {all}.")).toBe(4);
    expect(isTold("dollars, apples, in amounts from 10 to 100")).toBe(4);
    expect(isTold(policyPrinciple("selfish").text)).toBe(2);
    expect(isTold("Begin with one line that gives your reason")).toBe(2);
  });
});
