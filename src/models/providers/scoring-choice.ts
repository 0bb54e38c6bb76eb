// Log-probabilities from what a model writes itself: a few tokens, greedily, with the most probable others at each place,
// read where the continuations part (choice-tokens.ts). As the next message of a chat, or behind a transcript.

import { z } from "zod";
import type { Message } from "../../records/index.ts";
import { answeredByOf } from "../answered-by.ts";
import { isCutShort } from "../failure.ts";
import { choiceTokens, estimatePrompt, estimateTokens } from "../token-estimate.ts";
import { readChoice, type TokenAlternatives } from "./choice-tokens.ts";
import type { Completion, PaidCall } from "./endpoint-completions.ts";
import {
  isUnsupported,
  readCompletion,
  type ScoringOptions,
  type Strategy,
  unscored,
} from "./scoring-way.ts";
import { transcriptOf } from "./transcript.ts";

/** Tokens as chats tell them, and some servers of texts. */
const contentSchema = z.object({
  content: z.array(
    z.object({
      token: z.string(),
      logprob: z.number(),
      top_logprobs: z.array(z.object({ token: z.string(), logprob: z.number() })).default([]),
    }),
  ),
});

/** Tokens as OpenAI's completions tell them: three lists side by side. */
const listsSchema = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
});

const answerSchema = z.object({
  choices: z
    .array(z.object({ logprobs: z.union([contentSchema, listsSchema]).nullish().catch(null) }))
    .min(1),
});

/** What was written with its alternatives. null: the answer tells no log-probabilities. */
const tokensOf = (response: unknown): readonly TokenAlternatives[] | null => {
  const told = answerSchema.safeParse(response).data?.choices[0]?.logprobs ?? null;
  if (told === null) return null;
  const tokens =
    "content" in told
      ? told.content
      : told.tokens.map((token, at) => ({
          token,
          // a server may leave out the written token's own, and tell it among the alternatives
          logprob: told.token_logprobs[at] ?? told.top_logprobs[at]?.[token] ?? Number.NEGATIVE_INFINITY,
          top_logprobs: Object.entries(told.top_logprobs[at] ?? {}).map(([token, logprob]) => ({
            token,
            logprob,
          })),
        }));
  // An empty reply has no tokens to tell of; only a list that is missing says that the server has none.
  return tokens.length === 0 || tokens.some(({ top_logprobs }) => top_logprobs.length > 0) ? tokens : null;
};

/** A way of asking. alternatives: how many to a token, as fields of the request. */
type Question = Pick<PaidCall, "path" | "most"> & {
  readonly body: object;
  alternatives(count: number): object;
};

/**
 * OpenAI's chats and most servers give 20 alternatives; a few give at most 5 and refuse more. Once so many were given, a
 * request that is turned down is so for what it holds.
 */
const alternativeCounts = [20, 5] as const;

/** Makes what asks for a few tokens with as many alternatives as the server gives. null: it gives none. */
const createAskTokens = ({ endpoint, complete }: ScoringOptions) => {
  let given: number | undefined;
  return async (
    { path, body, most, alternatives }: Question,
    signal: AbortSignal,
  ): Promise<Completion | null> => {
    const ask = (top: object): Promise<Completion> => {
      const call = { path, body: { model: endpoint.model, ...body, temperature: 0, seed: 0, ...top }, most };
      return complete(call, signal, readCompletion(endpoint));
    };
    if (given !== undefined) return ask(alternatives(given));
    for (const count of alternativeCounts) {
      try {
        const completion = await ask(alternatives(count));
        given = count;
        return completion;
      } catch (thrown) {
        if (!isUnsupported(thrown)) throw thrown;
      }
    }
    // Without log-probabilities the same question works where only those were the trouble; otherwise it throws.
    try {
      await ask({});
    } catch (thrown) {
      // a model that thinks took all of the few tokens for it: it answers, too
      if (!isCutShort(thrown)) throw thrown;
    }
    return null;
  };
};

const createChoice = (
  options: ScoringOptions,
  questionOf: (messages: readonly Message[]) => Question,
): Strategy => {
  const askTokens = createAskTokens(options);
  return async (request, signal) => {
    const completion = await askTokens(questionOf(request.messages), signal);
    const tokens = completion === null ? null : tokensOf(completion.response);
    if (completion === null || tokens === null) return null;
    // The space before a letter belongs to the text before it; it is read with a lead, or is none.
    const continuations = request.continuations.map((continuation) => continuation.trimStart());
    const said = tokens.map(({ token }) => token).join("");
    const { logProbabilities } = unscored(request);
    const read = readChoice(tokens, continuations) ?? { logProbabilities, said };
    return { ...read, usage: completion.usage, ...answeredByOf([completion]) };
  };
};

/** By the next message of a chat. */
export const createChat = (options: ScoringOptions): Strategy =>
  createChoice(options, (messages) => ({
    path: "/chat/completions",
    body: { messages, [options.tokenLimit]: choiceTokens },
    most: { promptTokens: estimatePrompt(messages), completionTokens: choiceTokens },
    alternatives: (count) => ({ logprobs: true, top_logprobs: count }),
  }));

/** By what follows a transcript. */
export const createContinuation = (options: ScoringOptions): Strategy =>
  createChoice(options, (messages) => {
    const prompt = transcriptOf(messages);
    return {
      path: "/completions",
      body: { prompt, max_tokens: choiceTokens },
      most: { promptTokens: estimateTokens(prompt), completionTokens: choiceTokens },
      alternatives: (count) => ({ logprobs: count }),
    };
  });
