// Everything the transformer folder offers.
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
