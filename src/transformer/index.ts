// Language models of the transformer kind: decoder, adapters, tokenizer, chat template, generation, scoring, checkpoints.
// Knows nothing of constitutions, rows or losses.

export {
  type AdapterSpecification,
  adapterFiles,
  baseNameFrom,
  type SavedAdapter,
} from "./adapter-folder.ts";
export type { LoadOptions } from "./base-folder.ts";
export {
  type Bpe,
  type BpeTrainingOptions,
  bpeTokenizerFiles,
  trainBpe,
  trainTokenizer,
} from "./bpe-training.ts";
export { countSingleBytes } from "./byte-share.ts";
export {
  type ChatTemplate,
  compileChatTemplate,
  type EncodeChatOptions,
  type EncodedChat,
  encodeAnswered,
  encodeChat,
  type MessageSpan,
  roleTokens,
  roleTokenTemplate,
} from "./chat-template.ts";
export {
  checkModelFolder,
  frozenState,
  type LiveAdapter,
  loadModelFolder,
  type ModelDescription,
  type ModelFolder,
  mergeFolder,
  withChatTemplate,
} from "./checkpoint.ts";
export { type SavedModel, saveAdapterFolder, saveModelFolder } from "./checkpoint-saving.ts";
export {
  type ModelConfig,
  type ModelTask,
  parseModelConfig,
  type Shape,
  taskOfConfig,
  type WeightFormat,
  writeModelConfig,
} from "./config.ts";
export { hiddenStates, logitsOf, type PackedInputs, packedInputs, scoreOf } from "./decoder.ts";
export { createGenerator, fitsContext, type Generator } from "./generation.ts";
export {
  type AskedSampling,
  type GenerationConfig,
  generationConfigName,
  type ResolvedSampling,
  resolveSampling,
} from "./generation-config.ts";
export { cachedHubFolder, hubFolder, isHubName, readHubName } from "./hub.ts";
export {
  cachedHubDataset,
  type HubDatasetFile,
  hubDatasetFile,
  isHubDataset,
  readHubDataset,
} from "./hub-dataset.ts";
export type { HubName, HubOptions, HubProgress } from "./hub-download.ts";
export type { DecoderGraph } from "./layers.ts";
export {
  type AdapterSize,
  adapterCount,
  adapterScaleOf,
  addAdapters,
  allTargets,
  hasAdapters,
  type LoraOptions,
  learnsWithAdapters,
  mergeAdapters,
  takeScaleOut,
  targetedProjections,
} from "./lora.ts";
export {
  createModelState,
  dropoutFeeds,
  graphOf,
  type ModelState,
  type TrainedAdapters,
  trainingGraphOf,
} from "./model-state.ts";
export {
  assignRows,
  commonShape,
  type FilledRows,
  fillBestRows,
  fillInOrder,
  fillRows,
  fillShape,
  itemLength,
  longestItem,
  type PackedBatch,
  type PackedItem,
  type Placement,
  packRows,
  plannedRows,
  portionsOf,
  predictorOf,
  type RowShape,
  roundUp,
  sizeBucket,
} from "./packing.ts";
export {
  checkWeights,
  elementCount,
  hiddenMatrices,
  initialParameters,
  parameterCount,
  parameterShapes,
  type Weight,
  type Weights,
} from "./parameters.ts";
export { encodeContinuation, encodeOpen } from "./plain-text.ts";
export {
  dequantiseWeight,
  isLookedUp,
  type LoadFormat,
  type QuantisedWeight,
  type QuantisedWeights,
  quantisable,
  quantiseWeight,
} from "./quantised-weights.ts";
export { openSafetensors, readSafetensors, type SafetensorsFile, writeSafetensors } from "./safetensors.ts";
export type { SamplingOptions, TokenProbability } from "./sampling.ts";
export { createScorer, fitsScoring, type Scorer } from "./scoring.ts";
export { createTextStream, type TextStream, textsOf } from "./text-stream.ts";
export {
  branchTargets,
  layOut,
  logitRows,
  readTargets,
  readThroughHead,
  type Target,
  type TokenBatch,
  type TokenBatchSizes,
  takeInTurn,
  targetPlaces,
  targetVector,
} from "./token-batch.ts";
export type { GenerateOptions, SampledToken, TokenReply, TokenRequest } from "./token-request.ts";
export {
  createTokenizer,
  type EncodeOptions,
  type Tokenizer,
  type TokenizerFiles,
} from "./tokenizer.ts";
