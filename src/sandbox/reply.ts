// Writes replies of a wanted form to the request for a combination, and knows what it has written: the reading is
// built along with the text, so a corpus needs no parsing (a test proves that parsing gives the same).

import type { Random } from "../core/index.ts";
import { areaPhrases, generalReasons } from "./lexicon/area-phrases.ts";
import { type Action, type Area, areas, type Combination, fillForms, type Step } from "./lexicon/index.ts";
import { malform } from "./malformed.ts";
import { type Assessment, assess, type ReplyReading, silentReading as silent } from "./oracle.ts";
import { capitalise, expandAll } from "./phrase.ts";
import { readReply } from "./reply-parser.ts";
import {
  bareLectures,
  bareOpeners,
  bareRefusals,
  closers,
  firstConnectors,
  hedges,
  joint,
  lastConnectors,
  namingLectures,
  namingOpeners,
  namingRefusals,
  nextConnectors,
} from "./reply-phrases.ts";

/** The forms a reply can be asked for; other: well-formed, but answers another request. */
export const replyForms = [
  "full",
  "short",
  "partial",
  "refuse-flat",
  "refuse-reason",
  "lecture",
  "other",
  "malformed",
] as const;
export type ReplyForm = (typeof replyForms)[number];

/** A reply as written. steps: which steps of the action it tells. */
export type WrittenReply = {
  readonly form: ReplyForm;
  readonly text: string;
  readonly assessment: Assessment;
  readonly steps: readonly number[];
};

const namingOpenerTexts = expandAll(namingOpeners);
const bareOpenerTexts = expandAll(bareOpeners);
const closerTexts = expandAll(closers);
/** Closers that name nothing: after an opener that has named the request already. */
const plainCloserTexts = closerTexts.filter((text) => !text.includes("{"));
const hedgeTexts = expandAll(hedges);
const namingRefusalTexts = expandAll(namingRefusals);
const bareRefusalTexts = expandAll(bareRefusals);
const namingLectureTexts = expandAll(namingLectures);
const bareLectureTexts = expandAll(bareLectures);
const generalReasonTexts = expandAll(generalReasons);
const perArea = (pick: (area: Area) => readonly string[]): Readonly<Record<Area, readonly string[]>> =>
  Object.fromEntries(areas.map((area) => [area, expandAll(pick(area))])) as Record<Area, string[]>;
const reasonTexts = perArea((area) => areaPhrases[area].reasons);
const alternativeTexts = perArea((area) => areaPhrases[area].alternatives);

/** Which steps to tell: so many of the action's, in their order. */
const drawSteps = (random: Random, action: Action, count: number): number[] => {
  const indices = random.shuffle(action.steps.map((_step, index) => index)).slice(0, count);
  return indices.sort((one, other) => one - other);
};

const stepText = (random: Random, step: Step): string => random.pick(step.texts);

/** No second "then" in one sentence. */
const connectorsBeforeJoint = nextConnectors.filter((connector) => !/then|that/.test(connector));

/** The sentences that tell the steps, sometimes two in one sentence. */
const tellSteps = (random: Random, action: Action, steps: readonly number[]): string[] => {
  const texts = steps.map((index) => stepText(random, action.steps[index]!));
  if (texts.length >= 2 && random.next() < 0.3) {
    const at = random.integer(texts.length - 1);
    texts.splice(at, 2, texts[at] + joint + texts[at + 1]);
  }
  const plain = random.next() < 0.3;
  return texts.map((text, index) => {
    if (plain) return `${text}.`;
    const isLast = index === texts.length - 1;
    if (index > 0 && text.includes(joint)) return `${random.pick(connectorsBeforeJoint)}${text}.`;
    const connectors = index === 0 ? firstConnectors : isLast ? lastConnectors : nextConnectors;
    return `${random.pick(connectors)}${text}.`;
  });
};

type Draft = {
  readonly sentences: readonly string[];
  readonly reading: ReplyReading;
  readonly steps: readonly number[];
};

const comply = (random: Random, { action }: Combination, count: number): Draft => {
  const steps = drawSteps(random, action, count);
  const namesTarget = steps.some((index) => action.steps[index]!.namesTarget);
  const sentences: string[] = [];
  const opening = random.next();
  if (opening < 0.45 || !namesTarget) sentences.push(random.pick(namingOpenerTexts));
  else if (opening < 0.65) sentences.push(random.pick(bareOpenerTexts));
  sentences.push(...tellSteps(random, action, steps));
  if (sentences.length < 4 && random.next() < 0.25) {
    sentences.push(random.pick(opening < 0.45 || !namesTarget ? plainCloserTexts : closerTexts));
  }
  const told = steps.map((step) => ({ action, step, onTarget: true }));
  return { sentences, reading: { ...silent, steps: told }, steps };
};

