// Saving model folders as Hugging Face lays them out, and adapters' folders as PEFT does: whole or not at all, written
// beside and then renamed. The same model gives the same bytes. Knows nothing of how they are read.

import { join } from "node:path";
import { type DiskWriter, replaceFolder, systemDisk, writeFileAtomic } from "../core/index.ts";
import { adapterFiles, type SavedAdapter, writeAdapterFiles } from "./adapter-folder.ts";
import type { ChatTemplate } from "./chat-template.ts";
import { weightsName } from "./checkpoint-weights.ts";
import { writeModelConfig } from "./config.ts";
import type { ModelConfig, ModelTask, WeightFormat } from "./families/family.ts";
import { type GenerationConfig, generationConfigName, writeGenerationConfig } from "./generation-config.ts";
import { checkWeights, type Weights } from "./parameters.ts";
import { writeSafetensors } from "./safetensors.ts";
import type { TokenizerFiles } from "./tokenizer.ts";
import { templateInConfig } from "./tokenizer-folder.ts";

/** What saveModelFolder writes. */
export type SavedModel = {
  readonly config: ModelConfig;
  readonly weights: Weights;
  readonly tokenizer: TokenizerFiles;
  /** Written as chat_template.jinja when it is not the one in the tokenizer's own configuration. */
  readonly chatTemplate?: ChatTemplate | null;
  /** What generation_config.json says; where it is not given, the tokens of config.json alone. */
  readonly generationConfig?: GenerationConfig;
  /** Default causal-lm. */
  readonly task?: ModelTask;
  /** Number format on disk. Default float32. */
  readonly format?: WeightFormat;
};

const formatJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const writeTokenizer = async (
  folder: string,
  { tokenizer, chatTemplate }: Pick<SavedModel, "tokenizer" | "chatTemplate">,
  disk: DiskWriter,
): Promise<void> => {
  await writeFileAtomic(join(folder, "tokenizer.json"), tokenizer.tokenizerJson, disk);
  await writeFileAtomic(join(folder, "tokenizer_config.json"), tokenizer.configJson, disk);
  if (tokenizer.tokenMapJson !== undefined)
    await writeFileAtomic(join(folder, "special_tokens_map.json"), tokenizer.tokenMapJson, disk);
  const template = chatTemplate?.source;
  if (template !== undefined && template !== templateInConfig(tokenizer.configJson, "tokenizer_config.json"))
    await writeFileAtomic(join(folder, "chat_template.jinja"), template, disk);
};

const writeFiles = async (folder: string, model: SavedModel, disk: DiskWriter): Promise<void> => {
  const { config, weights, task = "causal-lm", format = "float32" } = model;
  await writeFileAtomic(
    join(folder, "config.json"),
    formatJson(writeModelConfig(config, task, format)),
    disk,
  );
  await writeTokenizer(folder, model, disk);
  // a reward model's, too: which tokens end a reply says where it reads its score
  const generation = writeGenerationConfig(config, model.generationConfig);
  await writeFileAtomic(join(folder, generationConfigName), formatJson(generation), disk);
  await writeSafetensors(join(folder, weightsName), weights, format, disk);
};

/** An adapter's folder to be written: the tokenizer lies beside it, as trainers leave it. */
export type SavedAdapterFolder = SavedAdapter & Pick<SavedModel, "tokenizer" | "chatTemplate">;

/** Saves an adapter's folder that PEFT opens, whole or not at all. Throws as saveModelFolder does. */
export const saveAdapterFolder = (
  folder: string,
  adapter: SavedAdapterFolder,
  disk: DiskWriter = systemDisk,
): Promise<void> =>
  replaceFolder(folder, { marker: adapterFiles.config, what: "adapter folder" }, async (unfinished) => {
    await writeAdapterFiles(unfinished, adapter, disk);
    await writeTokenizer(unfinished, adapter, disk);
  });

/**
 * Saves a model folder that `transformers` opens; the same model gives the same bytes. An older model in its place is
 * replaced once the new one is whole; what a process killed while saving left there is mended first. Throws UserError
 * when the disk is full, the place is not writable, or the folder holds something that is no model; CovenantError when
 * the weights do not fit the configuration.
 */
export const saveModelFolder = (
  folder: string,
  model: SavedModel,
  disk: DiskWriter = systemDisk,
): Promise<void> =>
  replaceFolder(
    folder,
    { marker: "config.json", what: "model folder" },
    (unfinished) => writeFiles(unfinished, model, disk),
    () => checkWeights(model.weights, model.config, model.task ?? "causal-lm"),
  );
