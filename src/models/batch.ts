// A batch taken apart into single calls and put together again in its order: what every provider over a network and
// every middleware that acts on single requests is built on.

import type PQueue from "p-queue";
import { throwIfAborted } from "../core/index.ts";
import { drainsCalls } from "./failure.ts";
import type { CallOptions } from "./specification.ts";

/** For callers that give no signal. */
const never = new AbortController().signal;

/** One request alone needs no bookkeeping; middleware upon middleware asks for nothing else. */
const runAlone = async <Request, Result>(
  request: Request,
  signal: AbortSignal,
  queue: PQueue | null,
  run: (request: Request, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> => {
  const work = async (): Promise<Result> => {
    throwIfAborted(signal);
    return run(request, signal);
  };
  try {
    return [await (queue === null ? work() : queue.add(work))];
  } catch (thrown) {
    throwIfAborted(signal);
    throw thrown;
  }
};

/**
 * Runs one call per request, as many at once as the queue allows, and gives the results in the requests' order. At
 * the first failure the other calls are aborted (or left to end, where the failure says so) and waited for, then that
 * failure is thrown: nothing goes on behind the caller's back. What was answered all the same in spite of an abort is
 * given.
 */
export const mapRequests = async <Request, Result>(
  requests: readonly Request[],
  options: CallOptions | undefined,
  queue: PQueue | null,
  run: (request: Request, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> => {
  throwIfAborted(options?.signal);
  if (requests.length === 0) return [];
  if (requests.length === 1) return runAlone(requests[0]!, options?.signal ?? never, queue, run);
  const stop = new AbortController();
  const signal = options?.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  let failure: { readonly thrown: unknown } | undefined;
  const runOne = async (request: Request): Promise<Result | undefined> => {
    if (failure !== undefined) return undefined;
    try {
      throwIfAborted(signal);
      return await run(request, signal);
    } catch (thrown) {
      failure ??= { thrown };
      if (!drainsCalls(thrown)) stop.abort();
      return undefined;
    }
  };
  const results = await Promise.all(
    requests.map((request) => (queue === null ? runOne(request) : queue.add(() => runOne(request)))),
  );
  if (failure === undefined) return results as Result[];
  throwIfAborted(options?.signal);
  throw failure.thrown;
};
