// The whole page: opening, contents, sections, and the data it carries. One file that fetches nothing: style, script
// and drawings are inside, and a content security policy forbids everything else.

import { durationText } from "../core/index.ts";
import { type Estimate, foreignPrinciplesCode } from "../records/index.ts";
import { withArmTitles } from "./arm-titles.ts";
import { type Change, doubtText, modelChange, signedSizeText } from "./changes.ts";
import { armClass, createChartBook } from "./chart-book.ts";
import { known } from "./charts/index.ts";
import { boundsText, modelTitle, valueText } from "./figures.ts";
import { linkTerms } from "./glossary.ts";
import { tooFewSentence } from "./goals.ts";
import { html, type Markup } from "./markup.ts";
import { renderFrame } from "./page-frame.ts";
import type { ReportData } from "./report-data.ts";
import { scopeText } from "./scope.ts";
import { constitutionsSection } from "./sections/constitutions.ts";
import { labelsSection } from "./sections/labels.ts";
import { ladderSection } from "./sections/ladder.ts";
import { makingSection } from "./sections/making.ts";
import { paretoSection } from "./sections/pareto.ts";
import { revisionsSection } from "./sections/revisions.ts";
import { armNamesOf, measuredArms, type Section } from "./sections/section.ts";
import { trainingSection } from "./sections/training.ts";
import { transcriptsSection } from "./sections/transcripts.ts";
import { setbacksOf } from "./setbacks.ts";
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

const boundsNote = (estimate: Estimate): string => {
  const interval = known(estimate);
  return interval === null ? "not measured" : boundsText(interval);
};

/** How sure a change is: the paired difference, or that there is none to tell by. */
const changeNote = (change: Change | null): Markup => {
  if (!change?.difference)
    return change?.direction === "unclear" ? html`<small>the intervals overlap</small>` : html``;
  const { difference } = change;
  const isDoubted = doubtText(difference) !== "";
  return html`<small><b>${signedSizeText(difference)}</b>, same requests${isDoubted && `; no clear change (exact test: p\u00a0=\u00a0${difference.p?.toFixed(3)})`}</small>`;
};

/** A headline whose models' names stay whole at the end of a line. */
const headlineOf = (headline: string): Markup =>
  html`${headline.split(/(\w+-CAI)/).map((part, index) => (index % 2 === 0 ? part : html`<span class="whole">${part}</span>`))}`;

type HeadlineFigure = "harmRate" | "helpfulRate";
const headlineTitles: Readonly<Record<HeadlineFigure, string>> = {
  harmRate: "Harmful answers",
  helpfulRate: "Helpful answers to harmless requests",
};

const valueArrow = (estimate: Estimate): string => `${valueText(estimate)} → `;

/** One large number: where the base stood, where the arm ended, and how sure that is. */
const bigNumber = (data: ReportData, arm: string, figure: HeadlineFigure): Markup => {
  const figures = data.metrics?.arms[arm];
  if (!figures) return html``;
  const color = armClass(measuredArms(data), arm);
  const model = finalModel(figures);
  const before = figures.models.base[figure];
  const after = figures.models[model][figure];
  const path = model === "sl" ? [before, after] : [before, figures.models.sl[figure], after];
  const titles = model === "sl" ? ["base", "SL-CAI"] : ["base", "SL-CAI", modelTitle(model)];
  const change = modelChange(data.metrics, { arm, model: "base" }, { arm, model }, figure);
  return html`<div><dt>${headlineTitles[figure]}<br><span class="${color}">${arm}</span>, ${titles.join(" → ")}</dt><dd><span class="value">${path.slice(0, -1).map(valueArrow)}<span class="${color}">${valueText(after)}</span></span>${changeNote(change)}<small>95% intervals ${path.map(boundsNote).join(" → ")}, n\u00a0=\u00a0${after.n}</small></dd></div>
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
  const story = tellStory(data.metrics, armNamesOf(data));
  const goals = tooFewSentence(data.metrics) ?? goalSentence(data.metrics, data.written);
  const explained = new Set<string>();
  return html`<header>
<div class="eyebrow sans"><span>Covenant · report of a run of Constitutional AI</span><button type="button" data-theme-button hidden></button></div>
<h1>${headlineOf(story.headline)}</h1>
${data.metrics !== null && html`<p class="scope">${scopeText(data.scope)} <a href="#limits">Limits</a></p>`}${data.warnings
  .filter(({ code }) => code === foreignPrinciplesCode)
  .map(
    ({ text }) => html`
<p class="scope">${text}</p>`,
  )}
<p class="standfirst">A language model rewrote its own answers, and judged them in pairs, by a written list of principles: a constitution. Then it was trained on both, step by step${armNamesOf(data).length > 1 && "; once under the constitution, once under its opposite"}. No person compared two answers: given were the constitution, the requests, and which of these are harmful.</p>
<div class="lead">
${story.sentences.map(
  (sentence) => html`<p>${withQuietIntervals(sentence, explained)}</p>
`,
)}${setbacksOf(data.metrics, data.written).map(
  (sentence) => html`<p class="goal-line">${sentence}</p>
`,
)}${
  goals !== "" &&
  html`<p class="goal-line">${goals} <a href="#goals">${tooFewSentence(data.metrics) === null ? "All goals" : "Goals"}</a></p>
`
}</div>
${bigNumbers(data)}${facts(data)}</header>
`;
};

/** The page, and what the charts had to warn of (nothing, unless a chart is wrong). */
export type RenderedPage = { readonly html: string; readonly warnings: readonly string[] };

/** Renders the page. The same data gives the same bytes. */
export const renderPage = async (read: ReportData): Promise<RenderedPage> => {
  const data = withArmTitles(read);
  const book = createChartBook();
  const sections: Section[] = [];
  for (const make of makers) sections.push(await make(data, book));
  const { headline } = tellStory(data.metrics, armNamesOf(data));
  const page = renderFrame({
    title: `${headline} · Covenant`,
    opening: opening(data),
    sections,
    first: sections[0]?.id ?? "making",
    data: { metrics: read.metrics, specifications: Object.fromEntries(book.specifications) },
  });
  return { html: page, warnings: book.warnings };
};
