// Llama, and what is built like it: SmolLM2, TinyLlama, Llama 3 with its stretched rotary positions, and the models
// made here. As LlamaForCausalLM and LlamaForSequenceClassification of `transformers` name fields and tensors.

import { type Family, type ModelConfig, type RopeScaling, refuse } from "./family.ts";
import { llamaLikeDesign, llamaLikeTensors, readLlamaLike } from "./llama-like.ts";

const writeScaling = (scaling: RopeScaling | undefined): Record<string, unknown> | null => {
  if (scaling === undefined) return null;
  if (scaling.type === "linear") return { rope_type: "linear", factor: scaling.factor };
  return {
    rope_type: "llama3",
    factor: scaling.factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalPositions,
  };
};

const freshConfig = (config: ModelConfig): Record<string, unknown> => ({
  attention_bias: false,
  attention_dropout: 0,
  head_dim: config.headSize,
  hidden_act: "silu",
  hidden_size: config.hiddenSize,
  initializer_range: 0.02,
  intermediate_size: config.intermediateSize,
  max_position_embeddings: config.maxPositions,
  mlp_bias: false,
  model_type: "llama",
  num_attention_heads: config.heads,
  num_hidden_layers: config.layers,
  num_key_value_heads: config.keyValueHeads,
  rms_norm_eps: config.normEpsilon,
  rope_scaling: writeScaling(config.ropeScaling),
  rope_theta: config.ropeTheta,
  tie_word_embeddings: config.tieEmbeddings,
  use_cache: true,
  vocab_size: config.vocabularySize,
});

/** The Llama family. */
export const llama: Family = {
  name: "llama",
  modelTypes: ["llama"],
  architectures: {
    "causal-lm": "LlamaForCausalLM",
    "sequence-classification": "LlamaForSequenceClassification",
  },
  parseConfig(raw, source) {
    if (raw["attention_bias"] === true)
      throw refuse(source, "attention_bias", true, "attention without biases in this family");
    if (raw["mlp_bias"] === true)
      throw refuse(source, "mlp_bias", true, "feed-forward layers without biases");
    return readLlamaLike(raw, source, { family: "llama" });
  },
  freshConfig,
  design: (config) => llamaLikeDesign(config),
  ...llamaLikeTensors,
};
