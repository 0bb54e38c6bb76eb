// Points sorted into clusters: k-means (Lloyd 1982) from starts drawn by k-means++ (Arthur & Vassilvitskii 2007), the best of
// several; and the silhouette (Rousseeuw 1987), which says how well clusters are apart. Points may have weights. Knows
// nothing of what a point is.

import { createRandom, type Random } from "../../core/index.ts";

/** values: [points, dimensions], row by row. weights: of each point. */
export type Points = {
  readonly values: Float64Array;
  readonly dimensions: number;
  readonly weights: Float64Array;
};

/** clusterOf: of each point. centres: [clusters, dimensions]. spread: weighted squared distances to the centres. */
export type Clustering = {
  readonly clusterOf: Uint32Array;
  readonly centres: Float64Array;
  readonly count: number;
  readonly spread: number;
};

const iterations = 100;

const squaredDistance = (
  one: Float64Array,
  first: number,
  other: Float64Array,
  second: number,
  dimensions: number,
): number => {
  let sum = 0;
  for (let at = 0; at < dimensions; at++) {
    const difference = one[first * dimensions + at]! - other[second * dimensions + at]!;
    sum += difference * difference;
  }
  return sum;
};

/** Centres among the points: each further one is drawn by its weighted squared distance to those that are there. */
const drawCentres = (
  { values, dimensions, weights }: Points,
  count: number,
  random: Random,
): Float64Array => {
  const centres = new Float64Array(count * dimensions);
  const nearest = new Float64Array(weights.length).fill(Number.POSITIVE_INFINITY);
  for (let cluster = 0; cluster < count; cluster++) {
    const chances = cluster === 0 ? weights : nearest.map((distance, point) => distance * weights[point]!);
    const isLeft = chances.some((chance) => chance > 0);
    const point = isLeft ? random.weighted(chances) : random.integer(weights.length);
    centres.set(values.subarray(point * dimensions, (point + 1) * dimensions), cluster * dimensions);
    for (let other = 0; other < nearest.length; other++) {
      const distance = squaredDistance(values, other, centres, cluster, dimensions);
      if (distance < nearest[other]!) nearest[other] = distance;
    }
  }
  return centres;
};

/** Moves every centre to the mean of its points; one without points stays. */
const moveCentres = (
  { values, dimensions, weights }: Points,
  clusterOf: Uint32Array,
  centres: Float64Array,
) => {
  const sums = new Float64Array(centres.length);
  const total = new Float64Array(centres.length / dimensions);
  for (let point = 0; point < weights.length; point++) {
    const cluster = clusterOf[point]!;
    total[cluster] = total[cluster]! + weights[point]!;
    for (let at = 0; at < dimensions; at++)
      sums[cluster * dimensions + at] =
        sums[cluster * dimensions + at]! + weights[point]! * values[point * dimensions + at]!;
  }
  sums.forEach((sum, at) => {
    const weight = total[Math.floor(at / dimensions)]!;
    if (weight > 0) centres[at] = sum / weight;
  });
};

const settle = (points: Points, count: number, random: Random): Clustering => {
  const { values, dimensions, weights } = points;
  const centres = drawCentres(points, count, random);
  const clusterOf = new Uint32Array(weights.length).fill(count);
  let spread = 0;
  for (let iteration = 0; iteration < iterations; iteration++) {
    let hasChanged = false;
    spread = 0;
    for (let point = 0; point < weights.length; point++) {
      let nearest = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let cluster = 0; cluster < count; cluster++) {
        const distance = squaredDistance(values, point, centres, cluster, dimensions);
        if (distance < least) {
          least = distance;
          nearest = cluster;
        }
      }
      if (clusterOf[point] !== nearest) hasChanged = true;
      clusterOf[point] = nearest;
      spread += weights[point]! * least;
    }
    if (!hasChanged) break;
    moveCentres(points, clusterOf, centres);
  }
  return { clusterOf, centres, count, spread };
};

/** The tightest of several clusterings into so many clusters. count: at least 1. */
export const cluster = (points: Points, count: number, seed: number, starts = 10): Clustering => {
  const random = createRandom(seed);
  const tries = Array.from({ length: starts }, () => settle(points, count, random));
  return tries.reduce((best, one) => (one.spread < best.spread ? one : best));
};

/**
 * The mean silhouette of the points, by weight: 1 where clusters are far apart, 0 where they touch. A point alone in its
 * cluster has 0. With fewer than two clusters that hold points: 0.
 */
export const silhouette = (points: Points, { clusterOf, count }: Clustering): number => {
  const { values, dimensions, weights } = points;
  const sizes = new Float64Array(count);
  clusterOf.forEach((own, point) => {
    sizes[own] = sizes[own]! + weights[point]!;
  });
  if (sizes.filter((size) => size > 0).length < 2) return 0;
  let sum = 0;
  let total = 0;
  for (let point = 0; point < weights.length; point++) {
    const own = clusterOf[point]!;
    const distances = new Float64Array(count);
    for (let other = 0; other < weights.length; other++) {
      const distance = Math.sqrt(squaredDistance(values, point, values, other, dimensions));
      const there = clusterOf[other]!;
      distances[there] = distances[there]! + weights[other]! * distance;
    }
    const weight = weights[point]!;
    total += weight;
    // The point itself is none of its neighbours: those that stand at its very place are.
    if (sizes[own]! <= 1) continue;
    const within = distances[own]! / (sizes[own]! - 1);
    let across = Number.POSITIVE_INFINITY;
    for (let other = 0; other < count; other++)
      if (other !== own && sizes[other]! > 0) across = Math.min(across, distances[other]! / sizes[other]!);
    const larger = Math.max(within, across);
    if (larger > 0) sum += (weight * (across - within)) / larger;
  }
  return total === 0 ? 0 : sum / total;
};
