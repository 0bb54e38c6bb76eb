// Prompts that start alike: their beginning is computed once, nothing else changes; and for every family, with its
// windows, the cache equals full recomputation and a batch equals single replies.

import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { setThreads } from "../engine/index.ts";
import { batchBucket, batchWithin } from "./buckets.ts";
import { loadModelFolder } from "./checkpoint.ts";
import { argmaxByHand } from "./full-forward.fixture.ts";
import { createGenerator } from "./generation.ts";
import { createModelState } from "./model-state.ts";
import { layOutPrompts, portionsOf } from "./prefill.ts";
import { randomModel, smallConfig } from "./random-model.fixture.ts";
import type { TokenReply, TokenRequest } from "./token-request.ts";

const random = createRandom(9);
const tokens = (length: number): number[] => Array.from({ length }, () => 2 + random.integer(90));

const beginning = tokens(40);
const other = tokens(33);
const pool = [
  ...Array.from({ length: 8 }, (_, at) => [...beginning, ...tokens(1 + at)]),
  ...Array.from({ length: 3 }, (_, at) => [...other, ...tokens(3 + at)]),
  beginning,
  [...beginning.slice(0, 35), ...tokens(6)],
  ...[1, 12, 30].map(tokens),
];

/** The prompts that runs hold, put together from their trunks and branches. */
const promptsIn = (runs: ReturnType<typeof layOutPrompts>): number[][] => {
  const found: number[][] = [];
  for (const { places, layout } of runs)
    for (const [at, { trunk, branches }] of layout.items.entries())
      for (const [branch, member] of layout.members[at]!.entries())
        found[places[member]!] = [...trunk, ...(branches[branch] ?? [])];
  return found;
};

const tokensIn = (runs: ReturnType<typeof layOutPrompts>): number =>
  runs.reduce((sum, { layout }) => sum + layout.batch * layout.time, 0);

