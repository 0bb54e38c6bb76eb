// Packing: puts documents, and prompts with several continuations, into rows of one length, with positions and an
// attention bias that keep them apart. A continuation sees its prompt and itself, so a prompt is computed once
// however many continuations hang on it. Knows token ids only.

import { CovenantError, total } from "../core/index.ts";

/** A trunk of tokens with branches; a plain document is a trunk without branches. */
export type PackedItem = {
  readonly trunk: readonly number[];
  readonly branches: readonly (readonly number[])[];
};

/** Where an item landed: its row, the column of its trunk's first token and those of its branches. */
export type Placement = {
  readonly row: number;
  readonly trunk: number;
  readonly branches: readonly number[];
};

/** Rows as feeds: tokens and positions [batch, time], bias [batch, 1, time, 1, time], and where each item landed. */
export type PackedBatch = {
  readonly batch: number;
  readonly time: number;
  readonly tokens: BigInt64Array;
  readonly positions: BigInt64Array;
  readonly bias: Float32Array;
  readonly placements: readonly Placement[];
};

const hidden = -1e9;

/** Tokens that an item takes of a packed row. */
export const itemLength = (item: PackedItem): number =>
  item.branches.reduce((total, branch) => total + branch.length, item.trunk.length);

/** The longest item's length; rows must be at least that long. */
export const longestItem = (items: readonly PackedItem[]): number =>
  items.reduce((longest, item) => Math.max(longest, itemLength(item)), 0);

/**
 * First-fit rows: which items share a row of `time` tokens. Items keep their order inside a row; rows are opened in
 * order of need. Throws CovenantError for an item longer than a row.
 */
export const assignRows = (items: readonly PackedItem[], time: number): number[][] => {
  const rows: { items: number[]; left: number }[] = [];
  items.forEach((item, index) => {
    const length = itemLength(item);
    if (length > time) {
      throw new CovenantError("packing-length", `item ${index} has ${length} tokens, a row holds ${time}`, {
        index,
        length,
        time,
      });
    }
    const row = rows.find(({ left }) => left >= length);
    if (row === undefined) rows.push({ items: [index], left: time - length });
    else {
      row.items.push(index);
      row.left -= length;
    }
  });
  return rows.map((row) => row.items);
};

/** Lets columns [start, end) of a row see columns [from, to), causally. */
const show = (
  bias: Float32Array,
  base: number,
  time: number,
  rows: readonly [number, number],
  seen: readonly [number, number],
) => {
  for (let query = rows[0]; query < rows[1]; query++) {
    const start = base + query * time;
    bias.fill(0, start + seen[0], start + Math.min(seen[1], query + 1));
  }
};

/**
 * Lays items out in `batch` rows of `time` tokens (rows from assignRows; unused rows and tails hold `padding`, which
 * sees only itself).
 */
export const packRows = (
  items: readonly PackedItem[],
  rows: readonly (readonly number[])[],
  sizes: { readonly batch: number; readonly time: number; readonly padding: number },
): PackedBatch => {
  const { batch, time, padding } = sizes;
  if (rows.length > batch)
    throw new CovenantError("packing-rows", `${rows.length} rows do not fit a batch of ${batch}`);
  const tokens = new BigInt64Array(batch * time).fill(BigInt(padding));
  const positions = new BigInt64Array(batch * time);
  const bias = new Float32Array(batch * time * time).fill(hidden);
  const placements = new Array<Placement>(items.length);
  const write = (ids: readonly number[], at: number, position: number) => {
    ids.forEach((id, index) => {
      tokens[at + index] = BigInt(id);
      positions[at + index] = BigInt(position + index);
    });
  };
  for (let row = 0; row < batch; row++) {
    const square = row * time * time;
    let column = 0;
    for (const index of rows[row] ?? []) {
      const item = items[index]!;
      const trunk = column;
      column += item.trunk.length;
      write(item.trunk, row * time + trunk, 0);
      show(bias, square, time, [trunk, column], [trunk, column]);
      const branches = item.branches.map((branch) => {
        const start = column;
        column += branch.length;
        write(branch, row * time + start, item.trunk.length);
        show(bias, square, time, [start, column], [trunk, trunk + item.trunk.length]);
        show(bias, square, time, [start, column], [start, column]);
        return start;
      });
      placements[index] = { row, trunk, branches };
    }
    for (let query = column; query < time; query++) bias[square + query * time + query] = 0;
  }
  return { batch, time, tokens, positions, bias, placements };
};

/** The flat index of the token before position `offset` of a branch: the one whose hidden state predicts it. */
export const predictorOf = (
  item: PackedItem,
  placement: Placement,
  branch: number,
  offset: number,
  time: number,
): number => {
  const column =
    offset > 0 ? placement.branches[branch]! + offset - 1 : placement.trunk + item.trunk.length - 1;
  return placement.row * time + column;
};

