// What players and learners of games are asked before anything has happened, for a plan's tokens and for whether a model knows
// the words. Asks nobody.

import type { Message } from "../../records/index.ts";
import {
  firstTurns,
  flexibleText,
  type LearnerPrompts,
  learningTurns,
  type Observation,
  policies,
  policyPrinciple,
  strategyPrinciple,
} from "../../simulation/index.ts";
import { type GamesConfig, worldOf } from "../settings/game-settings.ts";
import { hasProbes } from "./games.ts";

/** A question of each game in which no thing, no policy and no principle is named. */
const frames: Readonly<Record<GamesConfig["game"], Parameters<typeof firstTurns>[1]>> = {
  ultimatum: { type: "propose", power: "ultimatum", resources: [] },
  dictator: { type: "propose", power: "dictator", resources: [] },
  "public-goods": { type: "contribute", endowment: { unit: "", amount: 1 }, players: 2, multiplier: 1 },
  "buyer-seller": { type: "pick", rewards: [0, 0], prices: [0, 0], last: false },
};

/** That question, without what people write. */
export const frameOf = ({ game, wording }: GamesConfig): readonly Message[] =>
  firstTurns(flexibleText("", wording), frames[game], { asks: false, reasons: false }, wording);

/** The longer of the questions to a buyer and to a seller. */
const tradeQuestion = ({ trade: { rewards, costs }, wording }: GamesConfig): readonly Message[] => {
  const total = costs[0] + costs[1];
  const asking = { asks: false, reasons: false };
  const asked = (view: Parameters<typeof firstTurns>[1]): readonly Message[] =>
    firstTurns(flexibleText(strategyPrinciple("deceptive").text, wording), view, asking, wording);
  const picks = asked({ type: "pick", rewards, prices: costs, last: false });
  const sets = asked({ type: "price", costs, total, picked: 0 });
  const lengthOf = (messages: readonly Message[]): number => messages.at(-1)!.content.length;
  return lengthOf(picks) > lengthOf(sets) ? picks : sets;
};

/** The longest question to a player, but for a principle that is longer than a policy. */
export const firstQuestion = (config: GamesConfig): readonly Message[] => {
  if (config.game === "buyer-seller") return tradeQuestion(config);
  const resources = config.currencies
    .slice(0, config.resources)
    .map((unit) => ({ unit, amount: config.amounts.most }));
  const asking = { asks: config.questions > 0, reasons: config.heldOut.reasons.includes(true) };
  const system = policies.map((policy) => flexibleText(policyPrinciple(policy).text, config.wording));
  return firstTurns(
    system.join("\n"),
    { type: "propose", power: "ultimatum", resources },
    asking,
    config.wording,
  );
};

/** What is asked of each thing that nobody learned on, where models are asked. */
export const probeQuestions = (config: GamesConfig): (readonly Message[])[] => {
  const { heldOut, amounts, questions, wording } = config;
  if (!hasProbes(config) || worldOf(config).flexibleBy !== "model") return [];
  const asking = { asks: questions > 0, reasons: heldOut.reasons.includes(true) };
  return heldOut.currencies.map((unit) =>
    firstTurns(
      "",
      { type: "propose", power: "dictator", resources: [{ unit, amount: amounts.most }] },
      asking,
      wording,
    ),
  );
};

/** Stands for what is seen where nothing was yet. */
const emptyObservation: Observation = {
  kind: "mixed",
  setup: { type: "split", power: "ultimatum", resources: [{ unit: "units", amount: 1 }] },
  seats: ["fixed", "flexible"],
  moves: [],
};

/** The same of a trade. */
const emptyTrade: Observation = {
  ...{ kind: "mixed", seats: ["flexible", "fixed"], moves: [] },
  setup: { type: "trade", rewards: [0, 0], costs: [0, 0], total: 1 },
};

/** What a learner is asked where nothing was seen yet. */
export const learningQuestion = (
  { game, variant }: GamesConfig,
  prompts: LearnerPrompts,
): readonly Message[] => {
  const observations = [game === "buyer-seller" ? emptyTrade : emptyObservation];
  const task = { seed: 0, principle: { text: "" }, observations, variant };
  return learningTurns(task, prompts);
};
