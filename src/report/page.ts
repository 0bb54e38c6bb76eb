// The whole page: opening, contents, sections, and the data it carries. One file that fetches nothing: style, script
// and drawings are inside, and a content security policy forbids everything else.

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { readTextNow } from "../core/index.ts";
import type { Estimate } from "../records/index.ts";
import { type Change, modelChange, signedSizeText } from "./changes.ts";
import { armClass, type ChartBook, createChartBook } from "./chart-book.ts";
import { known, palette } from "./charts/index.ts";
import { boundsText, durationText, modelTitle, valueText } from "./figures.ts";
import { linkTerms } from "./glossary.ts";
import { html, jsonInScript, type Markup, trusted } from "./markup.ts";
import type { ReportData } from "./report-data.ts";
import { constitutionsSection } from "./sections/constitutions.ts";
import { labelsSection } from "./sections/labels.ts";
import { ladderSection } from "./sections/ladder.ts";
import { makingSection } from "./sections/making.ts";
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

const boundsNote = (estimate: Estimate): string => {
  const interval = known(estimate);
  return interval === null ? "not measured" : boundsText(interval);
};

/** How sure a change is: the paired difference, or that there is none to tell by. */
const changeNote = (change: Change | null): Markup => {
  if (change?.difference)
    return html`<small><b>${signedSizeText(change.difference)}</b>, same requests</small>`;
  return change?.direction === "unclear" ? html`<small>the intervals overlap</small>` : html``;
};

type HeadlineFigure = "harmRate" | "helpfulRate";
const headlineTitles: Readonly<Record<HeadlineFigure, string>> = {
  harmRate: "Harmful answers",
  helpfulRate: "Helpful answers to harmless requests",
};

/** One large number: where the base stood, where the arm ended, and how sure that is. */
const bigNumber = (data: ReportData, arm: string, figure: HeadlineFigure): Markup => {
  const figures = data.metrics?.arms[arm];
  if (!figures) return html``;
  const color = armClass(measuredArms(data), arm);
  const model = finalModel(figures);
  const before = figures.models.base[figure];
  const after = figures.models[model][figure];
  const change = modelChange(data.metrics, { arm, model: "base" }, { arm, model }, figure);
  return html`<div><dt>${headlineTitles[figure]}<br><span class="${color}">${arm}</span>, base → ${modelTitle(model)}</dt><dd><span class="value">${valueText(before)} → <span class="${color}">${valueText(after)}</span></span>${changeNote(change)}<small>95% intervals ${boundsNote(before)} → ${boundsNote(after)}, n = ${after.n}</small></dd></div>
`;
};

const bigNumbers = (data: ReportData): Markup => {
  const arms = measuredArms(data).slice(0, 2);
  if (arms.length === 0) return html``;
  return html`<dl class="numbers">
${(["harmRate", "helpfulRate"] as const).map((figure) => arms.map((arm) => bigNumber(data, arm, figure)))}</dl>
`;
};

const dateText = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ")} UTC`;

const facts = (data: ReportData): Markup => {
  const { seconds } = data;
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

/** A sentence whose figures stand out, whose intervals step back, and whose terms lead to what they mean. */
const withQuietIntervals = (sentence: string, seen: Set<string>): Markup[] =>
  sentence.split(/((?:\S+\u00a0)?\S+ \([^()]*n\u00a0=\u00a0\d+\))/).map((part, index) => {
    if (index % 2 === 0) return linkTerms(part, seen);
    const cut = part.indexOf(" ");
    return html`<strong>${part.slice(0, cut)}</strong> <span class="interval">${part.slice(cut + 1)}</span>`;
  });

const opening = (data: ReportData): Markup => {
  const story = tellStory(data.name, data.metrics, armNamesOf(data));
  const goals = goalSentence(data.metrics);
  const explained = new Set<string>();
  return html`<header>
<div class="eyebrow sans"><span>Covenant · report of a run of Constitutional AI</span><button type="button" data-theme-button hidden></button></div>
<h1>${story.headline}</h1>
<p class="standfirst">A language model rewrote its own answers, and judged them in pairs, by a written list of principles: a constitution. Then it was trained on both, step by step${armNamesOf(data).length > 1 && "; once under the constitution, once under its opposite"}. No person compared two answers: given were the constitution, the requests, and which of these are harmful.</p>
<div class="lead">
${story.sentences.map(
  (sentence) => html`<p>${withQuietIntervals(sentence, explained)}</p>
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
<a class="skip" href="#${sections[0]?.id ?? "making"}">Skip to the findings</a>
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
