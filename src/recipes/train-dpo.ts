// `covenant train dpo`: direct preference optimisation on preference rows of a file, as a run of its own. How a training
// on rows is checked, planned and told is in row-training.ts.

import { z } from "zod";
import type { PairRow } from "../records/index.ts";
import { planRows, type RowTraining, rowSettings, runRows } from "./bodies/row-training.ts";
import { openPairRows } from "./inputs/training-data.ts";
import type { Recipe } from "./recipe.ts";
import { trainFlags } from "./settings/flags.ts";
import { trainingFolder } from "./settings/folders.ts";
import { dpoSettings, outSetting } from "./settings/settings.ts";
import { dpoStage, readyDpoRows } from "./stages/preferences.ts";
import { measureCommand, tryCommands } from "./summaries/next-command.ts";

const schema = z.strictObject({
  ...rowSettings("runs/label/rows/preferences.jsonl"),
  out: outSetting("runs/dpo"),
  dpo: dpoSettings,
});

const training: RowTraining<z.output<typeof schema>, PairRow> = {
  name: "train dpo",
  stage: "dpo",
  block: "dpo",
  settingsOf: ({ dpo }) => dpo,
  task: "causal-lm",
  reference: true,
  openRows: openPairRows,
  ready: ({ rows, placeOf }, model, { dpo }) => readyDpoRows(rows, model, dpo, { placeOf }),
  train: (pipeline, { model, dpo, chatTemplate }, rows) =>
    dpoStage(pipeline, { name: "dpo", after: [], model, ...rows, settings: dpo, chatTemplate }),
  next: (config, learned) =>
    learned.sandbox ? measureCommand(config, learned.model, config.dpo) : tryCommands(learned, config.dpo),
};

/** `covenant train dpo`. */
export const recipe: Recipe<typeof schema> = {
  command: ["train", "dpo"],
  summary: "optimise a model on preference rows directly (DPO)",
  schema,
  fromEnvironment: trainingFolder("DPO_OUTPUT_DIR", "label"),
  flags: trainFlags("dpo"),
  plan: (config, context) => planRows(training, config, context),
  run: (config, context) => runRows(training, config, context),
};
