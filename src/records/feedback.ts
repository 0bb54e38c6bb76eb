// What critique, revision and labelling write: one chain per prompt, one label per comparison.
// Every intermediate text is kept, so that a report can show how a reply came about.

import { z } from "zod";
import {
  answeredBySchema,
  cutSchema,
  finishes,
  finishSchema,
  messageSchema,
  usageSchema,
} from "./conversation.ts";
import { labelIdSchema, modelIdSchema, principleIdSchema, promptIdSchema } from "./ids.ts";
import { recordFields } from "./record.ts";

/**
 * How a round ended: as its replies did, or "critique": the model wrote a critique where it was asked to revise, so there is
 * no revision.
 */
export const stepFinishes = [...finishes, "critique"] as const;
export const stepFinishSchema = z.enum(stepFinishes);
export type StepFinish = z.infer<typeof stepFinishSchema>;

/**
 * One round: the principle drawn, what was asked, what the model said. `revision` is the reply after the round. rejected:
 * what a further round wrote and was turned down, so that the reply stayed: the check of all principles was against it, or
 * it is the reply itself once more. cuts: what cleaning took out of critique and revision, where it took something; a
 * critique in the place of a revision as a whole.
 * answeredBy: other models that gave critique or revision.
 */
export const revisionStepSchema = z.object({
  round: z.number().int().positive(),
  principle: principleIdSchema,
  critiqueRequest: z.string(),
  critique: z.string(),
  revisionRequest: z.string(),
  revision: z.string(),
  finish: stepFinishSchema,
  rejected: z.string().optional(),
  answeredBy: answeredBySchema.optional(),
  cuts: z.object({ critique: z.array(cutSchema), revision: z.array(cutSchema) }).optional(),
});
export type RevisionStep = z.infer<typeof revisionStepSchema>;

/**
 * Why there is no label, no vote or no verdict. reply-missing: one of the two replies did not come; reply-cut: one of
 * them was cut by the token limit, so that nobody knows what it would have said; overflow: the comparison does not fit
 * the judge's context; rejected: the judge's server would not or could not answer this one question; refusal: the judge
 * or its provider declined; no-choice: the judge named no letter; neither, both: it spoke for none of the two replies,
 * or for both; empty: it said nothing; cut: it was cut by the token limit before it came to a verdict.
 */
export const unscoredReasons = [
  "reply-missing",
  "reply-cut",
  "overflow",
  "rejected",
  "refusal",
  "no-choice",
  "neither",
  "both",
  "empty",
  "cut",
] as const;
export const unscoredReasonSchema = z.enum(unscoredReasons);
export type UnscoredReason = z.infer<typeof unscoredReasonSchema>;

/**
 * Whether a reply is as a principle wants it. kept: P(it is), the mean of both orders of the question, where the model
 * gives probabilities; unknown: the model gave no answer that can be read (reason: why), or another one with the options
 * exchanged, which is never a pass. answeredBy: other models that answered the question.
 */
export const principleVerdictSchema = z.object({
  principle: principleIdSchema,
  verdict: z.enum(["kept", "violated", "unknown"]),
  kept: z.number().min(0).max(1).optional(),
  reason: unscoredReasonSchema.optional(),
  answeredBy: answeredBySchema.optional(),
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
  prompt: promptIdSchema,
  messages: z.array(messageSchema),
  answer: z.string(),
  steps: z.array(revisionStepSchema),
  checks: z.array(principleCheckSchema).optional(),
  failing: z.array(principleIdSchema).optional(),
});
export type RevisionRecord = z.infer<typeof revisionRecordSchema>;

/**
 * How a comparison ended. judged: both orders gave probabilities; identical: both replies were the same text, so
 * nobody was asked; unscored: there is no label, for a reason.
 */
export const labelStateSchema = z.enum(["judged", "identical", "unscored"]);

/**
 * How a judge is asked. choice: log-probabilities of the two letters; reasoning: the same after a chain of thought;
 * votes: letters that the judge writes, counted.
 */
export const labelMethods = ["choice", "reasoning", "votes"] as const;
export const labelMethodSchema = z.enum(labelMethods);
export type LabelMethod = z.infer<typeof labelMethodSchema>;

const probability = z.number().min(0).max(1);

/** Lowest and highest probability that a reading may state; symmetric round one half. */
export const clampSchema = z.tuple([probability, probability]);
export type Clamp = z.infer<typeof clampSchema>;

/** Votes in one order: for reply 0, for reply 1, and what was said instead of a vote, counted by its reason. */
export const votesSchema = z.object({
  replies: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
  lost: z.partialRecord(unscoredReasonSchema, z.number().int().positive()),
});
export type Votes = z.infer<typeof votesSchema>;

/**
 * One chain of thought. probability: P(reply 0 is better) as read after it, before any clamp; null: there is no verdict,
 * for a reason.
 */
export const reasoningChainSchema = z.object({
  text: z.string(),
  finish: finishSchema,
  probability: probability.nullable(),
  reason: unscoredReasonSchema.optional(),
});
export type ReasoningChain = z.infer<typeof reasoningChainSchema>;

/**
 * What the judge said by one principle. orders: as in the label, but before any clamp; null: unscored, for a reason.
 * votes, chains: of both orders, where there are any.
 */
export const judgementSchema = z.object({
  principle: principleIdSchema,
  orders: z.tuple([probability, probability]).nullable(),
  reason: unscoredReasonSchema.optional(),
  votes: z.tuple([votesSchema, votesSchema]).optional(),
  chains: z.tuple([z.array(reasoningChainSchema), z.array(reasoningChainSchema)]).optional(),
});
export type Judgement = z.infer<typeof judgementSchema>;

/**
 * One comparison. probability: P(reply 0 is better), the mean over both orders; orders: that probability with reply 0
 * shown first as (A), then second as (B); flipped: the two orders prefer different replies; reason: why it is unscored.
 * parents: [prompt id, reply ids]. What is left out was as usual: method "choice" in our own form without a clamp, by
 * one principle. judgements: what the label is made of, one a principle, where it is more than one reading in each
 * order. correct: which reply is known to be better. answeredBy: other models that answered calls
 * of the judge. usage: tokens of these calls; money: what they cost in dollars, where prices are given.
 */
export const labelRecordSchema = z.object({
  ...recordFields,
  id: labelIdSchema,
  prompt: promptIdSchema,
  messages: z.array(messageSchema),
  replies: z.tuple([z.string(), z.string()]),
  principle: principleIdSchema,
  judge: modelIdSchema,
  answeredBy: answeredBySchema.optional(),
  state: labelStateSchema,
  reason: unscoredReasonSchema.optional(),
  probability: probability.nullable(),
  orders: z.tuple([z.number(), z.number()]).nullable(),
  flipped: z.boolean().nullable(),
  method: labelMethodSchema.optional(),
  form: z.literal("paper").optional(),
  clamp: clampSchema.optional(),
  judgements: z.array(judgementSchema).min(1).optional(),
  correct: z.union([z.literal(0), z.literal(1)]).optional(),
  usage: usageSchema.optional(),
  money: z.number().nonnegative().optional(),
});
export type LabelRecord = z.infer<typeof labelRecordSchema>;