describe("prompts in rows", () => {
  it("share a beginning where that saves much, and are whole", () => {
    const runs = layOutPrompts(smallConfig, pool);
    expect(promptsIn(runs)).toEqual(pool);
    expect(runs).toHaveLength(1);
    const { items } = runs[0]!.layout;
    const counted = items.reduce(
      (sum, { trunk, branches }) =>
        sum + trunk.length + branches.reduce((all, { length }) => all + length, 0),
      0,
    );
    const all = pool.reduce((sum, { length }) => sum + length, 0);
    expect(counted).toBeLessThan(0.5 * all);
    expect(tokensIn(runs)).toBeLessThanOrEqual(0.75 * 16 * 64);
    expect(items.find(({ trunk }) => trunk.length === 33)?.branches).toHaveLength(3);
  });

  it("stand alone where they differ early", () => {
    const apart = Array.from({ length: 6 }, () => [...tokens(1), ...beginning]);
    const runs = layOutPrompts(smallConfig, apart);
    expect(runs).toHaveLength(1);
    const { items, batch, time } = runs[0]!.layout;
    expect(items.every(({ branches }) => branches.length === 0)).toBe(true);
    expect([batch, time]).toEqual([8, 64]);
  });

  it("are computed with those of like length, so that a long one does not make all rows long", () => {
    const lengths = Array.from({ length: 40 }, (_, at) => (at % 8 === 3 ? 150 + at : 20 + (at % 12)));
    const prompts = lengths.map(tokens);
    const runs = layOutPrompts(smallConfig, prompts);
    expect(promptsIn(runs)).toEqual(prompts);
    expect(runs.length).toBeGreaterThan(1);
    // 5 of 192 tokens in a batch of 8, 35 of 32 in one of 48; all in one run: 48 rows of 192
    expect(tokensIn(runs)).toBeLessThanOrEqual(8 * 192 + 48 * 32);
  });

  it("are computed in one run where another one costs more than it saves", () => {
    expect(layOutPrompts(smallConfig, [20, 40, 33, 64].map(tokens))).toHaveLength(1);
  });

  it("are computed in portions where there are too many for one run, those that begin alike together", () => {
    const large = { ...smallConfig, heads: 32, intermediateSize: 8192 };
    const many = Array.from({ length: 60 }, (_, at) => [
      ...(at % 2 === 0 ? beginning : other),
      ...tokens(100),
    ]);
    expect(portionsOf(smallConfig, many)).toEqual([[...many.keys()]]);
    const portions = portionsOf(large, many);
    expect(portions.length).toBeGreaterThan(1);
    expect(portions.flat().sort((a, b) => a - b)).toEqual([...many.keys()]);
    const mixed = portions.filter((places) => new Set(places.map((place) => place % 2)).size > 1);
    expect(mixed.length).toBeLessThanOrEqual(1);
    for (const places of portions) expect(places.length * 160 * 4 * 8192).toBeLessThanOrEqual(2 ** 27);
  });

  it("are fewer in a portion where keys and values would take much beside the weights of a larger model", () => {
    const sizes = { vocabularySize: 49_152, hiddenSize: 576, intermediateSize: 1536, layers: 30 };
    const larger = { ...smallConfig, ...sizes, heads: 9, keyValueHeads: 3, headSize: 64 };
    const many = Array.from({ length: 16 }, () => tokens(64));
    expect(portionsOf(smallConfig, many)).toHaveLength(1);
    const portions = portionsOf(larger, many);
    // 2 x 30 x 3 x 64 numbers of keys and values a token, which are there twice: at most an eighth of 135 million
    for (const places of portions) expect(places.length * 64 * 2 * 11_520).toBeLessThanOrEqual(135e6 / 8);
    expect(portions.flat()).toHaveLength(16);
  });

  it("are always whole, whatever they have in common", () => {
    const prompt = fc
      .tuple(fc.integer({ min: 0, max: 60 }), fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1 }))
      .map(([shared, rest]) => [...Array.from({ length: shared }, (_, at) => at % 5), ...rest]);
    fc.assert(
      fc.property(fc.uniqueArray(prompt, { minLength: 1, maxLength: 40, selector: String }), (prompts) => {
        const runs = layOutPrompts(smallConfig, prompts);
        expect(promptsIn(runs)).toEqual(prompts);
        for (const { layout } of runs) for (const row of layout.rows) expect(row.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe("sizes of batches", () => {
  it("are few, at least two, and on either side of what is asked for", () => {
    for (const count of [1, 2, 3, 5, 8, 30, 96, 100, 128, 129, 200, 256, 300, 1000]) {
      expect(batchBucket(count)).toBeGreaterThanOrEqual(count);
      expect(batchWithin(count)).toBeLessThanOrEqual(Math.max(2, count));
      expect(batchBucket(batchWithin(count))).toBe(batchWithin(count));
      expect(batchWithin(batchBucket(count))).toBe(batchBucket(count));
    }
  });
});

describe("a reply", () => {
  const generator = createGenerator(randomModel({ endTokenIds: [7, 23] }, { scale: 5 }));
  afterAll(() => generator.release());
  const requests = pool.map(
    (prompt, at): TokenRequest => ({
      ...{ prompt, maxTokens: 4 + ((at * 5) % 9), seed: at % 3, temperature: at % 4 === 0 ? 0 : 1.2 },
      ...(at % 3 === 0 ? { topK: 20, topP: 0.9 } : {}),
      ...(at % 5 === 0 ? { minP: 0.05, repetitionPenalty: 1.3 } : {}),
      ...(at % 2 === 0 ? { probabilities: 2 } : {}),
    }),
  );
  const idsOf = ({ ids, end }: TokenReply) => [...ids, end];

  it("is its request's alone: the same in any company, order and batch size, also for who joins later", async () => {
    const alone: unknown[] = [];
    for (const request of requests) alone.push(idsOf((await generator.generate([request]))[0]!));
    const company = fc.array(fc.nat(requests.length - 1), { minLength: 1, maxLength: 24 });
    await fc.assert(
      fc.asyncProperty(company, fc.integer({ min: 1, max: 20 }), fc.nat(24), async (places, batch, late) => {
        const wanted = places.map((place) => alone[place]);
        const chosen = places.map((place) => requests[place]!);
        const together = await generator.generate(chosen, { batch });
        expect(together.map(idsOf)).toEqual(wanted);
        const first = chosen.slice(0, Math.max(1, chosen.length - late));
        const rest = chosen.slice(first.length);
        const more = () => rest.splice(0, 2);
        expect((await generator.generate(first, { batch, more })).map(idsOf)).toEqual(wanted);
      }),
      { numRuns: 12, seed: 4 },
    );
  });

  it("has the model's probabilities of its tokens where they are asked for", async () => {
    const [reply, plain] = await generator.generate([
      { prompt: beginning, maxTokens: 6, temperature: 0, seed: 1, probabilities: 3 },
      { prompt: beginning, maxTokens: 6, temperature: 0, seed: 1 },
    ]);
    expect(plain!.tokens).toBeUndefined();
    expect(reply!.ids).toEqual(plain!.ids);
    expect(reply!.tokens).toHaveLength(reply!.ids.length);
    for (const { id, logProbability, alternatives } of reply!.tokens!) {
      expect(alternatives![0]).toEqual({ id, logProbability });
      expect(alternatives).toHaveLength(3);
    }
  });

  it("that nobody waits for any more ends as it is, and its neighbours go on", async () => {
    const gone = new AbortController();
    const [one, two] = requests.slice(1, 3) as [TokenRequest, TokenRequest];
    const long = { maxTokens: 12, temperature: 0, repetitionPenalty: 1.5 };
    const [wanted] = await generator.generate([{ ...two, ...long }]);
    const seen: number[] = [];
    const until = ({ id }: { readonly id: number }): boolean => {
      if (seen.push(id) === 2) gone.abort();
      return false;
    };
    const [cut, whole, never] = await generator.generate([
      { ...one, ...long, until, signal: gone.signal },
      { ...two, ...long },
      { ...two, signal: AbortSignal.abort() },
    ]);
    expect(cut).toEqual({ ids: seen, ended: false });
    expect(seen).toHaveLength(2);
    expect(whole!.ids).toEqual(wanted!.ids);
    expect(never).toEqual({ ids: [], ended: false });
  });
});

describe("a reply on two threads", () => {
  // wide enough that products of few tokens would be shared among threads otherwise than those of many
  const [hiddenSize, headSize, intermediateSize, vocabularySize] = [128, 32, 256, 512];
  const model = randomModel({ hiddenSize, headSize, intermediateSize, vocabularySize }, { scale: 3 });
  const ask = (prompt: readonly number[], at: number): TokenRequest => ({
    ...{ prompt, maxTokens: 5, seed: at, temperature: 1, probabilities: 1 },
  });
  const onTwo = async (prompts: readonly (readonly number[])[]) => {
    setThreads(2);
    const generator = createGenerator(model);
    try {
      const requests = prompts.map(ask);
      const together = await generator.generate(requests);
      const alone: TokenReply[] = [];
      for (const request of requests) alone.push((await generator.generate([request]))[0]!);
      return { together, alone };
    } finally {
      setThreads(1);
      await generator.release();
    }
  };

  it("is the same to the last bit alone and beside others, where no beginning is shared", async () => {
    const { together, alone } = await onTwo(Array.from({ length: 8 }, (_, at) => tokens(3 + 3 * at)));
    expect(together).toEqual(alone);
  });

  it("has the same tokens, and their probabilities but for last bits, where one is", async () => {
    const prompts = Array.from({ length: 8 }, (_, at) => [...beginning, ...tokens(1 + at)]);
    const { together, alone } = await onTwo(prompts);
    expect(together.map(({ ids }) => ids)).toEqual(alone.map(({ ids }) => ids));
    const numbersOf = ({ tokens: own }: TokenReply) => own!.map(({ logProbability }) => logProbability!);
    const [some, same] = [together.flatMap(numbersOf), alone.flatMap(numbersOf)];
    for (const [at, number] of some.entries()) expect(Math.abs(number - same[at]!)).toBeLessThan(1e-4);
  });
});

const families = ["gpt2", "llama3", "mistral", "qwen2", "qwen3", "gemma3"];

describe.each(families)("%s", (family) => {
  it("gives with cache, shared beginnings and neighbours what full recomputation of one prompt gives", async () => {
    const folder = new URL(`../../test/golden/families/${family}`, import.meta.url).pathname;
    const { config, weights } = await loadModelFolder(folder);
    const state = createModelState({ ...config, endTokenIds: [] }, weights);
    const generator = createGenerator(state);
    const prompts = [pool[0]!, pool[7]!, pool[8]!, pool[10]!, pool[13]!, pool[15]!];
    const ask = (prompt: readonly number[]): TokenRequest => ({
      prompt,
      maxTokens: 12,
      temperature: 0,
      seed: 0,
    });
    const replies = await generator.generate(prompts.map(ask));
    for (const [at, prompt] of prompts.entries())
      expect(replies[at]!.ids, `prompt ${at}`).toEqual(await argmaxByHand(state, prompt, 12));
    const sampled = prompts.map((prompt, at) => ({ ...ask(prompt), temperature: 1, seed: at }));
    const together = await generator.generate(sampled);
    for (const [at, request] of sampled.entries())
      expect(await generator.generate([request])).toEqual([together[at]]);
    await generator.release();
  });
});
