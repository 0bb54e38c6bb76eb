// Gives every single request a time limit, with all calls that it takes. Put it under what bounds the calls in flight, so
// that the limit counts no queue before them. Time in which this process did not get to read answers (it was
// busy, or the computer slept) counts little: what has come meanwhile is read before anything is given up.

import { mapRequests } from "../batch.ts";
import { drainsCalls, modelFailure } from "../failure.ts";
import type { LanguageModel } from "../specification.ts";

export type TimeoutOptions = { readonly milliseconds?: number };

/** The limit passes in so many steps. A step that comes late, however late, is one step. */
const steps = 10;

/** Calls back when so much time has passed with the process at work. Gives what stops it. */
const afterWorkingTime = (milliseconds: number, callback: () => void): (() => void) => {
  let left = steps;
  const pass = (): void => {
    left--;
    if (left === 0) callback();
    else timer = setTimeout(pass, milliseconds / steps);
  };
  let timer = setTimeout(pass, milliseconds / steps);
  return () => clearTimeout(timer);
};

/** A model whose requests end in a retriable failure "model-timeout" after so many milliseconds (default two minutes). */
export const withTimeout = (model: LanguageModel, options: TimeoutOptions = {}): LanguageModel => {
  const { milliseconds = 120_000 } = options;

  const limited = async <Result>(
    signal: AbortSignal,
    run: (signal: AbortSignal) => Promise<Result[]>,
  ): Promise<Result> => {
    const stop = new AbortController();
    // An interruption that lets calls on their way end cuts none: they are paid for, and their answers are kept.
    const abort = (): void => {
      if (!drainsCalls(signal.reason)) stop.abort();
    };
    let isLate = false;
    const stopWaiting = afterWorkingTime(milliseconds, () => {
      isLate = true;
      stop.abort();
    });
    signal.addEventListener("abort", abort, { once: true });
    try {
      const results = await run(stop.signal);
      return results[0] as Result;
    } catch (thrown) {
      if (!isLate || (signal.aborted && !drainsCalls(signal.reason))) throw thrown;
      throw modelFailure("model-timeout", `${model.id} gave no reply within ${milliseconds / 1000} s.`, {
        model: model.id,
        retriable: true,
      });
    } finally {
      stopWaiting();
      signal.removeEventListener("abort", abort);
    }
  };

  return {
    ...model,
    generate: (requests, callOptions) =>
      mapRequests(requests, callOptions, null, (request, signal) =>
        limited(signal, (either) => model.generate([request], { signal: either })),
      ),
    score: (requests, callOptions) =>
      mapRequests(requests, callOptions, null, (request, signal) =>
        limited(signal, (either) => model.score([request], { signal: either })),
      ),
  };
};
