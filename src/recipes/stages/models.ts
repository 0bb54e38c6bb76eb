// Opening what a stage works with: a language model by name, a model folder to train, its chat codec.
// What is looked at before a run is begun is in model-checks.ts.

import { isAbsolute, relative, sep } from "node:path";
import { UserError } from "../../core/index.ts";
import { type LanguageModel, modelFolderOf, type OpenOptions, openModel } from "../../models/index.ts";
import type { ChatCodec } from "../../training/index.ts";
import { type ChatTemplate, loadModelFolder, type ModelFolder } from "../../transformer/index.ts";
import type { RecipeContext } from "../recipe.ts";

/**
 * A model's name as records hold it: one that lies in the run folder by its path in there, so that equal runs in
 * different folders have equal records.
 */
export const nameInRun = (runFolder: string, name: string): string => {
  const path = relative(runFolder, name);
  return isAbsolute(name) && !path.startsWith("..") && !isAbsolute(path) ? path.replaceAll(sep, "/") : name;
};

/**
 * Opens a model for the time of one piece of work. id: how records name it, where not by its name. options: of models
 * behind endpoints.
 */
export const withModel = async <Result>(
  name: string,
  context: RecipeContext,
  signal: AbortSignal,
  work: (model: LanguageModel) => Promise<Result>,
  id = name,
  options: Partial<OpenOptions> = {},
): Promise<Result> => {
  const model = await openModel(name, { ...options, environment: context.environment, signal });
  try {
    return await work(id === name ? model : { ...model, id });
  } finally {
    await model.close();
  }
};

/** The folder of a model that can be trained here. Throws UserError for one that lies elsewhere. */
export const trainableFolder = (name: string): string => {
  const folder = modelFolderOf(name);
  if (folder !== null) return folder;
  throw new UserError(
    "model-not-trainable",
    `"${name}" is served elsewhere and cannot be trained here. Expected embedded:covenant-tiny or a model folder (./folder).`,
    { model: name },
  );
};

export type TrainableModel = ModelFolder & { readonly codec: ChatCodec; readonly padding: number };

const lackingTemplate = (folder: string): UserError =>
  new UserError(
    "no-chat-template",
    `${folder} has no chat template, so rows cannot be put into its format. Add chat_template.jinja to the folder, choose a chat model, or (train sft) give rows of plain {"text": ...}.`,
    { folder },
  );

/**
 * Loads a model, by name or folder, with what training needs of it. Throws UserError for one that lies elsewhere or has
 * no chat template; with `texts` the latter only when a chat is to be put into its format.
 */
export const loadTrainable = async (
  name: string,
  { texts = false }: { readonly texts?: boolean } = {},
): Promise<TrainableModel> => {
  const folder = trainableFolder(name);
  const loaded = await loadModelFolder(folder);
  if (loaded.chatTemplate === null && !texts) throw lackingTemplate(folder);
  const refusing: ChatTemplate = {
    source: "",
    render: () => {
      throw lackingTemplate(folder);
    },
  };
  return {
    ...loaded,
    codec: { tokenizer: loaded.tokenizer, template: loaded.chatTemplate ?? refusing },
    padding: loaded.config.padTokenId ?? 0,
  };
};
