// What guessing is worth on a multiple-choice set: always the same letter, always the longer reply, the commonest answer.
// A judge that is not better than these has read nothing. Sets are rows of the published HHH format: corrects and
// incorrects as letters, with text_correct and text_incorrect where there are two replies.

import { z } from "zod";
import { checkValue, collectFaults, describePlace, UserError } from "../core/index.ts";
import type { Estimate } from "../records/index.ts";
import { readRows } from "../tables/index.ts";
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

const countedShare = <Row>(rows: readonly Row[], test: (row: Row) => boolean): CountedShare => {
  const count = rows.filter(test).length;
  return { count, ...proportion(count, rows.length) };
};

/** The trivial baselines of a set, with Wilson's intervals. rows: at least one. */
export const baselines = (rows: readonly ChoiceRow[]): Baselines => {
  const options = [...new Set(rows.flatMap((row) => row.options))].sort();
  const right = (letter: string) => (row: ChoiceRow) => row.corrects.includes(letter);
  const offering = (letter: string) => rows.filter((row) => row.options.includes(letter));
  const withTexts = rows.filter(({ longerBy }) => longerBy !== undefined);
  const shares = options.map((answer) => ({ answer, ...countedShare(rows, right(answer)) }));
  return {
    n: rows.length,
    always: Object.fromEntries(
      options.map((letter) => [letter, countedShare(offering(letter), right(letter))]),
    ),
    longer:
      withTexts.length === 0
        ? null
        : {
            ...countedShare(withTexts, ({ longerBy = 0 }) => longerBy > 0),
            ties: withTexts.filter(({ longerBy }) => longerBy === 0).length,
          },
    majority: shares.reduce((most, one) => (one.count > most.count ? one : most)),
    chance: rows.reduce((sum, row) => sum + row.corrects.length / row.options.length, 0) / rows.length,
  };
};
