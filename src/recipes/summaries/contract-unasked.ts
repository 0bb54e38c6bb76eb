// What is told where nobody asked for a change in any run, so that there is nothing to make a constitution of: whether people are
// content, said nothing, or gave no rating that could be read. Reads counts alone.

import { counted, listText } from "../../core/index.ts";
import type { ContractPlay } from "../stages/contract-run.ts";
import { describeMissing, type RunRatings, sumMissing } from "./contract-summary.ts";

/** What the embedded models' documents have people rate. */
const taughtMetrics = ["satisfaction", "harmlessness", "helpfulness", "correctness"];

const ownRatings = (counts: readonly RunRatings[]) =>
  counts.flatMap(({ users }) => Object.values(users).flatMap((user) => Object.values(user.own)));

/**
 * What to change where no rating of a user's own talk came and the model of users was not taught what it is to rate; none where
 * it may have been. counts: of all runs.
 */
export const adviceOnMetrics = (counts: readonly RunRatings[], play: ContractPlay): string | null =>
  ownRatings(counts).some(({ n }) => n > 0) ? null : adviceOnUntaught(play);

const adviceOnUntaught = ({ setup: { models, metrics } }: ContractPlay): string | null => {
  const untaught = metrics.own.filter(({ id }) => !taughtMetrics.includes(id)).map(({ id }) => id);
  if (!models.user.startsWith("embedded:") || untaught.length === 0) return null;
  return `${models.user} was taught to rate ${listText(taughtMetrics)} alone, and is asked for ${listText(untaught)} (metrics.own): set metrics.own=satisfaction, or name a model that can rate ${untaught.length === 1 ? "it" : "them"}, as --set roles.user.model=http://localhost:8000/v1#NAME.`;
};

/** counts: of all runs; look: where what was said lies. */
export const describeUnasked = (play: ContractPlay, counts: readonly RunRatings[], look: string): string => {
  const { contentFrom } = play.config;
  const own = ownRatings(counts);
  const came = own.reduce((sum, { n }) => sum + n, 0);
  const reasons = sumMissing(own.map(({ missing }) => missing));
  const missing = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  const nothing = "so there is nothing to make a constitution of";
  if (came === 0) {
    const what = `None of the ${counted(missing, "rating")} that users were to give of their own talks came`;
    const [told] = describeMissing(what, reasons);
    const advice =
      reasons["reply-missing"] === missing
        ? "Choose another --model: assistants wrote no draft."
        : (adviceOnMetrics(counts, play) ?? "Choose another roles.user.model.");
    return `${told} There are no comments either, ${nothing}. ${advice} ${look}.`;
  }
  const made = counts.reduce((sum, { comments }) => sum + comments.made, 0);
  const lost =
    missing === 0
      ? ""
      : `; ${missing} of ${counted(came + missing, "rating")} of their own talks are missing`;
  const why =
    made === 0
      ? "there are no comments"
      : `the ${counted(made, "comment")} that there are come of users whose ratings of their own talks are at ${Math.round(100 * Number(contentFrom))} % of their scales or above (contentFrom)`;
  const instead =
    contentFrom === "off" || made === 0
      ? "or begin with a constitution"
      : "begin with a constitution, or set contentFrom: off";
  return `No user asked for a change in any run: ${why}${lost}. ${nothing.replace("so", "So")}. ${look}; give people other wishes or other tasks, ${instead}.`;
};
