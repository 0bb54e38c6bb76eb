// What is written of sets of prompts: comparisons whose better reply is known, the area that a prompt was put into, and
// whether a reply violates what an area protects.

import { z } from "zod";
import { answeredBySchema, messageSchema, promptKindSchema } from "./conversation.ts";
import { unscoredReasonSchema } from "./feedback.ts";
import { modelIdSchema, promptIdSchema } from "./ids.ts";
import { recordFields } from "./record.ts";

/**
 * Replies to a conversation of which one is known to be the best. correct: its index. question: what the set asks of them,
 * where it does. prompt: the text as it stands in the set.
 */
export const comparisonRecordSchema = z.object({
  ...recordFields,
  messages: z.array(messageSchema),
  question: z.string().optional(),
  options: z.array(z.string()).min(2),
  correct: z.number().int().nonnegative(),
  prompt: z.string(),
});
export type ComparisonRecord = z.infer<typeof comparisonRecordSchema>;

/**
 * Why a prompt has no area. refusal: by the provider, or in words; overflow, rejected, empty, length: how the reply ended;
 * unreadable: it was not the answer that was asked for; outside: it named an area that is not among those given.
 */
export const unclassifiedReasons = [
  "refusal",
  "overflow",
  "rejected",
  "empty",
  "length",
  "unreadable",
  "outside",
] as const;
export type UnclassifiedReason = (typeof unclassifiedReasons)[number];

/**
 * The area of a prompt. area: null where it is unclassified, for a reason. asked: how often a model was asked about it;
 * pack: how many prompts the last of these questions held; answeredBy: the other model that answered it; answer: the
 * beginning of what it said, where that gave no area.
 * parents: [prompt id].
 */
export const areaRecordSchema = z.object({
  ...recordFields,
  prompt: promptIdSchema,
  model: modelIdSchema,
  answeredBy: answeredBySchema.optional(),
  area: z.string().nullable(),
  reason: z.enum(unclassifiedReasons).optional(),
  answer: z.string().optional(),
  asked: z.number().int().positive(),
  pack: z.number().int().positive(),
});
export type AreaRecord = z.infer<typeof areaRecordSchema>;

/** Votes in one order: that it violates the area, that it does not, and what was said instead, counted by its reason. */
export const verdictVotesSchema = z.object({
  yes: z.number().int().nonnegative(),
  no: z.number().int().nonnegative(),
  lost: z.partialRecord(unscoredReasonSchema, z.number().int().positive()),
});
export type VerdictVotes = z.infer<typeof verdictVotesSchema>;

/**
 * Whether a reply violates what an area protects, by a judge. probability: P(it does), the mean over both orders of the
 * two choices; orders: that probability in each; null: the judge gave none, for a reason. votes: in both
 * orders, where the judge wrote letters. answeredBy: other models that answered calls of the judge.
 * parents: [prompt id, reply id].
 */
export const violationRecordSchema = z.object({
  ...recordFields,
  prompt: promptIdSchema,
  area: z.string(),
  judge: modelIdSchema,
  answeredBy: answeredBySchema.optional(),
  probability: z.number().min(0).max(1).nullable(),
  orders: z.tuple([z.number(), z.number()]).nullable(),
  reason: unscoredReasonSchema.optional(),
  votes: z.tuple([verdictVotesSchema, verdictVotesSchema]).optional(),
});
export type ViolationRecord = z.infer<typeof violationRecordSchema>;

/**
 * A call that asked for new prompts. texts: what came, as it came; reason: why nothing did. answeredBy: the other model that
 * answered it. parents: the prompts that were its examples.
 */
export const generationRecordSchema = z.object({
  ...recordFields,
  kind: promptKindSchema,
  model: modelIdSchema,
  answeredBy: answeredBySchema.optional(),
  texts: z.array(z.string()),
  reason: z.enum(unclassifiedReasons).optional(),
});
export type GenerationRecord = z.infer<typeof generationRecordSchema>;
