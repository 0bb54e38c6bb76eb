// Bounded concurrency that keeps order: results come in the order of the items whatever finishes first, so what is
// written from them does not depend on timing. The first failure stops the rest.

import { InterruptedError, throwIfAborted } from "./errors.ts";

export type PoolOptions = { readonly concurrency: number; readonly signal?: AbortSignal };

/**
 * Runs work over items, at most `concurrency` at a time, and yields the results in the items' order. At most four
 * times that many results wait for a slow one in front. When one fails (or the consumer leaves) the signal that work
 * was given is aborted, what runs is waited for, and the failure that came first is thrown.
 */
export async function* mapInOrder<Item, Result>(
  items: Iterable<Item>,
  options: PoolOptions,
  work: (item: Item, index: number, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Result> {
  const limit = Math.max(1, Math.floor(options.concurrency));
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const source = items[Symbol.iterator]();
  const waiting: Promise<Result>[] = [];
  let active = 0;
  let started = 0;
  let exhausted = false;
  let room: (() => void) | undefined;
  let failure: { readonly thrown: unknown } | undefined;
  const run = (item: Item, index: number): Promise<Result> => {
    const running = (async () => work(item, index, signal))().finally(() => {
      active--;
      room?.();
    });
    running.catch((thrown: unknown) => {
      failure ??= { thrown };
      stop.abort(new InterruptedError("Another item failed."));
    });
    return running;
  };
  const start = (): void => {
    while (!exhausted && active < limit && waiting.length < limit * 4 && !signal.aborted) {
      const next = source.next();
      if (next.done === true) {
        exhausted = true;
        return;
      }
      active++;
      waiting.push(run(next.value, started++));
    }
  };
  room = start;
  try {
    for (;;) {
      throwIfAborted(options.signal);
      start();
      const head = waiting.shift();
      if (head === undefined) return;
      yield await head;
    }
  } catch (thrown) {
    // Items in front may have stopped only because a later one failed: what failed first is the reason.
    throw failure === undefined ? thrown : failure.thrown;
  } finally {
    room = undefined;
    exhausted = true;
    stop.abort(new InterruptedError());
    await Promise.allSettled(waiting);
  }
}

/** mapInOrder gathered into a list. */
export const mapConcurrently = async <Item, Result>(
  items: Iterable<Item>,
  options: PoolOptions,
  work: (item: Item, index: number, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  for await (const result of mapInOrder(items, options, work)) results.push(result);
  return results;
};
