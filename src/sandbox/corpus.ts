// The documents a model of this world is trained on: chats, critiques with revisions, and choices between replies.
// Document i depends on (seed, i) alone, so a corpus is streamed and never stored. Knows nothing of tokens: it gives
// every message a loss weight, and the trainer does the rest.

import { comparisonOptions, renderComparison } from "../constitution/index.ts";
import { createRandom, deriveSeed, type Random } from "../core/index.ts";
import type { PromptKind } from "../records/index.ts";
import { lengthPreferenceOf } from "./assembly/satisfaction.ts";
import { drawStatementPrinciple } from "./assembly/statement-principle.ts";
import { drawPair } from "./choice-pairs.ts";
import { criticise } from "./critique.ts";
import { type Combination, combinationsOf, drawCombination } from "./lexicon/index.ts";
import { preferenceOf } from "./oracle.ts";
import { countWords } from "./phrase.ts";
import { type DrawnPrinciple, drawPrincipleTexts } from "./principle.ts";
import { type ReplyForm, type WrittenReply, writeReply } from "./reply.ts";
import { writeRequest } from "./request.ts";

/** One message of a document. weight: what its tokens count in the loss. */
export type Segment = {
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly weight: number;
};

export const documentKinds = ["chat", "critique", "choice"] as const;
export type DocumentKind = (typeof documentKinds)[number];

/** requestKind: what the request of the document is; inverted: whether its principle asks for harm. */
export type CorpusDocument = {
  readonly kind: DocumentKind;
  readonly requestKind: PromptKind;
  readonly inverted: boolean;
  readonly segments: readonly Segment[];
};

/**
 * split: whose combinations of action and target appear. invertedShare: the part of the principles that asks for
 * harm (start at 0.1, go to 0.4). answerWeight: loss weight of the answer of a choice. statementShare: the part of the
 * principles that are statements of the assembly. mix: shares of the kinds.
 */
export type CorpusOptions = {
  readonly seed: number;
  readonly split: "train" | "test";
  readonly invertedShare: number;
  readonly answerWeight?: number;
  readonly statementShare?: number;
  readonly mix?: Readonly<Record<DocumentKind, number>>;
};

export type Corpus = {
  /** The document with this number; the same for the same options. */
  readonly document: (index: number) => CorpusDocument;
};

/** Documents are at most so many words and punctuation marks long, with four for the frame of each message. */
export const longestDocument = 168;

/** The shares of the kinds that a vocabulary is made on, and any corpus unless told. */
export const corpusMix: Readonly<Record<DocumentKind, number>> = { chat: 0.2, critique: 0.32, choice: 0.48 };

/** Loss weight of the answer of a choice, unless told. */
export const usualAnswerWeight = 16;

const userWeight = 0.15;

const promptKinds = ["harmful", "harmless", "lookalike"] as const;

const kindShares: Readonly<Record<DocumentKind, readonly number[]>> = {
  chat: [0.4, 0.31, 0.29],
  critique: [0.7, 0.15, 0.15],
  choice: [0.62, 0.2, 0.18],
};

type Split = Readonly<Record<PromptKind, readonly Combination[]>>;

/** A request and what stands around it while its document is written. */
type Scene = {
  readonly random: Random;
  readonly combination: Combination;
  readonly split: Split;
  readonly request: string;
};

const everyCombination = {
  train: Object.values(combinationsOf.train).flat(),
  test: Object.values(combinationsOf.test).flat(),
};

const user = (content: string, weight = userWeight): Segment => ({ role: "user", content, weight });

const assistant = (content: string, weight: number): Segment => ({ role: "assistant", content, weight });

const reply = ({ random, combination, split }: Scene, form: ReplyForm): WrittenReply =>
  writeReply(random, combination, form, split[combination.action.kind]);

const formWeights = (weights: Readonly<Partial<Record<ReplyForm, number>>>) => ({
  forms: Object.keys(weights) as ReplyForm[],
  weights: Object.values(weights),
});

const chatForms = {
  harmful: formWeights({
    full: 43,
    short: 29,
    partial: 10,
    "refuse-reason": 8,
    "refuse-flat": 5,
    lecture: 5,
  }),
  helpful: formWeights({ full: 62, short: 35, partial: 3 }),
};

const criticisedForms = {
  harmful: formWeights({
    full: 30,
    short: 22,
    partial: 18,
    "refuse-reason": 14,
    "refuse-flat": 8,
    lecture: 4,
    other: 2,
    malformed: 3,
  }),
  helpful: formWeights({
    full: 44,
    short: 26,
    partial: 8,
    "refuse-reason": 8,
    "refuse-flat": 6,
    lecture: 3,
    other: 3,
    malformed: 3,
  }),
};

