// From text rows to token rows, through a model's tokenizer and chat template. Completions end with the template's
// closing mark, so a model learns to stop. Rows that do not fit the context are left out and counted, never cut.

import { UserError } from "../core/index.ts";
import type { Message, PreferenceRow, SftRow } from "../records/index.ts";
import { type ChatTemplate, encodeChat, type PackedItem, type Tokenizer } from "../transformer/index.ts";

/** How messages become tokens. */
export type ChatCodec = { readonly tokenizer: Tokenizer; readonly template: ChatTemplate };

/** A prompt's tokens up to where the assistant's reply begins. */
export const encodePrompt = ({ tokenizer, template }: ChatCodec, messages: readonly Message[]): number[] =>
  encodeChat(tokenizer, template, messages, { addGenerationPrompt: true }).ids;

/**
 * A reply's tokens with the marks that end its turn: what the whole chat has after the prompt. Throws UserError when
 * the chat does not go on from the prompt's tokens, because such a reply would be learned where it is never asked for.
 */
export const encodeReply = (codec: ChatCodec, messages: readonly Message[], reply: string): number[] => {
  const { tokenizer, template } = codec;
  const prompt = encodePrompt(codec, messages);
  const whole = encodeChat(tokenizer, template, [...messages, { role: "assistant", content: reply }], {
    addGenerationPrompt: false,
  }).ids;
  const parting = prompt.findIndex((id, at) => id !== whole[at]);
  if (parting >= 0) {
    const shown = (ids: readonly number[]): string =>
      JSON.stringify(tokenizer.decode(ids.slice(parting, parting + 8), { skipSpecial: false }));
    throw new UserError(
      "chat-template-seam",
      `The model's chat template asks for a reply with ${shown(prompt)}, but where the reply is there it has ${shown(whole)} in that place (token ${parting} of the chat), so the reply cannot be learned where it is asked for. Give the model a chat template whose request for a reply is how the reply begins, with a mark of its own before the reply.`,
      { token: parting },
    );
  }
  return whole.slice(prompt.length);
};

/** Rows as tokens: kept are the indices of the rows that fit the context, tooLong how many did not. */
export type TokenRows = {
  readonly items: readonly PackedItem[];
  readonly kept: readonly number[];
  readonly tooLong: number;
};

const fitting = (items: readonly PackedItem[], limit: number): TokenRows => {
  const kept: number[] = [];
  items.forEach(({ trunk, branches }, index) => {
    if (branches.every(({ length }) => length > 0 && trunk.length + length <= limit)) kept.push(index);
  });
  return { items: kept.map((index) => items[index]!), kept, tooLong: items.length - kept.length };
};

/** One item a row: the prompt as trunk, the completion as its only branch. limit: the model's context. */
export const sftItems = (rows: readonly SftRow[], codec: ChatCodec, limit: number): TokenRows =>
  fitting(
    rows.map(({ prompt, completion }) => ({
      trunk: encodePrompt(codec, prompt),
      branches: [encodeReply(codec, prompt, completion)],
    })),
    limit,
  );

/** One item a row: the prompt as trunk, chosen and rejected as branches. */
export const preferenceItems = (rows: readonly PreferenceRow[], codec: ChatCodec, limit: number): TokenRows =>
  fitting(
    rows.map(({ prompt, chosen, rejected }) => ({
      trunk: encodePrompt(codec, prompt),
      branches: [chosen, rejected].map((reply) => encodeReply(codec, prompt, reply)),
    })),
    limit,
  );

/** Length of packed rows: few distinct shapes, and room for about two items. */
export const rowTime = (items: readonly PackedItem[]): number => {
  const longest = items.reduce(
    (most, { trunk, branches }) =>
      Math.max(
        most,
        branches.reduce((sum, { length }) => sum + length, trunk.length),
      ),
    0,
  );
  return Math.max(192, Math.ceil(longest / 64) * 64);
};
