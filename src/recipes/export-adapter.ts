// `covenant export adapter`: an adapter alone, as PEFT's two files, with the base that it is to name. Which adapter is
// meant, adapter-export.ts finds.

import { z } from "zod";
import { saveAdapterFolder } from "../transformer/index.ts";
import {
  exportFlags,
  exportOutcome,
  exportSettings,
  openExport,
  prepareExport,
} from "./bodies/adapter-export.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe } from "./recipe.ts";
import { baseOfAdapter } from "./stages/adapter-start.ts";

const schema = z.strictObject({
  ...exportSettings("adapter"),
  base: z
    .string()
    .min(1)
    .optional()
    .describe("what the adapter names as its base, e.g. owner/name; by default what it names now"),
});

/** `covenant export adapter`. */
export const recipe: Recipe<typeof schema> = {
  command: ["export", "adapter"],
  summary: "write an adapter as PEFT opens it, with the base that it is to name",
  schema,
  flags: { ...exportFlags, base: { path: "base", description: "the base to name", placeholder: "name" } },
  positional: "model",
  async plan(config, context) {
    await prepareExport(config, context);
    return planOf([planWriting("export", "one adapter folder")]);
  },
  async run(config, context) {
    const adapted = await openExport(config, context);
    const { tokenizer, chatTemplate, config: shape, task, weights, adapter } = adapted.model;
    const { alpha, rsLora, dropout } = adapter!.specification;
    await saveAdapterFolder(config.out, {
      config: shape,
      task,
      weights,
      scale: 1,
      alpha,
      rsLora,
      dropout,
      ...(config.base === undefined ? baseOfAdapter(adapted.folder, adapter!) : { base: config.base }),
      whole: adapter!.whole,
      format: config.format,
      tokenizer: tokenizer.files,
      chatTemplate,
    });
    return exportOutcome(config, adapted.folder);
  },
};
