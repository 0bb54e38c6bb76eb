// The loss of language modelling over chosen tokens of a batch: what pretraining and supervised fine-tuning share. What
// each token counts is fed as "weights", which add up to 1.

import { type DecoderGraph, readTargets, type TokenBatchSizes } from "../transformer/index.ts";
import { vector, weightedCrossEntropy } from "./losses.ts";
import type { LossGraph } from "./trainer.ts";

/** Weighted mean cross-entropy of a batch's targets. */
export const tokenLoss = (graph: DecoderGraph, sizes: TokenBatchSizes): LossGraph => {
  const { logProbabilities } = readTargets(graph, sizes);
  return { loss: weightedCrossEntropy(logProbabilities, vector("weights", sizes.targets)), metrics: {} };
};
