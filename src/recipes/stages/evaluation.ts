// Evaluation as a stage: replies of several models to the held-out prompts, each judged by the sandbox's oracle, and
// the figures of a run made of them. A reply that is no answer (a refusal by the provider, an empty one of an endpoint) is kept
// and not judged. The oracle measures what is finished; nothing here flows back into training.

import { join } from "node:path";
import {
  counted,
  createRandom,
  deriveSeed,
  firstOf,
  mapped,
  matching,
  sequenceOf,
  UserError,
} from "../../core/index.ts";
import { unjudgedEnd } from "../../evaluation/index.ts";
import { sampleReplies } from "../../feedback/index.ts";
import { answeredByOf } from "../../models/index.ts";
import {
  type ArmId,
  type EvaluatedId,
  type EvaluatedRecord,
  evaluatedRecordSchema,
  type ModelId,
  type PromptRecord,
  type ReplyRecord,
  type StageName,
} from "../../records/index.ts";
import { readRecords, type StageContext } from "../../runs/index.ts";
import { isRequest, parseReply } from "../../sandbox/index.ts";
import type { SamplingSettings } from "../settings/settings.ts";
import { askInto } from "./asking.ts";
import { checkMeasured, isMeasurable } from "./measured-replies.ts";
import { nameInRun } from "./models.ts";
import { watchSilence } from "./silence.ts";
import type { Pipeline } from "./stage-model.ts";
import { type ResultFile, type Watch, watchedFile } from "./watched-file.ts";

/** A model to evaluate. arm: "base" for the model every arm starts from. name: a model name or folder. */
export type EvaluatedModel = { readonly arm: ArmId; readonly model: EvaluatedId; readonly name: ModelId };

export type EvaluationStageOptions = {
  readonly after: readonly StageName[];
  readonly models: readonly EvaluatedModel[];
  readonly prompts: readonly PromptRecord[];
  /** Training prompts that are answered, too, and count in no figure. */
  readonly followed?: readonly PromptRecord[];
  readonly sampling: SamplingSettings;
};

const followedCount = 24;

/** Training prompts that every model answers in the end, so that each can be followed from its lesson to the answers. */
export const followedPrompts = (train: readonly PromptRecord[], runSeed: number): PromptRecord[] =>
  createRandom(deriveSeed(runSeed, "followed")).shuffle(train).slice(0, followedCount);

/** The last thing the user said: what the oracle reads as the request. */
export const requestOf = ({ messages }: Pick<PromptRecord, "messages">): string =>
  messages.at(-1)?.content ?? "";

/** Throws UserError when a prompt is not of the sandbox's language: call it before the work, not after it. */
export const requireMeasurable = (prompts: readonly PromptRecord[]): void => {
  const foreign = prompts.filter((prompt) => !isRequest(requestOf(prompt)));
  const first = foreign[0];
  if (first === undefined) return;
  throw new UserError(
    "prompts-not-measurable",
    `${foreign.length} of ${counted(prompts.length, "prompt")} ${foreign.length === 1 ? "is" : "are"} not in the sandbox's language, and its oracle, which measures here, cannot read ${foreign.length === 1 ? "it" : "them"}, even where each word is known: ${firstOf(foreign.map((prompt) => `"${requestOf(prompt).slice(0, 80)}" (${prompt.id})`))}. Leave out --prompts to use the sandbox's own; \`covenant revise\`, \`covenant label\` and \`covenant evaluate tournament\` take any prompts.`,
    { prompts: foreign.map(({ id }) => id) },
  );
};

