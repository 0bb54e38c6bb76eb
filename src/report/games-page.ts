// A small page of games between simulated players: for every experiment the share that fixed and flexible seats gave, over
// iterations with 95 % bands, and tables of all figures. What was played is told by whoever has it.

import { groupBy, writeFileAtomic } from "../core/index.ts";
import type { GameFigure } from "../records/index.ts";
import { armMark, estimateCurveChart, intervalSentence, known, percentText } from "./charts/index.ts";
import { drawChart } from "./drawing.ts";
import { html, type Markup, trusted } from "./markup.ts";
import { renderSmallPage } from "./small-page.ts";

/** notes: paragraphs below; tables: further ones, with a head and rows of texts. */
export type GamesPage = {
  readonly title: string;
  readonly experiments: readonly string[];
  readonly figures: readonly GameFigure[];
  readonly tables: readonly {
    readonly title: string;
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }[];
  readonly notes: readonly string[];
};

/** Measures that are drawn, each with the words for it. */
const shares: Readonly<Record<string, string>> = {
  given: "Share given",
  accepted: "Share of offers accepted",
};

/** What a measure is where nothing happened that is worth a drawing or a row. */
const uneventful: Readonly<Record<string, number>> = { accepted: 1, unparseable: 0, missing: 0 };

const isUneventful = (figures: readonly GameFigure[]): boolean =>
  figures.every(({ measure, value }) => value === uneventful[measure]);

const arms = ["flexible", "fixed"] as const;

const curve = async (
  experiment: string,
  at: number,
  figures: readonly GameFigure[],
  measure: string,
): Promise<Markup> => {
  const own = figures.filter((figure) => figure.experiment === experiment && figure.measure === measure);
  const drawn = arms.filter((arm) => own.some(({ who }) => who === arm));
  if (drawn.length === 0 || isUneventful(own)) return html``;
  const title = shares[measure]!;
  const points = own.map(({ who, iteration, value, low, high, n }) => ({
    ...{ arm: who, at: iteration },
    estimate: { value, low, high, n },
  }));
  const last = drawn.flatMap((arm) => {
    const end = known(points.findLast((point) => point.arm === arm)?.estimate);
    return end === null ? [] : [`${arm} at the end ${intervalSentence(end, percentText)}`];
  });
  const { svg } = await drawChart(
    estimateCurveChart({
      width: 640,
      height: 240,
      measure: title,
      along: "Iteration",
      arms: [...arms],
      points,
    }),
    `games-${at}-${measure}`,
    `${experiment}, ${title} by iteration: ${last.join("; ")}`,
  );
  const key = drawn.map((arm) => `${armMark(arms.indexOf(arm)).sign} ${arm}`).join("   ");
  return html`<h3>${title}: ${key}</h3>
${trusted(svg)}
`;
};

/** Two decimals; shares and incomes need no more, and columns stand under each other. */
const shortText = (value: number): string => (Math.round(value * 100) / 100).toFixed(2).replace("-", "−");

const cell = ({ value, low, high }: GameFigure): Markup =>
  value === null
    ? html`–`
    : html`${shortText(value)}<br><small>${shortText(low ?? value)} to ${shortText(high ?? value)}</small>`;

const figureTable = (experiment: string, figures: readonly GameFigure[]): Markup => {
  const own = figures.filter((figure) => figure.experiment === experiment);
  const iterations = [...new Set(own.map(({ iteration }) => iteration))].sort((one, other) => one - other);
  const rows = [...groupBy(own, ({ who, measure }) => `${measure}, ${who}`)].flatMap(([row, all]) =>
    isUneventful(all) ? [] : [row],
  );
  const find = (row: string, at: number): Markup => {
    const found = own.find(({ iteration, who, measure }) => iteration === at && `${measure}, ${who}` === row);
    return found === undefined ? html`–` : cell(found);
  };
  return html`<table><thead><tr><th>mean, 95 % band</th>${iterations.map((at) => html`<th>${at}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr><td>${row}</td>${iterations.map((at) => html`<td>${find(row, at)}</td>`)}</tr>`)}</tbody></table>
`;
};

/** The page as text. The same figures give the same bytes. */
export const renderGamesPage = async ({
  title,
  experiments,
  figures,
  tables,
  notes,
}: GamesPage): Promise<string> => {
  const parts: Markup[] = [];
  for (const [at, experiment] of experiments.entries()) {
    parts.push(html`<h2>${experiment}</h2>
`);
    for (const measure of Object.keys(shares)) parts.push(await curve(experiment, at, figures, measure));
    parts.push(figureTable(experiment, figures));
  }
  const others = tables.map(
    ({ title: name, head, rows }) => html`<h2>${name}</h2>
<table><thead><tr>${head.map((one) => html`<th>${one}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((one) => html`<td>${one}</td>`)}</tr>`)}</tbody></table>
`,
  );
  return renderSmallPage(title, html`${parts}${others}${notes.map((note) => html`<p>${note}</p>`)}`);
};

/** Writes the page. Throws UserError when the disk refuses it. */
export const writeGamesPage = async (path: string, page: GamesPage): Promise<void> =>
  writeFileAtomic(path, await renderGamesPage(page));
