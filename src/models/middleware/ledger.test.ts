// The account of a run: what counts as a call and what is paid for, budgets and how far they can be overshot, and what a
// killed process leaves.

import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { modelFailure } from "../failure.ts";
import { openLedger, priceOfModel, scriptedModel, withLedger, withRetry } from "../index.ts";
import type { GenerateRequest, LanguageModel } from "../specification.ts";

const root = mkdtempSync(join(tmpdir(), "covenant-ledger-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ask = (seed: number): GenerateRequest => ({
  messages: [{ role: "user", content: "one two three four" }],
  maxTokens: 9,
  temperature: 1,
  seed,
});
/** Four tokens read, two written. */
const model = () => scriptedModel({ reply: () => "yes indeed" });
const price = { input: 250_000, output: 1_000_000 };
const asks = (count: number) => Array.from({ length: count }, (_, seed) => ask(seed));

/** A model whose first so many calls fail. */
const failing = (times: number): LanguageModel => {
  const inner = model();
  let left = times;
  return {
    ...inner,
    generate: async (requests, options) => {
      if (left-- > 0)
        throw modelFailure("model-status", "busy", { model: "m", retriable: true, status: 503 });
      return inner.generate(requests, options);
    },
  };
};

describe("withLedger", () => {
  it("counts every call, and pays for each answer once", async () => {
    const ledger = await openLedger();
    const counted = withRetry(withLedger(failing(3), ledger, price), { wait: async () => {} });
    await counted.generate(asks(5));
    expect(ledger.totals()).toEqual({
      calls: 8,
      failed: 3,
      promptTokens: 20,
      cachedTokens: 0,
      completionTokens: 10,
      money: 5 * (4 * 0.25 + 2),
    });
  });

  it("pays less for what the provider had read before", async () => {
    const ledger = await openLedger();
    ledger.begin();
    ledger.end("m", { promptTokens: 10, completionTokens: 0, cachedTokens: 8 }, { ...price, cachedInput: 0 });
    expect(ledger.totals().money).toBe(0.5);
  });

  it.each([
    [{ calls: 7 }, 7],
    [{ tokens: 40 }, 6],
    [{ money: 20 }, 6],
  ])("stops before the call that would go beyond %j", async (budget, answered) => {
    const ledger = await openLedger({ budget });
    const inner = model();
    const counted = withLedger(inner, ledger, price);
    for (let call = 0; call < answered; call++) await counted.generate([ask(call)]);
    const thrown: unknown = await counted.generate([ask(99)]).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: "UserError", code: "budget-used-up" });
    expect(String(thrown)).toContain(`budget.${Object.keys(budget)[0]} continues`);
    expect(inner.calls).toHaveLength(answered);
  });

  it("lets calls that are on their way end, and overshoots by no more than those", async () => {
    const ledger = await openLedger({ budget: { tokens: 30 } });
    const ends: (() => void)[] = [];
    const inner = model();
    const held: LanguageModel = {
      ...inner,
      generate: async (requests, options) => {
        await new Promise<void>((resolve) => ends.push(resolve));
        return inner.generate(requests, options);
      },
    };
    const counted = withLedger(held, ledger);
    const batch = counted.generate(asks(4)).catch((error: unknown) => error);
    const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
    await settle();
    const more = counted.generate(asks(3)).catch((error: unknown) => error);
    await settle();
    for (const end of ends.splice(0)) end();
    expect(await batch).toHaveLength(4);
    expect(await more).toHaveLength(3);
    expect(ledger.totals()).toMatchObject({ calls: 7, promptTokens: 28, completionTokens: 14 });
    expect(await counted.generate(asks(3)).catch((error: unknown) => error)).toMatchObject({
      code: "budget-used-up",
    });
    expect(inner.calls).toHaveLength(7);
  });

  it("goes on in the next process, with a larger budget, whatever was left half-written", async () => {
    const file = join(root, "ledger.jsonl");
    const first = await openLedger({ file, budget: { calls: 2 } });
    const counted = withLedger(model(), first, price);
    await expect(counted.generate(asks(3))).rejects.toThrow(
      "The budget of 2 calls leaves nothing for another call",
    );
    first.close();
    appendFileSync(file, '{"model":"scripted","calls":1,"fai');
    const second = await openLedger({ file, budget: { calls: 3 } });
    expect(second.totals()).toMatchObject({ calls: 2, money: 6 });
    await withLedger(model(), second, price).generate(asks(1));
    second.close();
    const third = await openLedger({ file });
    expect(third.totals()).toMatchObject({ calls: 3, promptTokens: 12, money: 9 });
    third.close();
  });
});

describe("prices", () => {
  const prices = {
    "openai:gpt-x": price,
    m: { input: 1, output: 1 },
    "http://a/v1#n": { input: 5, output: 5 },
  };
  it.each([
    ["openai:gpt-x", price],
    ["http://a/v1#m", { input: 1, output: 1 }],
    ["http://a/v1#m|http://a/v1#n", { input: 5, output: 5 }],
    ["http://a/v1#other", undefined],
    ["anthropic:claude-x", undefined],
    ["embedded:covenant-tiny", { input: 0, output: 0 }],
  ])("of %s", (name, expected) => {
    expect(priceOfModel(prices, name)).toEqual(expected);
  });
});
