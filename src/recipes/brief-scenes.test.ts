// The sandbox's scenes of trade, of variants of learning and of polls, told by the simulations' brief wording: what a scene says
// is right is what the strict readers read and what scripts do, and documents stay short.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { scriptedModel } from "../models/index.ts";
import type { GameSetup, Move } from "../records/index.ts";
import {
  createPolls,
  drawTradeScene,
  drawVariantScene,
  type PollScene,
  readStrategy,
  strategies,
  strategyTexts,
  type TradeScene,
  type VariantScene,
} from "../sandbox/index.ts";
import {
  countingLearner,
  fixedText,
  forecastVotes,
  ofThing,
  playTables,
  readContribution,
  readDecision,
  readOffer,
  readPick,
  readPrices,
  readPrinciple,
  readThings,
  sceneAnswer,
  sceneTurns,
  strategyPrinciple,
  tradeAnswer,
  tradeTurns,
  voterAnswer,
  voterTurns,
  withThing,
} from "../simulation/index.ts";

const splits = ["train", "test"] as const;
const drawAll = <Scene>(draw: (random: ReturnType<typeof createRandom>, split: "train" | "test") => Scene) =>
  splits.flatMap((split) => {
    const random = createRandom(5);
    return Array.from({ length: 700 }, () => draw(random, split));
  });

const trades: TradeScene[] = drawAll(drawTradeScene);
const variants: VariantScene[] = drawAll(drawVariantScene);
const polls: PollScene[] = splits.flatMap((split) => {
  const all = createPolls({ seed: 5, split, oneWishShare: 0.3 });
  return Array.from({ length: 300 }, (_, at) => all.scene(at));
});

const quiet = { model: null, maxTokens: 1, temperature: 0, questions: 0, wording: "brief" } as const;

