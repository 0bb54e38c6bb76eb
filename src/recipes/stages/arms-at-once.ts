// Arms at work side by side, each in a process of its own with its share of the threads: operations of a small model are
// too small for several threads, and two processes use two cores where one leaves half of the second idle. Records are
// the same as those of arms one after the other. The processes are arm-processes.ts's part.

import { totalmem } from "node:os";
import { threadCount } from "../../engine/index.ts";
import { runsHere } from "../../models/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import type { StageHolder } from "../../runs/index.ts";
import type { ModelConfig } from "../../transformer/index.ts";
import { policySize } from "../costs/policy-size.ts";
import { longestPrompt } from "../costs/prompt-lengths.ts";
import { trainingSize } from "../costs/training-size.ts";
import type { RecipeContext } from "../recipe.ts";
import type { ArmName } from "../settings/arms.ts";
import type { RunConfig } from "../settings/run-config.ts";
import type { ArmJob } from "./arm.ts";
import type { ArmNews } from "./arm-messages.ts";
import { type ArmProcesses, together } from "./arm-processes.ts";
import type { Pipeline } from "./data.ts";
import type { ArmRecords } from "./measures.ts";
import { splitPrompts } from "./policy-prompts.ts";
import { isNews } from "./stage-model.ts";

/**
 * Bytes that an arm takes at its peak, estimated: of learning from pairs, whose rows are the longest, or of learning by
 * reward, with the reference and the reward model beside the policy.
 */
export const armMemory = (
  shape: ModelConfig,
  { reward, dpo, ppo, sampling }: RunConfig,
  train: readonly PromptRecord[],
): number => {
  const prompt = longestPrompt(train);
  const settings = { ...dpo, batch: 2 * dpo.batch };
  const tokens = Array<number>(settings.batch).fill(prompt + sampling.maxTokens);
  const heldOut = splitPrompts(train, ({ messages }) => messages, ["ppo", ppo]).heldOut.length;
  const pairs = trainingSize(shape, { task: "causal-lm", settings, tokens });
  const policy = policySize(shape, {
    ...{ replies: ppo.batch, heldOut, prompt, maxTokens: sampling.maxTokens, settings: ppo },
    ...{ hasReference: true, helpers: [{ config: shape, load: reward.load }] },
  });
  return Math.max(pairs.memory, policy.memory);
};

/** Bytes that this process may use: the machine's, or its container's. */
const mostMemory = (): number =>
  Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/**
 * Whether a run's arms can work side by side: another process can be started, all models answer here (elsewhere calls
 * share an account, and waiting is what takes the time), there are threads for all, and all together take half of the
 * memory at most: of all memory, not of what is free just now, so that the same machine always decides alike, and an arm
 * computes with as many threads. shape: of the model that learns.
 */
export const canWorkAtOnce = (
  config: RunConfig,
  { startProcess }: RecipeContext,
  shape: ModelConfig | null | undefined,
  train: readonly PromptRecord[],
  memory = mostMemory(),
): boolean => {
  const { arms, model, judge = model, record } = config;
  if (startProcess === undefined || arms.length < 2) return false;
  if (shape == null || !runsHere(judge) || record !== undefined) return false;
  if (threadCount() < arms.length) return false;
  return arms.length * armMemory(shape, config, train) <= memory / 2;
};

/** What a process of its own tells of an arm's work goes to the run's log; of a model, what the run was not told yet. */
const tellRun =
  (run: StageHolder) =>
  (news: ArmNews): void => {
    if (news.type === "notice") return;
    const { event } = news;
    const isNotice = event.type === "warning" && event.code.startsWith("model-");
    if (!isNotice || isNews(run, event)) run.emit(event);
  };

/** All jobs at once; where one fails the others are stopped, and what it threw is thrown. */
export const workAtOnce = async (
  { run, load }: Pipeline,
  { processOf, environment }: ArmProcesses,
  jobs: readonly ArmJob[],
): Promise<Map<ArmName, ArmRecords>> => {
  const hear = tellRun(run);
  const records = await together(jobs, run.signal, (job, signal) => {
    const { folder, seed, reused } = run;
    const given = { job, folder, seed, reused, environment, load };
    return processOf(job.name).perform("work", given, { signal, hear });
  });
  return new Map(jobs.map(({ name }, at) => [name, records[at]!]));
};
