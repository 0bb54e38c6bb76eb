// Nodes for which providers have different kernels: what is one node on the processor and would fall back to it, or be
// wrong, on WebGPU (onnxruntime 1.30), is written there in nodes that WebGPU has.

import type { OnnxEmitter } from "../operation.ts";

/** transposeA, transposeB: the last two axes are swapped first. rank: of both. */
type Product = {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly alpha: number;
  readonly rank: number;
};

const swapped = (emitter: OnnxEmitter, x: string, rank: number): string => {
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  perm.push(...perm.splice(rank - 2).reverse());
  return emitter.emit("Transpose", [x], { attributes: { perm } })[0]!;
};

/** alpha · op(a) op(b). FusedMatMul takes transposes and the factor; WebGPU has Gemm for matrices, and copies batches. */
export const emitProduct = (emitter: OnnxEmitter, a: string, b: string, product: Product): string => {
  const { transposeA, transposeB, alpha, rank } = product;
  if (!transposeA && !transposeB && alpha === 1) return emitter.emit("MatMul", [a, b])[0]!;
  const attributes = {
    transA: transposeA ? 1 : 0,
    transB: transposeB ? 1 : 0,
    alpha: { float: alpha },
  };
  if (emitter.provider === "cpu")
    return emitter.emit("FusedMatMul", [a, b], { domain: "com.microsoft", attributes })[0]!;
  if (rank === 2) return emitter.emit("Gemm", [a, b], { attributes })[0]!;
  const left = transposeA ? swapped(emitter, a, rank) : a;
  const right = transposeB ? swapped(emitter, b, rank) : b;
  const [plain] = emitter.emit("MatMul", [left, right]);
  return alpha === 1 ? plain! : emitter.emit("Mul", [plain!, emitter.float(alpha)])[0]!;
};

/** log softmax over the last axis. WebGPU has no kernel for it. */
export const emitLogSoftmax = (emitter: OnnxEmitter, x: string): string => {
  if (emitter.provider === "cpu") return emitter.emit("LogSoftmax", [x], { attributes: { axis: -1 } })[0]!;
  const last = emitter.integers([-1]);
  const [most] = emitter.emit("ReduceMax", [x, last]);
  const [shifted] = emitter.emit("Sub", [x, most!]);
  const [powers] = emitter.emit("Exp", [shifted!]);
  const [total] = emitter.emit("ReduceSum", [powers!, last]);
  const [logTotal] = emitter.emit("Log", [total!]);
  return emitter.emit("Sub", [shifted!, logTotal!])[0]!;
};

/** x / rms(x) · weight over the last axis, and 1 / rms(x), in whose place WebGPU's kernel writes a mean. */
export const emitRmsNorm = (
  emitter: OnnxEmitter,
  [x, weight]: readonly string[],
  epsilon: number,
): string[] => {
  const written = emitter.emit("SimplifiedLayerNormalization", [x!, weight!], {
    attributes: { axis: -1, epsilon: { float: epsilon } },
    outputs: 2,
  });
  if (emitter.provider === "cpu") return written;
  const [squares] = emitter.emit("Mul", [x!, x!]);
  const [mean] = emitter.emit("ReduceMean", [squares!, emitter.integers([-1])]);
  const [shifted] = emitter.emit("Add", [mean!, emitter.float(epsilon)]);
  const [root] = emitter.emit("Sqrt", [shifted!]);
  return [written[0]!, emitter.emit("Reciprocal", [root!])[0]!];
};
