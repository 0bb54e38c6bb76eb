// The loop of generation: waiting requests are taken into free rows of the cache, all rows get one token a step, a
// finished row's place goes to the next request, and the batch shrinks when nothing waits. Requests may join while it
// runs. Each samples from its own seed. Knows token ids only, nothing of text.

import { createRandom, type Random, throwIfAborted } from "../core/index.ts";
import { compile, createProgramCache, freeData, type ProgramCache } from "../engine/index.ts";
import { batchBucket, batchWithin, promptStep } from "./buckets.ts";
import { createCache, type KeyValueCache } from "./cache.ts";
import { decodeGraph } from "./decoder.ts";
import { constantGraphOf, graphOf, type ModelState } from "./model-state.ts";
import { roundUp } from "./packing.ts";
import { parameterCount } from "./parameters.ts";
import { prefill } from "./prefill.ts";
import { drawToken, isPlain, readProbabilities, sampleToken } from "./sampling.ts";
import type { GenerateOptions, SampledToken, TokenReply, TokenRequest } from "./token-request.ts";

/** A larger model keeps its weights once: packed for decoding, they would take their memory again. */
const constantNumbers = 400e6;
/** Numbers that all decoding programs of a generator may hold as constants. */
const keptNumbers = 256e6;

/**
 * Whether decoding programs keep the weights, packed for their products: half as fast again, for as much memory a
 * program as the weights take.
 */
const keepsWeights = ({ frozen, config }: ModelState): boolean =>
  frozen && parameterCount(config) <= constantNumbers;

const mostPrograms = 24;
const programLimit = (state: ModelState): number =>
  keepsWeights(state)
    ? Math.min(mostPrograms, Math.max(2, Math.floor(keptNumbers / parameterCount(state.config))))
    : mostPrograms;

/** What is read of a step: what leaves a program is computed and copied, so only what somebody needs leaves it. */
type Reads = "probabilities" | "logits" | "both";

const decodeKey = (rows: number, capacity: number, reads: Reads): string => `${rows}|${capacity}|${reads}`;

/** Programs for one token a row. */
export const createDecodePrograms = (state: ModelState): ProgramCache =>
  createProgramCache((key) => {
    const [batch, capacity, reads] = key.split("|") as [string, string, Reads];
    const graph = keepsWeights(state) ? constantGraphOf(state) : graphOf(state);
    const { logits, probabilities, ...others } = decodeGraph(graph, Number(batch), Number(capacity));
    return compile({
      ...(reads === "logits" ? {} : { probabilities: probabilities! }),
      ...(reads === "probabilities" ? {} : { logits: logits! }),
      ...others,
    });
  }, programLimit(state));

/** Rows decoded for so many live ones, of `rows` at most. Where few programs can be held, few sizes are worth one. */
const decodingRows = (state: ModelState, live: number, rows: number): number => {
  if (programLimit(state) === mostPrograms) return batchBucket(live);
  const quarter = batchBucket(Math.ceil(rows / 4));
  return live <= quarter ? quarter : rows;
};

/** The programs of one generator. */
export type Programs = { readonly prefill: ProgramCache; readonly decode: ProgramCache };

type Slot = {
  readonly index: number;
  readonly request: TokenRequest;
  readonly random: Random;
  readonly ids: number[];
  readonly tokens: SampledToken[];
  /** Tokens of prompt and reply, where the request penalises repetition. */
  readonly seen: Set<number>;
  length: number;
  next: number;
};

/** What the loop works on. requests grows when `more` brings some. */
type Batch = {
  readonly state: ModelState;
  readonly programs: Programs;
  readonly endTokens: ReadonlySet<number>;
  readonly options: GenerateOptions;
  readonly requests: TokenRequest[];
  readonly replies: TokenReply[];
  readonly slots: (Slot | undefined)[];
  cache: KeyValueCache;
  waiting: number;
};

const largestBatch = 96;
/** Numbers of keys and values that the cache may hold: 2 GB. Two rows fit whatever their length. */
const cacheNumbers = 2 ** 29;
/** Where requests join, lengths are not known beforehand: larger steps, so that the cache seldom grows. */
const joiningStep = 256;

const liveRows = ({ slots }: Batch): number =>
  slots.reduce((count, slot) => count + (slot === undefined ? 0 : 1), 0);

/** Room for the longest prompt with its new tokens, inside the model's context. */
const capacityFor = (
  { config }: ModelState,
  requests: readonly TokenRequest[],
  options: GenerateOptions,
): number => {
  const longest = requests.reduce(
    (most, { prompt, maxTokens }) => Math.max(most, prompt.length + maxTokens),
    2,
  );
  return Math.min(
    roundUp(longest, options.more === undefined ? promptStep : joiningStep),
    config.maxPositions,
  );
};

