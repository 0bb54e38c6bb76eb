// Opinion groups: as the export says them, or worked out as Polis does it: voters in the plane of the first two components
// are gathered into a hundred small clusters, these into 2 to 5 groups, of which the number with the best silhouette is
// taken. Deviation: starts are drawn by k-means++ and the tightest of several clusterings is kept, so that neither the order
// of the file nor what the groups were before decides.

import { deriveSeed } from "../../core/index.ts";
import type { GroupId } from "../../records/index.ts";
import { type Clustering, cluster, type Points, silhouette } from "./clusters.ts";
import { projectVoters } from "./principal-components.ts";
import { compareIds, type VoteMatrix } from "./vote-matrix.ts";

const smallClusters = 100;
const mostGroups = 5;

/**
 * ids: names of the groups. of: the place of each voter's group in ids, -1 for voters in none. explained, silhouette: of
 * groups that were worked out.
 */
export type OpinionGroups = {
  readonly origin: "export" | "computed";
  readonly ids: readonly GroupId[];
  readonly of: Int32Array;
  readonly explained?: readonly number[];
  readonly silhouette?: number;
};

/** How many voters each group has. */
export const groupSizes = ({ ids, of }: OpinionGroups): number[] => {
  const sizes = ids.map(() => 0);
  for (const group of of) if (group >= 0) sizes[group]!++;
  return sizes;
};

/** The groups that the export says; null where it names fewer than two. */
export const exportedGroups = ({ voters }: VoteMatrix): OpinionGroups | null => {
  const named = voters.flatMap(({ group }) => (group === null ? [] : [group]));
  const ids = [...new Set(named)].sort(compareIds);
  if (ids.length < 2) return null;
  const of = Int32Array.from(voters, ({ group }) => (group === null ? -1 : ids.indexOf(group)));
  return { origin: "export", ids, of };
};

const evenly = (length: number): Float64Array => new Float64Array(length).fill(1);

const distinct = ({ values, dimensions }: Points): number =>
  new Set(
    Array.from({ length: values.length / dimensions }, (_, point) =>
      values.subarray(point * dimensions, (point + 1) * dimensions).join(),
    ),
  ).size;

/** Small clusters as points, with the number of their voters as weight. */
const gather = ({ clusterOf, centres }: Clustering, dimensions: number): Points => {
  const weights = new Float64Array(centres.length / dimensions);
  for (const own of clusterOf) weights[own] = weights[own]! + 1;
  return { values: centres, dimensions, weights };
};

/** Groups in so many clusters, or in as many as have the best silhouette. */
const chooseGroups = (points: Points, count: number | undefined, seed: number) => {
  const places = points.weights.length;
  const most = Math.min(mostGroups, 2 + Math.floor(places / 12), places);
  const counts =
    count === undefined ? Array.from({ length: Math.max(1, most - 1) }, (_, at) => at + 2) : [count];
  const found = counts.map((groups) => {
    const clustering = cluster(points, Math.min(groups, places), deriveSeed(seed, "groups", groups));
    return { clustering, silhouette: silhouette({ ...points, weights: evenly(places) }, clustering) };
  });
  return found.reduce((best, one) => (one.silhouette > best.silhouette ? one : best));
};

/** Groups from the votes alone. count: how many; else the number with the best silhouette. The largest group is the first. */
export const computeGroups = (matrix: VoteMatrix, seed: number, count?: number): OpinionGroups => {
  const { points: values, components: dimensions, explained } = projectVoters(matrix, seed);
  const voters = { values, dimensions, weights: evenly(matrix.voters.length) };
  const small = cluster(
    voters,
    Math.min(smallClusters, distinct(voters)),
    deriveSeed(seed, "small clusters"),
    3,
  );
  const chosen = chooseGroups(gather(small, dimensions), count, seed);
  const groupOf = Array.from(small.clusterOf, (own) => chosen.clustering.clusterOf[own]!);
  const sizes = new Map<number, number>();
  for (const group of groupOf) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  // Equal sizes: the group of the first voter comes first, and a Map keeps that order.
  const order = [...sizes].sort(([, one], [, other]) => other - one).map(([group]) => group);
  return {
    origin: "computed",
    ids: order.map((_, at) => String(at)),
    of: Int32Array.from(groupOf, (group) => order.indexOf(group)),
    explained,
    silhouette: chosen.silhouette,
  };
};

/** Pairs among so many. */
const pairs = (count: number): number => (count * (count - 1)) / 2;

/**
 * How two groupings of the same voters agree. n: voters that are in a group of both. same: the share of them in groups
 * that correspond, under the best correspondence; adjustedRand: 1 for equal groupings, 0 for what chance gives (Hubert &
 * Arabie 1985).
 */
export type GroupAgreement = {
  readonly n: number;
  readonly same: number | null;
  readonly adjustedRand: number | null;
};

/** The greatest sum of counts in which no row and no column is taken twice; rows and columns are few. */
const bestMatch = (table: readonly (readonly number[])[], row = 0, taken: readonly number[] = []): number => {
  const counts = table[row];
  if (counts === undefined) return 0;
  const without = bestMatch(table, row + 1, taken);
  return counts.reduce(
    (best, count, column) =>
      taken.includes(column) ? best : Math.max(best, count + bestMatch(table, row + 1, [...taken, column])),
    without,
  );
};

/** Compares two groupings of the voters of one matrix. */
export const compareGroups = (one: OpinionGroups, other: OpinionGroups): GroupAgreement => {
  const table = one.ids.map(() => other.ids.map(() => 0));
  one.of.forEach((row, voter) => {
    const column = other.of[voter]!;
    if (row >= 0 && column >= 0) table[row]![column]!++;
  });
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const n = sum(table.flat());
  if (n < 2) return { n, same: null, adjustedRand: null };
  const rows = sum(table.map((counts) => pairs(sum(counts))));
  const columns = sum(other.ids.map((_, column) => pairs(sum(table.map((counts) => counts[column]!)))));
  const together = sum(table.flat().map(pairs));
  const chance = (rows * columns) / pairs(n);
  const most = (rows + columns) / 2;
  return {
    n,
    same: bestMatch(table) / n,
    adjustedRand: most === chance ? 1 : (together - chance) / (most - chance),
  };
};
