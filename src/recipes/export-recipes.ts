// `covenant export merge|adapter`: what was learned with low-rank adapters as folders for others. merge writes one whole
// model that transformers opens; adapter writes PEFT's two files. Nothing that is there already is overwritten.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../core/index.ts";
import { isToBeFetched } from "../models/index.ts";
import { type ModelFolder, mergeFolder, saveAdapterFolder, saveModelFolder } from "../transformer/index.ts";
import { invertedOrigins, writeOrigin } from "./datasets/origin.ts";
import { asModelName, readModelName } from "./names.ts";
import { planOf, planWriting } from "./plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { outSetting } from "./settings.ts";
import { baseOfAdapter } from "./stages/adapter-start.ts";
import { adaptersIn, refuseFolderOfModels } from "./stages/model-checks.ts";
import { folderOptions, loadFolder, trainableFolder } from "./stages/models.ts";

const needed = "an adapter is needed: --model runs/sft, or the folder that PEFT wrote";

const shared = (out: string) => ({
  model: z
    .string({ error: ({ input }) => (input === undefined ? needed : undefined) })
    .min(1)
    .overwrite(readModelName)
    .describe("adapter folder, run folder with one adapter in it, or hf:owner/name of an adapter"),
  out: outSetting(out).describe("folder to write"),
  format: z
    .enum(["float32", "float16", "bfloat16"])
    .default("float32")
    .describe("number format of the weights that are written"),
});

const mergeSchema = z.strictObject(shared("merged"));
const adapterSchema = z.strictObject({
  ...shared("adapter"),
  base: z
    .string()
    .min(1)
    .optional()
    .describe("what the adapter names as its base, e.g. owner/name; by default what it names now"),
});

type ExportConfig = z.output<typeof mergeSchema>;
type Adapted = { readonly folder: string; readonly model: ModelFolder };

/** The adapter's folder that a name stands for: itself, or the only one in a run. */
const adapterFolderOf = async (name: string, context: RecipeContext): Promise<string> => {
  const folder = await trainableFolder(name, context);
  const inside = await adaptersIn(folder);
  if (inside.length === 1) return inside[0]!;
  if (inside.length === 0) await refuseFolderOfModels(folder);
  else
    throw new UserError(
      "adapters-several",
      `${folder} holds several adapters. Name one of them with --model:\n  ${inside.join("\n  ")}`,
      { folder, inside },
    );
  return folder;
};

/** The adapted model, and everything that can be wrong. null in a dry run of one that is still to be fetched. */
const prepare = async (
  { model: name, out }: ExportConfig,
  context: RecipeContext,
): Promise<Adapted | null> => {
  if (existsSync(out))
    throw new UserError(
      "file-exists",
      `${out} is there already and is not overwritten. Choose another --out, or remove it.`,
      { out },
    );
  if (context.dry === true && (await isToBeFetched(name, folderOptions(context)))) return null;
  const folder = await adapterFolderOf(name, context);
  const model = await loadFolder(folder, context);
  if (model.adapter !== null) return { folder, model };
  throw new UserError(
    "no-adapter",
    `${folder} is a whole model, without an adapter to export. Expected a folder with adapter_config.json: trainings write one with --set sft.lora.rank=16.`,
    { folder },
  );
};

const prepared = async (config: ExportConfig, context: RecipeContext): Promise<Adapted> =>
  (await prepare(config, { ...context, dry: false }))!;

const flags = {
  model: { path: "model", description: "adapter or run folder", placeholder: "name" },
  out: { path: "out", description: "folder to write", placeholder: "folder" },
  format: { path: "format", description: "number format of the weights", placeholder: "format" },
};

/** A model of an inverted arm says so wherever it goes. */
const outcome = async ({ out }: ExportConfig, folder: string) => {
  const inverted = await invertedOrigins(folder);
  if (inverted.length > 0) await writeOrigin(out, { kind: "model", inverted });
  return {
    lines: [`Written: ${asModelName(out)}`],
    document: { folder: resolve(out), from: resolve(folder) },
  };
};

/** `covenant export merge`. */
export const mergeRecipe: Recipe<typeof mergeSchema> = {
  command: ["export", "merge"],
  summary: "write an adapter and its base as one model that transformers opens",
  schema: mergeSchema,
  flags,
  positional: "model",
  async plan(config, context) {
    await prepare(config, context);
    return planOf([planWriting("export", "one model folder")]);
  },
  async run(config, context) {
    const adapted = await prepared(config, context);
    const model = mergeFolder(adapted.model);
    await saveModelFolder(config.out, { ...model, tokenizer: model.tokenizer.files, format: config.format });
    return outcome(config, adapted.folder);
  },
};

/** `covenant export adapter`. */
export const adapterRecipe: Recipe<typeof adapterSchema> = {
  command: ["export", "adapter"],
  summary: "write an adapter as PEFT opens it, with the base that it is to name",
  schema: adapterSchema,
  flags: { ...flags, base: { path: "base", description: "the base to name", placeholder: "name" } },
  positional: "model",
  async plan(config, context) {
    await prepare(config, context);
    return planOf([planWriting("export", "one adapter folder")]);
  },
  async run(config, context) {
    const adapted = await prepared(config, context);
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
    return outcome(config, adapted.folder);
  },
};
