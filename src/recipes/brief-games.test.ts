// Trades and the variants of learning in the brief wording, played by a model that has learned the sandbox's scenes of them without
// a mistake: it says what follows from the request's text alone, and plays and learns as scripts do.

import { describe, expect, it } from "vitest";
import { type GenerateRequest, scriptedModel } from "../models/index.ts";
import type { GameRecord, GameSetup, Move } from "../records/index.ts";
import {
  gainfulNorm,
  type Norm,
  normTexts,
  readNorm,
  readStrategy,
  type Strategy,
  strategyTexts,
} from "../sandbox/index.ts";
import {
  askingLearner,
  drawPrior,
  type Experiment,
  type LearningVariant,
  learnerPrompts,
  learnFrom,
  planGames,
  playGames,
  readThings,
  type World,
} from "../simulation/index.ts";

/** What a model says of sharing and trade that has learned all scenes: from the texts of the request alone. */
const learnedWell = ({ messages }: GenerateRequest): string => {
  const asked = messages.at(-1)!.content;
  const lines = asked.split("\n");
  const told = messages[0]!.content.split("\n").slice(1);
  const say = (strategy: Strategy): string => `Principle: ${strategyTexts(strategy, "train")[0]}`;
  const pair = (form: RegExp): [number, number] => [
    Number(form.exec(asked)![1]),
    Number(form.exec(asked)![2]),
  ];
  if (lines[1] === "What the seller saw:") return say(/instead\.$/m.test(asked) ? "other" : "picked");
  if (lines[1] === "What the buyer saw:") {
    if (!asked.includes("dearer")) return say("honest");
    const [dearer, cost] = pair(/became (\d+) dearer .* costs (\d+)/);
    return say(dearer >= cost ? "deceptive" : "honest");
  }
  if (lines[1] === "What players did:") {
    const plays = lines.flatMap((line) => {
      const match = /^(fixed|flexible) kept (\d+) and gave (\d+) .*?(?:, (accepted|refused) by (\w+))?$/.exec(
        line,
      );
      return match === null
        ? []
        : [
            {
              proposer: match[1]!,
              kept: Number(match[2]),
              given: Number(match[3]),
              how: match[4],
              by: match[5],
            },
          ];
    });
    if (asked.includes("keeps most")) {
      const amount = plays[0]!.kept + plays[0]!.given;
      const seen = plays.map(({ given, how, by }) => ({
        ...{
          proposer: "fixed" as const,
          decider: (by ?? "fixed") as "fixed",
          given,
          accepts: how !== "refused",
        },
      }));
      return `Principle: ${normTexts(gainfulNorm({ plays: seen, amount, decided: true }) ?? "fair", "train")[0]}`;
    }
    const share = plays.find(({ proposer }) => proposer === "fixed")!;
    const norm: Norm = share.kept === 0 ? "altruistic" : share.given > 1 ? "fair" : "selfish";
    return `Principle: ${normTexts(norm, "train")[0]}`;
  }
  if (asked.includes("accept, or reject?")) {
    const [own, other] = pair(/you get (\d+) and the other player (\d+)/);
    const even = Math.abs(own - other) <= 1;
    return `Decision: ${told.join(" ").includes("not even") && !even ? "reject" : "accept"}`;
  }
  if (asked.includes("Pick: item A")) {
    const [a, b] = [...asked.matchAll(/worth (\d+), price (\d+)/g)].map(
      ([, worth, price]) => Number(worth) - Number(price),
    );
    const best = b! > a! ? "B" : "A";
    const feints = readStrategy(told[0]!) === "deceptive" && asked.includes("first pick");
    return `Pick: item ${feints ? (best === "A" ? "B" : "A") : best}`;
  }
  if (asked.includes("Set both prices")) {
    const strategy = readStrategy(told[0]!);
    const total = Number(/sum to (\d+)/.exec(asked)![1]);
    const picked = asked.includes("picked item A") ? 0 : 1;
    const raised = strategy === "picked" ? picked : strategy === "other" ? 1 - picked : null;
    const first = Math.ceil(total / 2) + (raised === null ? 0 : raised === 0 ? 1 : -1);
    return `Prices: item A ${first}, item B ${total - first}`;
  }
  const [, amount, unit] = /^Share (\d+) (.+) with another player/.exec(asked)!;
  const said = told.find((line) => line.startsWith(`Of ${unit}`))?.split(": ")[1] ?? told[0]!;
  const norm = readNorm((said.charAt(0).toUpperCase() + said.slice(1)).split(" Refuse ")[0]!);
  const given =
    norm === null
      ? 0
      : { altruistic: Number(amount), fair: Math.floor(Number(amount) / 2), selfish: 1 }[norm];
  return `Offer: keep ${Number(amount) - given}, give ${given}`;
};

