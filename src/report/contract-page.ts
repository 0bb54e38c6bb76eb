// The page of one social contract: ratings of every user turn by turn, means over runs with their bands, how alike the
// documents of the runs are, and what was learned. The figures are given by whoever has read the run.

import { type ArguedPrinciple, arguedTable } from "./argued-table.ts";
import type { ChartRequest } from "./chart-book.ts";
import {
  heatMapChart,
  type Interval,
  known,
  type PanelPoint,
  type PanelScale,
  panelsChart,
} from "./charts/index.ts";
import type { ExperimentPage, ExperimentSection } from "./experiment-page.ts";
import {
  learnedBesideRandom,
  type SatisfactionFigures,
  satisfactionSections,
} from "./satisfaction-section.ts";

/** of: whose ratings: users' of their own drafts, or others' of drafts for a user. */
export type ContractMetric = {
  readonly id: string;
  readonly name: string;
  readonly of: "own" | "others";
  readonly low: number;
  readonly high: number;
};

type MetricPlace = Pick<ContractMetric, "id" | "of">;

/** A user's mean rating in a turn; n: of how many. */
export type ContractTurn = {
  readonly run: number;
  readonly turn: number;
  readonly user: string;
  readonly metric: MetricPlace;
  readonly value: number;
  readonly n: number;
};

/** The mean over users in a run. */
export type ContractMean = {
  readonly run: number;
  readonly metric: MetricPlace;
  readonly estimate: Interval;
};

/** The last documents of a part: of so many in all, how alike they are, two by two, and the last one's principles with what was said for them. */
export type ContractDocuments = {
  readonly part: "constitution" | "contract";
  readonly all: number;
  readonly runs: readonly number[];
  readonly similarity: readonly (readonly number[])[];
  readonly last: readonly string[];
  readonly argued: readonly ArguedPrinciple[];
};

export type ContractPageData = {
  readonly runs: number;
  readonly turnsPerRun: number;
  readonly users: readonly { readonly id: string; readonly name: string }[];
  readonly metrics: readonly ContractMetric[];
  readonly turns: readonly ContractTurn[];
  readonly means: readonly ContractMean[];
  readonly documents: readonly ContractDocuments[];
  readonly benefit: SatisfactionFigures;
  /** What else is to be said of what was learned, a paragraph each. */
  readonly remarks: readonly string[];
  readonly facts: ExperimentPage["facts"];
};

/** Users with panels of their own. */
const shownUsers = 12;
const everybody = "mean of all users";

/** A place on the axis of ratings: runs of one turn are told as runs. */
const placeName = ({ turnsPerRun }: ContractPageData) => (turnsPerRun === 1 ? "run" : "turn");
const capital = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;

const one = (value: number): string => value.toFixed(1).replace("-", "−");
const isOf =
  ({ id, of }: MetricPlace) =>
  ({ metric }: { readonly metric: MetricPlace }): boolean =>
    metric.id === id && metric.of === of;

const scaleOf = ({ low, high }: ContractMetric): PanelScale => ({ low, high, share: false });
const titleOf = ({ name, of }: ContractMetric): string => {
  const word = capital(name);
  return of === "own" ? word : `${word}, as others rate it`;
};

