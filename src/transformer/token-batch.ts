// From rows of tokens to a packed batch and back: which hidden states predict which tokens, and what each token
// counts. Shapes are rounded to few buckets, so that few programs are compiled.

import {
  checkpoint,
  concatenate,
  frozenHeadLogProbability,
  input,
  slice,
  type Tensor,
  tokenLogProbability,
} from "../engine/index.ts";
import type { ModelConfig } from "./config.ts";
import { headOf, hiddenStates, logitsOf, packedInputs } from "./decoder.ts";
import type { DecoderGraph } from "./layers.ts";
import {
  type FilledRows,
  fillBestRows,
  leastTime,
  type PackedBatch,
  type PackedItem,
  packRows,
  predictorOf,
  sizeBucket,
} from "./packing.ts";

/** A token to be predicted: item and branch it stands in, its place there, and what it counts. */
export type Target = {
  readonly item: number;
  /** -1: the trunk itself. */
  readonly branch: number;
  readonly offset: number;
  readonly weight: number;
};

/** Shape of a batch: rows, tokens a row, places for targets. */
export type TokenBatchSizes = { readonly batch: number; readonly time: number; readonly targets: number };

/** Places that a batch has for so many targets. */
export const targetPlaces = (targets: number): number => sizeBucket(Math.max(1, targets), 256, 16);

/** A batch as laid out: feeds for readTargets, and what stands where. */
export type TokenBatch = {
  readonly sizes: TokenBatchSizes;
  readonly packed: PackedBatch;
  readonly items: readonly PackedItem[];
  /** tokens, positions, bias, predictors, wanted: what readTargets reads. */
  readonly feeds: Record<string, BigInt64Array | Float32Array>;
  readonly count: number;
};

/**
 * Lays out items and their targets. filled: in these rows (default: as fillBestRows has them from room for the longest item
 * on); targets: places for so many. Unused target places point at row 0, token 0 and are to be given weight 0.
 */
export const layOut = (
  items: readonly PackedItem[],
  targets: readonly Target[],
  options: { readonly padding: number; readonly filled?: FilledRows; readonly targets?: number | undefined },
): TokenBatch => {
  const { time, batch, rows } = options.filled ?? fillBestRows(items, leastTime(items));
  const packed = packRows(items, rows, { batch, time, padding: options.padding });
  const count = options.targets ?? targetPlaces(targets.length);
  const predictors = new BigInt64Array(count);
  const wanted = new BigInt64Array(count);
  targets.forEach(({ item, branch, offset }, at) => {
    const source = items[item]!;
    const placement = packed.placements[item]!;
    if (branch < 0) {
      predictors[at] = BigInt(placement.row * time + placement.trunk + offset - 1);
      wanted[at] = BigInt(source.trunk[offset]!);
    } else {
      predictors[at] = BigInt(predictorOf(source, placement, branch, offset, time));
      wanted[at] = BigInt(source.branches[branch]![offset]!);
    }
  });
  const { tokens, positions, bias } = packed;
  return {
    sizes: { batch, time, targets: count },
    packed,
    items,
    feeds: { tokens, positions, bias, predictors, wanted },
    count: targets.length,
  };
};

/** Every token of every branch as a target. */
export const branchTargets = (items: readonly PackedItem[]): Target[] =>
  items.flatMap(({ branches }, item) =>
    branches.flatMap((ids, branch) => ids.map((_, offset) => ({ item, branch, offset, weight: 1 }))),
  );

/** A vector of one value per target, zero where there is none. */
export const targetVector = (batch: TokenBatch, value: (target: number) => number): Float32Array => {
  const data = new Float32Array(batch.sizes.targets);
  for (let at = 0; at < batch.count; at++) data[at] = value(at);
  return data;
};

/** Logits of a head that learns are made whole up to so many bytes. */
const wholeLogits = 128e6;

/** Rows whose logits are made at a time. */
export const logitRows = ({ vocabularySize }: ModelConfig, bytes = wholeLogits): number =>
  Math.max(1, Math.floor(bytes / (4 * vocabularySize)));

/** What is read of logits [n, vocabulary] and the tokens wanted [n]: some numbers a row, [n, ...]. */
type ReadLogits = (logits: Tensor, wanted: Tensor) => Tensor;

/**
 * What is read of the logits that hidden states [n, width] have through the model's head. Logits of more than `bytes` are
 * made for some rows at a time, and made again in the backward pass: [n, vocabulary] is never held whole.
 */
export const readThroughHead = (
  graph: DecoderGraph,
  hidden: Tensor,
  wanted: Tensor,
  read: ReadLogits,
  bytes = wholeLogits,
): Tensor => {
  const [count] = hidden.shape as [number];
  const rows = logitRows(graph.config, bytes);
  if (count <= rows) return read(logitsOf(graph, hidden), wanted);
  const parts = Array.from({ length: Math.ceil(count / rows) }, (_, at) => {
    const [start, end] = [at * rows, Math.min(count, (at + 1) * rows)];
    const readPart = (part: Tensor): Tensor => read(logitsOf(graph, part), slice(wanted, 0, start, end));
    return checkpoint(readPart, slice(hidden, 0, start, end));
  });
  return concatenate(parts, 0);
};

/** Of a laid-out batch: the hidden states that predict its targets [targets, hidden], and log-probabilities [targets]. */
export const readTargets = (
  graph: DecoderGraph,
  { batch, time, targets }: TokenBatchSizes,
): { readonly hidden: Tensor; readonly logProbabilities: Tensor } => {
  const rows = input("predictors", [targets], "int64");
  const hidden = hiddenStates(graph, packedInputs(batch, time), { rows });
  const wanted = input("wanted", [targets], "int64");
  const frozenHead = graph.frozenHead === true ? headOf(graph) : null;
  const logProbabilities =
    frozenHead !== null
      ? frozenHeadLogProbability(hidden, frozenHead, wanted)
      : readThroughHead(graph, hidden, wanted, tokenLogProbability);
  return { hidden, logProbabilities };
};

/** Cuts values into pieces of the lengths asked for, one after another. */
export const takeInTurn = (values: Float32Array): ((length: number) => Float32Array) => {
  let next = 0;
  return (length) => {
    const start = next;
    next += length;
    return values.slice(start, next);
  };
};