const world: World = {
  ...{ game: "ultimatum", interactions: 10, currencies: ["dollars", "apples"], least: 20 },
  ...{ most: 100, resources: 1, variance: 0, strict: false, fixedBy: "model", flexibleBy: "model" },
  publicGoods: { players: 4, multiplier: 1.6 },
  trade: { rewards: [0, 10], costs: [1, 9], markup: 1, levelsBy: "model" },
};

const play = async (
  experiment: Experiment,
  { iterations, variant, ...changed }: Partial<World> & { iterations: number; variant: LearningVariant },
) => {
  const own = { ...world, ...changed };
  const model = scriptedModel({ reply: learnedWell });
  const options = { model, maxTokens: 48, temperature: 0, questions: 0, wording: "brief" as const };
  let before = drawPrior(experiment, 0, ["selfish"], { runSeed: 1, stage: "priors" });
  const rounds: GameRecord[][] = [];
  for (let iteration = 1; iteration <= iterations; iteration++) {
    const stage = `iteration-${iteration}`;
    const planned = planGames(experiment, own, before, { runSeed: 1, stage });
    const games = await playGames(planned, { ...options, game: own.game, stage });
    rounds.push(games);
    const at = { runSeed: 1, stage, sight: "all", variant } as const;
    [before] = (await learnFrom(
      [{ before, games }],
      askingLearner(model, { ...options, prompts: learnerPrompts.brief }),
      at,
    )) as [typeof before];
  }
  return { rounds, last: before.principle.text };
};

describe("a model that has learned every scene", () => {
  // points of buyer and seller in the first and all later rounds, as scripts have them
  it.each([
    [0, 1, "5/6", "5/6"],
    [2, 1, "5/4", "5/4"],
    [2, 3, "4/5", "4/5"],
    [0, "flexible", "6/5", "5/6"],
    [2, "flexible", "4/5", "3/6"],
    ["flexible", 1, "5/6", "5/4"],
  ] as const)("trades as scripts do: %s against %s", async (buyer, seller, first, later) => {
    const experiment = { name: "m", members: [], flexible: 0, match: { buyer, seller } };
    const { rounds } = await play(experiment, { game: "buyer-seller", iterations: 3, variant: "imitation" });
    expect(rounds.map(([game]) => game!.payoffs!.join("/"))).toEqual([first, later, later]);
    for (const [game] of rounds) for (const { text } of game!.moves) expect(text).toBeDefined();
  });

  it("learns for its own gain: half where the least is refused, the least where it is taken", async () => {
    const group = { name: "g", flexible: 0.3, members: [{ weight: 1, policy: "fair" as const }] };
    const strict = await play(group, { strict: true, iterations: 2, variant: "own-gain" });
    expect(readNorm(strict.last)).toBe("fair");
    const lenient = await play(group, { iterations: 2, variant: "own-gain" });
    expect(readNorm(lenient.last)).toBe("selfish");
  });

  it("learns each thing apart, and shares each as the group does", async () => {
    const members = [{ weight: 1, policy: "altruistic" as const, byUnit: { apples: "fair" as const } }];
    const group = { name: "g", flexible: 0.3, members };
    const { last, rounds } = await play(group, { iterations: 8, variant: "resource-specific" });
    const things = readThings(last)!;
    expect([...things.keys()].sort()).toEqual(["apples", "dollars"]);
    expect(readNorm(things.get("apples")!)).toBe("fair");
    expect(readNorm(things.get("dollars")!)).toBe("altruistic");
    const shares = rounds.at(-1)!.map(({ setup, moves }) => {
      const { amount } = (setup as Extract<GameSetup, { type: "split" }>).resources[0]!;
      return (moves[0]!.move as Extract<Move, { type: "offer" }>).given[0]! / amount;
    });
    expect(new Set(shares).size).toBe(1);
  });
});
