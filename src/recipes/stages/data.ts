// The data half of the pipeline as stages: prompts, answers, critique and revision, pairs and labels.

import { join } from "node:path";
import { hashConstitution } from "../../constitution/index.ts";
import { CovenantError, sha256File, UserError } from "../../core/index.ts";
import {
  assertJudgeReads,
  labelBatch,
  loadPrompts,
  type ReplyPair,
  reviseBatch,
  revisionItems,
  sampleReplies,
} from "../../feedback/index.ts";
import {
  type Constitution,
  type LabelRecord,
  labelRecordSchema,
  type PromptKind,
  type PromptRecord,
  promptRecordSchema,
  type ReplyRecord,
  type RevisionRecord,
  replyRecordSchema,
  revisionRecordSchema,
} from "../../records/index.ts";
import { type Run, readRecords, type StageContext } from "../../runs/index.ts";
import { sandboxPrompts } from "../../sandbox/index.ts";
import type { RecipeContext } from "../recipe.ts";
import type { SamplingSettings } from "../settings.ts";
import { appendChunks, resumePoint } from "./chunks.ts";
import { nameInRun, withModel } from "./models.ts";

/** A run with the context of the recipe that made it. */
export type Pipeline = { readonly run: Run; readonly context: RecipeContext };

type Counts = Readonly<Record<PromptKind, number>>;

export type PromptStageOptions = {
  /** "sandbox" or a file. */
  readonly source: string;
  readonly train: Counts;
  readonly test: Counts;
  readonly limit?: number;
  readonly kind?: PromptKind;
};

const gatherPrompts = async (
  options: PromptStageOptions,
  seed: number,
  context: StageContext,
): Promise<PromptRecord[]> => {
  if (options.source === "sandbox") {
    return (["train", "test"] as const).flatMap((split) =>
      sandboxPrompts({ seed, split, counts: split === "train" ? options.train : options.test }),
    );
  }
  const { prompts, repeated } = await loadPrompts(options.source, {
    runSeed: seed,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.kind === undefined ? {} : { kind: options.kind }),
  });
  if (repeated > 0)
    context.warn(
      "prompts-repeated",
      `${repeated} rows of ${options.source} say the same as an earlier one and were left out.`,
    );
  return [...prompts];
};

/** prompts/prompts.jsonl: the run's prompts. Throws UserError when there are none. */
export const promptStage = async (
  { run }: Pipeline,
  options: PromptStageOptions,
): Promise<PromptRecord[]> => {
  const inputs =
    options.source === "sandbox" ? options : { ...options, file: await sha256File(options.source) };
  await run.stage({ name: "prompts", inputs }, async (stage) => {
    const file = await stage.records("prompts.jsonl", promptRecordSchema);
    const prompts = await gatherPrompts(options, run.seed, stage);
    if (prompts.length === 0) {
      throw new UserError(
        "prompts-empty",
        "The run has no prompts: all counts are 0. Ask for at least one prompt.",
      );
    }
    await file.append(prompts.slice(file.existing.length));
  });
  return readRecords(join(run.folder, "prompts", "prompts.jsonl"), promptRecordSchema);
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
};

