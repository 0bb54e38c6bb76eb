// Conversations one can open: the request, the base model's answer, each round's principle, critique and revision, the
// labelled pairs, and in the test the answer of every model in every arm.

import { counted } from "../../core/index.ts";
import type { ArmId, EvaluatedId, LabelRecord, Message, VerdictRecord } from "../../records/index.ts";
import { armClass } from "../chart-book.ts";
import { percentText, rungs } from "../charts/index.ts";
import { modelTitle } from "../figures.ts";
import { escapeText, html, type Markup } from "../markup.ts";
import type { ReportData } from "../report-data.ts";
import {
  chooseTranscripts,
  collectTranscripts,
  type Lesson,
  outcomeTitles,
  type Transcript,
} from "../transcripts.ts";
import { revisionRound, roundTexts } from "./revision-rounds.ts";
import { armNamesOf, missing, type SectionMaker } from "./section.ts";
import { oneLine, type Principles, principleTag, speech, type View } from "./transcript-texts.ts";

/** How many transcripts a report holds, how many characters they may take, and how many of one text are shown. */
const shown = 60;
const mostCharacters = 850_000;
const clips = [4_000, 2_000, 1_000, 500, 250] as const;
const mostLabels = 2;

const principlesOf = (data: ReportData, arm: ArmId): Principles =>
  new Map(
    data.arms
      .find(({ name }) => name === arm)
      ?.constitution?.principles.map((principle) => [principle.id, principle]) ?? [],
  );

const textsOf = (data: ReportData, { prompt, answer, lessons, verdicts }: Transcript): string[] => [
  ...prompt.messages.map(({ content }) => content),
  ...(answer ? [answer.text] : []),
  ...verdicts.map(({ text }) => text),
  ...lessons.flatMap(({ arm, revision, labels }) => [
    ...(revision?.steps.flatMap(roundTexts) ?? []),
    ...labels
      .slice(0, mostLabels)
      .flatMap(({ replies, principle }) => [
        ...replies,
        principlesOf(data, arm).get(principle)?.preference ?? "",
      ]),
  ]),
];

/** The longest clip with which all texts together stay within bounds. Escaping can make a text several times longer. */
const clipFor = (data: ReportData, chosen: readonly Transcript[]): number => {
  const lengths = chosen.flatMap((one) => textsOf(data, one)).map((text) => escapeText(text).length);
  const total = (longest: number): number =>
    lengths.reduce((sum, length) => sum + Math.min(length, longest), 0);
  return clips.find((longest) => total(longest) <= mostCharacters) ?? (clips.at(-1) as number);
};

const roleTitles = { system: "System", user: "Request", assistant: "Assistant" } as const;

const conversation = (view: View, messages: readonly Message[]): Markup =>
  html`${messages.map(({ role, content }) => speech(view, roleTitles[role], content, null, role))}`;

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

const label = (view: View, record: LabelRecord, principles: Principles): Markup => {
  const { probability, orders, replies } = record;
  const asked = principles.get(record.principle)?.preference;
  const verdict =
    record.state === "identical"
      ? html`Both answers were the same; nobody was asked.`
      : probability === null
        ? html`The judge gave no usable answer.`
        : html`The judge prefers <b>${probability > 0.5 ? "A" : probability < 0.5 ? "B" : "neither"}</b>: ${percentText(probability)} for A${orders && html` (${percentText(orders[0])} when A stands first, ${percentText(orders[1])} when it stands second)`}.${record.flipped && html` <span class="verdict harmful">changed its mind with the order</span>`}`;
  return html`<div class="round"><div class="round-head"><b>Comparison:</b> ${principleTag(principles, record.principle)}</div>
${asked !== undefined && speech(view, "Asked", asked, null, "asked")}${speech(view, "A, by SL-CAI", replies[0], null, "assistant")}${speech(view, "B, by SL-CAI", replies[1], null, "assistant")}
${probability !== null && html`<div class="balance" aria-hidden="true"><i style="width:${(probability * 100).toFixed(1)}%"></i></div>`}
<p class="judged">${verdict} <span class="ids">Label <code>${record.id}</code></span></p></div>
`;
};

const interesting = (labels: readonly LabelRecord[]): LabelRecord[] => {
  const rank = (record: LabelRecord): number => (record.flipped ? 0 : record.state === "judged" ? 1 : 2);
  return [...labels].sort((a, b) => rank(a) - rank(b)).slice(0, mostLabels);
};

const lesson = (view: View, of: Lesson): Markup => {
  const { data } = view;
  const principles = principlesOf(data, of.arm);
  const { revision } = of;
  const rounds = revision?.steps.map((step, index) =>
    revisionRound(view, step, revision.steps[index - 1]?.revision ?? revision.answer, principles),
  );
  const more = of.labels.length - mostLabels;
  return html`<div class="side"><h4 class="${armClass(armNamesOf(data), of.arm)}">${of.arm}</h4>
${rounds}${interesting(of.labels).map((record) => label(view, record, principles))}
${more > 0 && html`<p class="ids">${counted(more, "more comparison")} in the records.</p>`}
${revision && html`<p class="ids">Revision <code>${revision.id}</code></p>`}</div>
`;
};

