// The brief wording, form by form, with the answers that are read: what the embedded model was made with and is asked with, so
// that both say the same. Takes texts and numbers; knows no records, no runs and nothing of what texts mean.

import { loadTemplate, renderTemplate } from "../../constitution/index.ts";
import { oneLine } from "../../core/index.ts";
import type { Message, Metric } from "../../records/index.ts";
import { personaText, type ShownPersona } from "../stakeholders/persona-text.ts";
import { letterAt } from "./letters.ts";
import { ratingText } from "./rating.ts";
import { assistantTurns, numbered, principlesText, ratingTurns, type Said } from "./wording.ts";

const load = <Hole extends string>(name: string, ...holes: readonly Hole[]) =>
  loadTemplate(new URL(`./prompts/brief/${name}.txt`, import.meta.url), holes);

const templates = {
  silence: load("assistant-silence"),
  draft: load("user-draft", "question", "draft"),
  rate: load("user-rate", "metrics"),
  others: load("user-rate-others", "metrics"),
};

/** The text of the meta-prompt that asks for a list, with what stands so far and the comments. */
export const briefMetaTemplate = load("meta-critique", "current", "transcript");

/** The questions that the other meta-prompts ask of a comment and of two texts. */
export const sortingTexts = {
  demand: load("demand", "comment"),
  stance: load("stance", "first", "second"),
};

/** So many comments at once are shown to the meta-model, and no more: the embedded model reads short texts alone. */
export const briefCommentsAtOnce = 10;

type Asked = { readonly id: string; readonly question: string };

/** A metric as it is asked for and as its answer is written. */
type BriefMetric = Pick<Metric, "id" | "low" | "high">;

/** What an assistant is shown of its talk: questions as they are, comments as they are. */
export const briefTalk = <Of extends Asked>(task: Of, earlier: readonly Said<Of>[]): Message[] =>
  assistantTurns(
    {
      task: ({ question }) => question,
      comment: (comment) => (comment === "" ? renderTemplate(templates.silence, {}) : comment),
    },
    task,
    earlier,
  );

/** What a user is shown of a talk, and the question about its newest draft. */
export const briefRating = <Of extends Asked>(
  task: Of,
  earlier: readonly Said<Of>[],
  draft: string,
  metrics: readonly BriefMetric[],
  withFeedback: boolean,
): Message[] => {
  const shown = ({ question }: Of, text: string) =>
    renderTemplate(templates.draft, { question, draft: text });
  const lines = metrics.map(({ id, low, high }) => `${id}: ${low} to ${high}`).join("\n");
  const request = renderTemplate(withFeedback ? templates.rate : templates.others, { metrics: lines });
  return ratingTurns({ first: shown, next: shown, request }, task, earlier, draft);
};

/** The principles so far, as the meta-model is shown them, with letters to refer to. */
export const briefPrinciples = (principles: readonly string[]): string =>
  principles.length === 0
    ? "none yet"
    : principles.map((text, at) => `${letterAt(at)}. ${oneLine(text)}`).join("\n");

/** Comments as the meta-model is shown them, a line each, numbered from 1. Line breaks of a comment become spaces. */
export const briefComments = (comments: readonly string[]): string =>
  comments.length === 0 ? "none" : comments.map((said, at) => `[${at + 1}] ${oneLine(said)}`).join("\n");

/**
 * One scene each as messages to a model, and the answers to them, as readRating and readMeta read them: an assistant under
 * principles, a user who rates a draft (withFeedback: of the own talk), and the meta-model.
 */
export const briefForms = {
  assistant: (scene: {
    readonly principles: readonly string[];
    readonly question: string;
    readonly earlier?: readonly Omit<Said, "task">[];
  }): Message[] => {
    const { principles, earlier = [] } = scene;
    const task = { id: "", question: scene.question };
    const system: Message[] =
      principles.length === 0 ? [] : [{ role: "system", content: principlesText(numbered(principles)) }];
    return [
      ...system,
      ...briefTalk(
        task,
        earlier.map((said) => ({ ...said, task })),
      ),
    ];
  },
  rating: (scene: {
    readonly persona: ShownPersona;
    readonly view?: string;
    /** Drafts of the own talk before this one, each with its question and the own comment ("": none). */
    readonly earlier?: readonly (Omit<Said, "task"> & { readonly question: string })[];
    readonly question: string;
    readonly draft: string;
    readonly metrics: readonly BriefMetric[];
    readonly withFeedback: boolean;
  }): Message[] => {
    const { persona, view, earlier = [], question, draft, metrics, withFeedback } = scene;
    const said = earlier.map(({ question: asked, ...rest }) => ({
      ...rest,
      task: { id: asked, question: asked },
    }));
    return [
      { role: "system", content: personaText(persona, view, "brief") },
      ...briefRating({ id: question, question }, said, draft, metrics, withFeedback),
    ];
  },
  ratingAnswer: (answer: {
    readonly ratings: Readonly<Record<string, number>>;
    readonly feedback?: string;
  }): string =>
    [
      ...Object.entries(answer.ratings).map(([metric, value]) => `${metric}: ${ratingText(value)}`),
      ...(answer.feedback === undefined ? [] : [`feedback: ${oneLine(answer.feedback)}`]),
    ].join("\n"),
  /** Of a list of principles that comments are to amend. Here and below, template: where the text is one's own. */
  meta: (
    scene: {
      readonly principles: readonly string[];
      readonly comments: readonly string[];
    },
    template = briefMetaTemplate,
  ): Message[] => {
    const content = renderTemplate(template, {
      current: briefPrinciples(scene.principles),
      transcript: briefComments(scene.comments),
    });
    return [{ role: "user", content }];
  },
  /** A principle stands (its place among those so far, from 0), or is what the first comment says that argues for it. */
  metaAnswer: (
    principles: readonly { readonly standing: number | null; readonly from: readonly number[] }[],
  ): string =>
    `principles:\n${numbered(
      principles.map(({ standing, from }) =>
        [
          ...(standing === null ? [] : [letterAt(standing)]),
          ...(from.length === 0 ? [] : [`[${from.join(",")}]`]),
        ].join(" "),
      ),
    )}`,
  /** Whether a comment asks for a change: "yes" or "no". */
  demand: (comment: string, template = sortingTexts.demand): Message[] => [
    { role: "user", content: renderTemplate(template, { comment: oneLine(comment) }) },
  ],
  /** Whether the second of two texts is "for" the first, "against" it, or "neither". */
  stance: (first: string, second: string, template = sortingTexts.stance): Message[] => [
    { role: "user", content: renderTemplate(template, { first: oneLine(first), second: oneLine(second) }) },
  ],
} as const;
