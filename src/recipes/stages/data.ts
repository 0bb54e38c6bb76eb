// The data half of the pipeline as stages: answers, critique and revision, pairs and labels.
// Each resumes at the chunk that it broke off in; what a model is asked is feedback's part.

import { join } from "node:path";
import { hashConstitution } from "../../constitution/index.ts";
import { CovenantError, groupBy } from "../../core/index.ts";
import {
  isAnswered,
  type JudgingWishes,
  paceOf,
  pairSamples,
  reviseBatch,
  revisionItems,
  sampleReplies,
} from "../../feedback/index.ts";
import {
  type Constitution,
  type LabelRecord,
  labelRecordSchema,
  type PromptRecord,
  type ReplyRecord,
  type RevisionRecord,
  replyRecordSchema,
  revisionRecordSchema,
} from "../../records/index.ts";
import { type RecordFile, type Run, readRecords, type StageContext } from "../../runs/index.ts";
import { wishesAsInput } from "../judging.ts";
import type { SamplingSettings } from "../settings.ts";
import { counted } from "../wording.ts";
import { appendChunks, resumePoint } from "./chunks.ts";
import { checkLabels, judgePairs, tryJudge } from "./judging.ts";
import { nameInRun } from "./models.ts";
import { type RevisionExtras, revisionExtras } from "./revising.ts";
import { type Pipeline, withStageModel } from "./stage-model.ts";

export type { Pipeline } from "./stage-model.ts";

/** Warns when most replies of a stage were cut by the token limit: they are of little use. */
const warnOfCuts = (stage: StageContext, replies: readonly ReplyRecord[], maxTokens: number): void => {
  const cut = replies.filter(({ finish }) => finish === "length").length;
  if (cut * 2 <= replies.length) return;
  stage.warn(
    "replies-cut",
    `${cut} of ${replies.length} replies were cut at ${maxTokens} tokens. Raise sampling.maxTokens.`,
  );
};

/** Throws when a model gave no reply at all that one could go on with. */
const requireReplies = (replies: readonly ReplyRecord[], model: string): void => {
  if (replies.length === 0 || replies.some(isAnswered)) return;
  const counts = [...groupBy(replies, ({ finish }) => finish)];
  const what = counts.map(([finish, some]) => `${some.length} ${finish}`).join(", ");
  throw new CovenantError(
    "replies-none",
    `${model} gave no usable reply to any of ${replies.length} requests (${what}). Expected text: check the model, its context length against the prompts, and sampling.maxTokens.`,
    { model },
  );
};

export type AnswerStageOptions = {
  readonly name: string;
  readonly after: readonly string[];
  readonly model: string;
  readonly prompts: readonly PromptRecord[];
  readonly sampling: SamplingSettings;
  readonly samples?: number;
  /** What seeds derive from, where it is not the stage: two arms share it. */
  readonly seedStage?: string;
  /** What is found out before anything is asked. */
  readonly before?: (stage: StageContext) => Promise<void>;
};

/** <name>/answers.jsonl: the model's replies to prompts, `samples` each. */
export const answerStage = async (
  pipeline: Pipeline,
  options: AnswerStageOptions,
): Promise<ReplyRecord[]> => {
  const { run } = pipeline;
  const { name, after, model, prompts, sampling, samples = 1 } = options;
  const inputs = { model, sampling, samples, prompts: prompts.map(({ id }) => id) };
  await run.stage({ name, inputs, after }, async (stage) => {
    const file = await stage.records("answers.jsonl", replyRecordSchema);
    await options.before?.(stage);
    await withStageModel(pipeline, stage, model, async (opened, countUsage) => {
      const pace = paceOf(opened, samples);
      const { skipItems, skipRows } = resumePoint(file.existing.length, pace.chunk, samples);
      const chunks = sampleReplies({
        model: opened,
        prompts: prompts.slice(skipItems),
        runSeed: run.seed,
        stage: name,
        seedStage: options.seedStage ?? name,
        samples,
        ...pace,
        signal: stage.signal,
        ...sampling,
      });
      await appendChunks(file, chunks, skipRows, (rows, { cuts }) => {
        countUsage(cuts);
        stage.progress(rows, prompts.length * samples, "replies");
      });
    });
    const replies = await readRecords(file.path, replyRecordSchema);
    requireReplies(replies, model);
    warnOfCuts(stage, replies, sampling.maxTokens);
  });
  return readRecords(join(run.folder, name, "answers.jsonl"), replyRecordSchema);
};

export type ReviseStageOptions = {
  readonly name: string;
  readonly after: readonly string[];
  readonly model: string;
  readonly constitution: Constitution;
  readonly prompts: readonly PromptRecord[];
  readonly answers: readonly ReplyRecord[];
  readonly rounds: number;
  readonly mode: "critique" | "direct";
  readonly sampling: SamplingSettings;
  readonly seedStage?: string;
} & RevisionExtras;

