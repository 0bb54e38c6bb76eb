// Opening what a stage works with: a language model by name, a model folder to train, its chat codec.
// What is looked at before a run is begun is in model-checks.ts.

import { isAbsolute, relative, sep } from "node:path";
import { UserError } from "../../core/index.ts";
import {
  type FetchProgress,
  type FolderOptions,
  type LanguageModel,
  modelFolderOf,
  type OpenModel,
  type OpenOptions,
  openModel,
} from "../../models/index.ts";
import type { ChatCodec } from "../../training/index.ts";
import {
  type ChatTemplate,
  checkModelFolder,
  type LoadFormat,
  type LoadOptions,
  loadModelFolder,
  type ModelDescription,
  type ModelFolder,
  mergeFolder,
  withChatTemplate,
} from "../../transformer/index.ts";
import type { RecipeContext } from "../recipe.ts";
import { type AdapterSettings, type Origin, originOf, requireContinuable } from "./adapter-start.ts";

/**
 * A model's name as records hold it: one that lies in the run folder by its path in there, so that equal runs in
 * different folders have equal records.
 */
export const nameInRun = (runFolder: string, name: string): string => {
  const path = relative(runFolder, name);
  return isAbsolute(name) && !path.startsWith("..") && !isAbsolute(path) ? path.replaceAll(sep, "/") : name;
};

/**
 * Opens a model for the time of one piece of work. openModel: how, where not in this process. id: how records name it,
 * where not by its name. options: of models behind endpoints.
 */
export const withModel = async <Result>(
  name: string,
  { openModel: open = openModel, ...context }: RecipeContext & { readonly openModel?: OpenModel },
  signal: AbortSignal,
  work: (model: LanguageModel) => Promise<Result>,
  id = name,
  options: Partial<OpenOptions> = {},
): Promise<Result> => {
  const model = await open(name, { ...folderOptions(context), ...options, signal });
  try {
    return await work(id === name ? model : { ...model, id });
  } finally {
    await model.close();
  }
};

/** What finding and loading a model's folder takes of a recipe's context. A download shows as a stage. */
export const folderOptions = ({
  environment,
  signal,
  emit,
  clock,
}: Pick<RecipeContext, "environment" | "signal" | "emit" | "clock">): FolderOptions => {
  let told = -1;
  const onFetch = ({ file, done, total }: FetchProgress): void => {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    if (percent === told) return;
    told = percent;
    const [stage, unit, time] = ["download", "MB", clock.now()];
    const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
    emit({
      type: "stage-progress",
      time,
      stage,
      done: megabytes(done),
      total: megabytes(total),
      unit,
      note: file,
    });
  };
  return { environment, signal, onFetch };
};

const loadOptions = (context: RecipeContext, load: LoadFormat | undefined): LoadOptions => ({
  hub: folderOptions(context),
  ...(load === undefined ? {} : { load }),
});

/** Loads a folder; an adapter's base is found as the context says. load: hold projections in so few bits. */
export const loadFolder = (folder: string, context: RecipeContext, load?: LoadFormat): Promise<ModelFolder> =>
  loadModelFolder(folder, loadOptions(context, load));

/** Looks at all that loadFolder would load, and keeps no weights. */
export const checkFolder = (
  folder: string,
  context: RecipeContext,
  load?: LoadFormat,
): Promise<ModelDescription> => checkModelFolder(folder, loadOptions(context, load));

/** The folder of a model that can be trained here. Throws UserError for one that lies elsewhere. */
export const trainableFolder = async (name: string, context: RecipeContext): Promise<string> => {
  const folder = await modelFolderOf(name, folderOptions(context));
  if (folder !== null) return folder;
  throw new UserError(
    "model-not-trainable",
    `"${name}" is served elsewhere and cannot be trained here. Expected embedded:covenant-tiny, a model folder (./folder) or one on the hub (hf:owner/name).`,
    { model: name },
  );
};

/**
 * origin: what an adapter that is trained on it names as its base, by the name that it was asked for by and by its folder.
 * adapter: goes on learning, where there is one.
 */
export type TrainableModel = ModelFolder & {
  readonly codec: ChatCodec;
  readonly padding: number;
  readonly origin: Origin;
  /** Whether it was an adapter, which was merged into its base. */
  readonly isMerged: boolean;
};

/** What of a training's settings says how its model is opened. */
export type StartSettings = {
  readonly load?: LoadFormat | undefined;
  readonly lora?: AdapterSettings | undefined;
};

const lackingTemplate = (folder: string): UserError =>
  new UserError(
    "no-chat-template",
    `${folder} has no chat template, so messages cannot be put into its format. Add chat_template.jinja to the folder, give one for this training (--set chatTemplate=file.jinja), choose a chat model, or give rows of plain texts.`,
    { folder },
  );

/** How a model of this folder reads chats and texts. Without a template it throws UserError when a chat is to be read. */
export const codecOf = (
  { tokenizer, chatTemplate }: Pick<ModelDescription, "tokenizer" | "chatTemplate">,
  folder: string,
): ChatCodec => {
  const refusing: ChatTemplate = {
    source: "",
    render: () => {
      throw lackingTemplate(folder);
    },
  };
  return { tokenizer, template: chatTemplate ?? refusing };
};

/**
 * Loads a model, by name or folder, with what training needs of it. An adapter is merged into its base, unless adapters
 * are trained (lora): then it stays beside it. chatTemplate: a Jinja file in place of the model's own. Throws UserError
 * for one that lies elsewhere, and for an adapter that cannot be gone on with.
 */
export const loadTrainable = async (
  name: string,
  context: RecipeContext,
  { chatTemplate, load, lora }: StartSettings & { readonly chatTemplate?: string | undefined } = {},
): Promise<TrainableModel> => {
  const folder = await trainableFolder(name, context);
  const found = await loadFolder(folder, context, load);
  if (found.adapter !== null && lora !== undefined)
    requireContinuable(folder, found.config, found.adapter, lora);
  const started = lora === undefined ? mergeFolder(found) : found;
  const loaded = chatTemplate === undefined ? started : await withChatTemplate(started, chatTemplate);
  return {
    ...loaded,
    codec: codecOf(loaded, folder),
    padding: loaded.config.padTokenId ?? 0,
    origin: originOf(name, folder, loaded),
    isMerged: found.adapter !== null && lora === undefined,
  };
};
