// Conversations one can open: the request, the base model's answer, each round's principle, critique and revision, the
// labelled pairs, and in the test the answer of every model in every arm.

import type { LabelRecord, Message, RevisionStep, VerdictRecord } from "../../records/index.ts";
import { armClass } from "../chart-book.ts";
import { percentText, rungs } from "../charts/index.ts";
import { countText, modelTitle } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";
import {
  chooseTranscripts,
  collectTranscripts,
  type Lesson,
  outcomeTitles,
  type Transcript,
} from "../transcripts.ts";
import { armNamesOf, missing, type SectionMaker } from "./section.ts";

/** How many transcripts a report holds, and how much text of one reply. */
const shown = 60;
const longest = 2_400;
const mostLabels = 2;

const clipped = (text: string): Markup =>
  text.length <= longest
    ? html`${text}`
    : html`${text.slice(0, longest)}… <small>(${countText(text.length - longest, "more character")} in the records)</small>`;

const speech = (who: string, text: string, tag: Markup | null = null, kind = ""): Markup =>
  html`<div class="turn ${kind}"><div class="who">${who}${tag && html` ${tag}`}</div><div class="text" dir="auto">${text.trim() === "" ? html`<em class="absent">(empty)</em>` : clipped(text)}</div></div>
`;

const roleTitles = { system: "System", user: "Request", assistant: "Assistant" } as const;

const conversation = (messages: readonly Message[]): Markup =>
  html`${messages.map(({ role, content }) => speech(roleTitles[role], content, null, role))}`;

const classTitles = {
  comply: "complies",
  partial: "complies in part",
  "refuse-flat": "refuses flatly",
  "refuse-reason": "refuses with a reason",
  lecture: "lectures",
  other: "off the question",
  malformed: "malformed",
} as const;

const verdictTag = ({ verdict }: VerdictRecord): Markup =>
  html`<span class="verdict${verdict.harm >= 1 ? " harmful" : ""}">${classTitles[verdict.class]} · harm ${verdict.harm} of 4 · help ${verdict.helpfulness.toFixed(2)}${verdict.evasive && " · evasive"}</span>`;

type Principles = ReadonlyMap<string, string>;

const principleTitles = (data: ReportData, arm: string): Principles =>
  new Map(
    data.arms
      .find(({ name }) => name === arm)
      ?.constitution?.principles.map(({ id, title }) => [id, title]) ?? [],
  );

const principleTag = (principles: Principles, id: string): Markup =>
  html`<span class="principle-name">${principles.get(id) ?? id}</span> <code>${id}</code>`;

const round = (step: RevisionStep, before: string, principles: Principles): Markup =>
  html`<div class="round"><div class="round-head"><b>Round ${step.round}</b> ${principleTag(principles, step.principle)}</div>
${speech("Asked", step.critiqueRequest, null, "asked")}${speech("Critique", step.critique)}${speech("Revision", step.revision, step.revision === before ? html`<span class="verdict">unchanged</span>` : null, "assistant")}</div>
`;

const label = (record: LabelRecord, principles: Principles): Markup => {
  const { probability, orders, replies } = record;
  const verdict =
    record.state === "identical"
      ? html`Both answers were the same; nobody was asked.`
      : probability === null
        ? html`The judge gave no usable answer.`
        : html`The judge prefers <b>${probability > 0.5 ? "A" : probability < 0.5 ? "B" : "neither"}</b>: ${percentText(probability)} for A${orders && html` (${percentText(orders[0])} when A stands first, ${percentText(orders[1])} when it stands second)`}.${record.flipped && html` <span class="verdict harmful">changed its mind with the order</span>`}`;
  return html`<div class="round"><div class="round-head"><b>Comparison</b> ${principleTag(principles, record.principle)}</div>
${speech("A", replies[0], null, "assistant")}${speech("B", replies[1], null, "assistant")}
${probability !== null && html`<div class="balance" aria-hidden="true"><i style="width:${(probability * 100).toFixed(1)}%"></i></div>`}
<p class="judged">${verdict} <span class="ids">Label <code>${record.id}</code></span></p></div>
`;
};

const interesting = (labels: readonly LabelRecord[]): LabelRecord[] => {
  const rank = (record: LabelRecord): number => (record.flipped ? 0 : record.state === "judged" ? 1 : 2);
  return [...labels].sort((a, b) => rank(a) - rank(b)).slice(0, mostLabels);
};

const lesson = (of: Lesson, data: ReportData): Markup => {
  const principles = principleTitles(data, of.arm);
  const { revision } = of;
  const rounds = revision?.steps.map((step, index) =>
    round(step, revision.steps[index - 1]?.revision ?? revision.answer, principles),
  );
  const more = of.labels.length - mostLabels;
  return html`<div class="side"><h4 class="${armClass(armNamesOf(data), of.arm)}">${of.arm}</h4>
${rounds}${interesting(of.labels).map((record) => label(record, principles))}
${more > 0 && html`<p class="ids">${countText(more, "more comparison")} in the records.</p>`}
${revision && html`<p class="ids">Revision <code>${revision.id}</code></p>`}</div>
`;
};

