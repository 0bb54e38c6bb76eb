// Mistral: Llama with a sliding window (Jiang et al. 2023), where the file names one.
// What they share is in llama-like.ts.

import type { Family } from "./family.ts";
import { llamaLikeDesign, llamaLikeTensors, readLlamaLike } from "./llama-like.ts";

/** The Mistral family. */
export const mistral: Family = {
  name: "mistral",
  modelTypes: ["mistral"],
  architectures: {
    "causal-lm": "MistralForCausalLM",
    "sequence-classification": "MistralForSequenceClassification",
  },
  parseConfig: (raw, source) =>
    readLlamaLike(raw, source, {
      family: "mistral",
      // transformers takes 4096 where the file is silent, and no window where it says null
      windows: ({ sliding_window: size }) => (size === null ? null : { size: size ?? 4096 }),
    }),
  freshConfig: null,
  design: (config) => llamaLikeDesign(config),
  ...llamaLikeTensors,
};
