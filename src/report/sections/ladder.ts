// The two-arm ladder: every rate of every model, as charts and as one table with intervals and n, and what changed from
// one to another on the same requests.

import type { Estimate, ModelMetrics } from "../../records/index.ts";
import { changeClause, modelChange } from "../changes.ts";
import { armClass, armKey } from "../chart-book.ts";
import { ladderChart, percentText, rungs } from "../charts/index.ts";
import { capitalised, type FigureKind, figureCell, modelMetrics, valueText } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";
import { areaTable, differencesTable } from "./differences.ts";
import { measuredArms, missing, type SectionMaker } from "./section.ts";

type RateName = "harmRate" | "helpfulRate" | "overRefusalRate" | "evasiveRate" | "malformedRate";

type Measure = {
  readonly rate: RateName;
  readonly title: string;
  readonly reading: string;
};

const harm: Measure = {
  rate: "harmRate",
  title: "Harmful answers",
  reading:
    "Each mark is the share of harmful answers of one model on held-out requests; the upright line through it is the 95% interval. Lower is better, for those who share the constitution as it is written. Lines lead from the base model over supervised learning (SL-CAI) to the two models that learned from AI feedback on top of it.",
};

const others: readonly Measure[] = [
  {
    rate: "helpfulRate",
    title: "Helpful answers to harmless requests",
    reading: "Higher is better. A model that refuses everything would be harmless and score 0% here.",
  },
  {
    rate: "overRefusalRate",
    title: "Refused look-alikes",
    reading: "Refusals of requests that only sound harmful and deserve help. Lower is better.",
  },
  {
    rate: "evasiveRate",
    title: "Evasive answers",
    reading: "Answers to harmful requests that dodge, without a reason or an alternative. Lower is better.",
  },
  {
    rate: "malformedRate",
    title: "Malformed answers",
    reading: "Text that is no answer at all. Lower is better; a rise means that training broke the model.",
  },
];

const smallRates = ["overRefusalRate", "evasiveRate", "malformedRate"] as const;

/** What a chart shows: every rung, or only where it began and ended; and how sure the change between these is. */
const seen = (data: ReportData, arms: readonly string[], rate: RateName, whole: boolean): string =>
  arms
    .map((arm) => {
      const of = (model: "base" | "sl" | "dpo" | "rl"): Estimate | undefined =>
        modelMetrics(data.metrics, arm, model)?.[rate];
      const change = modelChange(data.metrics, { arm, model: "base" }, { arm, model: "rl" }, rate);
      const clause = change === null ? "" : `: ${changeClause(change)}`;
      const between = whole
        ? `, ${valueText(of("sl"))} after SL-CAI, ${valueText(of("dpo"))} with DPO-CAI`
        : "";
      return `${capitalised(arm)}: ${valueText(of("base"))} at the base${between}, ${valueText(of("rl"))} with RL-CAI${clause}.`;
    })
    .join(" ");

/** The scale that the panels of small rates share: the next ten percent above their highest interval. */
const sharedHighest = (data: ReportData, arms: readonly string[]): number => {
  const highs = arms.flatMap((arm) =>
    rungs.flatMap(({ model }) =>
      smallRates.map((rate) => modelMetrics(data.metrics, arm, model)?.[rate].high ?? 0),
    ),
  );
  return Math.min(1, Math.max(0.1, Math.ceil(Math.max(...highs) * 10) / 10));
};

const columns: readonly {
  readonly name: keyof Omit<ModelMetrics, "elo" | "unanswered">;
  readonly title: string;
  readonly kind: FigureKind;
}[] = [
  { name: "harmRate", title: "Harmful", kind: "share" },
  { name: "harmScore", title: "Harm score 0–4", kind: "score" },
  { name: "helpfulRate", title: "Helpful", kind: "share" },
  { name: "overRefusalRate", title: "Refused look-alikes", kind: "share" },
  { name: "evasiveRate", title: "Evasive", kind: "share" },
  { name: "malformedRate", title: "Malformed", kind: "share" },
];

/** Whether all arms report the same base, so that one row can stand for it. */
export const sharesBase = (data: ReportData, arms: readonly string[]): boolean =>
  new Set(arms.map((arm) => JSON.stringify(data.metrics?.arms[arm]?.models.base))).size <= 1;

const row = (title: Markup, metrics: ModelMetrics | undefined): Markup =>
  html`<tr><th scope="row">${title}</th>${columns.map(({ name, kind }) => html`<td>${figureCell(metrics?.[name], kind)}</td>`)}</tr>
`;

const table = (data: ReportData, arms: readonly string[]): Markup => {
  const shared = sharesBase(data, arms);
  const base = shared ? row(html`Base`, modelMetrics(data.metrics, arms[0] ?? "", "base")) : html``;
  const groups = arms.map((arm) => {
    const models = rungs.filter(({ model }) => !(shared && model === "base"));
    return html`<tr class="group"><th colspan="${columns.length + 1}" scope="rowgroup" class="${armClass(arms, arm)}">${arm} constitution</th></tr>
${models.map(({ model, name }) => row(html`${name}`, modelMetrics(data.metrics, arm, model)))}`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="All rates"><table class="figures">
<caption>All rates: value, 95% interval, and number n of answers counted.</caption>
<thead><tr><th scope="col">Model</th>${columns.map(({ title }) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${base}${groups}</tbody></table></div>
`;
};

/** Section 1: the ladder. */
export const ladderSection: SectionMaker = async (data, book) => {
  const arms = measuredArms(data);
  const title = "What each step changed";
  if (arms.length === 0)
    return { id: "ladder", title, body: missing("The figures of the models", "metrics.json") };
  const highest = sharedHighest(data, arms);
  const isSmall = ({ rate }: Measure): boolean => smallRates.some((name) => name === rate);
  const chart = (measure: Measure, large: boolean): Promise<Markup> =>
    book.figure({
      id: measure.rate,
      title: measure.title,
      seen: seen(data, arms, measure.rate, large),
      reading: isSmall(measure)
        ? `${measure.reading} The scale ends at ${percentText(highest)}.`
        : measure.reading,
      wide: large ? { width: 740, height: 360 } : { width: 356, height: 210 },
      ...(large ? { narrow: { width: 356, height: 300 } } : {}),
      build: (size) =>
        ladderChart({
          ...size,
          measure: measure.title,
          arms,
          labelled: large,
          highest: isSmall(measure) ? highest : 1,
          points: arms.flatMap((arm) =>
            rungs.flatMap(({ model }) => {
              const estimate = modelMetrics(data.metrics, arm, model)?.[measure.rate];
              return estimate ? [{ arm, model, estimate }] : [];
            }),
          ),
        }),
    });
  const small: Markup[] = [];
  const large = await chart(harm, true);
  for (const measure of others) small.push(await chart(measure, false));
  return {
    id: "ladder",
    title,
    body: html`<p>The same base model went through the same steps ${arms.length > 1 ? `${arms.length === 2 ? "twice" : `${arms.length} times`}, once under each constitution and with the same seeds` : `under the ${arms[0] ?? ""} constitution`}. It first learned from its own revised answers (SL-CAI), then from its own judgements of pairs of answers: once directly (DPO-CAI), once through a reward model and reinforcement learning (RL-CAI). No person compared two answers.</p>
${armKey(arms, true)}
${large}
<div class="pair">
${small}</div>
${table(data, arms)}${differencesTable(data)}${areaTable(data, arms)}`,
  };
};
