// Which of a training's steps was the best on what was kept out of it, and how that is said: while it trains, at its end,
// and in its records. Read from the step records, so that it is the same however often the training was interrupted.
// What holds the weights of that step, loop.ts knows.

import { collect } from "../../core/index.ts";
import { type BestStepRecord, bestStepRecordSchema, type StepRecord } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { fixed } from "./training-parts.ts";

/** By which metric of a step its weights are the best. */
export type BestBy = Pick<BestStepRecord, "metric" | "wanted">;

export const leastLoss: BestBy = { metric: "eval_loss", wanted: "least" };
/** The mean score less the price of the divergence: what PPO raises. */
export const mostOfPpo: BestBy = { metric: "eval_objective/rlhf_reward", wanted: "most" };
/** The same of GRPO and RLOO. */
export const mostOfGrpo: BestBy = { metric: "eval_objective", wanted: "most" };

/** What a look after a step found; undefined where there was none, or what it found is no number. */
export const lookOf = (metrics: StepRecord["metrics"], { metric }: BestBy): number | undefined => {
  const value = metrics[metric];
  return value === undefined || Number.isNaN(value) ? undefined : value;
};

/** Whether a value is better than another, or than none. */
export const isBetter = ({ wanted }: BestBy, value: number, than: number | undefined): boolean =>
  than === undefined || (wanted === "least" ? value < than : value > than);

/** The best step, the first of equals; null where none was looked at. */
export const bestStepOf = (steps: readonly StepRecord[], by: BestBy): BestStepRecord | null => {
  const looks = steps.flatMap((record) => {
    const value = lookOf(record.metrics, by);
    return value === undefined ? [] : [{ record, value }];
  });
  const [first, ...others] = looks;
  if (first === undefined) return null;
  const best = others.reduce((so, one) => (isBetter(by, one.value, so.value) ? one : so), first);
  const { id, stage, seed, step } = best.record;
  return {
    ...{ id: `${stage}/best`, parents: [id], stage, seed, step, ...by },
    ...{ value: best.value, last: looks.at(-1)!.value, looks: looks.length },
  };
};

/** What people call these metrics. */
const names: Readonly<Record<string, string>> = {
  [leastLoss.metric]: "loss on the rows kept out",
  [mostOfPpo.metric]: "objective on the prompts kept out",
  [mostOfGrpo.metric]: "objective on the prompts kept out",
};

/** "the weights behind step 4 of 6: the objective on the prompts kept out was 0.412, the highest of 3 looks (0.398 at last)". */
export const describeBest = (
  { step, metric, wanted, value, last, looks }: Omit<BestStepRecord, "id" | "parents" | "stage" | "seed">,
  steps: number,
): string => {
  const extreme = wanted === "least" ? "lowest" : "highest";
  const rank = looks === 1 ? "at the only look" : `the ${extreme} of ${looks} looks`;
  const end = step + 1 === steps ? "" : ` (${fixed(last)} at last)`;
  return `the weights behind step ${step + 1} of ${steps}: the ${names[metric] ?? metric} was ${fixed(value)}, ${rank}${end}`;
};

/** Writes down which step's weights are kept, in <stage>/best.jsonl, and tells it. steps: all of the stage's. */
export const keepBestStep = async (
  stage: StageContext,
  steps: readonly StepRecord[],
  by: BestBy,
): Promise<void> => {
  const best = bestStepOf(steps, by);
  if (best === null) return;
  const file = await stage.records("best.jsonl", bestStepRecordSchema);
  if ((await collect(file.rows())).length === 0) await file.append([best]);
  stage.emit({ type: "notice", text: `${stage.name}: keeps ${describeBest(best, steps.length)}` });
};

/** What stands behind a step's own figures: the last look at what was kept out, from the first one on. */
export const noteLooks = (by: BestBy): ((metrics: StepRecord["metrics"]) => string) => {
  let latest: number | undefined;
  return (metrics) => {
    latest = lookOf(metrics, by) ?? latest;
    return latest === undefined ? "" : `, kept out ${fixed(latest)}`;
  };
};