/** Words and marks, as the sandbox counts them, with four for the frame of each message. */
const lengthOf = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + 4 + (text.match(/[A-Za-z0-9'-]+|[^\sA-Za-z0-9]/g)?.length ?? 0), 0);

describe("scenes of trade in the brief wording", () => {
  it("are answered in the forms that are read, with exactly the scene's move", () => {
    for (const scene of trades) {
      const answer = tradeAnswer(scene);
      switch (scene.kind) {
        case "pick":
          expect(readPick(answer)).toEqual({ move: { type: "pick", item: scene.item } });
          break;
        case "price": {
          const { costs, total, picked, prices } = scene;
          expect(readPrices(answer, { type: "price", costs, total, picked })).toEqual({
            move: { type: "prices", prices },
          });
          break;
        }
        case "strategy":
          expect(readPrinciple(answer, { text: scene.principle }).principle.text).toBe(scene.learned);
          break;
        default:
          scene satisfies never;
      }
    }
  });

  it("are decided as scripted traders decide, whatever came before", async () => {
    const picks = trades.filter((scene) => scene.kind === "pick" && !scene.last) as Extract<
      TradeScene,
      { kind: "pick" }
    >[];
    const prices = trades.filter((scene) => scene.kind === "price");
    const trader = (text: string, by: "script") => ({
      ...({ type: "flexible", by, markup: 1 } as const),
      principle: strategyPrinciple(readStrategy(text)!),
    });
    const setupOf = (rewards: readonly number[], costs: readonly [number, number]): GameSetup => ({
      type: "trade",
      rewards: [rewards[0]!, rewards[1]!],
      costs: [...costs],
      total: costs[0] + costs[1],
    });
    const bought = await playTables(
      picks.map(({ player, rewards, prices: costs }) => ({
        ...{ seed: 1, setup: setupOf(rewards, costs) },
        players: [trader(player.text, "script"), trader(strategyTexts("none", "train")[0]!, "script")],
      })),
      quiet,
    );
    expect(bought.map(({ moves }) => moves[0]!.move)).toEqual(
      picks.map(({ item }): Move => ({ type: "pick", item })),
    );
    // an honest buyer who is given what it is worth picks what the scene says was picked
    const sold = await playTables(
      prices.map(({ player, costs, picked }) => ({
        ...{ seed: 1, setup: setupOf(picked === 0 ? [99, 0] : [0, 99], costs) },
        players: [trader(strategyTexts("honest", "train")[0]!, "script"), trader(player.text, "script")],
      })),
      quiet,
    );
    expect(sold.map(({ moves }) => moves[1]!.move)).toEqual(
      prices.map((scene): Move => ({ type: "prices", prices: [...scene.prices] })),
    );
  });

  it("teach the strategies that counting learns", async () => {
    const lessons = trades.filter((scene) => scene.kind === "strategy");
    const learned = await countingLearner({ priorWeight: 1 })(
      lessons.map((scene) => {
        const { role, rewards, costs, first, prices, last, principle } = scene;
        const moves: Move[] = [
          { type: "pick", item: first },
          { type: "prices", prices: [...prices] },
          { type: "pick", item: last },
        ];
        return {
          ...{ seed: 1, variant: "imitation" as const },
          principle: strategyPrinciple(readStrategy(principle)!),
          observations: [
            {
              kind: "mixed" as const,
              setup: {
                ...{ type: "trade" as const, rewards: [...rewards] as [number, number] },
                ...{ costs: [...costs] as [number, number], total: costs[0] + costs[1] },
              },
              seats: role === "buyer" ? (["flexible", "fixed"] as const) : (["fixed", "flexible"] as const),
              moves: moves.map((move, at) => ({ seat: at === 1 ? 1 : 0, move, state: "made" as const })),
            },
          ],
        };
      }),
    );
    expect(learned.map(({ principle }) => principle.text)).toEqual(lessons.map((scene) => scene.learned));
  });

  it("hold the words in which games tell a strategy, and stay short", () => {
    for (const strategy of strategies)
      expect(strategyTexts(strategy, "train")[0]).toBe(strategyPrinciple(strategy).text);
    for (const scene of trades)
      expect(
        lengthOf([...tradeTurns(scene).map(({ content }) => content), tradeAnswer(scene)]),
      ).toBeLessThanOrEqual(168);
  });
});

describe("scenes of variants in the brief wording", () => {
  it("are answered in the forms that are read, with exactly the scene's move", () => {
    for (const scene of variants) {
      const answer = sceneAnswer(scene);
      const { unit, amount } = scene;
      switch (scene.kind) {
        case "gain":
          expect(readPrinciple(answer, { text: scene.principle }).principle.text).toBe(scene.learned);
          break;
        case "offer":
          expect(readOffer(answer, [{ unit, amount }], "brief")).toEqual({
            move: { type: "offer", given: [scene.given] },
          });
          break;
        case "gift": {
          const view = {
            ...({ type: "contribute", players: scene.players, multiplier: scene.multiplier } as const),
            endowment: { unit, amount },
          };
          expect(readContribution(answer, view, "brief")).toEqual({
            move: { type: "contribution", units: scene.given },
          });
          break;
        }
        case "decision":
          expect(readDecision(answer)).toEqual({ move: { type: "decision", accepts: scene.accepts } });
          break;
        default:
          scene satisfies never;
      }
      const texts = [...sceneTurns(scene).map(({ content }) => content), answer];
      expect(lengthOf(texts)).toBeLessThan(250);
    }
  });

  it("tell a policy and a principle by thing as games do", () => {
    const player = { type: "fixed", policy: "fair", variance: 0, strict: false, by: "model" } as const;
    const told = fixedText({ ...player, byUnit: { apples: "selfish" } }, "brief");
    const policies = variants.flatMap((scene) =>
      scene.kind !== "gain" && scene.player.type === "fixed" ? [scene.player.text] : [],
    );
    const shape = (text: string): string =>
      text.replace(/^(.+)\nOf [^,\n]+, however: .+$/, "POLICY\nOf THING, however: own");
    expect(shape(told.split("\n").slice(1).join("\n"))).toBe("POLICY\nOf THING, however: own");
    expect(policies.map(shape)).toContain("POLICY\nOf THING, however: own");
    for (const scene of variants) {
      if (scene.kind === "gain" || scene.player.type === "fixed") continue;
      const things = readThings(scene.player.text)!;
      const norm = ofThing(scene.player.text, scene.unit);
      expect(
        withThing(scene.player.text, scene.unit, norm === "" ? "Give half." : norm).split("\n"),
      ).toHaveLength(norm === "" ? things.size + 1 : things.size);
    }
  });
});

describe("scenes of polls in the brief wording", () => {
  it("are votes as `polis predict` asks for them and reads them", async () => {
    const voting = polls.filter((scene) => scene.kind !== "description");
    const items = voting.map((scene, at) => ({
      ...{ id: String(at), parents: [], voter: String(at), vote: scene.vote },
      statement: { id: "s", text: scene.statement, moderation: 1, isMeta: false },
      told: voterTurns(scene)[0]!.content,
    }));
    const answers = new Map(voting.map((scene) => [JSON.stringify(voterTurns(scene)), voterAnswer(scene)]));
    const model = scriptedModel({ reply: ({ messages }) => answers.get(JSON.stringify(messages))! });
    const protocol = {
      ...({
        method: "answer",
        orders: 3,
        answers: 1,
        temperature: 0,
        answerTokens: 4,
        wording: "brief",
      } as const),
    };
    const records = await forecastVotes(model, items as never, protocol, {
      ...{ runSeed: 1, stage: "forecasts", signal: new AbortController().signal },
    });
    expect(records.map(({ forecast, vote }) => forecast?.[vote])).toEqual(voting.map(() => 1));
  });

  it("stay short", () => {
    for (const scene of polls)
      expect(
        lengthOf([...voterTurns(scene).map(({ content }) => content), voterAnswer(scene)]),
      ).toBeLessThanOrEqual(168);
  });
});
