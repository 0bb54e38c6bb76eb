// Asks again when a call failed for a passing reason (connection, 408, 409, 429, 5xx, a broken response): each
// request of a batch on its own, with exponential back-off, seeded jitter and the provider's Retry-After.

import { setTimeout as delay } from "node:timers/promises";
import pRetry from "p-retry";
import { CovenantError, createRandom, deriveSeed, InterruptedError } from "../../core/index.ts";
import { mapRequests } from "../batch.ts";
import { isRetriable, retryAfterOf } from "../failure.ts";
import type { LanguageModel } from "../specification.ts";

/** What happened before a further attempt; wait in milliseconds; asked: whether the server asked for it. */
export type RetryEvent = {
  readonly attempt: number;
  readonly wait: number;
  readonly asked: boolean;
  readonly error: Error;
};

/**
 * attempts: in all, the first included. firstWait: milliseconds before the second attempt, doubled each time up to
 * longestWait. longestAsked: a Retry-After beyond it is not waited for: the failure is thrown. isWorth: whether a failure
 * is one to ask again after; default every passing one. seed: of the jitter.
 */
export type RetryOptions = {
  readonly attempts?: number;
  readonly firstWait?: number;
  readonly longestWait?: number;
  readonly longestAsked?: number;
  readonly isWorth?: (error: Error) => boolean;
  readonly seed?: number;
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly onRetry?: (event: RetryEvent) => void;
};

const sleep = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  await delay(milliseconds, undefined, { signal });
};

/** The provider's failure, with facts on what was tried. */
const lastFailure = (error: Error, facts: { attempts: number } | { longestAsked: number }): Error =>
  error instanceof CovenantError
    ? new CovenantError(error.code, error.message, { ...error.facts, ...facts }, error.cause)
    : error;

/**
 * A model that asks again after passing failures. A failure that stays is thrown in the provider's words; its facts say how
 * many attempts there were, or the longest wait where the server asked for more (longestAsked).
 */
export const withRetry = (model: LanguageModel, options: RetryOptions = {}): LanguageModel => {
  const { attempts = 6, firstWait = 500, longestWait = 60_000, longestAsked = 600_000 } = options;
  const { seed = 0, wait = sleep, isWorth = isRetriable } = options;
  let calls = 0;

  const waitAfter = (error: Error, attempt: number, call: number): number => {
    const uniform = createRandom(deriveSeed(seed, "retry", call, attempt)).next();
    const asked = retryAfterOf(error);
    // With a Retry-After the jitter comes on top, so that waiting calls do not all return in the same instant.
    if (asked !== undefined)
      return asked > longestAsked ? Number.POSITIVE_INFINITY : asked + uniform * firstWait;
    return Math.min(longestWait, firstWait * 2 ** (attempt - 1)) * (0.5 + 0.5 * uniform);
  };

  const retrying = async <Result>(signal: AbortSignal, run: () => Promise<Result[]>): Promise<Result> => {
    const call = calls++;
    try {
      const results = await pRetry(run, {
        retries: attempts - 1,
        minTimeout: 0,
        factor: 1,
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          if (!isWorth(error) || signal.aborted) throw error;
          const milliseconds = waitAfter(error, attemptNumber, call);
          if (milliseconds === Number.POSITIVE_INFINITY) throw lastFailure(error, { longestAsked });
          if (retriesLeft === 0) throw lastFailure(error, { attempts });
          const asked = retryAfterOf(error) !== undefined;
          options.onRetry?.({ attempt: attemptNumber + 1, wait: milliseconds, asked, error });
          await wait(milliseconds, signal);
        },
      });
      return results[0] as Result;
    } catch (thrown) {
      if (signal.aborted) throw new InterruptedError();
      throw thrown;
    }
  };

  return {
    ...model,
    generate: (requests, callOptions) =>
      mapRequests(requests, callOptions, null, (request, signal) =>
        retrying(signal, () => model.generate([request], { signal })),
      ),
    score: (requests, callOptions) =>
      mapRequests(requests, callOptions, null, (request, signal) =>
        retrying(signal, () => model.score([request], { signal })),
      ),
  };
};
