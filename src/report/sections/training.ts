// How the weights were changed: the curves of the four trainings, as charts and in figures. What reward was worth
// (Goodhart's law) stands in a file of its own.

import { counted } from "../../core/index.ts";
import type { StepRecord } from "../../records/index.ts";
import { armClass, armKey, type ChartBook } from "../chart-book.ts";
import { numberText, percentText, type StepPoint, trainingCurveChart } from "../charts/index.ts";
import { capitalised, figureSentence } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportData, TrainingSteps } from "../report-data.ts";
import { rewardSentence } from "../reward-change.ts";
import { goodhartFigures } from "./goodhart.ts";
import { armNamesOf, keptNote, measuredArms, missing, type SectionMaker, scrollable } from "./section.ts";

type Curve = {
  readonly id: string;
  readonly title: string;
  readonly training: keyof TrainingSteps;
  /** Names the metric may have in the step records; the first that occurs is drawn. */
  readonly metrics: readonly string[];
  /** What its points are; not given: steps. */
  readonly unit?: "look";
  readonly scale: "share" | "number";
  readonly reference?: number;
  readonly reading: string;
};

const curves: readonly Curve[] = [
  {
    id: "sl-loss",
    title: "SL-CAI: loss",
    training: "sl",
    metrics: ["loss", "train/loss"],
    scale: "number",
    reading:
      "How surprised the model still is by the revised answers it learns from, in nats a token. It should fall and level off.",
  },
  {
    id: "reward-loss",
    title: "Reward model: loss",
    training: "reward",
    metrics: ["loss", "train/loss"],
    scale: "number",
    reference: Math.LN2,
    reading: "Distance from the soft labels, in nats a pair. The dashed line (0.69) is what guessing costs.",
  },
  {
    id: "reward-accuracy",
    title: "Reward model: agreement with the labels",
    training: "reward",
    metrics: ["accuracy", "rewards/accuracies", "mean_accuracy", "eval_accuracy"],
    scale: "share",
    reference: 0.5,
    reading:
      "Share of training pairs that the reward model orders as the label does. The dashed line is guessing. Its accuracy on held-out pairs stands below the charts.",
  },
  {
    id: "dpo-loss",
    title: "DPO-CAI: loss",
    training: "dpo",
    metrics: ["loss", "train/loss"],
    scale: "number",
    reference: Math.LN2,
    reading: "The dashed line (0.69) is where a model stands that has not moved from SL-CAI.",
  },
  {
    id: "dpo-margins",
    title: "DPO-CAI: margin between chosen and rejected",
    training: "dpo",
    metrics: ["rewards/margins", "margin", "margins"],
    scale: "number",
    reference: 0,
    reading:
      "How much more the model has raised the chosen answer than the rejected one, in nats times beta. Zero means no preference learned.",
  },
  {
    id: "rl-reward",
    title: "RL-CAI: reward",
    training: "rl",
    metrics: ["objective/scores", "reward", "rewards/mean", "objective/rlhf_reward"],
    scale: "number",
    reading:
      "Mean score that the reward model gives to the model's own answers, less a penalty for those that do not end. This is what is optimised.",
  },
  {
    id: "rl-objective",
    title: "RL-CAI: objective on requests kept out",
    training: "rl",
    metrics: ["eval_objective/rlhf_reward", "eval_objective"],
    unit: "look",
    scale: "number",
    reading:
      "Mean score of answers to requests that are not learned from, less the price of the distance from SL-CAI, at every look at them. Where it falls while the reward rises, the model learns what only holds for its own requests.",
  },
  {
    id: "rl-kl",
    title: "RL-CAI: distance from SL-CAI",
    training: "rl",
    metrics: ["objective/kl", "kl"],
    scale: "number",
    reference: 0,
    reading:
      "KL divergence, in nats an answer, estimated from the answers drawn: near 0 the estimate can fall below it. The penalty on it keeps the model near what it was.",
  },
];

const mostPoints = 120;

/** At most `mostPoints` points: neighbouring steps are averaged, and the point stands at their last step. */
export const thin = (
  points: readonly { step: number; value: number }[],
): { step: number; value: number }[] => {
  const width = Math.ceil(points.length / mostPoints);
  if (width <= 1) return [...points];
  const result: { step: number; value: number }[] = [];
  for (let start = 0; start < points.length; start += width) {
    const part = points.slice(start, start + width);
    const sum = part.reduce((total, { value }) => total + value, 0);
    result.push({ step: (part.at(-1) as { step: number }).step, value: sum / part.length });
  }
  return result;
};

const seriesOf = (
  records: readonly StepRecord[],
  names: readonly string[],
): { step: number; value: number }[] => {
  const name = names.find((candidate) => records.some(({ metrics }) => candidate in metrics));
  if (name === undefined) return [];
  return records
    .flatMap(({ step, metrics }) => {
      const value = metrics[name];
      return value !== undefined && Number.isFinite(value) ? [{ step, value }] : [];
    })
    .sort((a, b) => a.step - b.step);
};

const average = (points: readonly { value: number }[]): number =>
  points.reduce((total, { value }) => total + value, 0) / points.length;

