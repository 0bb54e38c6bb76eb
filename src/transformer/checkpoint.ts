// Model folders as Hugging Face lays them out: config.json, model.safetensors (or several, with an index), tokenizer
// files, chat template, generation_config.json. A folder is loaded whole and checked, tensor by tensor, and saved
// whole or not at all (written beside, then renamed). Knows nothing of how the decoder computes.

import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { checkValue, fileError, parseJson, readText, UserError, writeFileAtomic } from "../core/index.ts";
import { type ChatTemplate, compileChatTemplate } from "./chat-template.ts";
import { familyOf, parseModelConfig, taskOfConfig, writeModelConfig } from "./config.ts";
import type { ModelConfig, ModelTask, WeightFormat } from "./families/family.ts";
import { checkWeights, parameterShapes, sameShape, type Weight, type Weights } from "./parameters.ts";
import { openSafetensors, type SafetensorsFile, writeSafetensors } from "./safetensors.ts";
import { createTokenizer, type Tokenizer, type TokenizerFiles } from "./tokenizer.ts";

/** What generation_config.json says; end tokens come from config.json where it is silent. null: not said. */
export type GenerationConfig = {
  readonly endTokenIds: readonly number[];
  readonly padTokenId: number | null;
  readonly temperature: number | null;
  readonly topP: number | null;
};

/** A model folder in memory. chatTemplate is null where the folder has none. */
export type ModelFolder = {
  readonly config: ModelConfig;
  readonly task: ModelTask;
  readonly weights: Weights;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: ChatTemplate | null;
  readonly generationConfig: GenerationConfig;
};

/** What saveModelFolder writes. */
export type SavedModel = {
  readonly config: ModelConfig;
  readonly weights: Weights;
  readonly tokenizer: TokenizerFiles;
  /** Written as chat_template.jinja when it is not the one in the tokenizer's own configuration. */
  readonly chatTemplate?: ChatTemplate | null;
  /** Default causal-lm. */
  readonly task?: ModelTask;
  /** Number format on disk. Default float32. */
  readonly format?: WeightFormat;
};

const weightsName = "model.safetensors";
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

/** Which files hold the tensors. Names in an index must stay inside the folder. */
const weightFiles = async (folder: string, files: ReadonlySet<string>): Promise<string[]> => {
  if (files.has(weightsName)) return [weightsName];
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
  return names;
};

/** Where a parameter lies: the file and the tensor's name there. */
type TensorPlace = { readonly source: SafetensorsFile; readonly tensor: string };

/** Every parameter that the files hold. Throws UserError for a tensor that the model has not. */
const findTensors = (
  sources: readonly SafetensorsFile[],
  config: ModelConfig,
  task: ModelTask,
  folder: string,
): ReadonlyMap<string, TensorPlace> => {
  const shapes = parameterShapes(config, task);
  const { parameterOf, ignores } = familyOf(config);
  const found = new Map<string, TensorPlace>();
  for (const source of sources)
    for (const tensor of source.tensors.keys()) {
      const name = parameterOf(tensor);
      // a tied head may be there as a copy
      if (name in shapes) found.set(name, { source, tensor });
      else if (!ignores(tensor) && !(config.tieEmbeddings && tensor === "lm_head.weight"))
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
  const weight = await source.read(tensor);
  const broken = weight.data.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0)
    throw new UserError(
      "weights-not-finite",
      `${source.path}: tensor ${tensor} holds ${weight.data[broken]} at position ${broken}; expected finite numbers. The model was damaged in training or on the way: use an earlier checkpoint.`,
      { folder, name },
    );
  return weight;
};

const readWeights = async (
  folder: string,
  names: readonly string[],
  config: ModelConfig,
  task: ModelTask,
): Promise<Weights> => {
  const sources: SafetensorsFile[] = [];
  try {
    for (const name of names) sources.push(await openSafetensors(join(folder, name)));
    const places = findTensors(sources, config, task, folder);
    const weights: Weights = {};
    for (const [name, shape] of Object.entries(parameterShapes(config, task)))
      weights[name] = await readParameter(places.get(name), name, shape, folder);
    return weights;
  } finally {
    for (const source of sources) await source.close();
  }
};

