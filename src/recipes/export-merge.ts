// `covenant export merge`: an adapter and its base as one whole model that transformers opens. Which adapter is meant,
// adapter-export.ts finds.

import { z } from "zod";
import { mergeFolder, saveModelFolder } from "../transformer/index.ts";
import {
  exportFlags,
  exportOutcome,
  exportSettings,
  openExport,
  prepareExport,
} from "./bodies/adapter-export.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe } from "./recipe.ts";
import { asModelName } from "./settings/names.ts";
import { nextCommands } from "./summaries/next-command.ts";

const schema = z.strictObject(exportSettings("merged"));

/** `covenant export merge`. */
export const recipe: Recipe<typeof schema> = {
  command: ["export", "merge"],
  summary: "write an adapter and its base as one model that transformers opens",
  schema,
  flags: exportFlags,
  positional: "model",
  async plan(config, context) {
    await prepareExport(config, context);
    return planOf([planWriting("export", "one model folder")]);
  },
  async run(config, context) {
    const adapted = await openExport(config, context);
    const model = mergeFolder(adapted.model);
    await saveModelFolder(config.out, { ...model, tokenizer: model.tokenizer.files, format: config.format });
    const talks = model.task === "causal-lm" && model.chatTemplate !== null;
    const next = talks ? nextCommands(["chat", asModelName(config.out)]) : [];
    return exportOutcome(config, adapted.folder, next);
  },
};
