// Which replies the sandbox's oracle measures, and what a stage does about the others: one rule for all that is measured. What is
// measured of a reply is not known here.

import { counted } from "../../core/index.ts";
import { addAnswer, countMissing, noAnswers } from "../../evaluation/index.ts";
import { runsHere } from "../../models/index.ts";
import { type Finish, finishes, type ReplyRecord } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { requireReplies } from "./silence.ts";
import { unansweredEnd } from "./tallies.ts";

/**
 * Whether a reply of the model of this name can be measured. Silence of weights that run here, and text that has no end, is what
 * they learned to say; of a model elsewhere nobody knows the cause of its silence, nor what it would have said where it was cut.
 */
export const isMeasurable = (reply: Pick<ReplyRecord, "text" | "finish">, model: string): boolean => {
  const end = unansweredEnd(reply);
  if (runsHere(model)) return end === null || end === "empty" || end === "length";
  return end === null && reply.finish === "stop";
};

/**
 * Throws CovenantError where a model gave nothing that can be measured; warns of replies that cannot. ends: how those ended,
 * null for each that was measured.
 */
export const checkMeasured = async (
  stage: Pick<StageContext, "warn">,
  ends: AsyncIterable<Finish | null>,
  model: string,
): Promise<void> => {
  const tally = noAnswers();
  for await (const end of ends) addAnswer(tally, end);
  requireReplies(tally, model);
  const { count, missing } = tally;
  const left = countMissing(missing);
  if (left === 0) return;
  const what = finishes.flatMap((finish) => (missing[finish] ? [`${missing[finish]} ${finish}`] : []));
  stage.warn(
    "replies-unanswered",
    `${left} of ${counted(count, "reply", "replies")} of ${model} ${left === 1 ? "is no answer and counts" : "are no answers and count"} in no figure (${what.join(", ")}).`,
  );
};
