// Published sets of replies that people or models compared: BeaverTails, PKU-SafeRLHF, arena battles, ICAI's annotated
// pairs. Their prompts are taken, and where a set says which reply is better, its comparisons.

import { z } from "zod";
import { checkValue, describePlace, type TextPlace, UserError } from "../../core/index.ts";
import { type Message, messageSchema } from "../../records/index.ts";
import { outcomeIn, outcomeOfVote, preferredWords, type Vote, voteFields } from "../../tables/index.ts";
import { commonPrompt, mergeTurns, parseDialogue } from "../dialogue.ts";
import { unfitPair } from "../unfit.ts";
import {
  asked,
  type Fields,
  faultsOf,
  fieldFault,
  type GivenComparison,
  hasFields,
  labelOf,
  optionalText,
  type PromptFormat,
  replyEnds,
  text,
  textOrTranscript,
} from "./format.ts";

const beaverRow = z.object({ prompt: text, category: z.record(z.string(), z.boolean()) });

const beaverTails: PromptFormat = {
  name: "beavertails",
  what: "BeaverTails: prompt, response, category {name: true or false}, is_safe (area: the first that is true)",
  recognises: (row) => hasFields(row, "prompt", "response", "category", "is_safe"),
  read(row, place) {
    const { prompt, category } = checkValue(beaverRow, row, place);
    const area = Object.entries(category).find(([, holds]) => holds)?.[0];
    return { messages: asked(prompt), labels: area === undefined ? {} : { area } };
  },
};

/** A reply's number; tables have it as text. */
const which = z
  .union([z.literal(0), z.literal(1), z.enum(["0", "1", ""])])
  .nullish()
  .transform((id) => (id === "" || id == null ? undefined : Number(id)));
const safeRow = z.object({
  prompt: text,
  response_0: text,
  response_1: text,
  safer_response_id: which,
  better_response_id: which,
});

/**
 * The set has two preferences, which may differ: a file is read by one of them, whatever a row lacks. id: says which reply is
 * preferred; of a row where it says nothing no reply is known to be better.
 */
const pkuFormat = (
  named: Pick<PromptFormat, "name" | "what" | "recognises">,
  id: "safer_response_id" | "better_response_id",
): PromptFormat => ({
  ...named,
  read: (row, place) => ({ messages: asked(checkValue(safeRow, row, place).prompt), labels: {} }),
  comparison(row, place) {
    const { prompt, response_0, response_1, [id]: correct } = checkValue(safeRow, row, place);
    return { messages: asked(prompt), options: [response_0, response_1], correct, prompt };
  },
});

const isPku = (row: Fields): boolean => hasFields(row, "prompt", "response_0", "response_1");

const pkuHelpful = pkuFormat(
  {
    name: "pku-saferlhf-better",
    what: "PKU-SafeRLHF by better_response_id (a comparison: the more helpful one); guessed where the first row has no safer_response_id",
    recognises: (row) =>
      isPku(row) && hasFields(row, "better_response_id") && !hasFields(row, "safer_response_id"),
  },
  "better_response_id",
);

const pkuSafeRlhf = pkuFormat(
  {
    name: "pku-saferlhf",
    what: "PKU-SafeRLHF: prompt, response_0, response_1, safer_response_id (a comparison: the safer one)",
    recognises: isPku,
  },
  "safer_response_id",
);

const turns = z.array(messageSchema).min(1);
const battleRow = z.object({ conversation_a: turns, conversation_b: turns, ...voteFields });
/** Arena's other shape: prompt and responses are texts, or JSON lists of the texts of several turns. */
const battleTextRow = z.object({ prompt: text, response_a: text, response_b: text, ...voteFields });

/** The texts of the turns that a cell holds: of one that is no list of texts, itself, though it begin with a bracket. */
const turnTexts = (value: string): readonly string[] => {
  if (!value.startsWith("[")) return [value];
  try {
    const list = z.array(text.nullable()).min(1).safeParse(JSON.parse(value));
    return list.success ? list.data.map((turn) => turn ?? "") : [value];
  } catch {
    return [value];
  }
};

/** The reply that won: the first or the second; null where neither did, or nobody says. */
const winnerOf = (vote: Vote, place: TextPlace): 0 | 1 | null => {
  const outcome = outcomeOfVote(vote, (field) => faultsOf(place, field));
  return outcome === 1 ? 0 : outcome === 0 ? 1 : null;
};

