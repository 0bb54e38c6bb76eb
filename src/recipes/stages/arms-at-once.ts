// Arms at work side by side, each in a process of its own with its share of the threads: operations of a small model are
// too small for several threads, and two processes use two cores where one leaves half of the second idle. Records are
// the same as those of arms one after the other. How a process is started, the caller knows.

import { totalmem } from "node:os";
import { CovenantError, InterruptedError, unpackError } from "../../core/index.ts";
import { threadCount } from "../../engine/index.ts";
import { runsHere } from "../../models/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import type { ModelConfig } from "../../transformer/index.ts";
import { threadsVariable } from "../computing.ts";
import { longestPrompt } from "../plan.ts";
import { policySize } from "../policy-size.ts";
import type { PartProcess, RecipeContext } from "../recipe.ts";
import type { RunConfig } from "../run-config.ts";
import { trainingSize } from "../training-size.ts";
import type { ArmJob } from "./arm.ts";
import type { FromArm, ToArm } from "./arm-messages.ts";
import type { ArmName } from "./arms.ts";
import type { Pipeline } from "./data.ts";
import type { ArmRecords } from "./measures.ts";
import { isNews } from "./stage-model.ts";

/**
 * Bytes that an arm takes at its peak, estimated: of learning from pairs, whose rows are the longest, or of learning by
 * reward, with the reference and the reward model beside the policy.
 */
export const armMemory = (
  shape: ModelConfig,
  { dpo, ppo, sampling }: RunConfig,
  train: readonly PromptRecord[],
): number => {
  const prompt = longestPrompt(train);
  const settings = { ...dpo, batch: 2 * dpo.batch };
  const tokens = Array<number>(settings.batch).fill(prompt + sampling.maxTokens);
  const pairs = trainingSize(shape, { task: "causal-lm", settings, tokens });
  const policy = policySize(shape, {
    ...{ replies: ppo.batch, prompt, maxTokens: sampling.maxTokens, settings: ppo },
    ...{ hasReference: true, helpers: [shape] },
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

/** How a process ended that said neither that it was done nor that it failed. */
const endedEarly = (arm: ArmName, how: string): CovenantError =>
  new CovenantError(
    "arm-process-ended",
    `The process of the arm "${arm}" ended (${how}) before its work did. The same command continues. Where the machine had too little memory for several arms at once, end other programs first.`,
    { arm, how },
  );

/** One arm in a process of its own. Rejects with what was thrown there. */
const workApart = (
  { run, load }: Pipeline,
  job: ArmJob,
  environment: RecipeContext["environment"],
  child: PartProcess,
  signal: AbortSignal,
): Promise<ArmRecords> =>
  new Promise((resolve, reject) => {
    let records: ArmRecords | undefined;
    let failure: unknown;
    const tell = (message: ToArm): void => child.tell(message);
    const stop = (): void => tell({ type: "stop" });
    const hear = (message: FromArm): void => {
      if (message.type === "event") {
        const { event } = message;
        const isNotice = event.type === "warning" && event.code.startsWith("model-");
        try {
          if (!isNotice || isNews(run, event)) run.emit(event);
        } catch (thrown) {
          failure ??= thrown;
          stop();
        }
        return;
      }
      if (message.type === "done") records = message.records;
      else failure ??= unpackError(message.error);
      child.release();
    };
    child.listen({
      message: (message) => hear(message as FromArm),
      end(how) {
        signal.removeEventListener("abort", stop);
        if (failure === undefined && records !== undefined) resolve(records);
        else if (failure === undefined && signal.aborted) reject(new InterruptedError());
        else reject(failure ?? endedEarly(job.name, how));
      },
    });
    tell({ type: "work", job, folder: run.folder, seed: run.seed, environment, load });
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });

/** All jobs at once; where one fails the others are stopped, and what it threw is thrown. */
export const workAtOnce = async (
  pipeline: Pipeline,
  startProcess: NonNullable<RecipeContext["startProcess"]>,
  jobs: readonly ArmJob[],
): Promise<Map<ArmName, ArmRecords>> => {
  const others = new AbortController();
  const signal = AbortSignal.any([pipeline.run.signal, others.signal]);
  const threads = String(Math.floor(threadCount() / jobs.length));
  const environment = { ...pipeline.context.environment, [threadsVariable]: threads };
  let first: { readonly thrown: unknown } | undefined;
  const work = async (job: ArmJob): Promise<[ArmName, ArmRecords][]> => {
    try {
      return [[job.name, await workApart(pipeline, job, environment, startProcess(), signal)]];
    } catch (thrown) {
      first ??= { thrown };
      others.abort();
      return [];
    }
  };
  const done = await Promise.all(jobs.map(work));
  if (first !== undefined) throw first.thrown;
  return new Map(done.flat());
};
