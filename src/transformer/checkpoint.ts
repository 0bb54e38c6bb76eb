// Model folders as Hugging Face lays them out: config.json, model.safetensors (or several, with an index), tokenizer
// files, chat template, generation_config.json; and adapters' folders, with their bases. A folder is loaded, or only
// looked at, as a whole. Its weights are checkpoint-weights.ts's part, how one is saved checkpoint-saving.ts's; how the
// decoder computes is not known here.

import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileError, parseJson, readText, UserError } from "../core/index.ts";
import {
  type AdapterSpecification,
  adapterFiles,
  readAdapterSpecification,
  readAdapterWeights,
} from "./adapter-folder.ts";
import { findBase, type LoadOptions } from "./base-folder.ts";
import { type ChatTemplate, compileChatTemplate } from "./chat-template.ts";
import {
  checkWeightFiles,
  incomplete,
  indexName,
  readWeights,
  weightFiles,
  weightsName,
} from "./checkpoint-weights.ts";
import { parseModelConfig, taskOfConfig } from "./config.ts";
import type { ModelConfig, ModelTask } from "./families/family.ts";
import { type GenerationConfig, readGenerationConfig } from "./generation-config.ts";
import { isAdapter, mergeAdapters, mergedProjection, ranksOf } from "./lora.ts";
import { createModelState, type ModelState } from "./model-state.ts";
import { parameterShapes, type Weights } from "./parameters.ts";
import {
  dequantiseWeight,
  type LoadFormat,
  type QuantisedWeight,
  type QuantisedWeights,
  quantisable,
  quantiseWeight,
} from "./quantised-weights.ts";
import type { Tokenizer } from "./tokenizer.ts";
import {
  fitTokenizer,
  namedIds,
  readChatTemplate,
  readTokenizer,
  tokenVariables,
} from "./tokenizer-folder.ts";

/** A model folder in memory. chatTemplate is null where the folder has none. */
export type ModelFolder = {
  readonly config: ModelConfig;
  readonly task: ModelTask;
  readonly weights: Weights;
  /** Projections in fewer bits, where that was asked for; they are not among the weights. */
  readonly quantised: QuantisedWeights;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: ChatTemplate | null;
  readonly generationConfig: GenerationConfig;
  /** The adapter that is live among the weights; null where there is none. */
  readonly adapter: LiveAdapter | null;
};

/** A model folder but for its weights. */
export type ModelDescription = Omit<ModelFolder, "weights" | "quantised">;

/**
 * An adapter among a model's weights. whole: parameters that it brought in place of the base's; ranks: by the projections
 * that it stands beside; below: the adapter that its base is, which was merged; null where the base is a whole model.
 */
export type LiveAdapter = {
  readonly specification: AdapterSpecification;
  readonly baseFolder: string;
  readonly whole: readonly string[];
  readonly ranks: Readonly<Record<string, number>>;
  readonly below: LiveAdapter | null;
};

