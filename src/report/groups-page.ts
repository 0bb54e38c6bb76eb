// The page of a sweep or of joined simulations: what every group came to, over steps and at the end, with 95 % intervals, and
// how alike their constitutions are. The figures are given by whoever has joined the runs.

import { listText } from "../core/index.ts";
import type { GroupFigure } from "../records/index.ts";
import type { ChartRequest } from "./chart-book.ts";
import { estimateRowsChart, heatMapChart, type PanelScale, panelsChart } from "./charts/index.ts";
import type {
  ExperimentCell,
  ExperimentPage,
  ExperimentSection,
  ExperimentTable,
} from "./experiment-page.ts";

/** Texts compared two by two: a label each, and how alike they are. all: texts that there are, of which these are the first. */
export type GroupLikeness = {
  readonly all: number;
  readonly labels: readonly string[];
  readonly values: readonly (readonly number[])[];
};

/**
 * step: what a step is called ("Run"); first: the groups that are drawn where there are too many for all of them; failures:
 * runs that are missing, with what was wrong.
 */
export type GroupsPageData = {
  readonly eyebrow: string;
  readonly headline: string;
  readonly standfirst: string;
  readonly step: string;
  readonly figures: readonly GroupFigure[];
  readonly first: readonly string[];
  readonly likeness: GroupLikeness | null;
  readonly failures: readonly string[];
  readonly facts: ExperimentPage["facts"];
};

/** Groups with panels or rows of their own in one chart. */
const shownGroups = 24;

/** Measures that get no picture. */
const undrawn =
  /^(principles(\.|$)|unparseable$|missing$|questions$|distance$|(document\.)?nash$|candidates$|standing$)/;

const words: Readonly<Record<string, string>> = {
  given: "Share offered",
  accepted: "Share of offers accepted",
  income: "Income",
  "similarity.constitution": "Likeness to the constitution before",
  "similarity.contract": "Likeness to the contract before",
  "principles.constitution": "Principles of the constitution",
  "principles.contract": "Clauses of the contract",
  utilitarian: "Support of the chosen principles, each by itself",
  nash: "Support of the chosen principles, geometric mean of users",
  rawlsian: "Support of the chosen principles, worst-off user",
  leftOut: "Users left out",
  "document.utilitarian": "Support of the whole document",
  "document.nash": "Support of the whole document, geometric mean of users",
  "document.rawlsian": "Support of the whole document, worst-off user",
  "document.leftOut": "Users whom the document leaves out",
  principles: "Principles that were chosen",
  candidates: "Candidates",
  standing: "Support of the document that stood before",
  satisfaction: "True satisfaction",
  "satisfaction.worst": "True satisfaction of the worst-off user",
  unparseable: "Moves that could not be read",
  missing: "Moves that never came",
  questions: "Questions an offer",
  distance: "Flexible players above fixed ones",
};

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

const titleOf = (metric: string): string => {
  const known = words[metric];
  if (known !== undefined) return known;
  const [of, name] = metric.split(/\.(.*)/s);
  if (name === undefined) return capital(metric);
  return of === "others" ? `${capital(name)}, as others rate it` : capital(name);
};

const two = (value: number): string => value.toFixed(2).replace("-", "−");

/** Measures from 0 to 10. */
const ofTen = /^((document\.)?(utilitarian|nash|rawlsian)|standing|satisfaction)/;

/** An axis that begins at nothing (or as far below) and ends at 1, 5, 10 or a power of ten: the first that holds all. */
const scaleOf = (figures: readonly GroupFigure[]): PanelScale => {
  if (figures.every(({ metric }) => ofTen.test(metric))) return { low: 0, high: 10, share: false };
  const most = Math.max(...figures.map(({ value }) => Math.abs(value)));
  // The interval of a share may reach past 1, where there is nothing.
  const reach = most <= 1 ? most : Math.max(most, ...figures.map(({ high }) => high ?? 0));
  const high = [1, 5, 10, 100, 1000].find((end) => end >= reach) ?? reach;
  return { low: figures.some(({ value }) => value < 0) ? -high : 0, high, share: false };
};

const measured = (data: GroupsPageData, metric: string): GroupFigure[] =>
  data.figures.filter((one) => one.metric === metric && !one.user.includes(", "));

const groupsOf = (figures: readonly GroupFigure[]): string[] => [
  ...new Set(figures.map(({ group }) => group)),
];

