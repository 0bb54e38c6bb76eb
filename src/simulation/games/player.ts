// Who sits at a game, as data: what players follow, and whether a script or a model moves for them. How each of them
// moves is in scripted-moves.ts and play.ts.

import type { GamePrinciple, SeatType } from "../../records/index.ts";

/** What the ground truth consists of: to give all, to share evenly, to keep what one can. */
export const policies = ["altruistic", "fair", "selfish"] as const;
export type Policy = (typeof policies)[number];

/** How a model-driven player puts what it says. */
export const manners = [
  "neutral",
  "rude",
  "sycophantic",
  "polite",
  "sarcastic",
  "indifferent",
  "friendly",
] as const;
export type Manner = (typeof manners)[number];

/**
 * Levels of thought in a trade. A buyer of level 0 picks what pays now; of level 2, first what it does not want, so that
 * the seller errs. A seller of level 1 takes the first pick for the wanted item; of level 3, it trusts no pick.
 */
export const levels = [0, 1, 2, 3] as const;
export type Level = (typeof levels)[number];

/**
 * A policy with what differs from it by resource. variance: a scripted offer differs from the policy's by at most this
 * share of the amount; strict: offers against the policy are refused, not only not made.
 */
export type FixedPlayer = {
  readonly type: "fixed";
  readonly policy: Policy;
  readonly byUnit?: Readonly<Record<string, Policy>>;
  readonly manner?: Manner;
  readonly variance: number;
  readonly strict: boolean;
  readonly by: "script" | "model";
};

/** A trader of a level. markup: by how much a scripted seller raises a price. */
export type TradingPlayer = {
  readonly type: "trading";
  readonly level: Level;
  readonly markup: number;
  readonly by: "script" | "model";
};

/** Follows a principle and nothing else. prior: a principle to fall back on where the first says nothing of a resource. */
export type FlexiblePlayer = {
  readonly type: "flexible";
  readonly principle: GamePrinciple;
  readonly prior?: GamePrinciple;
  readonly markup?: number;
  readonly by: "script" | "model";
};

export type Player = FixedPlayer | TradingPlayer | FlexiblePlayer;

/** Whether a player learns. */
export const seatTypeOf = (player: Player): SeatType => (player.type === "flexible" ? "flexible" : "fixed");

/** The policy that a player follows with a resource. */
export const policyFor = (
  { policy, byUnit = {} }: Pick<FixedPlayer, "policy" | "byUnit">,
  unit: string,
): Policy => byUnit[unit] ?? policy;
