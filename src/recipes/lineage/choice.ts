// Which answer a lineage is told of, and which label: the reply that changed most, and of the labels that were learned from the
// one that is near and pulls the same way. Pure. All of it is measured by words (TF-IDF); that a label lies near a reply does not
// show that it made the reply, which all labels did together.

import type { LabelRecord, Principle, PrincipleId, VerdictRecord } from "../../records/index.ts";
import { readStatement } from "../../sandbox/index.ts";
import { similarities, similarity } from "../../simulation/index.ts";
import type { Answers, LearnedLabel } from "./records.ts";

/** How a reply changed. harm -4 to 4; helpfulness -1 to 1; alike: its words and those before, 0 to 1. */
export type Change = { readonly harm: number; readonly helpfulness: number; readonly alike: number };

export const changeBetween = (before: VerdictRecord, after: VerdictRecord): Change => ({
  harm: after.verdict.harm - before.verdict.harm,
  helpfulness: after.verdict.helpfulness - before.verdict.helpfulness,
  alike: after.text === before.text ? 1 : similarity(before.text, after.text),
});

/** Of a whole training, and of the part of it that labels have: what came after SL-CAI. */
export const changesOf = ({ base, sl, after }: Answers) => ({
  fromBase: changeBetween(base, after),
  fromSl: changeBetween(sl, after),
});

/** How much a verdict changed: harm as a share of its scale, and helpfulness. */
const sizeOf = ({ harm, helpfulness }: Change): number => Math.abs(harm) / 4 + Math.abs(helpfulness);

/** What a part adds to a whole that goes the same way. */
const shared = (whole: number, part: number): number =>
  whole * part > 0 ? Math.sign(whole) * Math.min(Math.abs(whole), Math.abs(part)) : 0;

const isMalformed = ({ verdict }: VerdictRecord): boolean => verdict.class === "malformed";

/** What makes one answer a better example than another, the more important first; all the higher the better. */
const keysOf = (answer: Answers): number[] => {
  const { fromBase, fromSl } = changesOf(answer);
  const harm = shared(fromBase.harm, fromSl.harm);
  const helpfulness = shared(fromBase.helpfulness, fromSl.helpfulness);
  return [
    [answer.base, answer.sl, answer.after].some(isMalformed) ? 0 : 1,
    sizeOf({ harm, helpfulness, alike: 1 }),
    sizeOf(fromBase),
    -fromSl.alike,
    -fromBase.alike,
  ];
};

/**
 * The answer whose verdict changed most from base by what came after SL-CAI; among equals, by the whole training; among
 * those, whose words did. Those with a malformed reply come last.
 */
export const mostChanged = (answers: readonly Answers[]): Answers | undefined => {
  const ranked = answers.map((answer) => ({ answer, keys: keysOf(answer) }));
  ranked.sort((one, other) => {
    const at = one.keys.findIndex((key, place) => key !== other.keys[place]);
    return at < 0 ? 0 : other.keys[at]! - one.keys[at]!;
  });
  return ranked[0]?.answer;
};

/** Ids of the principles that judged a label. */
export const principlesOf = ({ principle, judgements }: LabelRecord): PrincipleId[] =>
  judgements === undefined ? [principle] : [...new Set(judgements.map((one) => one.principle))];

/** Whether a principle is about an area: as it says itself, or as a statement of the sandbox's language does. */
export const speaksOf =
  (wanted: string | undefined) =>
  ({ area, title }: Pick<Principle, "area" | "title">): boolean => {
    if (wanted === undefined) return false;
    if (area === wanted) return true;
    const wish = readStatement(title);
    return wish !== null && wish.type !== "style" && wish.area === wanted;
  };

/** The reply that a label prefers, and the other one; where it prefers neither, the first. */
export const orderOf = ({ replies, probability }: LabelRecord) => {
  const first = (probability ?? 0.5) >= 0.5;
  return {
    preferred: replies[first ? 0 : 1],
    other: replies[first ? 1 : 0],
    probability: first ? (probability ?? 0.5) : 1 - (probability ?? 0.5),
  };
};

/** What the user asked last in a label's conversation. */
export const requestOfLabel = ({ messages }: LabelRecord): string => messages.at(-1)?.content ?? "";

/**
 * A label, measured against a changed reply by words. nearness: of its request, 0 to 1; pull, -2 to 2: how much further its
 * preferred reply leans from the old reply to the new one than its other reply does (old: SL-CAI's, on which labels work; base's
 * where SL-CAI's is the new one already); weight: nearness times pull times how
 * sure the label is (0 where it prefers neither, 1 where it is certain).
 */
export type NearLabel = LearnedLabel & {
  readonly nearness: number;
  readonly pull: number;
  readonly weight: number;
};

/** ofKind: labels on prompts of the same kind and area where there are such. */
export type LabelChoice = {
  readonly chosen: NearLabel;
  readonly ofKind: readonly NearLabel[];
  /** Whether ofKind is narrower than all labels. */
  readonly isNarrowed: boolean;
  /** Of ofKind those that pull towards the new reply and were judged under a principle on the matter: chosen is one of them. */
  readonly onMatter: readonly NearLabel[];
};

/** Whose reply a label can have changed: SL-CAI's, or base's where SL-CAI said what was said in the end. */
export const oldOf = ({ sl, after }: Answers): "sl" | "base" => (sl.text === after.text ? "base" : "sl");

const measured = (labels: readonly LearnedLabel[], answers: Answers): NearLabel[] => {
  const { after } = answers;
  const old = answers[oldOf(answers)];
  const [near] = similarities(
    [after.request],
    labels.map(({ label }) => requestOfLabel(label)),
  );
  const pairs = labels.map(({ label }) => orderOf(label));
  const texts = pairs.flatMap(({ preferred, other }) => [preferred, other]);
  const [towards, from] = similarities([after.text, old.text], texts);
  const lean = (at: number): number => towards![at]! - from![at]!;
  return labels.map((one, at) => {
    const [nearness, pull] = [near![at]!, lean(2 * at) - lean(2 * at + 1)];
    return { ...one, nearness, pull, weight: nearness * pull * (2 * pairs[at]!.probability - 1) };
  });
};

/**
 * Of at least one label the one of the greatest weight, of those first that were judged under a principle on the matter and have
 * any. sameKind: whether a label is on a prompt of the kind and area asked about; isOnMatter: whether a principle speaks of it.
 */
export const chooseLabel = (
  labels: readonly LearnedLabel[],
  answers: Answers,
  sameKind: (label: LabelRecord) => boolean,
  isOnMatter: (principle: PrincipleId) => boolean,
): LabelChoice => {
  const same = labels.filter(({ label }) => sameKind(label));
  const ofKind = measured(same.length === 0 ? labels : same, answers);
  const onMatter = ofKind.filter(({ label, weight }) => weight > 0 && principlesOf(label).some(isOnMatter));
  const [chosen] = (onMatter.length === 0 ? ofKind : onMatter).toSorted(
    (one, other) => other.weight - one.weight || other.nearness - one.nearness,
  );
  const isNarrowed = same.length > 0 && same.length < labels.length;
  return { chosen: chosen!, ofKind, isNarrowed, onMatter };
};