/** Groups that are drawn, and a sentence on the others. */
const drawnOf = (data: GroupsPageData, figures: readonly GroupFigure[]) => {
  const all = groupsOf(figures);
  const first = all.filter((group) => data.first.includes(group));
  const groups = (all.length > shownGroups && first.length > 1 ? first : all).slice(0, shownGroups);
  const hidden = all.length - groups.length;
  return { groups, rest: hidden === 0 ? "" : ` ${hidden} more are in results/groups.csv.` };
};

/** The figures of one measure at every group's last step. */
const lastOf = (figures: readonly GroupFigure[]): GroupFigure[] => {
  const ends = new Map<string, number>();
  for (const { group, step } of figures) ends.set(group, Math.max(step, ends.get(group) ?? 0));
  return figures.filter(({ group, step }) => ends.get(group) === step);
};

/** Groups that one line names. */
const namedGroups = 3;

/** The groups that are at a value as it is written, since none of them is ahead of the others. */
const groupsAt = (figures: readonly GroupFigure[], wanted: number): string => {
  const names = figures.filter(({ value }) => two(value) === two(wanted)).map(({ group }) => group);
  const more = names.length - namedGroups;
  return more > 0 ? `${names.slice(0, namedGroups).join(", ")} and ${more} more` : listText(names);
};

const seriesName = (user: string): string =>
  ({ all: "mean", flexible: "flexible players, who learn", fixed: "fixed players" })[user] ?? user;

const order = ["flexible", "buyer", "seller", "all", "fixed"];
const seriesOf = (figures: readonly GroupFigure[]): string[] =>
  [...new Set(figures.map(({ user }) => user))].sort(
    (one, other) => order.indexOf(one) - order.indexOf(other),
  );

const overWords: Readonly<Record<GroupFigure["over"], string>> = {
  simulations: "simulations with other seeds",
  repetitions: "repetitions of the games",
  users: "users of one simulation, which says nothing of how another would end",
};

const intervalNote = (figures: readonly GroupFigure[]): string => {
  const kinds = [...new Set(figures.map(({ over }) => over))];
  const told = kinds.map((over) => overWords[over]).join("; or over ");
  return figures.some(({ n }) => n > 1)
    ? `Intervals are at 95 % (Student's t), over ${told}.`
    : "A single value each, so there are no intervals: give more seeds or repetitions.";
};

const idOf = (metric: string): string => metric.replaceAll(/[^a-z0-9]+/gi, "-");

const curves = (data: GroupsPageData, metric: string): ChartRequest | null => {
  const all = measured(data, metric);
  const isOnItsWay = (group: string): boolean =>
    new Set(all.filter((one) => one.group === group).map(({ step }) => step)).size > 1;
  const { groups: panels, rest } = drawnOf(
    data,
    all.filter(({ group }) => isOnItsWay(group)),
  );
  if (panels.length === 0) return null;
  const own = all.filter(({ group }) => panels.includes(group));
  const users = seriesOf(own);
  const context = users.includes("flexible") && users.includes("fixed") ? "fixed players" : undefined;
  const points = own.map(({ group, user, step, value, low, high, n }) => ({
    ...{ panel: group, series: seriesName(user), at: step, estimate: { value, low, high, n } },
  }));
  return {
    id: `${idOf(metric)}-by-step`,
    title: `${titleOf(metric)}, by ${data.step.toLowerCase()}`,
    seen: `A panel for each group.${rest}`,
    reading: intervalNote(own),
    wide: { width: 740, height: 130 },
    narrow: { width: 360, height: 130 },
    build: (size) =>
      panelsChart({
        ...{ ...size, measure: titleOf(metric), along: data.step, panels, points, context, write: two },
        series: users.map(seriesName).filter((name) => name !== context),
        ...{ scale: scaleOf(own), columns: size.width < 500 ? 1 : 3 },
      }),
  };
};

