// What `covenant export merge|adapter` have in common: settings, finding the adapter that is meant, and what is told at
// the end. Nothing that is there already is overwritten. What is written is theirs.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../../core/index.ts";
import { isToBeFetched } from "../../models/index.ts";
import type { ModelFolder } from "../../transformer/index.ts";
import { invertedOrigins, writeOrigin } from "../datasets/origin.ts";
import type { RecipeContext } from "../recipe.ts";
import { asModelName, readModelName } from "../settings/names.ts";
import { outSetting } from "../settings/settings.ts";
import { adaptersIn, refuseFolderOfModels } from "../stages/model-checks.ts";
import { folderOptions, loadFolder, trainableFolder } from "../stages/models.ts";

const needed = "an adapter is needed: --model runs/sft, or the folder that PEFT wrote";

/** The settings of both. out: the folder to write by default. */
export const exportSettings = (out: string) => ({
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

type ExportConfig = Readonly<Record<"model" | "out", string>>;

/** An adapter's folder and the adapted model. */
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
export const prepareExport = async (
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

/** The same where it is to be written now. */
export const openExport = async (config: ExportConfig, context: RecipeContext): Promise<Adapted> =>
  (await prepareExport(config, { ...context, dry: false }))!;

export const exportFlags = {
  model: { path: "model", description: "adapter or run folder", placeholder: "name" },
  out: { path: "out", description: "folder to write", placeholder: "folder" },
  format: { path: "format", description: "number format of the weights", placeholder: "format" },
};

/** What is told of what was written; a model of an inverted arm says so wherever it goes. next: how to go on, in lines. */
export const exportOutcome = async ({ out }: ExportConfig, folder: string, next: readonly string[] = []) => {
  const inverted = await invertedOrigins(folder);
  if (inverted.length > 0) await writeOrigin(out, { kind: "model", inverted });
  return {
    lines: [`Written: ${asModelName(out)}`, ...next],
    document: { folder: resolve(out), from: resolve(folder) },
  };
};
