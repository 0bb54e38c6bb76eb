// The report's opening in words: a headline and a few sentences made of the run's own figures. Changes are judged on the
// same requests; it says so when a change is not clear, when something was not measured and when a goal was missed.

import { listText } from "../core/index.ts";
import { type ArmMetrics, type MetricsDocument, writtenArm } from "../records/index.ts";
import {
  type Change,
  changeClause,
  doubtText,
  modelChange,
  type Place,
  signedSizeText,
  sizeText,
} from "./changes.ts";
import { figureSentence, modelTitle, valueText } from "./figures.ts";
import { listGoals, tooFewForGoals } from "./goals.ts";

export type Story = { readonly headline: string; readonly sentences: readonly string[] };

/** The model the story ends with: RL-CAI when measured, else DPO-CAI, else SL-CAI. */
export const finalModel = (arm: ArmMetrics): "rl" | "dpo" | "sl" => {
  if (arm.models.rl.harmRate.value !== null) return "rl";
  return arm.models.dpo.harmRate.value !== null ? "dpo" : "sl";
};

type MeasuredArm = { readonly arm: string; readonly figures: ArmMetrics };

const endOf = ({ arm, figures }: MeasuredArm): Place => ({ arm, model: finalModel(figures) });
const baseOf = ({ arm }: MeasuredArm): Place => ({ arm, model: "base" });

const harmChange = (metrics: MetricsDocument, of: MeasuredArm): Change | null =>
  modelChange(metrics, baseOf(of), endOf(of), "harmRate");

const verbs = { lower: "fell", higher: "rose", unclear: "went" } as const;

/**
 * Where an arm ended, and SL-CAI's figure before it, so that no step is credited with what another did. named: whether to
 * name the models; once is enough where two arms ended with the same ones.
 */
const stepsText = ({ figures }: MeasuredArm, named = true): string => {
  const model = finalModel(figures);
  const end = valueText(figures.models[model].harmRate);
  const { harmRate } = figures.models.sl;
  if (model === "sl" || harmRate.value === null) return end;
  const before = valueText(harmRate);
  if (before === end) return named ? `${end} with SL-CAI and ${modelTitle(model)} alike` : end;
  return named ? `${before} with SL-CAI and ${end} with ${modelTitle(model)}` : `${before} and ${end}`;
};

const headlineOf = (
  metrics: MetricsDocument,
  first: MeasuredArm,
  second: MeasuredArm | undefined,
): string => {
  const { base } = first.figures.models;
  const change = harmChange(metrics, first);
  if (change === null) return `A run under the ${first.arm} constitution, not fully measured`;
  const span = `from ${valueText(base.harmRate)} to ${stepsText(first)}`;
  const doubt = change.direction === "unclear" ? " (no clear change)" : "";
  const few = tooFewForGoals(metrics);
  const opening = few === null ? "Under" : `A small run (n\u00a0=\u00a0${few}): under`;
  const other = second === undefined ? null : harmChange(metrics, second);
  const beside =
    second === undefined || other === null
      ? ""
      : `; under the ${second.arm} one they ${verbs[other.direction]} to ${stepsText(second, finalModel(second.figures) !== finalModel(first.figures))}`;
  return `${opening} the ${first.arm} constitution, harmful answers ${verbs[change.direction]} ${span}${doubt}${beside}`;
};

/** What a change of harm says, as a sentence of its own. Empty when nothing was measured. */
const harmRemark = (metrics: MetricsDocument, of: MeasuredArm): string => {
  const change = harmChange(metrics, of);
  const title = modelTitle(finalModel(of.figures));
  if (change === null) return "";
  const { direction, difference } = change;
  if (difference === null) {
    return direction === "unclear"
      ? ` The intervals of ${title} and the base overlap, so this run shows no difference between the two.`
      : ` ${title} does ${direction === "lower" ? "less" : "more"} harm than the base.`;
  }
  return direction === "unclear"
    ? ` On the same requests, ${title} differs from the base by ${signedSizeText(difference)}: no clear change${doubtText(difference)}.`
    : ` On the same requests, harm with ${title} is ${sizeText(difference)} ${direction} than with the base.`;
};

/** What the last training added to SL-CAI's, or did not. Empty where it is not recorded. */
const sinceSupervised = (metrics: MetricsDocument, { arm, figures }: MeasuredArm): string => {
  const model = finalModel(figures);
  const change =
    model === "sl" ? null : modelChange(metrics, { arm, model: "sl" }, { arm, model }, "harmRate");
  const { direction, difference } = change ?? { direction: null, difference: null };
  if (difference === null) return "";
  return direction === "unclear"
    ? ` Over SL-CAI, ${modelTitle(model)} shows no clear change: ${signedSizeText(difference)}${doubtText(difference)}.`
    : ` Over SL-CAI, ${modelTitle(model)} is ${sizeText(difference)} ${direction}.`;
};

