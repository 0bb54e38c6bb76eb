// How published files say who won a battle of two, or which of two texts is preferred: one reading for what counts battles
// and for what makes comparisons of them. Knows no file.

import { z } from "zod";
import { describeValue } from "../core/index.ts";

/** 1: the first won, 0: the second, 0.5: a tie. */
export type BattleOutcome = 0 | 0.5 | 1;

/** Words of a field with what they mean; null: that there is no verdict. */
type Words = Readonly<Record<string, BattleOutcome | null>>;

/** How arena battles say it in their field winner; MT-Bench's released judgments too, with a tie of orders that disagree. */
const winnerWords: Words = {
  model_a: 1,
  model_b: 0,
  tie: 0.5,
  "tie (inconsistent)": 0.5,
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
const isSetIn = (
  cell: string | number | boolean | null | undefined,
  problem: (text: string) => Error,
): boolean => {
  const said = `${cell ?? ""}`.trim().toLowerCase();
  if (["1", "1.0", "true"].includes(said)) return true;
  if (["", "0", "0.0", "false"].includes(said)) return false;
  throw problem(`got ${describeValue(cell)}, expected 0 or 1`);
};

const flag = z.union([z.number(), z.boolean(), z.string()]).nullish();
const flagFields = ["winner_model_a", "winner_model_b", "winner_tie"] as const;

/** The fields in which a vote on a battle says who won: a word, or three columns of 0 and 1. Each may be empty or missing. */
export const voteFields = {
  winner: z.string().nullish(),
  winner_model_a: flag,
  winner_model_b: flag,
  winner_tie: flag,
};
const voteSchema = z.object(voteFields);
export type Vote = z.output<typeof voteSchema>;

/**
 * Who won by a vote: its word, or where that is empty the column with 1; null where neither says. fault: makes the error
 * of a field that says what it cannot, and of two columns with 1.
 */
export const outcomeOfVote = (
  vote: Vote,
  fault: (field: string) => (problem: string) => Error,
): BattleOutcome | null => {
  const named = outcomeIn(winnerWords, vote.winner, fault("winner"));
  if (named !== null) return named;
  const set = flagFields.filter((field) => isSetIn(vote[field], fault(field)));
  if (set.length > 1) throw fault(set.join(", "))("got 1 in each, expected 1 in one of them");
  const [only] = set;
  if (only === undefined) return null;
  return only === "winner_tie" ? 0.5 : only === "winner_model_a" ? 1 : 0;
};
