// Everything the transformer folder offers.

export {
  type Bpe,
  type BpeTrainingOptions,
  bpeTokenizerFiles,
  trainBpe,
  trainTokenizer,
} from "./bpe-training.ts";
export {
  type ChatTemplate,
  compileChatTemplate,
  type EncodeChatOptions,
  type EncodedChat,
  encodeChat,
  type MessageSpan,
  roleTokens,
  roleTokenTemplate,
} from "./chat-template.ts";
export {
  type GenerationConfig,
  loadModelFolder,
  type ModelFolder,
  type SavedModel,
  saveModelFolder,
} from "./checkpoint.ts";
export {
  type ModelConfig,
  type ModelTask,
  parseModelConfig,
  type Shape,
  taskOfConfig,
  type WeightFormat,
  writeModelConfig,
} from "./config.ts";
export {
  checkWeights,
  elementCount,
  initialParameters,
  parameterCount,
  parameterShapes,
  type Weight,
  type Weights,
} from "./parameters.ts";
export { openSafetensors, readSafetensors, type SafetensorsFile, writeSafetensors } from "./safetensors.ts";
export {
  createTokenizer,
  type EncodeOptions,
  loadTokenizer,
  type Tokenizer,
  type TokenizerFiles,
} from "./tokenizer.ts";
