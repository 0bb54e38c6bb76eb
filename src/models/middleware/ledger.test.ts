// The account of a run: what counts as a call and what is paid for, budgets and how far they can be overshot, and what a
// killed process leaves.

import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import { modelFailure } from "../failure.ts";
import { openLedger, priceOfModel, readAccounts, scriptedModel, withLedger, withRetry } from "../index.ts";
import type { GenerateRequest, LanguageModel } from "../specification.ts";
import { withAdaptiveConcurrency } from "./concurrency.ts";

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
/** What a call takes at most. */
const most = { promptTokens: 10, completionTokens: 20 };
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
      estimated: 0,
      estimatedMoney: 0,
    });
  });

  it("pays less for what the provider had read before", async () => {
    const ledger = await openLedger();
    const meter = ledger.meter({ model: "m", price: { ...price, cachedInput: 0 } });
    meter.begin(most).answered({ promptTokens: 10, completionTokens: 0, cachedTokens: 8 });
    expect(ledger.totals().money).toBe(0.5);
  });

  it.each([
    ["turned down", { status: 429 }, { failed: 1, money: 0, estimated: 0 }],
    ["never there", { unsent: true }, { failed: 1, money: 0, estimated: 0 }],
    ["declined", { status: 400, declined: "overflow" as const }, { failed: 0, money: 0, estimated: 0 }],
    ["sent and not answered", {}, { failed: 1, money: 10 + 20, estimated: 1, estimatedMoney: 10 + 20 }],
  ])("knows what a call costs that was %s", async (_, facts, expected) => {
    const ledger = await openLedger();
    const meter = ledger.meter({ model: "m", price: { input: 1e6, output: 1e6 }, stage: "s" });
    const failure = modelFailure("model-connection", "no", { model: "m", retriable: true, ...facts });
    meter.begin(most).failed(failure);
    expect(ledger.totals()).toMatchObject({ calls: 1, ...expected });
    expect(ledger.totals("s")).toEqual(ledger.totals());
    expect(ledger.totals("other").calls).toBe(0);
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
    expect(String(thrown)).toContain(`budget.${Object.keys(budget)[0]} begins anew`);
    expect(inner.calls).toHaveLength(answered);
  });

  it.each([
    [{ tokens: 30 }, 5],
    [{ money: 15.1 }, 5],
    [{ calls: 5 }, 5],
  ])("spends %j to the last call, with many of them asked for at once", async (budget, answered) => {
    const ledger = await openLedger({ budget });
    const inner = model();
    let onTheirWay = 0;
    let first = 0;
    const slow: LanguageModel = {
      ...inner,
      generate: async (requests, options) => {
        onTheirWay++;
        if (inner.calls.length === 0) first = onTheirWay;
        await new Promise((resolve) => setImmediate(resolve));
        onTheirWay--;
        return inner.generate(requests, options);
      },
    };
    const counted = withLedger(slow, ledger, price);
    const thrown: unknown = await counted.generate(asks(64)).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "budget-used-up" });
    // Said when nothing is on its way any more.
    expect(String(thrown)).toContain("(so far 5 calls, 30 tokens, $15.00)");
    expect(inner.calls).toHaveLength(answered);
    // Nobody knew yet what a call takes: one alone found out, where its limit says that more would not fit.
    expect(first).toBe("calls" in budget ? 5 : 1);
  });

  it.each([1, 8, 40])(
    "goes beyond a budget by no more than %i calls in flight take, however long their answers are",
    async (atOnce) => {
      const [budget, shortest, longest] = [400, 1, 90];
      const ledger = await openLedger({ budget: { tokens: budget } });
      let inFlight = 0;
      let most = 0;
      const spentAtStart: number[] = [];
      const inner = scriptedModel({
        // the first answers tell nothing of the later ones
        reply: ({ seed }) =>
          Array(seed < 40 ? shortest : longest)
            .fill("word")
            .join(" "),
      });
      const slow: LanguageModel = {
        ...inner,
        generate: async (requests, options) => {
          most = Math.max(most, ++inFlight);
          const { promptTokens, completionTokens } = ledger.totals();
          spentAtStart.push(promptTokens + completionTokens);
          await new Promise((resolve) => setImmediate(resolve));
          const replies = await inner.generate(requests, options);
          inFlight--;
          return replies;
        },
      };
      const counted = withAdaptiveConcurrency(withLedger(slow, ledger, price), {
        clock: manualClock(0),
        start: atOnce,
        most: atOnce,
      });
      const longs = asks(100).map((request) => ({ ...request, maxTokens: 100 }));
      const thrown: unknown = await counted.generate(longs).catch((error: unknown) => error);
      expect(thrown).toMatchObject({ code: "budget-used-up" });
      const { promptTokens, completionTokens } = ledger.totals();
      const over = promptTokens + completionTokens - budget;
      expect(Math.max(...spentAtStart)).toBeLessThan(budget);
      expect(over).toBeLessThanOrEqual(most * (4 + longest));
      expect(most).toBeLessThanOrEqual(atOnce);
      // it is gone beyond: with answers as foreseen this would show nothing
      expect(over).toBeGreaterThan(0);
    },
  );

  it("foresees a dearer model by its own price and limit, not by what others took", async () => {
    const ledger = await openLedger({ budget: { money: 100 } });
    const [cheap, dear] = [
      scriptedModel({ id: "cheap", reply: () => "yes indeed" }),
      scriptedModel({ id: "dear", reply: () => "yes indeed" }),
    ];
    await withLedger(cheap, ledger, { input: 1, output: 1 }).generate(asks(20));
    const counted = withLedger(dear, ledger, { input: 5e6, output: 5e6 });
    await expect(counted.generate(asks(16))).rejects.toThrow("budget of $100.00");
    // Thirty dollars a call.
    expect(dear.calls).toHaveLength(3);
  });

  it("books by estimate what a killed process had on its way, once", async () => {
    const file = join(root, "killed.jsonl");
    const killed = await openLedger({ file });
    const meter = killed.meter({ model: "m", price: { input: 1e6, output: 1e6 }, stage: "answer" });
    meter.begin(most).answered({ promptTokens: 3, completionTokens: 4 });
    meter.begin(most);
    meter.begin(most);
    // The card of a run that is never continued knows of them, too.
    const unresumed = (await readAccounts(file)).get("answer");
    killed.close();
    for (let attempt = 0; attempt < 2; attempt++) {
      const next = await openLedger({ file });
      expect(next.totals("answer")).toMatchObject({ calls: 3, failed: 2, money: 7 + 60, estimated: 2 });
      expect(next.totals("answer")).toEqual(unresumed);
      next.close();
    }
    expect(await readAccounts(join(root, "none.jsonl"))).toEqual(new Map());
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

describe("a budget that is nearly used up", () => {
  it.each([{ money: 7 }, { tokens: 14 }])(
    "%j is not gone beyond by a call at each start of the command",
    async (budget) => {
      const file = join(root, `starts-${Object.keys(budget)[0]}.jsonl`);
      const totals: number[] = [];
      for (let start = 0; start < 3; start++) {
        const ledger = await openLedger({ file, budget });
        const counted = withLedger(model(), ledger, price);
        await expect(counted.generate(asks(4))).rejects.toMatchObject({ code: "budget-used-up" });
        totals.push(ledger.totals().calls);
        ledger.close();
      }
      // a call takes $3 and six tokens
      expect(totals).toEqual([2, 2, 2]);
    },
  );
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
