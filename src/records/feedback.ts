// What critique, revision and labelling write: one chain per prompt, one label per comparison.
// Every intermediate text is kept, so that a report can show how a reply came about.

import { z } from "zod";
import { finishSchema, messageSchema } from "./conversation.ts";
import { recordFields } from "./record.ts";

/** One round: the principle drawn, what was asked, what the model said. `revision` is the reply after the round. */
export const revisionStepSchema = z.object({
  round: z.number().int().positive(),
  principle: z.string(),
  critiqueRequest: z.string(),
  critique: z.string(),
  revisionRequest: z.string(),
  revision: z.string(),
  finish: finishSchema,
});
export type RevisionStep = z.infer<typeof revisionStepSchema>;

/** Answer and its n rounds of critique and revision. parents: [prompt id, answer id]. */
export const revisionRecordSchema = z.object({
  ...recordFields,
  prompt: z.string(),
  messages: z.array(messageSchema),
  answer: z.string(),
  steps: z.array(revisionStepSchema),
});
export type RevisionRecord = z.infer<typeof revisionRecordSchema>;

/**
 * How a comparison ended. judged: both orders gave probabilities; identical: both replies were the same text, so
 * nobody was asked; unscored: there is no label, for a reason.
 */
export const labelStateSchema = z.enum(["judged", "identical", "unscored"]);

/**
 * Why a comparison is unscored. reply-missing: one of the two replies did not come; overflow: the comparison does not
 * fit the judge's context; refusal: the judge's provider declined; no-choice: the judge named neither (A) nor (B).
 */
export const unscoredReasons = ["reply-missing", "overflow", "refusal", "no-choice"] as const;
export const unscoredReasonSchema = z.enum(unscoredReasons);
export type UnscoredReason = z.infer<typeof unscoredReasonSchema>;

/**
 * One comparison by one principle. probability: P(reply 0 is better), the mean over both orders; orders: that
 * probability with reply 0 shown first as (A), then second as (B); flipped: the two orders prefer different
 * replies; reason: why it is unscored. parents: [prompt id, reply ids].
 */
export const labelRecordSchema = z.object({
  ...recordFields,
  prompt: z.string(),
  messages: z.array(messageSchema),
  replies: z.tuple([z.string(), z.string()]),
  principle: z.string(),
  judge: z.string(),
  state: labelStateSchema,
  reason: unscoredReasonSchema.optional(),
  probability: z.number().min(0).max(1).nullable(),
  orders: z.tuple([z.number(), z.number()]).nullable(),
  flipped: z.boolean().nullable(),
});
export type LabelRecord = z.infer<typeof labelRecordSchema>;