/** Rows of `time` tokens as assignRows has them, but filled with the longest items first, so that short ones fill up. */
export const fillRows = (items: readonly PackedItem[], time: number): number[][] => {
  const lengths = items.map(itemLength);
  const order = [...items.keys()].sort((one, other) => lengths[other]! - lengths[one]! || one - other);
  const sorted = order.map((at) => items[at]!);
  return assignRows(sorted, time).map((row) => row.map((place) => order[place]!));
};

/** The shape of packed rows: their length in tokens, and how many a batch has. */
export type RowShape = { readonly time: number; readonly batch: number };

/** Rows of a batch, unused ones at its end, and which items each holds. */
export type FilledRows = RowShape & { readonly rows: readonly (readonly number[])[] };

/** Items in rows of `time` tokens in their order. batch: rows of the batch; default: the next of few counts. */
export const fillInOrder = (items: readonly PackedItem[], time: number, batch?: number): FilledRows => {
  const rows = assignRows(items, time);
  return { time, batch: batch ?? roundCount(rows.length), rows };
};

/** Lengths of rows are multiples of this, since every shape is a program. */
const rowStep = 64;

/** The shortest rows that have room for every one of the items. */
export const leastTime = (items: readonly PackedItem[]): number => roundUp(longestItem(items), rowStep);

/** Tokens that are laid out in one run where nothing else says how many; bounds the memory of logits and attention. */
export const tokensPerRun = 4096;

/** The longest rows that are tried: attention computes what documents of one row do not see of each other, too. */
const longestTried = 512;
/** With fewer rows than this, their length stays the least: a larger model has few, and takes long to compile. */
const manyRows = 8;
/** A token costs as much as so many places that it looks back at (measured on covenant-tiny's training step). */
const costOfToken = 1700;

/** About how many rows a batch has of which so many are full. */
export const plannedRows = (full: number): number => {
  const rows = Math.max(1, Math.ceil(full));
  return rows < manyRows ? roundCount(rows) : rows;
};

/** What rows of a shape cost to compute, in a unit of its own. */
const costOf = ({ batch, time }: RowShape): number => batch * time * (costOfToken + time);

/** The first of those that cost least. */
const cheapest = <Shape extends RowShape>(shapes: readonly Shape[]): Shape =>
  shapes.reduce((best, other) => (costOf(other) < costOf(best) ? other : best));

const timesFrom = (least: number, step: number): number[] => [
  least,
  ...Array.from({ length: longestTried / step }, (_, at) => (at + 1) * step).filter((time) => time > least),
];

/**
 * Rows of items that take little to compute: of `least` tokens (room for the longest item), or where there are many, of up
 * to 512 if they are so much better filled that it pays for the attention within them. A function of the items' lengths
 * alone, and of few shapes, since each is a program to compile.
 */
export const fillBestRows = (items: readonly PackedItem[], least: number): FilledRows => {
  const inOrder = fillInOrder(items, least);
  // few rows keep their items' order: what is compared with other programs' numbers is laid out as they lay it out
  if (inOrder.rows.length < manyRows) return inOrder;
  const choices = timesFrom(least, 2 * rowStep).map((time) => {
    const rows = fillRows(items, time);
    return { time, batch: roundCount(rows.length), rows };
  });
  return cheapest([inOrder, ...choices]);
};

/** Items in rows of a shape; undefined where they do not fit. */
export const fillShape = (items: readonly PackedItem[], shape: RowShape): FilledRows | undefined => {
  if (longestItem(items) > shape.time) return undefined;
  const rows = fillRows(items, shape.time);
  return rows.length > shape.batch ? undefined : { ...shape, rows };
};

/**
 * The one shape in which most batches of items are computed, each as a whole: what costs least together with the shapes
 * that the others need for themselves, each of them as much once more, since it is a program to compile and to hold. So one
 * long item makes no other batch longer. leastOf: tokens of the rows of items that have a shape of their own. undefined
 * where rows are few, or where shapes of their own cost less.
 */
export const commonShape = (
  batches: readonly (readonly PackedItem[])[],
  leastOf: (items: readonly PackedItem[]) => number,
): RowShape | undefined => {
  const longest = batches.map(longestItem);
  const own = batches.map((items) => fillBestRows(items, leastOf(items)));
  const costOfOwn = (of: readonly RowShape[]): number => {
    const programs = new Map(of.map((shape) => [`${shape.batch} of ${shape.time}`, costOf(shape)]));
    return total([...of.map(costOf), ...programs.values()]);
  };
  const shortest = roundUp(
    longest.reduce((least, length) => Math.min(least, length)),
    rowStep,
  );
  const least = leastOf(batches.flat());
  const times = [
    ...timesFrom(shortest, rowStep).filter((time) => time < least),
    ...timesFrom(least, rowStep),
  ];
  const choices = times.map((time) => {
    const fitting = batches.filter((_, at) => longest[at]! <= time);
    const batch = fitting.reduce((most, items) => Math.max(most, fillRows(items, time).length), 0);
    const others = own.filter((_, at) => longest[at]! > time);
    return {
      shape: { time, batch },
      cost: costOf({ time, batch }) * (fitting.length + 1) + costOfOwn(others),
    };
  });
  if (choices.every(({ shape }) => shape.batch < manyRows)) return undefined;
  const best = choices.reduce((one, other) => (other.cost < one.cost ? other : one));
  return best.cost <= costOfOwn(own) ? best.shape : undefined;
};

