// What OpenAI's interface answers: documents and the pieces of streams, as plain objects. Knows no model and no
// transport.

import type { TextToken } from "./reply-engine.ts";

/** What all documents of one answer begin with. */
export type Head = { readonly id: string; readonly created: number; readonly model: string };

type Finish = "stop" | "length" | null;

const tokenDocument = (text: string, logprob: number) => ({
  token: text,
  logprob,
  // a token that is a part of a character only has no text of its own
  bytes: text === "" ? null : [...new TextEncoder().encode(text)],
});

/** Log-probabilities of a chat's tokens; null where none were asked for. */
export const chatProbabilities = (tokens: readonly TextToken[], asked: boolean) =>
  asked
    ? {
        content: tokens.map(({ text, logProbability = 0, alternatives = [] }) => ({
          ...tokenDocument(text, logProbability),
          top_logprobs: alternatives.map((other) => tokenDocument(other.text, other.logProbability)),
        })),
        refusal: null,
      }
    : null;

/** Log-probabilities of a completion's tokens, at `offset` characters into its text; null where none were asked for. */
export const completionProbabilities = (
  tokens: readonly (Omit<TextToken, "id"> & { readonly unknown?: boolean })[],
  offset: number,
  asked: boolean,
) => {
  if (!asked) return null;
  let next = offset;
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logProbability, unknown }) => (unknown ? null : (logProbability ?? 0))),
    top_logprobs: tokens.map(({ text, logProbability, alternatives, unknown }) =>
      unknown || alternatives === undefined
        ? null
        : Object.fromEntries([
            ...alternatives.map((other) => [other.text, other.logProbability]),
            [text, logProbability ?? 0],
          ]),
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
