// Very small random models for tests. Weights are scaled up, so that every part of the decoder shows in its output
// and sampled replies differ.

import type { ModelConfig, ModelTask } from "./config.ts";
import { createModelState, type ModelState } from "./model-state.ts";
import { initialParameters } from "./parameters.ts";
import { isLookedUp, type LoadFormat, quantisable, quantiseWeight } from "./quantised-weights.ts";

export const smallConfig: ModelConfig = {
  family: "llama",
  vocabularySize: 96,
  hiddenSize: 32,
  intermediateSize: 48,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 8,
  normEpsilon: 1e-5,
  ropeTheta: 5000,
  maxPositions: 96,
  tieEmbeddings: true,
  beginTokenId: null,
  endTokenIds: [0],
  padTokenId: 1,
};

/** A model with random weights whose deviation is `scale` times the usual one; norms lie around one. */
export const randomModel = (
  change: Partial<ModelConfig> = {},
  { seed = 1, scale = 8, task = "causal-lm" as ModelTask } = {},
): ModelState => {
  const config = { ...smallConfig, ...change };
  const weights = initialParameters(config, seed, task);
  for (const [name, { data }] of Object.entries(weights)) {
    for (let at = 0; at < data.length; at++)
      data[at] = name.includes("norm") ? 1 + 0.3 * Math.sin(at + seed) : data[at]! * scale;
  }
  return createModelState(config, weights, { task });
};

/** The same model with its projections in fewer bits. */
export const inFewerBits = ({ config, weights }: ModelState, format: LoadFormat): ModelState => {
  const chosen = quantisable(config, format);
  const quantised = Object.fromEntries(
    [...chosen].map(([name, projection]) => [name, quantiseWeight(weights[name]!, projection, format)]),
  );
  const kept = Object.fromEntries(
    Object.entries(weights).filter(([name]) => !chosen.has(name) || isLookedUp(config, name)),
  );
  return createModelState(config, kept, { quantised });
};