const battlePrompt = (row: z.infer<typeof battleRow>, place: TextPlace): Message[] => {
  const shared = commonPrompt(row.conversation_a, row.conversation_b);
  if (shared.length > 0) return mergeTurns(shared);
  throw fieldFault(
    place,
    "conversation_a, conversation_b",
    "they share no turn of the user, so there is no prompt.",
  );
};

const isVote = (row: unknown): boolean =>
  hasFields(row, "model_a", "model_b", "winner") &&
  !hasFields(row, "conversation_a") &&
  !hasFields(row, "prompt");

const refuseVotes = (place: TextPlace): UserError =>
  new UserError(
    "prompt-row",
    `${describePlace(place)}: these are votes on battles (model_a, model_b, winner) without the conversations, so there are no prompts. Expected conversation_a and conversation_b, or prompt, response_a and response_b. What they are good for is ratings of the models: \`covenant evaluate ratings\`.`,
    { ...place },
  );

const battleComparison = (row: unknown, place: TextPlace): GivenComparison | null => {
  if (hasFields(row, "conversation_a")) {
    const read = checkValue(battleRow, row, place);
    const messages = battlePrompt(read, place);
    const [one, other] = [read.conversation_a, read.conversation_b].map((all) => all.slice(messages.length));
    const correct = winnerOf(read, place);
    // Later turns answer different replies, so only battles of one reply each are comparisons.
    if (correct === null || one?.length !== 1 || other?.length !== 1) return null;
    const prompt = messages.at(-1)!.content;
    return { messages, options: [one[0]!.content, other[0]!.content], correct, prompt };
  }
  const read = checkValue(battleTextRow, row, place);
  const correct = winnerOf(read, place);
  if (correct === null) return null;
  const [asks, ...replies] = (["prompt", "response_a", "response_b"] as const).map((field) =>
    turnTexts(read[field]),
  );
  if ([asks, ...replies].some((turns) => turns?.length !== 1)) return null;
  const prompt = asks![0]!;
  return { messages: asked(prompt), options: replies.map(([reply]) => reply!), correct, prompt };
};

const arena: PromptFormat = {
  name: "arena",
  what: "arena battles: conversation_a, conversation_b, winner, or prompt, response_a, response_b (a comparison)",
  messageColumns: ["conversation_a", "conversation_b"],
  recognises: (row) =>
    hasFields(row, "model_a", "model_b", "winner") ||
    hasFields(row, "conversation_a", "conversation_b") ||
    hasFields(row, "prompt", "response_a", "response_b", "winner_model_a"),
  // told of the file, once, not of each of its rows
  rows(row, place) {
    if (isVote(row)) throw refuseVotes(place);
    return [row];
  },
  read(row, place) {
    if (hasFields(row, "conversation_a"))
      return { messages: battlePrompt(checkValue(battleRow, row, place), place), labels: {} };
    const { prompt } = checkValue(battleTextRow, row, place);
    return { messages: asked(turnTexts(prompt)[0]!), labels: {} };
  },
  comparison: battleComparison,
};

const replyText = z.union([text, z.object({ text })]);
const pairRow = z.object({ prompt: optionalText, response_a: replyText, response_b: replyText });
const pairCell = z.object({ text_a: text, text_b: text, prompt: optionalText, input: optionalText });
const preferredCell = z.object({ preferred_text: optionalText });
const annotations = z.record(z.string(), z.object({ pref: optionalText }));
const pairsDocument = z.object({
  metadata: z.object({ default_annotator: optionalText }).nullish(),
  annotators: z.record(z.string(), z.object({ type: optionalText })),
  comparisons: z.array(z.looseObject({ annotations: annotations.nullish() })),
});

const textOf = (value: z.infer<typeof replyText>): string => (typeof value === "string" ? value : value.text);

/** replies: null where the dialogues go on in different ways, so that more than a reply is compared. */
type Pair = {
  readonly messages: readonly Message[];
  readonly replies: readonly [string, string] | null;
  readonly prompt: string;
};

/** A pair whose prompt is told apart, or the common beginning of two dialogues; null where it is neither. */
const pairOf = (told: string | null | undefined, one: string, other: string): Pair | null => {
  const prompt = labelOf(told);
  if (prompt !== undefined) return { messages: textOrTranscript(prompt), replies: [one, other], prompt };
  const [first, second] = [parseDialogue(one) ?? [], parseDialogue(other) ?? []];
  const shared = commonPrompt(first, second);
  const last = shared.at(-1);
  if (last === undefined) return null;
  const replies = replyEnds(first, second)?.replies ?? null;
  return { messages: mergeTurns(shared), replies, prompt: last.content };
};

