// Model folders as Hugging Face lays them out: config.json, model.safetensors (or several, with an index), tokenizer
// files, chat template, generation_config.json; and adapters' folders, with their bases. A folder is loaded whole and
// checked, tensor by tensor. How one is saved is checkpoint-saving.ts's part; how the decoder computes is not known here.

import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { checkValue, fileError, parseJson, readText, UserError } from "../core/index.ts";
import {
  type AdapterSpecification,
  adapterFiles,
  readAdapterSpecification,
  readAdapterWeights,
} from "./adapter-folder.ts";
import { findBase, type LoadOptions } from "./base-folder.ts";
import { type ChatTemplate, compileChatTemplate } from "./chat-template.ts";
import { familyOf, parseModelConfig, taskOfConfig } from "./config.ts";
import type { ModelConfig, ModelTask } from "./families/family.ts";
import { type GenerationConfig, readGenerationConfig } from "./generation-config.ts";
import { isAdapter, mergeAdapters, mergedProjection } from "./lora.ts";
import { createModelState, type ModelState } from "./model-state.ts";
import { parameterShapes, sameShape, type Weight, type Weights } from "./parameters.ts";
import {
  dequantiseWeight,
  type LoadFormat,
  type QuantisedWeight,
  type QuantisedWeights,
  quantisable,
  quantiseWeight,
} from "./quantised-weights.ts";
import { openSafetensors, readFiniteTensor, type SafetensorsFile } from "./safetensors.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { readChatTemplate, readTokenizer, tokenVariables } from "./tokenizer-folder.ts";

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

/** An adapter among a model's weights. whole: parameters that it brought in place of the base's. */
export type LiveAdapter = {
  readonly specification: AdapterSpecification;
  readonly baseFolder: string;
  readonly whole: readonly string[];
};

/** The file of weights that lie in one. */
export const weightsName = "model.safetensors";
const indexName = "model.safetensors.index.json";

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

const incomplete = (folder: string, file: string, what: string): UserError =>
  new UserError(
    "model-folder-incomplete",
    `${folder} has no ${file}: ${what}. Fetch or write the model again, or point to another folder.`,
    { folder, file },
  );

const readJsonFile = async (path: string): Promise<unknown> =>
  parseJson(await readText(path), { file: path });

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** The files of the weights; map: which of them an index says holds which tensor. */
type WeightFiles = { readonly names: readonly string[]; readonly map: Readonly<Record<string, string>> };

/** Which files hold the tensors. Names in an index must stay inside the folder. */
const weightFiles = async (folder: string, files: ReadonlySet<string>): Promise<WeightFiles> => {
  if (files.has(weightsName)) return { names: [weightsName], map: {} };
  if (!files.has(indexName)) {
    const other = [...files].find((name) => /\.(bin|pth?|gguf|ckpt)$/.test(name));
    const hint =
      other === undefined ? "" : ` (it has ${other}, which must be converted to safetensors first)`;
    throw incomplete(folder, weightsName, `the weights are missing${hint}`);
  }
  const place = { file: join(folder, indexName) };
  const { weight_map: map } = checkValue(indexSchema, await readJsonFile(place.file), place);
  const names = [...new Set(Object.values(map))].sort();
  for (const name of names) {
    if (name !== basename(name) || !name.endsWith(".safetensors"))
      throw new UserError(
        "bad-weight-index",
        `${place.file} names the file ${JSON.stringify(name)}; expected *.safetensors files in the same folder. Fetch the model again from a source you trust.`,
        { name },
      );
    if (!files.has(name))
      throw incomplete(folder, name, `${indexName} says that it holds a part of the weights`);
  }
  return { names, map };
};

/** Throws UserError when a file lacks a tensor that the index says it holds. */
const checkIndex = (sources: readonly SafetensorsFile[], { map }: WeightFiles, folder: string): void => {
  const byFile = new Map(sources.map((source) => [basename(source.path), source]));
  const lost = Object.entries(map).find(([tensor, file]) => byFile.get(file)?.tensors.has(tensor) !== true);
  if (lost !== undefined)
    throw new UserError(
      "missing-tensor",
      `${join(folder, indexName)} says that ${lost[1]} holds the tensor ${lost[0]}, and it does not. The files are of different models or not whole: fetch the model again.`,
      { folder, name: lost[0], file: lost[1] },
    );
};

/** Where a parameter lies: the file and the tensor's name there. */
type TensorPlace = { readonly source: SafetensorsFile; readonly tensor: string };

