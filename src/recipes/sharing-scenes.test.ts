// The sandbox's scenes of sharing, told by the games' brief wording: what a scene says is right is what the games' strict
// readers read, scripted players do the same, documents stay short, and a model that had learned them without a mistake
// would play and learn as scripts do.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { type GenerateRequest, scriptedModel } from "../models/index.ts";
import {
  drawSharingScene,
  type Norm,
  norms,
  normTexts,
  readNorm,
  type SharingScene,
} from "../sandbox/index.ts";
import {
  addGame,
  askingLearner,
  askProbes,
  drawPrior,
  fixedText,
  learnerPrompts,
  learnFrom,
  type Measures,
  meanOf,
  type Player,
  planGames,
  playGames,
  playTables,
  policyPrinciple,
  readContribution,
  readDecision,
  readOffer,
  readPrinciple,
  sceneAnswer,
  sceneTurns,
  shareOfProbe,
  type World,
} from "../simulation/index.ts";

const scenes: SharingScene[] = (["train", "test"] as const).flatMap((split) => {
  const random = createRandom(5);
  return Array.from({ length: 2000 }, () => drawSharingScene(random, split));
});

/** Words and marks, as the sandbox counts them, with four for the frame of each message. */
const lengthOf = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + 4 + (text.match(/[A-Za-z0-9'-]+|[^\sA-Za-z0-9]/g)?.length ?? 0), 0);

describe("scenes of sharing in the brief wording", () => {
  it("are answered in the forms that are read, with exactly the scene's move", () => {
    for (const scene of scenes) {
      const answer = sceneAnswer(scene);
      const { unit, amount } = scene;
      switch (scene.kind) {
        case "offer":
          expect(readOffer(answer, [{ unit, amount }], "brief")).toEqual({
            move: { type: "offer", given: [scene.given] },
          });
          break;
        case "gift": {
          const view = {
            type: "contribute",
            endowment: { unit, amount },
            players: 4,
            multiplier: 2,
          } as const;
          expect(readContribution(answer, view, "brief")).toEqual({
            move: { type: "contribution", units: scene.given },
          });
          break;
        }
        case "decision":
          expect(readDecision(answer)).toEqual({ move: { type: "decision", accepts: scene.accepts } });
          break;
        case "norm": {
          const before = { text: scene.principle };
          const { principle, state } = readPrinciple(answer, before);
          expect(principle).toEqual({ text: scene.learned });
          expect(state).toBe(scene.learned === scene.principle ? "kept" : "learned");
          break;
        }
        default:
          scene satisfies never;
      }
    }
  });

  it("are decided as scripted players decide", async () => {
    const decisions = scenes.flatMap((scene) => {
      if (scene.kind !== "decision") return [];
      const policy = readNorm(scene.player.text);
      return policy === null ? [] : [{ ...scene, policy }];
    });
    const tables = decisions.map(({ unit, amount, given, player, policy }) => {
      const rules = [{ unit: null, give: given / amount, refuseBelow: null, refuseAbove: null }];
      const strict = player.text.split(/(?<=\.) /).length > 1;
      const players: Player[] = [
        { type: "flexible", principle: { text: "", rules }, by: "script" },
        { type: "fixed", policy, variance: 0, strict, by: "script" },
      ];
      const setup = { type: "split" as const, power: "ultimatum" as const, resources: [{ unit, amount }] };
      return { seed: 1, setup, players };
    });
    const states = await playTables(tables, {
      model: null,
      maxTokens: 1,
      temperature: 0,
      questions: 0,
      wording: "brief",
    });
    const accepted = states.map(({ moves }) => moves[1]!.move);
    expect(accepted).toEqual(decisions.map(({ accepts }) => ({ type: "decision", accepts })));
    expect(new Set(decisions.map(({ accepts }) => accepts)).size).toBe(2);
  });

  it("hold the words in which games tell a policy, and stay short", () => {
    for (const norm of norms) {
      const { text } = policyPrinciple(norm);
      expect(normTexts(norm, "train")).toContain(text);
      const told = fixedText(
        { type: "fixed", policy: norm, variance: 0, strict: true, by: "model" },
        "brief",
      );
      expect(readNorm(told.split("\n").slice(1).join("\n"))).toBe(norm);
    }
    const lengths = scenes.map((scene) =>
      lengthOf([...sceneTurns(scene).map(({ content }) => content), sceneAnswer(scene)]),
    );
    expect(Math.max(...lengths)).toBeLessThan(200);
    expect(lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toBeLessThan(100);
  });

  it("show a learner what fixed players did first, and not what is learned", () => {
    for (const scene of scenes) {
      if (scene.kind !== "norm") continue;
      const { content } = sceneTurns(scene).at(-1)!;
      const shown = content.split("\n").filter((line) => /^(?:fixed|flexible) kept /.test(line));
      expect(shown).toHaveLength(scene.plays.length);
      const fixed = shown.map((line) => line.startsWith("fixed"));
      expect(fixed).toEqual([...fixed].sort((one, other) => Number(other) - Number(one)));
      if (readNorm(scene.principle) !== readNorm(scene.learned)) expect(content).not.toContain(scene.learned);
    }
  });
});

/** What a model says that has learned all scenes: from the texts of the request alone. */
const learnedWell = ({ messages }: GenerateRequest): string => {
  const asked = messages.at(-1)!.content;
  const lines = asked.split("\n");
  if (lines[1] === "What players did:") {
    const shares = lines.flatMap((line) => {
      const match = /^fixed kept (\d+) and gave (\d+) /.exec(line);
      return match === null ? [] : [Number(match[2]) / (Number(match[1]) + Number(match[2]))];
    });
    const normOf = (share: number): Norm => (share === 1 ? "altruistic" : share > 0.2 ? "fair" : "selfish");
    const count = (norm: Norm): number => shares.filter((share) => normOf(share) === norm).length;
    const [most] = [...norms].sort((one, other) => count(other) - count(one));
    return `Principle: ${normTexts(most!, "train")[0]}`;
  }
  if (asked.includes("accept, or reject?")) return "Decision: accept";
  const norm = readNorm(messages[0]!.content.split("\n")[1]!)!;
  const [, amount] = /^Share (\d+) .+ with another player/.exec(asked)!;
  const given = { altruistic: Number(amount), fair: Math.floor(Number(amount) / 2), selfish: 1 }[norm];
  return `Offer: keep ${Number(amount) - given}, give ${given}`;
};

const world: World = {
  ...{ game: "ultimatum", interactions: 10, currencies: ["dollars", "apples", "blankets"], least: 10 },
  ...{ most: 100, resources: 1, variance: 0, strict: false, fixedBy: "model", flexibleBy: "model" },
  publicGoods: { players: 4, multiplier: 1.6 },
  trade: { rewards: [0, 10], costs: [1, 9], markup: 1, levelsBy: "script" },
};

describe("games of a model that has learned every scene", () => {
  it.each(norms.flatMap((norm) => [0.1, 0.9].map((flexible) => ({ norm, flexible }))))(
    "bring $flexible of flexible seats to a group that is $norm, with things never heard of, too",
    async ({ norm, flexible }) => {
      const model = scriptedModel({ reply: learnedWell });
      const options = { model, maxTokens: 48, temperature: 0, questions: 0, wording: "brief" as const };
      const experiment = { name: "group", flexible, members: [{ weight: 1, policy: norm }] };
      let before = drawPrior(
        experiment,
        0,
        norms.filter((one) => one !== norm),
        { runSeed: 1, stage: "priors" },
      );
      for (const stage of ["iteration-1", "iteration-2"]) {
        const planned = planGames(experiment, world, before, { runSeed: 1, stage });
        const games = await playGames(planned, { ...options, game: "ultimatum", stage });
        const measures: Measures = new Map();
        for (const game of games) addGame(measures, game);
        const [fixed, learning] = (["fixed", "flexible"] as const).map(
          (who) => meanOf(measures.get(who)!.given)!,
        );
        const isNear = Math.abs(fixed! - learning!) < 0.05;
        expect(isNear).toBe(stage === "iteration-2");
        const lessons = [{ before, games }];
        const at = { runSeed: 1, stage, sight: "all", variant: "imitation" } as const;
        [before] = (await learnFrom(
          lessons,
          askingLearner(model, { ...options, prompts: learnerPrompts.brief }),
          at,
        )) as [typeof before];
      }
      const resource = { unit: "grams of medicine", amount: 60 };
      const probe = { resource, heldOut: true, prior: false, reasons: false, last: before, experiment };
      const learned = { units: world.currencies, least: 10, most: 100 };
      const asked = { ...options, runSeed: 1, stage: "held-out", by: "model", learned } as const;
      const [answer] = await askProbes([probe], asked);
      expect(shareOfProbe(answer!)).toBeCloseTo({ altruistic: 1, fair: 0.5, selfish: 1 / 60 }[norm]);
    },
  );
});
