// The plan of `covenant run`: the steps of every stage, for all arms, from the prompts it would work on.
// How much a step takes is counted in plan.ts.

import type { RequestedProtocol } from "../../feedback/index.ts";
import { priceOfModel } from "../../models/index.ts";
import {
  type Constitution,
  type PromptRecord,
  type RevisionExample,
  trainedModels,
} from "../../records/index.ts";
import type { LearnedWork, Speed } from "../costs/model-time.ts";
import { promptLengths } from "../costs/prompt-lengths.ts";
import type { PlannedStep, RecipePlan } from "../recipe.ts";
import type { RunConfig } from "../settings/run-config.ts";
import { followedPrompts } from "../stages/evaluation.ts";
import { revisedBy, revisionExtras } from "../stages/revising.ts";
import { planComparisons, planEvaluation, planOf, planReplies, planRevisions, planWriting } from "./plan.ts";
import { type JudgePlan, judgePlan, lettersBy } from "./plan-letters.ts";
import { planPolicy, planTraining, rowTokens } from "./plan-training.ts";

/**
 * What is known before a run: its prompts, its constitution, how fast its models are. processes: of arms that work at once,
 * 1 where they do not; memory: bytes that all of them take at the peak; measured: replies that every arm's PPO is measured on;
 * heldOut: prompts that it does not learn from.
 */
export type RunInputs = {
  readonly train: readonly PromptRecord[];
  readonly test: readonly PromptRecord[];
  readonly constitution: Constitution;
  readonly examples?: readonly RevisionExample[] | undefined;
  readonly requested: RequestedProtocol;
  readonly speeds: Readonly<Record<string, Speed>>;
  readonly processes: number;
  readonly memory?: number | undefined;
  readonly measured: number;
  readonly heldOut: number;
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
  { train, constitution, examples, requested, measured, heldOut }: RunInputs,
  { speed, judge }: { speed: Speed; judge: Pick<JudgePlan, "speed" | "scoring" | "members" | "price"> },
): PlannedStep[] => {
  const { maxTokens } = config.sampling;
  const size = { speed, maxTokens };
  const reward: Speed = speed === null ? null : { ...speed, task: "sequence-classification" };
  const harmful = train.filter(({ kind }) => kind === "harmful");
  const learned = train.filter(({ kind }) => kind !== undefined);
  const count = train.length;
  const pairs = rowTokens(train, 2);
  return [
    planRevisions(`${arm}/revise`, harmful, revisedBy(constitution, config.revise, config.seed), {
      ...config.revise,
      ...revisionExtras({ examples }),
      ...size,
      ...lettersBy(config.model),
    }),
    planTraining(`${arm}/sl`, learned.length, { ...learning(config.sft), ...size }, rowTokens(learned, 1)),
    planReplies(`${arm}/label`, train, { ...size, samples: config.label.samples }),
    planComparisons(
      `${arm}/label`,
      train,
      constitution,
      judgePlan(config.label, { requested, constitution }, { ...judge, maxTokens }),
    ),
    planTraining(`${arm}/reward`, count, { ...learning(config.reward), speed: reward, maxTokens }, pairs),
    planTraining(`${arm}/dpo`, count, { ...learning(config.dpo), ...size, reference: true }, pairs),
    ...planPolicy(`${arm}/rl`, promptLengths(train), {
      ...{ ...config.ppo, ...size, reward, measured },
      ...{ replies: config.ppo.batch, hasReference: true, heldOut },
    }),
  ];
};

/**
 * A model's speed in so many processes, which have their shares of the threads. shared: all of them together, at work that
 * they share; own: each by itself.
 */
const speedsIn = (processes: number, speed: Speed): { readonly shared: Speed; readonly own: Speed } => {
  if (speed === null) return { shared: null, own: null };
  const shared = { ...speed, threads: Math.max(1, Math.floor((speed.threads ?? 1) / processes)) };
  return { shared, own: { ...shared, rate: speed.rate / processes } };
};

/** Calls, tokens and time of every stage. */
export const planRun = (config: RunConfig, inputs: RunInputs): RecipePlan => {
  const { train, test, speeds, processes, memory } = inputs;
  const { maxTokens } = config.sampling;
  const speed = speedsIn(processes, speeds["model"]!);
  const judge = {
    speed: config.judge === undefined ? speed.own : speedsIn(processes, speeds["judge"]!).own,
    ...lettersBy(config.judge ?? config.model),
    price: priceOfModel(config.prices, config.judge ?? config.model),
  };
  const shared = { speed: speed.shared, maxTokens };
  const models = 1 + trainedModels.length * config.arms.length;
  const before = [
    planWriting("prompts", `${train.length} for training, ${test.length} held out`),
    planReplies("answer", train, shared),
  ];
  const arms = config.arms.map((arm) => planArm(arm, config, inputs, { speed: speed.own, judge }));
  const measured = [...test, ...followedPrompts(train, config.seed)];
  const after = planEvaluation("evaluate", measured, Array(models).fill(shared));
  const plan = planOf([...before, ...arms.flat(), after], inputs.notices);
  const asked = memory === undefined ? {} : { memory, processes };
  if (processes === 1 || plan.seconds === null) return { ...plan, ...asked };
  const secondsOf = (steps: readonly PlannedStep[]): number => planOf(steps).seconds ?? 0;
  const seconds = secondsOf([...before, after]) + Math.max(...arms.map(secondsOf));
  return { ...plan, ...asked, seconds };
};
