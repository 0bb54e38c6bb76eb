// The words in which published files say who won a battle of two, or which of two texts is preferred: one list for what
// counts battles and for what makes comparisons of them. Knows no file.

import { describeValue } from "../core/portable.ts";

/** 1: the first won, 0: the second, 0.5: a tie. */
export type BattleOutcome = 0 | 0.5 | 1;

/** Words of a field with what they mean; null: that there is no verdict. */
type Words = Readonly<Record<string, BattleOutcome | null>>;

/** How arena battles say it in their field winner. */
export const winnerWords: Words = {
  model_a: 1,
  model_b: 0,
  tie: 0.5,
  "tie (bothbad)": 0.5,
  both_bad: 0.5,
  bothbad: 0.5,
};

/** How MT-Bench's verdicts say it of each game. */
export const gameWords: Words = { model_1: 1, model_2: 0, tie: 0.5, error: null };

/** How tables of ICAI say it in their field preferred_text. */
export const preferredWords: Words = { text_a: 1, text_b: 0, a: 1, b: 0, tie: 0.5 };

/**
 * What a cell says in one of these lists; null where it is empty, or says that there is no verdict. problem: makes the
 * error of a word that is in no list ("got "left", expected model_a, ...").
 */
export const outcomeIn = (
  words: Words,
  cell: string | null | undefined,
  problem: (text: string) => Error,
): BattleOutcome | null => {
  const said = cell?.trim() ?? "";
  if (said === "") return null;
  if (Object.hasOwn(words, said)) return words[said] ?? null;
  const known = Object.keys(words);
  throw problem(`got ${describeValue(cell)}, expected ${known.slice(0, -1).join(", ")} or ${known.at(-1)}`);
};

/** A cell of yes or no, as JSON, Parquet and tables write it. problem: makes the error of what is neither. */
export const isSetIn = (
  cell: string | number | boolean | null | undefined,
  problem: (text: string) => Error,
): boolean => {
  const said = `${cell ?? ""}`.trim().toLowerCase();
  if (["1", "1.0", "true"].includes(said)) return true;
  if (["", "0", "0.0", "false"].includes(said)) return false;
  throw problem(`got ${describeValue(cell)}, expected 0 or 1`);
};
