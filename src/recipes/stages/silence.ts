// What ends a stage whose model gives nothing to go on with: early, where its first replies are silence, and at the end, where
// no reply at all is an answer. What is made of answers is not known here.

import { CovenantError } from "../../core/index.ts";
import { isAnswered } from "../../feedback/index.ts";
import { finishes, type ReplyRecord } from "../../records/index.ts";
import type { ReplyTally } from "./tallies.ts";
import type { Watch } from "./watched-file.ts";

/** What to do about a model that says nothing. */
const expectedText =
  "Expected text: check the model, its context length against the prompts, and sampling.maxTokens.";

/** So many replies from the first on, none of them with text, stop a stage. */
const silentForStop = 20;

/**
 * Ends a stage whose model says nothing. What a provider or a server declined is no silence: it is a matter of the
 * prompts, and the next ones may be others.
 */
export const watchReplies = (model: string): Watch<Pick<ReplyRecord, "text" | "finish">> => {
  let silent = 0;
  let answered = false;
  return {
    see(reply) {
      if (isAnswered(reply)) answered = true;
      else if (reply.finish === "empty" || reply.finish === "length") silent++;
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

/** Throws when a model gave no reply at all that one could go on with. */
export const requireReplies = ({ count, finishes: ends, missing }: ReplyTally, model: string): void => {
  const lost = finishes.reduce((sum, finish) => sum + missing[finish], 0);
  if (count === 0 || lost < count) return;
  const what = finishes.filter((finish) => ends[finish] > 0).map((finish) => `${ends[finish]} ${finish}`);
  throw new CovenantError(
    "replies-none",
    `${model} gave no usable reply to any of ${count} requests (${what.join(", ")}). ${expectedText}`,
    { model },
  );
};
