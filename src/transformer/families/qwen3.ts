// Qwen3 (dense): Llama with norms over each head of queries and keys.
// What they share is in llama-like.ts.

import { type Family, refuse } from "./family.ts";
import { llamaLikeDesign, llamaLikeTensors, readLlamaLike } from "./llama-like.ts";
import { lastLayersWindow } from "./qwen2.ts";

/** The Qwen3 family. */
export const qwen3: Family = {
  name: "qwen3",
  modelTypes: ["qwen3"],
  architectures: {
    "causal-lm": "Qwen3ForCausalLM",
    "sequence-classification": "Qwen3ForSequenceClassification",
  },
  parseConfig(raw, source) {
    if (raw["attention_bias"] === true)
      throw refuse(source, "attention_bias", true, "attention without biases in this family");
    return readLlamaLike(raw, source, { family: "qwen3", headSize: 128, windows: lastLayersWindow });
  },
  freshConfig: null,
  design: (config) => llamaLikeDesign(config, { headNorms: true }),
  ...llamaLikeTensors,
};