/** Rows of a capacity that the cache may have. */
const rowsWithin = ({ config }: ModelState, capacity: number): number =>
  Math.max(
    2,
    Math.floor(cacheNumbers / (capacity * config.layers * config.keyValueHeads * config.headSize * 2)),
  );

const finish = (batch: Batch, index: number, reply: TokenReply): void => {
  batch.replies[index] = reply;
  batch.options.onReply?.(index, reply);
};

const replyOf = ({ ids, tokens, request }: Slot, end?: number): TokenReply => ({
  ids,
  ended: end !== undefined,
  ...(end === undefined ? {} : { end }),
  ...(request.probabilities === undefined ? {} : { tokens }),
});

const release = (batch: Batch, row: number, end?: number): void => {
  const slot = batch.slots[row]!;
  batch.slots[row] = undefined;
  batch.cache.clear(row);
  finish(batch, slot.index, replyOf(slot, end));
};

/** Goes on with the next token of a row, and ends the reply where it ends. logits: where they are read for the request. */
const accept = (batch: Batch, row: number, id: number, logits: Float32Array): void => {
  const slot = batch.slots[row]!;
  const { request, seen } = slot;
  if (batch.endTokens.has(id)) {
    release(batch, row, id);
    return;
  }
  const token =
    request.probabilities === undefined ? { id } : readProbabilities(logits, id, request.probabilities);
  slot.ids.push(id);
  slot.tokens.push(token);
  if (request.repetitionPenalty !== undefined) seen.add(id);
  slot.next = id;
  const enough = request.until?.(token) === true;
  if (enough || slot.ids.length >= request.maxTokens || slot.length >= batch.cache.capacity)
    release(batch, row);
};

const slotFor = (index: number, request: TokenRequest): Slot => ({
  index,
  request,
  random: createRandom(request.seed),
  ids: [],
  tokens: [],
  seen: new Set(request.repetitionPenalty === undefined ? [] : request.prompt),
  length: request.prompt.length,
  next: 0,
});

/** Takes waiting requests into free rows and computes their prompts. */
const admit = async (batch: Batch, most: number): Promise<void> => {
  const { requests, slots } = batch;
  const taken: number[] = [];
  for (let free = most - liveRows(batch); free > 0 && batch.waiting < requests.length; batch.waiting++) {
    if (requests[batch.waiting]!.signal?.aborted === true)
      finish(batch, batch.waiting, { ids: [], ended: false });
    else {
      taken.push(batch.waiting);
      free--;
    }
  }
  if (taken.length === 0) return;
  const rows = Math.max(batch.cache.rows, batchBucket(liveRows(batch) + taken.length));
  const asked = taken.map((index) => requests[index]!);
  const capacity = Math.max(batch.cache.capacity, capacityFor(batch.state, asked, batch.options));
  if (rows > batch.cache.rows || capacity > batch.cache.capacity)
    batch.cache = batch.cache.grown(rows, capacity);
  while (slots.length < rows) slots.push(undefined);
  let row = -1;
  const jobs = taken.map((index) => {
    do row++;
    while (slots[row] !== undefined);
    const request = requests[index]!;
    slots[row] = slotFor(index, request);
    return { row, prompt: request.prompt };
  });
  const logits = await prefill(batch.state, batch.programs.prefill, batch.cache, jobs);
  jobs.forEach(({ row: place }, at) => {
    const { request, random, seen } = slots[place]!;
    accept(batch, place, sampleToken(logits[at]!, request, random, seen), logits[at]!);
  });
};

