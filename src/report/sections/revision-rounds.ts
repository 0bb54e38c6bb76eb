// A round of critique and revision on the page: what was asked and said, and where no revision came of it, why, and what was
// written in its place. The reply before the round then stays, and is not shown as if the model had written it again.

import type { RevisionStep, StepFinish } from "../../records/index.ts";
import { html, type Markup } from "../markup.ts";
import { type Principles, principleTag, speech, type View } from "./transcript-texts.ts";

const states = {
  stop: "nothing was written",
  length: "cut at the token limit",
  refusal: "refused by the provider",
  overflow: "too long for the model's context",
  rejected: "rejected by the server",
  empty: "nothing was written",
  critique: "a critique was written in its place",
} as const satisfies Record<StepFinish, string>;

/** What cleaning took out of a step's critique or revision. */
const cutOf = ({ cuts }: RevisionStep, part: "critique" | "revision"): string =>
  (cuts?.[part] ?? []).map(({ text }) => text).join("\n\n");

/** Whether a round wrote no revision. before: the reply before it. */
const isWithout = ({ finish, revision, rejected }: RevisionStep, before: string): boolean =>
  rejected === undefined && finish !== "stop" && (finish !== "length" || revision === before);

/** Whether it ended with its critique: that was asked for, and did not come. */
const endsWithCritique = ({ finish, critiqueRequest, critique }: RevisionStep): boolean =>
  critiqueRequest !== "" && critique.trim() === "" && finish !== "stop" && finish !== "critique";

/** The texts of a round that are shown. */
export const roundTexts = (step: RevisionStep): string[] => [
  step.critiqueRequest,
  step.critique,
  step.revisionRequest,
  step.rejected ?? step.revision,
  cutOf(step, "critique"),
  cutOf(step, "revision"),
];

const verdict = (text: string): Markup => html`<span class="verdict">${text}</span>`;
const stays = "the reply before it stays";
/** Why a further round's revision was not taken. */
const repeats = "not taken, since it is the reply before once more";
const keepsLess = `not taken, since it is not known to keep more principles; ${stays}`;

/** A text that was to be written; nothing but why where none was. cut: what cleaning left of it none. */
const without = (view: View, what: string, why: string, cut: string): Markup =>
  cut.trim() === ""
    ? html`<div class="turn"><div class="who"><b>${what}</b> · ${verdict(`${why}; ${stays}`)}</div></div>
`
    : speech(view, what, cut, verdict(`${why}; ${stays}`), "lost");

const critiqueOf = (view: View, step: RevisionStep): Markup => {
  if (step.critiqueRequest === "" && step.critique === "") return html``;
  const asked = speech(view, "Asked", step.critiqueRequest, null, "asked");
  if (!endsWithCritique(step)) return html`${asked}${speech(view, "Critique", step.critique)}`;
  const why = `${states[step.finish]}, so no revision was asked for`;
  return html`${asked}${without(view, "No critique", why, cutOf(step, "critique"))}`;
};

const revisionOf = (view: View, step: RevisionStep, before: string): Markup => {
  const { finish, revision, rejected, revisionRequest } = step;
  const asked = revisionRequest !== "" && speech(view, "Asked", revisionRequest, null, "asked");
  if (isWithout(step, before))
    return html`${asked}${without(view, "No revision", states[finish], cutOf(step, "revision"))}`;
  const said = [
    ...(finish === "length" ? [states.length] : []),
    ...(rejected === undefined ? [] : [rejected === before ? repeats : keepsLess]),
    ...(rejected === undefined && revision === before ? ["unchanged"] : []),
  ];
  const tag = said.length === 0 ? null : verdict(said.join("; "));
  return html`${asked}${speech(view, "Revision", rejected ?? revision, tag, rejected === undefined ? "assistant" : "lost")}`;
};

/** A round. before: the reply that it began with. */
export const revisionRound = (
  view: View,
  step: RevisionStep,
  before: string,
  principles: Principles,
): Markup =>
  html`<div class="round"><div class="round-head"><b>Round ${step.round}:</b> ${principleTag(principles, step.principle)}</div>
${critiqueOf(view, step)}${endsWithCritique(step) ? "" : revisionOf(view, step, before)}</div>
`;
