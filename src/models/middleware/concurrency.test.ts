// How many calls are in flight: growth while latency holds, less once a trouble, bounds, what is known the next time; over
// a clock that tests move. Whole runs at servers of many kinds are in concurrency-servers.test.ts.

import { describe, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import { modelFailure } from "../failure.ts";
import type { GenerateRequest, LanguageModel, Reply } from "../specification.ts";
import { createConcurrencyControl, withAdaptiveConcurrency } from "./concurrency.ts";

const bounds = { start: 4, least: 1, most: 100 };

type Control = ReturnType<typeof createConcurrencyControl>;

/** A full round of answers that take so long each. */
const round = (control: Control, milliseconds: number): number => {
  const size = control.limit();
  for (let call = 0; call < size; call++) control.begin();
  for (let call = 0; call < size; call++) control.answered(milliseconds);
  return control.limit();
};

/** All places taken, and that many calls of them turned down. */
const refuse = (control: Control, count: number): number => {
  const begun = Array.from({ length: control.limit() }, () => control.begin());
  for (const one of begun.slice(0, count)) control.troubled(one, "refused");
  const left = control.limit();
  for (const _ of begun.slice(count)) control.answered(50);
  return left;
};

/** So many calls on their way together that fail. */
const fail = (control: Control, count: number): void => {
  const begun = Array.from({ length: count }, () => control.begin());
  for (const one of begun) control.troubled(one, "failed");
};

describe("the number of calls in flight", () => {
  it("doubles in the first round and then grows fourfold a round, until there is load, which halves it, and then by steps", () => {
    const control = createConcurrencyControl({ ...bounds, most: 1000 });
    expect([round(control, 50), round(control, 50), round(control, 50)]).toEqual([8, 32, 128]);
    fail(control, 7);
    expect(control.limit()).toBe(64);
    expect([round(control, 50), round(control, 50), round(control, 50)]).toEqual([68, 72, 76]);
  });

  it("grows at a server that answers within a millisecond, and under a clock that is set back", () => {
    const control = createConcurrencyControl({ ...bounds, most: 1000 });
    expect([round(control, 0), round(control, 1), round(control, -1000)]).toEqual([8, 32, 128]);
  });

  it("opens places with every answer, not only with the last of a round", () => {
    const control = createConcurrencyControl(bounds);
    for (let call = 0; call < 4; call++) control.begin();
    const numbers = [1, 2, 3, 4].map(() => {
      control.answered(50);
      return control.limit();
    });
    expect(numbers).toEqual([5, 6, 7, 8]);
  });

  it("grows the less the longer answers take, not at all beyond twice as long, and goes on when they do not", () => {
    const control = createConcurrencyControl({ ...bounds, start: 16, most: 10_000 });
    expect(round(control, 50)).toBe(32);
    const [quick, slower] = [50, 75].map((milliseconds) => {
      const other = createConcurrencyControl({ ...bounds, start: 16, most: 10_000 });
      round(other, 50);
      return round(other, milliseconds);
    });
    expect(quick).toBe(128);
    expect(slower).toBeLessThan(quick!);
    expect(slower).toBeGreaterThan(64);
    const stopped = round(control, 500);
    expect(stopped).toBeLessThan(48);
    expect([round(control, 500), round(control, 500)]).toEqual([stopped, stopped]);
    for (let again = 0; again < 3; again++) round(control, 50);
    expect(control.limit()).toBeGreaterThan(2 * stopped);
  });

  it("halves once for all calls that were on their way, and never leaves its bounds", () => {
    const control = createConcurrencyControl({ ...bounds, start: 64 });
    const begun = Array.from({ length: 64 }, () => control.begin());
    for (const one of begun) control.troubled(one, "failed");
    expect(control.limit()).toBe(32);
    for (let trouble = 0; trouble < 20; trouble++) control.troubled(control.begin(), "failed");
    expect(control.limit()).toBe(1);
    const wide = createConcurrencyControl({ ...bounds, most: 10 });
    for (let step = 0; step < 9; step++) round(wide, 1);
    expect(wide.limit()).toBe(10);
  });

  it.each([1, 6, 7, 40])("halves where %i of forty are turned down", (count) => {
    expect(refuse(createConcurrencyControl({ ...bounds, start: 40 }), count)).toBe(20);
  });

  it("takes troubles at clearly fewer calls for chance: they halve it, and it is soon what it was", () => {
    const control = createConcurrencyControl({ ...bounds, start: 100 });
    fail(control, 1);
    expect([control.limit(), round(control, 50)]).toEqual([50, 53]);
    expect(control.borne()).toEqual({ number: 53, tooMuch: 100 });
    fail(control, 1);
    expect([control.limit(), round(control, 50), round(control, 50)]).toEqual([26, 100, 100]);
    fail(control, 1);
    expect([control.limit(), round(control, 50)]).toEqual([50, 100]);
    // Most of the last calls: no chance any more.
    for (let again = 0; again < 7; again++) fail(control, 1);
    expect(round(control, 50)).toBeLessThan(10);
  });

  it("takes troubles with slow answers, or no answer in time, for load until they come at less than a third", () => {
    const control = createConcurrencyControl({ ...bounds, start: 100 });
    round(control, 50);
    round(control, 500);
    fail(control, 1);
    expect(control.borne()).toEqual({ number: 50, tooMuch: 100 });
    round(control, 50);
    fail(control, 1);
    expect(control.borne()).toEqual({ number: 26, tooMuch: 100 });
    fail(control, 1);
    expect(control.borne()).toBeUndefined();
    control.troubled(control.begin(), "late");
    control.troubled(control.begin(), "late");
    expect(control.limit()).toBe(3);
  });

  it("is soon what it was after an outage, and comes to what was too much by steps", () => {
    const control = createConcurrencyControl({ ...bounds, start: 100 });
    while (control.limit() > 1) fail(control, control.limit());
    const numbers = Array.from({ length: 9 }, () => round(control, 50));
    expect(numbers).toEqual([2, 4, 8, 16, 32, 53, 56, 59, 63]);
  });

  it("does not grow where the bound was never reached", () => {
    const control = createConcurrencyControl(bounds);
    for (let call = 0; call < 20; call++) {
      control.begin();
      control.answered(50);
    }
    expect(control.limit()).toBe(4);
  });

  it("is known for the next time once there was load, or all was reached, and not before", () => {
    const control = createConcurrencyControl(bounds);
    expect(control.borne()).toBeUndefined();
    round(control, 50);
    expect(control.borne()).toBeUndefined();
    while (control.limit() < bounds.most) round(control, 50);
    expect(control.borne()).toEqual({ number: 100, tooMuch: Number.POSITIVE_INFINITY });
    refuse(control, 7);
    expect(control.borne()).toMatchObject({ tooMuch: 100 });
    const { number } = control.borne()!;
    const next = createConcurrencyControl(bounds, control.borne());
    expect([next.limit(), round(next, 50)]).toEqual([number, number + 3]);
  });
});

/** A model whose calls are answered, or fail, when the test says so. */
const heldModel = () => {
  const open: ((failure?: Error) => void)[] = [];
  const reply: Reply = { text: "x", finish: "stop", usage: { promptTokens: 1, completionTokens: 1 } };
  const model: LanguageModel = {
    id: "held",
    capabilities: { batch: 50, scores: false },
    generate: (requests) =>
      new Promise((resolve, reject) =>
        open.push((failure) =>
          failure === undefined ? resolve(requests.map(() => reply)) : reject(failure),
        ),
      ),
    score: async () => [],
    close: async () => {},
  };
  return { model, open };
};

const request: GenerateRequest = { messages: [], maxTokens: 1, temperature: 0, seed: 1 };
/** Lets everything that can go on now go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("withAdaptiveConcurrency", () => {
  it("lets as many calls through as its number says, more after good answers, half after all were turned down", async () => {
    const { model, open } = heldModel();
    const clock = manualClock();
    const adaptive = withAdaptiveConcurrency(model, { start: 2, clock });
    const outcomes = Array.from({ length: 12 }, () => adaptive.generate([request]).catch(() => "failed"));
    await settle();
    expect(open).toHaveLength(2);
    clock.advance(100);
    for (const end of open.splice(0)) end();
    await settle();
    expect(open).toHaveLength(4);
    const busy = modelFailure("model-status", "busy", { model: "held", retriable: true, status: 429 });
    for (const end of open.splice(0)) end(busy);
    await settle();
    expect(open).toHaveLength(2);
    while (open.length > 0) {
      for (const end of open.splice(0)) end();
      await settle();
    }
    const results = await Promise.all(outcomes);
    expect(results.filter((result) => result === "failed")).toHaveLength(4);
  });

  it.each([
    ["model-status", 429, 4],
    ["model-status", 529, 4],
    ["model-status", 500, 4],
    ["model-status", 503, 4],
    ["model-timeout", undefined, 4],
    ["model-connection", undefined, 4],
    ["model-status", 408, 8],
    ["model-response", undefined, 8],
  ] as const)("after %s (%s) lets %i calls of eight through", async (code, status, expected) => {
    const { model, open } = heldModel();
    const adaptive = withAdaptiveConcurrency(model, { start: 8, most: 8, clock: manualClock() });
    const outcomes = Array.from({ length: 24 }, () => adaptive.generate([request]).catch(() => "failed"));
    await settle();
    const facts = { model: "held", retriable: true, ...(status === undefined ? {} : { status }) };
    for (const end of open.splice(0)) end(modelFailure(code, "no", facts));
    await settle();
    expect(open).toHaveLength(expected);
    while (open.length > 0) {
      for (const end of open.splice(0)) end();
      await settle();
    }
    await Promise.all(outcomes);
  });

  it("takes a wrong request for no trouble", async () => {
    const { model, open } = heldModel();
    const adaptive = withAdaptiveConcurrency(model, { start: 4, clock: manualClock() });
    const outcomes = Array.from({ length: 8 }, () => adaptive.generate([request]).catch(() => "failed"));
    await settle();
    const wrong = modelFailure("model-status", "wrong", { model: "held", retriable: false, status: 400 });
    open.shift()?.(wrong);
    await settle();
    expect(open).toHaveLength(4);
    while (open.length > 0) {
      for (const end of open.splice(0)) end();
      await settle();
    }
    await Promise.all(outcomes);
  });
});
