// A priority queue of token pairs for byte-pair training: the highest count first, among equal counts the smallest
// key. A binary heap; knows nothing of tokens.

export type QueuedPair = { readonly key: number; readonly count: number };

export type PairQueue = {
  push(key: number, count: number): void;
  /** The first pair, or undefined when the queue is empty. */
  pop(): QueuedPair | undefined;
};

const isBefore = (first: QueuedPair, second: QueuedPair): boolean =>
  first.count > second.count || (first.count === second.count && first.key < second.key);

/** An empty queue. */
export const createPairQueue = (): PairQueue => {
  const heap: QueuedPair[] = [];
  const sink = (item: QueuedPair): void => {
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as QueuedPair, heap[child] as QueuedPair))
        child++;
      if (!isBefore(heap[child] as QueuedPair, item)) break;
      heap[at] = heap[child] as QueuedPair;
      at = child;
    }
    heap[at] = item;
  };
  return {
    push(key, count) {
      const item = { key, count };
      let at = heap.length;
      heap.push(item);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!isBefore(item, heap[parent] as QueuedPair)) break;
        heap[at] = heap[parent] as QueuedPair;
        at = parent;
      }
      heap[at] = item;
    },
    pop() {
      const top = heap[0];
      const last = heap.pop();
      if (heap.length > 0 && last) sink(last);
      return top;
    },
  };
};
