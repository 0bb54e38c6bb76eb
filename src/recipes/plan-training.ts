// What trainings take: rows learned over epochs, steps by reward, packed rows. How long that is, model-time.ts estimates;
// how asking is counted, plan.ts knows.

import type { PromptRecord } from "../records/index.ts";
import type { LearnedWork, Speed } from "./model-time.ts";
import { longestPrompt, planCalls, promptTokens } from "./plan.ts";
import type { PlannedStep } from "./recipe.ts";
import { counted } from "./wording.ts";

/** How rows are learned, as the settings of a training say it. reference: and read once by the model as it was. */
export type TrainingPlan = Omit<LearnedWork, "rows" | "tokens" | "longest"> & {
  readonly speed: Speed;
  readonly maxTokens: number;
  /** Tokens of the longest row; where it is not known, twice those of the mean. */
  readonly longest?: number;
};

/** Several epochs over rows. tokens: of all rows, as a function of the tokens of a reply. */
export const planTraining = (
  stage: string,
  rows: number,
  { speed, maxTokens, longest, ...settings }: TrainingPlan,
  tokens: (reply: number) => number,
): PlannedStep => {
  const what = `${counted(settings.epochs, "epoch")} over ${counted(rows, "row")}`;
  return planCalls(stage, what, { speed, maxTokens }, (reply) => {
    const mean = tokens(reply) / Math.max(1, rows);
    return { learned: { ...settings, rows, tokens: mean, longest: longest ?? 2 * mean } };
  });
};

/** Tokens of rows that will be made of prompts, with so many replies each. */
export const rowTokens =
  (prompts: readonly PromptRecord[], replies: 1 | 2) =>
  (reply: number): number =>
    replies * (promptTokens(prompts) + prompts.length * reply);

/** What planPpo needs to know. batch: replies of a step; epochs: over one batch; maxTokens: of one reply. */
export type PpoPlan = {
  readonly steps: number;
  readonly batch: number;
  readonly epochs: number;
  readonly minibatches?: number;
  readonly maxTokens: number;
  readonly speed: Speed;
} & Pick<LearnedWork, "accumulation" | "lora" | "gradientCheckpointing">;

/** Steps of PPO: replies written, read by policy, reference and reward model, and learned. */
export const planPpo = (
  stage: string,
  prompts: readonly PromptRecord[],
  { steps, batch, epochs, minibatches = 1, maxTokens, speed, ...settings }: PpoPlan,
): PlannedStep => {
  const replies = steps * batch;
  const asked = promptTokens(prompts) / Math.max(1, prompts.length);
  const what = `${counted(steps, "step")} of ${counted(batch, "reply", "replies")}`;
  return planCalls(stage, what, { speed, maxTokens }, (reply) => ({
    calls: replies,
    read: replies * (asked + 3 * (asked + reply)),
    written: replies * reply,
    learned: {
      ...{ accumulation: settings.accumulation ?? 1, lora: settings.lora },
      gradientCheckpointing: settings.gradientCheckpointing ?? false,
      ...{ rows: replies, epochs, batch: Math.ceil(batch / minibatches) },
      ...{ tokens: asked + reply, longest: longestPrompt(prompts) + reply },
    },
  }));
};

/** Steps over packed rows, which train faster than conversations do: every token of a batch is one. */
export const planPretraining = (
  stage: string,
  { steps, rows, time }: { readonly steps: number; readonly rows: number; readonly time: number },
  speed: Speed,
): PlannedStep => {
  const work = { rows: steps * rows, epochs: 1, batch: rows, tokens: time, longest: time };
  return planCalls(stage, counted(steps, "step"), { speed, maxTokens: 0 }, () => ({ learned: work }));
};
