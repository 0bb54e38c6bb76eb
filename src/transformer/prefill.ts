// Prompts into the cache: those of like lengths in one run, equal ones once, and what prompts that start alike (a system
// prompt, examples) have in common once for many of them, as the trunk of a packed row with their ends as its branches.
// Knows token ids only.

import { compile, createProgramCache, freeData, type ProgramCache } from "../engine/index.ts";
import { batchBucket, batchWithin, promptStep } from "./buckets.ts";
import type { KeyValueCache } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import { prefillGraph } from "./decoder.ts";
import { graphOf, type ModelState } from "./model-state.ts";
import { assignRows, itemLength, type PackedItem, packRows, roundUp } from "./packing.ts";
import { parameterCount } from "./parameters.ts";

/** A prompt and the row of the cache that it goes to. */
export type PrefillJob = { readonly row: number; readonly prompt: readonly number[] };

type Prompt = readonly number[];

/** A larger model computes prompts as fast when it asks for memory anew; a small one takes a tenth longer. */
const smallNumbers = 32e6;

/**
 * Programs that compute prompts; those of a small model keep memory for whole prompts, so few are held: those of two or
 * three prefills.
 */
export const createPrefillPrograms = (state: ModelState): ProgramCache => {
  const keepsMemory = parameterCount(state.config) <= smallNumbers;
  return createProgramCache((key) => {
    const [batch, time, count] = key.split("|").map(Number) as [number, number, number];
    return compile(prefillGraph(graphOf(state), batch, time, count), { keepsMemory });
  }, 12);
};

/**
 * Tokens that a prefill has at least. A product with fewer rows than columns is shared among threads by columns, and
 * one with more by rows; narrow shares add up in another order. With this many rows the last bits, and with them the
 * sampled tokens, do not depend on how many prompts are computed together (measured with 1 to 6 threads; with 8 and
 * more they still can).
 */
const prefillTokens = ({ hiddenSize }: ModelConfig): number => Math.min(hiddenSize, 512);

/** Different prompts among jobs, and which of them each job has. */
const distinctPrompts = (jobs: readonly PrefillJob[]) => {
  const places = new Map<string, number>();
  const prompts: Prompt[] = [];
  const promptOf = jobs.map(({ prompt }) => {
    const key = prompt.join(" ");
    const place = places.get(key) ?? prompts.length;
    if (place === prompts.length) prompts.push(prompt);
    places.set(key, place);
    return place;
  });
  return { prompts, promptOf };
};

/** A beginning shorter than this is not worth a row of its own. */
const leastShared = 32;

const sharedLength = (one: Prompt, other: Prompt): number => {
  // each keeps a token of its own, whose logits are read
  const most = Math.min(one.length, other.length) - 1;
  let length = 0;
  while (length < most && one[length] === other[length]) length++;
  return length;
};

const inOrder = (one: Prompt, other: Prompt): number => {
  for (let at = 0; at < one.length && at < other.length; at++)
    if (one[at] !== other[at]) return one[at]! - other[at]!;
  return one.length - other.length;
};

/** Prompts that begin alike, with the length of that beginning; 0 for one that stands alone. */
type Group = { readonly members: number[]; shared: number };

/** Groups of prompts, so that joining another one never makes less of a group shared. */
const groupPrompts = (prompts: readonly Prompt[]): Group[] => {
  const order = [...prompts.keys()].sort((one, other) => inOrder(prompts[one]!, prompts[other]!));
  const groups: Group[] = [];
  for (const [at, index] of order.entries()) {
    const group = groups.at(-1);
    const common = at === 0 ? 0 : sharedLength(prompts[order[at - 1]!]!, prompts[index]!);
    const count = group?.members.length ?? 0;
    const shared = group === undefined || count === 1 ? common : Math.min(group.shared, common);
    const joins = shared >= leastShared && count * shared >= (count - 1) * (group?.shared ?? 0);
    if (group === undefined || !joins) groups.push({ members: [index], shared: 0 });
    else {
      group.members.push(index);
      group.shared = shared;
    }
  }
  return groups;
};

/** A packed item and the prompt that each of its branches ends; without branches, the prompt it is. */
type Part = { readonly item: PackedItem; readonly members: readonly number[] };

