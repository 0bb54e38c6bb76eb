// Sampled replies as a batch of a policy's graph: log-probability and entropy of every sampled token, and, for a value
// head, one place more for each reply that ended, at its last token. Knows no loss.

import {
  input,
  multiply,
  softmax,
  subtract,
  sum,
  type Tensor,
  takeAlongRows,
  tokenLogProbability,
} from "../engine/index.ts";
import {
  branchTargets,
  type DecoderGraph,
  fillBestRows,
  hiddenStates,
  layOut,
  logitRows,
  logitsOf,
  longestItem,
  type PackedItem,
  packedInputs,
  readThroughHead,
  sizeBucket,
  type Target,
  type TokenBatch,
  type TokenBatchSizes,
  targetVector,
} from "../transformer/index.ts";

/** What a policy makes of a batch's targets: hidden states [k, hidden], log-probabilities [k] and entropies [k]. */
export type PolicyReading = {
  readonly hidden: Tensor;
  readonly logProbabilities: Tensor;
  /** In nats, of the whole distribution that the token was drawn from; meant for metrics alone. */
  readonly entropies: Tensor;
};

/** H = log Z - Σ p z, and log Z is the wanted token's logit less its log-probability. */
const entropyOf = (logits: Tensor, wanted: Tensor, logProbabilities: Tensor): Tensor => {
  const logZ = subtract(takeAlongRows(logits, wanted), logProbabilities);
  return subtract(logZ, sum(multiply(softmax(logits), logits), [-1]));
};

/** Reads a batch laid out by layOutPolicy. Logits of more than `bytes` are made for some targets at a time. */
export const readPolicy = (
  graph: DecoderGraph,
  { batch, time, targets }: TokenBatchSizes,
  bytes?: number,
): PolicyReading => {
  const rows = input("predictors", [targets], "int64");
  const wanted = input("wanted", [targets], "int64");
  const hidden = hiddenStates(graph, packedInputs(batch, time), { rows });
  if (targets <= logitRows(graph.config, bytes)) {
    const logits = logitsOf(graph, hidden);
    const logProbabilities = tokenLogProbability(logits, wanted);
    return { hidden, logProbabilities, entropies: entropyOf(logits, wanted, logProbabilities) };
  }
  const entropyAlone = (logits: Tensor, tokens: Tensor): Tensor =>
    entropyOf(logits, tokens, tokenLogProbability(logits, tokens));
  return {
    hidden,
    logProbabilities: readThroughHead(graph, hidden, wanted, tokenLogProbability, bytes),
    entropies: readThroughHead(graph, hidden, wanted, entropyAlone, bytes),
  };
};

/** A batch with its targets: every token of every reply, then the places after the ends of some. */
export type PolicyBatch = {
  readonly batch: TokenBatch;
  readonly targets: readonly Target[];
  /** How many of the targets are tokens. */
  readonly tokens: number;
};

/** Lengths of rows with room for the longest item: few above 256 tokens, since replies have other lengths at every step. */
const fewTimes = (items: readonly PackedItem[]): number => sizeBucket(longestItem(items), 64, 4);

/** Lays out replies, one branch each. closed: which of them have a place after their last token. */
export const layOutPolicy = (
  items: readonly PackedItem[],
  closed: (item: number) => boolean,
  padding: number,
): PolicyBatch => {
  const tokens = branchTargets(items);
  const ends = items.flatMap(({ branches }, item): Target[] =>
    closed(item) ? [{ item, branch: 0, offset: branches[0]!.length - 1, weight: 0 }] : [],
  );
  const targets = [...tokens, ...ends];
  const batch = layOut(items, targets, { padding, filled: fillBestRows(items, fewTimes(items)) });
  const predictors = batch.feeds["predictors"] as BigInt64Array;
  ends.forEach(({ item, offset }, at) => {
    // read at the last token itself; what would follow it is masked
    const { row, branches } = batch.packed.placements[item]!;
    predictors[tokens.length + at] = BigInt(row * batch.sizes.time + branches[0]! + offset);
  });
  return { batch, targets, tokens: tokens.length };
};

/** Values of each reply's tokens [n], and of the place after its end where it has one [n + 1], out of a flat result. */
export const splitPlaces = (
  values: Float32Array,
  { targets }: PolicyBatch,
  items: number,
): Float32Array[] => {
  const lists = Array.from({ length: items }, (): number[] => []);
  targets.forEach(({ item }, at) => {
    lists[item]!.push(values[at]!);
  });
  return lists.map((list) => Float32Array.from(list));
};

/** One value a target out of lists by reply, 0 where a list is shorter than the reply's places. */
export const gatherPlaces = (
  { batch, targets, tokens }: PolicyBatch,
  lists: (item: number) => ArrayLike<number>,
): Float32Array =>
  targetVector(batch, (at) => {
    const { item, offset } = targets[at]!;
    return lists(item)[at < tokens ? offset : offset + 1] ?? 0;
  });

/** Weights of a mean over all tokens; places after ends count nothing. tokens: of the whole that this is a part of. */
export const tokenMask = (laid: PolicyBatch, tokens = laid.tokens): Float32Array =>
  targetVector(laid.batch, (at) => (at < laid.tokens ? 1 / tokens : 0));
