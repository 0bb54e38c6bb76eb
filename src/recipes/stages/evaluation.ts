// Evaluation as a stage: replies of several models to the held-out prompts, each judged by the sandbox's oracle, and
// the figures of a run made of them. The oracle measures what is finished; nothing here flows back into training.

import { join } from "node:path";
import { UserError } from "../../core/index.ts";
import { sampleReplies } from "../../feedback/index.ts";
import {
  type PromptRecord,
  type ReplyRecord,
  type VerdictRecord,
  verdictRecordSchema,
} from "../../records/index.ts";
import { readRecords } from "../../runs/index.ts";
import { parseReply, parseRequest } from "../../sandbox/index.ts";
import type { SamplingSettings } from "../settings.ts";
import { appendChunks, resumePoint } from "./chunks.ts";
import type { Pipeline } from "./data.ts";
import { withModel } from "./models.ts";

/** A model to evaluate. arm: "base" for the model every arm starts from. folder: a model name or folder. */
export type EvaluatedModel = { readonly arm: string; readonly model: string; readonly name: string };

export type EvaluationStageOptions = {
  readonly after: readonly string[];
  readonly models: readonly EvaluatedModel[];
  readonly prompts: readonly PromptRecord[];
  readonly sampling: SamplingSettings;
};

/** The last thing the user said: what the oracle reads as the request. */
export const requestOf = ({ messages }: Pick<PromptRecord, "messages">): string =>
  messages.at(-1)?.content ?? "";

/** Throws UserError when a prompt is not of the sandbox's language: call it before the work, not after it. */
export const requireMeasurable = (prompts: readonly PromptRecord[]): void => {
  const foreign = prompts.find((prompt) => parseRequest(requestOf(prompt)) === null);
  if (foreign === undefined) return;
  throw new UserError(
    "prompts-not-measurable",
    `The prompt ${foreign.id} ("${requestOf(foreign).slice(0, 80)}") is not in the sandbox's language, and its oracle, which measures this run, cannot read it. Leave out --prompts to use the sandbox's own; \`covenant revise\` and \`covenant label\` take any prompts.`,
    { prompt: foreign.id },
  );
};

const judge = (reply: ReplyRecord, prompt: PromptRecord, evaluated: EvaluatedModel): VerdictRecord => {
  const id = `evaluate/${evaluated.arm}/${evaluated.model}/${prompt.id}`;
  const request = requestOf(prompt);
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
    request,
    text: reply.text,
    verdict: parseReply(reply.text, request),
  };
};

/**
 * evaluate/verdicts.jsonl: one judged reply of every model to every prompt; all models sample from the same seeds.
 * Throws UserError for a prompt that is not in the sandbox's language.
 */
export const evaluationStage = async (
  { run, context }: Pipeline,
  options: EvaluationStageOptions,
): Promise<VerdictRecord[]> => {
  const { models, prompts, sampling, after } = options;
  requireMeasurable(prompts);
  const byId = new Map(prompts.map((prompt) => [prompt.id, prompt]));
  const inputs = {
    models: models.map(({ arm, model }) => `${arm}/${model}`),
    sampling,
    prompts: [...byId.keys()],
  };
  await run.stage({ name: "evaluate", inputs, after }, async (stage) => {
    const file = await stage.records("verdicts.jsonl", verdictRecordSchema);
    const total = models.length * prompts.length;
    let before = file.existing.length;
    let written = before;
    for (const evaluated of models) {
      const here = Math.min(before, prompts.length);
      before -= here;
      if (here === prompts.length) continue;
      await withModel(evaluated.name, context, stage.signal, async (opened) => {
        const chunk = opened.capabilities.batch;
        const { skipItems, skipRows } = resumePoint(here, chunk);
        const replies = sampleReplies({
          model: opened,
          prompts: prompts.slice(skipItems),
          runSeed: run.seed,
          stage: "evaluate",
          chunk,
          signal: stage.signal,
          ...sampling,
        });
        const judged = (async function* () {
          for await (const { records } of replies) {
            yield {
              records: records.map((reply) => judge(reply, byId.get(reply.prompt)!, evaluated)),
            };
          }
        })();
        const base = written - here;
        await appendChunks({ ...file, existing: file.existing.slice(0, here) }, judged, skipRows, (rows) => {
          written = base + rows;
          stage.progress(written, total, "replies", `${evaluated.arm}/${evaluated.model}`);
        });
      });
    }
  });
  return readRecords(join(run.folder, "evaluate", "verdicts.jsonl"), verdictRecordSchema);
};
