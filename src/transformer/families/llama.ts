// The Llama family (RMSNorm, rotary positions, grouped-query attention, SwiGLU; Touvron et al. 2023), as
// LlamaForCausalLM and LlamaForSequenceClassification of `transformers` name its fields and tensors.
// What the decoder cannot compute exactly (biases, scaled rotary positions, other activations) is refused here.

import { z } from "zod";
import { checkValue, UserError } from "../../core/index.ts";
import type { Family, ModelConfig, ModelTask, ParameterSpecification, WeightFormat } from "./family.ts";

const size = z.number().int().positive();
const tokenId = z.number().int().nonnegative();

const ropeSchema = z.looseObject({
  rope_theta: z.number().positive().optional(),
  rope_type: z.string().optional(),
  type: z.string().optional(),
});

const schema = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  hidden_act: z.string().default("silu"),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  max_position_embeddings: size.default(2048),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
  pad_token_id: z.number().int().nullish(),
});
type RawConfig = z.infer<typeof schema>;

const refuse = (source: string, field: string, got: unknown, expected: string): UserError =>
  new UserError(
    "unsupported-model",
    `${source}: ${field} is ${JSON.stringify(got)}, but this decoder computes ${expected} only. Use a model without it.`,
    { source, field, got },
  );

const checkComputable = (raw: RawConfig, source: string): void => {
  if (raw.hidden_act !== "silu") throw refuse(source, "hidden_act", raw.hidden_act, '"silu"');
  if (raw.attention_bias) throw refuse(source, "attention_bias", true, "attention without biases");
  if (raw.mlp_bias) throw refuse(source, "mlp_bias", true, "feed-forward layers without biases");
  for (const field of ["rope_scaling", "rope_parameters"] as const) {
    const type = raw[field]?.rope_type ?? raw[field]?.type ?? "default";
    if (type !== "default") throw refuse(source, `${field}.rope_type`, type, '"default" rotary positions');
  }
  if (raw["quantization_config"] != null)
    throw refuse(source, "quantization_config", "set", "float32, float16 and bfloat16 weights");
  if ((raw["partial_rotary_factor"] ?? 1) !== 1)
    throw refuse(source, "partial_rotary_factor", raw["partial_rotary_factor"], "full rotary positions (1)");
};

const checkSizes = (config: ModelConfig, source: string): void => {
  if (config.heads % config.keyValueHeads !== 0)
    throw new UserError(
      "bad-model-config",
      `${source}: num_attention_heads is ${config.heads}, which num_key_value_heads ${config.keyValueHeads} does not divide. Correct the file.`,
      { source },
    );
  if (config.headSize % 2 !== 0)
    throw new UserError(
      "bad-model-config",
      `${source}: the head size is ${config.headSize}; rotary positions need an even one. Correct head_dim, or hidden_size and num_attention_heads.`,
      { source },
    );
};

const headSizeOf = (raw: RawConfig, source: string): number => {
  if (raw.head_dim != null) return raw.head_dim;
  const headSize = raw.hidden_size / raw.num_attention_heads;
  if (Number.isInteger(headSize)) return headSize;
  throw new UserError(
    "bad-model-config",
    `${source}: hidden_size ${raw.hidden_size} is not a multiple of num_attention_heads ${raw.num_attention_heads}, and head_dim is not given. Correct the file.`,
    { source },
  );
};

const endTokens = (value: RawConfig["eos_token_id"]): number[] =>
  value == null ? [] : typeof value === "number" ? [value] : value;

