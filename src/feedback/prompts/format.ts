// What a format of prompts is: the fields that tell it from others, and how a row becomes a prompt, and where it holds
// one, a comparison whose better reply is known or a chain of critiques and revisions. The formats themselves are in the
// files beside this one. Knows no file.

import { z } from "zod";
import { describePlace, firstOf, type TextPlace, UserError } from "../../core/index.ts";
import type { Message, PromptKind } from "../../records/index.ts";
import { commonPrompt, mergeTurns, parseDialogue } from "../dialogue.ts";

/** What a row says of its prompt. */
export type PromptLabels = {
  readonly id?: string | number | undefined;
  readonly kind?: PromptKind | undefined;
  readonly area?: string | undefined;
  readonly areaDescription?: string | undefined;
  readonly split?: "train" | "test" | undefined;
};

export type GivenPrompt = { readonly messages: readonly Message[]; readonly labels: PromptLabels };

/**
 * Replies to a conversation, to the last space. correct: the index of the best one, where that is known. question: what
 * the set asks of them, where it does. prompt: the text as it stands in the set. id: as the row says it.
 */
export type GivenComparison = {
  readonly id?: string | undefined;
  readonly messages: readonly Message[];
  readonly question?: string;
  readonly options: readonly string[];
  readonly correct?: number | undefined;
  readonly prompt?: string;
};

/** An answer with its rounds of critique and revision, as others wrote them down. principle: the set's name for it. */
export type GivenChain = {
  readonly messages: readonly Message[];
  readonly answer: string;
  readonly steps: readonly {
    readonly principle: string;
    readonly critiqueRequest: string;
    readonly critique: string;
    readonly revisionRequest: string;
    readonly revision: string;
  }[];
};

export type Fields = Readonly<Record<string, unknown>>;

/**
 * A format. what: in words, for help. recognises: is a file whose first row this is of this format? rows: the rows inside
 * of a document. read, comparison, chain throw UserError with file, line and field; comparison and chain are there where
 * the format has them, and give null for a row that has none. messageColumns: which may be lists of messages, as separated
 * values have them in cells. notTaken: what of a file with such a first row becomes neither prompt nor comparison nor chain,
 * though it may look so, in words.
 */
export type PromptFormat = {
  readonly name: string;
  readonly what: string;
  readonly messageColumns?: readonly string[];
  recognises(row: Fields): boolean;
  rows?(document: unknown, place: TextPlace): readonly unknown[];
  read(row: unknown, place: TextPlace): GivenPrompt;
  comparison?(row: unknown, place: TextPlace): GivenComparison | null;
  chain?(row: unknown, place: TextPlace): GivenChain | null;
  notTaken?(row: unknown): string | undefined;
};

/** Whether a value is an object that has all of some fields. */
export const hasFields = (row: unknown, ...names: readonly string[]): row is Fields =>
  typeof row === "object" && row !== null && !Array.isArray(row) && names.every((name) => name in row);

/** Whether an object has these fields and no others. */
export const hasOnly = (row: unknown, ...names: readonly string[]): boolean =>
  hasFields(row, ...names) && Object.keys(row).length === names.length;

/** A text that must be there; that it says something is looked at where prompts are read. */
export const text = z.string();

/** A cell that may be empty or missing. */
export const optionalText = z.string().nullish();

/** A cell as a label: nothing where it says nothing. */
export const labelOf = (value: string | null | undefined): string | undefined =>
  value === null || value === undefined || value.trim() === "" ? undefined : value.trim();

/** A prompt of one turn. */
export const asked = (content: string): Message[] => [{ role: "user", content }];

/** The turns that two dialogues share, and the assistant's reply with which each ends; null: they differ in more. */
export const replyEnds = (
  one: readonly Message[],
  other: readonly Message[],
): { readonly messages: Message[]; readonly replies: readonly [string, string] } | null => {
  const messages = commonPrompt(one, other);
  const [end, otherEnd] = [one.slice(messages.length), other.slice(messages.length)];
  const [first, second] = [end[0], otherEnd[0]];
  if (messages.length === 0 || end.length !== 1 || otherEnd.length !== 1) return null;
  if (first?.role !== "assistant" || second?.role !== "assistant") return null;
  return { messages, replies: [first.content, second.content] };
};

/** Turns up to the last of the user, those of one speaker joined: what is to be replied to. */
export const untilUser = (turns: readonly Message[]): Message[] =>
  mergeTurns(turns.slice(0, turns.findLastIndex(({ role }) => role === "user") + 1));

/** A fault of a field, at its place. */
export const fieldFault = (place: TextPlace, field: string, problem: string): UserError =>
  new UserError("prompt-row", `${describePlace(place)}: ${field}: ${problem}`, { ...place, field });

/** Makes faults of a field of problems that end without a stop. */
export const faultsOf =
  (place: TextPlace, field: string) =>
  (problem: string): UserError =>
    fieldFault(place, field, `${problem}.`);

/** Choices of which one is right, with a label for each: 1 for that one, 0 for the others. */
export const targetsSchema = z.object({ choices: z.array(text).min(2), labels: z.array(z.number()) });

/** The index of the choice that is right. Throws UserError where labels do not say that of exactly one. */
export const rightChoice = (
  { choices, labels }: z.infer<typeof targetsSchema>,
  place: TextPlace,
  field: string,
): number => {
  const isRight = (label: number): boolean => label === 1;
  const isWhole = labels.length === choices.length && labels.every((label) => label === 0 || isRight(label));
  if (isWhole && labels.filter(isRight).length === 1) return labels.findIndex(isRight);
  throw fieldFault(
    place,
    `${field}.labels`,
    `got [${firstOf(labels.map(String))}] for ${choices.length} choices, expected a label for each: 1 for the one that is right, 0 for all others.`,
  );
};

/** The turns of a transcript. Throws UserError for a text that does not begin with a turn. */
export const transcript = (value: string, field: string, place: TextPlace): Message[] => {
  const turns = parseDialogue(value);
  if (turns !== null) return turns;
  const start = JSON.stringify(value.slice(0, 40));
  throw fieldFault(
    place,
    field,
    `got a text that begins with ${start}, expected a dialogue that begins with "\\n\\nHuman:".`,
  );
};

/** A text that may be a transcript, as what is to be replied to. */
export const textOrTranscript = (value: string): Message[] => {
  const turns = parseDialogue(value);
  const until = turns === null ? [] : untilUser(turns);
  return until.length === 0 ? asked(value) : until;
};
