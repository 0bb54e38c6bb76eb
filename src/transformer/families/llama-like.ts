// What Llama and its relatives (Mistral, Qwen, Gemma) have in common: field names of config.json, tensor names, and a
// decoder of RMSNorm, rotary positions, grouped-query attention and a gated feed-forward layer (Touvron et al. 2023).
// A family says where it differs. What the decoder cannot compute exactly is refused here.

import { z } from "zod";
import { checkValue, UserError } from "../../core/index.ts";
import {
  checkPlain,
  type DecoderDesign,
  endTokens,
  type Family,
  type LayerDesign,
  layerCount,
  type ModelConfig,
  type Projection,
  type RopeScaling,
  refuse,
  size,
} from "./family.ts";

const tokenId = z.number().int().nonnegative();

const ropeSchema = z.looseObject({
  rope_theta: z.number().positive().optional(),
  rope_type: z.string().optional(),
  type: z.string().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: size.optional(),
});
type RawRope = z.infer<typeof ropeSchema>;

const schema = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  hidden_act: z.string().nullish(),
  hidden_activation: z.string().nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_local_base_freq: z.number().positive().nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: z
    .union([
      z.looseObject({ full_attention: ropeSchema, sliding_attention: ropeSchema.nullish() }),
      ropeSchema,
    ])
    .nullish(),
  max_position_embeddings: size.default(2048),
  tie_word_embeddings: z.boolean().optional(),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  use_sliding_window: z.boolean().nullish(),
  sliding_window: size.nullish(),
  max_window_layers: z.number().int().nonnegative().nullish(),
  sliding_window_pattern: size.nullish(),
  layer_types: z.array(z.string()).nullish(),
  query_pre_attn_scalar: z.number().positive().nullish(),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
  pad_token_id: z.number().int().nullish(),
});
/** The fields of config.json that these families read. */
export type RawConfig = z.infer<typeof schema>;

const scalingOf = (
  raw: RawRope | null | undefined,
  source: string,
  field: string,
  positions: number,
): RopeScaling | undefined => {
  const type = raw?.rope_type ?? raw?.type ?? "default";
  const factor = raw?.factor ?? 1;
  switch (type) {
    case "default":
      return undefined;
    case "linear":
      return { type: "linear", factor };
    case "llama3":
      return {
        type: "llama3",
        factor,
        lowFrequencyFactor: raw?.low_freq_factor ?? 1,
        highFrequencyFactor: raw?.high_freq_factor ?? 4,
        originalPositions: raw?.original_max_position_embeddings ?? positions,
      };
    default:
      throw refuse(source, `${field}.rope_type`, type, '"default", "linear" and "llama3" rotary positions');
  }
};