/** leftOut: parameters that the caller has from elsewhere, and tensors that it has no use for. */
type WantedWeights = { readonly task: ModelTask; readonly leftOut: readonly string[] };

/** Every parameter that the files hold. Throws UserError for a tensor that the model has not. */
const findTensors = (
  sources: readonly SafetensorsFile[],
  config: ModelConfig,
  { task, leftOut }: WantedWeights,
  folder: string,
): ReadonlyMap<string, TensorPlace> => {
  const shapes = parameterShapes(config, task);
  const { parameterOf, ignores } = familyOf(config);
  const found = new Map<string, TensorPlace>();
  for (const source of sources)
    for (const tensor of source.tensors.keys()) {
      const name = parameterOf(tensor);
      if (found.has(name))
        throw new UserError(
          "tensor-twice",
          `${source.path} holds the tensor ${tensor}, which ${found.get(name)!.source.path} holds too; only one can be meant. Fetch the model again.`,
          { folder, name: tensor },
        );
      // a tied head may be there as a copy
      const isCopy = config.tieEmbeddings && tensor === "lm_head.weight";
      if (name in shapes) found.set(name, { source, tensor });
      else if (!ignores(tensor) && !isCopy && !leftOut.includes(tensor))
        throw new UserError(
          "unexpected-tensor",
          `${source.path} holds the tensor ${tensor}, which a ${config.family} model of this config.json has not; leaving it out would change the model. Use a model without it.`,
          { folder, name: tensor },
        );
    }
  return found;
};

const readParameter = async (
  place: TensorPlace | undefined,
  name: string,
  shape: readonly number[],
  folder: string,
): Promise<Weight> => {
  if (place === undefined)
    throw new UserError(
      "missing-tensor",
      `${folder}: the weights have no tensor ${name}, which config.json calls for. Weights and config.json do not belong together: fetch or write the model again.`,
      { folder, name },
    );
  const { source, tensor } = place;
  const entry = source.tensors.get(tensor)!;
  if (!sameShape(entry.shape, shape))
    throw new UserError(
      "tensor-shape",
      `${source.path}: tensor ${tensor} has shape [${entry.shape.join(", ")}], and config.json calls for [${shape.join(", ")}]. Weights and config.json do not belong together: fetch or write the model again.`,
      { folder, name, got: entry.shape, expected: shape },
    );
  return readFiniteTensor(source, tensor);
};

const readWeights = async (
  folder: string,
  files: WeightFiles,
  config: ModelConfig,
  wanted: WantedWeights,
  load: LoadFormat | undefined,
): Promise<Pick<ModelFolder, "weights" | "quantised">> => {
  const sources: SafetensorsFile[] = [];
  const fewerBits = load === undefined ? undefined : { load, chosen: quantisable(config, load) };
  try {
    for (const name of files.names) sources.push(await openSafetensors(join(folder, name)));
    checkIndex(sources, files, folder);
    const places = findTensors(sources, config, wanted, folder);
    const weights: Weights = {};
    const quantised: Record<string, QuantisedWeight> = {};
    for (const [name, shape] of Object.entries(parameterShapes(config, wanted.task))) {
      if (wanted.leftOut.includes(name) && !places.has(name)) continue;
      const weight = await readParameter(places.get(name), name, shape, folder);
      const projection = fewerBits?.chosen.get(name);
      if (fewerBits === undefined || projection === undefined) weights[name] = weight;
      else quantised[name] = quantiseWeight(weight, projection, fewerBits.load);
    }
    return { weights, quantised };
  } finally {
    for (const source of sources) await source.close();
  }
};

const checkVocabulary = (folder: string, tokenizer: Tokenizer, config: ModelConfig): void => {
  if (tokenizer.vocabularySize > config.vocabularySize)
    throw new UserError(
      "vocabulary-mismatch",
      `${folder}: tokenizer.json has ${tokenizer.vocabularySize} tokens and config.json's vocab_size is ${config.vocabularySize}; the model cannot read them all. Put the files of one model together.`,
      { folder },
    );
};

