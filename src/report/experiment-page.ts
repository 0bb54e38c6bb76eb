// One page of an experiment with simulated people or players: an opening, sections with charts and tables. Its charts are
// files, too: each as a Vega-Lite specification and as SVG. What is on the page is composed by the page of its kind.

import { join } from "node:path";
import { makeFolder, writeFileAtomic } from "../core/index.ts";
import { type ChartRequest, createChartBook } from "./chart-book.ts";
import { html, type Markup } from "./markup.ts";
import { renderFrame } from "./page-frame.ts";
import { type Section, scrollable } from "./sections/section.ts";

/** A text, or one with a smaller one below it. */
export type ExperimentCell = string | { readonly text: string; readonly note: string };

/** names: columns of texts, from the left; the others hold numbers. */
export type ExperimentTable = {
  readonly caption: string;
  readonly head: readonly string[];
  readonly names: number;
  readonly rows: readonly (readonly ExperimentCell[])[];
};

export type ExperimentSection = {
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  readonly figures: readonly ChartRequest[];
  readonly tables: readonly ExperimentTable[];
  /** Texts one under the other, numbered. */
  readonly list?: readonly string[];
};

/** facts: names with values, e.g. seed and models. */
export type ExperimentPage = {
  readonly eyebrow: string;
  readonly headline: string;
  readonly standfirst: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly sections: readonly ExperimentSection[];
};

/** A chart as files: <name>.vl.json and <name>.svg. */
export type ChartFile = { readonly name: string; readonly specification: object; readonly svg: string };

/** The page as text, its charts, and what drawing them had to warn of. */
export type DrawnExperiment = {
  readonly html: string;
  readonly charts: readonly ChartFile[];
  readonly warnings: readonly string[];
};

const cellMarkup = (cell: ExperimentCell): Markup =>
  typeof cell === "string" ? html`${cell}` : html`${cell.text}<small>${cell.note}</small>`;

const tableMarkup = ({ caption, head, names, rows }: ExperimentTable): Markup =>
  scrollable(
    caption,
    html`<table><caption>${caption}</caption>
<thead><tr>${head.map((one, at) => html`<th scope="col" class="${at < names ? "" : "number"}">${one}</th>`)}</tr></thead>
<tbody>${rows.map(
      (row) =>
        html`<tr>${row.map((one, at) =>
          at === 0
            ? html`<th scope="row">${cellMarkup(one)}</th>`
            : html`<td class="${at < names ? "" : "number"}">${cellMarkup(one)}</td>`,
        )}</tr>
`,
    )}</tbody></table>`,
  );

const opening = ({ eyebrow, headline, standfirst, facts }: ExperimentPage): Markup =>
  html`<header>
<div class="eyebrow sans"><span>Covenant · ${eyebrow}</span><button type="button" data-theme-button hidden></button></div>
<h1>${headline}</h1>
<p class="standfirst">${standfirst}</p>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div> `)}</dl>
</header>
`;

/** Draws the page. The same page gives the same bytes. */
export const drawExperiment = async (page: ExperimentPage): Promise<DrawnExperiment> => {
  const book = createChartBook();
  const sections: Section[] = [];
  for (const { id, title, lead, figures, tables, list = [] } of page.sections) {
    const drawn: Markup[] = [];
    for (const figure of figures) drawn.push(await book.figure(figure));
    const items =
      list.length === 0
        ? html``
        : html`<ol class="prose">${list.map((item) => html`<li>${item}</li>`)}</ol>
`;
    sections.push({
      id,
      title,
      body: html`<p>${lead}</p>
${drawn}${items}${tables.map(tableMarkup)}`,
    });
  }
  return {
    html: renderFrame({
      title: page.headline,
      opening: opening(page),
      sections,
      first: sections[0]?.id ?? "",
      data: { specifications: Object.fromEntries(book.specifications) },
    }),
    charts: [...book.specifications].map(([name, specification]) => ({
      ...{ name, specification },
      svg: book.files.get(name)!,
    })),
    warnings: book.warnings,
  };
};

/** Writes each chart into a folder, as a specification and as a drawing. Throws UserError when the disk refuses it. */
export const writeCharts = async (folder: string, charts: readonly ChartFile[]): Promise<void> => {
  await makeFolder(folder);
  for (const { name, specification, svg } of charts) {
    await writeFileAtomic(join(folder, `${name}.vl.json`), `${JSON.stringify(specification, null, 2)}\n`);
    await writeFileAtomic(join(folder, `${name}.svg`), svg);
  }
};
