// The table of docs/experiments.md on whom each rule of social choice leaves how well off, from the figures of several seeds. Pure:
// figures in, Markdown out. A seed on which nobody could vote is named and counts in no mean; so are replies that are no
// answers.

import { describeUnanswered, type UnansweredFigure } from "./unanswered.ts";

/** Of one set of principles: the mean over users, and the user with the least; null where nothing was answered. */
type Figure = UnansweredFigure & {
  readonly value: number | null;
  readonly worst: { readonly value: number } | null;
};

/** A run of one seed. figures: by rule; null where there was no vote. */
export type VoteRun = { readonly seed: number; readonly figures: Readonly<Record<string, Figure>> | null };

export const voteMarkers = {
  begin: "<!-- votes: begin (written by npm run bench:vote-oracle) -->",
  end: "<!-- votes: end -->",
} as const;

const compared = ["none", "plurality", "approval", "borda", "schulze", "maximin", "proportional", "rounds"];

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const shown = (value: number | null): string => (value === null ? "–" : value.toFixed(2));

/**
 * "+0.31: better 4, same 0, worse 1": the worst-off user under this rule, seed by seed, beside plurality's, on seeds that have
 * both.
 */
const against = (own: readonly (number | null)[], plurality: readonly (number | null)[]): string => {
  const differences = own.flatMap((value, at) => {
    const other = plurality[at] ?? null;
    return value === null || other === null ? [] : [value - other];
  });
  const mean = meanOf(differences);
  if (mean === null) return "–";
  const count = (test: (difference: number) => boolean): number => differences.filter(test).length;
  const better = count((difference) => difference > 1e-9);
  const worse = count((difference) => difference < -1e-9);
  const sign = mean < 0 ? "" : "+";
  return `${sign}${mean.toFixed(2)}: better ${better}, same ${differences.length - better - worse}, worse ${worse}`;
};

/** How much better off the worst-off user is under maximin than under plurality, on the seed where that is least. */
export const leastGain = (runs: readonly VoteRun[]): number =>
  Math.min(
    ...runs.map(({ figures }) => {
      const [own, other] = ["maximin", "plurality"].map((name) => figures?.[name]?.worst?.value ?? null);
      return own == null || other == null ? Number.NaN : own - other;
    }),
  );

/** The whole text between the markers. about: one line on how it was made. */
export const formatVotes = (runs: readonly VoteRun[], about: string): string => {
  const seeds = runs.map(({ seed }) => `seed ${seed}`);
  const header = ["set of", ...seeds, "mean of worst-off", "beside plurality", "mean of users"];
  const done = runs.flatMap(({ figures }) => (figures === null ? [] : [figures]));
  const names = compared.filter((name) => done.every((figures) => name in figures));
  const worstOf = (name: string): (number | null)[] =>
    done.map((figures) => figures[name]!.worst?.value ?? null);
  const rows = names.map((name) => [
    name,
    ...runs.map(({ figures }) => shown(figures?.[name]?.worst?.value ?? null)),
    shown(meanOf(worstOf(name).flatMap((value) => value ?? []))),
    name === "plurality" ? "" : against(worstOf(name), worstOf("plurality")),
    shown(meanOf(done.flatMap((figures) => figures[name]!.value ?? []))),
  ]);
  const lost = runs.filter(({ figures }) => figures === null).map(({ seed }) => seed);
  return [
    about,
    "",
    `True satisfaction of the worst-off user, 0 to 10, with answers to the same held-out requests under the set that each rule chose from the same support; none: without principles${names.includes("rounds") ? "; rounds: the document after a round of criticism" : ""}.`,
    "",
    row(header),
    row(header.map((_, column) => (column === 0 ? "---" : "---:"))),
    ...rows.map(row),
    ...(lost.length === 0 ? [] : ["", `No vote came about with seeds ${lost.join(", ")}.`]),
    ...describeUnanswered(runs),
  ].join("\n");
};
