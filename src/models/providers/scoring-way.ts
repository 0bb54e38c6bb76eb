// What all ways of scoring at an OpenAI-compatible endpoint share: what they are made of, what an answer has to be, and how
// a server says that it does not offer a way (endpoint-scoring.ts chooses one).

import { z } from "zod";
import { messageOf } from "../../core/index.ts";
import { declinedOf, statusOf } from "../failure.ts";
import type { Declined, Score, ScoreRequest } from "../specification.ts";
import type { EndpointClient } from "./endpoint-client.ts";
import type { Complete, Completion } from "./endpoint-completions.ts";
import { type Endpoint, responseFailure } from "./endpoint-failure.ts";
import type { TokenLimit } from "./endpoint-generation.ts";

export type ScoringOptions = {
  readonly client: Pick<EndpointClient, "post">;
  readonly complete: Complete;
  readonly endpoint: Endpoint;
  readonly tokenLimit: TokenLimit;
};

/** One way to score. null: this server does not offer it. */
export type Strategy = (request: ScoreRequest, signal: AbortSignal) => Promise<Score | null>;

const choicesSchema = z.object({ choices: z.array(z.unknown()).min(1) });

export const unscored = (request: ScoreRequest, declined?: Declined): Score => ({
  logProbabilities: request.continuations.map(() => null),
  ...(declined === undefined ? {} : { declined }),
  usage: { promptTokens: 0, completionTokens: 0 },
});

/** Throws for an answer that is no completion of any kind; it says nothing about what a server offers. */
export const readCompletion =
  (endpoint: Endpoint) =>
  (completion: Completion): Completion => {
    if (choicesSchema.safeParse(completion.response).success) return completion;
    throw responseFailure("not a completion", endpoint);
  };

/** llama.cpp's servers refuse echo and log-probabilities that they do not have with a status 500 and these words. */
const unsupportedWords = /(?:is|are) not supported|only no \w+ is supported|not implemented/i;

/** How servers say "I do not offer this", as against "not now". */
export const isUnsupported = (thrown: unknown): boolean => {
  if (declinedOf(thrown) !== undefined) return false;
  const status = statusOf(thrown) ?? 0;
  if (status === 500) return unsupportedWords.test(messageOf(thrown));
  // some send on what they do not know
  if (status >= 300 && status < 400) return true;
  return [400, 404, 405, 415, 422, 501].includes(status);
};