const parseConfig = (input: unknown, source: string): ModelConfig => {
  const raw = checkValue(schema, input, { file: source });
  checkComputable(raw, source);
  const config: ModelConfig = {
    family: "llama",
    vocabularySize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    keyValueHeads: raw.num_key_value_heads ?? raw.num_attention_heads,
    headSize: headSizeOf(raw, source),
    normEpsilon: raw.rms_norm_eps,
    ropeTheta: raw.rope_theta ?? raw.rope_parameters?.rope_theta ?? raw.rope_scaling?.rope_theta ?? 10_000,
    maxPositions: raw.max_position_embeddings,
    tieEmbeddings: raw.tie_word_embeddings,
    beginTokenId: raw.bos_token_id ?? null,
    endTokenIds: endTokens(raw.eos_token_id),
    // Some checkpoints write -1 for "no padding token".
    padTokenId: raw.pad_token_id != null && raw.pad_token_id >= 0 ? raw.pad_token_id : null,
  };
  checkSizes(config, source);
  return config;
};

const writeConfig = (
  config: ModelConfig,
  task: ModelTask,
  format: WeightFormat,
): Record<string, unknown> => ({
  architectures: [task === "causal-lm" ? "LlamaForCausalLM" : "LlamaForSequenceClassification"],
  attention_bias: false,
  attention_dropout: 0,
  bos_token_id: config.beginTokenId,
  eos_token_id: config.endTokenIds.length > 1 ? [...config.endTokenIds] : (config.endTokenIds[0] ?? null),
  head_dim: config.headSize,
  hidden_act: "silu",
  hidden_size: config.hiddenSize,
  ...(task === "sequence-classification" ? { id2label: { "0": "score" }, label2id: { score: 0 } } : {}),
  initializer_range: 0.02,
  intermediate_size: config.intermediateSize,
  max_position_embeddings: config.maxPositions,
  mlp_bias: false,
  model_type: "llama",
  num_attention_heads: config.heads,
  num_hidden_layers: config.layers,
  num_key_value_heads: config.keyValueHeads,
  pad_token_id: config.padTokenId,
  rms_norm_eps: config.normEpsilon,
  rope_scaling: null,
  rope_theta: config.ropeTheta,
  tie_word_embeddings: config.tieEmbeddings,
  torch_dtype: format,
  use_cache: true,
  vocab_size: config.vocabularySize,
});

const parameters = (config: ModelConfig, task: ModelTask): Record<string, ParameterSpecification> => {
  const { hiddenSize: hidden, intermediateSize: inner, vocabularySize: vocabulary } = config;
  const query = config.heads * config.headSize;
  const keyValue = config.keyValueHeads * config.headSize;
  const all: Record<string, ParameterSpecification> = {
    "model.embed_tokens.weight": { shape: [vocabulary, hidden], initial: "normal" },
  };
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    all[`${at}.input_layernorm.weight`] = { shape: [hidden], initial: "one" };
    // Projections are [out, in], as torch.nn.Linear keeps them.
    all[`${at}.self_attn.q_proj.weight`] = { shape: [query, hidden], initial: "normal" };
    all[`${at}.self_attn.k_proj.weight`] = { shape: [keyValue, hidden], initial: "normal" };
    all[`${at}.self_attn.v_proj.weight`] = { shape: [keyValue, hidden], initial: "normal" };
    all[`${at}.self_attn.o_proj.weight`] = { shape: [hidden, query], initial: "residual" };
    all[`${at}.post_attention_layernorm.weight`] = { shape: [hidden], initial: "one" };
    all[`${at}.mlp.gate_proj.weight`] = { shape: [inner, hidden], initial: "normal" };
    all[`${at}.mlp.up_proj.weight`] = { shape: [inner, hidden], initial: "normal" };
    all[`${at}.mlp.down_proj.weight`] = { shape: [hidden, inner], initial: "residual" };
  }
  all["model.norm.weight"] = { shape: [hidden], initial: "one" };
  if (task === "sequence-classification") all["score.weight"] = { shape: [1, hidden], initial: "normal" };
  else if (!config.tieEmbeddings) all["lm_head.weight"] = { shape: [vocabulary, hidden], initial: "normal" };
  return all;
};

/** The Llama family. */
export const llama: Family = {
  modelType: "llama",
  parseConfig,
  writeConfig,
  parameters,
  ignores: (name, config) =>
    name.endsWith(".rotary_emb.inv_freq") || (config.tieEmbeddings && name === "lm_head.weight"),
};
