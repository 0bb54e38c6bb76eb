// Gemma 3 (Gemma Team 2025): norms around attention and feed-forward whose weights are differences from one, GELU, norms
// over heads, scaled embeddings, and five windowed layers with their own rotary base to one that sees everything. Of the
// models that also see images (model_type gemma3, from 4B up) the text part is read, and written as a text model.

import { UserError } from "../../core/index.ts";
import { type Family, type ModelConfig, refuse } from "./family.ts";
import { llamaLikeDesign, llamaLikeTensors, type RawConfig, readLlamaLike } from "./llama-like.ts";

type Raw = Readonly<Record<string, unknown>>;

const windows = ({
  sliding_window: size,
  sliding_window_pattern: every,
  num_hidden_layers: layers,
}: RawConfig) => ({
  size: size ?? 4096,
  layers: Array.from({ length: layers }, (_, layer) => (layer + 1) % (every ?? 6) !== 0),
});

/** What transformers takes where the configuration of a text part is silent. */
const textDefaults = {
  vocab_size: 262_208,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  max_position_embeddings: 131_072,
};

const tokenFields = ["bos_token_id", "eos_token_id", "pad_token_id"];
/** Of tokens where no part of the file names them. */
const tokenDefaults = { bos_token_id: 2, eos_token_id: 1, pad_token_id: 0 };

/** The text part of a configuration as a text model's own; control tokens stand in the whole one. */
const textPart = (raw: Raw, source: string): Raw => {
  const text = raw["text_config"];
  if (typeof text !== "object" || text === null || Array.isArray(text))
    throw new UserError(
      "bad-model-config",
      `${source}: model_type is "gemma3", and text_config, which describes the language model in it, is ${text === undefined ? "missing" : "no object"}. Fetch the model again.`,
      { source },
    );
  const tokens = tokenFields.filter((field) => raw[field] !== undefined);
  return {
    ...tokenDefaults,
    ...textDefaults,
    ...text,
    ...Object.fromEntries(tokens.map((field) => [field, raw[field]])),
    model_type: "gemma3_text",
  };
};

const parseText = (raw: Raw, source: string): ModelConfig => {
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
};

/** The Gemma 3 family. */
export const gemma3: Family = {
  name: "gemma3",
  modelTypes: ["gemma3", "gemma3_text"],
  architectures: {
    "causal-lm": "Gemma3ForCausalLM",
    "sequence-classification": "Gemma3TextForSequenceClassification",
  },
  parseConfig: (raw, source) =>
    parseText(raw["model_type"] === "gemma3" ? textPart(raw, source) : raw, source),
  freshConfig: null,
  design: (config) => ({
    ...llamaLikeDesign(config, { headNorms: true, normsAround: true }),
    embeddingScale: Math.sqrt(config.hiddenSize),
    norm: "rms-from-zero",
    activation: "gelu",
  }),
  // "language_model.model.layers", or "model.language_model.layers" as newer versions of transformers write it
  parameterOf: (tensor) =>
    llamaLikeTensors.parameterOf(
      tensor.replace(/^language_model\./, "").replace(/^model\.language_model\./, "model."),
    ),
  // what turns images into tokens
  ignores: (tensor) =>
    /^(?:model\.)?(?:vision_tower|multi_modal_projector)\./.test(tensor) || llamaLikeTensors.ignores(tensor),
};
