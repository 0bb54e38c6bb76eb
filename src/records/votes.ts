// How people decided on principles: what they proposed, what stood for choice, how much who supported what, what a mediator
// drafted from what they said, and what each rule chose. Support is a number from 0 to 10, or missing with a reason.

import { z } from "zod";
import { constitutionSchema } from "./constitution.ts";
import { finishSchema } from "./conversation.ts";
import { missingReasonSchema } from "./episodes.ts";
import { candidateIdSchema, modelIdSchema, personaIdSchema, userIdSchema } from "./ids.ts";
import { recordFields } from "./record.ts";

/** A user's proposal, the first as number 1. statement: null where the reply holds none, with the problem. */
export const proposalRecordSchema = z.object({
  ...recordFields,
  user: userIdSchema,
  persona: personaIdSchema,
  number: z.number().int().positive(),
  model: modelIdSchema,
  text: z.string(),
  finish: finishSchema,
  statement: z.string().nullable(),
  problem: z.string().optional(),
});
export type ProposalRecord = z.infer<typeof proposalRecordSchema>;

/**
 * What stands for choice: one principle, or the principles of a document. candidate: its name in the vote; said: how those
 * who proposed it put it, once for each proposal; source: where it comes from if nobody here proposed it.
 */
export const candidateRecordSchema = z.object({
  ...recordFields,
  candidate: candidateIdSchema,
  statements: z.array(z.string()).min(1),
  said: z.array(z.object({ record: z.string(), speaker: userIdSchema, said: z.string() })),
  source: z.string().optional(),
});
export type CandidateRecord = z.infer<typeof candidateRecordSchema>;

/**
 * How much a user supports a candidate: null where that is missing. comment: "" where there is none. supportBy: who told the
 * support where the model only commented.
 */
export const supportRecordSchema = z.object({
  ...recordFields,
  user: userIdSchema,
  persona: personaIdSchema,
  candidate: candidateIdSchema,
  model: modelIdSchema,
  support: z.number().nullable(),
  supportBy: modelIdSchema.optional(),
  missing: missingReasonSchema.optional(),
  comment: z.string(),
  text: z.string(),
  finish: finishSchema,
});
export type SupportRecord = z.infer<typeof supportRecordSchema>;

/**
 * What the mediator wrote for one draft. part: of what was said, where it was shown in parts; numbers: the ids of the
 * records shown, the first as number 1. problem: why the text is not to be used; the mediator is then asked again. cut: the
 * principles that it wrote beyond as many as a draft may have, which were left out.
 */
export const mediationRecordSchema = z.object({
  ...recordFields,
  draft: z.string(),
  part: z.number().int().positive(),
  attempt: z.number().int().positive(),
  model: modelIdSchema,
  text: z.string(),
  finish: finishSchema,
  critique: z.string().optional(),
  problem: z.string().optional(),
  cut: z.array(z.string()).optional(),
  numbers: z.array(z.string()),
});
export type MediationRecord = z.infer<typeof mediationRecordSchema>;

const voterUtility = z.object({ voter: userIdSchema, utility: z.number() });

/** How a chosen set serves those who voted, on the scale of support. */
export const welfareSchema = z.object({
  users: z.array(voterUtility),
  utilitarian: z.number(),
  rawlsian: z.number(),
  nash: z.number().nullable(),
  worstOff: z.array(userIdSchema),
});

/**
 * What a rule came to. ranking: all candidates with the rule's score; lots: candidates that only the seed told apart;
 * leftOut: users who approve something, but nothing that was chosen; silent: users who approve nothing; problem: why the
 * rule could not choose, in which case nothing else is told.
 */
export const choiceRecordSchema = z.object({
  ...recordFields,
  rule: z.string(),
  decides: z.boolean(),
  chosen: z.array(candidateIdSchema),
  ranking: z.array(z.object({ candidate: candidateIdSchema, score: z.number() })),
  lots: z.array(z.array(candidateIdSchema)),
  welfare: welfareSchema.nullable(),
  leftOut: z.array(userIdSchema),
  silent: z.array(userIdSchema),
  problem: z.string().optional(),
});
export type ChoiceRecord = z.infer<typeof choiceRecordSchema>;

/** The document that a vote, or a round of it, came to. */
export const decidedRecordSchema = z.object({
  ...recordFields,
  candidate: candidateIdSchema,
  document: constitutionSchema,
});
export type DecidedRecord = z.infer<typeof decidedRecordSchema>;
