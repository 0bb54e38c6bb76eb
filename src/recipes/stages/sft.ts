// SL-CAI as a stage: supervised fine-tuning on revisions and helpful answers.
// Where the rows come from is not known here: from a run's revisions, or from a file of one's own.

import { join } from "node:path";
import { type SftRow, sftRowSchema } from "../../records/index.ts";
import {
  type ChatCodec,
  createSftTrainer,
  loopSteps,
  packedRowOf,
  rowsAPart,
  sftRowItems,
  trainSft,
} from "../../training/index.ts";
import type { ModelConfig } from "../../transformer/index.ts";
import type { SftTrainingSettings } from "../settings/settings.ts";
import type { Pipeline } from "./data.ts";
import { heldOutOf, keepRows, type LearnedRows, type RowReading, readyRows, warnOf } from "./learned-rows.ts";
import { loadTrainable, nameInRun } from "./models.ts";
import { trainStage } from "./train-stage.ts";
import {
  epochsOf,
  fixed,
  optimiserOf,
  type StageBase,
  savePolicy,
  stateToTrain,
  trainedFolder,
  trainingSeed,
} from "./training-parts.ts";

/** What a row answers: rows that answer the same are on one side of the evaluation split. */
const promptOf = (row: SftRow): unknown => {
  if ("text" in row) return row.text;
  return "messages" in row ? row.messages.slice(0, -1) : row.prompt;
};

/** What rows become tokens with. */
export type RowModel = { readonly codec: ChatCodec; readonly config: ModelConfig };

/** Supervised rows as this training takes them. Throws UserError like readyRows. */
export const readySftRows = (
  rows: readonly SftRow[],
  { codec, config }: RowModel,
  settings: SftTrainingSettings,
  more: Pick<RowReading<SftRow>, "placeOf" | "leftOut"> = {},
): LearnedRows<SftRow> =>
  readyRows(rows, {
    ...more,
    block: "sft",
    settings,
    config,
    share: ["evaluationShare", settings.evaluationShare],
    encode: (row) => sftRowItems(row, codec, settings.learn),
    answers: promptOf,
    what: "text",
  });

export type SftStageOptions = StageBase & {
  readonly model: string;
  readonly rows: readonly SftRow[];
  /** The same rows as tokens, where they are that already. */
  readonly ready?: LearnedRows<SftRow>;
  readonly settings: SftTrainingSettings;
  /** A Jinja file, in place of the model's own template. */
  readonly chatTemplate?: string | undefined;
};

/** <name>/model: the model folder after supervised fine-tuning on rows. */
export const sftStage = async ({ run, context }: Pipeline, options: SftStageOptions): Promise<string> => {
  const { name, after, rows, settings, leftOut = {}, chatTemplate } = options;
  await run.stage(
    { name, after, inputs: { model: nameInRun(run.folder, options.model), rows, settings } },
    async (stage) => {
      const model = await loadTrainable(options.model, context, { ...settings, chatTemplate });
      const seed = trainingSeed(run.seed, name);
      const state = stateToTrain(model, model.weights, settings, seed);
      const { learned, heldOut, notices } = options.ready ?? readySftRows(rows, model, settings, { leftOut });
      warnOf(stage, notices);
      await keepRows(stage, sftRowSchema, rows);
      const trainer = createSftTrainer(state, optimiserOf(settings));
      const items = (some: typeof learned) => some.map(({ item }) => item);
      const rowsOf = { learned: items(learned), heldOut: items(heldOut) };
      const loop = {
        trainer,
        rows: rowsOf.learned,
        ...packedRowOf(
          state,
          { ...rowsOf, part: rowsAPart(settings), budget: context.stepBudget },
          (item) => item,
        ),
        ...heldOutOf(rowsOf.heldOut, settings),
        ...epochsOf(settings, model, stage, seed),
      };
      await trainStage({
        name,
        stage,
        clock: context.clock,
        state,
        trainer,
        totalSteps: loopSteps(loop),
        keepBest: settings.keepBest,
        note: ({ loss }) => `loss ${fixed(loss)}`,
        loop: (start) => trainSft({ ...loop, start }),
        save: () => savePolicy(stage, model, state),
      });
    },
  );
  return join(run.folder, name, trainedFolder(settings));
};
