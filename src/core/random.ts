// Seeded random numbers and seed derivation. The generator is sfc32 (Chris Doty-Humphrey, PractRand), seeded
// through SplitMix32; seeds of single items come from (run seed, stage, item id), so a result never depends on
// order, concurrency or resume. Not for cryptography.

/** A stream of random numbers. State can be saved and restored, so an interrupted stream continues unbroken. */
export type Random = {
  /** Uniform in [0, 1) with 32 random bits. */
  next(): number;
  /** Uniform integer in [0, bound). */
  integer(bound: number): number;
  /** Standard normal (Box-Muller, one draw per pair is thrown away so that the state stays four words). */
  normal(): number;
  /** One element; throws RangeError on an empty list. */
  pick<T>(items: readonly T[]): T;
  /** One index by non-negative weights that need not sum to 1. */
  weighted(weights: ArrayLike<number>): number;
  /** The places 0 to count - 1, shuffled (Fisher-Yates). */
  order(count: number): Uint32Array;
  /** A shuffled copy: the elements in such an order. */
  shuffle<T>(items: readonly T[]): T[];
  state(): readonly [number, number, number, number];
};

/** 32-bit hash of text (FNV-1a with a final avalanche). Stable across platforms. */
export const hashText = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

/** The seed of one thing inside a run: derived from the parts alone, in their order. */
export const deriveSeed = (...parts: readonly (string | number)[]): number => hashText(parts.join("\u001f"));

const fromState = (initial: readonly [number, number, number, number]): Random => {
  let [a, b, c, counter] = initial;
  const word = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  const next = (): number => word() / 4294967296;
  const integer = (bound: number): number => Math.floor(next() * bound);
  const order = (count: number): Uint32Array => {
    const places = Uint32Array.from({ length: count }, (_, index) => index);
    for (let index = count - 1; index > 0; index--) {
      const other = integer(index + 1);
      const held = places[index]!;
      places[index] = places[other]!;
      places[other] = held;
    }
    return places;
  };
  return {
    next,
    integer,
    normal() {
      const radius = Math.sqrt(-2 * Math.log(1 - next()));
      return radius * Math.cos(2 * Math.PI * next());
    },
    pick(items) {
      if (items.length === 0) throw new RangeError("pick: the list is empty");
      return items[integer(items.length)] as (typeof items)[number];
    },
    weighted(weights) {
      let total = 0;
      for (let index = 0; index < weights.length; index++) total += weights[index] ?? 0;
      let left = next() * total;
      for (let index = 0; index < weights.length; index++) {
        left -= weights[index] ?? 0;
        if (left < 0) return index;
      }
      for (let index = weights.length - 1; index >= 0; index--) if ((weights[index] ?? 0) > 0) return index;
      throw new RangeError("weighted: no positive weight");
    },
    order,
    shuffle: (items) => Array.from(order(items.length), (place) => items[place] as (typeof items)[number]),
    state: () => [a | 0, b | 0, c | 0, counter | 0],
  };
};

/** A generator from a seed (any number; its low 32 bits count) or from a saved state. */
export const createRandom = (seed: number | readonly [number, number, number, number]): Random => {
  if (typeof seed !== "number") return fromState(seed);
  let mixed = seed >>> 0;
  const split = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let word = mixed ^ (mixed >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return (word ^ (word >>> 15)) | 0;
  };
  const random = fromState([split(), split(), split(), 1]);
  for (let warmUp = 0; warmUp < 12; warmUp++) random.next();
  return random;
};
