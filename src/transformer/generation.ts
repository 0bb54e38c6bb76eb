// Batched generation with a fixed key/value cache: prompts are prefilled together, tokens are decoded one a step for
// the whole batch, a finished row's place goes to the next prompt, and the batch shrinks when nothing waits. Each
// request samples from its own seed. Knows token ids only, nothing of text.

import { CovenantError, createRandom, type Random, throwIfAborted } from "../core/index.ts";
import { compile, createProgramCache, type ProgramCache } from "../engine/index.ts";
import { createCache, type KeyValueCache } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import { decodeGraph, prefillGraph } from "./decoder.ts";
import { constantGraphOf, graphOf, type ModelState } from "./model-state.ts";
import { packRows, roundUp } from "./packing.ts";
import { parameterCount } from "./parameters.ts";
import { type SamplingOptions, sampleToken } from "./sampling.ts";

/** A prompt to continue, with its own sampling and seed. */
export type TokenRequest = SamplingOptions & {
  /** At least one token, and fewer than the model has positions (see fitsContext). */
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly seed: number;
};

/**
 * ids: the new tokens without the end token; ended: an end token came (false: cut by maxTokens or the context).
 */
export type TokenReply = { readonly ids: readonly number[]; readonly ended: boolean };

/** How generation goes on; nothing here changes what is sampled. */
export type GenerateOptions = {
  readonly signal?: AbortSignal;
  /** Rows decoded at a time; default 96. */
  readonly batch?: number;
  readonly onReply?: (index: number, reply: TokenReply) => void;
};

/** A generator over one set of weights. Weights are read at every call, so a policy in training is seen as it is. */
export type Generator = {
  generate(requests: readonly TokenRequest[], options?: GenerateOptions): Promise<TokenReply[]>;
  release(): Promise<void>;
};

type Programs = { readonly prefill: ProgramCache; readonly decode: ProgramCache };

type Slot = {
  readonly index: number;
  readonly random: Random;
  readonly ids: number[];
  length: number;
  next: number;
};

type Job = { readonly row: number; readonly prompt: readonly number[] };

// ONNX Runtime multiplies a single row with another kernel, whose last bits differ: so batches begin at 2.
const batchBuckets = [2, 4, 8, 16, 24, 32, 48, 64, 96, 128];
const batchBucket = (count: number): number =>
  batchBuckets.find((size) => size >= count) ?? roundUp(count, 128);

/**
 * Whether decoding programs keep the weights packed: half as fast again, for as much memory a program as the weights
 * take. Small models do not need it, and what is larger than a graph may be cannot have it.
 */
const keepsWeights = ({ frozen, config }: ModelState): boolean => {
  const size = parameterCount(config);
  return frozen && size >= 16e6 && size <= 400e6;
};

/** Rows decoded for so many live ones of `rows`. A program with weights of its own is worth fewer sizes. */
const decodingRows = (state: ModelState, live: number, rows: number): number => {
  if (!keepsWeights(state)) return batchBucket(live);
  const quarter = batchBucket(Math.ceil(rows / 4));
  return live <= quarter ? quarter : rows;
};

/**
 * Tokens that a prefill has at least. A product with fewer rows than columns is shared among threads by columns, and
 * one with more by rows; narrow shares add up in another order. With this many rows the last bits, and with them the
 * sampled tokens, do not depend on how many prompts are computed together (measured with 1 to 6 threads; with 8 and
 * more they still can).
 */
const prefillTokens = ({ hiddenSize }: ModelConfig): number => Math.min(hiddenSize, 512);

const promptStep = 32;

const vocabularyRow = (state: ModelState, logits: Float32Array, row: number): Float32Array =>
  logits.subarray(row * state.config.vocabularySize, (row + 1) * state.config.vocabularySize);

