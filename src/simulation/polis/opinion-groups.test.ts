// Groups that were planted are found again, whatever votes are missing and whatever order voters come in; and figures
// small enough to be worked out by hand.

import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { type Clustering, cluster, silhouette } from "./clusters.ts";
import {
  agreedByAll,
  compareGroups,
  computeGroups,
  exportedGroups,
  groupSizes,
  mostDivisive,
  type OpinionGroups,
  supportOf,
  unseen,
  type VoteMatrix,
} from "./index.ts";
import { projectVoters } from "./principal-components.ts";

const matrixOf = (
  rows: readonly (readonly number[])[],
  groups: readonly (string | null)[] = [],
): VoteMatrix => ({
  voters: rows.map((_, at) => ({ id: String(at), group: groups[at] ?? null })),
  statements: (rows[0] ?? []).map((_, at) => ({
    id: String(at),
    text: `Statement ${at}`,
    moderation: 1,
    isMeta: false,
  })),
  votes: Int8Array.from(rows.flat()),
});

/** Voters of planted groups: each group agrees with its own statements and disagrees with the others', mostly. */
const planted = (sizes: readonly number[], seenShare: number, seed: number): VoteMatrix => {
  const random = createRandom(seed);
  const rows = sizes.flatMap((size, own) =>
    Array.from({ length: size }, () =>
      sizes.flatMap((_, other) =>
        Array.from({ length: 8 }, () => {
          if (random.next() > seenShare) return unseen;
          const usual = other === own ? 1 : -1;
          return random.next() < 0.9 ? usual : -usual;
        }),
      ),
    ),
  );
  const groups = sizes.flatMap((size, own) => Array.from({ length: size }, () => String(own)));
  return matrixOf(rows, groups);
};

const grouping = (...of: readonly number[]): OpinionGroups => ({
  origin: "computed",
  ids: [...new Set(of.filter((group) => group >= 0))].sort().map(String),
  of: Int32Array.from(of),
});

describe("opinion groups", () => {
  it.each([
    { sizes: [40, 20], seenShare: 1 },
    { sizes: [60, 40], seenShare: 0.5 },
    { sizes: [50, 40, 30], seenShare: 0.7 },
  ])("are found where they were planted: $sizes, $seenShare of the votes", ({ sizes, seenShare }) => {
    const matrix = planted(sizes, seenShare, 5);
    const found = computeGroups(matrix, 1);
    expect(found.ids).toHaveLength(sizes.length);
    expect(compareGroups(exportedGroups(matrix)!, found).adjustedRand).toBeGreaterThan(0.9);
    expect(groupSizes(found)).toEqual([...groupSizes(found)].sort((one, other) => other - one));
  });

  it("are the same for the same seed, and of so many as are asked for", () => {
    const matrix = planted([30, 20], 0.6, 2);
    expect(computeGroups(matrix, 4)).toEqual(computeGroups(matrix, 4));
    expect(computeGroups(matrix, 4, 4).ids).toHaveLength(4);
  });

  it("are one where there is nothing to tell voters apart by", () => {
    const alike = matrixOf(Array.from({ length: 9 }, () => [1, 1, -1]));
    expect(groupSizes(computeGroups(alike, 0))).toEqual([9]);
    expect(groupSizes(computeGroups(matrixOf([[1, 0]]), 0))).toEqual([1]);
  });

  it("are read from the export where it names them, voters in none included", () => {
    const matrix = matrixOf([[1], [1], [0], [1]], ["1", null, "0", "1"]);
    const groups = exportedGroups(matrix)!;
    expect(groups).toMatchObject({ origin: "export", ids: ["0", "1"], of: Int32Array.of(1, -1, 0, 1) });
    expect(groupSizes(groups)).toEqual([1, 2]);
    expect(exportedGroups(matrixOf([[1], [1]], ["0", "0"]))).toBeNull();
  });
});

describe("the agreement of two groupings", () => {
  it("is 1 under other names, and about 0 by chance", () => {
    expect(compareGroups(grouping(0, 0, 1, 1), grouping(1, 1, 0, 0))).toEqual({
      n: 4,
      same: 1,
      adjustedRand: 1,
    });
    const random = createRandom(1);
    const of = () => Array.from({ length: 2000 }, () => random.integer(2));
    expect(Math.abs(compareGroups(grouping(...of()), grouping(...of())).adjustedRand!)).toBeLessThan(0.01);
  });

  it("is what Hubert and Arabie's formula gives, over voters that are in a group of both", () => {
    // Table [[2, 1], [0, 2]]: 2 pairs together in both, 4 in each alone, of 10.
    const agreement = compareGroups(grouping(0, 0, 0, 1, 1, -1), grouping(0, 0, 1, 1, 1, 1));
    expect(agreement.n).toBe(5);
    expect(agreement.same).toBe(0.8);
    expect(agreement.adjustedRand).toBeCloseTo((2 - 1.6) / (4 - 1.6), 12);
  });
});

