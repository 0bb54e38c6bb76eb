// The run's event log (events.jsonl): append-only, what the terminal and Studio read. Times live here alone.
// How events are written and kept from secrets is in runs/.

import { z } from "zod";
import { stageNameSchema } from "./ids.ts";

const at = { time: z.number() };

/** Code of the warning that the model cannot know what the constitution's principles mean: a report says it at its top. */
export const foreignPrinciplesCode = "principles-foreign";

export const eventSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("run-start"),
    ...at,
    name: z.string(),
    seed: z.number(),
    stages: z.array(stageNameSchema),
    /** The version of Covenant; logs of early versions lack it. */
    covenant: z.string().optional(),
    /** Hashes of what the configuration names but does not hold: constitution, model. */
    contents: z.record(z.string(), z.string()).optional(),
  }),
  z.object({ type: z.literal("run-end"), ...at, seconds: z.number() }),
  z.object({ type: z.literal("run-stop"), ...at, reason: z.string() }),
  z.object({ type: z.literal("stage-start"), ...at, stage: stageNameSchema, resumed: z.boolean() }),
  /** A stage that was finished before, with what it took and made then (logs of early versions do not say); from: in another run. */
  z.object({
    type: z.literal("stage-skip"),
    ...at,
    stage: stageNameSchema,
    seconds: z.number().optional(),
    records: z.number().int().optional(),
    from: z.string().optional(),
  }),
  z.object({
    type: z.literal("stage-end"),
    ...at,
    stage: stageNameSchema,
    seconds: z.number(),
    records: z.number().int(),
  }),
  /** done of total units ("replies", "steps"); note: what is worth showing beside the bar, e.g. "loss 0.31". */
  z.object({
    type: z.literal("stage-progress"),
    ...at,
    stage: stageNameSchema,
    done: z.number(),
    total: z.number(),
    unit: z.string(),
    note: z.string().optional(),
  }),
  /**
   * What a piece of a stage's work asked of models. repeats: calls made again; money: dollars, where prices are given;
   * counts: other things worth counting, by name. ledger: calls, tokens and money are in the run's account
   * (calls/ledger.jsonl), too, which has those that were on their way when the run was killed and holds in all sums; tokens
   * and money are then those of calls without an answer, too.
   * ended: keys of requests to endpoints whose answers, counted here, are not whole; the run counts them no other time.
   */
  z.object({
    type: z.literal("stage-usage"),
    ...at,
    stage: stageNameSchema,
    calls: z.number().int(),
    promptTokens: z.number().int(),
    completionTokens: z.number().int(),
    repeats: z.number().int(),
    money: z.number().optional(),
    ledger: z.literal(true).optional(),
    counts: z.record(z.string(), z.number().int()),
    ended: z.array(z.string()).optional(),
  }),
  /** Something a person wants to know that is no trouble: where a server listens. */
  z.object({ type: z.literal("notice"), ...at, text: z.string() }),
  /** Something a person should see that does not stop the run: a guard rail, a dropped line, a skipped row. */
  z.object({
    type: z.literal("warning"),
    ...at,
    stage: stageNameSchema.optional(),
    code: z.string(),
    text: z.string(),
  }),
]);
export type RunEvent = z.infer<typeof eventSchema>;