const listFolder = async (folder: string): Promise<Set<string>> => {
  try {
    return new Set(await readdir(folder));
  } catch (thrown) {
    const isFile = thrown instanceof Error && "code" in thrown && thrown.code === "ENOTDIR";
    if (!isFile && !(thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT"))
      throw fileError(thrown, "read", folder);
    throw new UserError(
      "model-folder-missing",
      `${folder} is ${isFile ? "a file" : "not there"}; expected a model folder with config.json, ${weightsName} and tokenizer.json. Check the path.`,
      { folder },
      thrown,
    );
  }
};

const readJsonFile = async (path: string): Promise<unknown> =>
  parseJson(await readText(path), { file: path });

/**
 * A folder that was looked at, with what reads its weights or only sees that they are whole; both throw UserError.
 * load: as in LoadOptions.
 */
type OpenedFolder = ModelDescription & {
  read(load: LoadFormat | undefined): Promise<Pick<ModelFolder, "weights" | "quantised">>;
  check(load: LoadFormat | undefined): Promise<ReadonlySet<string>>;
};

/** A folder with weights of its own. wanted: a task other than the folder's, whose head the caller has from elsewhere. */
const openWholeFolder = async (
  folder: string,
  files: ReadonlySet<string>,
  wanted: ModelTask | null,
): Promise<OpenedFolder> => {
  if (!files.has("config.json"))
    throw incomplete(folder, "config.json", "it is no model folder, or a part of one");
  if (!files.has("tokenizer.json"))
    throw incomplete(folder, "tokenizer.json", "older tokenizer formats are not read");
  const configPath = join(folder, "config.json");
  const raw = await readJsonFile(configPath);
  const config = parseModelConfig(raw, configPath);
  const own = taskOfConfig(raw);
  const task = wanted ?? own;
  const generationConfig = await readGenerationConfig(folder, files, config);
  const read = await readTokenizer(folder, files, namedIds(config, generationConfig));
  const tokenizer = fitTokenizer(read, config.vocabularySize, folder);
  const chatTemplate = await readChatTemplate(folder, files, tokenizer);
  const leftOut = task === own ? [] : ["score.weight", "lm_head.weight"];
  const source = { folder, files: await weightFiles(folder, files), config, wanted: { task, leftOut } };
  return {
    ...{ config, task, tokenizer, chatTemplate, generationConfig, adapter: null },
    read: (load) => readWeights(source, load),
    check: () => checkWeightFiles(source),
  };
};

/** Whether a folder is that of an adapter: PEFT's files and no weights of a whole model. */
const isAdapterFolder = (files: ReadonlySet<string>): boolean =>
  files.has(adapterFiles.config) && !files.has(weightsName) && !files.has(indexName);

/** An adapter's folder: its base, an adapter there merged, with the adapter's tensors among the weights. */
const openAdapterFolder = async (
  folder: string,
  files: ReadonlySet<string>,
  options: LoadOptions,
  inside: readonly string[],
): Promise<OpenedFolder> => {
  const specification = await readAdapterSpecification(folder);
  if (!files.has(adapterFiles.weights))
    throw incomplete(folder, adapterFiles.weights, `${adapterFiles.config} is there without it`);
  const baseFolder = await findBase(folder, specification, options);
  const { read, check, ...base } = await openFolder(
    baseFolder,
    options,
    [...inside, resolve(folder)],
    specification.task,
  );
  const { config, task } = base;
  const own = await readAdapterWeights(folder, specification, config, task);
  const ids = namedIds(config, base.generationConfig);
  const tokenizer = files.has("tokenizer.json")
    ? fitTokenizer(await readTokenizer(folder, files, ids), config.vocabularySize, folder)
    : base.tokenizer;
  const template = files.has("tokenizer.json") ? await readChatTemplate(folder, files, tokenizer) : null;
  const whole = Object.keys(own).filter((name) => !isAdapter(name));
  return {
    ...base,
    tokenizer,
    chatTemplate: template ?? base.chatTemplate,
    adapter: { specification, baseFolder, whole, ranks: ranksOf(own), below: base.adapter },
    async read(load) {
      const held = mergeFolder({ ...base, ...(await read(load)) });
      const quantised = Object.fromEntries(
        Object.entries(held.quantised).filter(([name]) => own[name] === undefined),
      );
      const weights = { ...held.weights, ...own };
      checkParameters(folder, new Set(Object.keys({ ...weights, ...quantised })), config, task);
      return { weights, quantised };
    },
    async check(load) {
      const names = new Set([...(await check(load)), ...Object.keys(own)]);
      checkParameters(folder, names, config, task);
      return names;
    },
  };
};

/** Throws UserError where neither the base nor the adapter has a parameter (a score head). */
const checkParameters = (
  folder: string,
  names: ReadonlySet<string>,
  config: ModelConfig,
  task: ModelTask,
): void => {
  const missing = Object.keys(parameterShapes(config, task)).find((name) => !names.has(name));
  if (missing !== undefined)
    throw new UserError(
      "missing-tensor",
      `${folder}: neither the adapter nor its base has ${missing}, which a ${task} model needs. Write the adapter with modules_to_save, or name the right base.`,
      { folder, name: missing },
    );
};

const openFolder = async (
  folder: string,
  options: LoadOptions,
  inside: readonly string[],
  wanted: ModelTask | null,
): Promise<OpenedFolder> => {
  const files = await listFolder(folder);
  if (!isAdapterFolder(files)) return openWholeFolder(folder, files, wanted);
  if (inside.includes(resolve(folder)))
    throw new UserError(
      "adapter-of-itself",
      `${folder} is an adapter whose base is, by way of others or directly, itself. Correct base_model_name_or_path in ${adapterFiles.config}.`,
      { folder },
    );
  return openAdapterFolder(folder, files, options, inside);
};

/**
 * Loads a model folder, or an adapter's folder with its base: the adapter is then live among the weights, its scale
 * multiplied in. Throws UserError that names the file, what was expected and what to do, when one is missing or broken
 * or when files do not belong together.
 */
export const loadModelFolder = async (folder: string, options: LoadOptions = {}): Promise<ModelFolder> => {
  const { read, check: _check, ...description } = await openFolder(folder, options, [], null);
  return { ...description, ...(await read(options.load)) };
};

/**
 * Looks at all that loadModelFolder would load, weights included, and keeps none of them: it takes little memory. Throws
 * UserError as loadModelFolder does.
 */
export const checkModelFolder = async (
  folder: string,
  options: LoadOptions = {},
): Promise<ModelDescription> => {
  const { read: _read, check, ...description } = await openFolder(folder, options, [], null);
  await check(options.load);
  return description;
};

/** A folder's model for reading: its weights will not change. */
export const frozenState = ({ config, task, weights, quantised }: ModelFolder): ModelState =>
  createModelState(config, weights, { task, quantised, frozen: true });

/** The same model with the chat template of a Jinja file. Throws UserError for one that is missing or not readable. */
export const withChatTemplate = async <Model extends Pick<ModelDescription, "tokenizer" | "chatTemplate">>(
  model: Model,
  file: string,
): Promise<Model> => ({
  ...model,
  chatTemplate: compileChatTemplate(await readText(file), tokenVariables(model.tokenizer), file),
});

/** An adapter in weights in fewer bits: each projection that it changes is widened, changed and quantised again. */
const mergeQuantised = ({ config, weights, quantised }: ModelFolder): QuantisedWeights => {
  const changed: Record<string, QuantisedWeight> = {};
  for (const [name, projection] of quantisable(config, "8bit")) {
    const weight = quantised[name];
    if (weight === undefined) continue;
    const found = mergedProjection(weights, projection, 1, () => dequantiseWeight(weight, projection));
    if (found !== undefined)
      changed[name] = quantiseWeight(found, projection, weight.type === "nf4" ? "4bit" : "8bit");
  }
  return { ...quantised, ...changed };
};

/**
 * The same model without an adapter beside its weights: what it learned is in them, rounded again where they are held in
 * fewer bits.
 */
export const mergeFolder = (model: ModelFolder): ModelFolder => {
  const { config, weights, quantised, adapter } = model;
  if (adapter === null) return model;
  const isOfQuantised = (name: string): boolean =>
    isAdapter(name) && name.replace(/\.lora_[AB]\.weight$/, ".weight") in quantised;
  const others = Object.fromEntries(Object.entries(weights).filter(([name]) => !isOfQuantised(name)));
  return {
    ...model,
    weights: mergeAdapters(config, others, 1),
    quantised: mergeQuantised(model),
    adapter: null,
  };
};
