// The bounded pool: never more at once than allowed, results in order, and what happens to the others at a failure or an
// abort.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InterruptedError, mapConcurrently, mapInOrder } from "./index.ts";

/** Resolves after so many turns of the event loop's microtasks: an order of finishing without a clock. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

describe("the pool", () => {
  it("keeps order and limit whatever finishes first", async () => {
    const delays = fc.array(fc.nat(30), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(delays, fc.integer({ min: 1, max: 6 }), async (items, concurrency) => {
        let active = 0;
        let most = 0;
        const results = await mapConcurrently(items, { concurrency }, async (delay, index) => {
          active++;
          most = Math.max(most, active);
          await turns(delay);
          active--;
          return `${index}:${delay}`;
        });
        expect(results).toEqual(items.map((delay, index) => `${index}:${delay}`));
        expect(most).toBe(Math.min(concurrency, items.length));
      }),
    );
  });

  it("throws what failed first, tells the others to stop and waits for them", async () => {
    let open = 0;
    let started = 0;
    const work = async (item: number, _: number, signal: AbortSignal): Promise<number> => {
      started++;
      open++;
      try {
        for (let turn = 0; turn < item; turn++) {
          await turns(1);
          signal.throwIfAborted();
        }
        if (item === 5) throw new Error("five");
        return item;
      } finally {
        open--;
      }
    };
    const items = [400, 300, 5, 200, ...Array.from({ length: 50 }, () => 100)];
    await expect(mapConcurrently(items, { concurrency: 4 }, work)).rejects.toThrow("five");
    expect(open).toBe(0);
    expect(started).toBeLessThan(6);
  });

  it("turns a work function that throws at once into a rejection", async () => {
    const failing = mapConcurrently([1], { concurrency: 1 }, () => {
      throw new Error("at once");
    });
    await expect(failing).rejects.toThrow("at once");
  });

  it("stops when the signal is aborted and when the consumer leaves", async () => {
    const abort = new AbortController();
    const seen: number[] = [];
    const consume = async (): Promise<void> => {
      const options = { concurrency: 2, signal: abort.signal };
      for await (const item of mapInOrder([1, 2, 3, 4, 5, 6], options, async (item) => item)) {
        seen.push(item);
        if (item === 2) abort.abort();
      }
    };
    await expect(consume()).rejects.toBeInstanceOf(InterruptedError);
    expect(seen).toEqual([1, 2]);
    let started = 0;
    const endless = (function* () {
      for (let item = 0; ; item++) yield item;
    })();
    for await (const item of mapInOrder(endless, { concurrency: 3 }, async (one) => {
      started++;
      return one;
    })) {
      if (item === 4) break;
    }
    expect(started).toBeLessThan(4 + 3 * 5);
  });
});
