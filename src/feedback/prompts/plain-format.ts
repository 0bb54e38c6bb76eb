// Prompts as people write them down themselves: {prompt}, {messages}, {text}, and preference rows {chosen, rejected},
// whose common beginning is the prompt; each row by its own fields, with an optional id, kind, area (and what belongs to it)
// and split. Text is taken as it is: braces and role markers in a plain prompt stay what they are.

import { z } from "zod";
import {
  checkValue,
  describeFields,
  describePlace,
  describeValue,
  type TextPlace,
  UserError,
} from "../../core/index.ts";
import { type Message, messageSchema, promptKindSchema } from "../../records/index.ts";
import { commonPrompt, mergeTurns, messagesEndingWith } from "../dialogue.ts";
import {
  asked,
  type Fields,
  fieldFault,
  type GivenPrompt,
  hasFields,
  type PromptFormat,
  transcript,
  untilUser,
} from "./format.ts";

const conversation = messagesEndingWith("user");

const labels = {
  id: z.union([z.string().min(1), z.number()]).optional(),
  kind: promptKindSchema.optional(),
  area: z.string().optional(),
  areaDescription: z.string().optional(),
  split: z.enum(["train", "test"]).optional(),
};
const labelNames = new Set(Object.keys(labels));

const messagesRow = z.object({ ...labels, messages: conversation });
const promptRow = z.object({
  ...labels,
  prompt: z.union([z.string(), conversation], "it must be a text or a list of messages"),
});
const textRow = z.object({ ...labels, text: z.string() });
const dialogueSchema = z.union([z.string(), z.array(messageSchema)]);
const preferenceRow = z.object({ ...labels, chosen: dialogueSchema, rejected: dialogueSchema });
const chatRow = z.object({ ...labels, messages: z.array(messageSchema) });

/** A prompt without text has a code of its own, because some files are full of them. */
const filled = (content: string, field: string, place: TextPlace): string => {
  if (content.trim() !== "") return content;
  const problem = `${field}: got ${describeValue(content)}, but a prompt must hold text`;
  throw new UserError("prompt-blank", `${describePlace(place)}: ${problem}`, { ...place, field });
};

const turnsOf = (
  value: z.infer<typeof dialogueSchema>,
  field: string,
  place: TextPlace,
): readonly Message[] => (typeof value === "string" ? transcript(value, field, place) : value);

/** A table has cells for what a row does not say: they are as good as missing. */
const withoutBlankLabels = (row: unknown): unknown => {
  if (!hasFields(row)) return row;
  const entries = Object.entries(row);
  const isBlank = ([name, value]: readonly [string, unknown]): boolean =>
    labelNames.has(name) && (value === "" || value === null);
  return entries.some(isBlank) ? Object.fromEntries(entries.filter((entry) => !isBlank(entry))) : row;
};

/** The fields that a row of one's own is told by. */
const contentNames = ["prompt", "messages", "text", "chosen", "rejected", "replies"];

/** A row with its fields as they are usually written. given: names that the file writes otherwise, by the usual ones. */
export type UsualRow = { readonly row: unknown; readonly given: ReadonlyMap<string, string> };

/**
 * The row with its fields as they are usually written: "Prompt" and " prompt " are `prompt`, "Kind" is `kind`, in a row that
 * nothing tells as usual; beside a field that does, other letters are other fields.
 * Throws UserError where two fields may stand for one name.
 */
export const withUsualNames = (row: unknown, place: TextPlace): UsualRow => {
  const given = new Map<string, string>();
  if (!hasFields(row) || contentNames.some((name) => hasFields(row, name))) return { row, given };
  const names = [...contentNames, ...labelNames].filter((name) => !hasFields(row, name));
  const wanted = new Map(names.map((name) => [name.toLowerCase(), name]));
  const usual = (written: string): string | undefined => wanted.get(written.trim().toLowerCase());
  for (const name of names) {
    const meant = Object.keys(row).filter((one) => usual(one) === name);
    if (meant.length === 1) given.set(name, meant[0]!);
    if (meant.length < 2) continue;
    const shown = meant.map((one) => JSON.stringify(one)).join(" and ");
    const problem = `the fields ${shown} may both stand for ${name}. Name one of them ${name}, or the others otherwise.`;
    throw fieldFault(place, name, problem);
  }
  if (!contentNames.some((name) => given.has(name))) return { row, given: new Map() };
  return {
    row: Object.fromEntries(Object.entries(row).map(([name, value]) => [usual(name) ?? name, value])),
    given,
  };
};

