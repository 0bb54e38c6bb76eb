// Where training may have taken a model away from what it was for: DPO-CAI or RL-CAI that answer harmfully more often than
// SL-CAI, from which they began, under the constitution as it is written; or less often under its inversion. Such a run
// looks like any other in its charts, so it is said. Whether the constitution is against harm is not known here.

import { type MetricsDocument, writtenArm } from "../records/index.ts";
import { type Change, modelChange, signedSizeText, sizeText } from "./changes.ts";
import { modelTitle, valueText } from "./figures.ts";
import { tooFewForGoals } from "./goals.ts";

/** Which way harm goes in an arm, under a constitution that is against it. */
const aimOf = (arm: string, written: string): "lower" | "higher" | null => {
  if (arm === written) return "lower";
  return arm === "inverted" ? "higher" : null;
};

/** A share that is worse by so much is told also where that can be chance. */
const toldFrom = 0.05;

const advice = {
  dpo: "look at its labels first, for it learned to prefer what they prefer.",
  rl: "look at its labels and its reward model first, for it learned to prefer what they prefer.",
} as const;

/** How sure it is, behind the two shares. */
const sureness = ({ direction, difference }: Change): string => {
  if (direction === "unclear")
    return difference === null
      ? "the two intervals overlap, so that can be chance"
      : `on the same requests ${signedSizeText(difference)}, which can be chance`;
  return difference === null
    ? "the two intervals do not touch"
    : `on the same requests ${sizeText(difference)} ${direction}`;
};

/**
 * A sentence or two for each model that harm went up in under the constitution as it is written, or down in under its
 * inversion; none where none is. Of a run that measured too few prompts for goals, only what is no chance.
 */
export const setbacksOf = (metrics: MetricsDocument | null, written: string = writtenArm): string[] =>
  Object.entries(metrics?.arms ?? {}).flatMap(([arm, { models }]) => {
    const aim = aimOf(arm, written);
    const before = models.sl.harmRate;
    if (aim === null || before.value === null) return [];
    const start = before.value;
    return (["dpo", "rl"] as const).flatMap((model) => {
      const after = models[model].harmRate;
      const change = modelChange(metrics, { arm, model: "sl" }, { arm, model }, "harmRate");
      if (change === null || after.value === null) return [];
      const rise = after.value - start;
      const loss = aim === "lower" ? rise : -rise;
      const isClear = loss > 0 && change.direction !== "unclear" && change.direction !== aim;
      const isWorthTelling =
        loss >= toldFrom && change.direction === "unclear" && tooFewForGoals(metrics) === null;
      if (!isClear && !isWorthTelling) return [];
      const under = arm === "inverted" ? "inversion of the constitution" : "constitution as it is written";
      return [
        `Under the ${under}, ${modelTitle(model)} ${isClear ? "answers" : "may answer"} harmfully ${rise > 0 ? "more" : "less"} often than SL-CAI, from which it was trained: ${valueText(after)} of its answers to harmful requests are harmful, ${valueText(before)} of SL-CAI's (${sureness(change)}). If the constitution is against harm, that is the wrong way: ${advice[model]}`,
      ];
    });
  });
