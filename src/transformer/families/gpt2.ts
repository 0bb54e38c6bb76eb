// GPT-2 (Radford et al. 2019): LayerNorm, learned positions, biases everywhere, one projection for query, key and value
// whose weights lie [inputs, outputs], and GELU without a gate.

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
  refuse,
  size,
} from "./family.ts";

const tokenId = z.number().int().nonnegative();

const schema = z.looseObject({
  vocab_size: size.default(50_257),
  n_embd: size.default(768),
  n_layer: layerCount.default(12),
  n_head: size.default(12),
  n_inner: size.nullish(),
  n_positions: size.default(1024),
  activation_function: z.string().default("gelu_new"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
  pad_token_id: z.number().int().nullish(),
});

const checkComputable = (raw: z.infer<typeof schema>, source: string): void => {
  checkPlain(raw, source);
  if (!["gelu_new", "gelu_pytorch_tanh"].includes(raw.activation_function))
    throw refuse(source, "activation_function", raw.activation_function, '"gelu_new"');
  if (raw.scale_attn_by_inverse_layer_idx)
    throw refuse(source, "scale_attn_by_inverse_layer_idx", true, "attention of one scale");
  if (raw.add_cross_attention) throw refuse(source, "add_cross_attention", true, "decoders");
  if (raw.n_embd % raw.n_head !== 0)
    throw new UserError(
      "bad-model-config",
      `${source}: n_embd ${raw.n_embd} is not a multiple of n_head ${raw.n_head}. Correct the file.`,
      { source },
    );
};

const parseConfig = (input: Readonly<Record<string, unknown>>, source: string): ModelConfig => {
  const raw = checkValue(schema, input, { file: source });
  checkComputable(raw, source);
  return {
    family: "gpt2",
    vocabularySize: raw.vocab_size,
    hiddenSize: raw.n_embd,
    intermediateSize: raw.n_inner ?? 4 * raw.n_embd,
    layers: raw.n_layer,
    heads: raw.n_head,
    keyValueHeads: raw.n_head,
    headSize: raw.n_embd / raw.n_head,
    normEpsilon: raw.layer_norm_epsilon,
    ropeTheta: 0,
    ...(raw.scale_attn_weights ? {} : { attentionScale: 1 }),
    maxPositions: raw.n_positions,
    tieEmbeddings: raw.tie_word_embeddings,
    // transformers takes 50256 for both where the file is silent
    beginTokenId: raw.bos_token_id === undefined ? 50_256 : raw.bos_token_id,
    endTokenIds: raw.eos_token_id === undefined ? [50_256] : endTokens(raw.eos_token_id),
    padTokenId: raw.pad_token_id != null && raw.pad_token_id >= 0 ? raw.pad_token_id : null,
    original: input,
  };
};

const layerOf = (config: ModelConfig, layer: number): LayerDesign => {
  const { hiddenSize: hidden, intermediateSize: inner } = config;
  const at = `transformer.h.${layer}`;
  const projection = (name: string, inputs: number, outputs: number): Projection => ({
    name: `${at}.${name}`,
    inputs,
    outputs,
    bias: true,
    transposed: true,
  });
  return {
    attentionNorm: `${at}.ln_1`,
    queryKeyValue: projection("attn.c_attn", hidden, 3 * hidden),
    output: { ...projection("attn.c_proj", hidden, hidden), residual: true },
    feedForwardNorm: `${at}.ln_2`,
    up: projection("mlp.c_fc", hidden, inner),
    down: { ...projection("mlp.c_proj", inner, hidden), residual: true },
  };
};

const design = (config: ModelConfig): DecoderDesign => ({
  embedding: "transformer.wte.weight",
  positionEmbedding: "transformer.wpe.weight",
  norm: "layer",
  activation: "gelu",
  layers: Array.from({ length: config.layers }, (_, layer) => layerOf(config, layer)),
  finalNorm: "transformer.ln_f",
  head: config.tieEmbeddings ? "transformer.wte.weight" : "lm_head.weight",
});

/** The GPT-2 family. */
export const gpt2: Family = {
  name: "gpt2",
  modelTypes: ["gpt2"],
  architectures: {
    "causal-lm": "GPT2LMHeadModel",
    "sequence-classification": "GPT2ForSequenceClassification",
  },
  parseConfig,
  freshConfig: null,
  design,
  // the files of the original models were written from the decoder alone, without its prefix
  parameterOf: (tensor) => (/^(?:wte|wpe|h|ln_f)\./.test(tensor) ? `transformer.${tensor}` : tensor),
  // causal masks
  ignores: (tensor) => /\.attn\.(?:bias|masked_bias)$/.test(tensor),
};
