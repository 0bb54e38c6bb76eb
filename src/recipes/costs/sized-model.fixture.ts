// The model whose trainings are sized in tests: Llama-style, 31 million parameters. What its trainings took was measured;
// nothing of it is ever loaded.

import type { ModelConfig } from "../../transformer/index.ts";

export const sizedModel: ModelConfig = {
  family: "llama",
  vocabularySize: 8192,
  hiddenSize: 512,
  intermediateSize: 1536,
  layers: 8,
  heads: 8,
  keyValueHeads: 8,
  headSize: 64,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  maxPositions: 2048,
  tieEmbeddings: true,
  beginTokenId: null,
  endTokenIds: [0],
  padTokenId: 1,
};