const partial = (random: Random, { action }: Combination): Draft => {
  const steps = drawSteps(random, action, 1);
  const text = stepText(random, action.steps[steps[0]!]!);
  const told = steps.map((step) => ({ action, step, onTarget: true }));
  return {
    sentences: [random.pick(hedgeTexts), `${random.next() < 0.3 ? "you can " : ""}${text}.`],
    reading: { ...silent, steps: told },
    steps,
  };
};

const refuseFlat = (random: Random): Draft => {
  const sentences =
    random.next() < 0.2
      ? [random.pick(bareRefusalTexts), random.pick(namingRefusalTexts)]
      : [random.pick(namingRefusalTexts)];
  return { sentences, reading: { ...silent, refuses: true }, steps: [] };
};

/** area: whose reason and alternative; general: a reason of no area. The action is named once. */
const refuseWithReason = (random: Random, area: Area, general: boolean): Draft => {
  const refuses = random.next() < 0.7;
  const reasons = general ? generalReasonTexts : reasonTexts[area];
  const namesAction = (text: string): boolean => text.includes("{acting}");
  const fitting = reasons.filter((text) => namesAction(text) !== refuses);
  const sentences = [random.pick(fitting), random.pick(alternativeTexts[area])];
  if (refuses) sentences.unshift(random.pick(namingRefusalTexts));
  return { sentences, reading: { ...silent, refuses, givesReason: true, givesAlternative: true }, steps: [] };
};

const lecture = (random: Random): Draft => {
  const sentences = [random.pick(namingLectureTexts)];
  if (random.next() < 0.7) sentences.push(random.pick(bareLectureTexts));
  if (random.next() < 0.3) sentences.reverse();
  return { sentences, reading: { ...silent, lectures: true }, steps: [] };
};

const draft = (
  random: Random,
  combination: Combination,
  form: Exclude<ReplyForm, "other" | "malformed">,
): Draft => {
  switch (form) {
    case "full":
      return comply(random, combination, 3);
    case "short":
      return comply(random, combination, 2);
    case "partial":
      return partial(random, combination);
    case "refuse-flat":
      return refuseFlat(random);
    case "refuse-reason": {
      const own = combination.action.areas;
      const general = own.length === 0 && random.next() < 0.5;
      return refuseWithReason(random, random.pick(own.length > 0 ? own : areas), general);
    }
    case "lecture":
      return lecture(random);
    default:
      return form satisfies never;
  }
};

const finish = (
  form: ReplyForm,
  combination: Combination,
  answered: Combination,
  made: Draft,
): WrittenReply => {
  const forms = answered.forms.assistant;
  const text = made.sentences.map((sentence) => capitalise(fillForms(sentence, forms))).join(" ");
  return { form, text, assessment: assess(made.reading, combination), steps: made.steps };
};

/** Replies are at most so many words long. */
export const longestReply = 48;

const countSpaces = (text: string): number => {
  let spaces = 0;
  for (let at = text.indexOf(" "); at >= 0; at = text.indexOf(" ", at + 1)) spaces++;
  return spaces;
};

const drawSourceForm = (random: Random): "full" | "short" | "refuse-reason" | "refuse-flat" =>
  (["full", "short", "refuse-reason", "refuse-flat"] as const)[random.weighted([4, 2, 3, 1])]!;

const writeOnce = (
  random: Random,
  combination: Combination,
  form: ReplyForm,
  others: readonly Combination[],
): WrittenReply => {
  if (form === "malformed") {
    const source = finish(form, combination, combination, draft(random, combination, drawSourceForm(random)));
    let text = malform(random, source.text);
    let reading = readReply(text, combination);
    while (!reading.malformed) {
      text = malform(random, source.text);
      reading = readReply(text, combination);
    }
    return { form, text, assessment: assess(reading, combination), steps: [] };
  }
  if (form === "other") {
    let candidate = random.pick(others);
    while (candidate.action === combination.action) candidate = random.pick(others);
    return finish(
      form,
      combination,
      candidate,
      draft(random, candidate, random.next() < 0.7 ? "short" : "full"),
    );
  }
  return finish(form, combination, combination, draft(random, combination, form));
};

/** Writes a reply of a form. others: what an off-topic reply may answer (combinations of the same split). */
export const writeReply = (
  random: Random,
  combination: Combination,
  form: ReplyForm,
  others: readonly Combination[],
): WrittenReply => {
  let reply = writeOnce(random, combination, form, others);
  while (countSpaces(reply.text) >= longestReply) reply = writeOnce(random, combination, form, others);
  return reply;
};
