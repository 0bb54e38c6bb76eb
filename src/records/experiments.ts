// What sweeps over simulations leave, and what joins runs: their cells, every figure of every run in long form, and means of
// groups. A replay is what a stored simulation said, message by message, for terminals and web pages. Shapes alone.

import { z } from "zod";
import { recordFields } from "./record.ts";

const count = z.number().int().nonnegative();
const positive = z.number().int().positive();

/** The simulations that can be swept, joined and replayed, by their command's second word. */
export const simulationKinds = ["contract", "games", "vote"] as const;
export const simulationKindSchema = z.enum(simulationKinds);
export type SimulationKind = z.infer<typeof simulationKindSchema>;

/**
 * A run of a sweep. cell: the name of its place in the grid; levels: that place, a name on each axis; repetition: from 1;
 * seed: of the run itself; folder: of the run, in the sweep's; content: the hash in its manifest.
 */
export const sweepRunSchema = z.object({
  ...recordFields,
  cell: z.string(),
  levels: z.record(z.string(), z.string()),
  repetition: positive,
  folder: z.string(),
  content: z.string(),
});
export type SweepRun = z.infer<typeof sweepRunSchema>;

/** What a figure is: the mean of single values, how many there were, or how many of them were missing. */
export const statistics = ["mean", "n", "missing"] as const;

/** The experiment that stands for what a vote decided, beside what each rule would have chosen. */
export const decidedName = "decided";

/**
 * A figure of a run. step: the run of a contract, the iteration of games, from 1; of a vote 1, and its rounds from 2.
 * experiment: of games, which; of votes, the rule, or what was decided; where the oracle measured, the constitution's name.
 * trial: in which of games' own repetitions, from 1. user: the seat that it is of, "all" for all users; persona: who sits
 * there.
 */
export const experimentFigureSchema = z.object({
  experiment: z.string().nullable(),
  trial: positive.nullable(),
  step: positive,
  user: z.string(),
  persona: z.string().nullable(),
  metric: z.string(),
  statistic: z.enum(statistics),
  value: z.number(),
});
export type ExperimentFigure = z.infer<typeof experimentFigureSchema>;

/** A figure with the run it is of, as a sweep's long table has it. seed: of the run. */
export const experimentRowSchema = z.object({
  ...recordFields,
  cell: z.string(),
  repetition: positive,
  ...experimentFigureSchema.shape,
});
export type ExperimentRow = z.infer<typeof experimentRowSchema>;

/**
 * A mean of a group. experiment: as of the figures that it is of, where they have one. over: what its n values are of:
 * whole simulations, games' repetitions, or users where the group is one simulation. standardError, low, high (95 %,
 * Student's t, no wider than the measure's scale): null for fewer than two values.
 */
export const groupFigureSchema = z.object({
  ...recordFields,
  group: z.string(),
  experiment: z.string().optional(),
  step: positive,
  user: z.string(),
  metric: z.string(),
  over: z.enum(["simulations", "repetitions", "users"]),
  value: z.number(),
  standardError: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: positive,
});
export type GroupFigure = z.infer<typeof groupFigureSchema>;

/** Who speaks in a replay. about: a sentence or two about a person; "" where there is nothing to say. */
export const replaySpeakerSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(["assistant", "user", "meta-model", "fixed player", "flexible player"]),
  about: z.string(),
});
export type ReplaySpeaker = z.infer<typeof replaySpeakerSchema>;

/** What a message of a replay is. */
export const replayMessageKinds = [
  "task",
  "draft",
  "comment",
  "rating",
  "critique",
  "sorting",
  "document",
  "principle",
  "move",
  "outcome",
  "proposal",
  "candidate",
  "ballot",
  "choice",
] as const;

/**
 * A message. number: from 1, over the whole replay, whatever is left out of it. step: the run of a contract, the iteration
 * of games (0: before the first), the stage of a vote (0: proposals, 1: the vote, from 2 its rounds); turn: of the talk, of
 * the game's moves, or of a user's proposals, from 1. scene: the talk, the game, or the part of a vote's stage. to: who hears
 * it; an empty list: nobody but the record (a rating of somebody else's draft, an outcome, a ballot). values: numbers that
 * belong to it (ratings, payoffs, support by candidate, welfare), null where missing. from: a speaker's id; of a task, a
 * candidate or a rule's choice, its own name. note: what else is to be said, e.g. why there is no text. record: the line of
 * the run's files that it was read from, of a ballot the first of its lines.
 */
export const replayMessageSchema = z.object({
  number: positive,
  step: count,
  turn: positive.nullable(),
  scene: z.string(),
  kind: z.enum(replayMessageKinds),
  from: z.string(),
  to: z.array(z.string()),
  text: z.string(),
  values: z.record(z.string(), z.number().nullable()),
  note: z.string(),
  record: z.string(),
});
export type ReplayMessage = z.infer<typeof replayMessageSchema>;

/** A whole replay. steps: how many runs, iterations or stages there are; title: what it is, in words. */
export const replaySchema = z.object({
  version: z.literal(1),
  kind: simulationKindSchema,
  title: z.string(),
  steps: count,
  speakers: z.array(replaySpeakerSchema),
  messages: z.array(replayMessageSchema),
});
export type Replay = z.infer<typeof replaySchema>;
