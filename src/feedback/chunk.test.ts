// Work in a window: results in order whatever finishes first, never more begun than the window holds, and nothing lost
// of what was done before a failure.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scriptedModel } from "../models/index.ts";
import { inOrder, paceOf, sumUsage } from "./chunk.ts";

type Deferred = { readonly promise: Promise<number>; settle(failure?: Error): void };

const deferred = (value: number): Deferred => {
  let resolve: (value: number) => void = () => {};
  let reject: (cause: Error) => void = () => {};
  const promise = new Promise<number>((good, bad) => {
    resolve = good;
    reject = bad;
  });
  return { promise, settle: (failure) => (failure === undefined ? resolve(value) : reject(failure)) };
};

/** Lets everything that is ready run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Works on 0 … count - 1; the work under way is settled in the order that `pick` chooses, `failing` with an error. */
const workThrough = async (count: number, window: number, pick: (open: number) => number, failing = -1) => {
  const open = new Map<number, Deferred>();
  const begun: number[] = [];
  const given: number[] = [];
  let most = 0;
  let held = 0;
  const consuming = (async () => {
    const items = Array.from({ length: count }, (_, at) => at);
    const results = inOrder(items, window, (item) => {
      const work = deferred(item);
      begun.push(item);
      open.set(item, work);
      most = Math.max(most, open.size);
      held = Math.max(held, begun.length - given.length);
      return work.promise;
    });
    for await (const ready of results) given.push(...ready);
  })();
  let thrown: unknown;
  let ended = false;
  consuming.then(
    () => {
      ended = true;
    },
    (cause) => {
      thrown = cause;
      ended = true;
    },
  );
  await turn();
  while (!ended) {
    const items = [...open.keys()];
    if (items.length > 0) {
      const item = items[pick(items.length)]!;
      const work = open.get(item)!;
      open.delete(item);
      work.settle(item === failing ? new Error("no") : undefined);
    }
    await turn();
  }
  return { begun, given, most, held, thrown, left: open.size };
};

const picks = fc.infiniteStream(fc.nat()).map((stream) => (open: number) => stream.next().value! % open);

describe("work in a window", () => {
  it("gives results in order, with no more than the window under way, and four times as many not given yet", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        picks,
        async (count, window, pick) => {
          const { given, most, held, thrown } = await workThrough(count, window, pick);
          expect(thrown).toBeUndefined();
          expect(given).toEqual(Array.from({ length: count }, (_, at) => at));
          expect(most).toBeLessThanOrEqual(window);
          expect(held).toBeLessThanOrEqual(4 * window);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("gives all that was done before a failure, waits for what is under way, and begins nothing more", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 19 }),
        fc.integer({ min: 1, max: 9 }),
        picks,
        async (failing, window, pick) => {
          const { begun, given, thrown, left } = await workThrough(20, window, pick, failing);
          expect(thrown).toEqual(new Error("no"));
          expect(given).toEqual(Array.from({ length: failing }, (_, at) => at));
          expect(left).toBe(0);
          expect(begun.length).toBeLessThanOrEqual(failing + 4 * window);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("waits for what is under way when nobody wants more", async () => {
    const works = [deferred(0), deferred(1), deferred(2)];
    const results = inOrder([0, 1, 2], 3, (item) => works[item]!.promise);
    const first = results.next();
    await turn();
    works[0]!.settle();
    expect(await first).toEqual({ done: false, value: [0] });
    let returned = false;
    const returning = results.return(undefined).then(() => {
      returned = true;
    });
    await turn();
    expect(returned).toBe(false);
    works[1]!.settle();
    works[2]!.settle(new Error("nobody reads this"));
    await returning;
  });
});

describe("the sum of token counts", () => {
  it("keeps what was read before, and that a part of it is an estimate", () => {
    const plain = { promptTokens: 5, completionTokens: 2 };
    expect(sumUsage([plain, plain])).toEqual({ promptTokens: 10, completionTokens: 4 });
    expect(
      sumUsage([
        { ...plain, cachedTokens: 3 },
        { ...plain, estimated: true },
      ]),
    ).toEqual({
      ...{ promptTokens: 10, completionTokens: 4 },
      ...{ cachedTokens: 3, estimated: true },
    });
  });
});

describe("the pace of a model", () => {
  it("is one batch after another where requests are computed together, and items side by side where not", () => {
    const together = scriptedModel({ batch: 12, reply: () => "" });
    expect(paceOf(together, 3)).toEqual({ chunk: 4, window: 1 });
    const apart = { ...together, capabilities: { ...together.capabilities, independentRequests: true } };
    expect(paceOf(apart, 3)).toEqual({ chunk: 1, window: 4 });
    expect(paceOf(apart, 100)).toEqual({ chunk: 1, window: 1 });
  });
});
