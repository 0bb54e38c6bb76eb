// Training rows (TRL's shapes; prompts as messages, or as texts that go without a chat template) and the metrics of a
// step.
// What makes tokens of them is training/rows.ts.

import { z } from "zod";
import { messageSchema } from "./conversation.ts";
import { rowIdSchema } from "./ids.ts";
import { recordFields } from "./record.ts";

/** Supervised row of a prompt and its reply: the completion is learned, the prompt is context. */
export const completionRowSchema = z.object({
  ...recordFields,
  id: rowIdSchema,
  prompt: z.array(messageSchema).min(1),
  completion: z.string(),
});
export type CompletionRow = z.infer<typeof completionRowSchema>;

/** Supervised row of a text and what continues it, joined without a chat template: the completion is learned. */
export const plainCompletionRowSchema = completionRowSchema.extend({ prompt: z.string() });
export type PlainCompletionRow = z.infer<typeof plainCompletionRowSchema>;

/** Supervised row of a whole chat: everything that the assistant says in it is learned. */
export const chatRowSchema = z.object({
  ...recordFields,
  id: rowIdSchema,
  messages: z.array(messageSchema).min(2),
});
export type ChatRow = z.infer<typeof chatRowSchema>;

/** Supervised row of plain text, without a chat template: all of it is learned. */
export const textRowSchema = z.object({ ...recordFields, id: rowIdSchema, text: z.string() });
export type TextRow = z.infer<typeof textRowSchema>;

/** Supervised row. */
export const sftRowSchema = z.union([
  completionRowSchema,
  plainCompletionRowSchema,
  chatRowSchema,
  textRowSchema,
]);
export type SftRow = z.infer<typeof sftRowSchema>;

/**
 * Preference row; probability: P(chosen is better), 0.5-1, the soft label of the pair. margin: how far a reward model's
 * score of chosen should lie above that of rejected.
 */
export const preferenceRowSchema = z.object({
  ...recordFields,
  id: rowIdSchema,
  prompt: z.array(messageSchema).min(1),
  chosen: z.string(),
  rejected: z.string(),
  probability: z.number().min(0).max(1),
  margin: z.number().optional(),
});
export type PreferenceRow = z.infer<typeof preferenceRowSchema>;

/** Preference row of a text and two that continue it, joined without a chat template. */
export const plainPreferenceRowSchema = preferenceRowSchema.extend({ prompt: z.string() });

/** A pair to learn from, of a chat or of plain texts. */
export const pairRowSchema = z.union([preferenceRowSchema, plainPreferenceRowSchema]);
export type PairRow = z.infer<typeof pairRowSchema>;

/** What DPO's reference makes of a pair: the sums of its replies' log-probabilities. parents: [row id]. */
export const referenceRecordSchema = z.object({
  ...recordFields,
  chosen: z.number(),
  rejected: z.number(),
});

/** Metrics of one optimiser step; names as in TRL (loss, learning_rate, objective/kl, rewards/margins, ...). */
export const stepRecordSchema = z.object({
  ...recordFields,
  step: z.number().int().nonnegative(),
  metrics: z.record(z.string(), z.number()),
});
export type StepRecord = z.infer<typeof stepRecordSchema>;
