// From text rows to token rows, through a model's tokenizer and chat template. Replies end with the template's closing
// mark, and plain texts, which are joined as TRL joins them, with the end token, so a model learns to stop. Of a chat
// every reply of the assistant is learned, in the place where it would be asked for. Rows that do not fit are left out,
// or cut at their end where that is asked for, and told either way.

import { UserError } from "../core/index.ts";
import type { Message, PairRow, SftRow } from "../records/index.ts";
import {
  type ChatTemplate,
  encodeAnswered,
  encodeChat,
  encodeOpen,
  longestItem,
  type PackedItem,
  sizeBucket,
  type Tokenizer,
} from "../transformer/index.ts";

/**
 * A row to learn: every token of its branches, and of its trunk the tokens at `learned` (from 1, in order). merged: the
 * end of a plain prompt became one token with what continues it, and is learned with that.
 */
export type SftItem = PackedItem & { readonly learned?: readonly number[]; readonly merged?: boolean };

/** How messages become tokens. */
export type ChatCodec = { readonly tokenizer: Tokenizer; readonly template: ChatTemplate };

/** A prompt's tokens up to where the assistant's reply begins. */
export const encodePrompt = ({ tokenizer, template }: ChatCodec, messages: readonly Message[]): number[] =>
  encodeChat(tokenizer, template, messages, { addGenerationPrompt: true }).ids;

/** What prompts and rows of texts are: turns of a chat, or plain texts that go without a chat template. */
export type TextForm = "chat" | "plain";

/** A prompt's tokens as `form` says; plain is the text of a single user's turn, and of nothing else. */
export const encodePromptAs = (codec: ChatCodec, messages: readonly Message[], form: TextForm): number[] => {
  const [only, ...more] = messages;
  return form === "plain" && only?.role === "user" && more.length === 0
    ? encodeOpen(codec.tokenizer, only.content)
    : encodePrompt(codec, messages);
};

/** Where a chat's tokens part from those that ask for a reply in it; undefined where they go on from them. */
const partingOf = (prompt: readonly number[], whole: readonly number[]): number | undefined => {
  const parting = prompt.findIndex((id, at) => id !== whole[at]);
  return parting < 0 ? undefined : parting;
};

const noSeam = (
  tokenizer: Tokenizer,
  prompt: readonly number[],
  whole: readonly number[],
  parting: number,
): UserError => {
  const shown = (ids: readonly number[]): string =>
    JSON.stringify(tokenizer.decode(ids.slice(parting, parting + 8), { skipSpecial: false }));
  return new UserError(
    "chat-template-seam",
    `The model's chat template asks for a reply with ${shown(prompt)}, but where the reply is there it has ${shown(whole)} in that place (token ${parting} of the chat), so the reply cannot be learned where it is asked for. Give the model a chat template whose request for a reply is how the reply begins, with a mark of its own before the reply.`,
    { token: parting },
  );
};

type Exchange = { readonly prompt: readonly number[]; readonly reply: readonly number[] };

/**
 * A prompt and the reply to it with the marks that end its turn: what the whole chat has after the prompt, or its last
 * turn where the template has the prompt otherwise there. Throws UserError when the reply does not begin as the prompt
 * asks for it, because it would be learned where it is never asked for.
 */
const encodeExchange = (codec: ChatCodec, messages: readonly Message[], reply: string): Exchange => {
  const { tokenizer, template } = codec;
  const prompt = encodePrompt(codec, messages);
  const { ids } = encodeChat(tokenizer, template, [...messages, { role: "assistant", content: reply }], {
    addGenerationPrompt: false,
  });
  if (partingOf(prompt, ids) === undefined) return { prompt, reply: ids.slice(prompt.length) };
  const answered = encodeAnswered(tokenizer, template, messages, reply) ?? ids;
  const parting = partingOf(prompt, answered);
  if (parting !== undefined) throw noSeam(tokenizer, prompt, answered, parting);
  return { prompt, reply: answered.slice(prompt.length) };
};

/** A reply's tokens with the marks that end its turn, as they follow the prompt's. Throws UserError where they do not. */
export const encodeReply = (
  codec: ChatCodec,
  messages: readonly Message[],
  reply: string,
): readonly number[] => encodeExchange(codec, messages, reply).reply;

/**
 * What the template puts behind the end token of a reply ("\n" after "<|im_end|>"): a reward model learns to read its
 * score there, and a reply that was sampled ends before it.
 */
