// The charts of one report: draws each in the sizes the page needs, keeps its specification for download, and sets it
// into a figure with a title, what is seen, and how to read it.

import { armMark, type ChartSize, type ChartSpecification } from "./charts/index.ts";
import { drawChart } from "./drawing.ts";
import { html, type Markup, trusted } from "./markup.ts";

/** One chart as a section asks for it. narrow: a second drawing for phones; without it the wide one is scaled. */
export type ChartRequest = {
  readonly id: string;
  readonly title: string;
  /** What is seen, in a sentence or two with numbers. */
  readonly seen: string;
  readonly reading: string;
  readonly wide: ChartSize;
  readonly narrow?: ChartSize;
  readonly build: (size: ChartSize) => ChartSpecification;
};

export type ChartBook = {
  figure(request: ChartRequest): Promise<Markup>;
  readonly specifications: ReadonlyMap<string, ChartSpecification>;
  /** The wide drawings as SVG files of their own. */
  readonly files: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
};

/** An empty book. */
export const createChartBook = (): ChartBook => {
  const specifications = new Map<string, ChartSpecification>();
  const files = new Map<string, string>();
  const warnings: string[] = [];
  return {
    specifications,
    files,
    warnings,
    async figure({ id, title, seen, reading, wide, narrow, build }) {
      const specification = build(wide);
      specifications.set(id, specification);
      const label = `${title}. ${seen}`;
      const drawn = await drawChart(specification, id, label, title);
      files.set(id, drawn.file);
      warnings.push(...drawn.warnings.map((text) => `${id}: ${text}`));
      let drawings = html`<div class="canvas">${trusted(drawn.svg)}</div>`;
      if (narrow !== undefined) {
        const small = await drawChart(build(narrow), `${id}-narrow`, label);
        warnings.push(...small.warnings.map((text) => `${id} (narrow): ${text}`));
        drawings = html`<div class="canvas only-wide">${trusted(drawn.svg)}</div><div class="canvas only-narrow">${trusted(small.svg)}</div>`;
      }
      return html`<figure class="chart" id="chart-${id}">
<h3>${title}</h3>
${drawings}
<figcaption><p class="seen">${seen}</p><p class="reading">${reading} <button type="button" class="quiet" data-specification="${id}" hidden>Save chart as Vega-Lite</button></p></figcaption>
</figure>
`;
    },
  };
};

/** The key to the arms: sign and colour, the same in every chart. */
export const armKey = (arms: readonly string[], withBase: boolean): Markup =>
  html`<p class="key" aria-label="Key">${arms.map(
    (arm, index) =>
      html`<span class="arm-${armMark(index).role}"><span aria-hidden="true">${armMark(index).sign}</span> ${arm}</span> `,
  )}${withBase && html`<span class="arm-neutral"><span aria-hidden="true">●</span> base model</span>`}</p>`;

/** The class that colours something as belonging to this arm. */
export const armClass = (arms: readonly string[], arm: string): string => {
  const index = arms.indexOf(arm);
  return index < 0 ? "arm-neutral" : `arm-${armMark(index).role}`;
};