/** Groups as items no longer than a row should be; a row's attention grows with the square of its length. */
const partsOf = (prompts: readonly Prompt[], groups: readonly Group[]): Part[] =>
  groups.flatMap(({ members, shared }) => {
    if (members.length === 1) {
      const [only] = members as [number];
      return [{ item: { trunk: prompts[only]!, branches: [] }, members }];
    }
    const trunk = prompts[members[0]!]!.slice(0, shared);
    const limit = Math.min(3 * shared, shared + 1024);
    const parts: { item: { trunk: Prompt; branches: Prompt[] }; members: number[] }[] = [];
    let length = 0;
    for (const member of members) {
      const branch = prompts[member]!.slice(shared);
      if (parts.length === 0 || length + branch.length > limit) {
        parts.push({ item: { trunk, branches: [] }, members: [] });
        length = shared;
      }
      parts.at(-1)!.item.branches.push(branch);
      parts.at(-1)!.members.push(member);
      length += branch.length;
    }
    return parts;
  });

/** A run more costs as much as so many tokens: its program, and what is done for every run. */
const costOfRun = 512;

/**
 * Prompts of like lengths together, so that little of their rows is empty: into how many runs, and which, so that the
 * runs' tokens are fewest. Gives places.
 */
const runsByLength = (config: ModelConfig, prompts: readonly Prompt[]): number[][] => {
  const order = [...prompts.keys()].sort(
    (one, other) => prompts[one]!.length - prompts[other]!.length || one - other,
  );
  const costOf = (from: number, to: number): number => {
    const { batch, time } = sizesOf(config, prompts[order[to - 1]!]!.length, to - from);
    return batch * time + costOfRun;
  };
  /** By how many of the shortest prompts are in runs: what that costs at least, and where the last of those runs begins. */
  const best = [{ cost: 0, from: 0 }];
  for (let to = 1; to <= order.length; to++) {
    let least = { cost: Number.POSITIVE_INFINITY, from: 0 };
    for (let from = 0; from < to; from++) {
      const cost = best[from]!.cost + costOf(from, to);
      if (cost < least.cost) least = { cost, from };
    }
    best.push(least);
  }
  const runs: number[][] = [];
  for (let to = order.length; to > 0; to = best[to]!.from) runs.unshift(order.slice(best[to]!.from, to));
  return runs;
};

/** Rows of a prefill, and where in them the tokens of each prompt lie: pieces of flat token indices, in order. */
type Layout = {
  readonly batch: number;
  readonly time: number;
  readonly items: readonly PackedItem[];
  readonly rows: readonly (readonly number[])[];
  readonly members: readonly (readonly number[])[];
};

const sizesOf = (config: ModelConfig, longest: number, rows: number) => {
  const time = roundUp(longest, promptStep);
  return { time, batch: batchBucket(Math.max(rows, Math.ceil(prefillTokens(config) / time))) };
};

const alone = (config: ModelConfig, prompts: readonly Prompt[]): Layout => ({
  ...sizesOf(config, Math.max(...prompts.map(({ length }) => length)), prompts.length),
  items: prompts.map((trunk) => ({ trunk, branches: [] })),
  rows: prompts.map((_, at) => [at]),
  members: prompts.map((_, at) => [at]),
});

/** Prompts in rows of one run, what many begin with computed once; undefined where nothing is shared. */
const layOutShared = (config: ModelConfig, prompts: readonly Prompt[]): Layout | undefined => {
  const groups = groupPrompts(prompts);
  if (groups.every(({ shared }) => shared === 0)) return undefined;
  const parts = partsOf(prompts, groups);
  const items = parts.map(({ item }) => item);
  const longest = Math.max(...items.map(itemLength));
  const rows = assignRows(items, roundUp(longest, promptStep));
  const sizes = sizesOf(config, longest, rows.length);
  return { ...sizes, items, rows, members: parts.map(({ members }) => members) };
};

/** One run of a prefill: which prompts it computes, by their places, and how they lie in rows. */
export type PrefillRun = { readonly places: readonly number[]; readonly layout: Layout };

/** Prompts in runs: a prompt a row, or beginnings shared where that leaves a quarter fewer tokens to compute. */
export const layOutPrompts = (config: ModelConfig, prompts: readonly Prompt[]): PrefillRun[] => {
  const apart = runsByLength(config, prompts).map((places) => {
    const chosen = places.map((place) => prompts[place]!);
    return { places, layout: alone(config, chosen) };
  });
  const tokens = apart.reduce((sum, { layout }) => sum + layout.batch * layout.time, 0);
  const shared = layOutShared(config, prompts);
  if (shared === undefined || shared.batch * shared.time > 0.75 * tokens) return apart;
  return [{ places: [...prompts.keys()], layout: shared }];
};

type Piece = { readonly from: number; readonly count: number };

/** For each prompt, where its tokens lie in the rows. */
const piecesOf = (layout: Layout, packed: ReturnType<typeof packRows>): Piece[][] => {
  const pieces: Piece[][] = [];
  for (const [at, { trunk, branches }] of layout.items.entries()) {
    const { row, trunk: start, branches: starts } = packed.placements[at]!;
    const flat = (column: number): number => row * layout.time + column;
    for (const [branch, member] of layout.members[at]!.entries()) {
      const beginning = { from: flat(start), count: trunk.length };
      const end = branches[branch];
      pieces[member] =
        end === undefined ? [beginning] : [beginning, { from: flat(starts[branch]!), count: end.length }];
    }
  }
  return pieces;
};

