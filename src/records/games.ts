// What is written of games between simulated players: every game with its moves and payoffs, every principle that players
// who learn came to, and what a principle offers of things that it was not learned on. Shapes alone.

import { z } from "zod";
import { recordFields } from "./record.ts";

export const gameNames = ["ultimatum", "dictator", "public-goods", "buyer-seller"] as const;
export type GameName = (typeof gameNames)[number];

/** A thing that is split, in whole units: "dollars", "apples". */
export const resourceSchema = z.object({ unit: z.string().min(1), amount: z.number().int().positive() });
export type Resource = z.infer<typeof resourceSchema>;

const units = z.number().int().nonnegative();
const pair = z.tuple([units, units]);

/**
 * What a game is about. split: one proposes, one decides (the dictator's other half cannot). public goods: everybody has
 * an endowment; what is given into the pot is multiplied and shared evenly. trade: two items with a buyer's rewards, which
 * the seller does not see, and first prices; every reset of prices sums to total.
 */
export const setupSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("split"),
    power: z.enum(["ultimatum", "dictator"]),
    resources: z.array(resourceSchema).min(1),
  }),
  z.object({
    type: z.literal("public-goods"),
    players: z.number().int().min(2),
    endowment: resourceSchema,
    multiplier: z.number().positive(),
  }),
  z.object({ type: z.literal("trade"), rewards: pair, costs: pair, total: z.number().int().positive() }),
]);
export type GameSetup = z.infer<typeof setupSchema>;

/** What a seat does. given: units for the other of each resource; units: into the pot. */
export const moveSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("offer"), given: z.array(units) }),
  z.object({ type: z.literal("decision"), accepts: z.boolean() }),
  z.object({ type: z.literal("contribution"), units }),
  z.object({ type: z.literal("pick"), item: z.union([z.literal(0), z.literal(1)]) }),
  z.object({ type: z.literal("prices"), prices: pair }),
]);
export type Move = z.infer<typeof moveSchema>;

/** Why there is no move. unparseable: there is text, and it is not the move that was asked for; missing: there is none. */
export const noMoveStates = ["unparseable", "missing"] as const;
export type NoMoveState = (typeof noMoveStates)[number];

/**
 * A seat's move, or why there is none (fault: in one word). text: what a model said; questions: that it asked first. A game
 * ends at the first that is missing, without payoffs: nothing of it becomes a number.
 */
export const seatMoveSchema = z.object({
  seat: units,
  move: moveSchema.nullable(),
  state: z.enum(["made", ...noMoveStates]),
  fault: z.string().optional(),
  text: z.string().optional(),
  questions: units.optional(),
});
export type SeatMove = z.infer<typeof seatMoveSchema>;

/** fixed: follows one policy throughout; flexible: follows the principle that was learned so far, and nothing else. */
export const seatTypes = ["fixed", "flexible"] as const;
export type SeatType = (typeof seatTypes)[number];

/** Which seats a game has: fixed alone, both, or flexible alone. */
export const interactionKinds = ["fixed", "mixed", "flexible"] as const;
export type InteractionKind = (typeof interactionKinds)[number];

const placeFields = {
  experiment: z.string(),
  repetition: z.number().int().nonnegative(),
  iteration: z.number().int().nonnegative(),
};

/**
 * A game that was played. payoffs: of each seat, as a share of what was at stake (of a trade: points); null: the game is
 * void, for a reason: the fault of the move that is missing. parents: the principle that flexible seats followed, where there are any.
 */
export const gameRecordSchema = z.object({
  ...recordFields,
  ...placeFields,
  game: z.enum(gameNames),
  kind: z.enum(interactionKinds),
  setup: setupSchema,
  seats: z.array(
    z.object({ type: z.enum(seatTypes), policy: z.string().optional(), manner: z.string().optional() }),
  ),
  moves: z.array(seatMoveSchema),
  payoffs: z.array(z.number()).nullable(),
  reason: z.string().optional(),
});
export type GameRecord = z.infer<typeof gameRecordSchema>;

const share = z.number().min(0).max(1);

/**
 * What scripted players do by a principle, of one resource or (null) of any; shares are of what there is. taken, tooLittle:
 * of those who learn for their own gain, the least share that they know to be accepted, the greatest refused below it.
 */
export const shareRuleSchema = z.object({
  unit: z.string().nullable(),
  give: share,
  refuseBelow: share.nullable(),
  refuseAbove: share.nullable(),
  taken: share.optional(),
  tooLittle: share.optional(),
});
export type ShareRule = z.infer<typeof shareRuleSchema>;

/**
 * A principle. text: what model-driven players and people read; rules, strategy: what scripted players follow. strategy:
 * of a buyer, whether it first picks what it does not want; of a seller, which item it takes to be wanted.
 */
export const gamePrincipleSchema = z.object({
  text: z.string(),
  rules: z.array(shareRuleSchema).optional(),
  strategy: z.enum(["honest", "deceptive", "none", "picked", "other"]).optional(),
});
export type GamePrinciple = z.infer<typeof gamePrincipleSchema>;

/**
 * What flexible players follow after an iteration (0: what they start from). state: kept where nothing was learned anew;
 * unparseable or missing where a model's answer gave no principle, and the one before stays. prior: the policy that the
 * first one came from. parents: the principle before and the games that were seen.
 */
export const gamePrincipleRecordSchema = z.object({
  ...recordFields,
  ...placeFields,
  prior: z.string(),
  principle: gamePrincipleSchema,
  state: z.enum(["prior", "learned", "kept", ...noMoveStates]),
  reason: z.string().optional(),
});
export type GamePrincipleRecord = z.infer<typeof gamePrincipleRecordSchema>;

/**
 * What a flexible player would offer of a resource by its last principle. heldOut: it was not learned on; prior, reasons:
 * whether the prior was told beside the principle, and whether a reason was asked for first. parents: [the principle].
 */
export const probeRecordSchema = z.object({
  ...recordFields,
  ...placeFields,
  resource: resourceSchema,
  heldOut: z.boolean(),
  prior: z.boolean(),
  reasons: z.boolean(),
  answer: seatMoveSchema,
  reason: z.string().optional(),
});
export type ProbeRecord = z.infer<typeof probeRecordSchema>;

/**
 * A figure over repetitions. who: the seats it is of. value: the mean, null where there was nothing to count; low, high:
 * its 95 % interval; n: repetitions behind it.
 */
export const gameFigureSchema = z.object({
  ...recordFields,
  experiment: z.string(),
  iteration: z.number().int().positive(),
  measure: z.string(),
  who: z.enum(["fixed", "flexible", "buyer", "seller"]),
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: units,
});
export type GameFigure = z.infer<typeof gameFigureSchema>;
