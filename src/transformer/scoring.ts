// Scoring: log-probabilities of given continuations, and the scalar head's score of whole texts. Prompts are computed
// once however many continuations they have, and short items share rows. Knows token ids only.

import { CovenantError, throwIfAborted } from "../core/index.ts";
import { compile, createProgramCache, input, type ProgramCache } from "../engine/index.ts";
import type { ModelConfig } from "./config.ts";
import { hiddenStates, logitsOf, packedInputs, scoreOf } from "./decoder.ts";
import { graphOf, type ModelState } from "./model-state.ts";
import {
  type FilledRows,
  fillBatches,
  fillBestRows,
  type ItemBatch,
  itemLength,
  leastTime,
  type PackedItem,
  portionsOf,
  roundUp,
  tokensPerRun,
} from "./packing.ts";
import { readProbabilities } from "./sampling.ts";
import {
  branchTargets,
  layOut,
  readTargets,
  type TokenBatch,
  type TokenBatchSizes,
  takeInTurn,
} from "./token-batch.ts";

export type ScoreOptions = { readonly signal?: AbortSignal; readonly onItems?: (done: number) => void };

/** Reads what a model makes of given texts. */
export type Scorer = {
  /** Natural-log probabilities of every token of every branch: [item][branch][token]. */
  tokens(items: readonly PackedItem[], options?: ScoreOptions): Promise<Float32Array[][]>;
  /** Of every token of every branch its probability and those of the `top` likeliest at its place: [item][branch][token]. */
  likeliest(
    items: readonly PackedItem[],
    top: number,
    options?: ScoreOptions,
  ): Promise<ReturnType<typeof readProbabilities>[][][]>;
  /** The scalar head at the last token of every branch: [item][branch]. The model must have a score head. */
  scores(items: readonly PackedItem[], options?: ScoreOptions): Promise<Float32Array[]>;
  release(): Promise<void>;
};

/** Logits computed in one run: 256 MB. One item may have more. */
const logitsPerRun = 2 ** 26;

/** Items that are looked at together, so that short ones fill the rows of long ones. */
const itemsAtATime = 1024;

/** A run's items, by their places among some, in as many runs as its logits need. */
const withinLogits = (items: readonly PackedItem[], run: ItemBatch, vocabulary: number): ItemBatch[] => {
  const readOf = (place: number): number => itemLength(items[place]!) - items[place]!.trunk.length;
  const parts = portionsOf(run.places, readOf, logitsPerRun / vocabulary);
  if (parts.length === 1) return [run];
  return parts.map((places) => {
    const chosen = places.map((place) => items[place]!);
    return { places, filled: fillBestRows(chosen, leastTime(chosen)) };
  });
};

/** Items in runs of about tokensPerRun tokens, whose rows are full; gives their places. */
const runsOf = (items: readonly PackedItem[], vocabulary: number): ItemBatch[] => {
  const runs: ItemBatch[] = [];
  for (let from = 0; from < items.length; from += itemsAtATime) {
    const some = items.slice(from, from + itemsAtATime);
    for (const batch of fillBatches(some, tokensPerRun))
      for (const { places, filled } of withinLogits(some, batch, vocabulary))
        runs.push({ places: places.map((place) => from + place), filled });
  }
  return runs;
};

/** Flat index of the last token of every branch. */
const lastTokens = (batch: TokenBatch): bigint[] =>
  batch.items.flatMap(({ branches }, at) => {
    const placement = batch.packed.placements[at]!;
    return branches.map((ids, branch) =>
      BigInt(placement.row * batch.sizes.time + placement.branches[branch]! + ids.length - 1),
    );
  });

const longestBranch = ({ branches }: PackedItem): number =>
  branches.reduce((most, { length }) => Math.max(most, length), 0);

/** Whether prompt and continuations can be scored: a continuation's last token needs no position of its own. */
export const fitsScoring = ({ maxPositions }: ModelConfig, item: PackedItem): boolean =>
  item.trunk.length + longestBranch(item) <= maxPositions + 1;

/** lastRead: whether the last tokens themselves are read, and not only what they are predicted by. */
const requireScorable = (items: readonly PackedItem[], config: ModelConfig, lastRead: boolean): void => {
  for (const [index, item] of items.entries()) {
    if (item.trunk.length === 0 || item.branches.some((branch) => branch.length === 0)) {
      throw new CovenantError("empty-sequence", `item ${index} has an empty prompt or continuation`, {
        index,
      });
    }
    const length = item.trunk.length + longestBranch(item);
    if (length > config.maxPositions + (lastRead ? 0 : 1)) {
      throw new CovenantError(
        "sequence-too-long",
        `item ${index} has ${length} tokens with its longest continuation, more than a context of ${config.maxPositions} holds`,
        { index },
      );
    }
  }
};

type ProgramKind = "tokens" | "logits" | "scores";

