// A batch taken apart into single calls and put together again in its order: what every provider over a network and
// every middleware that acts on single requests is built on.

import type PQueue from "p-queue";
import { throwIfAborted } from "../core/index.ts";
import type { CallOptions } from "./specification.ts";

/**
 * Runs one call per request, as many at once as the queue allows, and gives the results in the requests' order. At
 * the first failure the other calls are aborted and waited for, then that failure is thrown: nothing goes on behind
 * the caller's back.
 */
export const mapRequests = async <Request, Result>(
  requests: readonly Request[],
  options: CallOptions | undefined,
  queue: PQueue | null,
  run: (request: Request, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> => {
  throwIfAborted(options?.signal);
  if (requests.length === 0) return [];
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
      stop.abort();
      return undefined;
    }
  };
  const results = await Promise.all(
    requests.map((request) => (queue === null ? runOne(request) : queue.add(() => runOne(request)))),
  );
  throwIfAborted(options?.signal);
  if (failure !== undefined) throw failure.thrown;
  return results as Result[];
};
