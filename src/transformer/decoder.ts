// The decoder as a graph over packed rows, and one token at a time over a cache: embeddings, blocks of attention and
// feed-forward, heads. Which parts a model has, its family's design says (families/); how they compute, layers.ts.
// Builds graph only.

import {
  add,
  cast,
  causalAttention,
  checkpoint,
  concatenate,
  constant,
  gatherRows,
  greater,
  input,
  matmul,
  multiply,
  reshape,
  rotaryEmbedding,
  scalar,
  slice,
  softmax,
  subtract,
  type Tensor,
  transpose,
  where,
} from "../engine/index.ts";
import { designOf, type ModelConfig } from "./config.ts";
import type { LayerDesign } from "./families/family.ts";
import { type DecoderGraph, feedForward, headNorm, norm, project, projectAll, required } from "./layers.ts";
import { headProjection, quantisedProduct } from "./quantised-weights.ts";
import { rotaryConstants } from "./rotary.ts";

/** The tokens of a packed batch: tokens and positions int64 [batch, time]; bias [batch, 1, time, 1, time]. */
export type PackedInputs = { readonly tokens: Tensor; readonly positions: Tensor; readonly bias: Tensor };

/** Inputs named tokens, positions and bias for a batch of `batch` rows of `time` tokens. */
export const packedInputs = (batch: number, time: number): PackedInputs => ({
  tokens: input("tokens", [batch, time], "int64"),
  positions: input("positions", [batch, time], "int64"),
  bias: input("bias", [batch, 1, time, 1, time]),
});

/** Maps a layer's normed tokens [n, hidden] to contexts [n, heads·side]. */
type Attend = (normed: Tensor, design: LayerDesign, layer: number) => Tensor;

/** One block around an attention. With `rows`, what follows the attention is computed for those tokens alone. */
const block = (graph: DecoderGraph, x: Tensor, layer: number, attend: Attend, rows?: Tensor): Tensor => {
  const design = designOf(graph.config).layers[layer]!;
  const read = (all: Tensor): Tensor => (rows === undefined ? all : gatherRows(all, rows));
  const context = attend(norm(graph, x, design.attentionNorm), design, layer);
  const attended = norm(graph, project(graph, read(context), design.output), design.outputNorm);
  const mixed = add(read(x), attended);
  const fed = feedForward(graph, norm(graph, mixed, design.feedForwardNorm), design);
  return add(mixed, norm(graph, fed, design.downNorm));
};

const quantisedHead = ({ config, quantised }: DecoderGraph) => quantised?.[designOf(config).head];

/** The head's weight [vocabulary, hidden]; null where it is there in fewer bits. */
export const headOf = (graph: DecoderGraph): Tensor | null =>
  quantisedHead(graph) === undefined ? required(graph, designOf(graph.config).head) : null;