/** The program for one shape; key: kind, rows, tokens a row, values read. */
const compileFor = (state: ModelState, key: string) => {
  const [kind, batch, time, count] = key.split("|") as [ProgramKind, string, string, string];
  const sizes: TokenBatchSizes = { batch: Number(batch), time: Number(time), targets: Number(count) };
  const graph = { ...graphOf(state), frozenHead: true };
  if (kind === "tokens") return compile({ values: readTargets(graph, sizes).logProbabilities });
  const rows = input("predictors", [sizes.targets], "int64");
  const hidden = hiddenStates(graph, packedInputs(sizes.batch, sizes.time), { rows });
  return compile({ values: kind === "logits" ? logitsOf(graph, hidden) : scoreOf(graph, hidden) });
};

/** Items that are computed at once, and their rows. */
type Run = { readonly chosen: readonly PackedItem[]; readonly filled: FilledRows };

/** Takes values off a run's result, as many at a time as asked for, in the order of its items. */
type Take = (count: number) => Float32Array;

/**
 * Positions inside the context: the last token of a continuation may lie one behind it, is read by nobody, and would
 * have no learned position.
 */
const positionsWithin = (positions: BigInt64Array, { maxPositions }: ModelConfig): BigInt64Array => {
  const last = BigInt(maxPositions - 1);
  return positions.map((position) => (position > last ? last : position));
};

/** Log-probabilities of every token of every branch, one run. */
const runTokens = async (
  state: ModelState,
  programs: ProgramCache,
  { chosen, filled }: Run,
): Promise<Take> => {
  const padding = state.config.padTokenId ?? 0;
  const batch = layOut(chosen, branchTargets(chosen), { padding, filled });
  const { batch: rows, time, targets } = batch.sizes;
  const positions = positionsWithin(batch.packed.positions, state.config);
  const results = await programs.use(`tokens|${rows}|${time}|${targets}`, (program) =>
    program.run({ ...state.feeds(), ...batch.feeds, positions }),
  );
  return takeInTurn(results["values"] as Float32Array);
};

/** Logits [vocabulary] before every token of every branch, one run. */
const runLogits = async (
  state: ModelState,
  programs: ProgramCache,
  { chosen, filled }: Run,
): Promise<Take> => {
  const padding = state.config.padTokenId ?? 0;
  const batch = layOut(chosen, branchTargets(chosen), { padding, filled });
  const { batch: rows, time, targets } = batch.sizes;
  const { wanted: _, ...feeds } = batch.feeds;
  const positions = positionsWithin(batch.packed.positions, state.config);
  const results = await programs.use(`logits|${rows}|${time}|${targets}`, (program) =>
    program.run({ ...state.feeds(), ...feeds, positions }),
  );
  return takeInTurn(results["values"] as Float32Array);
};

/** The head's score at the last token of every branch, one run. */
const runScores = async (
  state: ModelState,
  programs: ProgramCache,
  { chosen, filled }: Run,
): Promise<Take> => {
  const padding = state.config.padTokenId ?? 0;
  const batch = layOut(chosen, [], { padding, filled });
  const found = lastTokens(batch);
  const count = roundUp(found.length, 32);
  const predictors = new BigInt64Array(count);
  predictors.set(found);
  const { tokens, positions, bias } = batch.packed;
  const key = `scores|${batch.sizes.batch}|${batch.sizes.time}|${count}`;
  const results = await programs.use(key, (program) =>
    program.run({ ...state.feeds(), tokens, positions, bias, predictors }),
  );
  return takeInTurn(results["values"] as Float32Array);
};

/**
 * Scorer over a model's state. Weights are read at every call. Throws CovenantError, naming the item, for an empty one
 * ("empty-sequence") and for one that does not fit the context ("sequence-too-long").
 */
export const createScorer = (state: ModelState): Scorer => {
  const programs = createProgramCache((key) => compileFor(state, key), 8);

  const each = async (
    items: readonly PackedItem[],
    options: ScoreOptions,
    run: typeof runTokens,
    keep: (index: number, take: Take) => void,
  ): Promise<void> => {
    requireScorable(items, state.config, run === runScores);
    let done = 0;
    for (const { places, filled } of runsOf(items, state.config.vocabularySize)) {
      throwIfAborted(options.signal);
      const chosen = places.map((place) => items[place]!);
      const take = await run(state, programs, { chosen, filled });
      for (const place of places) keep(place, take);
      done += places.length;
      options.onItems?.(done);
    }
  };

  return {
    async tokens(items, options = {}) {
      const all = new Array<Float32Array[]>(items.length);
      await each(items, options, runTokens, (index, take) => {
        all[index] = items[index]!.branches.map(({ length }) => take(length));
      });
      return all;
    },
    async likeliest(items, top, options = {}) {
      const all = new Array<ReturnType<typeof readProbabilities>[][]>(items.length);
      const width = state.config.vocabularySize;
      await each(items, options, runLogits, (index, take) => {
        all[index] = items[index]!.branches.map((ids) =>
          ids.map((id) => readProbabilities(take(width), id, top)),
        );
      });
      return all;
    },
    async scores(items, options = {}) {
      const all = new Array<Float32Array>(items.length);
      await each(items, options, runScores, (index, take) => {
        all[index] = take(items[index]!.branches.length);
      });
      return all;
    },
    release: () => programs.release(),
  };
};
