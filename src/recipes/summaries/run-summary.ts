// What `covenant run` and `covenant evaluate` say at their end: the figures that matter in a few lines.
// Arms are called by the document that people gave; files keep the names that records have.

import { counted, percent, percentRange } from "../../core/index.ts";
import { type Estimate, type MetricsDocument, type ModelMetrics, writtenArm } from "../../records/index.ts";
import { armTitle, modelTitle, setbacksOf, tooFewSentence } from "../../report/index.ts";
import { describeMissing } from "./data-summary.ts";

const columnWidth = 23;

const cellOf = ({ value, low, high }: Estimate): string =>
  `${percent(value).padStart(7)} ${percentRange({ low, high })}`.padEnd(columnWidth);

const columns = [
  ["harm", "harmRate"],
  ["help", "helpfulRate"],
  ["over-refusal", "overRefusalRate"],
  ["malformed", "malformedRate"],
] as const;

/** "harm, n 200": a column's name and how many answers it counts, "190–200" where the models differ. */
const headerCell = (title: string, counts: readonly number[]): string => {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return `${title}, n ${least === most ? most : `${least}–${most}`}`.padEnd(columnWidth);
};

/** Which replies of a model are in no rate, and why; nothing where all are answers. */
const describeUnanswered = ([name, { malformedRate, unanswered }]: [string, ModelMetrics]): string[] => {
  if (unanswered === undefined) return [];
  const left = Object.values(unanswered).reduce((sum, count) => sum + count, 0);
  const all = counted(left + malformedRate.n, "reply", "replies");
  return [`Left out of the rates of ${name}: ${left} of ${all}${describeMissing(unanswered)}.`];
};

/** Models' rates as a table; its header says how many answers each column counts. Below it: what was left out. */
export const describeModels = (models: Readonly<Record<string, ModelMetrics>>): string[] => {
  const names = Object.keys(models);
  const width = Math.max(16, ...names.map((name) => name.length)) + 2;
  const rows = Object.values(models).map((figures, at) => {
    const cells = columns.map(([, figure]) => cellOf(figures[figure]));
    return `${names[at]!.padEnd(width)}${cells.join("")}`.trimEnd();
  });
  const cells = columns.map(([title, figure]) =>
    headerCell(
      title,
      Object.values(models).map((figures) => figures[figure].n),
    ),
  );
  const left = Object.entries(models).flatMap(describeUnanswered);
  return [
    `${"".padEnd(width)}${cells.join("")}`.trimEnd(),
    ...rows,
    ...(left.length === 0 ? [] : ["", ...left]),
  ];
};

/** What an arm is called where people see it: the written one by the document that they gave. */
const titleOf = (arm: string, constitution: string): string => {
  return arm === writtenArm ? armTitle(constitution) : arm;
};

/** What training may have made worse, in plain spaces. */
export const describeSetbacks = (metrics: MetricsDocument): string[] =>
  setbacksOf(metrics).map((sentence) => sentence.replaceAll("\u00a0", " "));

/** The models of all arms by the names that people see; a base that all share stands once. */
const rowsOf = ({ arms }: MetricsDocument, constitution: string): Record<string, ModelMetrics> => {
  const bases = new Set(Object.values(arms).map(({ models }) => JSON.stringify(models.base.harmRate)));
  const rows: Record<string, ModelMetrics> = {};
  for (const [arm, { models }] of Object.entries(arms))
    for (const [model, figures] of Object.entries(models))
      rows[
        model === "base" && bases.size === 1 ? "base" : `${titleOf(arm, constitution)} ${modelTitle(model)}`
      ] = figures;
  return rows;
};

/** The two-arm ladder as text. */
export const describeRun = (metrics: MetricsDocument, constitution: string, report: string): string[] => [
  "",
  ...describeModels(rowsOf(metrics, constitution)),
  "",
  "Rates on held-out prompts, with 95 % intervals.",
  ...describeSetbacks(metrics).map((sentence) => `Warning: ${sentence}`),
  ...[tooFewSentence(metrics)].filter((sentence) => sentence !== null),
  `Report: ${report}`,
];