/** The answers of an arm's models. */
const answersOf = (view: View, arm: ArmId, verdicts: readonly VerdictRecord[]): Markup => {
  const { data } = view;
  const own = verdicts.filter((one) => one.arm === arm && one.model !== "base");
  const order = (model: EvaluatedId): number => rungs.findIndex((rung) => rung.model === model);
  const sorted = [...own].sort((a, b) => order(a.model) - order(b.model));
  return html`<div class="side"><h4 class="${armClass(armNamesOf(data), arm)}">${arm}</h4>
${sorted.map((one) => speech(view, modelTitle(one.model), one.text, verdictTag(one), "assistant"))}
<p class="ids">Verdicts ${sorted.map((one, index) => html`${index > 0 && ", "}<code>${one.id}</code>`)}</p></div>
`;
};

const lastRequest = (messages: readonly Message[]): string =>
  messages.findLast(({ role }) => role === "user")?.content ?? messages.at(-1)?.content ?? "";

const kindTitles = {
  harmful: "harmful",
  harmless: "harmless",
  lookalike: "look-alike",
  unknown: "unknown kind",
} as const;

/** The other half of the story: from a lesson to a test of the same kind and area, and back. */
const counterpartOf = (one: Transcript, all: readonly Transcript[]): number => {
  return all.findIndex(
    (other) =>
      other.part !== one.part &&
      other.prompt.kind === one.prompt.kind &&
      other.prompt.area === one.prompt.area,
  );
};

const onwards = (one: Transcript, all: readonly Transcript[]): Markup => {
  const at = counterpartOf(one, all);
  if (at < 0) return html``;
  const words =
    one.part === "test"
      ? "How such answers were taught: a lesson of the same kind"
      : "What every model answers to a request of the same kind on which none was trained";
  return html`<p class="onwards"><a href="#conversation-${at + 1}">${words}</a></p>
`;
};

const transcript = (view: View, one: Transcript, all: readonly Transcript[], open: boolean): Markup => {
  const { data } = view;
  const { part, prompt, lessons, verdicts, outcomes } = one;
  const base = part === "test" ? verdicts.find(({ model }) => model === "base") : undefined;
  const chain = lessons.find(({ revision }) => revision !== null)?.revision;
  const answer = chain?.answer ?? one.answer?.text;
  const arms = armNamesOf(data).filter((arm) =>
    verdicts.some((verdict) => verdict.arm === arm && verdict.model !== "base"),
  );
  return html`<details class="transcript" id="conversation-${all.indexOf(one) + 1}" data-part="${part}" data-kind="${prompt.kind ?? "unknown"}" data-area="${prompt.area ?? "none"}" data-outcomes="${outcomes.join(" ")}"${open && html` open`}>
<summary><span class="request" dir="auto">${oneLine(lastRequest(prompt.messages))}</span><span class="tags">${[part, kindTitles[prompt.kind ?? "unknown"], ...(prompt.area ? [prompt.area] : [])].join(" · ")}${outcomes.map((outcome) => html` · <span class="outcome outcome-${outcome}">${outcomeTitles[outcome]}</span>`)}</span></summary>
<div class="conversation">
${conversation(view, prompt.messages)}${base ? speech(view, "Base model", base.text, verdictTag(base), "assistant") : answer !== undefined && speech(view, "Base model", answer, null, "assistant")}
${lessons.length > 0 && html`<div class="sides">${lessons.map((of) => lesson(view, of))}</div>`}
${
  part === "lesson" &&
  arms.length > 0 &&
  html`<p class="followed">In the end the trained models answer this request, too. They have learned from it, so no figure counts these answers.</p>
`
}${arms.length > 0 && html`<div class="sides">${arms.map((arm) => answersOf(view, arm, verdicts))}</div>`}
${onwards(one, all)}<p class="ids">Prompt <code>${prompt.id}</code>${base && html` · verdict <code>${base.id}</code>`}</p>
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
  const view = { data, longest: clipFor(data, chosen) };
  const opened = new Set([
    ...chosen.filter(({ part }) => part === "lesson").slice(0, 1),
    ...chosen.filter(({ part }) => part === "test").slice(0, 1),
  ]);
  return {
    id: "transcripts",
    title,
    body: html`<p>${chosen.length === total ? `All ${counted(total, "conversation")} of the run` : `${chosen.length} of the run's ${counted(total, "conversation")}, chosen by its seed so that every outcome takes its turn, the rare ones first; shares in this list are therefore not the shares of the run`}. Requests of the lessons and of the test never overlap: a lesson shows how training data was made (answer, critique, revision, comparison)${data.followed.length > 0 && ", and some also what the trained models answer to it in the end"}; a test shows what every model answers to a request on which none was trained. Each leads to one of the other sort. Answers and critiques are shown as the models gave them, right or wrong: a small model finds fault with sound replies, too, and none with some that harm. Outcomes are named for the ${armNamesOf(data)[0] ?? "first"} arm, unless they say otherwise.</p>
${filters(chosen)}
<div class="transcripts" data-transcripts>
${chosen.map((one) => transcript(view, one, chosen, opened.has(one)))}</div>
<p><button type="button" data-more hidden></button></p>`,
  };
};
