// What a request is, as one short text: the key under which its answer is kept and found again. Two requests have the
// same key exactly when a model cannot tell them apart. Knows no files.

import { sha256Text } from "../core/index.ts";
import type { GenerateRequest, Reply, Score, ScoreRequest } from "./specification.ts";

/** A request and what kind of answer it wants. */
export type AskedRequest =
  | { readonly type: "generate"; readonly request: GenerateRequest }
  | { readonly type: "score"; readonly request: ScoreRequest };

/** An answer of either kind. */
export type GivenAnswer = Reply | Score;

const messagesOf = (request: GenerateRequest | ScoreRequest): unknown =>
  request.messages.map(({ role, content }) => [role, content]);

/**
 * SHA-256 of everything that decides an answer: the model with its address, the messages or continuations, the sampling
 * settings and the seed, which differs from sample to sample. model: "" where any model's answer will do.
 */
export const requestKey = (model: string, { type, request }: AskedRequest): string =>
  sha256Text(
    JSON.stringify(
      type === "score"
        ? [model, type, messagesOf(request), request.continuations]
        : [
            model,
            type,
            messagesOf(request),
            request.maxTokens,
            request.temperature,
            request.topP ?? 1,
            request.stop ?? [],
            request.seed,
            ...(request.answer === undefined ? [] : [request.answer]),
          ],
    ),
  );
