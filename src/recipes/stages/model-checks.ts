// Looking at a model before anything is begun with it: whether its folder is whole, whether it can do what it is named
// for, and how large it is. Loads and closes; asks no model anything.

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { hashJson, sha256File, UserError } from "../../core/index.ts";
import { modelFolderOf, openModel } from "../../models/index.ts";
import {
  loadModelFolder,
  type ModelConfig,
  type ModelFolder,
  parameterCount,
} from "../../transformer/index.ts";
import { asModelName } from "../names.ts";
import type { RecipeContext } from "../recipe.ts";
import { trainableFolder } from "./models.ts";

/**
 * asked: it answers, criticises, judges; trained: its weights change; trained-on-texts: the same, without chats; rewards:
 * its score head is used.
 */
export type ModelRole = "asked" | "trained" | "trained-on-texts" | "rewards";

/**
 * What is known of a model. hash: of its folder's files; speed: how fast it runs here, covenant-tiny being 1; config: its
 * shape. All null for a model that runs elsewhere.
 */
export type CheckedModel = {
  readonly hash: string | null;
  readonly speed: number | null;
  readonly config: ModelConfig | null;
};

/** Parameters of covenant-tiny, on which the rates of plans were measured. */
const tinyParameters = 2_720_000;

/** Model folders inside a folder that is none itself, a run folder above all. */
const modelFoldersIn = async (folder: string): Promise<string[]> => {
  const paths = await readdir(folder, { recursive: true, encoding: "utf8" }).catch(() => []);
  return paths
    .filter((path) => basename(path) === "config.json")
    .map((path) => asModelName(join(folder, path.slice(0, -"/config.json".length))))
    .sort();
};

/** Throws UserError for a folder that holds model folders instead of being one. */
const refuseFolderOfModels = async (folder: string): Promise<void> => {
  if (!existsSync(folder) || existsSync(join(folder, "config.json"))) return;
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

const hashFolder = async (folder: string): Promise<string> => {
  const files = (await readdir(folder)).filter((file) => /\.(json|safetensors|jinja)$/.test(file)).sort();
  const hashes: [string, string][] = [];
  for (const file of files) hashes.push([file, (await sha256File(join(folder, file))).sha256]);
  return hashJson(hashes);
};

const requireTask = (folder: string, task: ModelFolder["task"], rewards: boolean): void => {
  const isReward = task === "sequence-classification";
  if (isReward !== rewards) {
    throw new UserError(
      isReward ? "is-a-reward-model" : "not-a-reward-model",
      isReward
        ? `${folder} is a reward model: it scores replies and writes none. Expected a language model, e.g. the folder that \`covenant train sft\` wrote.`
        : `${folder} is not a reward model: it has no score head. Point to the folder that \`covenant train reward\` wrote.`,
      { folder },
    );
  }
};

/** Throws UserError for a model folder that cannot be what it is named for. */
const requireRole = (folder: string, { task, chatTemplate }: ModelFolder, role: ModelRole): void => {
  requireTask(folder, task, role === "rewards");
  if (chatTemplate === null && role !== "trained-on-texts") {
    throw new UserError(
      "no-chat-template",
      `${folder} has no chat template, so conversations cannot be put into its format. Add chat_template.jinja to the folder, choose a chat model, or (train sft) give rows of plain {"text": ...}.`,
      { folder },
    );
  }
};

/** How fast a model runs here, covenant-tiny being 1. */
export const speedOf = ({ config, task }: ModelFolder): number =>
  tinyParameters / parameterCount(config, task);

/**
 * A model that continues text, by the name of its folder; it may lack a chat template. Throws UserError for one that
 * lies elsewhere, and for a reward model.
 */
export const loadLanguageModel = async (name: string): Promise<ModelFolder> => {
  const folder = modelFolderOf(name);
  if (folder === null)
    throw new UserError(
      "model-not-here",
      `"${name}" is served elsewhere. Expected a model that runs here: embedded:covenant-tiny or a model folder (./folder).`,
      { model: name },
    );
  await refuseFolderOfModels(folder);
  const model = await loadModelFolder(folder);
  requireTask(folder, model.task, false);
  return model;
};

/** Looks at a model by its name. Throws UserError for what the user must change. */
export const checkModel = async (
  name: string,
  role: ModelRole,
  { environment, signal }: RecipeContext,
): Promise<CheckedModel> => {
  const folder = role === "asked" ? modelFolderOf(name) : trainableFolder(name);
  if (folder === null) {
    await (await openModel(name, { environment, signal })).close();
    return { hash: null, speed: null, config: null };
  }
  await refuseFolderOfModels(folder);
  const model = await loadModelFolder(folder);
  requireRole(folder, model, role);
  return { hash: await hashFolder(folder), speed: speedOf(model), config: model.config };
};
