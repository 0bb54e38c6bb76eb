// Elementwise operations: arithmetic with broadcasting, functions of one number, comparison and choice.
// Gradients are summed along the axes that were broadcast. Knows nothing of layers.

import { logistic } from "../../core/index.ts";
import type { Operation, OperationExample } from "../operation.ts";
import { broadcastIndex, broadcastShapes, type Shape, sameShape } from "../shape.ts";
import { type ElementType, scalar, type Tensor } from "../tensor.ts";
import { apply, mapValue, zipValues } from "./apply.ts";
import { reshape, sum } from "./reduction.ts";

/** Sums a gradient over the axes along which its tensor was broadcast. */
export const unbroadcast = (gradient: Tensor, shape: Shape): Tensor => {
  if (sameShape(gradient.shape, shape)) return gradient;
  const shift = gradient.shape.length - shape.length;
  const axes = gradient.shape
    .map((side, axis) => ({ side, axis, own: axis < shift ? 1 : shape[axis - shift]! }))
    .filter(({ side, own, axis }) => axis < shift || (own === 1 && side !== 1))
    .map(({ axis }) => axis);
  const summed = axes.length === 0 ? gradient : sum(gradient, axes, true);
  return sameShape(summed.shape, shape) ? summed : reshape(summed, shape);
};

const pairExamples = (low: number, high: number): OperationExample[] => [
  {
    inputs: [
      { shape: [2, 3], low, high },
      { shape: [2, 3], low, high },
    ],
  },
  {
    inputs: [
      { shape: [2, 1, 3], low, high },
      { shape: [4, 1], low, high },
    ],
  },
  {
    inputs: [
      { shape: [], low, high },
      { shape: [3], low, high },
    ],
  },
];

type BinaryRule = {
  readonly name: string;
  readonly operator: string;
  readonly result?: ElementType;
  readonly evaluate: (x: number, y: number) => number;
  readonly gradient?: (a: Tensor, b: Tensor, gradient: Tensor) => readonly [Tensor, Tensor];
  readonly examples?: readonly OperationExample[];
};

const binary = (rule: BinaryRule): Operation => ({
  name: rule.name,
  outputs: ([a, b]) => [
    { shape: broadcastShapes(rule.name, a!.shape, b!.shape), type: rule.result ?? a!.type },
  ],
  ...(rule.gradient === undefined
    ? {}
    : {
        gradient: ({ inputs: [a, b] }, [gradient]) =>
          rule.gradient!(a!, b!, gradient!).map((side, index) => unbroadcast(side, [a!, b!][index]!.shape)),
      }),
  onnx: (_node, inputs, emitter) => emitter.emit(rule.operator, inputs),
  evaluate: (node, [a, b]) => [zipValues(a!, b!, node.outputs[0]!.shape, rule.evaluate)],
  examples: rule.examples ?? pairExamples(-2, 2),
});

const binaryRules = {
  add: binary({ name: "add", operator: "Add", evaluate: (x, y) => x + y, gradient: (_a, _b, g) => [g, g] }),
  subtract: binary({
    name: "subtract",
    operator: "Sub",
    evaluate: (x, y) => x - y,
    gradient: (_a, _b, g) => [g, negate(g)],
  }),
  multiply: binary({
    name: "multiply",
    operator: "Mul",
    evaluate: (x, y) => x * y,
    gradient: (a, b, g) => [multiply(g, b), multiply(g, a)],
  }),
  divide: binary({
    name: "divide",
    operator: "Div",
    evaluate: (x, y) => x / y,
    gradient: (a, b, g) => [divide(g, b), negate(divide(multiply(g, a), multiply(b, b)))],
    examples: pairExamples(0.5, 2),
  }),
  maximum: binary({
    name: "maximum",
    operator: "Max",
    evaluate: Math.max,
    gradient: (a, b, g) => [where(greater(a, b), g, scalar(0)), where(greater(a, b), scalar(0), g)],
  }),
  minimum: binary({
    name: "minimum",
    operator: "Min",
    evaluate: Math.min,
    gradient: (a, b, g) => [where(greater(a, b), scalar(0), g), where(greater(a, b), g, scalar(0))],
  }),
  greater: binary({
    name: "greater",
    operator: "Greater",
    result: "bool",
    evaluate: (x, y) => (x > y ? 1 : 0),
  }),
};

