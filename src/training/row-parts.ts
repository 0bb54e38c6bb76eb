// Which rows of a step are computed together where a model is large and its rows differ in length: as many as fill one
// packed row, whose length is the same for all steps. So a training has one shape, or two, where every batch would be a
// program of its own to compile and to hold; a step learns the same but for dropout's masks, since its parts add up.

import {
  learnsWithAdapters,
  type ModelConfig,
  type ModelState,
  type PackedItem,
} from "../transformer/index.ts";
import { keptByToken, programBudget } from "./activations.ts";
import { rowLength, rowTokens } from "./rows.ts";

/** The packed row that every part of a step is: its length in tokens, and how many of them a row takes. */
export type PackedRow<Row> = { readonly time: number; tokens(row: Row): number };

/** What decides: lengths of all rows in tokens, the rows of a part as they would be without, numbers that learn. */
type Load = {
  readonly lengths: readonly number[];
  readonly part: number;
  readonly trainable: number;
  readonly checkpointing: boolean;
};

/**
 * Length of the packed row that parts are to be; null: whole batches are better. That is so where all rows are about as
 * long, where few are far longer than the others (each part would be as long as they are), where a batch is small (several programs fit into memory, and larger products are faster), and where so much learns
 * that its gradients, added up part by part, weigh as much as what a row keeps.
 */
export const packedRowTime = (
  config: ModelConfig,
  { lengths, part, trainable, checkpointing }: Load,
): number | null => {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const shortest = lengths.reduce((least, length) => Math.min(least, length), longest);
  const time = rowLength(longest);
  if (rowLength(shortest) === time) return null;
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  if (time > 2 * mean) return null;
  const batch = Math.ceil((Math.min(part, lengths.length) * mean) / time);
  const row = time * keptByToken(config, time, checkpointing);
  return batch > 1 && 4 * batch * row > programBudget && 4 * trainable < row ? time : null;
};

/** packedRow of a loop over these rows, where it is to have one. part: rows that a part holds at most. */
export const packedRowOf = <Row>(
  state: ModelState,
  rows: readonly Row[],
  part: number,
  itemOf: (row: Row) => PackedItem,
): { readonly packedRow?: PackedRow<Row> } => {
  const learns = learnsWithAdapters(state.weights);
  const trainable = Object.entries(state.weights).reduce(
    (sum, [name, { data }]) => (learns(name) ? sum + data.length : sum),
    0,
  );
  const tokens = (row: Row): number => rowTokens(itemOf(row));
  const lengths = rows.map(tokens);
  const { config, checkpointing } = state;
  const time = packedRowTime(config, { lengths, part, trainable, checkpointing });
  return time === null ? {} : { packedRow: { time, tokens } };
};

/** Rows in parts that fit into a packed row each: the longest first, each into the first part that has room. */
export const packedParts = <Row>(rows: readonly Row[], { time, tokens }: PackedRow<Row>): Row[][] => {
  const parts: { left: number; readonly rows: Row[] }[] = [];
  for (const row of rows.toSorted((one, other) => tokens(other) - tokens(one))) {
    const size = tokens(row);
    let part = parts.find(({ left }) => left >= size);
    if (part === undefined) {
      part = { left: time, rows: [] };
      parts.push(part);
    }
    part.left -= size;
    part.rows.push(row);
  }
  return parts.map((part) => part.rows);
};
