// Items by key: Map.groupBy, which the oldest Node that the published package runs on does not have. Keys keep the order
// in which they first occur, and items theirs. Runs in a browser.

/** The items of every key. */
export const groupBy = <Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> => {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
};
