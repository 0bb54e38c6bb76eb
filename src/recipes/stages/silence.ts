// What ends a stage whose model gives nothing to go on with: early, where its first replies are silence, and at the end, where
// no reply at all is an answer. What is made of answers is not known here.

import { CovenantError } from "../../core/index.ts";
import { type AnswerTally, countMissing } from "../../evaluation/index.ts";
import { type Finish, finishes, type ReplyRecord } from "../../records/index.ts";
import { unansweredEnd } from "./tallies.ts";
import type { Watch } from "./watched-file.ts";

/** What to do about replies that are no answer, by how they ended. */
const remedies: Readonly<Record<Finish, string>> = {
  stop: "",
  empty:
    "Where replies are empty, look at the model and its server: whether it is a chat model, with its chat template.",
  length:
    "Where nothing came within the limit of tokens, raise sampling.maxTokens (--max-tokens): a model that thinks before it answers needs more.",
  refusal:
    "Where the provider refuses, its filter does not take the prompts: give others, or choose another model.",
  overflow: "What is too long for the context needs shorter prompts, or a model with a longer context.",
  rejected: "Why the server rejected a request is told above, in a warning.",
};

/** What of them fits, and how one begins again: the same command repeats what is kept. */
const adviceOn = (ends: readonly Finish[]): string =>
  [
    "Expected text.",
    ...finishes.flatMap((finish) => (ends.includes(finish) && remedies[finish] ? [remedies[finish]] : [])),
    "The replies are kept, and the same command ends so again. Once it is mended, --fresh begins anew.",
  ].join(" ");

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
  const ends = new Set<Finish>();
  let answered = false;
  return {
    see(row) {
      const end = endOf(row);
      if (end === null || row.text.trim() !== "") answered = true;
      else if (end === "empty" || end === "length") {
        silent++;
        ends.add(end);
      }
    },
    check() {
      if (answered || silent < silentForStop) return;
      throw new CovenantError(
        "replies-none",
        `${model} gave no text in any of the first ${silent} replies, so no more are asked for. ${adviceOn([...ends])}`,
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
    `${model} gave no usable reply to any of ${count} requests (${what.join(", ")}). ${adviceOn(finishes.filter((finish) => missing[finish]))}`,
    { model },
  );
};