/** One panel a user: the ratings of every turn, beside the mean of all users. */
const turnsFigure = (data: ContractPageData, metric: ContractMetric): ChartRequest | null => {
  const { users, turnsPerRun, runs } = data;
  const own = data.turns.filter(isOf(metric));
  if (own.length === 0) return null;
  const shown = users.slice(0, shownUsers);
  const placeOf = ({ run, turn }: ContractTurn): number => (run - 1) * turnsPerRun + turn;
  const places = [...new Set(own.map(placeOf))].sort((first, second) => first - second);
  const means = places.map((at) => {
    const values = own.filter((rating) => placeOf(rating) === at).map(({ value }) => value);
    return { at, value: values.reduce((sum, value) => sum + value, 0) / values.length };
  });
  const exact = (value: number, n: number): Interval => ({ value, low: value, high: value, n });
  const points: PanelPoint[] = shown.flatMap(({ id, name }) => [
    ...own
      .filter(({ user }) => user === id)
      .map((rating) => ({
        ...{ panel: name, series: "this user", at: placeOf(rating) },
        estimate: exact(rating.value, 1),
      })),
    ...means.map(({ at, value }) => ({
      ...{ panel: name, series: everybody, at },
      estimate: exact(value, 1),
    })),
  ]);
  const panels = shown.map(({ name }) => name);
  const hidden = users.length - shown.length;
  const place = placeName(data);
  const build = (size: { width: number; height: number }, columns: number) =>
    panelsChart({
      ...{ ...size, measure: titleOf(metric), along: capital(place), panels, points, columns, write: one },
      ...{ series: ["this user"], context: everybody, scale: scaleOf(metric) },
      after: turnsPerRun === 1 ? [] : Array.from({ length: runs - 1 }, (_, at) => (at + 1) * turnsPerRun),
    });
  return {
    id: `turns-${metric.of}-${metric.id}`,
    title: `${titleOf(metric)}, ${place} by ${place}`,
    seen: `${metric.of === "own" ? "What each user gave the drafts of the own talk" : "What others gave the drafts written for each user, on average"}, from ${metric.low} to ${metric.high}.${hidden > 0 ? ` The first ${shownUsers} of ${users.length} users.` : ""}`,
    reading: `${turnsPerRun === 1 ? "" : "A hairline stands where a new run begins, with the constitution of the run before. "}A ${place} without a point has no rating: it is missing, and counts as nothing.`,
    wide: { width: 740, height: 120 },
    narrow: { width: 360, height: 110 },
    build: (size) => build(size, size.width > 500 ? 4 : 2),
  };
};

/** Of how many users means are, where not all have ratings of everything. */
const usersOf = (means: readonly ContractMean[]): string => {
  const counts = means.flatMap(({ estimate }) => known(estimate)?.n ?? []);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? `n = ${most} users` : `n = ${least} to ${most} users, those with ratings`;
};

/** Means of all metrics over runs, with bands. */
const meansFigure = (data: ContractPageData): ChartRequest | null => {
  const { metrics, means } = data;
  if (!means.some(({ estimate }) => known(estimate) !== null)) return null;
  const panels = metrics.map(titleOf);
  const points = metrics.flatMap((metric) =>
    means
      .filter(isOf(metric))
      .map(({ run, estimate }) => ({ panel: titleOf(metric), series: "mean", at: run, estimate })),
  );
  const low = Math.min(...metrics.map((metric) => metric.low));
  const high = Math.max(...metrics.map((metric) => metric.high));
  const ends = metrics.flatMap((metric) => {
    const own = means.filter(isOf(metric)).flatMap(({ estimate }) => known(estimate) ?? []);
    const [first, last] = [own[0], own.at(-1)];
    return first === undefined || last === undefined || own.length < 2
      ? []
      : [`${titleOf(metric)}: ${one(first.value)} in the first run, ${one(last.value)} in the last`];
  });
  return {
    id: "means",
    title: "Mean ratings by run",
    seen: `${ends.join("; ")}${ends.length === 0 ? "Mean ratings" : ""}. ${usersOf(means)}.`,
    reading:
      "Each user counts alike, with the mean of the own run. The band is the 95 % interval of the mean over users (Student's t); it does not say how another simulation with the same people would end: for that, sweep over seeds.",
    wide: { width: 740, height: 200 },
    narrow: { width: 360, height: 170 },
    build: (size) =>
      panelsChart({
        ...{ ...size, measure: "Mean rating", along: "Run", panels, points, write: one },
        ...{ series: ["mean"], scale: { low, high, share: false }, columns: size.width > 500 ? 3 : 1 },
      }),
  };
};

const likenessFigure = ({ part, all, runs, similarity: values }: ContractDocuments): ChartRequest | null => {
  if (runs.length < 2) return null;
  const labels = runs.map((run) => `run ${run}`);
  const last = values.at(-1)!.at(-2)!;
  const name = part === "constitution" ? "Constitutions" : "Contracts";
  const side = (width: number): number => Math.min(width, 110 + 44 * labels.length);
  const size = (width: number) => ({ width: side(width), height: Math.max(130, side(width) * 0.72) });
  return {
    id: `similarity-${part}`,
    title: `${name} of the runs: how alike they are`,
    seen: `The last two are at ${last.toFixed(2)}, where 1 is the same words.${runs.length < all ? ` Of the documents of ${all} runs only the last ${runs.length} are compared.` : ""}`,
    reading:
      "Cosine of TF-IDF over the two documents of a pair: words alone are compared, no meaning. Two ways to say one thing count as different.",
    wide: size(620),
    narrow: size(360),
    build: (given) =>
      heatMapChart({ ...given, measure: `Likeness of ${name.toLowerCase()}`, labels, values }),
  };
};