describe("the plane", () => {
  it("lies along what varies, and moves those outwards who saw little", () => {
    // One statement divides, the other two do not vary: all variance is on one component.
    const { points, explained } = projectVoters(
      matrixOf([
        [1, 1, 1],
        [-1, 1, 1],
        [1, unseen, unseen],
        [-1, unseen, unseen],
      ]),
      3,
    );
    expect(explained[0]).toBeCloseTo(1, 9);
    const first = [0, 2, 4, 6].map((at) => points[at]!);
    expect(first[0]).toBeCloseTo(1, 9);
    expect(first[1]).toBeCloseTo(-1, 9);
    expect(first[2]).toBeCloseTo(Math.sqrt(3), 9);
    expect(first[3]).toBeCloseTo(-Math.sqrt(3), 9);
    for (const at of [1, 3, 5, 7]) expect(points[at]).toBeCloseTo(0, 9);
  });

  it("does not depend on the seed", () => {
    const matrix = planted([20, 15], 0.8, 3);
    const [one, other] = [projectVoters(matrix, 1), projectVoters(matrix, 2)];
    const close = Array.from(other.points, (value) => expect.closeTo(value, 4));
    expect([...one.points]).toEqual(close);
  });
});

describe("clusters", () => {
  const points = {
    values: Float64Array.of(0, 1, 10, 11),
    dimensions: 1,
    weights: Float64Array.of(1, 1, 1, 1),
  };

  it("are tight, and their silhouette is what its definition gives", () => {
    const found: Clustering = cluster(points, 2, 1);
    expect([...found.centres].sort((one, other) => one - other)).toEqual([0.5, 10.5]);
    expect(found.spread).toBe(1);
    // Within 1; across 10.5 for the outer two, 9.5 for the inner two.
    expect(silhouette(points, found)).toBeCloseTo((2 * (9.5 / 10.5) + 2 * (8.5 / 9.5)) / 4, 12);
    expect(silhouette(points, cluster(points, 1, 1))).toBe(0);
  });
});

describe("consensus", () => {
  const matrix = matrixOf(
    [
      [1, 1, 1],
      [1, -1, unseen],
      [1, 0, unseen],
      [1, 1, -1],
      [0, 1, unseen],
    ],
    ["0", "0", "0", "1", "1"],
  );
  const supports = supportOf(matrix, exportedGroups(matrix)!);

  it("is the product over groups of (agrees + 1) / (votes + 2), the strongest first", () => {
    expect(supports.map(({ statement, consensus }) => [statement.id, consensus])).toEqual([
      ["0", expect.closeTo((4 / 5) * (2 / 4), 12)],
      ["1", expect.closeTo((2 / 5) * (3 / 4), 12)],
      ["2", expect.closeTo((2 / 3) * (1 / 3), 12)],
    ]);
    expect(supports[1]).toMatchObject({
      votes: { all: 5, agree: 3, disagree: 1, pass: 1 },
      groups: [
        { all: 3, agree: 1, disagree: 1, pass: 1 },
        { all: 2, agree: 2 },
      ],
    });
  });

  it("takes the group that agrees least, and no statement that a group has not voted on", () => {
    expect(supports.map(({ least }) => least)).toEqual([0.5, 1 / 3, 0]);
    expect(agreedByAll(supports, 0.5).map(({ statement }) => statement.id)).toEqual(["0"]);
    const unheard = matrixOf([[1], [unseen]], ["0", "1"]);
    expect(agreedByAll(supportOf(unheard, exportedGroups(unheard)!), 0)).toEqual([]);
  });

  it("names the statements on which groups differ most", () => {
    expect(mostDivisive(supports, 1).map(({ statement }) => statement.id)).toEqual(["1"]);
  });

  it("names none that fewer than two groups have voted on: who has not voted differs from nobody", () => {
    const rows = [1, 1, 1, 1].map((vote) => [vote, 1]);
    const divided = matrixOf(
      [...rows, [unseen, 1], [unseen, 1], [unseen, -1]],
      ["0", "0", "0", "0", "1", "1", "1"],
    );
    const found = mostDivisive(supportOf(divided, exportedGroups(divided)!), 9);
    expect(found.map(({ statement }) => statement.id)).toEqual(["1"]);
    const alike = matrixOf(rows);
    expect(mostDivisive(supportOf(alike, computeGroups(alike, 0)), 9)).toEqual([]);
  });
});
