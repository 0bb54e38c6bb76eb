// How large a training by reward is: what training-size.ts says of its updates, and what stands beside them: the
// reference and whatever gives the reward, the cache of generation, and the whole distributions that entropy is taken of.

import type { LoadFormat } from "../../models/index.ts";
import { logitRows, type ModelConfig, parameterCount } from "../../transformer/index.ts";
import type { TrainingSize } from "../recipe.ts";
import type { PolicyLoraSettings } from "../settings/settings.ts";
import { trainingSize, weightNumbers } from "./training-size.ts";

/**
 * replies: of a step. heldOut: prompts that are looked at, with a reply each. prompt: tokens of the longest. helpers: local
 * models that give the reward, with how their projections are held.
 */
export type PolicyLoad = {
  readonly replies: number;
  readonly heldOut?: number;
  readonly prompt: number;
  readonly maxTokens: number;
  readonly hasReference: boolean;
  readonly helpers: readonly { readonly config: ModelConfig; readonly load?: LoadFormat | undefined }[];
  readonly settings: {
    readonly minibatches: number;
    readonly accumulation: number;
    readonly lora?: PolicyLoraSettings;
    readonly load?: "4bit" | undefined;
    readonly gradientCheckpointing?: boolean;
  };
};

const bytes = 4;
/** Rows that the generator decodes at a time, and tokens that are read in one run. */
const rowsAtATime = 96;
const tokensRead = 4096;
/** Replies are of many lengths: whatever reads them holds at least this many programs, each with memory of its own. */
export const shapesRead = 2;

/** Size of PPO, GRPO or RLOO on a model. */
export const policySize = (config: ModelConfig, load: PolicyLoad): TrainingSize => {
  const { replies, heldOut = 0, prompt, maxTokens, hasReference, helpers, settings } = load;
  const length = Math.min(config.maxPositions, prompt + maxTokens);
  const batch = Math.ceil(replies / settings.minibatches);
  const tokens = Array.from({ length: batch }, () => length);
  const size = trainingSize(config, { task: "causal-lm", settings: { ...settings, batch }, tokens });
  // with adapters, the reference is the same weights
  const reference = hasReference && settings.lora === undefined ? parameterCount(config, "causal-lm") : 0;
  const others = helpers.reduce(
    (sum, { config: own, load: held }) => sum + weightNumbers(own, parameterCount(own, "causal-lm"), held),
    0,
  );
  const cacheRow = 2 * config.layers * config.keyValueHeads * config.headSize * length;
  const sampled = Math.max(replies, heldOut);
  const cache = Math.min(rowsAtATime, sampled) * cacheRow;
  const atATime = Math.ceil(batch / settings.accumulation) * length;
  const most = logitRows(config);
  const readers = hasReference ? 2 : 1;
  const read = Math.min(atATime, most) + shapesRead * readers * Math.min(tokensRead, sampled * length, most);
  const distributions = 2 * config.vocabularySize * read;
  return { ...size, memory: size.memory + bytes * (reference + others + cache + distributions) };
};