/** Different prompts among jobs, and which of them each job has. */
const sharePrompts = (jobs: readonly Job[]) => {
  const places = new Map<string, number>();
  const prompts: (readonly number[])[] = [];
  const promptOf = jobs.map(({ prompt }) => {
    const key = prompt.join(" ");
    const place = places.get(key) ?? prompts.length;
    if (place === prompts.length) prompts.push(prompt);
    places.set(key, place);
    return place;
  });
  return { prompts, promptOf };
};

/** Computes prompts into rows of the cache, one that several jobs have once; gives the logits after each. */
const prefill = async (state: ModelState, programs: Programs, cache: KeyValueCache, jobs: readonly Job[]) => {
  const { prompts, promptOf } = sharePrompts(jobs);
  const time = roundUp(Math.max(...prompts.map(({ length }) => length)), promptStep);
  const batch = batchBucket(Math.max(prompts.length, Math.ceil(prefillTokens(state.config) / time)));
  const program = await programs.prefill.get(`${batch}|${time}`);
  const items = prompts.map((trunk) => ({ trunk, branches: [] }));
  const packed = packRows(
    items,
    items.map((_, at) => [at]),
    { batch, time, padding: 0 },
  );
  const last = BigInt64Array.from({ length: batch }, (_, at) =>
    BigInt(at * time + (prompts[at]?.length ?? 1) - 1),
  );
  const { tokens, positions, bias } = packed;
  const results = await program.run({ ...state.feeds(), tokens, positions, bias, last });
  jobs.forEach(({ row, prompt }, at) => {
    cache.clear(row);
    cache.write(row, 0, results, promptOf[at]!, time, prompt.length);
  });
  return promptOf.map((at) => vocabularyRow(state, results["logits"] as Float32Array, at));
};

/** One token for each of the first `batch` rows; gives all logits and writes the cache. */
const decode = async (
  state: ModelState,
  programs: Programs,
  cache: KeyValueCache,
  slots: readonly (Slot | undefined)[],
  batch: number,
): Promise<Float32Array> => {
  const program = await programs.decode.get(`${batch}|${cache.capacity}`);
  const tokens = BigInt64Array.from({ length: batch }, (_, row) => BigInt(slots[row]?.next ?? 0));
  const positions = BigInt64Array.from({ length: batch }, (_, row) => BigInt(slots[row]?.length ?? 0));
  const results = await program.run({ ...state.feeds(), ...cache.feeds(batch), tokens, positions });
  for (let row = 0; row < batch; row++) {
    const slot = slots[row];
    if (slot === undefined) continue;
    cache.write(row, slot.length, results, row, 1, 1);
    slot.length++;
  }
  return results["logits"] as Float32Array;
};

/** Moves live rows to the front, so that a smaller batch can carry on. */
const compact = (cache: KeyValueCache, slots: (Slot | undefined)[]): void => {
  let to = 0;
  for (let from = 0; from < slots.length; from++) {
    if (slots[from] === undefined) continue;
    if (from !== to) {
      cache.move(from, to);
      slots[to] = slots[from];
      slots[from] = undefined;
    }
    to++;
  }
};

/** Room for the longest prompt with its new tokens, inside the model's context. */
const capacityFor = (state: ModelState, requests: readonly TokenRequest[]): number => {
  const longest = requests.reduce(
    (most, { prompt, maxTokens }) => Math.max(most, prompt.length + maxTokens),
    2,
  );
  return Math.min(roundUp(longest, promptStep), state.config.maxPositions);
};

/**
 * Whether a prompt of so many tokens leaves room for a reply in the model's context. One that does not is never cut:
 * what was cut off would be missing from what the reply is judged by.
 */
export const fitsContext = ({ maxPositions }: ModelConfig, promptTokens: number): boolean =>
  promptTokens < maxPositions;

const requirePrompts = (requests: readonly TokenRequest[], config: ModelConfig): void => {
  for (const [index, { prompt, maxTokens }] of requests.entries()) {
    if (prompt.length === 0 || maxTokens < 1)
      throw new CovenantError(
        "empty-sequence",
        `request ${index} has ${prompt.length} prompt tokens and asks for ${maxTokens}; both must be at least 1`,
        { index },
      );
    if (!fitsContext(config, prompt.length))
      throw new CovenantError(
        "prompt-too-long",
        `request ${index} has ${prompt.length} prompt tokens, which leave no room for a reply in a context of ${config.maxPositions}`,
        { index },
      );
  }
};