const harmSentence = (metrics: MetricsDocument, of: MeasuredArm, first: boolean): string => {
  const { base, sl, dpo, rl } = of.figures.models;
  const trained = [
    ["SL-CAI", sl.harmRate],
    ["DPO-CAI", dpo.harmRate],
    ["RL-CAI", rl.harmRate],
  ] as const;
  const parts = trained
    .filter(([, rate]) => rate.value !== null)
    .map(([title, rate]) => `${figureSentence(rate)} with ${title}`);
  const opening = first
    ? `On requests that call for a refusal, the base model answered harmfully in ${figureSentence(base.harmRate)} of cases. Trained on the ${of.arm} constitution, that became ${listText(parts)}.`
    : `The same procedure with the same seeds, under the ${of.arm} constitution, led to ${listText(parts)}.`;
  return opening + harmRemark(metrics, of) + sinceSupervised(metrics, of);
};

/** How far the constitutions lead apart, from the same base and with the same seeds. Empty where it is not recorded. */
const betweenSentence = (metrics: MetricsDocument, first: MeasuredArm, other: MeasuredArm): string => {
  const model = finalModel(first.figures);
  const change = modelChange(metrics, { arm: first.arm, model }, { arm: other.arm, model }, "harmRate");
  const { direction, difference } = change ?? { direction: null, difference: null };
  if (difference === null) return "";
  return direction === "unclear"
    ? ` Between the two constitutions, ${modelTitle(model)} differs by ${signedSizeText(difference)}: this run cannot tell them apart${doubtText(difference)}.`
    : ` The ${other.arm} ${modelTitle(model)} is ${sizeText(difference)} ${direction === "higher" ? "above" : "below"} the ${first.arm} one; only the constitution differs.`;
};

const helpSentence = (metrics: MetricsDocument, of: MeasuredArm): string => {
  const end = endOf(of);
  const { helpfulRate, overRefusalRate } = of.figures.models[end.model];
  const change = modelChange(metrics, baseOf(of), end, "helpfulRate");
  const before = of.figures.models.base.helpfulRate;
  const helped =
    change === null
      ? ""
      : `On harmless requests ${of.arm} ${modelTitle(end.model)} helped in ${figureSentence(helpfulRate)} of cases, the base in ${figureSentence(before)}${change.difference === null ? "" : "; on the same requests"}: ${changeClause(change)}.`;
  const refused =
    overRefusalRate.value === null
      ? ""
      : ` It refused ${figureSentence(overRefusalRate)} of the requests that only sound harmful.`;
  return `${helped}${refused}`.trim();
};

/** One sentence on the goals: which were missed, which were not measured. Empty when the run is held to none. */
export const goalSentence = (metrics: MetricsDocument | null, written: string = writtenArm): string => {
  const goals = listGoals(metrics, written);
  if (goals.length === 0) return "";
  const missed = goals.filter(({ met, measured }) => measured && !met);
  const unknown = goals.filter(({ measured }) => !measured).length;
  const of = `${goals.length} goals set for such a run`;
  if (missed.length === 0) {
    return unknown === 0
      ? `All ${of} were met.`
      : `${goals.length - unknown} of ${of} were met, ${unknown} not measured.`;
  }
  const named = missed
    .slice(0, 3)
    .map(
      ({ name, got, wanted }) => `${name.charAt(0).toLowerCase()}${name.slice(1)} (${got}; wanted ${wanted})`,
    );
  const more = missed.length > 3 ? ` and ${missed.length - 3} more` : "";
  const beside = unknown === 0 ? "" : `, ${unknown} not measured`;
  return `${missed.length} of ${of} ${missed.length === 1 ? "was" : "were"} missed${beside}: ${named.join("; ")}${more}.`;
};

/** The headline and sentences of a run. arms: names in the order of the report. */
export const tellStory = (metrics: MetricsDocument | null, arms: readonly string[]): Story => {
  const measured = arms.flatMap((arm): MeasuredArm[] => {
    const figures = metrics?.arms[arm];
    return figures ? [{ arm, figures }] : [];
  });
  const [first, second] = measured;
  if (metrics === null || first === undefined) {
    return {
      headline: "This run is not evaluated yet",
      sentences: [
        "The run has written no figures so far. What it has already done is shown below; the rest is named as missing.",
      ],
    };
  }
  const others = measured.slice(1);
  return {
    headline: headlineOf(metrics, first, second),
    sentences: [
      harmSentence(metrics, first, true),
      ...others.map((of) => harmSentence(metrics, of, false) + betweenSentence(metrics, first, of)),
      helpSentence(metrics, first),
    ].filter((sentence) => sentence !== ""),
  };
};
