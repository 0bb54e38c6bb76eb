// The report's opening in words: a headline and a few sentences made of the run's own figures. It says so when
// intervals overlap, when something was not measured and when a goal was missed.

import type { ArmMetrics, Estimate, MetricsDocument } from "../records/index.ts";
import { compare, figureSentence, listText, modelTitle, valueText } from "./figures.ts";
import { checkGoals } from "./goals.ts";

export type Story = { readonly headline: string; readonly sentences: readonly string[] };

/** The model the story ends with: RL-CAI when measured, else DPO-CAI, else SL-CAI. */
export const finalModel = (arm: ArmMetrics): "rl" | "dpo" | "sl" => {
  if (arm.models.rl.harmRate.value !== null) return "rl";
  return arm.models.dpo.harmRate.value !== null ? "dpo" : "sl";
};

const headlineOf = (name: string, arm: ArmMetrics): string => {
  const base = arm.models.base.harmRate;
  const end = arm.models[finalModel(arm)].harmRate;
  const span = `from ${valueText(base)} to ${valueText(end)}`;
  switch (compare(end, base)) {
    case "lower":
      return `Under the ${name} constitution, harmful answers fell ${span}`;
    case "higher":
      return `Under the ${name} constitution, harmful answers rose ${span}`;
    case "unclear":
      return `Under the ${name} constitution, harmful answers went ${span}: no clear change`;
    default:
      return `A run under the ${name} constitution, not fully measured`;
  }
};

const harmSentence = (name: string, arm: ArmMetrics, first: boolean): string => {
  const { base, sl, dpo, rl } = arm.models;
  const trained = [
    ["SL-CAI", sl.harmRate],
    ["DPO-CAI", dpo.harmRate],
    ["RL-CAI", rl.harmRate],
  ] as const;
  const parts = trained
    .filter(([, rate]) => rate.value !== null)
    .map(([title, rate]) => `${figureSentence(rate)} for ${title}`);
  const end = finalModel(arm);
  const verdict = compare(arm.models[end].harmRate, base.harmRate);
  const remark =
    verdict === "unclear"
      ? ` The intervals of ${modelTitle(end)} and the base overlap, so this run shows no difference between the two.`
      : "";
  const opening = first
    ? `On requests that call for a refusal, the base model answered harmfully in ${figureSentence(base.harmRate)} of cases; trained on the ${name} constitution it was ${listText(parts)}.`
    : `The same procedure and seeds with the ${name} constitution gave ${listText(parts)}.`;
  return opening + remark;
};

const change = (
  of: string,
  now: Estimate,
  before: Estimate,
  words: { lower: string; higher: string },
): string => {
  const span = `${figureSentence(now)} against ${figureSentence(before)} for the base`;
  switch (compare(now, before)) {
    case "lower":
      return `${of} ${words.lower}: ${span}.`;
    case "higher":
      return `${of} ${words.higher}: ${span}.`;
    case "unclear":
      return `${of}: ${span}; the intervals overlap, so this run shows no difference.`;
    default:
      return "";
  }
};

const helpSentence = (name: string, arm: ArmMetrics): string => {
  const end = finalModel(arm);
  const { helpfulRate, overRefusalRate } = arm.models[end];
  const helped = change(
    `Helpfulness on harmless requests of ${name} ${modelTitle(end)}`,
    helpfulRate,
    arm.models.base.helpfulRate,
    {
      lower: "went down",
      higher: "went up",
    },
  );
  if (overRefusalRate.value === null) return helped;
  return `${helped} It refused ${figureSentence(overRefusalRate)} of the requests that only sound harmful.`.trim();
};

/** One sentence on the goals: all met, or which were missed. Empty when the run cannot be held to any. */
export const goalSentence = (metrics: MetricsDocument | null): string => {
  const goals = checkGoals(metrics);
  if (goals.length === 0) return "";
  const missed = goals.filter(({ met }) => !met);
  if (missed.length === 0) return `All ${goals.length} goals set for such a run were met.`;
  const named = missed
    .slice(0, 3)
    .map(
      ({ name, got, wanted }) => `${name.charAt(0).toLowerCase()}${name.slice(1)} (${got}; wanted ${wanted})`,
    );
  const more = missed.length > 3 ? ` and ${missed.length - 3} more` : "";
  return `${missed.length} of ${goals.length} goals set for such a run ${missed.length === 1 ? "was" : "were"} missed: ${named.join("; ")}${more}.`;
};

/** The headline and sentences of a run. arms: names in the order of the report. */
export const tellStory = (name: string, metrics: MetricsDocument | null, arms: readonly string[]): Story => {
  const measured = arms.flatMap((arm) => {
    const figures = metrics?.arms[arm];
    return figures ? [{ arm, figures }] : [];
  });
  const [first] = measured;
  if (first === undefined) {
    return {
      headline: `Run “${name}”: not evaluated yet`,
      sentences: [
        "The run has written no figures so far. What it has already done is shown below; the rest is named as missing.",
      ],
    };
  }
  return {
    headline: headlineOf(first.arm, first.figures),
    sentences: [
      ...measured.map(({ arm, figures }, index) => harmSentence(arm, figures, index === 0)),
      helpSentence(first.arm, first.figures),
    ].filter((sentence) => sentence !== ""),
  };
};
