// The brief wording, form by form, with the answers that are read: what the embedded model was made with and is asked with, so
// that both say the same. Takes texts and numbers; knows no records, no runs and nothing of what texts mean.

import { loadTemplate, renderTemplate } from "../../constitution/index.ts";
import { oneLine } from "../../core/index.ts";
import type { Message, Metric } from "../../records/index.ts";
import { personaText, type ShownPersona } from "../stakeholders/persona-text.ts";
import { letterAt } from "./letters.ts";
import { ratingText } from "./rating.ts";
import { type Sorted, sortingText } from "./sorting.ts";
import { assistantTurns, numbered, principlesText, ratingTurns, type Said } from "./wording.ts";

const load = <Hole extends string>(name: string, ...holes: readonly Hole[]) =>
  loadTemplate(new URL(`./prompts/brief/${name}.txt`, import.meta.url), holes);

const templates = {
  silence: load("assistant-silence"),
  draft: load("user-draft", "question", "draft"),
  rate: load("user-rate", "metrics"),
  others: load("user-rate-others", "metrics"),
};

/** The meta-prompts' texts, with what stands so far and the comments. */
export const briefMetaTemplates = {
  rewrite: load("meta-rewrite", "current", "transcript"),
  critique: load("meta-critique", "current", "transcript"),
  contract: load("meta-contract", "current", "clauses", "transcript"),
  "contract-five": load("meta-contract-five", "current", "clauses", "transcript"),
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

// Where comments are sorted, letters and numbers stand behind the texts: a small model that reads from left to right knows there
// what the text says, and finds it by the number.

/** What stands so far where comments are sorted, with letters behind. before: how many have a letter already. */
export const briefStanding = (texts: readonly string[], before = 0): string =>
  texts.length === 0
    ? "none yet"
    : texts.map((text, at) => `${oneLine(text)} [${letterAt(before + at)}]`).join("\n");

/** Comments that are to be sorted, a line each, with numbers from 1 behind. */
export const briefSortable = (comments: readonly string[]): string =>
  comments.length === 0 ? "none" : comments.map((said, at) => `${oneLine(said)} [${at + 1}]`).join("\n");

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
    readonly question: string;
    readonly draft: string;
    readonly metrics: readonly BriefMetric[];
    readonly withFeedback: boolean;
  }): Message[] => [
    { role: "system", content: personaText(scene.persona, scene.view, "brief") },
    ...briefRating({ id: "", question: scene.question }, [], scene.draft, scene.metrics, scene.withFeedback),
  ],
  ratingAnswer: (answer: {
    readonly ratings: Readonly<Record<string, number>>;
    readonly feedback?: string;
  }): string =>
    [
      ...Object.entries(answer.ratings).map(([metric, value]) => `${metric}: ${ratingText(value)}`),
      ...(answer.feedback === undefined ? [] : [`feedback: ${oneLine(answer.feedback)}`]),
    ].join("\n"),
  /** name: which meta-prompt; clauses: those of the contract so far, where it has one. */
  meta: (scene: {
    readonly name?: keyof typeof briefMetaTemplates;
    readonly principles: readonly string[];
    readonly clauses?: readonly string[];
    readonly comments: readonly string[];
  }): Message[] => {
    const { name = "critique", principles, clauses = [], comments } = scene;
    const sorts = name !== "critique";
    const content = renderTemplate(briefMetaTemplates[name], {
      current: sorts ? briefStanding(principles) : briefPrinciples(principles),
      clauses: briefStanding(clauses, principles.length),
      transcript: sorts ? briefSortable(comments) : briefComments(comments),
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
  /** The answer to the other meta-prompts: what each comment is for or against. */
  sortingAnswer: (sorted: readonly Sorted[]): string => sortingText(sorted),
} as const;
