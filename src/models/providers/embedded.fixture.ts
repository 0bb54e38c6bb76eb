// A model folder for tests: a tokenizer trained on a few texts, the chat template of models made here, and small random
// weights, scaled up so that replies differ.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  compileChatTemplate,
  createTokenizer,
  initialParameters,
  type ModelConfig,
  roleTokens,
  roleTokenTemplate,
  saveModelFolder,
  trainTokenizer,
} from "../../transformer/index.ts";

const texts = [
  "How are you? I am well, and you?",
  "Tell me more, please. And then? What is this?",
  "The answer is (A). The answer is (B).",
];

/** Makes the folder in a temporary place; remove() takes it away again. */
export const makeModelFolder = async (): Promise<{ folder: string; remove: () => Promise<void> }> => {
  const place = await mkdtemp(join(tmpdir(), "covenant-embedded-"));
  const folder = join(place, "small-random");
  const tokenizer = trainTokenizer(texts, {
    vocabularySize: 300,
    specialTokens: roleTokens,
    end: "<|end|>",
    pad: "<|pad|>",
  });
  const { vocabularySize, special } = createTokenizer(tokenizer);
  const config: ModelConfig = {
    family: "llama",
    vocabularySize,
    hiddenSize: 32,
    intermediateSize: 48,
    layers: 2,
    heads: 4,
    keyValueHeads: 2,
    headSize: 8,
    normEpsilon: 1e-5,
    ropeTheta: 10_000,
    maxPositions: 128,
    tieEmbeddings: true,
    beginTokenId: null,
    endTokenIds: special.end === null ? [] : [special.end],
    padTokenId: special.pad,
  };
  const weights = initialParameters(config, 4);
  for (const [name, { data }] of Object.entries(weights))
    if (!name.includes("norm")) for (let at = 0; at < data.length; at++) data[at]! *= 6;
  const chatTemplate = compileChatTemplate(roleTokenTemplate);
  await saveModelFolder(folder, { config, weights, tokenizer, chatTemplate });
  return { folder, remove: () => rm(place, { recursive: true, force: true }) };
};