const tokenId = z.number().int().nonnegative();
const generationSchema = z.looseObject({
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
  pad_token_id: tokenId.nullish(),
  temperature: z.number().nonnegative().nullish(),
  top_p: z.number().positive().max(1).nullish(),
});

const readGenerationConfig = async (
  folder: string,
  files: ReadonlySet<string>,
  config: ModelConfig,
): Promise<GenerationConfig> => {
  const place = { file: join(folder, "generation_config.json") };
  const content = files.has("generation_config.json") ? await readJsonFile(place.file) : {};
  const { eos_token_id: end, ...raw } = checkValue(generationSchema, content, place);
  return {
    endTokenIds: end == null ? config.endTokenIds : [end].flat(),
    padTokenId: raw.pad_token_id ?? config.padTokenId,
    temperature: raw.temperature ?? null,
    topP: raw.top_p ?? null,
  };
};

const templateSchema = z.looseObject({
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish(),
});

/** The template inside tokenizer_config.json. */
const templateInConfig = (configJson: string, file: string): string | undefined => {
  const own = checkValue(templateSchema, parseJson(configJson, { file }), { file }).chat_template;
  return Array.isArray(own) ? own.find(({ name }) => name === "default")?.template : (own ?? undefined);
};

const readChatTemplate = async (
  folder: string,
  files: ReadonlySet<string>,
  tokenizer: Tokenizer,
): Promise<ChatTemplate | null> => {
  const configPath = join(folder, "tokenizer_config.json");
  const fromConfig = templateInConfig(tokenizer.files.configJson, configPath);
  const path = join(folder, "chat_template.jinja");
  // The file of its own wins, as in transformers.
  const isFile = files.has("chat_template.jinja");
  const source = isFile ? await readText(path) : fromConfig;
  if (source === undefined) return null;
  const { begin, end, pad, unknown } = tokenizer.special;
  const text = (id: number | null): string => (id === null ? "" : (tokenizer.tokenOf(id) ?? ""));
  const variables = {
    bos_token: text(begin),
    eos_token: text(end),
    pad_token: text(pad),
    unk_token: text(unknown),
  };
  return compileChatTemplate(source, variables, isFile ? path : configPath);
};

/**
 * Loads a model folder. Throws UserError that names the file, what was expected and what to do, when one is missing
 * or broken or when files do not belong together.
 */
export const loadModelFolder = async (folder: string): Promise<ModelFolder> => {
  const files = await listFolder(folder);
  if (!files.has("config.json"))
    throw incomplete(folder, "config.json", "it is no model folder, or a part of one");
  if (!files.has("tokenizer.json"))
    throw incomplete(folder, "tokenizer.json", "older tokenizer formats are not read");
  const configPath = join(folder, "config.json");
  const raw = await readJsonFile(configPath);
  const config = parseModelConfig(raw, configPath);
  const task = taskOfConfig(raw);
  const tokenizer = createTokenizer(
    {
      tokenizerJson: await readText(join(folder, "tokenizer.json")),
      configJson: files.has("tokenizer_config.json")
        ? await readText(join(folder, "tokenizer_config.json"))
        : "{}",
    },
    folder,
  );
  if (tokenizer.vocabularySize > config.vocabularySize)
    throw new UserError(
      "vocabulary-mismatch",
      `${folder}: tokenizer.json has ${tokenizer.vocabularySize} tokens and config.json's vocab_size is ${config.vocabularySize}; the model cannot read them all. Put the files of one model together.`,
      { folder },
    );
  const chatTemplate = await readChatTemplate(folder, files, tokenizer);
  const generationConfig = await readGenerationConfig(folder, files, config);
  const weights = await readWeights(folder, await weightFiles(folder, files), config, task);
  return { config, task, weights, tokenizer, chatTemplate, generationConfig };
};

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const refuseForeignFolder = async (folder: string): Promise<boolean> => {
  if (!(await isThere(folder))) return false;
  const files = await listFolder(folder);
  if (files.size > 0 && !files.has("config.json"))
    throw new UserError(
      "not-a-model-folder",
      `${folder} exists and is no model folder, so it is not replaced. Choose another folder, or empty this one.`,
      { folder },
    );
  return true;
};

const formatJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const writeFiles = async (folder: string, model: SavedModel): Promise<void> => {
  const { config, weights, tokenizer, task = "causal-lm", format = "float32" } = model;
  await writeFileAtomic(join(folder, "config.json"), formatJson(writeModelConfig(config, task, format)));
  await writeFileAtomic(join(folder, "tokenizer.json"), tokenizer.tokenizerJson);
  await writeFileAtomic(join(folder, "tokenizer_config.json"), tokenizer.configJson);
  const template = model.chatTemplate?.source;
  if (template !== undefined && template !== templateInConfig(tokenizer.configJson, "tokenizer_config.json"))
    await writeFileAtomic(join(folder, "chat_template.jinja"), template);
  if (task === "causal-lm") {
    const { endTokenIds, beginTokenId, padTokenId } = config;
    const generation = {
      ...(beginTokenId === null ? {} : { bos_token_id: beginTokenId }),
      ...(endTokenIds.length === 0
        ? {}
        : { eos_token_id: endTokenIds.length > 1 ? endTokenIds : endTokenIds[0] }),
      ...(padTokenId === null ? {} : { pad_token_id: padTokenId }),
    };
    await writeFileAtomic(join(folder, "generation_config.json"), formatJson(generation));
  }
  await writeSafetensors(join(folder, weightsName), weights, format);
};

/** Names beside a model folder while it is being replaced: the new model, and the old one between two renames. */
const besideNames = (target: string) => {
  const unfinished = join(dirname(target), `.covenant-${basename(target)}-${randomBytes(6).toString("hex")}`);
  return { unfinished: `${unfinished}.tmp`, replaced: `${unfinished}.old.tmp` };
};

/** What a process killed while saving left beside the folder: an old model goes back to its place, the rest goes. */
const mendKilledSave = async (target: string): Promise<void> => {
  const start = `.covenant-${basename(target)}-`;
  for (const name of await readdir(dirname(target)).catch(() => [])) {
    const kind = name.startsWith(start) ? /^[0-9a-f]{12}(\.old)?\.tmp$/.exec(name.slice(start.length)) : null;
    if (kind === null) continue;
    const left = join(dirname(target), name);
    if (kind[1] !== undefined && !(await isThere(target))) await rename(left, target);
    else await rm(left, { recursive: true, force: true });
  }
};

/**
 * Saves a model folder that `transformers` opens; the same model gives the same bytes. An older model in its place is
 * replaced once the new one is whole; what a process killed while saving left there is mended first. Throws UserError
 * when the disk is full, the place is not writable, or the folder holds something that is no model; CovenantError when
 * the weights do not fit the configuration.
 */
export const saveModelFolder = async (folder: string, model: SavedModel): Promise<void> => {
  const target = resolve(folder);
  await mendKilledSave(target).catch((thrown: unknown) => {
    throw fileError(thrown, "write", target);
  });
  checkWeights(model.weights, model.config, model.task ?? "causal-lm");
  const replaces = await refuseForeignFolder(target);
  const { unfinished, replaced } = besideNames(target);
  try {
    await mkdir(unfinished, { recursive: true });
    await writeFiles(unfinished, model);
    if (replaces) await rename(target, replaced);
    await rename(unfinished, target).catch(async (thrown: unknown) => {
      if (replaces) await rename(replaced, target);
      throw thrown;
    });
    if (replaces) await rm(replaced, { recursive: true, force: true });
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw fileError(thrown, "write", target);
  }
};
