// The engine: lazy tensor graph, operations, gradients, compiled programs. Knows nothing of text.
// What a tensor stands for is not known here.
export { gradients } from "./gradient.ts";
export { exportOnnx } from "./onnx-export.ts";
export { type Provider, providers } from "./operation.ts";
export { gelu, silu } from "./operations/activations.ts";
export { causalAttention } from "./operations/attention.ts";
export { checkpoint } from "./operations/checkpoint.ts";
export {
  absolute,
  add,
  cast,
  clamp,
  divide,
  exponential,
  greater,
  logarithm,
  logSigmoid,
  maximum,
  minimum,
  multiply,
  negate,
  sigmoid,
  softplus,
  squareRoot,
  subtract,
  tanh,
  where,
} from "./operations/elementwise.ts";
export { frozenHeadLogProbability } from "./operations/head.ts";
export { addAlongRows, gatherRows, sumRows, takeAlongRows } from "./operations/indexing.ts";
export { matmul } from "./operations/linear.ts";
export { mean, sumOfSquares } from "./operations/moments.ts";
export {
  rotaryEmbedding,
  softmax,
  tokenLogProbability,
} from "./operations/network.ts";
export { layerNorm, rmsNorm } from "./operations/normalisation.ts";
export { matmulInt8, matmulNf4, type Nf4Weight } from "./operations/quantised.ts";
export {
  broadcastTo,
  concatenate,
  pad,
  reshape,
  slice,
  sum,
  transpose,
} from "./operations/reduction.ts";
export {
  dequantiseNf4,
  emptyInt8,
  emptyNf4,
  fillInt8,
  type Int8Values,
  int8Step,
  type Nf4Values,
  nf4Block,
  nf4Levels,
  quantiseInt8,
  quantiseNf4,
} from "./quantisation.ts";
export { interpret } from "./reference.ts";
export {
  type CompileOptions,
  compile,
  createProgramCache,
  type Feeds,
  openPrograms,
  type Program,
  type ProgramCache,
  setProfiles,
  setProvider,
  setThreads,
  threadCount,
} from "./session.ts";
export { type Shape, sizeOf } from "./shape.ts";
export {
  constant,
  type ElementType,
  freeData,
  input,
  scalar,
  type Tensor,
  type TensorData,
} from "./tensor.ts";
