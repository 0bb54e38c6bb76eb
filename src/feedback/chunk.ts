// Chunks: the unit in which work goes to a model and comes back to the caller, in order, who writes it down and may
// stop after it. Replies never depend on a chunk's size or on what goes on beside it: every request has its item's seed.
// Scores do in their last digits (1e-5), since texts that are scored together share packed rows.

import { CovenantError } from "../core/index.ts";
import type { LanguageModel, Reply } from "../models/index.ts";
import type { Usage } from "../records/index.ts";

/** A list in pieces of the given size, in order. */
export function* chunksOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  const step = Math.max(1, Math.floor(size));
  for (let start = 0; start < items.length; start += step) yield items.slice(start, start + step);
}

/** Items that may come one by one. */
export type Stream<Item> = Iterable<Item> | AsyncIterable<Item>;

/** A stream in pieces of the given size, in order. */
export async function* piecesOf<Item>(items: Stream<Item>, size: number): AsyncGenerator<readonly Item[]> {
  const step = Math.max(1, Math.floor(size));
  let piece: Item[] = [];
  for await (const item of items) {
    piece.push(item);
    if (piece.length < step) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

/** chunk: items of one piece of work. window: pieces that are under way at a time. */
export type Pace = { readonly chunk: number; readonly window: number };

/** Pieces that may be begun and not given yet, for each one under way: done ones wait behind a slow one. */
const ahead = 4;

/**
 * How items are best given to a model: batches one after another where it computes them together, single items side by
 * side where calls go their own ways. requests: of one item at a time.
 */
export const paceOf = ({ capabilities }: LanguageModel, requests = 1): Pace => {
  const items = Math.max(1, Math.floor(capabilities.batch / requests));
  return capabilities.independentRequests === true
    ? { chunk: 1, window: items }
    : { chunk: items, window: 1 };
};

type Outcome<Result> = { readonly result: Result } | { readonly thrown: unknown };

/** Work that was begun, in order; wakes who waits for any of it to end. */
const createLine = <Result>() => {
  const places: { outcome?: Outcome<Result> }[] = [];
  let unfinished = 0;
  let failed = false;
  let wake = (): void => {};
  const end = (place: { outcome?: Outcome<Result> }, outcome: Outcome<Result>): void => {
    place.outcome = outcome;
    failed ||= "thrown" in outcome;
    unfinished--;
    wake();
  };
  return {
    begin(work: Promise<Result>): void {
      const place = {};
      places.push(place);
      unfinished++;
      work.then(
        (result) => end(place, { result }),
        (thrown: unknown) => end(place, { thrown }),
      );
    },
    /** Results that are ready, from the first on. Throws the failure when it is the first. */
    take(): Result[] {
      const results: Result[] = [];
      for (let first = places[0]?.outcome; first !== undefined; first = places[0]?.outcome) {
        if ("thrown" in first) {
          if (results.length > 0) return results;
          throw first.thrown;
        }
        results.push(first.result);
        places.shift();
      }
      return results;
    },
    ended: (): Promise<void> =>
      new Promise((resolve) => {
        wake = resolve;
      }),
    get length(): number {
      return places.length;
    },
    get unfinished(): number {
      return unfinished;
    },
    get failed(): boolean {
      return failed;
    },
  };
};

/**
 * Runs work on every item, at most `window` at a time, and gives the results in the items' order: each time all that
 * are ready. After a failure nothing more is begun; what is under way is waited for, what was done before the failed
 * item is given, then the failure is thrown.
 */
export async function* inOrder<Item, Result>(
  items: Stream<Item>,
  window: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<readonly Result[]> {
  const line = createLine<Result>();
  const isFull = (): boolean => line.unfinished >= window || line.length >= ahead * window;
  try {
    for await (const item of items) {
      line.begin(work(item));
      while (isFull() || line.failed) {
        const ready = line.take();
        if (ready.length > 0) yield ready;
        else if (line.unfinished > 0) await line.ended();
      }
      // What is done is given before anything more is begun, so that it is written down first.
      const done = line.take();
      if (done.length > 0) yield done;
    }
    while (line.length > 0) {
      const ready = line.take();
      if (ready.length > 0) yield ready;
      else await line.ended();
    }
  } finally {
    while (line.unfinished > 0) await line.ended();
  }
}

/** Whether a reply carries text worth going on with. */
export const isAnswered = (reply: Pick<Reply, "text" | "finish">): boolean =>
  (reply.finish === "stop" || reply.finish === "length") && reply.text.trim() !== "";

/** The results, checked to be as many as were asked for. */
export const expectCount = <Result>(
  model: string,
  asked: number,
  results: readonly Result[],
): readonly Result[] => {
  if (results.length === asked) return results;
  throw new CovenantError(
    "model-count",
    `${model} was asked ${asked} requests and gave ${results.length} results; expected one each.`,
    { model, asked, given: results.length },
  );
};

/** The sum of token counts; an estimate where one of them is. */
export const sumUsage = (usages: readonly Usage[]): Usage => ({
  promptTokens: usages.reduce((sum, usage) => sum + usage.promptTokens, 0),
  completionTokens: usages.reduce((sum, usage) => sum + usage.completionTokens, 0),
  ...(usages.some(({ cachedTokens }) => cachedTokens !== undefined)
    ? { cachedTokens: usages.reduce((sum, { cachedTokens = 0 }) => sum + cachedTokens, 0) }
    : {}),
  ...(usages.some(({ estimated }) => estimated) ? { estimated: true as const } : {}),
});
