// The small template language of the sandbox: "[fill|load] the bucket" stands for two texts, an empty alternative
// may leave a word out, and {holes} stay as they are. Everything is expanded once, so that writing is a draw from
// a list and reading is a lookup. Knows nothing of what the texts mean.

import { CovenantError } from "../core/index.ts";

/** All texts a template stands for, in order. Alternatives do not nest. Throws CovenantError on an open bracket. */
export const expand = (template: string): string[] => {
  let texts = [""];
  for (const part of template.split(/(\[[^\]]*\])/)) {
    const isChoice = part.startsWith("[") && part.endsWith("]");
    if (!isChoice && /[[\]]/.test(part)) {
      throw new CovenantError("sandbox-template", `Unbalanced bracket in the template "${template}".`);
    }
    const options = isChoice ? part.slice(1, -1).split("|") : [part];
    texts = texts.flatMap((text) => options.map((option) => text + option));
  }
  return texts.map((text) => text.replace(/ {2,}/g, " ").trim());
};

/** All texts of several templates. */
export const expandAll = (templates: readonly string[]): string[] => templates.flatMap(expand);

export const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const uncapitalise = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/**
 * The sentences of a text, or null when it is not a clean row of sentences: each begins with a capital letter,
 * ends with . ! or ?, and exactly one space stands between two of them.
 */
export const splitSentences = (text: string): string[] | null => {
  const sentences: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const sign = text[index];
    if (sign !== "." && sign !== "!" && sign !== "?") continue;
    const sentence = text.slice(start, index + 1);
    if (!/^[A-Z]/.test(sentence)) return null;
    sentences.push(sentence);
    if (index + 1 === text.length) return sentences;
    if (text[index + 1] !== " ") return null;
    start = index + 2;
  }
  return null;
};

/** Words and punctuation marks of a text: about the number of its tokens. */
export const countWords = (text: string): number => text.match(/[A-Za-z0-9'-]+|[^\sA-Za-z0-9]/g)?.length ?? 0;