const readPair = (row: unknown, place: TextPlace): Pair | null => {
  if (hasFields(row, "text_a")) {
    const { prompt, input, text_a, text_b } = checkValue(pairCell, row, place);
    return pairOf(labelOf(prompt) ?? input, text_a, text_b);
  }
  const { prompt, response_a, response_b } = checkValue(pairRow, row, place);
  return pairOf(prompt, textOf(response_a), textOf(response_b));
};

const requirePair = (row: unknown, place: TextPlace): Pair => {
  const pair = readPair(row, place);
  if (pair !== null) return pair;
  throw fieldFault(
    place,
    "prompt",
    "got nothing, and the two texts are no dialogues with a common beginning. Expected a prompt, or two such dialogues.",
  );
};

/** Whether a row of a table has no prompt and no place for one, and its texts are no dialogues that could say it. */
const isPromptless = (row: unknown): boolean =>
  hasFields(row, "text_a", "text_b") &&
  !hasFields(row, "prompt") &&
  !hasFields(row, "input") &&
  [row["text_a"], row["text_b"]].some((value) => typeof value === "string" && parseDialogue(value) === null);

const refusePromptless = (place: TextPlace): UserError =>
  new UserError(
    "prompt-row",
    `${describePlace(place)}: these are pairs of texts (text_a, text_b, preferred_text) without what they answer, so there is no prompt, and no conversation to compare them in. Expected a column prompt or input beside them, or two dialogues that begin with "\\n\\nHuman:" and share a beginning. As they are, \`covenant evaluate baselines\` says how often the preferred text is the longer one.`,
    { ...place },
  );

/** Whose preferences count: the annotator that the document takes by default, or all but the principles that it tries. */
const annotatorsOf = ({ metadata, annotators }: z.infer<typeof pairsDocument>): readonly string[] => {
  const named = labelOf(metadata?.default_annotator);
  if (named !== undefined) return [named];
  return Object.keys(annotators).filter((id) => annotators[id]?.type !== "principle");
};

/** "a" in a document of version 2, "text_a" in one of version 1; undefined for all that chooses neither. */
const choiceOf = (preferred: string | null | undefined): 0 | 1 | undefined => {
  const outcome = Object.hasOwn(preferredWords, preferred ?? "")
    ? preferredWords[preferred ?? ""]
    : undefined;
  return outcome === 1 ? 0 : outcome === 0 ? 1 : undefined;
};

/** The comparisons of a document, each with what most of its annotators prefer as a table has it. */
const documentRows = (document: unknown, place: TextPlace): readonly Fields[] => {
  const read = checkValue(pairsDocument, document, place);
  const annotators = annotatorsOf(read);
  return read.comparisons.map((comparison) => {
    const choices = annotators.map((id) => choiceOf(comparison.annotations?.[id]?.pref));
    const first = choices.filter((choice) => choice === 0).length;
    const second = choices.filter((choice) => choice === 1).length;
    const preferred_text = first === second ? "tie" : first > second ? "text_a" : "text_b";
    return { ...comparison, preferred_text };
  });
};

const icai: PromptFormat = {
  name: "icai",
  what: "ICAI's annotated pairs: a document of comparisons {prompt, response_a, response_b, annotations}, or text_a, text_b, preferred_text (a comparison where one is preferred)",
  recognises: (row) =>
    (hasFields(row, "comparisons", "annotators") && Array.isArray(row["comparisons"])) ||
    hasFields(row, "text_a", "text_b"),
  rows(document, place) {
    if (hasFields(document, "comparisons")) return documentRows(document, place);
    // told of the file, once, not of each of its rows
    if (isPromptless(document)) throw refusePromptless(place);
    return [document];
  },
  read: (row, place) => ({ messages: requirePair(row, place).messages, labels: {} }),
  comparison(row, place) {
    const { preferred_text } = checkValue(preferredCell, row, place);
    const outcome = outcomeIn(preferredWords, preferred_text, faultsOf(place, "preferred_text"));
    if (outcome !== 0 && outcome !== 1) return null;
    const { messages, replies, prompt } = requirePair(row, place);
    if (replies === null)
      throw unfitPair(
        place,
        "parted",
        "text_a, text_b: expected two dialogues that differ in the assistant's last reply alone.",
      );
    return { messages, options: replies, correct: outcome === 1 ? 0 : 1, prompt };
  },
};

/** The sets of this file. The more helpful of PKU stands before the safer one, which takes every file of the set. */
export const pairFormats: readonly PromptFormat[] = [beaverTails, pkuHelpful, pkuSafeRlhf, arena, icai];
