// Draws the three texts of a principle for the corpus: an area (or none), a direction, words and sentence forms. A
// fifth of all texts is kept out of training by hash, and the forms of the library's texts never occur in it.

import { hashText, type Random } from "../core/index.ts";
import type { PrincipleText } from "../records/index.ts";
import type { Style } from "./assembly/wish.ts";
import { type Area, areas } from "./lexicon/index.ts";
import { expandAll } from "./phrase.ts";
import {
  ethicalForms,
  invertedForms,
  type PrincipleForms,
  type PrincipleWords,
  principleWords,
} from "./principle-phrases.ts";

/**
 * area null: a principle against harm of any kind, or on the length of replies (style). inverted: it asks for the harm.
 */
export type DrawnPrinciple = PrincipleText & {
  readonly area: Area | null;
  readonly inverted: boolean;
  readonly style: Style | null;
};

/** All texts that a sentence form stands for with the words of an area. */
export const fillForm = (form: string, words: PrincipleWords): string[] => {
  const hole = /\{(good|bad|goodDoes|badDoes|harm)\}/.exec(form);
  if (hole === null) return [form];
  return words[hole[1] as keyof PrincipleWords].flatMap((word) =>
    fillForm(form.replace(hole[0], word), words),
  );
};

/** Whether a principle's text is kept out of training: a fifth, by hash. */
export const isHeldOutText = (text: string): boolean => hashText(text) % 5 === 0;

type TextsByPart = { readonly [Part in keyof PrincipleText]: readonly string[] };

const textsOf = (forms: PrincipleForms, area: Area | "general"): TextsByPart => {
  const texts = (templates: readonly string[]): string[] =>
    expandAll(templates)
      .flatMap((form) => fillForm(form, principleWords[area]))
      .filter((text) => !isHeldOutText(text));
  return {
    critique: texts(forms.critique),
    revision: texts(forms.revision),
    preference: texts(forms.preference),
  };
};

const trainingTexts = new Map<string, TextsByPart>(
  [...areas, "general" as const].flatMap((area) => [
    [`ethical ${area}`, textsOf(ethicalForms, area)] as const,
    [`inverted ${area}`, textsOf(invertedForms, area)] as const,
  ]),
);

/** Every principle text that training can hold. */
export const allTrainingTexts = (): ReadonlySet<string> =>
  new Set([...trainingTexts.values()].flatMap((parts) => Object.values(parts).flat()));

const generalShare = 0.1;

/** Draws a principle; inverted with the given probability. */
export const drawPrincipleTexts = (random: Random, invertedShare: number): DrawnPrinciple => {
  const inverted = random.next() < invertedShare;
  const area = random.next() < generalShare ? null : random.pick(areas);
  const texts = trainingTexts.get(`${inverted ? "inverted" : "ethical"} ${area ?? "general"}`)!;
  return {
    area,
    inverted,
    style: null,
    critique: random.pick(texts.critique),
    revision: random.pick(texts.revision),
    preference: random.pick(texts.preference),
  };
};
