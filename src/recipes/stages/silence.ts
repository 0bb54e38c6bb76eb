// What ends a stage whose model gives nothing to go on with: early, where its first replies are silence, and at the end, where
// no reply at all is an answer. What is made of answers is not known here.

import { CovenantError } from "../../core/index.ts";
import { type AnswerTally, countMissing } from "../../evaluation/index.ts";
import { type Finish, finishes, type ReplyRecord } from "../../records/index.ts";
import { unansweredEnd } from "./tallies.ts";
import type { Watch } from "./watched-file.ts";

/** What to do about a model that says nothing. */
const expectedText =
  "Expected text: check the model, its context length against the prompts, and sampling.maxTokens.";

/** So many replies from the first on, none of them with text, stop a stage. */
const silentForStop = 20;

/**
 * Ends a stage whose model says nothing. What a provider or a server declined is no silence: it is a matter of the
 * prompts, and the next ones may be others. endOf: how a row's reply ended where it is no answer; null for an answer.
 */
export const watchSilence = <Row>(
  model: string,
  endOf: (row: Row) => Finish | null,
): Watch<Row & Pick<ReplyRecord, "text">> => {
  let silent = 0;
  let answered = false;
  return {
    see(row) {
      const end = endOf(row);
      if (end === null || row.text.trim() !== "") answered = true;
      else if (end === "empty" || end === "length") silent++;
    },
    check() {
      if (answered || silent < silentForStop) return;
      throw new CovenantError(
        "replies-none",
        `${model} gave no text in any of the first ${silent} replies, so no more are asked for. ${expectedText} Once it is mended, --fresh begins anew.`,
        { model },
      );
    },
  };
};

/** The same of replies as they came. */
export const watchReplies = (model: string): Watch<Pick<ReplyRecord, "text" | "finish">> =>
  watchSilence(model, unansweredEnd);

/** Throws when a model gave no reply at all that one could go on with. */
export const requireReplies = ({ count, missing }: AnswerTally, model: string): void => {
  if (count === 0 || countMissing(missing) < count) return;
  const what = finishes.flatMap((finish) => (missing[finish] ? [`${missing[finish]} ${finish}`] : []));
  throw new CovenantError(
    "replies-none",
    `${model} gave no usable reply to any of ${count} requests (${what.join(", ")}). ${expectedText}`,
    { model },
  );
};