/** <name>/revisions.jsonl: n rounds of critique and revision of every answer, all intermediate replies kept. */
export const reviseStage = async (
  pipeline: Pipeline,
  options: ReviseStageOptions,
): Promise<RevisionRecord[]> => {
  const { run } = pipeline;
  const { name, after, model, constitution, rounds, mode, sampling } = options;
  const extras = revisionExtras(options);
  const { items, leftOut } = revisionItems(options.prompts, options.answers);
  const inputs = {
    model,
    constitution: hashConstitution(constitution),
    rounds,
    mode,
    sampling,
    ...extras,
    items: items.map(({ reply }) => reply),
  };
  await run.stage({ name, inputs, after }, async (stage) => {
    if (leftOut > 0)
      stage.warn(
        "answers-left-out",
        `${leftOut} of ${options.prompts.length} prompts have no answer to revise (refused by the provider, too long for the model, rejected by the server, or without text) and were left out.`,
      );
    const file = await stage.records("revisions.jsonl", revisionRecordSchema);
    await withStageModel(pipeline, stage, model, async (opened, countUsage) => {
      const pace = paceOf(opened);
      const { skipItems, skipRows } = resumePoint(file.existing.length, pace.chunk);
      const chunks = reviseBatch({
        model: opened,
        items: items.slice(skipItems),
        constitution,
        rounds,
        mode,
        ...extras,
        runSeed: run.seed,
        stage: name,
        seedStage: options.seedStage ?? name,
        ...pace,
        signal: stage.signal,
        ...sampling,
      });
      await appendChunks(file, chunks, skipRows, (rows, { cuts }) => {
        countUsage(cuts);
        stage.progress(rows, items.length, "chains", counted(rounds, "round"));
      });
    });
  });
  return readRecords(join(run.folder, name, "revisions.jsonl"), revisionRecordSchema);
};

export type LabelStageOptions = {
  readonly name: string;
  readonly after: readonly string[];
  /** Whose samples are compared, and who judges them. */
  readonly policy: string;
  readonly judge: string;
  readonly constitution: Constitution;
  readonly prompts: readonly PromptRecord[];
  readonly sampling: SamplingSettings;
  /** Replies a prompt, two of which are compared. */
  readonly samples: number;
  readonly seedStage?: string;
  /** How the judge is asked. */
  readonly wishes: JudgingWishes;
};

/** Samples of each prompt from the policy, into samples.jsonl. */
const sampleForLabels = async (
  pipeline: Pipeline,
  stage: StageContext,
  options: LabelStageOptions,
  policyName: string,
  file: RecordFile<ReplyRecord>,
): Promise<void> => {
  const { name, policy, prompts, sampling, samples } = options;
  await withStageModel(
    pipeline,
    stage,
    policy,
    async (opened, countUsage) => {
      const pace = paceOf(opened, samples);
      const { skipItems, skipRows } = resumePoint(file.existing.length, pace.chunk, samples);
      const chunks = sampleReplies({
        model: opened,
        prompts: prompts.slice(skipItems),
        runSeed: pipeline.run.seed,
        stage: name,
        seedStage: options.seedStage ?? name,
        samples,
        ...pace,
        signal: stage.signal,
        ...sampling,
      });
      await appendChunks(file, chunks, skipRows, (rows, { cuts }) => {
        countUsage(cuts);
        stage.progress(rows, prompts.length * (samples + 1), "replies and labels");
      });
    },
    policyName,
  );
};

/** The samples that a label stage compared. */
export const readSamples = (run: Run, name: string): Promise<ReplyRecord[]> =>
  readRecords(join(run.folder, name, "samples.jsonl"), replyRecordSchema);

/**
 * <name>/samples.jsonl and labels.jsonl: samples of each prompt from the policy, the two least alike of which the judge
 * compares under one drawn principle, in both orders.
 */
export const labelStage = async (pipeline: Pipeline, options: LabelStageOptions): Promise<LabelRecord[]> => {
  const { run } = pipeline;
  const { name, after, policy, judge, constitution, prompts, sampling, wishes } = options;
  const policyName = nameInRun(run.folder, policy);
  const inputs = {
    policy: policyName,
    judge,
    constitution: hashConstitution(constitution),
    sampling,
    samples: options.samples,
    prompts: prompts.map(({ id }) => id),
    ...wishesAsInput(wishes),
  };
  await run.stage({ name, inputs, after }, async (stage) => {
    const sampleFile = await stage.records("samples.jsonl", replyRecordSchema);
    const labelFile = await stage.records("labels.jsonl", labelRecordSchema);
    const asked = { judge, constitution, wishes };
    const givesScores = await tryJudge(pipeline, stage, asked, labelFile.existing);
    await sampleForLabels(pipeline, stage, options, policyName, sampleFile);
    const samples = await readRecords(sampleFile.path, replyRecordSchema);
    requireReplies(samples, policyName);
    warnOfCuts(stage, samples, sampling.maxTokens);
    const pairs = pairSamples(prompts, samples);
    const judged = {
      ...asked,
      pairs,
      ...(options.seedStage !== undefined && { seedStage: options.seedStage }),
      givesScores,
      onProgress: (rows: number) =>
        stage.progress(samples.length + rows, samples.length + pairs.length, "replies and labels"),
    };
    await judgePairs(pipeline, stage, judged, labelFile);
    checkLabels(stage, await readRecords(labelFile.path, labelRecordSchema), judge);
  });
  return readRecords(join(run.folder, name, "labels.jsonl"), labelRecordSchema);
};
