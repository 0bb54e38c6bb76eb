// Generation: the cache equals the full forward pass, a reply is its request's alone, rows are handed on, and replies
// end where they must.

import { afterAll, describe, expect, it } from "vitest";
import { createRandom, InterruptedError } from "../core/index.ts";
import { argmaxByHand } from "./full-forward.fixture.ts";
import { createGenerator } from "./generation.ts";
import { inFewerBits, randomModel } from "./random-model.fixture.ts";
import type { TokenRequest } from "./token-request.ts";

// the end token is rare here, so that replies get long
const endless = randomModel({ endTokenIds: [] });
const state = randomModel({ endTokenIds: [7, 23] }, { scale: 5 });
const long = createGenerator(endless);
const ending = createGenerator(state);
afterAll(async () => {
  await long.release();
  await ending.release();
});

const random = createRandom(6);
const promptOf = (length: number): number[] => Array.from({ length }, () => 2 + random.integer(94));
const requests: TokenRequest[] = Array.from({ length: 40 }, (_, at) => ({
  prompt: promptOf(1 + ((at * 7) % 41)),
  maxTokens: 3 + ((at * 5) % 17),
  temperature: 1,
  seed: 1000 + at,
}));

describe("cached generation", () => {
  it("continues as a full forward pass for every token would", async () => {
    const prompts = [promptOf(1), promptOf(9), promptOf(33)];
    const replies = await long.generate(
      prompts.map((prompt) => ({ prompt, maxTokens: 20, temperature: 0, seed: 0 })),
    );
    for (const [at, prompt] of prompts.entries())
      expect(replies[at]!.ids).toEqual(await argmaxByHand(endless, prompt, 20));
  });

  it.each([
    ["float32", state, requests],
    ["4 bits", inFewerBits(state, "4bit"), requests.slice(0, 16)],
    ["8 bits", inFewerBits(state, "8bit"), requests.slice(0, 16)],
  ])(
    "gives every request the same reply alone, in batches of 1, 4 and 16, and in any order: %s",
    async (_bits, model, asked) => {
      const generator = createGenerator(model);
      const all = await generator.generate(asked);
      expect(new Set(all.map(({ ids }) => ids.length)).size).toBeGreaterThan(5);
      for (const batch of [1, 4, 16]) expect(await generator.generate(asked, { batch })).toEqual(all);
      expect(await generator.generate(asked.toReversed(), { batch: 8 })).toEqual(all.toReversed());
      for (const at of [0, 13, asked.length - 1])
        expect(await generator.generate([asked[at]!])).toEqual([all[at]]);
      await generator.release();
    },
  );

  it("gives other replies for other seeds, and the same for the same", async () => {
    const [request] = requests;
    const seeds = [1, 2, 3, 1];
    const replies = await long.generate(seeds.map((seed) => ({ ...request!, maxTokens: 12, seed })));
    expect(replies[3]).toEqual(replies[0]);
    expect(new Set(replies.map(({ ids }) => ids.join())).size).toBe(3);
  });

  it("sees weights as they are at each call", async () => {
    const changing = randomModel({ endTokenIds: [] });
    const generator = createGenerator(changing);
    const request = { prompt: [5, 6, 7], maxTokens: 8, temperature: 0, seed: 0 };
    const before = await generator.generate([request]);
    const head = changing.weights["model.norm.weight"]!;
    changing.weights["model.norm.weight"] = { ...head, data: head.data.map((value) => -value) };
    expect(await generator.generate([request])).not.toEqual(before);
    await generator.release();
  });
});

describe("the end of a reply", () => {
  it("comes at an end token, which is left out", async () => {
    const replies = await ending.generate(requests.map((request) => ({ ...request, maxTokens: 60 })));
    const ended = replies.filter((reply) => reply.ended);
    expect(ended.length).toBeGreaterThan(5);
    for (const { ids } of replies) for (const id of ids) expect([7, 23]).not.toContain(id);
  });

  it("comes at maxTokens, or where the context is full", async () => {
    const [short, full, last] = await long.generate([
      { prompt: promptOf(10), maxTokens: 1, temperature: 1, seed: 1 },
      { prompt: promptOf(90), maxTokens: 50, temperature: 1, seed: 2 },
      { prompt: promptOf(95), maxTokens: 50, temperature: 1, seed: 3 },
    ]);
    expect(short!.ids.length).toBe(1);
    // 96 positions: a reply's last token needs no place of its own
    expect(full!.ids.length).toBe(7);
    expect(last!.ids.length).toBe(2);
    expect([short, full, last].some((reply) => reply!.ended)).toBe(false);
  });

  it("is never bought by cutting a prompt: one that leaves no room is refused, by its number", async () => {
    const request = { maxTokens: 2, temperature: 0, seed: 1 };
    for (const length of [96, 200]) {
      const asked = long.generate([requests[0]!, { ...request, prompt: promptOf(length) }]);
      await expect(asked).rejects.toMatchObject({ code: "prompt-too-long", facts: { index: 1 } });
    }
  });
});

describe("a call", () => {
  it("reports every reply once, as it is done", async () => {
    const seen = new Map<number, readonly number[]>();
    const replies = await ending.generate(requests, {
      batch: 4,
      onReply: (index, { ids }) => {
        expect(seen.has(index)).toBe(false);
        seen.set(index, ids);
      },
    });
    expect(replies.map((_, at) => seen.get(at))).toEqual(replies.map(({ ids }) => ids));
  });

  it("hands a row on as soon as its reply ends, while the others go on", async () => {
    const order: string[] = [];
    const asked = (name: string, maxTokens: number, seed: number): TokenRequest => ({
      ...{ prompt: promptOf(5), maxTokens, temperature: 1, seed },
      until: () => {
        order.push(name);
        return false;
      },
    });
    const requests = [asked("long", 40, 1), asked("short", 3, 2), asked("third", 5, 3)];
    const replies = await long.generate(requests, { batch: 2 });
    expect(replies.map(({ ids }) => ids.length)).toEqual([40, 3, 5]);
    // two rows: the third waits for the short one, not for the long one
    expect(order.indexOf("third")).toBeGreaterThan(order.lastIndexOf("short"));
    expect(order.lastIndexOf("third")).toBeLessThan(order.lastIndexOf("long"));
    expect(order.indexOf("long")).toBeLessThan(order.indexOf("third"));
  });

  it("stops at a signal, also half-way", async () => {
    await expect(long.generate(requests, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(
      InterruptedError,
    );
    const controller = new AbortController();
    let done = 0;
    const running = long.generate(requests, {
      signal: controller.signal,
      batch: 2,
      onReply: () => {
        if (++done === 3) controller.abort();
      },
    });
    await expect(running).rejects.toBeInstanceOf(InterruptedError);
    expect(done).toBeLessThan(6);
  });

  it("answers nothing to nothing, and refuses an empty prompt or no tokens, naming the request", async () => {
    expect(await long.generate([])).toEqual([]);
    const [fine] = requests;
    await expect(long.generate([fine!, { ...fine!, prompt: [] }])).rejects.toThrow("request 1");
    await expect(long.generate([{ ...fine!, maxTokens: 0 }])).rejects.toThrow("request 0");
  });

  it("honours top-k and top-p: one token left is the greedy one", async () => {
    const request = { prompt: promptOf(5), maxTokens: 10, seed: 4 };
    const [greedy, narrow, thin] = await long.generate([
      { ...request, temperature: 0 },
      { ...request, temperature: 1, topK: 1 },
      { ...request, temperature: 1, topP: 1e-6 },
    ]);
    expect(narrow).toEqual(greedy);
    expect(thin).toEqual(greedy);
  });
});
