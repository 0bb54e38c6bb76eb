// What a model family is: how a Hugging Face config.json becomes our ModelConfig and goes back, and of which parts its
// decoder consists; and what every family reads and refuses alike. One file a family, one line each in list.ts. Our
// parameter names are Hugging Face's. Knows nothing of disks and of how the decoder computes.

import { z } from "zod";
import { UserError } from "../../core/index.ts";

/** A count of elements in a config.json. */
export const size = z.number().int().positive();

/** A count of layers; a model is built layer by layer before its weights say that there are not so many. */
export const layerCount = size.max(1000);

/** Stretched rotary frequencies: all by one factor, or only the slow ones (Llama 3.1). */
export type RopeScaling =
  | { readonly type: "linear"; readonly factor: number }
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    };

/** The base of rotary positions, and how their frequencies are stretched. */
export type Rotary = { readonly theta: number; readonly scaling?: RopeScaling };

/**
 * Sizes and settings of one model. Sizes are counts of elements; headSize is per head. What is optional is what most
 * families have not.
 */
export type ModelConfig = {
  /** Its family's name. */
  readonly family: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly normEpsilon: number;
  /** Base of the rotary positions; 0 where positions are learned vectors. */
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
  /** Base of the rotary positions of windowed layers, where it is another one; these are never stretched. */
  readonly windowRopeTheta?: number;
  /** How many tokens a query of a windowed layer sees, its own among them. */
  readonly window?: number;
  /** Which layers are windowed; all of them when left out and there is a window. */
  readonly windowed?: readonly boolean[];
  /** What products of queries and keys are multiplied with; 1/sqrt(headSize) when left out. */
  readonly attentionScale?: number;
  readonly maxPositions: number;
  readonly tieEmbeddings: boolean;
  readonly beginTokenId: number | null;
  readonly endTokenIds: readonly number[];
  readonly padTokenId: number | null;
  /** The config.json that this was read from: what we do not read of it is written back as it was. */
  readonly original?: Readonly<Record<string, unknown>>;
};

/** What stands on top of the decoder: a language-model head, or one score per sequence (reward models). */
export type ModelTask = "causal-lm" | "sequence-classification";

/** Number formats of weights on disk. In memory weights are always float32. */
export type WeightFormat = "float32" | "float16" | "bfloat16";

export type Shape = readonly number[];

/**
 * A linear layer: `name`.weight [outputs, inputs], as torch.nn.Linear keeps it, and perhaps `name`.bias [outputs].
 * transposed: the weight lies [inputs, outputs] (GPT-2's Conv1D). residual: it writes into the residual stream.
 */
export type Projection = {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly bias?: boolean;
  readonly transposed?: boolean;
  readonly residual?: boolean;
};

/** One block by the names of its parts; a norm is named without ".weight". */
export type LayerDesign = {
  readonly attentionNorm: string;
  /** Query, key and value, one after another in one projection, or in one each. */
  readonly queryKeyValue:
    | Projection
    | { readonly query: Projection; readonly key: Projection; readonly value: Projection };
  /** Norms over each head of queries and keys, before positions are rotated. */
  readonly headNorms?: { readonly query: string; readonly key: string };
  readonly output: Projection;
  /** Norm of what attention adds to the residual stream. */
  readonly outputNorm?: string;
  readonly feedForwardNorm: string;
  /** Gated feed-forward: down(activation(gate(x)) · up(x)); without a gate, down(activation(up(x))). */
  readonly gate?: Projection;
  readonly up: Projection;
  readonly down: Projection;
  /** Norm of what the feed-forward layer adds to the residual stream. */
  readonly downNorm?: string;
  readonly rotary?: Rotary;
  /** How many tokens a query sees, its own among them; all before it when left out. */
  readonly window?: number;
};

/**
 * Kinds of norms. rms: RMSNorm. rms-from-zero: RMSNorm whose weights are kept as differences from one (Gemma). layer:
 * LayerNorm with a bias.
 */
export type NormKind = "rms" | "rms-from-zero" | "layer";

/** A decoder by the names of its parts. What it does with them is decoder.ts's business. */
export type DecoderDesign = {
  readonly embedding: string;
  /** What embeddings are multiplied with. */
  readonly embeddingScale?: number;
  /** Learned vectors added to the embeddings, one a position. */
  readonly positionEmbedding?: string;
  readonly norm: NormKind;
  readonly activation: "silu" | "gelu";
  readonly layers: readonly LayerDesign[];
  readonly finalNorm: string;
  /** The embedding's name where they are tied. */
  readonly head: string;
};

export type Family = {
  readonly name: string;
  /** What config.json's model_type may be. */
  readonly modelTypes: readonly string[];
  readonly architectures: Readonly<Record<ModelTask, string>>;
  /** Reads config.json's fields. `source` names the file in errors. Throws UserError. */
  parseConfig(raw: Readonly<Record<string, unknown>>, source: string): ModelConfig;
  /** A config.json for a model that was not read from one; null for a family whose models are only read. */
  readonly freshConfig: ((config: ModelConfig) => Record<string, unknown>) | null;
  design(config: ModelConfig): DecoderDesign;
  /** The parameter that a tensor of a checkpoint holds: some files leave out a prefix. */
  parameterOf(tensor: string): string;
  /** True for tensors that a checkpoint may hold and that carry nothing to learn (buffers). */
  ignores(tensor: string): boolean;
};

/** UserError for a field whose value this decoder does not compute. */
export const refuse = (source: string, field: string, got: unknown, expected: string): UserError =>
  new UserError(
    "unsupported-model",
    `${source}: ${field} is ${JSON.stringify(got)}, but this decoder computes ${expected} only. Use a model without it.`,
    { source, field, got },
  );

/** Throws UserError for quantised weights and partial rotary positions, which no family here has. */
export const checkPlain = (raw: Readonly<Record<string, unknown>>, source: string): void => {
  if (raw["quantization_config"] != null)
    throw refuse(source, "quantization_config", "set", "float32, float16 and bfloat16 weights");
  if ((raw["partial_rotary_factor"] ?? 1) !== 1)
    throw refuse(source, "partial_rotary_factor", raw["partial_rotary_factor"], "full rotary positions (1)");
};

/** End tokens as a list, whichever way they are written. */
export const endTokens = (value: number | readonly number[] | null | undefined): readonly number[] =>
  value == null ? [] : typeof value === "number" ? [value] : value;
