// How a judge is asked, as a whole: method, wording, examples, clamp, and how many chains, votes and principles a
// comparison has. Knows no setting's default but that of labels as they are usually made.

import { type LabelForm, ownForm } from "../../constitution/index.ts";
import type { Price } from "../../models/index.ts";
import type { Clamp, LabelMethod } from "../../records/index.ts";
import type { FewShots } from "./few-shots.ts";

/**
 * reading: whether letters are read from log-probabilities or written by the judge. clamp: of every reading; null: none.
 * chains: of thought in each order; votes: in each order; temperature: of both; maxTokens: of a chain; voteTokens: of a
 * vote, for a judge that says more than a letter is read as far as this. principles: by
 * which a comparison is judged. fewShots: examples before each question. price: of the judge's tokens where it is known (of
 * a pool, its dearest member's), by which records say what their calls cost.
 */
export type JudgeProtocol = {
  readonly method: LabelMethod;
  readonly reading: "scores" | "votes";
  readonly form: LabelForm;
  readonly clamp: Clamp | null;
  readonly chains: number;
  readonly votes: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly voteTokens: number;
  readonly principles: number;
  readonly fewShots: FewShots | null;
  readonly price?: Price;
};

/** Labels from the log-probabilities of two letters, by one principle (Bai et al. 2022, section 4.1). */
export const plainProtocol: JudgeProtocol = {
  method: "choice",
  reading: "scores",
  form: ownForm,
  clamp: null,
  chains: 1,
  votes: 1,
  temperature: 1,
  maxTokens: 256,
  voteTokens: 16,
  principles: 1,
  fewShots: null,
};

/** Whether a label's record says all that the judge said; otherwise the single judgements are kept beside it. */
export const isPlain = ({ method, clamp, principles }: JudgeProtocol): boolean =>
  method === "choice" && clamp === null && principles === 1;

/** A probability within a clamp. */
export const clampTo = (clamp: Clamp | null, probability: number): number =>
  clamp === null ? probability : Math.min(clamp[1], Math.max(clamp[0], probability));
