// Opens a model by its name. Providers are loaded when named, so that nobody pays for those that are not used; what is
// behind an address is opened in open-endpoint.ts. Which key goes where is decided in key.ts.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { throwIfAborted, UserError } from "../core/index.ts";
import { type Price, priceOf } from "./ledger.ts";
import { withLedger } from "./middleware/ledger.ts";
import { parseModelName } from "./name.ts";
import type { OpenOptions } from "./open-options.ts";
import type { LoadFormat } from "./providers/embedded.ts";
import type { LanguageModel } from "./specification.ts";

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
  ["endpoint", "openai", "anthropic", "pool"].includes(parseModelName(name).type);

/** Whether a name stands for a recording, whose answers may be those of any model. */
export const isReplay = (name: string): boolean => parseModelName(name).type === "replay";

/** Whether a name stands for a model whose weights are here. */
export const runsHere = (name: string): boolean =>
  ["embedded", "hub", "folder"].includes(parseModelName(name).type);

/**
 * How a model gives log-probabilities, as far as its name tells: not at all, in one call for all continuations, or in a
 * way, if any, that only asking can tell.
 */
export type ScoringByName = "none" | "one-call" | "unknown";

/** What a model's name tells of its log-probabilities. */
export const scoringByName = (name: string): ScoringByName => {
  if (parseModelName(name).type === "anthropic") return "none";
  return isEndpoint(name) ? "unknown" : "one-call";
};

/** How many endpoints a name stands for. */
export const membersOf = (name: string): number => {
  const target = parseModelName(name);
  return target.type === "pool" ? target.members.length : 1;
};

/**
 * What a model's tokens cost by the prices given; of a pool, what its dearest member's do. Nothing where it runs here;
 * undefined where no price is given.
 */
export const priceOfModel = (prices: Readonly<Record<string, Price>>, name: string): Price | undefined => {
  const target = parseModelName(name);
  if (target.type !== "pool") return priceOf(prices, name) ?? (isEndpoint(name) ? undefined : free);
  const members = target.members.map((member) => priceOf(prices, member, name));
  if (members.some((price) => price === undefined)) return undefined;
  return members.reduce((dearest, price) =>
    (price?.input ?? 0) + (price?.output ?? 0) > (dearest?.input ?? 0) + (dearest?.output ?? 0)
      ? price
      : dearest,
  );
};

const free: Price = { input: 0, output: 0 };

/** Recorded where that is wanted; and counted, where it runs elsewhere or stands in for a model that does. */
const openFile = async (
  model: LanguageModel,
  { ledger, prices = {}, recorder }: OpenOptions,
  isCounted: boolean,
): Promise<LanguageModel> => {
  const price = priceOf(prices, model.id);
  const counted = isCounted && ledger !== undefined ? withLedger(model, ledger, price) : model;
  if (recorder === undefined) return counted;
  const { withRecording } = await import("./middleware/record.ts");
  return withRecording(counted, recorder);
};

/** What is said of models that are to be held in fewer bits and whose weights are not read here. */
export const loadElsewhere = (names: readonly string[], load: LoadFormat): UserError =>
  new UserError(
    "load-elsewhere",
    `load is ${load}, which says how weights are held in memory here, and ${names.map((name) => `"${name}"`).join(" and ")} ${names.length === 1 ? "runs" : "run"} elsewhere. Leave out load, or name a model that runs here: embedded:covenant-tiny, ./folder or hf:owner/name.`,
    { models: names, load },
  );

/** What opens a model by its name. */
export type OpenModel = (name: string, options: OpenOptions) => Promise<LanguageModel>;

/** Opens the model that a name stands for (see parseModelName). Throws UserError for what the user must change. */
export const openModel: OpenModel = async (name, options) => {
  const target = parseModelName(name);
  throwIfAborted(options.signal);
  if (options.load !== undefined && !runsHere(name)) throw loadElsewhere([name], options.load);
  switch (target.type) {
    case "endpoint":
    case "openai":
    case "anthropic":
    case "pool": {
      const { openEndpoint } = await import("./open-endpoint.ts");
      return openEndpoint(name, target, options);
    }
    case "scripted": {
      const { openScriptedModel } = await import("./providers/script-file.ts");
      return openFile(await openScriptedModel(target.file, name), options, true);
    }
    case "replay": {
      const { openReplayModel } = await import("./providers/replay.ts");
      return openFile(await openReplayModel(target.file, name, target.model), options, true);
    }
    case "embedded":
    case "hub":
    case "folder": {
      const { openEmbeddedModel } = await import("./providers/embedded.ts");
      const { onNotice } = options;
      const model = await openEmbeddedModel({
        folder: (await modelFolderOf(name, options)) ?? name,
        id: name,
        load: { hub: options, ...(options.load === undefined ? {} : { load: options.load }) },
        ...(onNotice === undefined
          ? {}
          : { onForeignText: (text) => onNotice({ code: "model-foreign-text", text }) }),
      });
      return openFile(model, options, false);
    }
    default:
      return target satisfies never;
  }
};
