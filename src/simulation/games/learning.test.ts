// What flexible players learn by counting. The first test is the shape of the published figures: with scripted groups,
// flexible seats come to the group's share, more slowly where few fixed ones are to be seen.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { groupOf, meansOf, playExperiment, type Setting } from "./experiment.fixture.ts";
import type { Experiment } from "./index.ts";
import { countingLearner, type LearningTask } from "./learner.ts";
import { observe } from "./observation.ts";
import { apportion } from "./population.ts";

const policy = (name: "altruistic" | "fair" | "selfish"): Experiment["members"] => [
  { weight: 1, policy: name },
];
const mixture = (altruistic: number): Experiment["members"] => [
  { weight: altruistic, policy: "altruistic" },
  { weight: 100 - altruistic, policy: "selfish" },
];

/** How far flexible seats are from fixed ones in each iteration, and where fixed ones are. */
const distances = async (
  name: string,
  flexible: number,
  members: Experiment["members"],
  setting: Pick<Setting, "seed" | "iterations">,
) => {
  const { games } = await playExperiment(groupOf(name, flexible, members), setting);
  const target = games.map((one) => meansOf(one, "fixed")!);
  return { target, away: games.map((one, at) => Math.abs(meansOf(one, "flexible")! - target[at]!)) };
};

describe("learning a norm from play", () => {
  it.each(["altruistic", "fair", "selfish"] as const)(
    "comes from the priors to the share of a group that is %s, whether one seat in ten learns or nine",
    async (name) => {
      for (const seed of [0, 1, 2]) {
        const few = await distances(name, 0.1, policy(name), { seed });
        const many = await distances(name, 0.9, policy(name), { seed, iterations: 6 });
        expect(few.away[2]).toBeLessThan(0.05);
        expect(few.away[4]).toBeLessThan(0.05);
        // They get there, too: at most 0.022 away in the sixth iteration, up to 0.047 in the fifth.
        expect(many.away[5]).toBeLessThan(0.05);
        // More slowly where nine of ten learn: farther away once anything is learned.
        expect(many.away[1]).toBeGreaterThan(2 * few.away[1]!);
        // The priors' mean is near a fair group's share. To others it is far: not there when those with few learners are, but
        // on the way in every iteration.
        if (name !== "fair") {
          expect(few.away[0]).toBeGreaterThan(0.2);
          expect(many.away[2]).toBeGreaterThan(0.05);
          expect(many.away.every((one, at) => at === 0 || one < many.away[at - 1]!)).toBe(true);
        }
      }
    },
  );

  it.each([
    [80, 0.87],
    [20, 0.13],
  ])("ends near the share of a mixture with %i altruistic players in 100, %f", async (altruistic, share) => {
    for (const seed of [0, 1, 2]) {
      const { games } = await playExperiment(groupOf("mixed", 0.1, mixture(altruistic)), { seed });
      for (const who of ["flexible", "fixed"] as const)
        expect(Math.abs(meansOf(games[4]!, who)! - share)).toBeLessThan(0.05);
      const near = Math.abs(meansOf(games[2]!, "flexible")! - meansOf(games[2]!, "fixed")!);
      expect(near).toBeLessThan(0.05);
    }
  });

  it("follows a group whose offers stray, and comes to their mean", async () => {
    const { games } = await playExperiment(groupOf("a", 0.1, policy("altruistic")), {
      world: { variance: 0.15 },
    });
    const target = meansOf(games[4]!, "fixed")!;
    expect(target).toBeLessThan(0.98);
    expect(Math.abs(meansOf(games[4]!, "flexible")! - target)).toBeLessThan(0.05);
  });

  it("learns from offers of several things at once, and from nothing but chance to begin with", async () => {
    const several = await playExperiment(groupOf("a", 0.1, policy("altruistic")), {
      priors: ["none"],
      world: { resources: 3 },
    });
    expect(meansOf(several.games[0]!, "flexible")).toBeGreaterThan(0.3);
    expect(meansOf(several.games[0]!, "flexible")).toBeLessThan(0.7);
    expect(meansOf(several.games[1]!, "flexible")).toBe(1);
  });

  it("stays with the priors where only flexible players are to be seen", async () => {
    const { principles } = await playExperiment(groupOf("none", 1, policy("selfish")));
    expect(principles.at(-1)!.map(({ principle }) => principle)).toEqual(
      principles[0]!.map(({ principle }) => principle),
    );
  });

  it("learns from what was seen alone: the same play by other policies, in other records, teaches the same", async () => {
    const { games, principles } = await playExperiment(groupOf("a", 0.5, policy("fair")), {
      repetitions: 1,
      iterations: 1,
    });
    const task = (hidden: (text: string) => string): LearningTask => ({
      seed: 1,
      principle: principles[0]![0]!.principle,
      observations: games[0]!.map((game) =>
        observe({
          ...game,
          seats: game.seats.map((seat) => ({ ...seat, policy: hidden(seat.policy ?? "") })),
        }),
      ),
      variant: "imitation",
    });
    const learner = countingLearner({ priorWeight: 1 });
    const told = task((text) => text);
    expect(JSON.stringify(told.observations)).not.toContain("fair");
    expect(await learner([told])).toEqual(await learner([task(() => "selfish")]));
  });

  it("sees only games with a flexible seat where sight is its own", async () => {
    const { principles } = await playExperiment(groupOf("a", 0.1, policy("fair")), {
      repetitions: 1,
      iterations: 1,
      sight: "own",
    });
    expect(principles[1]![0]!.parents.length).toBeLessThanOrEqual(3);
  });
});

