// What an operation is: a record of a shape rule, a gradient rule, the ONNX nodes it becomes, and a plain
// evaluation in double precision. Adding an operation is adding one record; the gradient and conformance checks
// run over every record's examples by themselves.

import type { Random } from "../core/index.ts";
import type { Shape } from "./shape.ts";
import type { Attributes, ElementType, GraphNode, OutputSpecification, Tensor } from "./tensor.ts";

/** A value in the reference interpreter: numbers of any element type in doubles. */
export type ReferenceValue = { readonly shape: Shape; readonly data: Float64Array };

/** What computes: the processor, or a graphics card through WebGPU, with the processor for what WebGPU has not. */
export const providers = ["cpu", "webgpu"] as const;
export type Provider = (typeof providers)[number];

/** Where an operation writes its ONNX nodes. Returns the names of the new node's outputs. */
export type OnnxEmitter = {
  /** What the nodes are for, where kernels differ. */
  readonly provider: Provider;
  emit(
    operator: string,
    inputs: readonly string[],
    options?: {
      readonly attributes?: Readonly<Record<string, number | string | readonly number[] | OnnxFloat>>;
      readonly domain?: string;
      readonly outputs?: number;
    },
  ): string[];
  /** Name of an int64 constant vector (axes, shapes). */
  integers(values: readonly number[]): string;
  /** Name of a float constant of rank 0. */
  float(value: number): string;
  /** Name of a float constant of a shape. */
  floats(values: Float32Array, shape: Shape): string;
  /** Name of a uint8 constant of a shape. */
  bytes(values: Uint8Array, shape: Shape): string;
};

/** ONNX tells integer attributes from float ones; numbers are integers unless wrapped. */
export type OnnxFloat = { readonly float: number };

/** Inputs on which the record is checked. values: drawn uniformly from [low, high), or whole numbers for indices. */
export type OperationExample = {
  readonly inputs: readonly {
    readonly shape: Shape;
    readonly type?: ElementType;
    readonly low?: number;
    readonly high?: number;
    /** Positions the gradient is not checked at (indices, masks). Default: checked for float32. */
    readonly differentiable?: boolean;
    readonly values?: (random: Random) => number[];
  }[];
  readonly attributes?: Attributes;
};

export type Operation = {
  readonly name: string;
  readonly outputs: (inputs: readonly Tensor[], attributes: Attributes) => readonly OutputSpecification[];
  /**
   * Gradients of the inputs from that of the first output; undefined where nothing flows. Absent: not differentiable.
   * Further outputs are by-products for the rule's own use: `gradients` refuses a loss that depends on one.
   */
  readonly gradient?: (
    node: GraphNode,
    gradients: readonly (Tensor | undefined)[],
  ) => readonly (Tensor | undefined)[];
  readonly onnx: (node: GraphNode, inputs: readonly string[], emitter: OnnxEmitter) => string[];
  readonly evaluate: (node: GraphNode, inputs: readonly ReferenceValue[]) => ReferenceValue[];
  readonly examples: readonly OperationExample[];
};
