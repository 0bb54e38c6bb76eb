// How many calls are in flight: growth while latency holds, halving once a trouble, bounds; over a clock that tests move.

import { describe, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import { modelFailure } from "../failure.ts";
import type { GenerateRequest, LanguageModel, Reply } from "../specification.ts";
import { createConcurrencyControl, withAdaptiveConcurrency } from "./concurrency.ts";

const bounds = { start: 4, least: 1, most: 100 };

/** A full round of answers that take so long each. */
const round = (control: ReturnType<typeof createConcurrencyControl>, milliseconds: number): number => {
  const size = control.limit();
  for (let call = 0; call < size; call++) control.begin();
  for (let call = 0; call < size; call++) control.answered(milliseconds);
  return control.limit();
};

describe("the number of calls in flight", () => {
  it("doubles until the first trouble, and then grows by steps", () => {
    const control = createConcurrencyControl(bounds);
    expect([round(control, 50), round(control, 55), round(control, 60)]).toEqual([8, 16, 32]);
    control.troubled(control.begin());
    expect(control.limit()).toBe(16);
    expect([round(control, 60), round(control, 60)]).toEqual([18, 20]);
  });

  it("stops growing where answers take more than twice as long, and goes on when they do not", () => {
    const control = createConcurrencyControl(bounds);
    round(control, 50);
    expect(round(control, 150)).toBe(8);
    expect(round(control, 60)).toBe(16);
  });

  it("halves once for all calls that were on their way, and never leaves its bounds", () => {
    const control = createConcurrencyControl({ ...bounds, start: 64 });
    const rounds = Array.from({ length: 64 }, () => control.begin());
    for (const one of rounds) control.troubled(one);
    expect(control.limit()).toBe(32);
    for (let trouble = 0; trouble < 20; trouble++) control.troubled(control.begin());
    expect(control.limit()).toBe(1);
    const wide = createConcurrencyControl({ ...bounds, most: 10 });
    for (let step = 0; step < 9; step++) round(wide, 1);
    expect(wide.limit()).toBe(10);
  });

  it("does not grow where the bound was never reached", () => {
    const control = createConcurrencyControl(bounds);
    for (let call = 0; call < 20; call++) {
      control.begin();
      control.answered(50);
    }
    expect(control.limit()).toBe(4);
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
  it("lets as many calls through as its number says, more after good answers, half as many after a trouble", async () => {
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
    ["model-status", 429, 2],
    ["model-status", 500, 2],
    ["model-status", 503, 2],
    ["model-timeout", undefined, 2],
    ["model-connection", undefined, 2],
    ["model-status", 408, 4],
    ["model-response", undefined, 4],
  ] as const)("after %s (%s) lets %i calls of four through", async (code, status, expected) => {
    const { model, open } = heldModel();
    const adaptive = withAdaptiveConcurrency(model, { start: 4, most: 4, clock: manualClock() });
    const outcomes = Array.from({ length: 12 }, () => adaptive.generate([request]).catch(() => "failed"));
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