/** Takes the keys and values of a prompt, by its place in a run: pieces of what a run gives. */
type Keep = (at: number, source: Readonly<Record<string, unknown>>, pieces: readonly Piece[]) => void;

/** Computes the prompts of one run; gives the logits after each. */
const computePrompts = async (
  state: ModelState,
  programs: ProgramCache,
  { places, layout }: PrefillRun,
  keep: Keep,
): Promise<Float32Array[]> => {
  const { batch, time } = layout;
  const packed = packRows(layout.items, layout.rows, { batch, time, padding: 0 });
  const pieces = piecesOf(layout, packed);
  // a prompt a row is read as ever; packed rows can end more prompts than there are rows
  const count = layout.rows.length === places.length ? batch : batchBucket(places.length);
  const last = BigInt64Array.from({ length: count }, (_, at) => {
    const piece = pieces[at]?.at(-1);
    return BigInt(piece === undefined ? Math.min(at, batch - 1) * time : piece.from + piece.count - 1);
  });
  const { tokens, positions, bias } = packed;
  const results = await programs.use(`${batch}|${time}|${count}`, (program) =>
    program.run({ ...state.feeds(), tokens, positions, bias, last }),
  );
  const { logits, ...keyValues } = results;
  for (const [at, own] of pieces.entries()) keep(at, keyValues, own);
  for (const data of Object.values(keyValues)) freeData(data);
  const width = state.config.vocabularySize;
  return places.map((_, at) => (logits as Float32Array).subarray(at * width, (at + 1) * width));
};

/**
 * Numbers that one run may hold at a time: 512 MB. Of a larger model an eighth of its weights, so that a run adds little to
 * them, and at least 64 MB, with which products are large enough.
 */
const numbersPerRun = (config: ModelConfig): number => {
  const weights = parameterCount(config);
  return weights <= smallNumbers ? 2 ** 27 : Math.min(2 ** 27, Math.max(2 ** 24, weights / 8));
};

/** Numbers of so many tokens in a run: attention or a layer's activations, and keys and values, which leave it as a copy. */
const numbersOf = (config: ModelConfig, tokens: number): number => {
  const { heads, keyValueHeads, headSize, layers, intermediateSize } = config;
  const keyValues = 2 * layers * keyValueHeads * headSize;
  return tokens * (Math.max(heads * tokens, 4 * intermediateSize) + 2 * keyValues);
};

/** Prompts in portions that one run's memory holds, those that begin alike together; gives their places. */
export const portionsOf = (config: ModelConfig, prompts: readonly Prompt[]): number[][] => {
  const longest = roundUp(Math.max(...prompts.map(({ length }) => length)), promptStep);
  // as many as a batch has: of one more the next batch would be computed, and half of it be empty
  const most = batchWithin(Math.max(1, Math.floor(numbersPerRun(config) / numbersOf(config, longest))));
  const places = [...prompts.keys()];
  if (prompts.length <= most) return [places];
  places.sort((one, other) => inOrder(prompts[one]!, prompts[other]!));
  return Array.from({ length: Math.ceil(places.length / most) }, (_, at) =>
    places.slice(at * most, (at + 1) * most),
  );
};

/** Computes prompts into rows of the cache; gives the logits [vocabulary] after each job's prompt. */
export const prefill = async (
  state: ModelState,
  programs: ProgramCache,
  cache: KeyValueCache,
  jobs: readonly PrefillJob[],
): Promise<Float32Array[]> => {
  const { prompts, promptOf } = distinctPrompts(jobs);
  const logits = new Array<Float32Array>(prompts.length);
  const runs = portionsOf(state.config, prompts).flatMap((portion) =>
    layOutPrompts(
      state.config,
      portion.map((place) => prompts[place]!),
    ).map(({ places, layout }) => ({ places: places.map((place) => portion[place]!), layout })),
  );
  for (const run of runs) {
    const computed = await computePrompts(state, programs, run, (at, source, pieces) => {
      for (const [job, { row }] of jobs.entries()) {
        if (promptOf[job] !== run.places[at]) continue;
        cache.clear(row);
        let position = 0;
        for (const { from, count } of pieces) {
          cache.write(row, position, source, from, count);
          position += count;
        }
      }
    });
    for (const [at, place] of run.places.entries()) logits[place] = computed[at]!;
  }
  return promptOf.map((place) => logits[place]!);
};