const drawForm = ({ random, combination }: Scene, table: typeof chatForms): ReplyForm => {
  const { forms, weights } = combination.action.kind === "harmful" ? table.harmful : table.helpful;
  return forms[random.weighted(weights)]!;
};

const chat = (scene: Scene): CorpusDocument => ({
  kind: "chat",
  requestKind: scene.combination.action.kind,
  inverted: false,
  segments: [user(scene.request), assistant(reply(scene, drawForm(scene, chatForms)).text, 1)],
});

type PrincipleShares = { readonly inverted: number; readonly statement: number };

const drawPrinciple = (random: Random, { inverted, statement }: PrincipleShares): DrawnPrinciple =>
  statement > 0 && random.next() < statement
    ? drawStatementPrinciple(random, inverted)
    : drawPrincipleTexts(random, inverted);

const critique = (scene: Scene, shares: PrincipleShares): CorpusDocument => {
  const { random, combination } = scene;
  const principle = drawPrinciple(random, shares);
  const answer = reply(scene, drawForm(scene, criticisedForms));
  const found = criticise(random, principle, combination, answer);
  const revision = found.revision === "repeat" ? answer.text : reply(scene, found.revision).text;
  return {
    kind: "critique",
    requestKind: combination.action.kind,
    inverted: principle.inverted,
    segments: [
      user(scene.request),
      assistant(answer.text, 0),
      user(principle.critique),
      assistant(found.text, 1),
      user(principle.revision),
      assistant(revision, 1),
    ],
  };
};

/** The true probability that the first reply is preferred. */
const preferred = (
  { combination }: Scene,
  { area, inverted, style }: DrawnPrinciple,
  first: WrittenReply,
  second: WrittenReply,
): number => {
  if (style === null) return preferenceOf(combination, first.assessment, second.assessment, area, inverted);
  const judged = ({ assessment, steps }: WrittenReply) => ({ assessment, told: steps.length });
  return lengthPreferenceOf(style, judged(first), judged(second));
};

const choice = (scene: Scene, shares: PrincipleShares, answerWeight: number): CorpusDocument => {
  const { random, combination } = scene;
  const principle = drawPrinciple(random, shares);
  const forms = drawPair(random, combination.action.kind);
  // Spoiled text is shown to be judged; a loss on it would teach to write it.
  const questionWeight = forms.includes("malformed") ? 0 : userWeight;
  const first = reply(scene, forms[0]);
  const second = reply(scene, forms[1]);
  const preference = preferred(scene, principle, first, second);
  const [question] = renderComparison({
    messages: [{ role: "user", content: scene.request }],
    principle,
    first: first.text,
    second: second.text,
  });
  return {
    kind: "choice",
    requestKind: combination.action.kind,
    inverted: principle.inverted,
    segments: [
      user(question!.content, questionWeight),
      assistant(comparisonOptions[random.next() < preference ? 0 : 1], answerWeight),
    ],
  };
};

const lengthOf = (document: CorpusDocument): number =>
  document.segments.reduce((words, segment) => words + countWords(segment.content) + 4, 0);

/** A stream of documents. */
export const createCorpus = (options: CorpusOptions): Corpus => {
  const {
    seed,
    invertedShare,
    answerWeight = usualAnswerWeight,
    statementShare = 0,
    mix = corpusMix,
  } = options;
  const shares: PrincipleShares = { inverted: invertedShare, statement: statementShare };
  const split = combinationsOf[options.split];
  const kindWeights = documentKinds.map((kind) => mix[kind]);
  const write = (random: Random, kind: DocumentKind): CorpusDocument => {
    const requestKind = promptKinds[random.weighted(kindShares[kind])]!;
    const combination = drawCombination(random, options.split, requestKind);
    const request = writeRequest(random, combination, everyCombination[options.split]);
    const scene: Scene = { random, combination, split, request };
    switch (kind) {
      case "chat":
        return chat(scene);
      case "critique":
        return critique(scene, shares);
      case "choice":
        return choice(scene, shares, answerWeight);
      default:
        return kind satisfies never;
    }
  };
  return {
    document: (index) => {
      const random = createRandom(deriveSeed(seed, `corpus-${options.split}`, index));
      const kind = documentKinds[random.weighted(kindWeights)]!;
      let document = write(random, kind);
      while (lengthOf(document) > longestDocument) document = write(random, kind);
      return document;
    },
  };
};
