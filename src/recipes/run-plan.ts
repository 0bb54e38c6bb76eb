// The plan of `covenant run`: the steps of every stage, for all arms, from the prompts it would work on.
// How much a step takes is counted in plan.ts.

import { exampleTokens, type RequestedProtocol } from "../feedback/index.ts";
import { priceOfModel, scoringByName } from "../models/index.ts";
import {
  type Constitution,
  type PromptRecord,
  type RevisionExample,
  trainedModels,
} from "../records/index.ts";
import type { LearnedWork, Speed } from "./model-time.ts";
import {
  type JudgePlan,
  planComparisons,
  planEvaluation,
  planOf,
  planReplies,
  planRevisions,
  planWriting,
} from "./plan.ts";
import { planPpo, planTraining, rowTokens } from "./plan-training.ts";
import type { PlannedStep, RecipePlan } from "./recipe.ts";
import type { RunConfig } from "./run-config.ts";
import { revisedBy, revisionExtras } from "./stages/revising.ts";

/** What is known before a run: its prompts, its constitution, how fast its models are. */
export type RunInputs = {
  readonly train: readonly PromptRecord[];
  readonly test: readonly PromptRecord[];
  readonly constitution: Constitution;
  readonly examples?: readonly RevisionExample[] | undefined;
  readonly requested: RequestedProtocol;
  readonly speeds: Readonly<Record<string, Speed>>;
  readonly notices?: RecipePlan["notices"];
};

type Learning = Pick<LearnedWork, "epochs" | "batch" | "accumulation" | "lora" | "gradientCheckpointing">;

/** What of a training's settings its time depends on. */
const learning = ({ epochs, batch, accumulation, lora, gradientCheckpointing }: Learning): Learning => ({
  ...{ epochs, batch, lora },
  accumulation: accumulation ?? 1,
  gradientCheckpointing: gradientCheckpointing ?? false,
});

const planArm = (
  arm: string,
  config: RunConfig,
  { train, constitution, examples, requested }: RunInputs,
  { speed, judge }: { speed: Speed; judge: Pick<JudgePlan, "speed" | "scoring" | "price"> },
): PlannedStep[] => {
  const { maxTokens } = config.sampling;
  const size = { speed, maxTokens };
  const harmful = train.filter(({ kind }) => kind === "harmful");
  const count = train.length;
  const pairs = rowTokens(train, 2);
  return [
    planRevisions(`${arm}/revise`, harmful, revisedBy(constitution, config.revise, config.seed), {
      ...config.revise,
      ...revisionExtras({ examples }),
      ...size,
    }),
    planTraining(`${arm}/sl`, count, { ...learning(config.sft), ...size }, rowTokens(train, 1)),
    planReplies(`${arm}/label`, train, { ...size, samples: config.label.samples }),
    planComparisons(`${arm}/label`, train, constitution, {
      ...config.label,
      principles: config.label.principlesPerComparison,
      examples: exampleTokens(requested, constitution),
      ...judge,
      maxTokens,
    }),
    planTraining(`${arm}/reward`, count, { ...learning(config.reward), ...size }, pairs),
    planTraining(`${arm}/dpo`, count, { ...learning(config.dpo), ...size, reference: true }, pairs),
    planPpo(`${arm}/rl`, train, { ...config.ppo, ...size }),
  ];
};

/** Calls, tokens and time of every stage. */
export const planRun = (config: RunConfig, inputs: RunInputs): RecipePlan => {
  const { train, test, speeds } = inputs;
  const { maxTokens } = config.sampling;
  const speed = speeds["model"]!;
  const judge = {
    speed: config.judge === undefined ? speed : speeds["judge"]!,
    scoring: scoringByName(config.judge ?? config.model),
    price: priceOfModel(config.prices, config.judge ?? config.model),
  };
  const models = 1 + trainedModels.length * config.arms.length;
  const steps = [
    planWriting("prompts", `${train.length} for training, ${test.length} held out`),
    planReplies("answer", train, { speed, maxTokens }),
    ...config.arms.flatMap((arm) => planArm(arm, config, inputs, { speed, judge })),
    planEvaluation("evaluate", test, Array(models).fill({ speed, maxTokens })),
  ];
  return planOf(steps, inputs.notices);
};
