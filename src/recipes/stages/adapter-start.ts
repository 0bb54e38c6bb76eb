// Training that starts from an adapter with adapters of its own: that adapter goes on learning, over the base that it was
// made for. So one adapter holds all that was learned and names a base that PEFT opens, a base in fewer bits can be
// gone on from, and what a policy is held near is the same base with the adapter as it was.

import { isAbsolute, join, resolve } from "node:path";
import { UserError } from "../../core/index.ts";
import { referenceState } from "../../training/index.ts";
import {
  createModelState,
  type LiveAdapter,
  type ModelConfig,
  type ModelDescription,
  type ModelState,
  targetedProjections,
} from "../../transformer/index.ts";
import type { LoraSettings, PolicyLoraSettings } from "../settings/settings.ts";
import type { Notice } from "./learned-rows.ts";

/** Settings of adapters, whatever trains them. */
export type AdapterSettings = NonNullable<PolicyLoraSettings | LoraSettings>;

/** Adapters as they are there. ranks: by the projections that they stand beside. */
type AdapterShape = Pick<LiveAdapter, "ranks"> & { readonly alpha: number; readonly rsLora: boolean };

const lastNames = (names: readonly string[]): string =>
  [...new Set(names.map((name) => name.split(".").at(-1)!))].sort().join(", ");

/** Where settings say something else than adapters are, as parts of a sentence. */
const differences = (
  { ranks, alpha, rsLora }: AdapterShape,
  lora: AdapterSettings,
  config: ModelConfig,
): string[] => {
  const own = Object.keys(ranks);
  const asked = targetedProjections(config, lora.targets).map(({ name }) => name);
  const sizes = [...new Set(Object.values(ranks))];
  const parts: [boolean, string][] = [
    [sizes.every((rank) => rank === lora.rank), `rank ${sizes.join(" and ")} (lora.rank is ${lora.rank})`],
    [alpha === lora.alpha, `alpha ${alpha} (lora.alpha is ${lora.alpha})`],
    [rsLora === lora.rsLora, `rsLora ${rsLora} (lora.rsLora is ${lora.rsLora})`],
    [
      own.length === asked.length && asked.every((name) => name in ranks),
      `targets ${lastNames(own)} in ${own.length} places (lora.targets is ${lora.targets.join(", ")}: ${asked.length} places)`,
    ],
  ];
  return parts.filter(([same]) => !same).map(([, text]) => text);
};

const notContinued = (what: string, found: string, folder: string): UserError =>
  new UserError(
    "adapter-not-continued",
    `${what} is an adapter, and training with lora goes on with it; but ${found}. Give lora the adapter's own settings, or merge it first (\`covenant export merge\`) and train new adapters on the merged model.`,
    { folder },
  );

/** Throws UserError for an adapter's folder that cannot be gone on with as the settings say. */
export const requireContinuable = (
  folder: string,
  config: ModelConfig,
  { specification, ranks, below }: LiveAdapter,
  lora: AdapterSettings,
): void => {
  const found = differences({ ...specification, ranks }, lora, config);
  if (found.length > 0) throw notContinued(folder, `it has ${found.join(", ")}`, folder);
  if (Object.keys(specification.alphaPattern).length > 0)
    throw notContinued(folder, "its alpha differs from place to place (alpha_pattern)", folder);
  if (below !== null) throw notContinued(folder, "its base is an adapter, too", folder);
};

/**
 * Throws UserError where a later training of a run could not go on with the adapter that an earlier one will leave.
 * blocks: the keys of their settings.
 */
export const requireSameAdapters = (
  config: ModelConfig,
  [earlier, first]: readonly [block: string, lora: AdapterSettings],
  [later, second]: readonly [block: string, lora: AdapterSettings],
): void => {
  const ranks = Object.fromEntries(
    targetedProjections(config, first.targets).map(({ name }) => [name, first.rank]),
  );
  const found = differences({ ...first, ranks }, second, config);
  if (found.length === 0) return;
  throw new UserError(
    "adapter-not-continued",
    `${earlier}.load leaves an adapter, and ${later}.lora goes on with it; but ${earlier}.lora has ${found.join(", ")}. Give both the same settings, or leave out ${earlier}.load.`,
  );
};

/** Told where training merges the adapter that it starts from. block: the key of the training's settings. */
export const mergedNotices = (name: string, isMerged: boolean, block: string): Notice[] => {
  if (!isMerged) return [];
  const text = `${name} is an adapter: it is merged into its base, and all weights learn. To go on with the adapter instead, give ${block}.lora its own settings (--set ${block}.lora.rank=...).`;
  return [{ code: "adapter-merged", text }];
};

/** What an adapter names as its base, seen from anywhere: an absolute path, or owner/name on the hub. */
export const baseOfAdapter = (
  folder: string,
  { specification, baseFolder }: LiveAdapter,
): { readonly base: string; readonly revision: string | null } => {
  const named = specification.base ?? "";
  const isLocal = [named, join(folder, named)].some((path) => resolve(path) === resolve(baseFolder));
  return isLocal
    ? { base: resolve(baseFolder), revision: null }
    : { base: named.replace(/^hf:/, ""), revision: specification.revision };
};

/** A model by the name that it was asked for by, and its folder. */
export type Origin = { readonly name: string; readonly folder: string };

/** What an adapter that is trained on a model is trained over: the model, or the base of the adapter that it is. */
export const originOf = (
  name: string,
  folder: string,
  { adapter }: Pick<ModelDescription, "adapter">,
): Origin => {
  if (adapter === null) return { name, folder };
  const { base, revision } = baseOfAdapter(folder, adapter);
  if (isAbsolute(base)) return { name: base, folder: base };
  return { name: `hf:${base}${revision === null ? "" : `@${revision}`}`, folder: adapter.baseFolder };
};

/**
 * What a policy is held near: the model before its first step (so call it before that), in the same memory. Fresh
 * adapters are switched off; one that goes on learning is there as it was.
 */
export const startingState = (
  { adapter }: Pick<ModelDescription, "adapter">,
  state: ModelState,
): ModelState => {
  if (adapter === null) return referenceState(state);
  const { config, task, weights, quantised, adapterScale } = state;
  return createModelState(config, { ...weights }, { task, quantised, adapterScale });
};