type UnaryRule = {
  readonly name: string;
  readonly operator: string;
  readonly evaluate: (x: number) => number;
  /** The derivative times the gradient, from the input, the output and the gradient. */
  readonly gradient: (x: Tensor, y: Tensor, gradient: Tensor) => Tensor;
  readonly low?: number;
  readonly high?: number;
};

const unary = (rule: UnaryRule): Operation => ({
  name: rule.name,
  outputs: ([x]) => [{ shape: x!.shape, type: x!.type }],
  gradient: (node, [gradient]) => [
    rule.gradient(node.inputs[0]!, { node, index: 0, ...node.outputs[0]! }, gradient!),
  ],
  onnx: (_node, inputs, emitter) => emitter.emit(rule.operator, inputs),
  evaluate: (_node, [x]) => [mapValue(x!, rule.evaluate)],
  examples: [{ inputs: [{ shape: [2, 3], low: rule.low ?? -2, high: rule.high ?? 2 }] }],
});

const unaryRules = {
  negate: unary({ name: "negate", operator: "Neg", evaluate: (x) => -x, gradient: (_x, _y, g) => negate(g) }),
  exponential: unary({
    name: "exponential",
    operator: "Exp",
    evaluate: Math.exp,
    gradient: (_x, y, g) => multiply(g, y),
  }),
  logarithm: unary({
    name: "logarithm",
    operator: "Log",
    evaluate: Math.log,
    gradient: (x, _y, g) => divide(g, x),
    low: 0.5,
  }),
  squareRoot: unary({
    name: "square-root",
    operator: "Sqrt",
    evaluate: Math.sqrt,
    gradient: (_x, y, g) => divide(multiply(g, scalar(0.5)), y),
    low: 0.5,
  }),
  absolute: unary({
    name: "absolute",
    operator: "Abs",
    evaluate: Math.abs,
    gradient: (x, _y, g) => where(greater(x, scalar(0)), g, negate(g)),
  }),
  sigmoid: unary({
    name: "sigmoid",
    operator: "Sigmoid",
    evaluate: logistic,
    gradient: (_x, y, g) => multiply(g, multiply(y, subtract(scalar(1), y))),
  }),
  tanh: unary({
    name: "tanh",
    operator: "Tanh",
    evaluate: Math.tanh,
    gradient: (_x, y, g) => multiply(g, subtract(scalar(1), multiply(y, y))),
  }),
  softplus: unary({
    name: "softplus",
    operator: "Softplus",
    evaluate: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    gradient: (x, _y, g) => multiply(g, sigmoid(x)),
    low: -4,
    high: 4,
  }),
};

const whereRule: Operation = {
  name: "where",
  outputs: ([condition, a, b]) => [
    {
      shape: broadcastShapes("where", condition!.shape, broadcastShapes("where", a!.shape, b!.shape)),
      type: a!.type,
    },
  ],
  gradient: ({ inputs: [condition, a, b] }, [gradient]) => [
    undefined,
    unbroadcast(where(condition!, gradient!, scalar(0)), a!.shape),
    unbroadcast(where(condition!, scalar(0), gradient!), b!.shape),
  ],
  onnx: (_node, inputs, emitter) => emitter.emit("Where", inputs),
  evaluate: (node, values) => {
    const { shape } = node.outputs[0]!;
    const [condition, a, b] = values.map((value) => ({ value, index: broadcastIndex(value.shape, shape) }));
    const pick = (side: typeof a, at: number): number => side!.value.data[side!.index[at]!]!;
    const data = Float64Array.from(condition!.index, (_, at) =>
      pick(condition, at) !== 0 ? pick(a, at) : pick(b, at),
    );
    return [{ shape, data }];
  },
  examples: [
    {
      inputs: [{ shape: [2, 1], type: "bool", values: () => [1, 0] }, { shape: [2, 3] }, { shape: [3] }],
    },
  ],
};

