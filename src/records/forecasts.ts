// What a model that plays voters was told of each and said of held-out votes: who was played by which votes, the description
// that was made of them where one was, and the chances of every held-out vote. Votes are named, not numbered.

import { z } from "zod";
import { finishSchema, messageSchema } from "./conversation.ts";
import { missingReasonSchema } from "./episodes.ts";
import { groupIdSchema, modelIdSchema, statementIdSchema, voterIdSchema } from "./ids.ts";
import { recordFields } from "./record.ts";

export const voteKinds = ["agree", "disagree", "pass"] as const;
export const voteKindSchema = z.enum(voteKinds);
export type VoteKind = z.infer<typeof voteKindSchema>;

/** A voter who is played. group: opinion group, null for none; shown: votes that the model is told; heldOut: statements it is asked about. */
export const voterRecordSchema = z.object({
  ...recordFields,
  voter: voterIdSchema,
  group: groupIdSchema.nullable(),
  shown: z.array(z.object({ statement: statementIdSchema, vote: voteKindSchema })).min(1),
  heldOut: z.array(statementIdSchema).min(1),
});
export type VoterRecord = z.infer<typeof voterRecordSchema>;

/** What a model wrote of a voter. persona: null where it cannot be used, for a reason. parents: [voter]. */
export const voterPersonaRecordSchema = z.object({
  ...recordFields,
  voter: voterIdSchema,
  model: modelIdSchema,
  messages: z.array(messageSchema),
  text: z.string(),
  finish: finishSchema,
  persona: z.string().nullable(),
  reason: missingReasonSchema.optional(),
});
export type VoterPersonaRecord = z.infer<typeof voterPersonaRecordSchema>;

const chance = z.number().min(0).max(1);
export const voteForecastSchema = z.object({ agree: chance, disagree: chance, pass: chance });

/** How a vote was asked for. choice: log-probabilities of three letters; answer: letters that the model writes. */
export const forecastMethods = ["choice", "answer"] as const;

/**
 * What a model said of a held-out vote. vote: what the voter said; messages: the question with the options in the first of
 * its orders, none where nobody was asked; orders: the chances in each order, null where it could not be read; forecast: their mean,
 * null where one of them is missing, for a reason; said: what was written, by order; bounded: a letter was only known to be
 * below a bound. parents: [voter], and the persona where one was made.
 */
export const forecastRecordSchema = z.object({
  ...recordFields,
  voter: voterIdSchema,
  statement: statementIdSchema,
  vote: voteKindSchema,
  model: modelIdSchema,
  method: z.enum(forecastMethods),
  messages: z.array(messageSchema),
  orders: z.array(z.object({ shown: z.array(voteKindSchema), chances: voteForecastSchema.nullable() })),
  forecast: voteForecastSchema.nullable(),
  reason: missingReasonSchema.optional(),
  said: z.array(z.array(z.string())).optional(),
  bounded: z.literal(true).optional(),
});
export type ForecastRecord = z.infer<typeof forecastRecordSchema>;
