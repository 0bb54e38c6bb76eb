// The decoder as a graph: a Llama-style stack (RMSNorm, rotary positions, grouped-query attention, SwiGLU; Touvron et
// al. 2023) over packed rows, with optional LoRA (Hu et al. 2021) beside every projection. Builds graph only: where
// parameters come from (inputs of a training step, constants of a frozen model) is the caller's choice.

import {
  add,
  attention,
  concatenate,
  constant,
  gatherRows,
  input,
  matmul,
  multiply,
  reshape,
  rmsNorm,
  rotaryEmbedding,
  silu,
  slice,
  softmax,
  type Tensor,
  transpose,
} from "../engine/index.ts";
import type { ModelConfig } from "./config.ts";

/** A parameter of the graph by its Hugging Face name; undefined for one that the model has not (an adapter). */
export type ParameterLookup = (name: string) => Tensor | undefined;

/** Low-rank adapters beside projections: y += scale · (x Aᵀ) Bᵀ, scale = alpha / rank. */
export type AdapterScale = number;

/** A model as graph: its shape and its parameters. */
export type DecoderGraph = {
  readonly config: ModelConfig;
  readonly parameter: ParameterLookup;
  readonly adapterScale?: AdapterScale;
};

/** The tokens of a packed batch: tokens and positions int64 [batch, time]; bias [batch, 1, 1, time, time]. */
export type PackedInputs = { readonly tokens: Tensor; readonly positions: Tensor; readonly bias: Tensor };

/** Inputs named tokens, positions and bias for a batch of `batch` rows of `time` tokens. */
export const packedInputs = (batch: number, time: number): PackedInputs => ({
  tokens: input("tokens", [batch, time], "int64"),
  positions: input("positions", [batch, time], "int64"),
  bias: input("bias", [batch, 1, 1, time, time]),
});

/** Cosine and sine tables [positions, headSize/2] (Su et al. 2021, eq. 15, halves paired). */
export const rotaryTables = (
  config: ModelConfig,
  positions: number,
): { cosine: Float32Array; sine: Float32Array } => {
  const half = config.headSize / 2;
  const cosine = new Float32Array(positions * half);
  const sine = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (let at = 0; at < half; at++) {
      const angle = position * config.ropeTheta ** (-at / half);
      cosine[position * half + at] = Math.cos(angle);
      sine[position * half + at] = Math.sin(angle);
    }
  }
  return { cosine, sine };
};

const rotaryConstants = (config: ModelConfig, positions: number): { cosine: Tensor; sine: Tensor } => {
  const { cosine, sine } = rotaryTables(config, positions);
  const shape = [positions, config.headSize / 2];
  return { cosine: constant(cosine, shape), sine: constant(sine, shape) };
};

const required = (graph: DecoderGraph, name: string): Tensor => {
  const tensor = graph.parameter(name);
  if (tensor === undefined) throw new RangeError(`the graph lacks the parameter ${name}`);
  return tensor;
};

/** x [n, in] → [n, out] through weight `name` [out, in], with its adapter where there is one. */
const project = (graph: DecoderGraph, x: Tensor, name: string): Tensor => {
  const dense = matmul(x, required(graph, `${name}.weight`), { transposeB: true });
  const down = graph.parameter(`${name}.lora_A.weight`);
  const up = graph.parameter(`${name}.lora_B.weight`);
  if (down === undefined || up === undefined) return dense;
  const low = matmul(x, down, { transposeB: true });
  return add(dense, matmul(low, up, { transposeB: true, alpha: graph.adapterScale ?? 1 }));
};

const feedForward = (graph: DecoderGraph, x: Tensor, at: string): Tensor => {
  const gate = silu(project(graph, x, `${at}.mlp.gate_proj`));
  return project(graph, multiply(gate, project(graph, x, `${at}.mlp.up_proj`)), `${at}.mlp.down_proj`);
};

const norm = (graph: DecoderGraph, x: Tensor, name: string): Tensor =>
  rmsNorm(x, required(graph, `${name}.weight`), graph.config.normEpsilon);

/** Maps a layer's normed tokens [n, hidden] to contexts [n, heads·side]. */
type Attend = (normed: Tensor, layer: number) => Tensor;

