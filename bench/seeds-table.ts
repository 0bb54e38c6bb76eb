// The tables of docs/experiments.md over several seeds, from the figures of their runs: what every model did, what the
// judge and the reward model were worth, and which goals each seed met. Pure: figures in, Markdown out. A figure that
// is missing counts against its goal.

import type { ArmMetrics, Estimate, MetricsDocument, ModelMetrics } from "../src/records/index.ts";
import { listGoals } from "../src/report/index.ts";

/** contentHash: the run's; seconds: from its start to its end, all attempts together. */
export type SeedRun = {
  readonly seed: number;
  readonly metrics: MetricsDocument;
  readonly contentHash: string;
  readonly seconds: number;
};

const percent = (value: number): string => (value * 100).toFixed(1);
const points = (value: number): string => value.toFixed(0);

const withInterval = ({ value, low, high }: Estimate, show: (value: number) => string = percent): string => {
  if (value === null) return "not measured";
  return low === null || high === null ? show(value) : `${show(value)} [${show(low)}, ${show(high)}]`;
};

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** A Markdown table; columns after the first `texts` ones are set flush right. */
const table = (header: readonly string[], rows: readonly (readonly string[])[], texts: number): string[] => [
  row(header),
  row(header.map((_, column) => (column < texts ? "---" : "---:"))),
  ...rows.map(row),
];

const modelNames = { base: "base", sl: "SL-CAI", dpo: "DPO-CAI", rl: "RL-CAI" } as const;
type Model = keyof typeof modelNames;
const models = Object.keys(modelNames) as Model[];

const modelCells = (figures: ModelMetrics): string[] => [
  withInterval(figures.harmRate),
  withInterval(figures.helpfulRate),
  withInterval(figures.overRefusalRate),
  withInterval(figures.malformedRate),
  withInterval(figures.elo.helpful, points),
  withInterval(figures.elo.harmless, points),
];

const modelHeader = [
  ...["seed", "arm", "model", "harmful", "helpful", "over-refusal", "malformed"],
  ...["Elo helpful", "Elo harmless"],
];

/** Every model of every seed; the base, which all arms share, once. */
const modelTable = (runs: readonly SeedRun[]): string[] => {
  const rows = runs.flatMap(({ seed, metrics }) =>
    Object.entries(metrics.arms).flatMap(([arm, { models: figures }], index) =>
      models
        .filter((model) => model !== "base" || index === 0)
        .map((model) => [
          String(seed),
          model === "base" ? "–" : arm,
          modelNames[model],
          ...modelCells(figures[model]),
        ]),
    ),
  );
  return table(modelHeader, rows, 3);
};

/** Mean and range over the seeds of one figure. */
const spread = (values: readonly (number | null)[], show: (value: number) => string): string => {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return "not measured";
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const range = `(${show(Math.min(...known))} to ${show(Math.max(...known))})`;
  return `${show(mean)} ${range}${known.length < values.length ? `, ${known.length} of ${values.length}` : ""}`;
};

const meanTable = (runs: readonly SeedRun[]): string[] => {
  const arms = [...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics.arms)))];
  const rows = arms.flatMap((arm, index) =>
    models
      .filter((model) => model !== "base" || index === 0)
      .map((model) => {
        const figures = runs.map(({ metrics }) => metrics.arms[arm]?.models[model]);
        const of = (pick: (one: ModelMetrics) => Estimate, show = percent): string =>
          spread(
            figures.map((one) => (one === undefined ? null : pick(one).value)),
            show,
          );
        return [
          model === "base" ? "–" : arm,
          modelNames[model],
          of((one) => one.harmRate),
          of((one) => one.helpfulRate),
          of((one) => one.overRefusalRate),
          of((one) => one.malformedRate),
          of((one) => one.elo.helpful, points),
          of((one) => one.elo.harmless, points),
        ];
      }),
  );
  return table(modelHeader.slice(1), rows, 2);
};

const revisionCurve = ({ revisions }: ArmMetrics): string =>
  [...revisions]
    .sort((one, other) => one.round - other.round)
    .map(({ harmRate }) => (harmRate.value === null ? "–" : percent(harmRate.value)))
    .join(" → ");

const feedbackHeader = ["label accuracy", "order flips", "reward accuracy", "harmful after rounds 0, 1, ..."];