/** A folder with weights of its own. wanted: a task other than the folder's, whose head the caller has from elsewhere. */
const loadWholeFolder = async (
  folder: string,
  files: ReadonlySet<string>,
  wanted: ModelTask | null,
  load: LoadFormat | undefined,
): Promise<ModelFolder> => {
  if (!files.has("config.json"))
    throw incomplete(folder, "config.json", "it is no model folder, or a part of one");
  if (!files.has("tokenizer.json"))
    throw incomplete(folder, "tokenizer.json", "older tokenizer formats are not read");
  const configPath = join(folder, "config.json");
  const raw = await readJsonFile(configPath);
  const config = parseModelConfig(raw, configPath);
  const own = taskOfConfig(raw);
  const task = wanted ?? own;
  const tokenizer = await readTokenizer(folder, files);
  checkVocabulary(folder, tokenizer, config);
  const chatTemplate = await readChatTemplate(folder, files, tokenizer);
  const generationConfig = await readGenerationConfig(folder, files, config);
  const leftOut = task === own ? [] : ["score.weight", "lm_head.weight"];
  const read = await readWeights(folder, await weightFiles(folder, files), config, { task, leftOut }, load);
  return { config, task, ...read, tokenizer, chatTemplate, generationConfig, adapter: null };
};

/** Whether a folder is that of an adapter: PEFT's files and no weights of a whole model. */
const isAdapterFolder = (files: ReadonlySet<string>): boolean =>
  files.has(adapterFiles.config) && !files.has(weightsName) && !files.has(indexName);

/** An adapter's folder: its base, an adapter there merged, with the adapter's tensors among the weights. */
const loadAdapterFolder = async (
  folder: string,
  files: ReadonlySet<string>,
  options: LoadOptions,
  inside: readonly string[],
): Promise<ModelFolder> => {
  const specification = await readAdapterSpecification(folder);
  if (!files.has(adapterFiles.weights))
    throw incomplete(folder, adapterFiles.weights, `${adapterFiles.config} is there without it`);
  const baseFolder = await findBase(folder, specification, options);
  const base = mergeFolder(
    await loadFolder(baseFolder, options, [...inside, resolve(folder)], specification.task),
  );
  const { config, task } = base;
  const own = await readAdapterWeights(folder, specification, config, task);
  const weights = { ...base.weights, ...own };
  checkParameters(folder, { ...weights, ...base.quantised }, config, task);
  const tokenizer = files.has("tokenizer.json") ? await readTokenizer(folder, files) : base.tokenizer;
  checkVocabulary(folder, tokenizer, config);
  const template = files.has("tokenizer.json") ? await readChatTemplate(folder, files, tokenizer) : null;
  const whole = Object.keys(own).filter((name) => !isAdapter(name));
  return {
    ...base,
    weights,
    tokenizer,
    chatTemplate: template ?? base.chatTemplate,
    adapter: { specification, baseFolder, whole },
  };
};

/** Throws UserError where neither the base nor the adapter has a parameter (a score head). */
const checkParameters = (
  folder: string,
  weights: Readonly<Record<string, unknown>>,
  config: ModelConfig,
  task: ModelTask,
): void => {
  const missing = Object.keys(parameterShapes(config, task)).find((name) => weights[name] === undefined);
  if (missing !== undefined)
    throw new UserError(
      "missing-tensor",
      `${folder}: neither the adapter nor its base has ${missing}, which a ${task} model needs. Write the adapter with modules_to_save, or name the right base.`,
      { folder, name: missing },
    );
};

const loadFolder = async (
  folder: string,
  options: LoadOptions,
  inside: readonly string[],
  wanted: ModelTask | null,
): Promise<ModelFolder> => {
  const files = await listFolder(folder);
  if (!isAdapterFolder(files)) return loadWholeFolder(folder, files, wanted, options.load);
  if (inside.includes(resolve(folder)))
    throw new UserError(
      "adapter-of-itself",
      `${folder} is an adapter whose base is, by way of others or directly, itself. Correct base_model_name_or_path in ${adapterFiles.config}.`,
      { folder },
    );
  return loadAdapterFolder(folder, files, options, inside);
};

/**
 * Loads a model folder, or an adapter's folder with its base: the adapter is then live among the weights, its scale
 * multiplied in. Throws UserError that names the file, what was expected and what to do, when one is missing or broken
 * or when files do not belong together.
 */
export const loadModelFolder = (folder: string, options: LoadOptions = {}): Promise<ModelFolder> =>
  loadFolder(folder, options, [], null);

/** A folder's model for reading: its weights will not change. */
export const frozenState = ({ config, task, weights, quantised }: ModelFolder): ModelState =>
  createModelState(config, weights, { task, quantised, frozen: true });

/** The same model with the chat template of a Jinja file. Throws UserError for one that is missing or not readable. */
export const withChatTemplate = async (model: ModelFolder, file: string): Promise<ModelFolder> => ({
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
