// Texts of norms of sharing, drawn for documents and read back exactly. A fifth of all sentences is kept out of training by
// hash; what players of games are told by default is always in it. Reading measures alone.

import type { Random } from "../../core/index.ts";
import { expandAll, splitSentences } from "../phrase.ts";
import { isHeldOutText } from "../principle.ts";
import { type Norm, normForms, norms, refusalForms } from "./phrases.ts";

/** Whose sentences: those of training, or those that are kept out of it. */
export type SharingSplit = "train" | "test";

type ByNorm = Readonly<Record<Norm, readonly string[]>>;

const sentencesOf = (forms: ByNorm, split: SharingSplit): ByNorm => {
  const of = (norm: Norm): string[] =>
    [...new Set(expandAll(forms[norm]))].filter(
      (text, at) => (at > 0 && isHeldOutText(text)) === (split === "test"),
    );
  return { altruistic: of("altruistic"), fair: of("fair"), selfish: of("selfish") };
};

const bySplit = (forms: ByNorm) => ({ train: sentencesOf(forms, "train"), test: sentencesOf(forms, "test") });

const normSentences = bySplit(normForms);
const refusals = bySplit(refusalForms);

/** All sentences that ask for a norm. */
export const normTexts = (norm: Norm, split: SharingSplit): readonly string[] => normSentences[split][norm];

/** All sentences that refuse offers against a norm. */
export const refusalTexts = (norm: Norm, split: SharingSplit): readonly string[] => refusals[split][norm];

/** What a player may hold to, as a text. strict: with a sentence that refuses offers against the norm. */
export const drawNormText = (random: Random, norm: Norm, split: SharingSplit, strict: boolean): string => {
  const text = random.pick(normTexts(norm, split));
  return strict ? `${text} ${random.pick(refusalTexts(norm, split))}` : text;
};

const lookup = (of: typeof normTexts): ReadonlyMap<string, Norm> =>
  new Map(
    norms.flatMap((norm) =>
      (["train", "test"] as const).flatMap((split) => of(norm, split).map((text) => [text, norm] as const)),
    ),
  );

const normBySentence = lookup(normTexts);
const normByRefusal = lookup(refusalTexts);

/**
 * The norm that a text asks for, in one sentence or several of the language, refusals among them; null where it asks for
 * none, for several, or is not of the language.
 */
export const readNorm = (text: string): Norm | null => {
  const sentences = splitSentences(text.trim()) ?? [];
  const asked = new Set<Norm | undefined>(
    sentences.map((sentence) => normBySentence.get(sentence) ?? normByRefusal.get(sentence)),
  );
  const [norm] = asked;
  const isAsked = sentences.some((sentence) => normBySentence.has(sentence));
  return asked.size === 1 && norm !== undefined && isAsked ? norm : null;
};