const ends = (data: GroupsPageData, metric: string): ChartRequest | null => {
  const all = lastOf(measured(data, metric));
  const { groups, rest } = drawnOf(data, all);
  const own = all.filter(({ group }) => groups.includes(group));
  const users = seriesOf(own);
  if (groups.length < 2 || users.length > 4 || metric.startsWith("similarity.")) return null;
  const sorted = own.filter(({ user }) => user === users[0]).sort((one, other) => other.value - one.value);
  const [best, worst] = [sorted[0], sorted.at(-1)];
  if (best === undefined || worst === undefined) return null;
  const height = 60 + groups.length * (users.length > 1 ? 34 : 26);
  return {
    id: `${idOf(metric)}-at-the-end`,
    title: `${titleOf(metric)}, at the end`,
    seen: `${
      two(best.value) === two(worst.value)
        ? `All are at ${two(best.value)}.`
        : `Highest: ${groupsAt(sorted, best.value)} with ${two(best.value)}; lowest: ${groupsAt(sorted, worst.value)} with ${two(worst.value)}.`
    }${rest}`,
    reading: intervalNote(own),
    wide: { width: 740, height },
    narrow: { width: 360, height },
    build: (size) =>
      estimateRowsChart({
        ...{ ...size, measure: titleOf(metric), series: users.map(seriesName), write: two },
        rows: groups.flatMap((group) =>
          own
            .filter((one) => one.group === group)
            .map(({ user, value, low, high, n }) => ({
              ...{ name: group, series: seriesName(user), estimate: { value, low, high, n } },
            })),
        ),
        scale: scaleOf(measured(data, metric)),
      }),
  };
};

const tableOf = (data: GroupsPageData, metrics: readonly string[]): ExperimentTable => ({
  caption: `What every group came to, each measure at its last ${data.step.toLowerCase()}`,
  head: ["group", "measure", "mean", "standard error", "95 % interval", "n"],
  names: 2,
  rows: metrics.flatMap((metric) =>
    lastOf(measured(data, metric)).map(({ group, user, value, standardError, low, high, n, over }) => {
      const cells: ExperimentCell[] = [
        group,
        user === "all" ? titleOf(metric) : `${titleOf(metric)}, ${user}`,
        two(value),
        standardError === null ? "–" : two(standardError),
        low === null || high === null ? "–" : `${two(low)} to ${two(high)}`,
        { text: String(n), note: n === 1 && over !== "users" ? over.slice(0, -1) : over },
      ];
      return cells;
    }),
  ),
});

const isThere = (figure: ChartRequest | null): figure is ChartRequest => figure !== null;

const likenessSection = ({ likeness }: GroupsPageData): ExperimentSection[] => {
  if (likeness === null || likeness.labels.length < 2) return [];
  const { all, labels, values } = likeness;
  const longest = Math.max(...labels.map((label) => label.length));
  const side = Math.min(740, 120 + 6 * longest + 40 * labels.length);
  const figure: ChartRequest = {
    id: "similarity",
    title: "The constitutions that runs ended with: how alike they are",
    seen: `Each row and column is a run${all > labels.length ? `; the first ${labels.length} of ${all}` : ""}.`,
    reading:
      "Cosine of TF-IDF over the two documents of a pair: words alone are compared, no meaning. Squares near the diagonal are runs of one group: where they are no darker than others, the setting decides less than chance does.",
    wide: { width: side, height: Math.max(180, side * 0.8) },
    build: (size) => heatMapChart({ ...size, measure: "Likeness of constitutions", labels, values }),
  };
  return [
    {
      id: "likeness",
      title: "Did they come to the same?",
      lead: "What was learned with one seed may not be what is learned with another.",
      figures: [figure],
      tables: [],
    },
  ];
};

const failureSection = ({ failures }: GroupsPageData): ExperimentSection[] =>
  failures.length === 0
    ? []
    : [
        {
          id: "failures",
          title: "What is missing",
          lead: "These runs failed and are in no figure. The same command tries them again, and only them.",
          figures: [],
          tables: [],
          list: failures,
        },
      ];

/** What the page of a sweep, or of joined simulations, says. */
export const groupsPage = (data: GroupsPageData): ExperimentPage => {
  const metrics = [...new Set(data.figures.map(({ metric }) => metric))].filter(
    (metric) => measured(data, metric).length > 0,
  );
  const isAlways = (metric: string, always: number): boolean =>
    measured(data, metric).every(({ value }) => value === always);
  const isUneventful = (metric: string): boolean =>
    (metric === "accepted" && isAlways(metric, 1)) || (/leftOut$/.test(metric) && isAlways(metric, 0));
  const pictured = metrics.filter((metric) => !undrawn.test(metric) && !isUneventful(metric));
  const all = pictured.flatMap((metric) => [ends(data, metric), curves(data, metric)]).filter(isThere);
  return {
    ...{ eyebrow: data.eyebrow, headline: data.headline, standfirst: data.standfirst, facts: data.facts },
    sections: [
      ...failureSection(data),
      {
        id: "groups",
        title: "What it came to",
        lead: "Groups beside each other, at the end and on the way there.",
        figures: all,
        tables: [tableOf(data, metrics)],
      },
      ...likenessSection(data),
    ],
  };
};
