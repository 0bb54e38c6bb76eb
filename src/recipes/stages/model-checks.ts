// Looking at a model before anything is begun with it: whether its folder is whole, whether it can do what it is named
// for, and how large it is. Reads weights without keeping them; asks no model anything.

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hashJson, quotedWord, sha256File, UserError } from "../../core/index.ts";
import { threadCount } from "../../engine/index.ts";
import { isToBeFetched, missingKey, modelFolderOf, openModel } from "../../models/index.ts";
import {
  adapterFiles,
  type LiveAdapter,
  type LoadFormat,
  type ModelConfig,
  type ModelDescription,
  type ModelFolder,
  mergeFolder,
  targetedProjections,
} from "../../transformer/index.ts";
import { machineRate } from "../costs/machine-rate.ts";
import type { ModelSpeed } from "../costs/model-time.ts";
import type { RecipeContext } from "../recipe.ts";
import { asModelName } from "../settings/names.ts";
import { requireContinuable } from "./adapter-start.ts";
import { checkFolder, folderOptions, loadFolder, type StartSettings, trainableFolder } from "./models.ts";

/**
 * asked: it answers, criticises, judges; trained: its weights change; trained-bare: and it may lack a chat template, for
 * its rows or prompts may be plain texts, or it may be given one; rewards: its score head is used.
 */
export type ModelRole = "asked" | "trained" | "trained-bare" | "rewards";

/**
 * What is known of a model. hash: of its folder's files; speed: how fast it runs here, covenant-tiny being 1; config: its
 * shape; tokens: hash of what its token ids stand for; language: how it reads texts. All null for a model that runs
 * elsewhere.
 */
export type CheckedModel = {
  readonly hash: string | null;
  readonly config: ModelConfig | null;
  readonly task: ModelDescription["task"];
  readonly tokens: string | null;
  readonly language: ModelLanguage | null;
};

/** A model's tokenizer, chat template and end tokens, the folder that they are of, and whether that holds an adapter. */
export type ModelLanguage = Pick<ModelDescription, "tokenizer" | "chatTemplate" | "generationConfig"> & {
  readonly folder: string;
  readonly isAdapter: boolean;
};

const unknown: CheckedModel = { hash: null, config: null, task: "causal-lm", tokens: null, language: null };

/** Two models with the same hash read the same ids as the same tokens. */
const hashTokens = ({ tokenizer }: ModelDescription): string =>
  hashJson(Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.tokenOf(id)));

/** Model folders inside a folder that is none itself, a run folder above all. */
const modelFoldersIn = async (folder: string): Promise<string[]> => {
  const paths = await readdir(folder, { recursive: true, encoding: "utf8" }).catch(() => []);
  return paths
    .filter((path) => ["config.json", adapterFiles.config].includes(basename(path)))
    .map((path) => asModelName(join(folder, dirname(path))))
    .sort();
};

const isModelFolder = (folder: string): boolean =>
  ["config.json", adapterFiles.config].some((file) => existsSync(join(folder, file)));

/** The adapters' folders inside a folder, or the folder itself where it is one. */
export const adaptersIn = async (folder: string): Promise<string[]> => {
  if (isModelFolder(folder)) return [folder];
  const inside = await modelFoldersIn(folder);
  return inside.filter((path) => existsSync(join(path, adapterFiles.config)));
};

/** Throws UserError for a folder that holds model folders instead of being one. */
export const refuseFolderOfModels = async (folder: string): Promise<void> => {
  if (!existsSync(folder) || isModelFolder(folder)) return;
  const inside = await modelFoldersIn(folder);
  const isRun = existsSync(join(folder, "events.jsonl"));
  if (!isRun && inside.length === 0) return;
  const models =
    inside.length === 0 ? "It has no model in it (yet)." : `Its models are:\n  ${inside.join("\n  ")}`;
  throw new UserError(
    "model-folder-of-models",
    `${folder} is ${isRun ? "the folder of a run" : "a folder of models"}, not a model folder. ${models}`,
    { folder, inside },
  );
};

/** The hash of a folder's files; of an adapter with those of its base, which may be an adapter, too. */
const hashFolder = async (folder: string, adapter: LiveAdapter | null): Promise<string> => {
  const files = (await readdir(folder)).filter((file) => /\.(json|safetensors|jinja)$/.test(file)).sort();
  const hashes: [string, string][] = [];
  for (const file of files) hashes.push([file, (await sha256File(join(folder, file))).sha256]);
  return hashJson(adapter === null ? hashes : [hashes, await hashFolder(adapter.baseFolder, adapter.below)]);
};

const requireTask = (folder: string, task: ModelDescription["task"], rewards: boolean): void => {
  const isReward = task === "sequence-classification";
  if (isReward !== rewards) {
    throw new UserError(
      isReward ? "is-a-reward-model" : "not-a-reward-model",
      isReward
        ? `${folder} is a reward model: it scores replies and writes none. Expected a language model, e.g. the folder that \`covenant train sft\` wrote.`
        : `${folder} is not a reward model: it has no score head. Point to the model that \`covenant train reward\` wrote (reward/model in the folder of its run).`,
      { folder },
    );
  }
};