/** Logits [n, vocabulary] of hidden states [n, hidden]. */
export const logitsOf = (graph: DecoderGraph, hidden: Tensor): Tensor => {
  const quantised = quantisedHead(graph);
  return quantised === undefined
    ? matmul(hidden, required(graph, designOf(graph.config).head), { transposeB: true })
    : quantisedProduct(hidden, quantised, headProjection(graph.config), graph.keepsWeights === true);
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

type Projected = { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor };

/** Query, key and value of normed tokens [n, hidden], each [n, heads·side]. */
const queryKeyValue = (graph: DecoderGraph, normed: Tensor, design: LayerDesign): Projected => {
  const { queryKeyValue: parts } = design;
  if ("query" in parts) {
    const [q, k, v] = projectAll(graph, normed, [parts.query, parts.key, parts.value]) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    return { q, k, v };
  }
  const { heads, keyValueHeads, headSize } = graph.config;
  const all = project(graph, normed, parts);
  const query = heads * headSize;
  const key = query + keyValueHeads * headSize;
  return { q: slice(all, 1, 0, query), k: slice(all, 1, query, key), v: slice(all, 1, key, parts.outputs) };
};

/** Queries and keys turned by their positions, where the design has it so: x [n, count·side] → [batch, time, count·side]. */
type Rotation = (x: Tensor, count: number, design: LayerDesign) => Tensor;

const rotationOf = ({ headSize }: ModelConfig, positions: Tensor, limit: number): Rotation => {
  const tables = new Map<string, ReturnType<typeof rotaryConstants>>();
  const [batch, time] = positions.shape as [number, number];
  return (x, count, { rotary }) => {
    const rows = reshape(x, [batch, time, count * headSize]);
    if (rotary === undefined) return rows;
    const key = JSON.stringify(rotary);
    const { cosine, sine } = tables.get(key) ?? rotaryConstants(rotary, headSize, limit);
    tables.set(key, { cosine, sine });
    return rotaryEmbedding(rows, positions, cosine, sine, count);
  };
};

/** Projections of one layer, normed by head and rotated, q, k and v each [batch, time, heads·side]. */
const projected = (
  graph: DecoderGraph,
  normed: Tensor,
  design: LayerDesign,
  rotation: Rotation,
): Projected => {
  const { q, k, v } = queryKeyValue(graph, normed, design);
  const { heads, keyValueHeads } = graph.config;
  const key = rotation(headNorm(graph, k, design.headNorms?.key), keyValueHeads, design);
  return {
    q: rotation(headNorm(graph, q, design.headNorms?.query), heads, design),
    k: key,
    v: reshape(v, key.shape),
  };
};

const scaleOf = ({ attentionScale, headSize }: ModelConfig): number =>
  attentionScale ?? 1 / Math.sqrt(headSize);

const hidden = -1e9;

/**
 * Bias by window: what is given, and very negative where a token lies a window or more behind. Queries and keys are
 * positions that broadcast against each other. Without a window, or where it reaches over everything, the bias itself.
 */
const windowed = (bias: Tensor, queries: Tensor, keys: Tensor, longest: number) => {
  const known = new Map<number, Tensor>();
  return ({ window }: LayerDesign): Tensor => {
    if (window === undefined || window >= longest) return bias;
    const distance = subtract(queries, keys);
    const tensor = known.get(window) ?? where(greater(distance, scalar(window - 0.5)), scalar(hidden), bias);
    known.set(window, tensor);
    return tensor;
  };
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

/** Tokens [batch, time] at positions [batch, time] as vectors [batch·time, hidden]. */
const embed = (graph: DecoderGraph, tokens: Tensor, positions: Tensor): Tensor => {
  const { embedding, embeddingScale, positionEmbedding } = designOf(graph.config);
  const count = tokens.shape.reduce((product, side) => product * side, 1);
  const flat = (x: Tensor): Tensor => reshape(x, [count, graph.config.hiddenSize]);
  const words = flat(gatherRows(graph.embedding ?? required(graph, embedding), tokens));
  const scaled = embeddingScale === undefined ? words : multiply(words, scalar(embeddingScale));
  if (positionEmbedding === undefined) return scaled;
  return add(scaled, flat(gatherRows(required(graph, positionEmbedding), positions)));
};

/** All blocks, and the final norm. Nothing reads the last block but `rows`, where they are given. */
const stack = (graph: DecoderGraph, embedded: Tensor, attend: Attend, rows?: Tensor): Tensor => {
  const { layers } = graph.config;
  const read = rows === undefined ? undefined : paddedRows(graph, rows, embedded.shape[0]!);
  let x = embedded;
  for (let layer = 0; layer < layers; layer++) {
    const compute = (before: Tensor): Tensor =>
      block(graph, before, layer, attend, layer === layers - 1 ? read : undefined);
    x = graph.checkpointing === true ? checkpoint(compute, x) : compute(x);
  }
  const last = norm(graph, x, designOf(graph.config).finalNorm);
  return rows === undefined ? last : slice(last, 0, 0, rows.shape[0]!);
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
  const places = cast(positions, "float32");
  const biasOf = windowed(
    bias,
    reshape(places, [batch, 1, time, 1, 1]),
    reshape(places, [batch, 1, 1, 1, time]),
    time,
  );
  const attend: Attend = (normed, design, layer) => {
    const { q, k, v } = projected(graph, normed, design, rotation);
    if (keyValues !== undefined) {
      keyValues[cacheNames(layer).newKey] = k;
      keyValues[cacheNames(layer).newValue] = v;
    }
    const grouped = transpose(
      reshape(q, [batch, time, keyValueHeads, heads / keyValueHeads, side]),
      [0, 2, 1, 3, 4],
    );
    const context = causalAttention(grouped, byKeyHead(k), byKeyHead(v), biasOf(design), scaleOf(config));
    return reshape(transpose(context, [0, 2, 1, 3, 4]), [batch * time, heads * side]);
  };
  return stack(graph, embed(graph, tokens, positions), attend, rows);
};

/** The prompts of a batch at once: logits [count, vocabulary] after flat token indices `last` int64 [count], and KeyValues. */
export const prefillGraph = (
  graph: DecoderGraph,
  batch: number,
  time: number,
  count: number,
): Record<string, Tensor> => {
  const keyValues: KeyValues = {};
  const rows = input("last", [count], "int64");
  return {
    logits: logitsOf(graph, hiddenStates(graph, packedInputs(batch, time), { rows, keyValues })),
    ...keyValues,
  };
};

/**
 * One new token a row over a fixed cache: tokens and positions int64 [batch, 1], caches key and value [batch, key heads,
 * capacity, side], seen [batch, 1, 1, 1, capacity] (0 where a row has a token, very negative elsewhere). Outputs logits
 * and, at the temperature of each row (inverseTemperature [batch, 1]), probabilities [batch, vocabulary], and the new
 * keys and values, which the caller writes into the cache: ONNX Runtime copies what leaves a session, not what enters
 * it, so the cache only enters.
 */
export const decodeGraph = (graph: DecoderGraph, batch: number, capacity: number): Record<string, Tensor> => {
  const { config } = graph;
  const { heads, keyValueHeads, headSize: side } = config;
  const groups = heads / keyValueHeads;
  const tokens = input("tokens", [batch, 1], "int64");
  const positions = input("positions", [batch, 1], "int64");
  const rotation = rotationOf(config, positions, capacity);
  const columns = constant(
    Float32Array.from({ length: capacity }, (_, at) => at),
    [1, 1, 1, 1, capacity],
  );
  const seenBy = windowed(
    input("seen", [batch, 1, 1, 1, capacity]),
    reshape(cast(positions, "float32"), [batch, 1, 1, 1, 1]),
    columns,
    capacity,
  );
  const alpha = scaleOf(config);
  const outputs: Record<string, Tensor> = {};
  const attend: Attend = (normed, design, layer) => {
    const { q, k, v } = projected(graph, normed, design, rotation);
    const names = cacheNames(layer);
    outputs[names.newKey] = k;
    outputs[names.newValue] = v;
    // Each query by itself: with one row and no factor, ONNX Runtime multiplies keys and values where they lie; with more
    // rows it copies them first, which took longer than the product.
    const query = reshape(multiply(q, scalar(alpha)), [batch, keyValueHeads, groups, 1, side]);
    const ofHeads = (x: Tensor, tokens: number): Tensor =>
      reshape(x, [batch, keyValueHeads, 1, tokens, side]);
    const cached = (name: string): Tensor =>
      ofHeads(input(name, [batch, keyValueHeads, capacity, side]), capacity);
    const past = matmul(query, cached(names.key), { transposeB: true });
    const own = matmul(query, ofHeads(k, 1), { transposeB: true });
    const weights = softmax(concatenate([add(past, seenBy(design)), own], -1));
    const context = add(
      matmul(slice(weights, -1, 0, capacity), cached(names.value)),
      multiply(slice(weights, -1, capacity, capacity + 1), ofHeads(v, 1)),
    );
    return reshape(context, [batch, heads * side]);
  };
  const x = stack(graph, embed(graph, tokens, positions), attend);
  const logits = logitsOf(graph, x);
  const probabilities = softmax(multiply(logits, input("inverseTemperature", [batch, 1])));
  return { logits, probabilities, ...outputs };
};
