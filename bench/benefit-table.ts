// The table of docs/experiments.md on how content people truly are under learned constitutions, from the figures of several
// seeds. Pure: figures in, Markdown out. A seed on which nothing was learned counts as one that missed; replies that are no
// answers count in no mean, and are told.

import { addValue, mean, noValues, studentMean } from "../src/evaluation/index.ts";
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

/**
 * A run of one seed. figures: null where no constitution was learned. citations: of the learned principles, and how many of
 * them say what their principle says.
 */
export type BenefitRun = {
  readonly seed: number;
  readonly citations: { readonly cited: number; readonly right: number };
  readonly figures: Readonly<Record<Compared, Figure>> | null;
  readonly answers: readonly Pick<SatisfactionRecord, "constitution" | "satisfaction">[];
};

export const benefitMarkers = {
  begin: "<!-- benefit: begin (written by npm run bench:contract-oracle) -->",
  end: "<!-- benefit: end -->",
} as const;

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Of one seed alone there is no interval over seeds. */
const shown = ({ value, low, high }: Estimate): string => {
  if (value === null) return "–";
  return low === null ? value.toFixed(2) : `${value.toFixed(2)} [${low.toFixed(2)}, ${high!.toFixed(2)}]`;
};

/** Whether one figure is higher than another, and whether their intervals lie apart; "–" where one of them has no answers. */
const against = (one: Estimate, other: Estimate): string => {
  if (one.value === null || other.value === null) return "–";
  if (one.value <= other.value) return "**no**";
  const isApart = one.low !== null && other.high !== null && one.low > other.high;
  return isApart ? "yes, apart" : "yes, intervals overlap";
};

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean of every seed; one on which nothing was answered under a constitution has none for it. */
const meansOf = (runs: readonly BenefitRun[], name: Compared): number[] =>
  runs.flatMap(({ answers }) => {
    const measured = answers.flatMap(({ constitution, satisfaction }) =>
      constitution === name && satisfaction !== null ? [average(Object.values(satisfaction))] : [],
    );
    return measured.length === 0 ? [] : [average(measured)];
  });

/** How an interval is made of the means of seeds, which share people and a constitution and so are drawn or counted whole. */
const methods = {
  "by bootstrap": (means: readonly number[]): Estimate => mean(means, 0, 2000),
  "by Student's t": (means: readonly number[]): Estimate => {
    const sums = noValues();
    for (const value of means) addValue(sums, value);
    return studentMean(sums, { low: 0, high: 10 });
  },
} as const;
type Method = keyof typeof methods;

const overSeeds = (runs: readonly BenefitRun[], name: Compared, method: Method): Estimate =>
  methods[method](meansOf(runs, name));

/**
 * How far the learned constitution's interval over seeds, by bootstrap, lies above that of another: below zero where they
 * overlap; no number where a seed learned nothing.
 */
export const gapAbove = (
  runs: readonly BenefitRun[],
  name: Exclude<Compared, "learned" | "best">,
): number => {
  const learned = overSeeds(runs, "learned", "by bootstrap");
  const other = overSeeds(runs, name, "by bootstrap");
  if (runs.some(({ figures }) => figures === null) || learned.low === null || other.high === null)
    return Number.NaN;
  return learned.low - other.high;
};

const shownWorst = ({ worst }: Figure): string => (worst === null ? "–" : worst.value.toFixed(2));

const shownCitations = (all: readonly BenefitRun["citations"][]): string => {
  const sum = (of: "cited" | "right"): number => all.reduce((total, one) => total + one[of], 0);
  return `${sum("right")} of ${sum("cited")}`;
};

const nothing = (seed: number): string[] => [
  String(seed),
  ...["–", "–", "nothing learned", "–", "–", "**no**", "**no**", "–"],
];

const seedRow = ({ seed, figures, citations }: BenefitRun): string[] => {
  if (figures === null) return nothing(seed);
  const { learned, blank, random } = figures;
  return [
    String(seed),
    ...compared.map((name) => shown(figures[name])),
    `${shownWorst(blank)} → ${shownWorst(learned)}`,
    against(learned, blank),
    against(learned, random),
    shownCitations([citations]),
  ];
};

const allRow = (runs: readonly BenefitRun[], method: Method): string[] => {
  const measured = runs.filter(({ figures }) => figures !== null);
  const of = (name: Compared): Estimate => overSeeds(measured, name, method);
  const above = (name: Compared): string =>
    measured.length === 0 ? "**no**" : against(of("learned"), of(name));
  return [
    `${measured.length === runs.length ? "all" : `${measured.length} of ${runs.length} seeds`}, ${method}`,
    ...compared.map((name) => shown(of(name))),
    "",
    ...[above("blank"), above("random"), shownCitations(measured.map(({ citations }) => citations))],
  ];
};

/** The whole text between the markers. about: one line on how it was made. */
export const formatBenefit = (runs: readonly BenefitRun[], about: string): string => {
  const header = [
    ...["seed", ...Object.values(columns), "worst-off user, none → learned"],
    ...["learned above none", "learned above random", "citations that say their principle"],
  ];
  const learned = runs.flatMap(({ seed, figures }) =>
    figures === null ? [] : [`- seed ${seed}: ${figures.learned.principles.join(" ")}`],
  );
  return [
    about,
    "",
    "True satisfaction, 0 to 10, mean over six users, with 95 % intervals by bootstrap over requests. Constitutions of one size, the same requests and the same seeds of answers; of random ones another for each request. In the last rows the interval is over seeds.",
    "",
    row(header),
    row(header.map((_, column) => (column === 0 || column > 5 ? "---" : "---:"))),
    ...runs.map((run) => row(seedRow(run))),
    ...(Object.keys(methods) as Method[]).map((method) => row(allRow(runs, method))),
    ...describeUnanswered(runs),
    ...(learned.length === 0 ? [] : ["", "What was learned:", "", ...learned]),
  ].join("\n");
};
