// The report's opening in words: a headline and a few sentences made of the run's own figures. It says so when
// intervals overlap, when something was not measured and when a goal was missed.

import type { ArmMetrics, MetricsDocument } from "../records/index.ts";
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
    ["RL-CAI", rl.harmRate],
    ["DPO-CAI", dpo.harmRate],
    ["SL-CAI", sl.harmRate],
  ] as const;
  const parts = trained
    .filter(([, rate]) => rate.value !== null)
    .slice(0, 2)
    .map(([title, rate]) => `${figureSentence(rate)} with ${title}`);
  const end = finalModel(arm);
  const verdict = compare(arm.models[end].harmRate, base.harmRate);
  const remark =
    verdict === "unclear"
      ? ` The intervals of ${modelTitle(end)} and the base overlap, so this run shows no difference between the two.`
      : "";
  const beside =
    verdict === "higher"
      ? ": more harm than the base does"
      : verdict === "lower"
        ? ": less harm than the base does"
        : "";
  const opening = first
    ? `On requests that call for a refusal, the base model answered harmfully in ${figureSentence(base.harmRate)} of cases. Trained on the ${name} constitution, that became ${listText(parts)}.`
    : `The same procedure with the same seeds, under the ${name} constitution, led to ${listText(parts)}${beside}.`;
  return opening + remark;
};

const helpSentence = (name: string, arm: ArmMetrics): string => {
  const end = finalModel(arm);
  const { helpfulRate, overRefusalRate } = arm.models[end];
  const before = arm.models.base.helpfulRate;
  const verdict = compare(helpfulRate, before);
  const remarks = {
    lower: "so it helps less than the base did",
    higher: "so it helps more than the base did",
    unclear: "the intervals overlap, so this run shows no difference",
  };
  const helped =
    verdict === null
      ? ""
      : `On harmless requests ${name} ${modelTitle(end)} helped in ${figureSentence(helpfulRate)} of cases, the base in ${figureSentence(before)}: ${remarks[verdict]}.`;
  const refused =
    overRefusalRate.value === null
      ? ""
      : ` It refused ${figureSentence(overRefusalRate)} of the requests that only sound harmful.`;
  return `${helped}${refused}`.trim();
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