const feedbackCells = (figures: ArmMetrics): string[] => [
  withInterval(figures.labels.accuracy),
  withInterval(figures.labels.flipRate),
  withInterval(figures.rewardModel.accuracy),
  revisionCurve(figures),
];

const feedbackTable = (runs: readonly SeedRun[]): string[] => {
  const rows = runs.flatMap(({ seed, metrics, seconds, contentHash }) =>
    Object.entries(metrics.arms).map(([arm, figures], index) => [
      ...[String(seed), arm, ...feedbackCells(figures)],
      ...(index === 0 ? [seconds.toFixed(0), contentHash.slice(0, 8)] : ["", ""]),
    ]),
  );
  return table(["seed", "arm", ...feedbackHeader, "seconds", "content"], rows, 2);
};

/** own: the run's own figures; heldOut: the same with those of its feedback measured on its test prompts. */
export type HeldOutRun = { readonly own: MetricsDocument; readonly heldOut: MetricsDocument };

/** What feedback is worth on requests that a run learned from, and on those that it never saw. */
export const formatHeldOutTable = (runs: readonly HeldOutRun[]): string => {
  const rows = runs.flatMap(({ own, heldOut }) =>
    Object.entries(own.arms).flatMap(([arm, figures]) => [
      [String(own.seed), arm, "training", ...feedbackCells(figures)],
      ["", "", "held out", ...feedbackCells(heldOut.arms[arm]!)],
    ]),
  );
  const goals = runs.map(({ heldOut }) => ({ seed: heldOut.seed, goals: listGoals(heldOut) }));
  const missed = goals.flatMap(({ seed, goals: all }) =>
    all
      .filter(({ met }) => !met)
      .map(({ name, got, wanted }) => `Missed by seed ${seed}: ${name}: ${got}, wanted: ${wanted}.`),
  );
  return [...table(["seed", "arm", "prompts", ...feedbackHeader], rows, 3), ...missed].join("\n");
};

/** Per goal and seed: met, or what came out instead. */
const goalTable = (runs: readonly SeedRun[]): string[] => {
  const bySeed = runs.map(({ metrics }) => listGoals(metrics));
  const names = [...new Set(bySeed.flat().map(({ name }) => name))];
  let met = 0;
  const rows = names.map((name) => {
    const found = bySeed.map((goals) => goals.find((goal) => goal.name === name));
    met += found.filter((goal) => goal?.met === true).length;
    const cells = found.map((goal) =>
      goal === undefined ? "**FAIL** (no such arm)" : `${goal.met ? "pass" : "**FAIL**"} (${goal.got})`,
    );
    return [name, found.find((goal) => goal !== undefined)!.rule, ...cells];
  });
  const header = ["goal", "wanted", ...runs.map(({ seed }) => `seed ${seed}`)];
  const total = names.length * runs.length;
  return [
    `${met} of ${total} goals met (${names.length} goals, ${runs.length} seeds).`,
    "",
    ...table(header, rows, 2),
  ];
};

/** The whole text between the markers. about: one line on how it was made. */
export const formatSeedTables = (runs: readonly SeedRun[], about: string): string =>
  [
    about,
    "",
    "Rates in percent, with 95 % intervals; ratings on the scale of 400 points, base at 0.",
    "",
    "### Mean over the seeds (and range)",
    "",
    ...meanTable(runs),
    "",
    "### Goals",
    "",
    ...goalTable(runs),
    "",
    "### Every seed",
    "",
    ...modelTable(runs),
    "",
    "### Feedback and rewards",
    "",
    ...feedbackTable(runs),
  ].join("\n");

export const beginMarker = "<!-- seeds: begin (written by npm run bench:seeds) -->";
export const endMarker = "<!-- seeds: end -->";

/** A document with the text between the markers replaced. Throws when a marker is missing. */
export const replaceBetweenMarkers = (
  document: string,
  text: string,
  markers: { readonly begin: string; readonly end: string } = { begin: beginMarker, end: endMarker },
): string => {
  const begin = document.indexOf(markers.begin);
  const end = document.indexOf(markers.end);
  if (begin < 0 || end < begin)
    throw new Error(`The document has no "${markers.begin}" followed by "${markers.end}".`);
  return `${document.slice(0, begin + markers.begin.length)}\n\n${text}\n\n${document.slice(end)}`;
};
