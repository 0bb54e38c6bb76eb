// The kinds of ids in records and documents, each with its schema. How an id is made and what it looks like is known to
// those who make it; here is what it names.

import { z } from "zod";
import type { Id } from "../core/portable.ts";

/** What an id can name. */
export type IdKind =
  | "arm"
  | "assistant"
  | "candidate"
  | "draft"
  | "evaluated model"
  | "group"
  | "label"
  | "model"
  | "persona"
  | "principle"
  | "prompt"
  | "reply"
  | "row"
  | "stage"
  | "statement"
  | "talk"
  | "task"
  | "user"
  | "voter";

/** The schema of ids of a kind: any text but an empty one, or what `text` allows where the id is given. */
export const idSchema = <Kind extends IdKind>(
  text: z.ZodType<string, string> = z.string().min(1),
): z.ZodType<Id<Kind>, Id<Kind>> => text;

/** A stage of a run, "ethical/revise": its folder, too. */
export const stageNameSchema = idSchema<"stage">();
export type StageName = z.infer<typeof stageNameSchema>;

/** The arm under the constitution as it is written. */
export const writtenArm = "ethical";

/** What is compared under two constitutions: "ethical", "inverted"; "base" for what is in no arm. */
export const armIdSchema = idSchema<"arm">();
export type ArmId = z.infer<typeof armIdSchema>;

/** What answers or judges, as it was opened: "embedded:covenant-tiny", a folder, an endpoint with a name. */
export const modelIdSchema = idSchema<"model">();
export type ModelId = z.infer<typeof modelIdSchema>;

/** What an evaluation calls a model: "base", "sl", or as it was named to `covenant evaluate`. */
export const evaluatedIdSchema = idSchema<"evaluated model">();
export type EvaluatedId = z.infer<typeof evaluatedIdSchema>;

/** A prompt, by its record; what is done with it names it. */
export const promptIdSchema = idSchema<"prompt">();
export type PromptId = z.infer<typeof promptIdSchema>;

/** A reply, by its record. */
export const replyIdSchema = idSchema<"reply">();
export type ReplyId = z.infer<typeof replyIdSchema>;

/** A comparison's label, by its record. */
export const labelIdSchema = idSchema<"label">();
export type LabelId = z.infer<typeof labelIdSchema>;

/** A training row, by its record. */
export const rowIdSchema = idSchema<"row">();
export type RowId = z.infer<typeof rowIdSchema>;

/** A principle of a constitution: the same in its inversion. */
export const principleIdSchema = idSchema<"principle">();
export type PrincipleId = z.infer<typeof principleIdSchema>;

/** An opinion group of those who voted. */
export const groupIdSchema = idSchema<"group">();
export type GroupId = z.infer<typeof groupIdSchema>;

/** A simulated person as described in a file; the same person can sit in several seats. */
export const personaIdSchema = idSchema<"persona">();
export type PersonaId = z.infer<typeof personaIdSchema>;

/** A seat of a simulated person: who talks, rates, proposes and votes. */
export const userIdSchema = idSchema<"user">();

/** A seat of an assistant that users talk with. */
export const assistantIdSchema = idSchema<"assistant">();

/** A talk of a user and an assistant. */
export const talkIdSchema = idSchema<"talk">();

/** A matter to talk about. */
export const taskIdSchema = idSchema<"task">();

/** An assistant's draft, by its record. */
export const draftIdSchema = idSchema<"draft">();
export type DraftId = z.infer<typeof draftIdSchema>;

/** What stands for choice in a vote. */
export const candidateIdSchema = idSchema<"candidate">();

/** Somebody who voted in a Polis conversation. */
export const voterIdSchema = idSchema<"voter">();
export type VoterId = z.infer<typeof voterIdSchema>;

/** A statement of a Polis conversation. */
export const statementIdSchema = idSchema<"statement">();
export type StatementId = z.infer<typeof statementIdSchema>;