/** A fault of a row with the fields as the file writes them: "Kind: got ...". */
const asWritten = (fault: UserError, place: TextPlace, { given }: UsualRow): UserError => {
  const head = `${describePlace(place)}:`;
  const problems = fault.message
    .slice(head.length)
    .replace(/(^ |\n {2})(\w+)(?=[:.[])/g, (_, before, name) => {
      const written = given.get(name) ?? name;
      return `${before}${/^\S+$/.test(written) ? written : JSON.stringify(written)}`;
    });
  return new UserError(fault.code, `${head}${problems}`, fault.facts);
};

const isText = (row: unknown): row is Fields =>
  hasFields(row, "text") && Object.keys(row).every((name) => name === "text" || labelNames.has(name));

const readPreference = (row: unknown, place: TextPlace): GivenPrompt => {
  const { chosen, rejected, ...rest } = checkValue(preferenceRow, row, place);
  const shared = commonPrompt(turnsOf(chosen, "chosen", place), turnsOf(rejected, "rejected", place));
  if (shared.length > 0) return { messages: mergeTurns(shared), labels: rest };
  throw fieldFault(
    place,
    "chosen, rejected",
    "the two dialogues share no turn of the user, so there is no prompt. Expected two dialogues with the same beginning.",
  );
};

const isOf = (message: unknown, role: string): boolean =>
  hasFields(message, "role") && message["role"] === role;

/** Whether a row holds a chat that ends with a reply to somebody. */
const endsWithReply = ({ messages }: Fields): boolean =>
  Array.isArray(messages) &&
  isOf(messages.at(-1), "assistant") &&
  messages.some((message) => isOf(message, "user"));

/** Messages, which are the prompt. Throws UserError for a whole chat, which says nothing of where its prompt ends. */
const readMessages = (row: Fields, place: TextPlace): GivenPrompt => {
  if (endsWithReply(row))
    throw fieldFault(
      place,
      "messages",
      'got a chat that ends with a reply, but the last message must be of the role "user". Whole chats are read with --format chat: the prompt is then what stands before the last reply.',
    );
  const { messages, ...rest } = checkValue(messagesRow, row, place);
  return { messages, labels: rest };
};

const readPlain = (given: unknown, place: TextPlace): GivenPrompt => {
  const row = withoutBlankLabels(given);
  // sets for supervised training and DPO have a whole chat beside the prompt or the pair that they name
  const isNamed = hasFields(row, "prompt") || hasFields(row, "chosen", "rejected");
  if (hasFields(row, "messages") && !(isNamed && endsWithReply(row))) return readMessages(row, place);
  if (hasFields(row, "prompt")) {
    const { prompt, ...rest } = checkValue(promptRow, row, place);
    const messages = typeof prompt === "string" ? asked(filled(prompt, "prompt", place)) : prompt;
    return { messages, labels: rest };
  }
  if (hasFields(row, "chosen") || hasFields(row, "rejected")) return readPreference(row, place);
  if (isText(row)) {
    const { text, ...rest } = checkValue(textRow, row, place);
    return { messages: asked(filled(text, "text", place)), labels: rest };
  }
  const bare = typeof row === "string" ? ': each must be {"prompt": "..."}' : "";
  const expected = `prompt, messages, or chosen and rejected${bare}`;
  throw new UserError("prompt-row", `${describePlace(place)}: ${describeFields(row, expected)}.`, {
    ...place,
  });
};

/** Rows that say by their own fields what they are. */
export const plainFormat: PromptFormat = {
  name: "plain",
  what: "{prompt}, {messages}, {text} or preference rows {chosen, rejected} (HH-RLHF, TRL's shapes)",
  messageColumns: ["prompt", "messages", "chosen", "rejected"],
  recognises: () => true,
  read: readPlain,
};

/** The same for a row whose fields were written otherwise, which is what its faults name. */
export const plainFormatOf = (usual: UsualRow): PromptFormat =>
  usual.given.size === 0
    ? plainFormat
    : {
        ...plainFormat,
        read(row, place) {
          try {
            return readPlain(row, place);
          } catch (thrown) {
            throw thrown instanceof UserError ? asWritten(thrown, place, usual) : thrown;
          }
        },
      };

/** Whole chats, as supervised training takes them: never guessed, since a prompt that ends so may be a mistake. */
export const chatFormat: PromptFormat = {
  name: "chat",
  what: "{messages} that end with a reply (TRL): the prompt is what stands before it",
  messageColumns: ["messages"],
  recognises: () => false,
  read(row, place) {
    const { messages, ...rest } = checkValue(chatRow, withoutBlankLabels(row), place);
    const until = untilUser(messages);
    if (until.length > 0) return { messages: until, labels: rest };
    throw fieldFault(place, "messages", "the chat has no turn of the user, so there is no prompt.");
  },
};
