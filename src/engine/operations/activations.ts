// Activations by fused kernels: SiLU (Elfwing et al. 2017) and GELU in its tanh form (Hendrycks & Gimpel 2016). Their
// gradients are made of elementwise operations.

import { logistic } from "../../core/index.ts";
import type { Operation, ReferenceValue } from "../operation.ts";
import { outputOf, scalar, type Tensor } from "../tensor.ts";
import { apply, mapValue } from "./apply.ts";
import { add, multiply, sigmoid, subtract } from "./elementwise.ts";

const siluRule: Operation = {
  name: "silu",
  outputs: ([x]) => [{ shape: x!.shape, type: x!.type }],
  gradient: (node, [gradient]) => {
    // d silu = s + y (1 - s), with s = sigmoid(x) and y = x s
    const s = sigmoid(node.inputs[0]!);
    const y = outputOf(node);
    return [multiply(gradient!, add(s, multiply(y, subtract(scalar(1), s))))];
  },
  onnx: (_node, inputs, emitter) =>
    emitter.emit("QuickGelu", inputs, { domain: "com.microsoft", attributes: { alpha: { float: 1 } } }),
  evaluate: (_node, [x]): ReferenceValue[] => [mapValue(x!, (v) => v * logistic(v))],
  examples: [{ inputs: [{ shape: [2, 5], low: -3, high: 3 }] }],
};

const slope = 2 * Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

// gelu(x) = x s with s = sigmoid(slope (x + cubic x³)), as 0.5 (1 + tanh(u)) = sigmoid(2 u)
const geluRule: Operation = {
  name: "gelu",
  outputs: ([x]) => [{ shape: x!.shape, type: x!.type }],
  gradient: (node, [gradient]) => {
    // d gelu = s + y (1 - s) slope (1 + 3 cubic x²)
    const [x] = node.inputs as [Tensor];
    const square = multiply(x, x);
    const s = sigmoid(multiply(x, add(multiply(square, scalar(slope * cubic)), scalar(slope))));
    const inner = add(multiply(square, scalar(3 * slope * cubic)), scalar(slope));
    const spread = multiply(multiply(outputOf(node), subtract(scalar(1), s)), inner);
    return [multiply(gradient!, add(s, spread))];
  },
  onnx: (_node, inputs, emitter) => emitter.emit("FastGelu", inputs, { domain: "com.microsoft" }),
  evaluate: (_node, [x]): ReferenceValue[] => [
    mapValue(x!, (v) => v * logistic(slope * (v + cubic * v ** 3))),
  ],
  examples: [{ inputs: [{ shape: [2, 5], low: -3, high: 3 }] }],
};

/** x sigmoid(x), one fused kernel. */
export const silu = (x: Tensor): Tensor => apply(siluRule, [x]);
/** 0.5 x (1 + tanh(sqrt(2/π) (x + 0.044715 x³))), one fused kernel: "gelu_new" and "gelu_pytorch_tanh". */
export const gelu = (x: Tensor): Tensor => apply(geluRule, [x]);

export const activationOperations: readonly Operation[] = [siluRule, geluRule];
