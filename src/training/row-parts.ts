// Which rows of a step are computed together where a model is large and its rows differ in length: as many as fill one
// packed row, whose length is the same for all steps. So a training has few shapes, where every batch would be a program
// of its own to compile and to hold; a step learns the same but for dropout's masks, since its parts add up.

import {
  commonShape,
  type FilledRows,
  fillBestRows,
  fillInOrder,
  fillRows,
  fillShape,
  itemLength,
  learnsWithAdapters,
  longestItem,
  type ModelConfig,
  type ModelState,
  type PackedItem,
  type RowShape,
  targetPlaces,
} from "../transformer/index.ts";
import { keptByToken, programBudget } from "./activations.ts";
import { rowLength, rowTime } from "./rows.ts";

/** The packed row that every part of a step is: its length in tokens, and what a row takes of it. */
export type PackedRow<Row> = { readonly time: number; itemOf(row: Row): PackedItem };

/**
 * What decides: lengths in tokens of the rows that are learned and of those that are only looked at, how many rows a part
 * would hold at most without packed rows, numbers that learn.
 */
type Load = {
  readonly lengths: readonly number[];
  readonly heldOut?: readonly number[];
  readonly part: number;
  readonly trainable: number;
  readonly checkpointing: boolean;
  /** Bytes that the rows of a part keep at most to be computed as a whole; not given: what compiled steps may hold. */
  readonly budget?: number | undefined;
};

const bytesOfNumber = 4;
/** What learns may be so large a share of what a packed row keeps: its gradients are read and written for every part. */
const gradientShare = 1 / 4;
/** The longest row may be so many times as long as the mean: every part is as long as it is. */
const longestShare = 2;

/**
 * Length of the packed row that parts are to be; null: whole batches are better. That is so where all rows are about as
 * long, or few are far longer than the others, where a batch is small (several programs fit into memory, and larger
 * products are faster), and where so much learns that adding its gradients up costs as much as it saves.
 */
export const packedRowTime = (
  config: ModelConfig,
  { lengths, heldOut = [], part, trainable, checkpointing, budget = programBudget }: Load,
): number | null => {
  const all = [...lengths, ...heldOut];
  const longest = all.reduce((most, length) => Math.max(most, length), 0);
  const shortest = all.reduce((least, length) => Math.min(least, length), longest);
  const mean = all.reduce((sum, length) => sum + length, 0) / Math.max(1, all.length);
  const time = rowLength(longest);
  if (rowLength(shortest) === time || time > longestShare * mean) return null;
  const rows = Math.ceil((Math.min(part, lengths.length) * mean) / time);
  const kept = time * keptByToken(config, time, checkpointing);
  const isLarge = rows > 1 && bytesOfNumber * rows * kept > budget;
  return isLarge && trainable < gradientShare * kept ? time : null;
};

/** Rows of a loop: those that are learned, and those that are only looked at; part and budget as above. */
type LoopRows<Row> = Pick<Load, "part" | "budget"> & {
  readonly learned: readonly Row[];
  readonly heldOut?: readonly Row[];
};

/** packedRow of a loop over these rows, where it is to have one. */
export const packedRowOf = <Row>(
  state: ModelState,
  { learned, heldOut = [], part, budget }: LoopRows<Row>,
  itemOf: (row: Row) => PackedItem,
): { readonly packedRow?: PackedRow<Row> } => {
  const learns = learnsWithAdapters(state.weights);
  const trainable = Object.entries(state.weights).reduce(
    (sum, [name, { data }]) => (learns(name) ? sum + data.length : sum),
    0,
  );
  const lengthsOf = (rows: readonly Row[]): number[] => rows.map((row) => itemLength(itemOf(row)));
  const lengths = { lengths: lengthsOf(learned), heldOut: lengthsOf(heldOut) };
  const { config, checkpointing } = state;
  const time = packedRowTime(config, { ...lengths, part, trainable, checkpointing, budget });
  return time === null ? {} : { packedRow: { time, itemOf } };
};

/** Rows in parts that fit into a packed row each: the longest first, each into the first part that has room. */
export const packedParts = <Row>(rows: readonly Row[], { time, itemOf }: PackedRow<Row>): Row[][] =>
  fillRows(rows.map(itemOf), time).map((places) => places.map((at) => rows[at]!));

/** A shape of parts: rows and places for targets. */
export type PartShape = RowShape & { readonly targets: number };

/** The shape of parts: packed, the tokens of the packed row that every part is; common, what whole parts have. */
export type Shaping = { readonly packed?: number; readonly common?: PartShape | undefined };

/**
 * The shape that parts have in common, each with its targets; undefined where each is better off with a shape of its own.
 */
export const commonPartShape = (
  parts: readonly { readonly items: readonly PackedItem[]; readonly targets: number }[],
): PartShape | undefined => {
  const items = parts.map((part) => part.items);
  const shape = commonShape(items, rowTime);
  if (shape === undefined) return undefined;
  const fitting = parts.filter((part) => longestItem(part.items) <= shape.time);
  return {
    ...shape,
    targets: targetPlaces(fitting.reduce((most, { targets }) => Math.max(most, targets), 0)),
  };
};

/**
 * The rows of a part and its places for targets. A packed row has places for half as many targets as tokens, or for as many,
 * so that there are two shapes; without one a part has the common shape if it fits, or the one that its rows need.
 */
export const partShape = (
  items: readonly PackedItem[],
  targets: number,
  { packed, common }: Shaping,
): { readonly filled: FilledRows; readonly targets?: number } => {
  if (packed !== undefined) {
    const places = 2 * targets <= packed ? Math.floor(packed / 2) : packed;
    return { filled: fillInOrder(items, packed), targets: places };
  }
  const filled = common !== undefined && targets <= common.targets ? fillShape(items, common) : undefined;
  return filled === undefined
    ? { filled: fillBestRows(items, rowTime(items)) }
    : { filled, targets: common!.targets };
};