export const closingTokens = (codec: ChatCodec, endTokens: ReadonlySet<number>): readonly number[] => {
  const reply = encodeReply(codec, [{ role: "user", content: "Hello." }], "Hello.");
  const end = reply.findIndex((id) => endTokens.has(id));
  return end < 0 ? [] : reply.slice(end + 1);
};

/**
 * A chat as one item that learns its replies, from where one is asked for to its closing marks; as one for each reply,
 * behind its own prompt, where the template shows a prompt otherwise in the whole chat.
 */
const turnItems = (codec: ChatCodec, messages: readonly Message[]): readonly SftItem[] => {
  const { tokenizer, template } = codec;
  const { ids, spans } = encodeChat(tokenizer, template, messages, { addGenerationPrompt: false });
  const replies = [...messages.keys()].filter((at) => messages[at]!.role === "assistant");
  const prompts = replies.map((at) => encodePrompt(codec, messages.slice(0, at)));
  if (prompts.some((prompt) => partingOf(prompt, ids) !== undefined))
    return replies.map((at) => {
      const { prompt, reply } = encodeExchange(codec, messages.slice(0, at), messages[at]!.content);
      return { trunk: prompt, branches: [reply] };
    });
  const learned = replies.flatMap((at, index) => {
    const { length } = prompts[index]!;
    return Array.from({ length: Math.max(0, spans[at]!.end - length) }, (_, offset) => length + offset);
  });
  return [{ trunk: ids, branches: [], learned }];
};

/** All of a chat's tokens: of one that ends with a reply, as it is asked for and given. */
const wholeChat = (codec: ChatCodec, messages: readonly Message[]): readonly number[] => {
  const last = messages.at(-1);
  if (last?.role !== "assistant") {
    const { tokenizer, template } = codec;
    return encodeChat(tokenizer, template, messages, { addGenerationPrompt: false }).ids;
  }
  const { prompt, reply } = encodeExchange(codec, messages.slice(0, -1), last.content);
  return [...prompt, ...reply];
};

/** A plain text with the end token's text behind it, where it does not end with that already. */
const withEnd = ({ special: { end }, tokenOf }: Tokenizer, text: string): string => {
  const mark = end === null ? "" : (tokenOf(end) ?? "");
  return text.endsWith(mark) ? text : `${text}${mark}`;
};

/** A whole text as transformers reads it, with the end token behind it and all that the tokenizer adds. */
const encodeWhole = (tokenizer: Tokenizer, prompt: string, text: string): number[] =>
  tokenizer.encode(`${prompt}${withEnd(tokenizer, text)}`, { specialTokens: true });

const sharedLength = (one: readonly number[], other: readonly number[]): number => {
  const parting = one.findIndex((id, at) => id !== other[at]);
  return parting < 0 ? one.length : parting;
};

/**
 * A plain prompt and what continues it, cut as TRL cuts them: each whole is encoded, and the trunk is what the prompt
 * alone and all of them begin with. Throws UserError where that is nothing.
 */
export const plainItem = (
  { tokenizer }: Pick<ChatCodec, "tokenizer">,
  prompt: string,
  continuations: readonly string[],
): SftItem => {
  const asked = encodeOpen(tokenizer, prompt);
  const wholes = continuations.map((text) => encodeWhole(tokenizer, prompt, text));
  const shared = Math.min(...wholes.map((whole) => sharedLength(asked, whole)));
  if (shared === 0)
    throw new UserError(
      "prompt-without-tokens",
      "prompt: no token is left before what continues it, because there is none or the two are read as one token. Give a longer prompt, or one that ends where a word ends.",
    );
  const item = { trunk: asked.slice(0, shared), branches: wholes.map((whole) => whole.slice(shared)) };
  return shared < asked.length ? { ...item, merged: true } : item;
};

/** What of a supervised row is learned: the assistant's replies, or every token. Of plain text it is every token. */
export type LearnedPart = "replies" | "all";

/** limit: tokens that a row may have. overlong: what is done with a longer one. */
export type RowLimit = { readonly limit: number; readonly overlong: "skip" | "cut" };

/** A row that has more tokens than it may. */
export type LongRow = { readonly row: number; readonly tokens: number };

/** Rows as tokens. kept: the index of each item's row; cut and skipped: rows that were too long. */
export type TokenRows<Item extends PackedItem = SftItem> = {
  readonly items: readonly Item[];
  readonly kept: readonly number[];
  readonly cut: readonly LongRow[];
  readonly skipped: readonly LongRow[];
};

const longestOf = ({ trunk, branches }: PackedItem): number =>
  trunk.length + branches.reduce((most, { length }) => Math.max(most, length), 0);

