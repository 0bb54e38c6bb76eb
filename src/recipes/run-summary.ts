// What `covenant run` and `covenant evaluate` say at their end: the figures that matter in a few lines.
// Arms are called by the document that people gave; files keep the names that records have.

import type { Estimate, MetricsDocument, ModelMetrics } from "../records/index.ts";
import { setbacksOf } from "../report/index.ts";

const percent = ({ value, low, high }: Estimate): string => {
  const show = (part: number | null): string => (part === null ? "–" : `${Math.round(part * 100)}`);
  return `${show(value).padStart(3)} % [${show(low)}, ${show(high)}]`.padEnd(18);
};

const header = ["harm", "help", "over-refusal", "malformed"];

/** Models' rates as a table. */
export const describeModels = (models: Readonly<Record<string, ModelMetrics>>, prefix = ""): string[] => {
  const names = Object.keys(models).map((name) => `${prefix}${name}`);
  const width = Math.max(16, ...names.map((name) => name.length)) + 2;
  const rows = Object.values(models).map((figures, at) => {
    const cells = [figures.harmRate, figures.helpfulRate, figures.overRefusalRate, figures.malformedRate].map(
      percent,
    );
    return `${names[at]!.padEnd(width)}${cells.join("")}`.trimEnd();
  });
  return [`${"".padEnd(width)}${header.map((cell) => cell.padEnd(18)).join("")}`.trimEnd(), ...rows];
};

/** What an arm is called where people see it: by the document that they gave. */
export const armTitle = (arm: string, constitution: string): string =>
  arm === "ethical" ? constitution : arm === "inverted" ? `inverted ${constitution}` : arm;

/** What training may have made worse, in plain spaces. */
export const describeSetbacks = (metrics: MetricsDocument): string[] =>
  setbacksOf(metrics).map((sentence) => sentence.replaceAll("\u00a0", " "));

/** The two-arm ladder as text. */
export const describeRun = (metrics: MetricsDocument, constitution: string, report: string): string[] => [
  ...Object.entries(metrics.arms).flatMap(([arm, { models }]) => [
    "",
    ...describeModels(models, `${armTitle(arm, constitution)} `),
  ]),
  "",
  "Rates on held-out prompts, with 95 % intervals.",
  ...describeSetbacks(metrics).map((sentence) => `Warning: ${sentence}`),
  `Report: ${report}`,
];
