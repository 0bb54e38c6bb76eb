// SL-CAI as a stage: supervised fine-tuning on revisions and helpful answers.
// Where the rows come from is not known here: from a run's revisions, or from a file of one's own.

import { join } from "node:path";
import { type SftRow, sftRowSchema } from "../../records/index.ts";
import { createSftTrainer, sftItems, sftSteps, trainSft } from "../../training/index.ts";
import type { TrainingSettings } from "../settings.ts";
import type { Pipeline } from "./data.ts";
import { warnLeftOut } from "./left-out.ts";
import { loadTrainable, nameInRun } from "./models.ts";
import { trainStage } from "./train-stage.ts";
import {
  epochsOf,
  fixed,
  keepRows,
  optimiserOf,
  requireRows,
  type StageBase,
  savePolicy,
  stateToTrain,
  trainingSeed,
  warnFewRows,
  warnTooLong,
} from "./training-parts.ts";

export type SftStageOptions = StageBase & {
  readonly model: string;
  readonly rows: readonly SftRow[];
  readonly settings: TrainingSettings;
  /** A Jinja file, in place of the model's own template. */
  readonly chatTemplate?: string;
};

/** <name>/model: the model folder after supervised fine-tuning on rows. */
export const sftStage = async ({ run, context }: Pipeline, options: SftStageOptions): Promise<string> => {
  const { name, after, rows, settings, leftOut = {} } = options;
  await run.stage(
    { name, after, inputs: { model: nameInRun(run.folder, options.model), rows, settings } },
    async (stage) => {
      const model = await loadTrainable(options.model, context, options.chatTemplate);
      const seed = trainingSeed(run.seed, name);
      const state = stateToTrain(model, model.weights, settings.lora, seed);
      const { items, tooLong } = sftItems(rows, model.codec, model.config.maxPositions);
      warnTooLong(stage, tooLong, model.config.maxPositions);
      warnLeftOut(stage, leftOut, rows.length, "text");
      requireRows(items.length, name, { made: rows.length, leftOut });
      warnFewRows(stage, items.length, settings.batch);
      await keepRows(stage, sftRowSchema, rows);
      const trainer = createSftTrainer(state, optimiserOf(settings));
      const loop = { trainer, items, ...epochsOf(settings, model, stage, seed) };
      await trainStage({
        name,
        stage,
        clock: context.clock,
        state,
        trainer,
        totalSteps: sftSteps(loop),
        note: ({ loss }) => `loss ${fixed(loss)}`,
        loop: (start) => trainSft({ ...loop, start }),
        save: () => savePolicy(stage, model, state),
      });
    },
  );
  return join(run.folder, name, "model");
};
