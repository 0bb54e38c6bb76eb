// Answers that are kept: what counts as the same request, which answers are kept, and what is left of them after an end
// in the middle of a line.

import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { anyText } from "../../core/any-text.fixture.ts";
import { openAnswerStore, scriptedModel, withCache } from "../index.ts";
import { requestKey } from "../request-key.ts";
import type { GenerateRequest } from "../specification.ts";

const root = mkdtempSync(join(tmpdir(), "covenant-cache-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ask = (content: string, change: Partial<GenerateRequest> = {}): GenerateRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 9,
  temperature: 1,
  seed: 1,
  ...change,
});
const parrot = (id = "parrot", score = true) =>
  scriptedModel({
    id,
    reply: ({ messages, seed }) => `${messages[0]?.content} ${seed}`,
    ...(score ? { score: () => [-0.25, -2] } : {}),
  });
const scoring = { messages: ask("Which?").messages, continuations: ["(A)", "(B)"] };

describe("withCache", () => {
  it("asks once for each request, in this process and in the next", async () => {
    const folder = join(root, "once");
    const first = await openAnswerStore(folder);
    const model = parrot();
    const cached = withCache(model, first);
    const [fresh] = await cached.generate([ask("💡\n")]);
    const [again] = await cached.generate([ask("💡\n")]);
    await cached.score([scoring, scoring]);
    await first.close();
    expect(fresh?.cached).toBeUndefined();
    expect(again).toEqual({ ...fresh, cached: true });
    const next = await openAnswerStore(folder);
    const other = parrot();
    const [kept] = await withCache(other, next).generate([ask("💡\n")]);
    const [score] = await withCache(other, next).score([scoring]);
    expect(kept).toEqual(again);
    expect(score).toMatchObject({ logProbabilities: [-0.25, -2], cached: true });
    expect(other.calls).toEqual([]);
    await next.close();
  });

  it("knows requests apart by all that decides the answer", async () => {
    const store = await openAnswerStore(join(root, "apart"));
    const model = parrot();
    const changes: Partial<GenerateRequest>[] = [
      { answer: { name: "form", schema: {} } },
      {},
      { seed: 2 },
      { maxTokens: 8 },
      { temperature: 0.5 },
      { topP: 0.5 },
      { stop: ["x"] },
      { messages: [{ role: "system", content: "a" }] },
    ];
    const requests = changes.map((change) => ask("a", change));
    await withCache(model, store).generate(requests);
    await withCache(parrot("http://other/v1#m"), store).generate([ask("a")]);
    expect(store.size()).toBe(changes.length + 1);
    await store.close();
  });

  it("keeps no scores of a model that gives none, and no failure", async () => {
    const store = await openAnswerStore(join(root, "none"));
    const [score] = await withCache(parrot("mute", false), store).score([scoring]);
    expect(score?.logProbabilities).toEqual([null, null]);
    const failing = scriptedModel({
      reply: () => {
        throw new Error("no");
      },
    });
    await expect(withCache(failing, store).generate([ask("a")])).rejects.toThrow("no");
    expect(store.size()).toBe(0);
    await store.close();
    expect(readdirSync(join(root, "none"))).toEqual([]);
  });

  it("has no part in a trial of what the server gives", async () => {
    const store = await openAnswerStore(join(root, "trial"));
    const model = parrot();
    const cached = withCache(model, store);
    for (let start = 1; start <= 2; start++) {
      const [score] = await cached.score([{ ...scoring, trial: true }]);
      expect(score?.cached).toBeUndefined();
      expect(model.calls).toHaveLength(start);
    }
    expect(store.size()).toBe(0);
    await cached.score([scoring]);
    await cached.score([{ ...scoring, trial: true }]);
    expect(model.calls).toHaveLength(4);
    await store.close();
  });

  it("tells requests apart by the form that is asked for", () => {
    const keyOf = (change: object): string =>
      requestKey("m", { type: "generate", request: { ...ask("a"), ...change } });
    const form = { name: "areas", schema: { type: "object" } };
    expect(
      new Set([keyOf({}), keyOf({ answer: form }), keyOf({ answer: { ...form, schema: {} } })]).size,
    ).toBe(3);
  });

  it("holds any text", async () => {
    const store = await openAnswerStore(join(root, "any"));
    fc.assert(
      fc.property(anyText(), fc.integer(), (text, seed) => {
        const key = requestKey("m", { type: "generate", request: ask(text, { seed }) });
        store.put(key, { text });
        expect(store.get(key)).toEqual({ text });
      }),
    );
    await store.close();
  });
});

describe("a store of answers", () => {
  const key = (number: number): string => requestKey(String(number), { type: "score", request: scoring });

  it("drops a line that a killed process left half-written, and keeps the others", async () => {
    const folder = join(root, "torn");
    const store = await openAnswerStore(folder);
    store.put(key(1), "one");
    const [file = ""] = readdirSync(folder);
    appendFileSync(join(folder, file), `{"key":"${key(2)}","answer":"tw`);
    const next = await openAnswerStore(folder);
    expect([next.get(key(1)), next.get(key(2)), next.size()]).toEqual(["one", undefined, 1]);
    next.put(key(2), "two");
    await next.close();
    await store.close();
    const last = await openAnswerStore(folder);
    expect([last.get(key(1)), last.get(key(2))]).toEqual(["one", "two"]);
    await last.close();
    for (const name of readdirSync(folder))
      expect(readFileSync(join(folder, name), "utf8")).not.toContain("Which?");
  });

  it("finds thousands of answers, long ones too, that several processes wrote", async () => {
    const folder = join(root, "many");
    const stores = [await openAnswerStore(folder), await openAnswerStore(folder)] as const;
    for (let number = 0; number < 3000; number++)
      stores[number % 2]!.put(key(number), number % 100 === 0 ? "é".repeat(9000 + number) : number);
    for (const store of stores) await store.close();
    const all = await openAnswerStore(folder);
    expect(all.size()).toBe(3000);
    for (let number = 0; number < 3000; number++)
      expect(all.get(key(number))).toBe(number % 100 === 0 ? "é".repeat(9000 + number) : number);
    expect(all.get(key(3000))).toBeUndefined();
    await all.close();
  });
});
