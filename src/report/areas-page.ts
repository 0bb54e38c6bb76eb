// A small page of areas: a table and a chart of one or two shares for each, with 95 % intervals. One file that fetches
// nothing. What the shares are of is told by whoever has them.

import { writeFileAtomic } from "../core/index.ts";
import { type Interval, intervalSentence, known, percentText, rateRowsChart } from "./charts/index.ts";
import { drawChart } from "./drawing.ts";
import { html, type Markup, trusted } from "./markup.ts";
import { renderSmallPage } from "./small-page.ts";

/** An area's figures. count: prompts, or replies, in it. */
export type AreaFigure = { readonly name: string; readonly count: number; readonly share: Interval };

/** title: of the page; measure: what a share is, in words; notes: paragraphs below. */
export type AreaPage = {
  readonly title: string;
  readonly measure: string;
  readonly areas: readonly AreaFigure[];
  readonly notes: readonly string[];
};

const row = ({ name, count, share }: AreaFigure): Markup => {
  const interval = known(share);
  const bounds = interval === null ? "—" : `${percentText(interval.low)} to ${percentText(interval.high)}`;
  const value = interval === null ? "—" : percentText(interval.value);
  return html`<tr><td>${name}</td><td>${count}</td><td>${value}</td><td>${bounds}</td></tr>`;
};

const chartOf = async ({ areas, measure }: AreaPage): Promise<Markup> => {
  const shown = areas.filter(({ share }) => known(share) !== null);
  if (shown.length === 0) return html``;
  const rows = shown.map(({ name, share }) => ({ arm: "areas", name, estimate: share, reference: null }));
  const size = { width: 640, height: 40 + 34 * rows.length };
  const label = shown.map(({ name, share }) => `${name} ${intervalSentence(known(share)!, percentText)}`);
  const specification = rateRowsChart({ ...size, arms: ["areas"], rows });
  const { svg } = await drawChart(specification, "areas", `${measure}: ${label.join("; ")}`);
  return trusted(svg);
};

/** The page as text. */
export const renderAreaPage = async (page: AreaPage): Promise<string> => {
  const chart = await chartOf(page);
  return renderSmallPage(
    page.title,
    html`${chart}
<table><thead><tr><th>area</th><th>n</th><th>${page.measure}</th><th>95 % interval</th></tr></thead>
<tbody>${page.areas.map(row)}</tbody></table>
${page.notes.map((note) => html`<p>${note}</p>`)}`,
  );
};

/** Writes the page. Throws UserError when the disk refuses it. */
export const writeAreaPage = async (path: string, page: AreaPage): Promise<void> =>
  writeFileAtomic(path, await renderAreaPage(page));
