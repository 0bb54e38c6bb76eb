// `covenant train reward`: a reward model from preference rows of a file, as a run of its own. How a training on rows is
// checked, planned and told is in row-training.ts.

import { join } from "node:path";
import { z } from "zod";
import { type PairRow, rewardPairRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { planRows, type RowTraining, rowSettings, runRows } from "./bodies/row-training.ts";
import { openPairRows } from "./inputs/training-data.ts";
import type { Recipe } from "./recipe.ts";
import { trainFlags } from "./settings/flags.ts";
import { trainingFolder } from "./settings/folders.ts";
import { outSetting, rewardSettings } from "./settings/settings.ts";
import { describeHeldOut } from "./stages/chance.ts";
import { readyRewardRows, rewardStage } from "./stages/preferences.ts";
import { nextCommands, readingWords } from "./summaries/next-command.ts";

const schema = z.strictObject({
  ...rowSettings("runs/label/rows/preferences.jsonl"),
  out: outSetting("runs/reward"),
  reward: rewardSettings,
});

const training: RowTraining<z.output<typeof schema>, PairRow> = {
  name: "train reward",
  stage: "reward",
  block: "reward",
  settingsOf: ({ reward }) => reward,
  task: "sequence-classification",
  openRows: openPairRows,
  ready: ({ rows, placeOf }, model, { reward }) => readyRewardRows(rows, model, reward, { placeOf }),
  train: (pipeline, { model, reward, chatTemplate }, rows) =>
    rewardStage(pipeline, { name: "reward", after: [], model, ...rows, settings: reward, chatTemplate }),
  measured: async ({ run }) =>
    describeHeldOut(await readRecords(join(run.folder, "reward", "held-out.jsonl"), rewardPairRecordSchema)),
  next(config, { model, rows, sandbox }) {
    const prompts = sandbox ? [] : ["--prompts", rows];
    const { load } = config.reward;
    const held = load === undefined ? [] : ["--reward-load", load];
    const policy = ["train", "ppo", "--model", config.model, "--reward", model, ...held];
    return nextCommands([...policy, ...prompts, ...readingWords(config)]);
  },
};

/** `covenant train reward`. */
export const recipe: Recipe<typeof schema> = {
  command: ["train", "reward"],
  summary: "train a reward model on preference rows with soft labels",
  schema,
  fromEnvironment: trainingFolder(null, "label"),
  flags: trainFlags("reward"),
  plan: (config, context) => planRows(training, config, context),
  run: (config, context) => runRows(training, config, context),
};
