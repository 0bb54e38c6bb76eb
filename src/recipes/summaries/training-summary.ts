// What a training says at its end: what it learned from, how long it took, where its figures began and where they came
// to. Read from the run's folder, so that a run that was finished before says the same. Knows no method.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { counted, durationText } from "../../core/index.ts";
import { type BestStepRecord, bestStepRecordSchema, stepRecordSchema } from "../../records/index.ts";
import { type Run, readRecords, readRun } from "../../runs/index.ts";
import { describeBest } from "../stages/best-step.ts";
import { nothingLearned } from "../stages/learned-rows.ts";

/** Figures of a step that are worth a line, by the names that trainings give them, and what people call them. */
const figures: Readonly<Record<string, string>> = {
  loss: "Loss",
  eval_loss: "Loss on the rows kept out",
  accuracy: "Accuracy on the rows of a step",
  "rewards/margins": "Reward margin",
  "objective/scores": "Score",
  reward: "Reward",
  "objective/kl": "KL from the starting model",
  kl: "KL from the starting model",
  "eval_objective/rlhf_reward": "Objective on the prompts kept out",
  eval_objective: "Objective on the prompts kept out",
  "eval_objective/scores": "Score on the prompts kept out",
  eval_reward: "Reward on the prompts kept out",
  "eval_objective/kl": "KL from the starting model on the prompts kept out",
  eval_kl: "KL from the starting model on the prompts kept out",
};

/** A figure where it began and where it came to. */
export type TrainingFigure = { readonly first: number; readonly last: number };

/** What a training took and reached. seconds: of its stage; figures: by the names of its step records. */
export type TrainingSummary = {
  readonly steps: number;
  readonly seconds: number;
  readonly figures: Readonly<Record<string, TrainingFigure>>;
  /** What was told of its rows or prompts while it ran: cut, left out, too few; first, if so, that it learned nothing. */
  readonly told: readonly string[];
  /** The step whose weights were kept, where they are not the last ones as a matter of course. */
  readonly best?: Omit<BestStepRecord, "id" | "parents" | "stage" | "seed">;
};

/** Sums up a stage that is done. */
export const summariseTraining = async (
  { run }: { readonly run: Run },
  stage: string,
): Promise<TrainingSummary> => {
  const steps = await readRecords(join(run.folder, stage, "steps.jsonl"), stepRecordSchema);
  const found: Record<string, TrainingFigure> = {};
  for (const name of Object.keys(figures)) {
    const values = steps.map(({ metrics }) => metrics[name]).filter((value) => value !== undefined);
    if (values.length > 0) found[name] = { first: values[0]!, last: values.at(-1)! };
  }
  const { events } = await readRun(run.folder);
  const warnings = events
    .filter((event) => event.type === "warning")
    .filter((event) => event.stage === stage);
  const nothing = warnings.filter(({ code }) => code === nothingLearned);
  const others = warnings.filter(({ code }) => /^(rows|prompts)-/.test(code));
  // of few rows one expects little, and of this step nothing at all
  const mild = nothing.length === 0 ? others : others.filter(({ code }) => code !== "rows-few");
  const told = new Set([...nothing, ...mild].map(({ text }) => text));
  const seconds = (await run.seconds())[stage] ?? 0;
  const summary = { steps: steps.length, seconds, figures: found, told: [...told] };
  const kept = join(run.folder, stage, "best.jsonl");
  const [record] = existsSync(kept) ? await readRecords(kept, bestStepRecordSchema) : [];
  if (record === undefined) return summary;
  const { id: _id, parents: _parents, stage: _stage, seed: _seed, ...best } = record;
  return { ...summary, best };
};

const shown = (value: number): string =>
  value.toFixed(Math.abs(value) < 10 ? 3 : 1).replace(/^-(0\.0+)$/, "$1");

/** The summary as lines. from: what it learned from ("32 rows, 2 epochs"). */
export const describeTraining = (
  { steps, seconds, figures: found, told, best }: TrainingSummary,
  from: string,
): string[] => [
  `Learned from ${from}: ${counted(steps, "step")} in ${durationText(seconds)}.`,
  ...told,
  ...Object.entries(found).map(([name, { first, last }]) =>
    steps === 1 || first === last
      ? `${figures[name]}: ${shown(last)}.`
      : `${figures[name]}: ${shown(first)} at first, ${shown(last)} at last.`,
  ),
  ...(best === undefined ? [] : [`Kept: ${describeBest(best, steps)}.`]),
];
