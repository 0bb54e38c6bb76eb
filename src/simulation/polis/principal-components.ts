// Where voters stand in a plane: principal components of the vote matrix, as Polis computes them. A vote that is not there
// counts as the statement's mean when components are found, and not at all when a voter is placed: whoever voted on few
// statements is moved outwards by the square root of what share they saw. Components come by power iteration.

import { createRandom, deriveSeed } from "../../core/index.ts";
import { unseen, type VoteMatrix } from "./vote-matrix.ts";

/** points: [voters, components], row by row. explained: each component's share of the variance. */
export type Projection = {
  readonly points: Float64Array;
  readonly components: number;
  readonly explained: readonly number[];
};

const iterations = 500;
const tolerance = 1e-12;

/** Votes minus their statement's mean; 0 where there is none. [voters, statements] */
const centred = ({ voters, statements, votes }: VoteMatrix): Float64Array => {
  const width = statements.length;
  const sums = new Float64Array(width);
  const counts = new Float64Array(width);
  votes.forEach((vote, at) => {
    if (vote === unseen) return;
    sums[at % width] = sums[at % width]! + vote;
    counts[at % width] = counts[at % width]! + 1;
  });
  const values = new Float64Array(voters.length * width);
  votes.forEach((vote, at) => {
    if (vote !== unseen) values[at] = vote - sums[at % width]! / counts[at % width]!;
  });
  return values;
};

const dot = (one: Float64Array, other: Float64Array): number => {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += one[at]! * other[at]!;
  return sum;
};

/** Takes what lies along earlier components out of a vector and gives it the length 1; false where nothing is left. */
const orthonormalise = (vector: Float64Array, earlier: readonly Float64Array[]): boolean => {
  for (const component of earlier) {
    const along = dot(vector, component);
    for (let at = 0; at < vector.length; at++) vector[at] = vector[at]! - along * component[at]!;
  }
  const length = Math.sqrt(dot(vector, vector));
  if (length < tolerance) return false;
  for (let at = 0; at < vector.length; at++) vector[at] = vector[at]! / length;
  return true;
};

/** The transposed matrix times the matrix times a vector. */
const multiply = (values: Float64Array, vector: Float64Array): Float64Array => {
  const width = vector.length;
  const product = new Float64Array(width);
  for (let start = 0; start < values.length; start += width) {
    let along = 0;
    for (let at = 0; at < width; at++) along += values[start + at]! * vector[at]!;
    if (along === 0) continue;
    for (let at = 0; at < width; at++) product[at] = product[at]! + along * values[start + at]!;
  }
  return product;
};

/** A component has two signs; the one is taken with which its greatest weight is positive. */
const withSign = (component: Float64Array): Float64Array => {
  const greatest = component.reduce(
    (one, other) => (Math.abs(other) > Math.abs(one) + 1e-9 ? other : one),
    0,
  );
  return greatest < 0 ? component.map((weight) => -weight) : component;
};

/** The next component; all zeros where the matrix has no more variance. */
const findComponent = (
  values: Float64Array,
  earlier: readonly Float64Array[],
  width: number,
  seed: number,
) => {
  const random = createRandom(seed);
  let component: Float64Array = Float64Array.from({ length: width }, () => random.normal());
  if (!orthonormalise(component, earlier)) return new Float64Array(width);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const next = multiply(values, component);
    if (!orthonormalise(next, earlier)) return new Float64Array(width);
    const change = 1 - Math.abs(dot(next, component));
    component = next;
    if (change < tolerance) break;
  }
  return withSign(component);
};

/** Places voters by the first components, two unless told. seed: of where the iteration begins. */
export const projectVoters = (matrix: VoteMatrix, seed: number, components = 2): Projection => {
  const { voters, statements, votes } = matrix;
  const width = statements.length;
  const values = centred(matrix);
  const found: Float64Array[] = [];
  for (let number = 0; number < components; number++)
    found.push(findComponent(values, found, width, deriveSeed(seed, "component", number)));
  const points = new Float64Array(voters.length * components);
  for (let voter = 0; voter < voters.length; voter++) {
    const own = values.subarray(voter * width, (voter + 1) * width);
    const seen = votes.subarray(voter * width, (voter + 1) * width).filter((vote) => vote !== unseen).length;
    const outwards = Math.sqrt(width / Math.max(1, seen));
    found.forEach((component, number) => {
      points[voter * components + number] = dot(own, component) * outwards;
    });
  }
  const total = dot(values, values);
  const explained = found.map((component) => {
    const along = dot(multiply(values, component), component);
    return total === 0 ? 0 : along / total;
  });
  return { points, components, explained };
};