const castRule: Operation = {
  name: "cast",
  outputs: ([x], attributes) => [{ shape: x!.shape, type: attributes["to"] as ElementType }],
  gradient: ({ inputs: [x] }, [gradient]) => [x!.type === "float32" ? gradient : undefined],
  onnx: (node, inputs, emitter) =>
    emitter.emit("Cast", inputs, {
      attributes: {
        to: { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 }[node.outputs[0]!.type],
      },
    }),
  evaluate: (node, [x]) => [
    mapValue(
      x!,
      node.outputs[0]!.type === "bool"
        ? (v) => (v !== 0 ? 1 : 0)
        : node.outputs[0]!.type === "float32"
          ? (v) => v
          : Math.trunc,
    ),
  ],
  examples: [
    { inputs: [{ shape: [4], type: "int64", values: () => [3, 0, -2, 7] }], attributes: { to: "float32" } },
  ],
};

/**
 * a + b, element by element. This and the other functions of two tensors broadcast their shapes (NumPy's rule); shapes
 * that do not fit throw "engine-shape".
 */
export const add = (a: Tensor, b: Tensor): Tensor => apply(binaryRules.add, [a, b]);
/** a - b, broadcast. */
export const subtract = (a: Tensor, b: Tensor): Tensor => apply(binaryRules.subtract, [a, b]);
/** a b, element by element, broadcast. */
export const multiply = (a: Tensor, b: Tensor): Tensor => apply(binaryRules.multiply, [a, b]);
/** a / b, broadcast. */
export const divide = (a: Tensor, b: Tensor): Tensor => apply(binaryRules.divide, [a, b]);
/** The larger of a and b, broadcast; the gradient goes to that one, and to b where they are equal. */
export const maximum = (a: Tensor, b: Tensor): Tensor => apply(binaryRules.maximum, [a, b]);
/** The smaller of a and b, broadcast; the gradient goes to that one, and to a where they are equal. */
export const minimum = (a: Tensor, b: Tensor): Tensor => apply(binaryRules.minimum, [a, b]);
/** a > b, as booleans. */
export const greater = (a: Tensor, b: Tensor): Tensor => apply(binaryRules.greater, [a, b]);
/** -x. This and the other functions of one tensor keep its shape. */
export const negate = (x: Tensor): Tensor => apply(unaryRules.negate, [x]);
/** e^x. */
export const exponential = (x: Tensor): Tensor => apply(unaryRules.exponential, [x]);
/** Natural logarithm. */
export const logarithm = (x: Tensor): Tensor => apply(unaryRules.logarithm, [x]);
/** The square root of x; its gradient is infinite at 0. */
export const squareRoot = (x: Tensor): Tensor => apply(unaryRules.squareRoot, [x]);
/** |x|; the gradient at 0 is that of -x. */
export const absolute = (x: Tensor): Tensor => apply(unaryRules.absolute, [x]);
/** 1 / (1 + e^-x). */
export const sigmoid = (x: Tensor): Tensor => apply(unaryRules.sigmoid, [x]);
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => apply(unaryRules.tanh, [x]);
/** log(1 + e^x), computed without overflow. */
export const softplus = (x: Tensor): Tensor => apply(unaryRules.softplus, [x]);
/** log sigmoid(x) = -softplus(-x). */
export const logSigmoid = (x: Tensor): Tensor => negate(softplus(negate(x)));
/** a where the condition holds, b elsewhere. */
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor => apply(whereRule, [condition, a, b]);
/** x as another element type, same shape; x itself when it has that type. Only float32 passes a gradient on. */
export const cast = (x: Tensor, to: ElementType): Tensor =>
  x.type === to ? x : apply(castRule, [x], { to });
/** x held inside [low, high]; no gradient outside. */
export const clamp = (x: Tensor, low: number, high: number): Tensor =>
  minimum(maximum(x, scalar(low)), scalar(high));

/** The operations of this file, for the table. */
export const elementwiseOperations: readonly Operation[] = [
  ...Object.values(binaryRules),
  ...Object.values(unaryRules),
  whereRule,
  castRule,
];