/** Moves live rows to the front, so that a smaller batch can carry on. */
const compact = ({ cache, slots }: Batch): void => {
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

/** Whether a request needs logits, and not only the probabilities at its temperature. */
const readsLogits = (request: TokenRequest): boolean =>
  !isPlain(request) || request.probabilities !== undefined;

const noLogits = new Float32Array(0);

const readsOf = (requests: readonly TokenRequest[]): Reads => {
  if (!requests.some(readsLogits)) return "probabilities";
  return requests.some(isPlain) ? "both" : "logits";
};

/** One token for each of the first `rows` rows. */
const decode = async (batch: Batch, rows: number): Promise<void> => {
  const { state, programs, cache, slots } = batch;
  const reads = readsOf(slots.flatMap((slot) => (slot === undefined ? [] : [slot.request])));
  const tokens = BigInt64Array.from({ length: rows }, (_, row) => BigInt(slots[row]?.next ?? 0));
  const positions = BigInt64Array.from({ length: rows }, (_, row) => BigInt(slots[row]?.length ?? 0));
  const inverseTemperature = Float32Array.from({ length: rows }, (_, row) => {
    const temperature = slots[row]?.request.temperature ?? 0;
    return temperature > 0 ? 1 / temperature : 1;
  });
  const feeds = { ...state.feeds(), ...cache.feeds(rows), tokens, positions, inverseTemperature };
  const results = await programs.decode.use(decodeKey(rows, cache.capacity, reads), (program) =>
    program.run(feeds),
  );
  const width = state.config.vocabularySize;
  const rowOf = (name: "probabilities" | "logits", row: number): Float32Array =>
    (results[name] as Float32Array).subarray(row * width, (row + 1) * width);
  for (let row = 0; row < rows; row++) {
    const slot = slots[row];
    if (slot === undefined) continue;
    cache.write(row, slot.length, results, row, 1);
    slot.length++;
    const { request, random, seen } = slot;
    const logits = readsLogits(request) ? rowOf("logits", row) : noLogits;
    // drawn in the same way whatever the neighbours read
    const id = isPlain(request)
      ? drawToken(rowOf("probabilities", row), random)
      : sampleToken(logits, request, random, seen);
    accept(batch, row, id, logits);
  }
  for (const data of Object.values(results)) freeData(data);
};

const dropAborted = (batch: Batch): void => {
  for (const [row, slot] of batch.slots.entries())
    if (slot?.request.signal?.aborted === true) release(batch, row);
};

/** Rows that may be decoded at a time, now that the waiting requests may need a longer cache. */
const rowLimit = ({ state, requests, waiting, cache, options }: Batch, limit: number): number => {
  const asked = requests.slice(waiting, waiting + limit);
  const capacity = Math.max(cache.capacity, capacityFor(state, asked, options));
  return Math.min(limit, batchWithin(rowsWithin(state, capacity)));
};

/** Takes requests in and decodes until nobody waits or joins. wanted: rows at most. */
const decodeBatch = async (batch: Batch, wanted: number): Promise<void> => {
  const { state, options, requests, slots } = batch;
  for (;;) {
    throwIfAborted(options.signal);
    dropAborted(batch);
    requests.push(...(options.more?.() ?? []));
    const live = liveRows(batch);
    const isWaiting = batch.waiting < requests.length;
    const most = isWaiting ? rowLimit(batch, wanted) : live;
    // prompts are computed together, so a few rows wait for each other; who joins a running batch does not wait
    if (isWaiting && most - live >= (options.more === undefined ? Math.max(1, most / 4) : 1)) {
      await admit(batch, most);
      continue;
    }
    if (live === 0) return;
    const size = Math.min(batch.cache.rows, Math.max(most, decodingRows(state, live, batch.cache.rows)));
    if (slots.slice(size).some((slot) => slot !== undefined)) compact(batch);
    await decode(batch, size);
  }
};

/** Replies to requests, and to those that join, in their order. The requests must be fit to be computed. */
export const decodeAll = async (
  state: ModelState,
  programs: Programs,
  endTokens: ReadonlySet<number>,
  given: readonly TokenRequest[],
  options: GenerateOptions,
): Promise<TokenReply[]> => {
  const joins = options.more !== undefined;
  const capacity = capacityFor(state, given, options);
  const wanted = batchBucket(Math.min(options.batch ?? largestBatch, joins ? largestBatch : given.length));
  const rows = batchBucket(Math.min(wanted, given.length, batchWithin(rowsWithin(state, capacity))));
  throwIfAborted(options.signal);
  // Packing weights leaves holes in the heap (docs/experiments.md): so it comes before the cache, which lies in them. Who
  // joins may need another program.
  const first = given.slice(0, rows).filter(({ maxTokens, signal }) => maxTokens > 1 && !signal?.aborted);
  if (keepsWeights(state) && !joins && first.length > 0)
    await programs.decode.use(decodeKey(rows, capacity, readsOf(first)), () => undefined);
  const batch: Batch = {
    ...{ state, programs, endTokens, options, waiting: 0 },
    requests: [...given],
    replies: new Array<TokenReply>(given.length),
    slots: new Array<Slot | undefined>(rows).fill(undefined),
    cache: createCache(state.config, rows, capacity),
  };
  try {
    await decodeBatch(batch, wanted);
  } finally {
    batch.cache.release();
  }
  return batch.replies;
};
