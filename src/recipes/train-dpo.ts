// `covenant train dpo`: direct preference optimisation on preference rows of a file, as a run of its own. How a training
// on rows is checked, planned and told is in row-training.ts.

import { z } from "zod";
import type { PairRow } from "../records/index.ts";
import { trainFlags } from "./flags.ts";
import { trainingFolder } from "./folders.ts";
import { measureCommand, tryCommands } from "./next-command.ts";
import type { Recipe } from "./recipe.ts";
import { planRows, type RowTraining, rowSettings, runRows } from "./row-training.ts";
import { dpoSettings, outSetting } from "./settings.ts";
import { dpoStage, readyDpoRows } from "./stages/preferences.ts";
import { openPairRows } from "./training-data.ts";

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
