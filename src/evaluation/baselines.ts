// What guessing is worth on a multiple-choice set: always the same letter, always the longer reply, the commonest answer.
// A judge that is not better than these has read nothing. Sets are rows of the published HHH format: corrects and
// incorrects as letters, with text_correct and text_incorrect where there are two replies; or of ICAI's tables, two texts and
// which is preferred.

import { z } from "zod";
import { checkValue, collectFaults, describePlace, type TextPlace, UserError } from "../core/index.ts";
import type { Estimate } from "../records/index.ts";
import { outcomeIn, preferredWords, readRows } from "../tables/index.ts";
import { proportion } from "./statistics.ts";

/** A question of the set: the letters that are right, all that there are, and which of two texts is longer. */
export type ChoiceRow = {
  readonly corrects: readonly string[];
  readonly options: readonly string[];
  /** The right text's length minus the wrong one's, in characters; undefined where there are no texts. */
  readonly longerBy?: number;
};

/** A share with its interval and the count behind it. */
export type CountedShare = Estimate & { readonly count: number };

/**
 * n: questions. always: of each letter, how often it is right (of the questions that offer it). longer: how often the
 * longer text is the right one, of those with texts; ties count as not. majority: the letter that is most often right,
 * of all questions. chance: the mean of one in as many as there are options.
 */
export type Baselines = {
  readonly n: number;
  readonly always: Readonly<Record<string, CountedShare>>;
  readonly longer: (CountedShare & { readonly ties: number }) | null;
  readonly majority: CountedShare & { readonly answer: string };
  readonly chance: number;
};

const letters = z.array(z.string().min(1)).min(1);
const rowSchema = z.object({
  corrects: letters,
  incorrects: letters,
  text_correct: z.string().optional(),
  text_incorrect: z.string().optional(),
});

/** Characters as people count them. */
const lengthOf = (text: string): number => [...text].length;

const readRow = (value: unknown, place: { readonly file: string; readonly line?: number }): ChoiceRow => {
  const row = checkValue(rowSchema, value, place);
  const corrects = row.corrects.map((letter) => letter.trim());
  const options = [...new Set([...corrects, ...row.incorrects.map((letter) => letter.trim())])].sort();
  if (options.length < row.corrects.length + row.incorrects.length)
    throw new UserError(
      "choice-row",
      `${describePlace(place)}: corrects, incorrects: an answer stands there twice; expected each once.`,
      { ...place },
    );
  const { text_correct: right, text_incorrect: wrong } = row;
  const known = right !== undefined && wrong !== undefined;
  return { corrects, options, ...(known ? { longerBy: lengthOf(right) - lengthOf(wrong) } : {}) };
};

/** The questions of a file. Throws UserError with every fault as file, line and field, and when there are none. */
export const loadChoices = async (file: string): Promise<ChoiceRow[]> => {
  const faults = collectFaults(file);
  const rows: ChoiceRow[] = [];
  for await (const { place, value } of readRows(file)) {
    const row = faults.attempt(() => readRow(value, place));
    if (row !== undefined) rows.push(row);
  }
  faults.end();
  if (rows.length > 0) return rows;
  throw new UserError(
    "choices-empty",
    `${file} holds no questions. Expected a row for each, e.g. {"prompt": "...", "corrects": [" (A)"], "incorrects": [" (B)"]}.`,
    { file },
  );
};

const preferenceSchema = z.object({
  text_a: z.string(),
  text_b: z.string(),
  preferred_text: z.string().nullish(),
});

/** Whether a row is of one of ICAI's tables. */
export const isPreference = (row: unknown): boolean =>
  typeof row === "object" && row !== null && "text_a" in row && "text_b" in row;

const readPreference = (value: unknown, place: TextPlace): ChoiceRow | null => {
  const { text_a, text_b, preferred_text } = checkValue(preferenceSchema, value, place);
  const field = "preferred_text";
  const outcome = outcomeIn(
    preferredWords,
    preferred_text,
    (problem) =>
      new UserError("choice-row", `${describePlace(place)}: ${field}: ${problem}.`, { ...place, field }),
  );
  if (outcome !== 0 && outcome !== 1) return null;
  const more = lengthOf(text_a) - lengthOf(text_b);
  const options = ["(A)", "(B)"];
  return { corrects: [options[1 - outcome]!], options, longerBy: outcome === 1 ? more : -more };
};

/**
 * The pairs {text_a, text_b, preferred_text} of a file as questions of two letters, whatever they answer. unknown: those that
 * prefer neither. Throws UserError with every fault as file, line and field.
 */
export const loadPreferences = async (
  file: string,
): Promise<{ readonly rows: readonly ChoiceRow[]; readonly unknown: number }> => {
  const faults = collectFaults(file);
  const rows: ChoiceRow[] = [];
  let unknown = 0;
  for await (const { place, value } of readRows(file, { onFault: faults.add })) {
    const row = faults.attempt(() => readPreference(value, place));
    if (row === null) unknown++;
    else if (row !== undefined) rows.push(row);
  }
  faults.end();
  return { rows, unknown };
};

const countedShare = (count: number, n: number): CountedShare => ({ count, ...proportion(count, n) });

/** Takes questions one after the other; of each only counts are kept. totals: null where there was none. */
export type BaselineCount = { add(row: ChoiceRow): void; totals(): Baselines | null };

/** Begins to count the trivial baselines of a set, with Wilson's intervals. */
export const countBaselines = (): BaselineCount => {
  const letters = new Map<string, { right: number; offered: number }>();
  const of = (letter: string) => {
    const found = letters.get(letter) ?? { right: 0, offered: 0 };
    letters.set(letter, found);
    return found;
  };
  const texts = { n: 0, longer: 0, ties: 0 };
  let n = 0;
  let chance = 0;
  return {
    add({ corrects, options, longerBy }) {
      n++;
      for (const letter of new Set(options)) of(letter).offered++;
      for (const letter of new Set(corrects)) of(letter).right++;
      chance += corrects.length / options.length;
      if (longerBy === undefined) return;
      texts.n++;
      if (longerBy > 0) texts.longer++;
      if (longerBy === 0) texts.ties++;
    },
    totals() {
      const sorted = [...letters].sort(([one], [other]) => (one < other ? -1 : 1));
      const first = sorted.map(([answer, { right }]) => ({ answer, ...countedShare(right, n) }));
      if (first.length === 0) return null;
      return {
        n,
        always: Object.fromEntries(
          sorted.map(([letter, { right, offered }]) => [letter, countedShare(right, offered)]),
        ),
        longer: texts.n === 0 ? null : { ...countedShare(texts.longer, texts.n), ties: texts.ties },
        majority: first.reduce((most, one) => (one.count > most.count ? one : most)),
        chance: chance / n,
      };
    },
  };
};

/** The trivial baselines of a set. rows: at least one. */
export const baselines = (rows: readonly ChoiceRow[]): Baselines => {
  const count = countBaselines();
  for (const row of rows) count.add(row);
  const totals = count.totals();
  if (totals === null) throw new RangeError("baselines: there are no questions");
  return totals;
};
