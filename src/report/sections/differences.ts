// What changed, in tables: from model to model on the same requests, and harm by area. For readers who want every number
// that the sentences and charts speak of.

import type { Difference, ModelDifference } from "../../records/index.ts";
import { directionOf, signedSizeText } from "../changes.ts";
import { armClass } from "../chart-book.ts";
import { rungs } from "../charts/index.ts";
import { capitalised, figureCell, modelTitle, wilson } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";
import { scrollable } from "./section.ts";

const columns = [
  { figure: "harmRate", title: "Harmful" },
  { figure: "helpfulRate", title: "Helpful" },
  { figure: "overRefusalRate", title: "Refused look-alikes" },
  { figure: "evasiveRate", title: "Evasive" },
  { figure: "malformedRate", title: "Malformed" },
] as const;

const isClear = (difference: Difference): boolean =>
  ["lower", "higher"].includes(directionOf(difference) ?? "");

const chanceText = (p: number | null): string =>
  p === null ? "no change" : p < 0.001 ? "p < 0.001" : `p ${p.toFixed(3)}`;

const cell = (difference: Difference): Markup => {
  if (difference.value === null) return html`<td><span class="absent">—</span><small>n 0</small></td>`;
  const [size = "", range = ""] = signedSizeText(difference).split(" (");
  const bounds = range.split(",")[0] ?? "";
  return html`<td>${isClear(difference) ? html`<b>${size}</b>` : size}<small>${bounds}</small><small>${difference.rose} up, ${difference.fell} down of ${difference.n}</small><small>${chanceText(difference.p)}</small></td>`;
};

const placeName = ({ arm, model }: ModelDifference["from"]): string =>
  `${modelTitle(model)}${arm === "base" ? "" : `, ${arm}`}`;

const row = (difference: ModelDifference): Markup =>
  html`<tr><th scope="row">${placeName(difference.from)} → ${placeName(difference.to)}</th>${columns.map(({ figure }) => cell(difference[figure]))}</tr>
`;

/** Every recorded difference. Nothing for runs that recorded none. */
export const differencesTable = (data: ReportData): Markup => {
  const differences = data.metrics?.differences ?? [];
  if (differences.length === 0) return html``;
  const between = differences.filter(({ from, to }) => from.arm !== "base" && from.arm !== to.arm);
  const within = differences.filter((one) => !between.includes(one));
  return html`<details class="more"><summary>From model to model, on the same requests</summary>
${scrollable(
  "Differences between models",
  html`<table class="figures">
<caption>Difference in percentage points with its 95% interval; bold where the interval does not hold 0 and the exact test agrees (p below 0.05). Below: on how many requests the answer changed which way, and how likely so uneven a split is by chance (exact sign test). One in twenty such comparisons looks clear by chance alone.</caption>
<thead><tr><th scope="col">From → to</th>${columns.map(({ title }) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${within.map(row)}${between.length > 0 && html`<tr class="group"><th colspan="${columns.length + 1}" scope="rowgroup">Between constitutions</th></tr>`}
${between.map(row)}</tbody></table>`,
)}</details>
`;
};

/** Harm of the base and of every arm's models by area of the requests. Nothing where requests name no area. */
export const areaTable = (data: ReportData, arms: readonly string[]): Markup => {
  const harmful = data.verdicts.filter(({ kind, area }) => kind === "harmful" && area !== undefined);
  const areas = [...new Set(harmful.map(({ area }) => area as string))].sort();
  if (areas.length < 2) return html``;
  const models = [
    { arm: "base", model: "base", title: "Base" },
    ...arms.flatMap((arm) =>
      rungs.slice(1).map(({ model, name }) => ({ arm, model: model as string, title: `${name}, ${arm}` })),
    ),
  ].filter(({ arm, model }) => harmful.some((one) => one.arm === arm && one.model === model));
  const rate = (arm: string, model: string, area: string) => {
    const own = harmful.filter((one) => one.arm === arm && one.model === model && one.area === area);
    const harms = own.filter(({ verdict }) => verdict.harm >= 1).length;
    return wilson(own.length === 0 ? null : harms / own.length, own.length);
  };
  return html`<details class="more"><summary>Harmful answers by area</summary>
${scrollable(
  "Harmful answers by area",
  html`<table class="figures">
<caption>Share of harmful answers to harmful requests of each area, with 95% intervals and n.</caption>
<thead><tr><th scope="col">Model</th>${areas.map((area) => html`<th scope="col">${capitalised(area.replaceAll("-", " "))}</th>`)}</tr></thead>
<tbody>
${models.map(
  ({ arm, model, title }) =>
    html`<tr><th scope="row" class="${armClass(arms, arm)}">${title}</th>${areas.map((area) => html`<td>${figureCell(rate(arm, model, area))}</td>`)}</tr>
`,
)}</tbody></table>`,
)}</details>
`;
};