/** Rotary positions as old files (rope_theta, rope_scaling) and new ones (rope_parameters) write them. */
const rotaryOf = (raw: RawConfig, source: string, defaultTheta: number) => {
  const nested = raw.rope_parameters;
  const whole = nested != null && "full_attention" in nested ? (nested["full_attention"] as RawRope) : nested;
  const local =
    nested != null && "sliding_attention" in nested ? (nested["sliding_attention"] as RawRope | null) : null;
  const field = raw.rope_scaling == null ? "rope_parameters" : "rope_scaling";
  if (local != null && (local.rope_type ?? "default") !== "default")
    throw refuse(source, "rope_parameters.sliding_attention.rope_type", local.rope_type, '"default"');
  return {
    theta: raw.rope_theta ?? whole?.rope_theta ?? raw.rope_scaling?.rope_theta ?? defaultTheta,
    scaling: scalingOf(raw.rope_scaling ?? whole, source, field, raw.max_position_embeddings),
    localTheta: raw.rope_local_base_freq ?? local?.rope_theta,
  };
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
  if (config.windowed !== undefined && config.windowed.length !== config.layers)
    throw new UserError(
      "bad-model-config",
      `${source}: layer_types names ${config.windowed.length} layers and num_hidden_layers is ${config.layers}. Correct the file.`,
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

/** Where a family's config.json differs from Llama's. */
export type Reading = {
  readonly family: string;
  /** What transformers takes where the file is silent. */
  readonly defaultTheta?: number;
  readonly tied?: boolean;
  readonly headSize?: number;
  readonly activation?: "silu" | "gelu_pytorch_tanh";
  /** The window, and which layers have it; null: none. */
  readonly windows?: (raw: RawConfig) => { size: number; layers?: readonly boolean[] } | null;
};

const windowedBy = (types: readonly string[], source: string): readonly boolean[] =>
  types.map((type) => {
    if (type === "sliding_attention" || type === "full_attention") return type === "sliding_attention";
    throw refuse(source, "layer_types", type, '"full_attention" and "sliding_attention"');
  });

/** The fields of a config that tell its windowed layers. */
const windowFields = (raw: RawConfig, source: string, { windows }: Reading, localTheta?: number) => {
  const window = windows?.(raw) ?? null;
  if (window === null) return {};
  const windowed = raw.layer_types == null ? window.layers : windowedBy(raw.layer_types, source);
  return {
    window: window.size,
    ...(windowed === undefined ? {} : { windowed }),
    ...(localTheta === undefined ? {} : { windowRopeTheta: localTheta }),
  };
};

/** Reads a config.json in Llama's manner. */
export const readLlamaLike = (
  input: Readonly<Record<string, unknown>>,
  source: string,
  reading: Reading,
): ModelConfig => {
  const raw = checkValue(schema, input, { file: source });
  checkPlain(raw, source);
  const expected = reading.activation ?? "silu";
  const activation = raw.hidden_activation ?? raw.hidden_act ?? expected;
  if (activation !== expected) throw refuse(source, "hidden_act", activation, `"${expected}"`);
  const rotary = rotaryOf(raw, source, reading.defaultTheta ?? 10_000);
  const scalar = raw.query_pre_attn_scalar;
  const headSize = raw.head_dim ?? reading.headSize;
  const config: ModelConfig = {
    family: reading.family,
    vocabularySize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    keyValueHeads: raw.num_key_value_heads ?? raw.num_attention_heads,
    headSize: headSize ?? headSizeOf(raw, source),
    normEpsilon: raw.rms_norm_eps,
    ropeTheta: rotary.theta,
    ...(rotary.scaling === undefined ? {} : { ropeScaling: rotary.scaling }),
    ...windowFields(raw, source, reading, rotary.localTheta),
    ...(scalar == null ? {} : { attentionScale: scalar ** -0.5 }),
    maxPositions: raw.max_position_embeddings,
    tieEmbeddings: raw.tie_word_embeddings ?? reading.tied ?? false,
    beginTokenId: raw.bos_token_id ?? null,
    endTokenIds: endTokens(raw.eos_token_id),
    // Some checkpoints write -1 for "no padding token".
    padTokenId: raw.pad_token_id != null && raw.pad_token_id >= 0 ? raw.pad_token_id : null,
    original: input,
  };
  checkSizes(config, source);
  return config;
};

/** Where a family's decoder differs from Llama's. */
export type Parts = {
  /** Biases on query, key and value (Qwen2). */
  readonly queryKeyValueBias?: boolean;
  /** Norms over each head of queries and keys (Qwen3, Gemma 3). */
  readonly headNorms?: boolean;
  /** Norms on both sides of attention and feed-forward (Gemma). */
  readonly normsAround?: boolean;
};

const attentionParts = (config: ModelConfig, parts: Parts, at: string) => {
  const projection = (name: string, heads: number): Projection => ({
    name: `${at}.self_attn.${name}`,
    inputs: config.hiddenSize,
    outputs: heads * config.headSize,
    ...(parts.queryKeyValueBias === true ? { bias: true } : {}),
  });
  const norms = { query: `${at}.self_attn.q_norm`, key: `${at}.self_attn.k_norm` };
  return {
    queryKeyValue: {
      query: projection("q_proj", config.heads),
      key: projection("k_proj", config.keyValueHeads),
      value: projection("v_proj", config.keyValueHeads),
    },
    ...(parts.headNorms === true ? { headNorms: norms } : {}),
  };
};

/** Rotary positions and window of a layer. */
const reach = (config: ModelConfig, layer: number): Pick<LayerDesign, "rotary" | "window"> => {
  const { window, windowed, windowRopeTheta, ropeTheta, ropeScaling } = config;
  const whole = { theta: ropeTheta, ...(ropeScaling === undefined ? {} : { scaling: ropeScaling }) };
  if (window === undefined || windowed?.[layer] === false) return { rotary: whole };
  return { window, rotary: windowRopeTheta === undefined ? whole : { theta: windowRopeTheta } };
};

const layerOf = (config: ModelConfig, parts: Parts, layer: number): LayerDesign => {
  const { hiddenSize: hidden, intermediateSize: inner, heads, headSize } = config;
  const at = `model.layers.${layer}`;
  const around = parts.normsAround === true;
  return {
    attentionNorm: `${at}.input_layernorm`,
    ...attentionParts(config, parts, at),
    output: { name: `${at}.self_attn.o_proj`, inputs: heads * headSize, outputs: hidden, residual: true },
    ...(around ? { outputNorm: `${at}.post_attention_layernorm` } : {}),
    feedForwardNorm: `${at}.${around ? "pre_feedforward_layernorm" : "post_attention_layernorm"}`,
    gate: { name: `${at}.mlp.gate_proj`, inputs: hidden, outputs: inner },
    up: { name: `${at}.mlp.up_proj`, inputs: hidden, outputs: inner },
    down: { name: `${at}.mlp.down_proj`, inputs: inner, outputs: hidden, residual: true },
    ...(around ? { downNorm: `${at}.post_feedforward_layernorm` } : {}),
    ...reach(config, layer),
  };
};

const embedding = "model.embed_tokens.weight";

/** A decoder in Llama's manner. */
export const llamaLikeDesign = (config: ModelConfig, parts: Parts = {}): DecoderDesign => ({
  embedding,
  norm: "rms",
  activation: "silu",
  layers: Array.from({ length: config.layers }, (_, layer) => layerOf(config, parts, layer)),
  finalNorm: "model.norm",
  head: config.tieEmbeddings ? embedding : "lm_head.weight",
});

/** What checkpoints of all these families share: full names, and the frequencies that old ones hold. */
export const llamaLikeTensors: Pick<Family, "parameterOf" | "ignores"> = {
  parameterOf: (tensor) => tensor,
  ignores: (tensor) => tensor.endsWith(".rotary_emb.inv_freq"),
};
