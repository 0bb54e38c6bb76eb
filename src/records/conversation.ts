// Messages, prompts and replies: the shapes that models answer and that every stage passes on.
// Chat messages have the shape of OpenAI-style endpoints.

import { z } from "zod";
import { modelIdSchema, promptIdSchema, replyIdSchema } from "./ids.ts";
import { recordFields } from "./record.ts";

export const messageSchema = z.object({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string(),
});
export type Message = z.infer<typeof messageSchema>;

/**
 * What a prompt is there to show. harmful: a good reply does not comply; harmless: a good reply helps;
 * lookalike: sounds harmful, is not, so a good reply helps. Unknown kinds are left out.
 */
export const promptKinds = ["harmful", "harmless", "lookalike"] as const;
export const promptKindSchema = z.enum(promptKinds);
export type PromptKind = z.infer<typeof promptKindSchema>;

/**
 * One prompt of a run. areaDescription: what belongs to its area, where the set says it ("": nothing beyond its name). split:
 * train prompts feed the pipeline, test prompts only the evaluation.
 */
export const promptRecordSchema = z.object({
  ...recordFields,
  id: promptIdSchema,
  messages: z.array(messageSchema).min(1),
  kind: promptKindSchema.optional(),
  area: z.string().optional(),
  areaDescription: z.string().optional(),
  split: z.enum(["train", "test"]),
});
export type PromptRecord = z.infer<typeof promptRecordSchema>;

/**
 * How a reply ended. stop: complete; length: cut by the token limit, maybe before it said anything; refusal: the provider
 * (not the model's text) declined; overflow: the conversation does not fit the model's context; rejected: the server
 * would not or could not answer this request, while it answered others; empty: nothing came. Only `stop` and `length`
 * carry text worth judging.
 */
export const finishes = ["stop", "length", "refusal", "overflow", "rejected", "empty"] as const;
export const finishSchema = z.enum(finishes);
export type Finish = z.infer<typeof finishSchema>;

/**
 * Tokens of a call. cachedTokens: those of the prompt that the provider had read before, where it tells them. estimated:
 * the provider told no counts, and these are made of the texts' lengths.
 */
export const usageSchema = z.object({
  promptTokens: z.number().int(),
  completionTokens: z.number().int(),
  cachedTokens: z.number().int().optional(),
  estimated: z.literal(true).optional(),
});
export type Usage = z.infer<typeof usageSchema>;

/** What cleaning took out of a text, and by which rule (feedback/cleaning.ts). */
export const cutSchema = z.object({ rule: z.string(), text: z.string() });

/**
 * Names of other models than the one that was asked, under which its server gave the answers that a record is made of: each
 * once, sorted. A record has none where all came from the model that it names.
 */
export const answeredBySchema = z.array(z.string()).min(1);

/**
 * A model's reply to a prompt of the run. parents: [prompt id]. answeredBy: the other model that gave it. cuts: where
 * cleaning took something out of it.
 */
export const replyRecordSchema = z.object({
  ...recordFields,
  id: replyIdSchema,
  prompt: promptIdSchema,
  model: modelIdSchema,
  answeredBy: answeredBySchema.optional(),
  text: z.string(),
  finish: finishSchema,
  cuts: z.array(cutSchema).optional(),
});
export type ReplyRecord = z.infer<typeof replyRecordSchema>;