describe("variants of learning", () => {
  it("learns what strict players refuse, and refuses it too", async () => {
    const { principles } = await playExperiment(groupOf("f", 0.3, policy("selfish")), {
      world: { strict: true },
    });
    // Who begins with giving nothing never sees an offer accepted, and so no bound.
    for (const { principle, prior } of principles.at(-1)!)
      if (prior !== "selfish") expect(principle.text).toMatch(/refuse less than/);
  });

  it("gives less and less for its own gain where all is accepted, and no less than is accepted where it is not", async () => {
    const own = { variant: "own-gain", iterations: 10, repetitions: 20 } as const;
    const lenient = await playExperiment(groupOf("f", 0.3, policy("fair")), own);
    expect(meansOf(lenient.games[9]!, "flexible")).toBeLessThan(0.1);
    const strict = await playExperiment(groupOf("f", 0.3, policy("fair")), {
      ...own,
      world: { strict: true, least: 100 },
    });
    expect(meansOf(strict.games[9]!, "flexible")).toBeGreaterThan(0.45);
    expect(meansOf(strict.games[9]!, "flexible", "accepted")).toBeGreaterThan(0.9);
    const dictator = await playExperiment(groupOf("f", 0.3, policy("fair")), {
      ...own,
      world: { game: "dictator" },
    });
    expect(meansOf(dictator.games[9]!, "flexible")).toBe(0);
  });

  it("learns each thing apart where policies differ by thing, which one share for all cannot hold", async () => {
    const members: Experiment["members"] = [
      { weight: 1, policy: "selfish", byUnit: { apples: "altruistic" } },
    ];
    const world = { currencies: ["dollars", "apples"] };
    const setting = { world, iterations: 10 };
    const apart = await playExperiment(groupOf("u", 0.1, members), {
      ...setting,
      variant: "resource-specific",
    });
    const rules = apart.principles.at(-1)!.map(({ principle }) => principle.rules!);
    const give = (unit: string) =>
      rules.flatMap((own) => own.filter((rule) => rule.unit === unit).map((rule) => rule.give));
    expect(Math.min(...give("apples"))).toBeGreaterThan(0.85);
    expect(Math.max(...give("dollars"))).toBeLessThan(0.15);
    const pooled = await playExperiment(groupOf("u", 0.1, members), setting);
    expect(
      Math.abs(meansOf(pooled.games[9]!, "flexible")! - meansOf(pooled.games[9]!, "fixed")!),
    ).toBeGreaterThan(0.05);
  });

  it("learns what is given into a pot", async () => {
    const { games } = await playExperiment(groupOf("s", 0.1, policy("altruistic")), {
      world: { game: "public-goods" },
    });
    expect(meansOf(games[4]!, "flexible")).toBeGreaterThan(0.95);
    expect(meansOf(games[4]!, "fixed", "income")).toBeCloseTo(1.6, 1);
  });
});

describe("buyer and seller", () => {
  // Points of buyer and seller in the first and all later rounds, as published for players of these levels.
  it.each([
    [0, 1, "5/6", "5/6"],
    [2, 1, "5/4", "5/4"],
    [2, 3, "4/5", "4/5"],
    [0, "flexible", "6/5", "5/6"],
    [2, "flexible", "4/5", "3/6"],
    ["flexible", 1, "5/6", "5/4"],
  ] as const)("%s against %s", async (buyer, seller, first, later) => {
    const match = { name: "match", members: [], flexible: 0, match: { buyer, seller } };
    const { games } = await playExperiment(match, { repetitions: 4, world: { game: "buyer-seller" } });
    const points = games.map(
      (one) => `${meansOf(one, "buyer", "income")}/${meansOf(one, "seller", "income")}`,
    );
    expect(points).toEqual([first, later, later, later, later]);
  });

  it("does not show the seller who learns what the items are worth", async () => {
    const match = {
      name: "match",
      members: [],
      flexible: 0,
      match: { buyer: 0, seller: "flexible" } as const,
    };
    const { games } = await playExperiment(match, {
      repetitions: 1,
      iterations: 1,
      world: { game: "buyer-seller" },
    });
    const { setup } = observe(games[0]![0]!);
    expect(setup).toMatchObject({ rewards: [0, 0] });
    expect(observe(games[0]![0]!)).not.toHaveProperty("payoffs");
  });
});

describe("apportion", () => {
  it("gives out every seat, in proportion up to one where there are two, and the tie to the greater", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 }),
        fc.nat(40),
        fc.nat(),
        (weights, seats, seed) => {
          const held = apportion(weights, seats, createRandom(seed));
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          expect(held.reduce((sum, one) => sum + one, 0)).toBe(seats);
          for (const [at, weight] of weights.entries())
            expect(held[at]).toBeGreaterThanOrEqual(Math.floor((weight * seats) / total));
        },
      ),
    );
    expect(apportion([80, 20], 9, createRandom(0))).toEqual([8, 1]);
  });
});