const learnedSections = ({ documents, remarks }: ContractPageData): ExperimentSection[] =>
  documents.map(({ part, last, runs, argued }, at) => ({
    id: part,
    title: part === "constitution" ? "The constitution" : "The contract",
    lead: `${part === "constitution" ? "What holds for everybody" : "What holds for single users"} after run ${runs.at(-1)}. ${part}.yaml in the run folder also says what argued for each ${part === "constitution" ? "principle" : "clause"}.${at === 0 ? remarks.map((one) => ` ${one}`).join("") : ""}`,
    figures: [],
    tables: arguedTable(argued),
    list: last,
  }));

const tableOf = ({ metrics, means, runs }: ContractPageData): ExperimentSection["tables"] => [
  {
    caption: "Mean over users, over its 95 % interval",
    head: ["", ...Array.from({ length: runs }, (_, at) => `run ${at + 1}`)],
    names: 1,
    rows: metrics.map((metric) => [
      titleOf(metric),
      ...Array.from({ length: runs }, (_, at) => {
        const found = known(means.filter(isOf(metric)).find(({ run }) => run === at + 1)?.estimate);
        if (found === null) return "–";
        return found.n < 2
          ? one(found.value)
          : { text: one(found.value), note: `${one(found.low)} to ${one(found.high)}` };
      }),
    ]),
  },
];

const isThere = (figure: ChartRequest | null): figure is ChartRequest => figure !== null;

const headlineOf = ({ metrics, means, users, runs, benefit }: ContractPageData): string => {
  const people = users.length === 1 ? "One simulated person" : `${users.length} simulated people`;
  const metric = metrics.find(({ of }) => of === "own");
  const own = metric === undefined ? [] : means.filter(isOf(metric));
  const [first, last] = [known(own[0]?.estimate), known(own.at(-1)?.estimate)];
  if (metric === undefined || first === null || last === null || runs < 2)
    return `${people} argue a constitution into being`;
  const truly = {
    better: "",
    worse: "; in truth less than under random principles",
    unclear: "; in truth not told apart from random principles",
  }[learnedBesideRandom(benefit?.rows ?? [])?.verdict ?? "better"];
  return `${people}: ${metric.name.toLowerCase()} from ${one(first.value)} to ${one(last.value)} in ${runs} runs${truly}`;
};

/** What the page of a social contract says. */
export const contractPage = (data: ContractPageData): ExperimentPage => ({
  eyebrow: "report of a social contract",
  headline: headlineOf(data),
  standfirst:
    "Simulated people talked with assistants, rated what these wrote and said what would make it better; after every run a constitution was made of that. It shows how a method and a model behave, and is no evidence of what people want.",
  facts: data.facts,
  sections: [
    {
      id: "means",
      title: "Did it serve them better?",
      lead: "Ratings of a run, under the constitution that the run before ended with. The first run has none, unless one was given.",
      figures: [meansFigure(data)].filter(isThere),
      tables: tableOf(data),
    },
    {
      id: "turns",
      title: "Whom did it serve?",
      lead: `A mean can rise while somebody is left behind. Here is everybody, ${placeName(data)} by ${placeName(data)}.`,
      figures: data.metrics.map((metric) => turnsFigure(data, metric)).filter(isThere),
      tables: [],
    },
    ...(data.documents.some(({ runs }) => runs.length > 1)
      ? [
          {
            id: "likeness",
            title: "Did it settle?",
            lead: "A constitution that is still being rewritten from run to run has not been agreed on.",
            figures: data.documents.map(likenessFigure).filter(isThere),
            tables: [],
          },
        ]
      : []),
    ...satisfactionSections(data.benefit, data.users, {
      said: "A rating is what people say.",
      lead: "that nobody talked about, under what was learned and under what it has to beat. No part of the runs knew of it.",
    }),
    ...learnedSections(data),
  ],
});
