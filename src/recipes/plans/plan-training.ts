// What trainings take: rows learned over epochs, steps by reward, packed rows. How long that is, model-time.ts estimates;
// how asking is counted, plan.ts knows.

import { counted } from "../../core/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import { looksOf } from "../../training/index.ts";
import type { LearnedWork, Speed } from "../costs/model-time.ts";
import { shapesRead } from "../costs/policy-size.ts";
import type { PromptLengths } from "../costs/prompt-lengths.ts";
import type { PlannedStep, TrainingSize } from "../recipe.ts";
import { planCalls, promptTokens } from "./plan.ts";

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

/** Tokens of rows that will be made of prompts, with so many replies each, which share their prompt. */
export const rowTokens =
  (prompts: readonly PromptRecord[], replies: 1 | 2) =>
  (reply: number): number =>
    promptTokens(prompts) + replies * prompts.length * reply;

/**
 * What planPolicy needs to know. replies: of a step; epochs: in which they are learned; heldOut: prompts that are looked at
 * every evaluateEvery steps; compared: replies of the starting model that those are held against, written once; measured:
 * further replies that are looked at and not learned; reward: the speed of the reward model, where there is one.
 */
export type PolicyPlan = {
  readonly steps: number;
  readonly replies: number;
  readonly epochs: number;
  readonly minibatches: number;
  readonly heldOut?: number;
  readonly evaluateEvery?: number;
  readonly compared?: number;
  readonly measured?: number;
  readonly maxTokens: number;
  readonly speed: Speed;
  readonly hasReference: boolean;
  readonly reward?: Speed;
  readonly size?: TrainingSize | undefined;
} & Pick<LearnedWork, "accumulation" | "lora" | "gradientCheckpointing">;

/** Learning by reward, part by part: replies are written, read by policy and reference, scored, and learned. */
export const planPolicy = (stage: string, prompt: PromptLengths, plan: PolicyPlan): PlannedStep[] => {
  const { steps, epochs, maxTokens, speed, hasReference, reward, size } = plan;
  const { heldOut = 0, evaluateEvery = steps, compared = 0 } = plan;
  const looks = looksOf(evaluateEvery, steps);
  const measured = (plan.measured ?? 0) + looks * heldOut;
  const { accumulation = 1, lora, gradientCheckpointing = false } = plan;
  const written = steps * plan.replies + measured;
  const batch = Math.ceil(plan.replies / plan.minibatches);
  const updates = steps * epochs * Math.ceil(plan.replies / batch);
  const readers = hasReference ? 2 : 1;
  const policy = { speed, maxTokens, batch: plan.replies };
  const further = [
    ...(plan.measured ? [`${plan.measured} to measure`] : []),
    ...(heldOut > 0 ? [`${counted(looks, "look")} at ${heldOut} kept out`] : []),
    ...(compared > 0 ? [`${compared} of the starting model to compare with`] : []),
  ];
  const learnt = `${counted(steps, "step")} of ${counted(plan.replies, "reply", "replies")}`;
  const sampling = [learnt, ...further].join(", and ");
  const reading = `read by the policy${hasReference ? " and by its reference" : ""}`;
  const learning = planCalls(stage, `${counted(updates, "update")} on ${batch} of them`, policy, (reply) => ({
    learned: {
      ...{ accumulation, lora, gradientCheckpointing, opened: true, shapes: shapesRead },
      ...{ rows: plan.replies, epochs: steps * epochs, batch },
      ...{ tokens: prompt.mean + reply, longest: prompt.longest + reply },
    },
  }));
  return [
    planCalls(stage, sampling, policy, (reply) => ({
      calls: written + compared,
      read: (written + compared) * prompt.mean,
      written: (written + compared) * reply,
    })),
    planCalls(stage, reading, policy, (reply) => ({
      calls: readers * written,
      read: readers * written * (prompt.mean + reply),
      scored: readers * written * reply,
      opened: true,
      shapes: readers * shapesRead,
    })),
    ...(reward === undefined
      ? []
      : [
          planCalls(stage, "scored by the reward model", { speed: reward, maxTokens }, (reply) => ({
            ...{ calls: written, read: written * (prompt.mean + reply), shapes: shapesRead },
          })),
        ]),
    { ...learning, ...(size === undefined ? {} : { size }) },
  ];
};

type PretrainingSize = {
  readonly steps: number;
  readonly rows: number;
  readonly time: number;
  readonly optimiser: "adamw" | "muon";
};

/** Steps over packed rows, which train faster than conversations do: every token of a batch is one. */
export const planPretraining = (
  stage: string,
  { steps, rows, time, optimiser }: PretrainingSize,
  speed: Speed,
): PlannedStep => {
  const work = {
    rows: steps * rows,
    epochs: 1,
    batch: rows,
    tokens: time,
    longest: time,
    muon: optimiser === "muon",
  };
  return planCalls(stage, counted(steps, "step"), { speed, maxTokens: 0 }, () => ({ learned: work }));
};