/** Some of many items, by their places, in rows of a batch; the rows count places among these. */
export type ItemBatch = { readonly places: readonly number[]; readonly filled: FilledRows };

/** rows: of places. */
const batchOf = (rows: readonly (readonly number[])[], { time, batch }: RowShape): ItemBatch => {
  let next = 0;
  return { places: rows.flat(), filled: { time, batch, rows: rows.map((row) => row.map(() => next++)) } };
};

/** Items in batches of up to `tokens` tokens: full ones of one shape, and one with what is left. */
const fillAlike = (items: readonly PackedItem[], tokens: number): ItemBatch[] => {
  const least = leastTime(items);
  const alone = fillBestRows(items, least);
  if (alone.rows.length * alone.time <= tokens) return [batchOf(alone.rows, alone)];
  const choices = timesFrom(least, rowStep).map((time) => {
    const rows = fillRows(items, time);
    const full = Math.max(1, Math.floor(tokens / time));
    const left = rows.length % full;
    const last = left === 0 ? 0 : Math.min(full, roundCount(left));
    return { time, batch: rows.length - left + last, rows, full };
  });
  const { time, rows, full } = cheapest(choices);
  return Array.from({ length: Math.ceil(rows.length / full) }, (_, at) => {
    const own = rows.slice(at * full, (at + 1) * full);
    return batchOf(own, { time, batch: Math.min(full, roundCount(own.length)) });
  });
};

/** Some, in their order, in portions of up to so many tokens; one that is longer stands alone. */
export const portionsOf = <Some>(
  some: readonly Some[],
  lengthOf: (one: Some) => number,
  tokens = tokensPerRun,
): Some[][] => {
  const portions: Some[][] = [];
  let left = 0;
  for (const one of some) {
    const length = lengthOf(one);
    if (portions.length === 0 || length > left) {
      portions.push([]);
      left = tokens;
    }
    portions.at(-1)!.push(one);
    left -= length;
  }
  return portions;
};

/** Up to which lengths items are put into rows together. */
const likeLengths = [256, longestTried];

/**
 * Many items in batches of about `tokens` tokens (one longer item: as many as it has), whose rows have the length that wastes
 * least. Short items share no rows with long ones, whose attention they would pay for.
 */
export const fillBatches = (items: readonly PackedItem[], tokens: number): ItemBatch[] => {
  const lengths = items.map(itemLength);
  const places = [...items.keys()].sort((one, other) => lengths[one]! - lengths[other]! || one - other);
  const longer = (bound: number) => places.filter((place) => lengths[place]! > bound);
  const groups = likeLengths.map((bound, at) => {
    const above = likeLengths[at - 1] ?? -1;
    return places.filter((place) => lengths[place]! > above && lengths[place]! <= bound);
  });
  return [...groups, ...portionsOf(longer(longestTried), (place) => lengths[place]!, tokens)]
    .filter((group) => group.length > 0)
    .flatMap((group) =>
      fillAlike(
        group.map((place) => items[place]!),
        tokens,
      ).map((batch) => ({ ...batch, places: batch.places.map((place) => group[place]!) })),
    );
};

/** Smallest multiple of `step` that is at least `size`. */
export const roundUp = (size: number, step: number): number => Math.ceil(size / step) * step;

/**
 * A size rounded up to one of few: multiples of `step` up to `fine` times it, then two for each doubling. Every size is
 * a program that is compiled and holds memory of its own.
 */
export const sizeBucket = (size: number, step: number, fine: number): number => {
  if (size <= step * fine) return roundUp(size, step);
  const whole = step * fine * 2 ** Math.ceil(Math.log2(size / (step * fine)));
  return size <= 0.75 * whole ? 0.75 * whole : whole;
};

/** Smallest of 1, 2, 3, 4, 6, 8, 12, 16, 24, … that is at least `count`: few shapes, at most a third wasted. */
export const roundCount = (count: number): number => {
  let power = 1;
  while (power * 2 <= count) power *= 2;
  if (count <= power) return power;
  return count <= power * 1.5 && power > 1 ? power * 1.5 : power * 2;
};