/** One block around an attention. With `rows`, what follows the attention is computed for those tokens alone. */
const block = (graph: DecoderGraph, x: Tensor, layer: number, attend: Attend, rows?: Tensor): Tensor => {
  const at = `model.layers.${layer}`;
  const read = (all: Tensor): Tensor => (rows === undefined ? all : gatherRows(all, rows));
  const context = attend(norm(graph, x, `${at}.input_layernorm`), layer);
  const mixed = add(read(x), project(graph, read(context), `${at}.self_attn.o_proj`));
  return add(mixed, feedForward(graph, norm(graph, mixed, `${at}.post_attention_layernorm`), at));
};

/** Logits [n, vocabulary] of hidden states [n, hidden]. */
export const logitsOf = (graph: DecoderGraph, hidden: Tensor): Tensor => {
  const head = graph.config.tieEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  return matmul(hidden, required(graph, head), { transposeB: true });
};

/** The scalar head (reward or value): hidden [n, hidden] → [n]. */
export const scoreOf = (graph: DecoderGraph, hidden: Tensor): Tensor =>
  reshape(matmul(hidden, required(graph, "score.weight"), { transposeB: true }), [hidden.shape[0]!]);

/** Where a layer's keys and values leave a graph, and where its cache enters one. */
export const cacheNames = (layer: number) => ({
  key: `key${layer}`,
  value: `value${layer}`,
  newKey: `newKey${layer}`,
  newValue: `newValue${layer}`,
});

/** Projections of one layer, rotated where positions count, each [batch, time, heads·side]. */
const projected = (graph: DecoderGraph, normed: Tensor, at: string, rotation: Rotation) => ({
  q: rotation(project(graph, normed, `${at}.self_attn.q_proj`), graph.config.heads),
  k: rotation(project(graph, normed, `${at}.self_attn.k_proj`), graph.config.keyValueHeads),
  v: project(graph, normed, `${at}.self_attn.v_proj`),
});

type Rotation = (x: Tensor, count: number) => Tensor;

const rotationOf = (config: ModelConfig, positions: Tensor, limit: number): Rotation => {
  const tables = rotaryConstants(config, limit);
  const [batch, time] = positions.shape as [number, number];
  return (x, count) =>
    rotaryEmbedding(
      reshape(x, [batch, time, count * config.headSize]),
      positions,
      tables.cosine,
      tables.sine,
      count,
    );
};

/**
 * Rows [n] and, behind them, as many repetitions of the first token as the last block must have. ONNX Runtime shares a
 * product with fewer rows than columns out by columns, and narrow shares add up in another order: with at least as many
 * rows as columns the last bits depend neither on the number of threads nor on how many rows are read together.
 */
const paddedRows = ({ config }: DecoderGraph, rows: Tensor, tokens: number): Tensor => {
  const [count] = rows.shape as [number];
  const widest = Math.max(config.hiddenSize, config.heads * config.headSize, config.intermediateSize);
  const missing = Math.min(widest, tokens) - count;
  return missing <= 0 ? rows : concatenate([rows, constant(new BigInt64Array(missing), [missing])], 0);
};

/** All blocks, and the final norm. Nothing reads the last block but `rows`, where they are given. */
const stack = (graph: DecoderGraph, tokens: Tensor, attend: Attend, rows?: Tensor): Tensor => {
  const { layers, hiddenSize } = graph.config;
  const count = tokens.shape.reduce((product, side) => product * side, 1);
  const read = rows === undefined ? undefined : paddedRows(graph, rows, count);
  let x = reshape(gatherRows(required(graph, "model.embed_tokens.weight"), tokens), [count, hiddenSize]);
  for (let layer = 0; layer < layers; layer++)
    x = block(graph, x, layer, attend, layer === layers - 1 ? read : undefined);
  const hidden = norm(graph, x, "model.norm");
  return rows === undefined ? hidden : slice(hidden, 0, 0, rows.shape[0]!);
};

/** Keys and values of every layer as [batch, time, key heads·side], by cacheNames. */
export type KeyValues = Record<string, Tensor>;

