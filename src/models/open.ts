// Opens a model by its name, with the middleware that its provider needs. Providers are loaded when named, so that
// nobody pays for those that are not used. Which key goes where is decided in key.ts.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { throwIfAborted, UserError } from "../core/index.ts";
import { isOpenAi, keyFor, openAiAddress } from "./key.ts";
import { type RetryOptions, withRetry } from "./middleware/retry.ts";
import { withTimeout } from "./middleware/timeout.ts";
import { parseModelName } from "./name.ts";
import type { LoadFormat } from "./providers/embedded.ts";
import type { LanguageModel } from "./specification.ts";

/** Something about a model that a person should know and that stops nothing. */
export type ModelNotice = {
  readonly code: "model-retry" | "model-not-listed" | "model-foreign-text";
  readonly text: string;
};

/** A model on its way from the hub: bytes so far, of all that it needs. */
export type FetchProgress = { readonly file: string; readonly done: number; readonly total: number };

/**
 * environment: where keys come from (see key.ts). concurrency: calls in flight at an endpoint. timeout: milliseconds
 * for one call. retry: of calls to endpoints. onNotice: told of every call that is made again, when an address does not
 * list the model that it is asked for (many serve another one without a word), and when an embedded model of a small
 * language is given text outside of it. onFetch: told of a model's download. load: hold the projections of a model that
 * runs here in so few bits.
 */
export type OpenOptions = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly concurrency?: number;
  readonly timeout?: number;
  readonly retry?: RetryOptions;
  readonly onNotice?: (notice: ModelNotice) => void;
  readonly onFetch?: (progress: FetchProgress) => void;
  readonly load?: LoadFormat;
};

const openEndpoint = async (
  target: { readonly id: string; readonly baseURL: string; readonly model: string },
  options: OpenOptions,
): Promise<LanguageModel> => {
  const { id, baseURL, model } = target;
  const { onNotice } = options;
  const openai = isOpenAi(baseURL);
  const { key, keyVariable, keyAdvice } = keyFor(id, baseURL, options.environment);
  const { openAiCompatibleModel } = await import("./providers/openai-compatible.ts");
  const provider = openAiCompatibleModel({
    id,
    baseURL,
    model,
    key,
    keyVariable,
    keyAdvice,
    ...(openai ? { tokenLimit: "max_completion_tokens", scoring: "chat" } : {}),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    ...(openai || onNotice === undefined
      ? {}
      : { onNotListed: (text: string) => onNotice({ code: "model-not-listed", text }) }),
  });
  const timed = withTimeout(provider, options.timeout === undefined ? {} : { milliseconds: options.timeout });
  return withRetry(timed, {
    ...options.retry,
    onRetry: (event) => {
      options.retry?.onRetry?.(event);
      onNotice?.({ code: "model-retry", text: event.error.message });
    },
  });
};

/** Where an embedded model lies. Throws UserError when there is none of that name. */
const embeddedFolder = (model: string): string => {
  const assets = fileURLToPath(new URL("../../assets/", import.meta.url));
  const known = readdirSync(assets).sort();
  if (known.includes(model)) return join(assets, model);
  throw new UserError(
    "model-unknown",
    `There is no embedded model "${model}"; there is ${known.join(", ")}.`,
    {
      model,
    },
  );
};

/** What it takes to find a model's folder: where keys and caches are, and what to tell. */
export type FolderOptions = Pick<OpenOptions, "environment" | "signal" | "onFetch">;

/**
 * The model folder behind a name, fetched where it lies on the hub; null for a model that runs elsewhere. Throws
 * UserError for a name that is none, and for a model that cannot be fetched.
 */
export const modelFolderOf = async (name: string, options: FolderOptions): Promise<string | null> => {
  const target = parseModelName(name);
  if (target.type === "folder") return target.folder;
  if (target.type === "embedded") return embeddedFolder(target.model);
  if (target.type !== "hub") return null;
  const { fetchedFolder } = await import("./providers/embedded.ts");
  return fetchedFolder(target.name, options);
};

/** Whether a model would have to be fetched from the hub first. Asks nobody. */
export const isToBeFetched = async (name: string, { environment }: FolderOptions): Promise<boolean> => {
  const target = parseModelName(name);
  if (target.type !== "hub") return false;
  const { isFetched } = await import("./providers/embedded.ts");
  return !(await isFetched(target.name, environment));
};

/** Whether a name stands for a model behind an address, where calls may fail and cost. */
export const isEndpoint = (name: string): boolean =>
  ["endpoint", "openai"].includes(parseModelName(name).type);

/** Whether a name stands for a model whose weights are read in this process. */
export const runsHere = (name: string): boolean =>
  ["embedded", "hub", "folder"].includes(parseModelName(name).type);

/** What is said of models that are to be held in fewer bits and whose weights are not read here. */
export const loadElsewhere = (names: readonly string[], load: LoadFormat): UserError =>
  new UserError(
    "load-elsewhere",
    `load is ${load}, which says how weights are held in memory here, and ${names.map((name) => `"${name}"`).join(" and ")} ${names.length === 1 ? "runs" : "run"} elsewhere. Leave out load, or name a model that runs here: embedded:covenant-tiny, ./folder or hf:owner/name.`,
    { models: names, load },
  );

/** Opens the model that a name stands for (see parseModelName). Throws UserError for what the user must change. */
export const openModel = async (name: string, options: OpenOptions): Promise<LanguageModel> => {
  const target = parseModelName(name);
  throwIfAborted(options.signal);
  if (options.load !== undefined && !runsHere(name)) throw loadElsewhere([name], options.load);
  switch (target.type) {
    case "endpoint":
      return openEndpoint({ id: name, ...target }, options);
    case "openai":
      return openEndpoint({ id: name, baseURL: openAiAddress, model: target.model }, options);
    case "scripted": {
      const { openScriptedModel } = await import("./providers/script-file.ts");
      return openScriptedModel(target.file, name);
    }
    case "embedded":
    case "hub":
    case "folder": {
      const { openEmbeddedModel } = await import("./providers/embedded.ts");
      const { onNotice } = options;
      return openEmbeddedModel({
        folder: (await modelFolderOf(name, options)) ?? name,
        id: name,
        load: { hub: options, ...(options.load === undefined ? {} : { load: options.load }) },
        ...(onNotice === undefined
          ? {}
          : { onForeignText: (text) => onNotice({ code: "model-foreign-text", text }) }),
      });
    }
    default:
      return target satisfies never;
  }
};