const generateAll = async (
  state: ModelState,
  programs: Programs,
  requests: readonly TokenRequest[],
  options: GenerateOptions,
): Promise<TokenReply[]> => {
  requirePrompts(requests, state.config);
  const endTokens = new Set(state.config.endTokenIds);
  const replies = new Array<TokenReply>(requests.length);
  const rows = batchBucket(Math.min(options.batch ?? 96, requests.length));
  const cache = createCache(state.config, rows, capacityFor(state, requests));
  const slots = new Array<Slot | undefined>(rows).fill(undefined);
  let waiting = 0;
  const finish = (row: number, slot: Slot, ended: boolean): void => {
    const reply = { ids: slot.ids, ended };
    replies[slot.index] = reply;
    slots[row] = undefined;
    cache.clear(row);
    options.onReply?.(slot.index, reply);
  };
  const accept = (row: number, logits: Float32Array): void => {
    const slot = slots[row]!;
    const request = requests[slot.index]!;
    const token = sampleToken(logits, request, slot.random);
    if (endTokens.has(token)) {
      finish(row, slot, true);
      return;
    }
    slot.ids.push(token);
    slot.next = token;
    if (slot.ids.length >= request.maxTokens || slot.length >= cache.capacity) finish(row, slot, false);
  };
  const admit = async (): Promise<void> => {
    const jobs: Job[] = [];
    for (let row = 0; row < rows && waiting < requests.length; row++) {
      if (slots[row] !== undefined) continue;
      const { prompt, seed } = requests[waiting]!;
      slots[row] = { index: waiting++, random: createRandom(seed), ids: [], length: prompt.length, next: 0 };
      jobs.push({ row, prompt });
    }
    const logits = await prefill(state, programs, cache, jobs);
    jobs.forEach(({ row }, at) => {
      accept(row, logits[at]!);
    });
  };
  for (;;) {
    throwIfAborted(options.signal);
    const live = slots.reduce((count, slot) => count + (slot === undefined ? 0 : 1), 0);
    if (waiting < requests.length && rows - live >= Math.max(1, rows / 4)) {
      await admit();
      continue;
    }
    if (live === 0) return replies;
    const batch = waiting < requests.length ? rows : decodingRows(state, live, rows);
    if (slots.slice(batch).some((slot) => slot !== undefined)) compact(cache, slots);
    const logits = await decode(state, programs, cache, slots, batch);
    for (let row = 0; row < batch; row++)
      if (slots[row] !== undefined) accept(row, vocabularyRow(state, logits, row));
  }
};

/**
 * Generator over a model's state. Throws InterruptedError when the signal is aborted, and CovenantError
 * "prompt-too-long", naming the request, for a prompt that does not fit the context.
 */
export const createGenerator = (state: ModelState): Generator => {
  const cacheOf = (build: typeof prefillGraph, graphFor: typeof graphOf, limit: number): ProgramCache =>
    createProgramCache((key) => {
      const [batch, size] = key.split("|") as [string, string];
      return compile(build(graphFor(state), Number(batch), Number(size)));
    }, limit);
  // a prefill keeps memory for whole prompts, a decoding step for one token a row
  const programs: Programs = {
    prefill: cacheOf(prefillGraph, graphOf, 6),
    decode: keepsWeights(state)
      ? cacheOf(decodeGraph, constantGraphOf, 2)
      : cacheOf(decodeGraph, graphOf, 24),
  };
  return {
    generate: async (requests, options = {}) =>
      requests.length === 0 ? [] : generateAll(state, programs, requests, options),
    async release() {
      await programs.prefill.release();
      await programs.decode.release();
    },
  };
};
