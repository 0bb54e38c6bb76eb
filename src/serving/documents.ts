// What OpenAI's interface answers: documents and the pieces of streams, as plain objects. Knows no model and no
// transport.

import type { Alternative, TextToken } from "./reply-engine.ts";

/** What all documents of one answer begin with. */
export type Head = { readonly id: string; readonly created: number; readonly model: string };

type Finish = "stop" | "length" | null;

/** Bytes as text; null where they are no whole characters. */
const wholeText = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
};

/** A part of a character has no text of its own: its bytes say what it is. */
const tokenDocument = (text: string, bytes: Uint8Array | null, logprob: number) => ({
  token: bytes === null ? text : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
  logprob,
  bytes: bytes === null ? null : [...bytes],
});

/** What a likely token is called: its text, or its bytes as OpenAI writes parts of characters ("bytes:\\xf0\\x9f"). */
const nameOf = ({ text, bytes }: Alternative): string =>
  bytes === null
    ? text
    : (wholeText(bytes) ??
      `bytes:${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}`);

/** The likeliest tokens by name, the token itself by its own; of several with one name all but the first by their ids. */
const likeliestByName = (
  token: Pick<TextToken, "id" | "text">,
  logprob: number,
  others: readonly Alternative[],
) => {
  const names = new Map([[token.text, logprob]]);
  for (const other of others) {
    if (other.id === token.id) continue;
    const name = nameOf(other);
    names.set(names.has(name) ? `token_id:${other.id}` : name, other.logProbability);
  }
  return Object.fromEntries(names);
};

/** Log-probabilities of a chat's tokens; null where none were asked for. */
export const chatProbabilities = (tokens: readonly TextToken[], asked: boolean) =>
  asked
    ? {
        content: tokens.map(({ text, bytes = null, logProbability = 0, alternatives = [] }) => ({
          ...tokenDocument(text, bytes, logProbability),
          top_logprobs: alternatives.map((other) =>
            tokenDocument(other.text, other.bytes, other.logProbability),
          ),
        })),
        refusal: null,
      }
    : null;

/** Log-probabilities of a completion's tokens, at `offset` characters into its text; null where none were asked for. */
export const completionProbabilities = (
  tokens: readonly (TextToken & { readonly unknown?: boolean })[],
  offset: number,
  asked: boolean,
) => {
  if (!asked) return null;
  let next = offset;
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logProbability, unknown }) => (unknown ? null : (logProbability ?? 0))),
    top_logprobs: tokens.map(({ unknown, alternatives, logProbability = 0, ...token }) =>
      unknown || alternatives === undefined ? null : likeliestByName(token, logProbability, alternatives),
    ),
    text_offset: tokens.map(({ text }) => {
      const start = next;
      next += text.length;
      return start;
    }),
  };
};

/** Tokens that were read and written. */
export const usageDocument = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

/** One choice of a chat completion. */
export const chatChoice = (index: number, text: string, finish: Finish, logprobs: unknown) => ({
  index,
  message: { role: "assistant", content: text, refusal: null },
  logprobs,
  finish_reason: finish,
});

/** A piece of a streamed choice. */
export const chatDelta = (index: number, delta: object, finish: Finish, logprobs: unknown = null) => ({
  index,
  delta,
  logprobs,
  finish_reason: finish,
});

/** One choice of a completion, or a piece of one. */
export const completionChoice = (index: number, text: string, finish: Finish, logprobs: unknown) => ({
  index,
  text,
  logprobs,
  finish_reason: finish,
});

/** A whole answer, or a piece of a stream; which, `object` says. */
export const answerDocument = (
  object: string,
  head: Head,
  choices: readonly object[],
  usage?: object | null,
) => ({
  object,
  ...head,
  choices,
  ...(usage === undefined ? {} : { usage }),
});

/** The list of models. */
export const modelDocument = (id: string, created: number) => ({
  id,
  object: "model",
  created,
  owned_by: "covenant",
});
