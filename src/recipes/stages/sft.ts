// SL-CAI as a stage: supervised fine-tuning on revisions and helpful answers.
// Where the rows come from is not known here: from a run's revisions, or from a file of one's own.

import { join } from "node:path";
import { type SftRow, sftRowSchema } from "../../records/index.ts";
import { createSftTrainer, sftItems, sftSteps, trainSft } from "../../training/index.ts";
import type { SftTrainingSettings } from "../settings.ts";
import type { Pipeline } from "./data.ts";
import { warnLeftOut } from "./left-out.ts";
import { loadTrainable, nameInRun } from "./models.ts";
import { trainStage } from "./train-stage.ts";
import {
  epochsOf,
  fixed,
  heldOutOf,
  keepRows,
  optimiserOf,
  requireRows,
  rowLimit,
  type StageBase,
  savePolicy,
  splitRows,
  stateToTrain,
  trainedFolder,
  trainingSeed,
  warnFewRows,
  warnTooLong,
} from "./training-parts.ts";

/** What a row answers: rows that answer the same are on one side of the evaluation split. */
const promptOf = (row: SftRow): unknown => {
  if ("text" in row) return row.text;
  return "messages" in row ? row.messages.slice(0, -1) : row.prompt;
};

export type SftStageOptions = StageBase & {
  readonly model: string;
  readonly rows: readonly SftRow[];
  readonly settings: SftTrainingSettings;
  /** A Jinja file, in place of the model's own template. */
  readonly chatTemplate?: string;
};

/** <name>/model: the model folder after supervised fine-tuning on rows. */
export const sftStage = async ({ run, context }: Pipeline, options: SftStageOptions): Promise<string> => {
  const { name, after, rows, settings, leftOut = {} } = options;
  await run.stage(
    { name, after, inputs: { model: nameInRun(run.folder, options.model), rows, settings } },
    async (stage) => {
      const { chatTemplate } = options;
      const model = await loadTrainable(options.model, context, {
        texts: true,
        ...settings,
        ...(chatTemplate === undefined ? {} : { chatTemplate }),
      });
      const seed = trainingSeed(run.seed, name);
      const state = stateToTrain(model, model.weights, settings, seed);
      const { learned, heldOut } = splitRows(rows, settings.evaluationShare, promptOf);
      const limit = rowLimit(settings, model.config);
      const encode = (some: readonly SftRow[]) => {
        const { items, ...long } = sftItems(some, model.codec, { ...limit, learn: settings.learn });
        warnTooLong(stage, some, { ...long, ...limit }, options.placeOf);
        return items;
      };
      const items = encode(learned);
      warnLeftOut(stage, leftOut, rows.length, "text");
      requireRows(items.length, name, { made: rows.length, held: heldOut.length, leftOut });
      warnFewRows(stage, items.length, settings.batch);
      await keepRows(stage, sftRowSchema, rows);
      const trainer = createSftTrainer(state, optimiserOf(settings));
      const evaluation = heldOutOf(encode(heldOut), settings);
      const loop = { trainer, rows: items, ...evaluation, ...epochsOf(settings, model, stage, seed) };
      await trainStage({
        name,
        stage,
        clock: context.clock,
        state,
        trainer,
        totalSteps: sftSteps(loop),
        keepBest: settings.keepBest,
        note: ({ loss }) => `loss ${fixed(loss)}`,
        loop: (start) => trainSft({ ...loop, start }),
        save: () => savePolicy(stage, model, state),
      });
    },
  );
  return join(run.folder, name, trainedFolder(settings));
};