/** <name>/answers.jsonl: the model's replies to prompts, `samples` each. */
export const answerStage = async (
  { run, context }: Pipeline,
  options: AnswerStageOptions,
): Promise<ReplyRecord[]> => {
  const { name, after, model, prompts, sampling, samples = 1 } = options;
  const inputs = { model, sampling, samples, prompts: prompts.map(({ id }) => id) };
  await run.stage({ name, inputs, after }, async (stage) => {
    const file = await stage.records("answers.jsonl", replyRecordSchema);
    await withModel(model, context, stage.signal, async (opened) => {
      const chunk = Math.max(1, Math.floor(opened.capabilities.batch / samples));
      const { skipItems, skipRows } = resumePoint(file.existing.length, chunk, samples);
      const chunks = sampleReplies({
        model: opened,
        prompts: prompts.slice(skipItems),
        runSeed: run.seed,
        stage: name,
        seedStage: options.seedStage ?? name,
        samples,
        chunk,
        signal: stage.signal,
        ...sampling,
      });
      await appendChunks(file, chunks, skipRows, (rows) =>
        stage.progress(rows, prompts.length * samples, "replies"),
      );
    });
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
};

/** <name>/revisions.jsonl: n rounds of critique and revision of every answer, all intermediate replies kept. */
export const reviseStage = async (
  { run, context }: Pipeline,
  options: ReviseStageOptions,
): Promise<RevisionRecord[]> => {
  const { name, after, model, constitution, rounds, mode, sampling } = options;
  const { items, leftOut } = revisionItems(options.prompts, options.answers);
  const inputs = {
    model,
    constitution: hashConstitution(constitution),
    rounds,
    mode,
    sampling,
    items: items.map(({ reply }) => reply),
  };
  await run.stage({ name, inputs, after }, async (stage) => {
    if (leftOut > 0)
      stage.warn(
        "answers-left-out",
        `${leftOut} answers were refused by the provider or empty, and were not revised.`,
      );
    const file = await stage.records("revisions.jsonl", revisionRecordSchema);
    await withModel(model, context, stage.signal, async (opened) => {
      const chunk = opened.capabilities.batch;
      const { skipItems, skipRows } = resumePoint(file.existing.length, chunk);
      const chunks = reviseBatch({
        model: opened,
        items: items.slice(skipItems),
        constitution,
        rounds,
        mode,
        runSeed: run.seed,
        stage: name,
        seedStage: options.seedStage ?? name,
        chunk,
        signal: stage.signal,
        ...sampling,
      });
      await appendChunks(file, chunks, skipRows, (rows) =>
        stage.progress(rows, items.length, "chains", `${rounds} rounds`),
      );
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
  readonly seedStage?: string;
};

const pairsOf = (prompts: readonly PromptRecord[], samples: readonly ReplyRecord[]): ReplyPair[] => {
  const byPrompt = Map.groupBy(samples, ({ prompt }) => prompt);
  return prompts.flatMap((prompt): ReplyPair[] => {
    const [first, second] = byPrompt.get(prompt.id) ?? [];
    if (first === undefined || second === undefined) return [];
    return [{ id: prompt.id, prompt: prompt.id, messages: prompt.messages, replies: [first, second] }];
  });
};

const checkLabels = (labels: readonly LabelRecord[], judge: string): void => {
  assertJudgeReads(labels);
  if (labels.length > 0 && labels.every(({ state }) => state === "unscored")) {
    throw new CovenantError(
      "judge-unscored",
      `The judge ${judge} gave a usable answer to none of ${labels.length} comparisons. Choose a judge that gives log-probabilities.`,
      { judge },
    );
  }
};

/**
 * <name>/samples.jsonl and labels.jsonl: two samples a prompt from the policy, compared by the judge under one drawn
 * principle each, in both orders.
 */
export const labelStage = async (
  { run, context }: Pipeline,
  options: LabelStageOptions,
): Promise<LabelRecord[]> => {
  const { name, after, policy, judge, constitution, prompts, sampling } = options;
  const seedStage = options.seedStage ?? name;
  const policyName = nameInRun(run.folder, policy);
  const inputs = {
    policy: policyName,
    judge,
    constitution: hashConstitution(constitution),
    sampling,
    prompts: prompts.map(({ id }) => id),
  };
  await run.stage({ name, inputs, after }, async (stage) => {
    const sampleFile = await stage.records("samples.jsonl", replyRecordSchema);
    const labelFile = await stage.records("labels.jsonl", labelRecordSchema);
    const total = prompts.length * 3;
    await withModel(
      policy,
      context,
      stage.signal,
      async (opened) => {
        const chunk = Math.max(1, Math.floor(opened.capabilities.batch / 2));
        const { skipItems, skipRows } = resumePoint(sampleFile.existing.length, chunk, 2);
        const chunks = sampleReplies({
          model: opened,
          prompts: prompts.slice(skipItems),
          runSeed: run.seed,
          stage: name,
          seedStage,
          samples: 2,
          chunk,
          signal: stage.signal,
          ...sampling,
        });
        await appendChunks(sampleFile, chunks, skipRows, (rows) =>
          stage.progress(rows, total, "replies and labels"),
        );
      },
      policyName,
    );
    const samples = await readRecords(sampleFile.path, replyRecordSchema);
    const pairs = pairsOf(prompts, samples);
    await withModel(judge, context, stage.signal, async (opened) => {
      const chunk = Math.max(1, Math.floor(opened.capabilities.batch / 2));
      const { skipItems, skipRows } = resumePoint(labelFile.existing.length, chunk);
      const chunks = labelBatch({
        judge: opened,
        pairs: pairs.slice(skipItems),
        constitution,
        runSeed: run.seed,
        stage: name,
        seedStage,
        chunk,
        signal: stage.signal,
      });
      await appendChunks(labelFile, chunks, skipRows, (rows) =>
        stage.progress(prompts.length * 2 + rows, total, "replies and labels"),
      );
    });
    checkLabels(await readRecords(labelFile.path, labelRecordSchema), judge);
  });
  return readRecords(join(run.folder, name, "labels.jsonl"), labelRecordSchema);
};
