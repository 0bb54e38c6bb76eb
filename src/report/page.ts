// The whole page: opening, contents, sections, and the data it carries. One file that fetches nothing: style, script
// and drawings are inside, and a content security policy forbids everything else.

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { readTextNow } from "../core/index.ts";
import { armClass, type ChartBook, createChartBook } from "./chart-book.ts";
import { palette } from "./charts/index.ts";
import { boundsText, durationText, type figureSentence, modelTitle, valueText } from "./figures.ts";
import { html, jsonInScript, type Markup, trusted } from "./markup.ts";
import type { ReportData } from "./report-data.ts";
import { constitutionsSection } from "./sections/constitutions.ts";
import { labelsSection } from "./sections/labels.ts";
import { ladderSection } from "./sections/ladder.ts";
import { makingSection, totalSeconds } from "./sections/making.ts";
import { paretoSection } from "./sections/pareto.ts";
import { revisionsSection } from "./sections/revisions.ts";
import { armNamesOf, measuredArms, type Section } from "./sections/section.ts";
import { trainingSection } from "./sections/training.ts";
import { transcriptsSection } from "./sections/transcripts.ts";
import { finalModel, goalSentence, tellStory } from "./story.ts";

const makers = [
  ladderSection,
  paretoSection,
  revisionsSection,
  trainingSection,
  labelsSection,
  constitutionsSection,
  transcriptsSection,
  makingSection,
];

const asset = (name: string): string => readTextNow(fileURLToPath(new URL(name, import.meta.url)));

const variables = (side: "light" | "dark"): string =>
  Object.entries(palette)
    .map(([role, colors]) => `--chart-${role}:${colors[side]}`)
    .join(";");

const styleSheet = (): string => {
  const light = `color-scheme:light;${variables("light")}`;
  const dark = `color-scheme:dark;${variables("dark")}`;
  const rules = asset("./page.css")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\s+/g, " ");
  return `:root{${light}}@media (prefers-color-scheme:dark){:root{${dark}}}:root[data-theme="light"]{${light}}:root[data-theme="dark"]{${dark}}@media print{:root,:root[data-theme]{${light}}}${rules}`;
};

const bigNumbers = (data: ReportData): Markup => {
  const arms = measuredArms(data);
  const cells = arms.slice(0, 2).map((arm) => {
    const figures = data.metrics?.arms[arm];
    if (!figures) return html``;
    const end = finalModel(figures);
    const { harmRate } = figures.models[end];
    return html`<div><dt>Harmful answers<br><span class="${armClass(arms, arm)}">${arm}</span>, base → ${modelTitle(end)}</dt><dd><span class="value">${valueText(figures.models.base.harmRate)} → <span class="${armClass(arms, arm)}">${valueText(harmRate)}</span></span><small>${intervalNote(harmRate)}</small></dd></div>
`;
  });
  const [first] = arms;
  const figures = first === undefined ? undefined : data.metrics?.arms[first];
  if (first === undefined || figures === undefined) return html``;
  const end = finalModel(figures);
  const { helpfulRate } = figures.models[end];
  return html`<dl class="numbers">
${cells}<div><dt>Helpful answers to harmless requests<br><span class="${armClass(arms, first)}">${first}</span>, base → ${modelTitle(end)}</dt><dd><span class="value">${valueText(figures.models.base.helpfulRate)} → <span class="${armClass(arms, first)}">${valueText(helpfulRate)}</span></span><small>${intervalNote(helpfulRate)}</small></dd></div>
</dl>
`;
};

type EstimateLike = Parameters<typeof figureSentence>[0];

const intervalNote = (estimate: EstimateLike): string => {
  if (!estimate || estimate.value === null || estimate.low === null || estimate.high === null)
    return "not measured";
  const { value, low, high, n } = estimate;
  return `95% interval ${boundsText({ value, low, high, n })}, n = ${n}`;
};

const dateText = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ")} UTC`;

const facts = (data: ReportData): Markup => {
  const seconds = totalSeconds(data);
  const rows: [string, string][] = [
    ["Run", data.name],
    ["Seed", String(data.seed)],
    ...(data.model === null ? [] : [["Model", data.model] as [string, string]]),
    ["Arms", armNamesOf(data).join(", ") || "none yet"],
    ...(data.startedAt === null ? [] : [["Started", dateText(data.startedAt)] as [string, string]]),
    ...(seconds > 0 ? [["Took", durationText(seconds)] as [string, string]] : []),
  ];
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div> `)}</dl>
`;
};

/** A sentence whose figures stand out and whose intervals step back. */
const withQuietIntervals = (sentence: string): Markup[] =>
  sentence.split(/(\S+ \([^()]*n\u00a0=\u00a0\d+\))/).map((part, index) => {
    if (index % 2 === 0) return html`${part}`;
    const cut = part.indexOf(" ");
    return html`<strong>${part.slice(0, cut)}</strong> <span class="interval">${part.slice(cut + 1)}</span>`;
  });

const opening = (data: ReportData): Markup => {
  const story = tellStory(data.name, data.metrics, armNamesOf(data));
  const goals = goalSentence(data.metrics);
  return html`<header>
<div class="eyebrow sans"><span>Covenant · report of a run of Constitutional AI</span><button type="button" data-theme-button hidden></button></div>
<h1>${story.headline}</h1>
<div class="lead">
${story.sentences.map(
  (sentence) => html`<p>${withQuietIntervals(sentence)}</p>
`,
)}${
  goals !== "" &&
  html`<p class="goal-line">${goals} <a href="#goals">All goals</a></p>
`
}</div>
${bigNumbers(data)}${facts(data)}</header>
`;
};

const contents = (sections: readonly Section[]): Markup =>
  html`<nav aria-label="Contents"><ol>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ol></nav>
`;

const embedded = (data: ReportData, book: ChartBook): Markup =>
  html`<script type="application/json" id="data-metrics">${jsonInScript(data.metrics)}</script>
<script type="application/json" id="data-specifications">${jsonInScript(Object.fromEntries(book.specifications))}</script>
`;

/** The page, and what the charts had to warn of (nothing, unless a chart is wrong). */
export type RenderedPage = { readonly html: string; readonly warnings: readonly string[] };

/** Renders the page. The same data gives the same bytes. */
export const renderPage = async (data: ReportData): Promise<RenderedPage> => {
  const book = createChartBook();
  const sections: Section[] = [];
  for (const make of makers) sections.push(await make(data, book));
  const script = asset("./page-script.mjs").replace(/<\/script/gi, "<\\/script");
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const { headline } = tellStory(data.name, data.metrics, armNamesOf(data));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${data.name}: ${headline}</title>
<style>${trusted(styleSheet())}</style>
</head>
<body>
<div class="page">
${opening(data)}${contents(sections)}<main>
${sections.map(
  ({ id, title, body }) => html`<section id="${id}" aria-labelledby="title-${id}">
<h2 id="title-${id}">${title}</h2>
${body}</section>
`,
)}</main>
</div>
${embedded(data, book)}<script type="module">${trusted(script)}</script>
</body>
</html>
`;
  return { html: page.markup, warnings: book.warnings };
};