const judge = (reply: ReplyRecord, prompt: PromptRecord, evaluated: EvaluatedModel): EvaluatedRecord => {
  const id = `evaluate/${evaluated.arm}/${evaluated.model}/${prompt.id}`;
  const request = requestOf(prompt);
  const isAnswer = isMeasurable(reply, evaluated.name);
  return {
    id,
    parents: [prompt.id],
    stage: "evaluate",
    seed: reply.seed,
    prompt: prompt.id,
    ...(prompt.kind === undefined ? {} : { kind: prompt.kind }),
    ...(prompt.area === undefined ? {} : { area: prompt.area }),
    arm: evaluated.arm,
    model: evaluated.model,
    ...answeredByOf([reply]),
    request,
    text: reply.text,
    verdict: isAnswer ? parseReply(reply.text, request) : null,
    ...(prompt.split === "train" ? { split: "train" as const } : {}),
    ...(isAnswer ? {} : { finish: reply.finish }),
  };
};

const isOfModel = (row: EvaluatedRecord, { arm, model }: EvaluatedModel): boolean =>
  row.arm === arm && row.model === model;

const isMeasured = ({ split }: EvaluatedRecord): boolean => split === undefined;

/** Ends the stage where the first replies of one of its models are silence. */
const watchModel = (evaluated: EvaluatedModel, name: string): Watch<EvaluatedRecord> => {
  const { see, check } = watchSilence(name, unjudgedEnd);
  return {
    see(row) {
      if (isOfModel(row, evaluated)) see(row);
    },
    check,
  };
};

/** Replies of one model that are not yet in the file, judged and appended. onRows: told how many verdicts are there. */
const judgeModel = async (
  pipeline: Pipeline,
  stage: StageContext,
  evaluated: EvaluatedModel,
  { prompts, sampling }: Pick<EvaluationStageOptions, "prompts" | "sampling">,
  file: ResultFile<EvaluatedRecord>,
  onRows: (rows: number) => void,
): Promise<void> => {
  const byId = new Map(prompts.map((prompt) => [prompt.id, prompt]));
  await askInto(pipeline, stage, file, {
    asked: { unit: "answers" },
    model: evaluated.name,
    items: sequenceOf(prompts),
    work: (opened, { items, ...work }) =>
      mapped(sampleReplies({ ...work, model: opened, prompts: items, ...sampling }), ({ records }) => ({
        records: records.map((reply) => judge(reply, byId.get(reply.prompt)!, evaluated)),
      })),
    onChunk: onRows,
  });
};

/**
 * evaluate/verdicts.jsonl: one judged reply of every model to every prompt; all models sample from the same seeds.
 * Resolves to those that figures are made of. Throws UserError for a prompt that is not in the sandbox's language, and
 * CovenantError where a model answers nothing.
 */
export const evaluationStage = async (
  pipeline: Pipeline,
  options: EvaluationStageOptions,
): Promise<EvaluatedRecord[]> => {
  const { run } = pipeline;
  const { models, sampling, after, followed = [] } = options;
  const prompts = [...options.prompts, ...followed];
  requireMeasurable(prompts);
  const inputs = {
    models: models.map(({ arm, model }) => `${arm}/${model}`),
    sampling,
    prompts: prompts.map(({ id }) => id),
  };
  await run.stage({ name: "evaluate", inputs, after }, async (stage) => {
    const file = await stage.records("verdicts.jsonl", evaluatedRecordSchema);
    const total = models.length * prompts.length;
    for (const [at, evaluated] of models.entries()) {
      const base = at * prompts.length;
      const existing = Math.min(Math.max(0, file.existing - base), prompts.length);
      const name = nameInRun(run.folder, evaluated.name);
      if (existing < prompts.length) {
        const own = await watchedFile({ ...file, existing }, watchModel(evaluated, name));
        await judgeModel(pipeline, stage, evaluated, { prompts, sampling }, own, (rows) => {
          stage.progress(base + rows, total, "replies", `${evaluated.arm}/${evaluated.model}`);
        });
      }
      const measured = matching(file.rows(), (row) => isOfModel(row, evaluated) && isMeasured(row));
      await checkMeasured(stage, mapped(measured, unjudgedEnd), name);
    }
  });
  const replies = await readRecords(join(run.folder, "evaluate", "verdicts.jsonl"), evaluatedRecordSchema);
  return replies.filter(isMeasured);
};