/** The item without what lies behind the limit; undefined when nothing to learn is left, or a branch is empty. */
const cutItem = <Item extends SftItem>(item: Item, limit: number): Item | undefined => {
  const trunk = item.trunk.slice(0, limit);
  const branches = item.branches.map((branch) => branch.slice(0, limit - trunk.length));
  const learned = item.learned?.filter((offset) => offset < limit);
  if (branches.some(({ length }) => length === 0)) return undefined;
  if (branches.length === 0 && (learned ?? []).length === 0) return undefined;
  return { ...item, trunk, branches, ...(learned === undefined ? {} : { learned }) };
};

/** The items of rows that fit, in their order. */
export const fitRows = <Item extends SftItem>(
  items: readonly Item[],
  { limit, overlong }: RowLimit,
): TokenRows<Item> => {
  const found: { items: Item[]; kept: number[]; cut: LongRow[]; skipped: LongRow[] } = {
    items: [],
    kept: [],
    cut: [],
    skipped: [],
  };
  items.forEach((item, row) => {
    const tokens = longestOf(item);
    const whole = tokens <= limit;
    const fits = whole || overlong === "cut" ? cutItem(item, limit) : undefined;
    if (fits === undefined) {
      found.skipped.push({ row, tokens });
      return;
    }
    if (!whole) found.cut.push({ row, tokens });
    found.items.push(fits);
    found.kept.push(row);
  });
  return found;
};

const everyToken = (ids: readonly number[]): SftItem => ({
  trunk: ids,
  branches: [],
  learned: ids.slice(1).map((_, at) => at + 1),
});

/**
 * A supervised row as tokens: a prompt as trunk with the completion as its only branch, a chat or a text as trunk with
 * the tokens that are learned of it. Several where a chat's replies are learned behind prompts of their own. Throws
 * UserError for a row that the chat template cannot hold.
 */
export const sftRowItems = (row: SftRow, codec: ChatCodec, learn: LearnedPart): readonly SftItem[] => {
  if ("text" in row) return [everyToken(encodeWhole(codec.tokenizer, "", row.text))];
  if ("messages" in row)
    return learn === "all" ? [everyToken(wholeChat(codec, row.messages))] : turnItems(codec, row.messages);
  if (typeof row.prompt === "string") {
    const item = plainItem(codec, row.prompt, [row.completion]);
    return [learn === "all" ? everyToken([...item.trunk, ...item.branches[0]!]) : item];
  }
  const { prompt, reply } = encodeExchange(codec, row.prompt, row.completion);
  return [learn === "all" ? everyToken([...prompt, ...reply]) : { trunk: prompt, branches: [reply] }];
};

/** A pair as tokens: the prompt as trunk, chosen and rejected as branches. Throws like sftRowItems. */
export const preferenceItem = (
  { prompt, chosen, rejected }: Pick<PairRow, "prompt" | "chosen" | "rejected">,
  codec: ChatCodec,
): SftItem => {
  if (typeof prompt === "string") return plainItem(codec, prompt, [chosen, rejected]);
  const branches = [chosen, rejected].map((reply) => encodeReply(codec, prompt, reply));
  return { trunk: encodePrompt(codec, prompt), branches };
};

/** The items of rows, of those that fit. */
export const sftItems = (
  rows: readonly SftRow[],
  codec: ChatCodec,
  { learn, ...limit }: RowLimit & { readonly learn: LearnedPart },
): TokenRows => {
  const all = rows.flatMap((row, at) => sftRowItems(row, codec, learn).map((item) => ({ item, at })));
  const rowOf = (at: number): number => all[at]!.at;
  const byRow = (long: readonly LongRow[]): LongRow[] =>
    long.map(({ row, tokens }) => ({ row: rowOf(row), tokens }));
  const { items, kept, cut, skipped } = fitRows(
    all.map(({ item }) => item),
    limit,
  );
  return { items, kept: kept.map(rowOf), cut: byRow(cut), skipped: byRow(skipped) };
};

/** One item a pair, of those that fit. */
export const preferenceItems = (
  rows: readonly Pick<PairRow, "prompt" | "chosen" | "rejected">[],
  codec: ChatCodec,
  limit: RowLimit,
): TokenRows =>
  fitRows(
    rows.map((row) => preferenceItem(row, codec)),
    limit,
  );

const shortestRow = 192;

/** Length of packed rows that have room for so many tokens: few distinct ones, since each shape is a program. */
export const rowLength = (tokens: number): number => Math.max(shortestRow, sizeBucket(tokens, 64, 4));

/** Length of packed rows for these items, with room for about two short ones. */
export const rowTime = (items: readonly PackedItem[]): number => rowLength(longestItem(items));