const answersOf = (arm: string, verdicts: readonly VerdictRecord[], data: ReportData): Markup => {
  const own = verdicts.filter((one) => one.arm === arm && one.model !== "base");
  const order = (model: string): number => rungs.findIndex((rung) => rung.model === model);
  const sorted = [...own].sort((a, b) => order(a.model) - order(b.model));
  return html`<div class="side"><h4 class="${armClass(armNamesOf(data), arm)}">${arm}</h4>
${sorted.map((one) => speech(modelTitle(one.model), one.text, verdictTag(one), "assistant"))}
<p class="ids">Verdicts ${sorted.map((one, index) => html`${index > 0 && ", "}<code>${one.id}</code>`)}</p></div>
`;
};

const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 150 ? `${line.slice(0, 149)}…` : line;
};

const lastRequest = (messages: readonly Message[]): string =>
  messages.findLast(({ role }) => role === "user")?.content ?? messages.at(-1)?.content ?? "";

const transcript = (one: Transcript, data: ReportData): Markup => {
  const { prompt, lessons, verdicts, outcomes } = one;
  const base = verdicts.find(({ model }) => model === "base");
  const chain = lessons.find(({ revision }) => revision !== null)?.revision;
  const answer = chain?.answer ?? one.answer?.text;
  const arms = armNamesOf(data).filter((arm) =>
    verdicts.some((verdict) => verdict.arm === arm && verdict.model !== "base"),
  );
  const part = verdicts.length > 0 ? "test" : "lesson";
  return html`<details class="transcript" data-part="${part}" data-kind="${prompt.kind ?? "unknown"}" data-area="${prompt.area ?? "none"}" data-outcomes="${outcomes.join(" ")}">
<summary><span class="request" dir="auto">${oneLine(lastRequest(prompt.messages))}</span><span class="tags"><span class="chip">${part}</span> <span class="chip">${prompt.kind ?? "unknown kind"}</span>${prompt.area && html` <span class="chip">${prompt.area}</span>`}${outcomes.map((outcome) => html` <span class="chip outcome-${outcome}">${outcomeTitles[outcome]}</span>`)}</span></summary>
<div class="conversation">
${conversation(prompt.messages)}${base ? speech("Base model", base.text, verdictTag(base), "assistant") : answer !== undefined && speech("Base model", answer, null, "assistant")}
${lessons.length > 0 && html`<div class="sides">${lessons.map((of) => lesson(of, data))}</div>`}
${arms.length > 0 && html`<div class="sides">${arms.map((arm) => answersOf(arm, verdicts, data))}</div>`}
<p class="ids">Prompt <code>${prompt.id}</code>${base && html` · verdict <code>${base.id}</code>`}</p>
</div></details>
`;
};

const select = (name: string, title: string, options: readonly { value: string; text: string }[]): Markup =>
  html`<label>${title} <select data-filter="${name}"><option value="">all</option>${options.map(({ value, text }) => html`<option value="${value}">${text}</option>`)}</select></label>
`;

const filters = (chosen: readonly Transcript[]): Markup => {
  const values = (of: (one: Transcript) => readonly string[]): { value: string; text: string }[] =>
    [...new Set(chosen.flatMap(of))].sort().map((value) => ({ value, text: value }));
  const present = new Set(chosen.flatMap(({ outcomes }) => outcomes));
  const outcomes = (Object.keys(outcomeTitles) as (keyof typeof outcomeTitles)[])
    .filter((outcome) => present.has(outcome))
    .map((outcome) => ({ value: outcome, text: outcomeTitles[outcome] }));
  return html`<form class="filters" data-filters hidden>
${select("part", "Part", [
  { value: "test", text: "test" },
  { value: "lesson", text: "lessons" },
])}${select(
  "kind",
  "Kind",
  values(({ prompt }) => [prompt.kind ?? "unknown"]),
)}${select(
  "area",
  "Area",
  values(({ prompt }) => [prompt.area ?? "none"]),
)}${select("outcomes", "Outcome", outcomes)}<label class="search">Search <input type="search" data-search placeholder="words or an id"></label>
<output data-count></output></form>
`;
};

/** Section 7: transcripts. */
export const transcriptsSection: SectionMaker = async (data) => {
  const title = "Read it yourself";
  const chosen = chooseTranscripts(data, shown);
  if (chosen.length === 0) {
    return {
      id: "transcripts",
      title,
      body: missing("Transcripts", "answer/answers.jsonl and evaluate/verdicts.jsonl"),
    };
  }
  const total = collectTranscripts(data).length;
  return {
    id: "transcripts",
    title,
    body: html`<p>${chosen.length === total ? `All ${countText(total, "conversation")} of the run` : `${chosen.length} of the run's ${countText(total, "conversation")}, chosen by its seed so that every outcome takes its turn, the rare ones first; shares in this list are therefore not the shares of the run`}. Requests of the lessons and of the test never overlap: a lesson shows how training data was made (answer, critique, revision, comparison), a test shows what every model answered. Answers are shown as the models gave them, right or wrong. Outcomes are named for the ${armNamesOf(data)[0] ?? "first"} arm, unless they say otherwise.</p>
${filters(chosen)}
<div class="transcripts" data-transcripts>
${chosen.map((one) => transcript(one, data))}</div>
<p><button type="button" data-more hidden></button></p>`,
  };
};