/**
 * Last hidden states of a packed batch, after the final norm: [batch·time, hidden], or [n, hidden] for `rows` int64
 * [n], flat token indices: what no one reads of the last block is then not computed. A row of the batch may hold
 * several documents or branches: positions and bias say who sees whom. `keyValues`, if given, collects what a cache
 * needs.
 */
export const hiddenStates = (
  graph: DecoderGraph,
  { tokens, positions, bias }: PackedInputs,
  { rows, keyValues }: { readonly rows?: Tensor; readonly keyValues?: KeyValues } = {},
): Tensor => {
  const { config } = graph;
  const [batch, time] = tokens.shape as [number, number];
  const { heads, keyValueHeads, headSize: side } = config;
  const rotation = rotationOf(config, positions, time);
  const byKeyHead = (x: Tensor): Tensor =>
    transpose(reshape(x, [batch, time, keyValueHeads, side]), [0, 2, 1, 3]);
  const attend: Attend = (normed, layer) => {
    const { q, k, v } = projected(graph, normed, `model.layers.${layer}`, rotation);
    if (keyValues !== undefined) {
      keyValues[cacheNames(layer).newKey] = k;
      keyValues[cacheNames(layer).newValue] = reshape(v, [batch, time, keyValueHeads * side]);
    }
    const grouped = transpose(
      reshape(q, [batch, time, keyValueHeads, heads / keyValueHeads, side]),
      [0, 2, 3, 1, 4],
    );
    const context = attention(grouped, byKeyHead(k), byKeyHead(v), bias, 1 / Math.sqrt(side));
    return reshape(transpose(context, [0, 3, 1, 2, 4]), [batch * time, heads * side]);
  };
  return stack(graph, tokens, attend, rows);
};

/** The prompts of a batch at once: logits [batch, vocabulary] after flat token index `last` int64 [batch], and KeyValues. */
export const prefillGraph = (graph: DecoderGraph, batch: number, time: number): Record<string, Tensor> => {
  const keyValues: KeyValues = {};
  const rows = input("last", [batch], "int64");
  return {
    logits: logitsOf(graph, hiddenStates(graph, packedInputs(batch, time), { rows, keyValues })),
    ...keyValues,
  };
};

/**
 * One new token a row over a fixed cache: tokens and positions int64 [batch, 1], caches key [batch, key heads, side,
 * capacity] and value [batch, key heads, capacity, side], seen [batch, 1, 1, capacity] (0 where a row has a token,
 * very negative elsewhere). Outputs logits [batch, vocabulary] and the new keys and values, which the caller writes
 * into the cache: ONNX Runtime copies what leaves a session, not what enters it, so the cache only enters.
 */
export const decodeGraph = (graph: DecoderGraph, batch: number, capacity: number): Record<string, Tensor> => {
  const { config } = graph;
  const { heads, keyValueHeads, headSize: side } = config;
  const groups = heads / keyValueHeads;
  const tokens = input("tokens", [batch, 1], "int64");
  const seen = input("seen", [batch, 1, 1, capacity]);
  const rotation = rotationOf(config, input("positions", [batch, 1], "int64"), config.maxPositions);
  const alpha = 1 / Math.sqrt(side);
  const outputs: Record<string, Tensor> = {};
  const x = stack(graph, tokens, (normed, layer) => {
    const { q, k, v } = projected(graph, normed, `model.layers.${layer}`, rotation);
    const names = cacheNames(layer);
    outputs[names.newKey] = k;
    outputs[names.newValue] = reshape(v, [batch, 1, keyValueHeads * side]);
    const query = reshape(q, [batch, keyValueHeads, groups, side]);
    const own = matmul(query, reshape(k, [batch, keyValueHeads, 1, side]), { transposeB: true, alpha });
    const past = matmul(query, input(names.key, [batch, keyValueHeads, side, capacity]), { alpha });
    const weights = softmax(concatenate([add(past, seen), own], -1));
    const context = add(
      matmul(slice(weights, -1, 0, capacity), input(names.value, [batch, keyValueHeads, capacity, side])),
      multiply(slice(weights, -1, capacity, capacity + 1), reshape(v, [batch, keyValueHeads, 1, side])),
    );
    return reshape(context, [batch, heads * side]);
  });
  return { logits: logitsOf(graph, x), ...outputs };
};
