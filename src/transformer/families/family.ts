// What a model family is: how a Hugging Face config.json becomes our ModelConfig and goes back, and which tensors a
// model of that family consists of. One file a family; config.ts holds the list. Our parameter names are Hugging
// Face's. Knows nothing of disks and of how the decoder computes.

/** Everything the decoder must know. Sizes are counts of elements; headSize is per head. */
export type ModelConfig = {
  readonly family: "llama";
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
  readonly maxPositions: number;
  readonly tieEmbeddings: boolean;
  readonly beginTokenId: number | null;
  readonly endTokenIds: readonly number[];
  readonly padTokenId: number | null;
};

/** What stands on top of the decoder: a language-model head, or one score per sequence (reward models). */
export type ModelTask = "causal-lm" | "sequence-classification";

/** Number formats of weights on disk. In memory weights are always float32. */
export type WeightFormat = "float32" | "float16" | "bfloat16";

export type Shape = readonly number[];

/** How a parameter begins before any training. residual: a projection that writes into the residual stream. */
export type InitialRule = "normal" | "residual" | "one";

export type ParameterSpecification = {
  readonly shape: Shape;
  readonly initial: InitialRule;
};

export type Family = {
  /** config.json's model_type. */
  readonly modelType: string;
  /** Reads config.json's fields. `source` names the file in errors. Throws UserError. */
  parseConfig(raw: unknown, source: string): ModelConfig;
  /** The config.json that `transformers` opens for this model. */
  writeConfig(config: ModelConfig, task: ModelTask, format: WeightFormat): Record<string, unknown>;
  /** Every parameter by its Hugging Face name, in the decoder's order. */
  parameters(config: ModelConfig, task: ModelTask): Record<string, ParameterSpecification>;
  /** True for tensors that a checkpoint may hold and that carry nothing to learn (buffers, tied copies). */
  ignores(name: string, config: ModelConfig): boolean;
};
