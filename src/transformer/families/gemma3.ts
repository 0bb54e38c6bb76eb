// Gemma 3, the text models (Gemma Team 2025): norms around attention and feed-forward whose weights are differences
// from one, GELU, norms over heads, scaled embeddings, and five windowed layers with their own rotary base to one that
// sees everything.

import type { Family } from "./family.ts";
import { llamaLikeDesign, llamaLikeTensors, type RawConfig, readLlamaLike, refuse } from "./llama-like.ts";

const windows = ({
  sliding_window: size,
  sliding_window_pattern: every,
  num_hidden_layers: layers,
}: RawConfig) => ({
  size: size ?? 4096,
  layers: Array.from({ length: layers }, (_, layer) => (layer + 1) % (every ?? 6) !== 0),
});

/** The Gemma 3 family. */
export const gemma3: Family = {
  modelType: "gemma3_text",
  architectures: {
    "causal-lm": "Gemma3ForCausalLM",
    "sequence-classification": "Gemma3TextForSequenceClassification",
  },
  parseConfig(raw, source) {
    for (const field of ["final_logit_softcapping", "attn_logit_softcapping"])
      if (raw[field] != null) throw refuse(source, field, raw[field], "scores and logits without a soft cap");
    if (raw["use_bidirectional_attention"] === true)
      throw refuse(source, "use_bidirectional_attention", true, "attention to what comes before");
    // what transformers takes where the file is silent
    const config = readLlamaLike({ query_pre_attn_scalar: 256, ...raw }, source, {
      family: "gemma3",
      defaultTheta: 1_000_000,
      tied: true,
      headSize: 256,
      activation: "gelu_pytorch_tanh",
      windows,
    });
    return { ...config, windowRopeTheta: config.windowRopeTheta ?? 10_000, original: raw };
  },
  freshConfig: null,
  design: (config) => ({
    ...llamaLikeDesign(config, { headNorms: true, normsAround: true }),
    embeddingScale: Math.sqrt(config.hiddenSize),
    norm: "rms-from-zero",
    activation: "gelu",
  }),
  ...llamaLikeTensors,
};
