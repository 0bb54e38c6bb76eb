// `covenant train sft`: supervised fine-tuning on rows from a file, as a run of its own. How a training on rows is
// checked, planned and told is in row-training.ts.

import { z } from "zod";
import type { SftRow } from "../records/index.ts";
import { planRows, type RowTraining, rowSettings, runRows } from "./bodies/row-training.ts";
import { openSftRows } from "./inputs/training-data.ts";
import type { Recipe } from "./recipe.ts";
import { trainFlags } from "./settings/flags.ts";
import { trainingFolder } from "./settings/folders.ts";
import { outSetting, sftTrainingSettings } from "./settings/settings.ts";
import { readySftRows, sftStage } from "./stages/sft.ts";
import { loadWords, modelWords, nextCommands, tryCommands } from "./summaries/next-command.ts";

const schema = z.strictObject({
  ...rowSettings("runs/revise/rows/sft.jsonl"),
  out: outSetting("runs/sft"),
  sft: sftTrainingSettings,
});

const training: RowTraining<z.output<typeof schema>, SftRow> = {
  name: "train sft",
  stage: "sl",
  block: "sft",
  settingsOf: ({ sft }) => sft,
  task: "causal-lm",
  openRows: openSftRows,
  ready: ({ rows, placeOf }, model, { sft }) => readySftRows(rows, model, sft, { placeOf }),
  train: (pipeline, { model, sft, chatTemplate }, rows) =>
    sftStage(pipeline, { name: "sl", after: [], model, ...rows, settings: sft, chatTemplate }),
  next(config, learned) {
    if (!learned.sandbox) return tryCommands(learned, config.sft);
    // with a template of one's own the model it started from may have none, and what it became has it
    const judge = config.chatTemplate === undefined ? config.model : learned.model;
    return nextCommands([
      ...["label", ...modelWords(learned.model), "--judge", judge],
      ...loadWords(config.sft),
    ]);
  },
};

/** `covenant train sft`. */
export const recipe: Recipe<typeof schema> = {
  command: ["train", "sft"],
  summary: "fine-tune a model on prompts and completions, chats or texts",
  schema,
  fromEnvironment: trainingFolder("SFT_OUTPUT_DIR", "revise"),
  flags: trainFlags("sft"),
  plan: (config, context) => planRows(training, config, context),
  run: (config, context) => runRows(training, config, context),
};