const curveFigure = async (data: ReportData, book: ChartBook, curve: Curve): Promise<Markup | null> => {
  const arms = armNamesOf(data);
  const write = curve.scale === "share" ? percentText : numberText;
  const points: StepPoint[] = [];
  const seen: string[] = [];
  let averaged = 1;
  for (const arm of data.arms) {
    const series = seriesOf(arm.steps[curve.training], curve.metrics);
    if (series.length === 0) continue;
    averaged = Math.max(averaged, Math.ceil(series.length / mostPoints));
    points.push(...thin(series).map((point) => ({ arm: arm.name, ...point })));
    const tenth = Math.max(1, Math.floor(series.length / 10));
    seen.push(
      `${capitalised(arm.name)}: ${write(average(series.slice(0, tenth)))} → ${write(average(series.slice(-tenth)))} in ${counted(series.length, curve.unit ?? "step")}.${keptNote(arm, curve.training)}`,
    );
  }
  if (points.length === 0) return null;
  const note = averaged > 1 ? ` Each point is the mean of ${averaged} steps.` : "";
  return book.figure({
    id: curve.id,
    title: curve.title,
    seen: seen.join(" "),
    reading: curve.reading + note,
    wide: { width: 356, height: 200 },
    build: (size) =>
      trainingCurveChart({
        ...size,
        measure: curve.title,
        arms,
        points,
        scale: curve.scale,
        ...(curve.reference === undefined ? {} : { reference: curve.reference }),
      }),
  });
};

const parts = 5;

/** Means of a curve's five parts in the order of steps: the chart in figures. */
const curveRow = (data: ReportData, arm: ReportData["arms"][number], curve: Curve): Markup => {
  const series = seriesOf(arm.steps[curve.training], curve.metrics);
  if (series.length === 0) return html``;
  const write = curve.scale === "share" ? percentText : numberText;
  const means = Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * series.length) / parts);
    const own = series.slice(from, Math.max(from + 1, Math.floor(((part + 1) * series.length) / parts)));
    return write(average(own));
  });
  return html`<tr><th scope="row">${curve.title}</th><td class="${armClass(armNamesOf(data), arm.name)}">${arm.name}</td><td>${series.length}</td>${means.map((mean) => html`<td>${mean}</td>`)}</tr>
`;
};

const curveTable = (data: ReportData): Markup =>
  html`<details class="more"><summary>The training curves in figures</summary>
${scrollable(
  "Training curves",
  html`<table class="figures">
<caption>Means over each fifth of the steps.</caption>
<thead><tr><th scope="col">Curve</th><th scope="col">Arm</th><th scope="col">Steps</th>${["First", "Second", "Third", "Fourth", "Last"].map((name) => html`<th scope="col">${name} fifth</th>`)}</tr></thead>
<tbody>
${curves.map((curve) => data.arms.map((arm) => curveRow(data, arm, curve)))}</tbody></table>`,
)}</details>
`;

/** Whether reinforcement learning raised what it was to raise; nothing where it was not measured twice. */
const objective = (data: ReportData): Markup => {
  const sentences = data.arms
    .map(({ name, measurements }) =>
      rewardSentence(name, data.metrics?.arms[name]?.goodhart ?? [], measurements),
    )
    .filter((sentence) => sentence !== "");
  return sentences.length === 0
    ? html``
    : html`<p class="aside">Did reinforcement learning raise its own reward? Measured on held-out requests: ${sentences.join(" ")} The curve “RL-CAI: reward” above cannot say so: it is of training requests, others at each step, drawn at the temperature of training.</p>
`;
};

/** Section 4: training. */
export const trainingSection: SectionMaker = async (data, book) => {
  const title = "How the weights changed";
  const figures: Markup[] = [];
  for (const curve of curves) {
    const figure = await curveFigure(data, book, curve);
    if (figure !== null) figures.push(figure);
  }
  const goodhart = await goodhartFigures(data, book);
  if (figures.length === 0 && goodhart === null) {
    return {
      id: "training",
      title,
      body: missing("The training curves", "<arm>/sl/steps.jsonl and its neighbours"),
    };
  }
  const accuracies = measuredArms(data).map(
    (arm) => `${arm} ${figureSentence(data.metrics?.arms[arm]?.rewardModel.accuracy)}`,
  );
  const unfinished = data.arms.flatMap(({ folder, steps }) =>
    (["sl", "reward", "dpo", "rl"] as const)
      .filter((stage) => steps[stage].length === 0)
      .map((stage) => `${folder}/${stage}/steps.jsonl`),
  );
  return {
    id: "training",
    title,
    body: html`<p>Four trainings an arm: supervised learning on revised answers; a reward model that learns to predict the labels; and two ways of using the labels, direct preference optimisation (DPO) and reinforcement learning against the reward model (RL), held near SL-CAI by a penalty. Under each curve: the mean of the first tenth of its steps → the mean of the last tenth.</p>
${unfinished.length > 0 && missing("Steps of some trainings", unfinished.join(", "))}
${armKey(armNamesOf(data), false)}
<div class="pair">
${figures}${goodhart?.harm}
</div>
${objective(data)}${goodhart?.plane}${figures.length > 0 && curveTable(data)}
${accuracies.length > 0 && html`<p class="aside">The reward model orders held-out pairs as their labels do, right or wrong (it is not held to the oracle here): ${accuracies.join("; ")}.</p>`}`,
  };
};
