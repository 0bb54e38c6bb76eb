// What critique, revision and labelling write: one chain per prompt, one label per comparison.
// Every intermediate text is kept, so that a report can show how a reply came about.

import { z } from "zod";
import { cutSchema, finishSchema, messageSchema } from "./conversation.ts";
import { recordFields } from "./record.ts";

/**
 * One round: the principle drawn, what was asked, what the model said. `revision` is the reply after the round. rejected:
 * what a further round wrote and the check of all principles turned down, so that the reply stayed. cuts: what cleaning
 * took out of critique and revision, where it took something.
 */
export const revisionStepSchema = z.object({
  round: z.number().int().positive(),
  principle: z.string(),
  critiqueRequest: z.string(),
  critique: z.string(),
  revisionRequest: z.string(),
  revision: z.string(),
  finish: finishSchema,
  rejected: z.string().optional(),
  cuts: z.object({ critique: z.array(cutSchema), revision: z.array(cutSchema) }).optional(),
});
export type RevisionStep = z.infer<typeof revisionStepSchema>;

/**
 * Whether a reply is as a principle wants it. kept: P(it is), the mean of both orders of the question, where the model
 * gives probabilities; unknown: the model gave no answer that can be read, which is never a pass.
 */
export const principleVerdictSchema = z.object({
  principle: z.string(),
  verdict: z.enum(["kept", "violated", "unknown"]),
  kept: z.number().min(0).max(1).optional(),
});
export type PrincipleVerdict = z.infer<typeof principleVerdictSchema>;

/** The test of a reply against every principle. round: the round whose revision was tested. */
export const principleCheckSchema = z.object({
  round: z.number().int().positive(),
  verdicts: z.array(principleVerdictSchema),
});
export type PrincipleCheck = z.infer<typeof principleCheckSchema>;

/**
 * Answer and its n rounds of critique and revision. parents: [prompt id, answer id]. checks: where the reply was tested
 * against every principle, each test in order; failing: the principles that the last reply is not known to keep.
 */
export const revisionRecordSchema = z.object({
  ...recordFields,
  prompt: z.string(),
  messages: z.array(messageSchema),
  answer: z.string(),
  steps: z.array(revisionStepSchema),
  checks: z.array(principleCheckSchema).optional(),
  failing: z.array(z.string()).optional(),
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
