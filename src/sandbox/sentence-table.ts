// Reads a sentence back: templates with at most one hole ({act}, {acting} or {target}) become a lookup. A sentence
// is looked up as it stands and with every part that names a combination or a target replaced by its hole, so the
// table holds templates, not the product of templates and combinations. Exact: no guessing, no nearest match.

import { type Combination, combinations, type Speaker, type Target, targets } from "./lexicon/index.ts";

/** One way to read a sentence; combination or target: what filled its hole. */
export type Reading<Meaning> = {
  readonly meaning: Meaning;
  readonly combination?: Combination;
  readonly target?: Target;
};

export type SentenceTable<Meaning> = {
  /** All readings; none when the sentence is not of the language. The first letter must be as in the template. */
  readonly read: (sentence: string) => readonly Reading<Meaning>[];
};

type Filler = { readonly hole: string; readonly combination?: Combination; readonly target?: Target };

const fillersFor = (speaker: Speaker): ReadonlyMap<string, Filler> => {
  const fillers = new Map<string, Filler>();
  for (const target of targets) fillers.set(target[speaker], { hole: "{target}", target });
  for (const combination of combinations) {
    fillers.set(combination.forms[speaker].act, { hole: "{act}", combination });
    fillers.set(combination.forms[speaker].acting, { hole: "{acting}", combination });
  }
  return fillers;
};

const fillers = { user: fillersFor("user"), assistant: fillersFor("assistant") };

const longestFiller = Math.max(...[...fillers.user.keys()].map((text) => text.split(" ").length));

/** Starts and ends of the words of a sentence. */
const wordBounds = (sentence: string): [start: number, end: number][] =>
  [...sentence.matchAll(/[A-Za-z'-]+/g)].map((match) => [match.index, match.index + match[0].length]);

/** Compiles templates, as said by one speaker, into a table. A text may have several meanings. */
export const createSentenceTable = <Meaning>(
  speaker: Speaker,
  templates: Iterable<{ readonly text: string; readonly meaning: Meaning }>,
): SentenceTable<Meaning> => {
  const meanings = new Map<string, Meaning[]>();
  for (const { text, meaning } of templates) {
    const known = meanings.get(text);
    if (known === undefined) meanings.set(text, [meaning]);
    else if (!known.includes(meaning)) known.push(meaning);
  }
  const read = (sentence: string): Reading<Meaning>[] => {
    const readings: Reading<Meaning>[] = (meanings.get(sentence) ?? []).map((meaning) => ({ meaning }));
    const bounds = wordBounds(sentence);
    for (let first = 0; first < bounds.length; first++) {
      const start = bounds[first]![0];
      for (let last = first; last < Math.min(bounds.length, first + longestFiller); last++) {
        const end = bounds[last]![1];
        const filler = fillers[speaker].get(sentence.slice(start, end));
        if (filler === undefined) continue;
        const { hole, ...what } = filler;
        const template = sentence.slice(0, start) + hole + sentence.slice(end);
        for (const meaning of meanings.get(template) ?? []) readings.push({ meaning, ...what });
      }
    }
    return readings;
  };
  return { read };
};
