// The table of docs/experiments.md on how content people truly are under learned constitutions, from the figures of several
// seeds. Pure: figures in, Markdown out. A seed on which nothing was learned counts as one that missed; replies that are no
// answers count in no mean, and are told.

import { mean } from "../src/evaluation/index.ts";
import type { Estimate, SatisfactionRecord } from "../src/records/index.ts";
import { describeUnanswered, type UnansweredFigure } from "./unanswered.ts";

/** What is compared, with its column. */
const columns = {
  blank: "no constitution",
  random: "random ones",
  learned: "the learned one",
  best: "the oracle's best",
} as const;
type Compared = keyof typeof columns;
const compared = Object.keys(columns) as Compared[];

type Figure = Estimate &
  UnansweredFigure & {
    readonly worst: { readonly user: string; readonly value: number } | null;
    readonly principles: readonly string[];
  };

/** A run of one seed. figures: null where no constitution was learned. */
export type BenefitRun = {
  readonly seed: number;
  readonly figures: Readonly<Record<Compared, Figure>> | null;
  readonly answers: readonly Pick<SatisfactionRecord, "constitution" | "satisfaction">[];
};

export const benefitMarkers = {
  begin: "<!-- benefit: begin (written by npm run bench:contract-oracle) -->",
  end: "<!-- benefit: end -->",
} as const;

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const shown = ({ value, low, high }: Estimate): string =>
  value === null ? "–" : `${value.toFixed(2)} [${low!.toFixed(2)}, ${high!.toFixed(2)}]`;

/** Whether one figure is higher than another, and whether their intervals lie apart; "–" where one of them has no answers. */
const against = (one: Estimate, other: Estimate): string => {
  if (one.value === null || other.value === null) return "–";
  if (one.value <= other.value) return "**no**";
  return one.low! > other.high! ? "yes, apart" : "yes, intervals overlap";
};

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Over seeds: what is drawn anew for the interval is whole seeds, since the answers of one share its people and its
 * constitution. A seed on which nothing was answered under it has no part in it.
 */
const overSeeds = (runs: readonly BenefitRun[], name: Compared): Estimate =>
  mean(
    runs.flatMap(({ answers }) => {
      const measured = answers.flatMap(({ constitution, satisfaction }) =>
        constitution === name && satisfaction !== null ? [average(Object.values(satisfaction))] : [],
      );
      return measured.length === 0 ? [] : [average(measured)];
    }),
    0,
    2000,
  );

const shownWorst = ({ worst }: Figure): string => (worst === null ? "–" : worst.value.toFixed(2));

const nothing = (seed: number): string[] => [
  String(seed),
  ...["–", "–", "nothing learned", "–", "–", "**no**", "**no**"],
];

const seedRow = ({ seed, figures }: BenefitRun): string[] => {
  if (figures === null) return nothing(seed);
  const { learned, blank, random } = figures;
  return [
    String(seed),
    ...compared.map((name) => shown(figures[name])),
    `${shownWorst(blank)} → ${shownWorst(learned)}`,
    against(learned, blank),
    against(learned, random),
  ];
};

const allRow = (runs: readonly BenefitRun[]): string[] => {
  const measured = runs.filter(({ figures }) => figures !== null);
  const of = (name: Compared): Estimate => overSeeds(measured, name);
  const above = (name: Compared): string =>
    measured.length === 0 ? "**no**" : against(of("learned"), of(name));
  return [
    measured.length === runs.length ? "all" : `${measured.length} of ${runs.length} seeds`,
    ...compared.map((name) => shown(of(name))),
    "",
    ...[above("blank"), above("random")],
  ];
};

/** The whole text between the markers. about: one line on how it was made. */
export const formatBenefit = (runs: readonly BenefitRun[], about: string): string => {
  const header = [
    ...["seed", ...Object.values(columns), "worst-off user, none → learned"],
    ...["learned above none", "learned above random"],
  ];
  const learned = runs.flatMap(({ seed, figures }) =>
    figures === null ? [] : [`- seed ${seed}: ${figures.learned.principles.join(" ")}`],
  );
  return [
    about,
    "",
    "True satisfaction, 0 to 10, mean over six users, with 95 % intervals by bootstrap over requests. Constitutions of one size, the same requests and the same seeds of answers; of random ones another for each request. In the last row the interval is by bootstrap over seeds.",
    "",
    row(header),
    row(header.map((_, column) => (column === 0 || column > 5 ? "---" : "---:"))),
    ...runs.map((run) => row(seedRow(run))),
    row(allRow(runs)),
    ...describeUnanswered(runs),
    ...(learned.length === 0 ? [] : ["", "What was learned:", "", ...learned]),
  ].join("\n");
};
