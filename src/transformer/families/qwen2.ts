// Qwen2 and Qwen2.5: Llama with biases on query, key and value, and a window on its last layers where it is asked for.
// What they share is in llama-like.ts.

import type { Family } from "./family.ts";
import { llamaLikeDesign, llamaLikeTensors, type RawConfig, readLlamaLike } from "./llama-like.ts";

/** The window of Qwen's layers from max_window_layers on; null unless use_sliding_window. */
export const lastLayersWindow = (raw: RawConfig) => {
  if (raw.use_sliding_window !== true || raw.sliding_window === null) return null;
  const first = raw.max_window_layers ?? 28;
  const layers = Array.from({ length: raw.num_hidden_layers }, (_, layer) => layer >= first);
  return { size: raw.sliding_window ?? 4096, layers };
};

/** The Qwen2 family. */
export const qwen2: Family = {
  name: "qwen2",
  modelTypes: ["qwen2"],
  architectures: {
    "causal-lm": "Qwen2ForCausalLM",
    "sequence-classification": "Qwen2ForSequenceClassification",
  },
  parseConfig: (raw, source) => readLlamaLike(raw, source, { family: "qwen2", windows: lastLayersWindow }),
  freshConfig: null,
  design: (config) => llamaLikeDesign(config, { queryKeyValueBias: true }),
  ...llamaLikeTensors,
};
