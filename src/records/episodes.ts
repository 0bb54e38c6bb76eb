// What simulated users and assistants said to each other, how drafts were rated, and the constitutions that a model made of
// it. A draft is one answer of an assistant in a talk; a user rates drafts of own talks with a comment, others' without.

import { z } from "zod";
import { constitutionSchema } from "./constitution.ts";
import { finishSchema } from "./conversation.ts";
import {
  assistantIdSchema,
  draftIdSchema,
  modelIdSchema,
  personaIdSchema,
  principleIdSchema,
  talkIdSchema,
  taskIdSchema,
  userIdSchema,
} from "./ids.ts";
import { recordFields } from "./record.ts";

const place = { run: z.number().int().positive(), turn: z.number().int().positive(), talk: talkIdSchema };

/** A draft. talk: which two seats talk; user, assistant: their ids. parents: what the assistant had been shown. */
export const draftRecordSchema = z.object({
  ...recordFields,
  ...place,
  id: draftIdSchema,
  user: userIdSchema,
  assistant: assistantIdSchema,
  task: taskIdSchema,
  model: modelIdSchema,
  text: z.string(),
  finish: finishSchema,
});
export type DraftRecord = z.infer<typeof draftRecordSchema>;

/**
 * Why there is no rating. not-given: the reply has none; unreadable: it is no number; out-of-range; contradictory: several
 * that differ; cut: the reply ran into its limit first; reply-missing: there was no draft, so nobody was asked. The others
 * are ends of the user's reply.
 */
export const missingReasons = [
  "not-given",
  "unreadable",
  "out-of-range",
  "contradictory",
  "cut",
  "reply-missing",
  "refusal",
  "overflow",
  "rejected",
  "empty",
] as const;
export const missingReasonSchema = z.enum(missingReasons);
export type MissingReason = z.infer<typeof missingReasonSchema>;

/**
 * A draft rated by a user. user: who rates; of: "own" where the draft is of a talk of theirs. ratings: by metric, null
 * where missing, with the reason in missing. feedback: the comment, "" where there is none. reason: "reply-missing" where
 * nobody was asked; else text and finish are of the reply.
 */
export const ratingRecordSchema = z.object({
  ...recordFields,
  ...place,
  of: z.enum(["own", "others"]),
  user: userIdSchema,
  persona: personaIdSchema,
  draft: draftIdSchema,
  model: modelIdSchema,
  ratings: z.record(z.string(), z.number().nullable()),
  missing: z.record(z.string(), missingReasonSchema).optional(),
  feedback: z.string(),
  text: z.string(),
  finish: finishSchema.optional(),
  reason: z.literal("reply-missing").optional(),
});
export type RatingRecord = z.infer<typeof ratingRecordSchema>;

/**
 * What the meta-model wrote after a run. part: from 1, where it is asked about the comments in several parts. numbers: the
 * ids of the comments that it was shown, the first as number 1. problem: why the text is not to be used; the model is then
 * asked again. missing: that it was asked for so many more principles than earlier replies have. Where the meta-prompt sorts
 * comments (the brief wording's, but for critique), the model wrote no such text: a rule made it of the answers in stances.jsonl, a line a comment ("1. new", "2. [1] against", "3. A for", "4. nothing"), and
 * nothing is asked again where no principle follows from it.
 */
export const metaRecordSchema = z.object({
  ...recordFields,
  run: z.number().int().positive(),
  part: z.number().int().positive().optional(),
  attempt: z.number().int().positive(),
  prompt: z.string(),
  model: modelIdSchema,
  text: z.string(),
  finish: finishSchema,
  critique: z.string().optional(),
  problem: z.string().optional(),
  missing: z.number().int().positive().optional(),
  numbers: z.array(z.string()),
});
export type MetaRecord = z.infer<typeof metaRecordSchema>;

/** Answers of demands, and of stances. */
export const demandAnswers = ["yes", "no"] as const;
export const stanceAnswers = ["for", "against", "neither"] as const;

/**
 * One short question to the meta-model after a run, where the meta-prompt sorts comments. demand: whether a comment asks for a
 * change; stance: whether it is for another text or against it. comment: the id of the rating that it is the feedback of. Of a
 * stance the other text is what stands by a letter (standing; principles, sentences of a message, then clauses, as the lines of
 * meta.jsonl have them), or an earlier comment (earlier; its rating's id). answer: as it was read; problem: why it could not
 * be, and the model is asked again, up to so many attempts, where another seed may help (stop, length, empty); then it counts as
 * "no" or "neither".
 */
export const stanceRecordSchema = z.object({
  ...recordFields,
  run: z.number().int().positive(),
  part: z.number().int().positive().optional(),
  kind: z.enum(["demand", "stance"]),
  comment: z.string(),
  standing: z.string().optional(),
  earlier: z.string().optional(),
  attempt: z.number().int().positive(),
  model: modelIdSchema,
  text: z.string(),
  finish: finishSchema,
  answer: z.enum([...demandAnswers, ...stanceAnswers]).optional(),
  problem: z.string().optional(),
});
export type StanceRecord = z.infer<typeof stanceRecordSchema>;

/** A principle that came, went or was worded anew between two runs. */
const changeSchema = z.object({
  id: principleIdSchema,
  state: z.enum(["changed", "added", "removed"]),
  before: z.string().nullable(),
  after: z.string().nullable(),
});

/** How many principles for everybody there are of an exact number that is wanted, and why. */
const countSchema = z.object({
  wanted: z.number().int().positive(),
  came: z.number().int().nonnegative(),
  why: z.string(),
});
export type PrincipleCount = z.infer<typeof countSchema>;

/**
 * A constitution after a run. part: "constitution" holds for everybody, "contract" for the users that a clause names.
 * state: learned in this run, kept because nothing readable came, or dropped: nothing of it is left after this run, and
 * the document is what went. similarity: of its text to that of the run before, 0 to 1; null where there was none.
 * count: only where an exact number of principles is wanted, and something was left out or is missing.
 */
export const learnedRecordSchema = z.object({
  ...recordFields,
  run: z.number().int().positive(),
  part: z.enum(["constitution", "contract"]),
  state: z.enum(["learned", "kept", "dropped"]),
  document: constitutionSchema,
  similarity: z.number().nullable(),
  changes: z.array(changeSchema),
  count: countSchema.optional(),
});
export type LearnedRecord = z.infer<typeof learnedRecordSchema>;

/**
 * An answer to a held-out request under a constitution, and how content people truly are with it. constitution: its name;
 * principles: what it says, as the model was shown; satisfaction: by user, of a reply that is for one user by that one, 0 to
 * 10, told by the sandbox's oracle, which measures and is never asked before; null for a reply that is no answer (a refusal by the provider, an empty one), which
 * counts in no figure.
 */
export const satisfactionRecordSchema = z.object({
  ...recordFields,
  constitution: z.string(),
  principles: z.array(z.string()),
  question: z.string(),
  model: modelIdSchema,
  text: z.string(),
  finish: finishSchema,
  satisfaction: z.record(z.string(), z.number()).nullable(),
});
export type SatisfactionRecord = z.infer<typeof satisfactionRecordSchema>;