/** Throws UserError where a reward model reads other tokens than the policy writes. */
export const requireSameTokens = (
  policy: string,
  reward: string,
  tokens: Readonly<Record<string, string | null>>,
): void => {
  const [one, other] = [tokens["model"], tokens["reward"]];
  if (one == null || other == null || one === other) return;
  throw new UserError(
    "reward-tokens",
    `The reward model ${reward} has another vocabulary than the policy ${policy}, so it would read other words than were written. Train one on a model with the policy's tokenizer (\`covenant train reward --model ${quotedWord(policy)}\`).`,
    { policy, reward },
  );
};

/** Throws UserError for a model folder that cannot be what it is named for. */
const requireRole = (folder: string, { task, chatTemplate }: ModelDescription, role: ModelRole): void => {
  requireTask(folder, task, role === "rewards");
  if (chatTemplate === null && (role === "asked" || role === "trained")) {
    throw new UserError(
      "no-chat-template",
      `${folder} has no chat template, so conversations cannot be put into its format. Add chat_template.jinja to the folder, choose a chat model, or train it with one (\`covenant train sft --set chatTemplate=file.jinja\`).`,
      { folder },
    );
  }
};

/** Throws UserError for adapters of a rank that their projections cannot have, and for targets that are none. */
const requireNarrow = (config: ModelConfig, { rank, targets }: NonNullable<StartSettings["lora"]>): void => {
  const widths = targetedProjections(config, targets).map(({ inputs, outputs }) => Math.min(inputs, outputs));
  const width = Math.max(...widths);
  if (rank <= width) return;
  throw new UserError(
    "lora-rank",
    `lora.rank is ${rank}, and no projection that gets adapters is wider than ${width}: such adapters hold more numbers than they can say. Expected a rank of at most ${width}, usually 4 to 64.`,
    { rank, width },
  );
};

/** What plans need to know of a model that is loaded here. */
export const speedOf = async (
  { config, task }: Pick<ModelDescription, "config" | "task">,
  context: RecipeContext,
): Promise<ModelSpeed> => ({ config, task, threads: threadCount(), rate: await machineRate(context) });

/** contentHash: of the files that the model was read from. */
export type LanguageFolder = ModelFolder & { readonly contentHash: () => Promise<string> };

/**
 * A model that continues text, by the name of its folder; it may lack a chat template, and an adapter is merged into its
 * base, or stays live beside it where that is held in fewer bits. Throws UserError for one that lies elsewhere, and for a
 * reward model where a language model is meant.
 */
export const loadLanguageModel = async (
  name: string,
  context: RecipeContext,
  load?: LoadFormat,
  task: "language" | "any" = "language",
): Promise<LanguageFolder> => {
  const folder = await modelFolderOf(name, folderOptions(context));
  if (folder === null)
    throw new UserError(
      "model-not-here",
      `"${name}" is served elsewhere. Expected a model that runs here: embedded:covenant-tiny, a model folder (./folder) or hf:owner/name.`,
      { model: name },
    );
  await refuseFolderOfModels(folder);
  const loaded = await loadFolder(folder, context, load);
  const model = Object.keys(loaded.quantised).length > 0 ? loaded : mergeFolder(loaded);
  if (task === "language") requireTask(folder, model.task, false);
  return { ...model, contentHash: () => hashFolder(folder, loaded.adapter) };
};

/** Whether a model could not be opened for want of a key, which a dry run sends to nobody. */
const isKeyMissing = (thrown: unknown): thrown is UserError =>
  thrown instanceof UserError && thrown.code === missingKey;

/**
 * Looks at a model by its name. load: how it will be held where it answers; training: how, where it is trained. Throws
 * UserError for what the user must change.
 */
export const checkModel = async (
  name: string,
  role: ModelRole,
  context: RecipeContext,
  { load, training = {} }: { readonly load?: LoadFormat | undefined; readonly training?: StartSettings } = {},
): Promise<CheckedModel> => {
  const options = folderOptions(context);
  // A dry run fetches nothing.
  if (context.dry === true && (await isToBeFetched(name, options))) return unknown;
  const folder = await (role === "asked" ? modelFolderOf(name, options) : trainableFolder(name, context));
  if (folder === null) {
    try {
      await (await openModel(name, options)).close();
    } catch (thrown) {
      if (context.dry !== true || !isKeyMissing(thrown)) throw thrown;
      const text = `The command itself would stop here: ${thrown.message}`;
      context.emit({ type: "warning", time: context.clock.now(), code: missingKey, text });
    }
    return unknown;
  }
  await refuseFolderOfModels(folder);
  const isTrained = role === "trained" || role === "trained-bare";
  const held = isTrained ? training.load : role === "asked" ? load : undefined;
  const model = await checkFolder(folder, context, held);
  requireRole(folder, model, role);
  if (isTrained && training.lora !== undefined) {
    requireNarrow(model.config, training.lora);
    if (model.adapter !== null) requireContinuable(folder, model.config, model.adapter, training.lora);
  }
  const { tokenizer, chatTemplate, generationConfig, adapter } = model;
  return {
    hash: await hashFolder(folder, adapter),
    config: model.config,
    task: model.task,
    tokens: hashTokens(model),
    language: { folder, tokenizer, chatTemplate, generationConfig, isAdapter: adapter !== null },
  };
};
