// Sequences: items in a fixed order that are read as a stream, as often as one likes, and whose number is known. What goes
// through them need not fit into memory: whoever reads holds one item at a time. Knows nothing of what the items are.

import { CovenantError } from "./errors.ts";

export type Sequence<Item> = AsyncIterable<Item> & { readonly count: number };

/** A sequence of so many items that are read anew each time. */
export const sequence = <Item>(
  count: number,
  read: () => AsyncIterable<Item> | Iterable<Item>,
): Sequence<Item> => ({
  count,
  async *[Symbol.asyncIterator]() {
    yield* read();
  },
});

/** A list as a sequence. */
export const sequenceOf = <Item>(items: readonly Item[]): Sequence<Item> =>
  sequence(items.length, () => items);

/** All items of a stream, in memory. */
export const collect = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
};

/** The items for which the test holds. */
export async function* matching<Item>(
  items: AsyncIterable<Item>,
  test: (item: Item) => boolean,
): AsyncGenerator<Item> {
  for await (const item of items) if (test(item)) yield item;
}

/** The items without the first so many. */
export async function* skipFirst<Item>(items: AsyncIterable<Item>, count: number): AsyncGenerator<Item> {
  let skipped = 0;
  for await (const item of items) {
    if (skipped < count) skipped++;
    else yield item;
  }
}

/** The first so many items. */
export async function* takeFirst<Item>(items: AsyncIterable<Item>, count: number): AsyncGenerator<Item> {
  let taken = 0;
  if (count > 0)
    for await (const item of items) {
      yield item;
      if (++taken >= count) return;
    }
}

/**
 * Every item with the rows that belong to it, by walking both once. Rows stand in the items' order, those of one item
 * together; an item may have none. Throws CovenantError for a row that belongs to no item in that order.
 */
export async function* inStep<Item, Row>(
  items: AsyncIterable<Item>,
  rows: AsyncIterable<Row>,
  belongs: (row: Row, item: Item) => boolean,
): AsyncGenerator<readonly [item: Item, rows: readonly Row[]]> {
  const source = rows[Symbol.asyncIterator]();
  try {
    let next = await source.next();
    for await (const item of items) {
      const own: Row[] = [];
      while (next.done !== true && belongs(next.value, item)) {
        own.push(next.value);
        next = await source.next();
      }
      yield [item, own];
    }
    if (next.done === true) return;
    const row = JSON.stringify(next.value).slice(0, 100);
    throw new CovenantError("out-of-step", `A row belongs to no item in the order of the items: ${row}.`);
  } finally {
    await source.return?.();
  }
}

/** What is made of each item. */
export async function* mapped<Item, Result>(
  items: AsyncIterable<Item>,
  make: (item: Item) => Result,
): AsyncGenerator<Result> {
  for await (const item of items) yield make(item);
}
