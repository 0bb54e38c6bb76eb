// Training rows (TRL's shapes, prompts as messages) and the metrics of a step.
// What makes tokens of them is training/rows.ts.

import { z } from "zod";
import { messageSchema } from "./conversation.ts";
import { recordFields } from "./record.ts";

/** Supervised row: the completion is learned, the prompt is context. */
export const sftRowSchema = z.object({
  ...recordFields,
  prompt: z.array(messageSchema).min(1),
  completion: z.string(),
});
export type SftRow = z.infer<typeof sftRowSchema>;

/** Preference row; probability: P(chosen is better), 0.5-1, the soft label of the pair. */
export const preferenceRowSchema = z.object({
  ...recordFields,
  prompt: z.array(messageSchema).min(1),
  chosen: z.string(),
  rejected: z.string(),
  probability: z.number().min(0).max(1),
});
export type PreferenceRow = z.infer<typeof preferenceRowSchema>;

/** Metrics of one optimiser step; names as in TRL (loss, learning_rate, objective/kl, rewards/margins, ...). */
export const stepRecordSchema = z.object({
  ...recordFields,
  step: z.number().int().nonnegative(),
  metrics: z.record(z.string(), z.number()),
});
export type StepRecord = z.infer<typeof stepRecordSchema>;
