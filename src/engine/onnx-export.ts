// Graph → ONNX model bytes (opset 21 and com.microsoft 1). Equal constants are stored once; nodes that nothing
// depends on are not written.

import onnxProto from "onnx-proto";
import type { OnnxEmitter, OnnxFloat, Provider } from "./operation.ts";
import { operationNamed } from "./operations/table.ts";
import { type Shape, sameShape, shapeError } from "./shape.ts";
import { type ElementType, type GraphNode, orderedNodes, type Tensor, type TensorData } from "./tensor.ts";

const { onnx } = onnxProto;

const elementCodes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
};

const attributeTypes = onnx.AttributeProto.AttributeType;

const attributeProto = (name: string, value: number | string | readonly number[] | OnnxFloat) => {
  if (typeof value === "number") return { name, type: attributeTypes.INT, i: value };
  if (typeof value === "string")
    return { name, type: attributeTypes.STRING, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: attributeTypes.FLOAT, f: value.float };
  return { name, type: attributeTypes.INTS, ints: [...value] };
};

const bytesOf = (data: TensorData): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Constants of at least so many bytes stay outside the model: in it they would be copied, and 2 GB are its limit. */
const externalFrom = 65_536;

const tensorProto = (name: string, shape: Shape, type: ElementType, data: TensorData) => {
  const described = { name, dims: [...shape], dataType: elementCodes[type] };
  if (data.byteLength < externalFrom) return { ...described, rawData: bytesOf(data) };
  const facts = { location: name, offset: 0, length: data.byteLength };
  return {
    ...described,
    dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
    externalData: Object.entries(facts).map(([key, value]) => ({ key, value: String(value) })),
  };
};

const valueProto = (name: string, shape: Shape, type: ElementType) => ({
  name,
  type: {
    tensorType: { elemType: elementCodes[type], shape: { dim: shape.map((dimValue) => ({ dimValue })) } },
  },
});

/** A node as written so far: its values may yet be renamed. */
type WrittenNode = Record<string, unknown> & { input: string[]; output: string[] };

/** A constant beside the model, under the path by which the model knows it. */
export type ExternalConstant = { readonly path: string; readonly data: Uint8Array };

type Writer = {
  readonly emitter: OnnxEmitter;
  readonly nodes: WrittenNode[];
  readonly initializers: object[];
  readonly external: ExternalConstant[];
  constant(shape: Shape, type: ElementType, data: TensorData): string;
};

const createWriter = (provider: Provider): Writer => {
  const nodes: WrittenNode[] = [];
  const initializers: object[] = [];
  const external: ExternalConstant[] = [];
  const small = new Map<string, string>();
  let next = 0;
  const constant = (shape: Shape, type: ElementType, data: TensorData): string => {
    const key = data.length <= 16 ? `${type}|${shape.join(",")}|${bytesOf(data).join(",")}` : undefined;
    const known = key === undefined ? undefined : small.get(key);
    if (known !== undefined) return known;
    const name = `c${initializers.length}`;
    initializers.push(tensorProto(name, shape, type, data));
    if (data.byteLength >= externalFrom) external.push({ path: name, data: bytesOf(data) });
    if (key !== undefined) small.set(key, name);
    return name;
  };
  const emitter: OnnxEmitter = {
    provider,
    emit(opType, inputs, options = {}) {
      const output = Array.from({ length: options.outputs ?? 1 }, () => `t${next++}`);
      const attribute = Object.entries(options.attributes ?? {}).map(([name, value]) =>
        attributeProto(name, value),
      );
      nodes.push({
        opType,
        domain: options.domain ?? "",
        name: `n${nodes.length}`,
        input: [...inputs],
        output,
        attribute,
      });
      return output;
    },
    integers: (values) => constant([values.length], "int64", BigInt64Array.from(values, BigInt)),
    float: (value) => constant([], "float32", Float32Array.of(value)),
    floats: (values, shape) => constant(shape, "float32", values),
    bytes: (values, shape) => constant(shape, "uint8", values),
  };
  return { emitter, nodes, initializers, external, constant };
};

/**
 * Gives every output its name: to the node's value itself, which costs nothing, or by an Identity, where the value is
 * an input or a constant, or leaves under another name already.
 */
const nameOutputs = (
  { nodes }: Writer,
  outputs: readonly (readonly [name: string, value: string])[],
): void => {
  const computed = new Set(nodes.flatMap(({ output }) => output));
  const leaving = new Map<string, string>();
  const copies: [name: string, value: string][] = [];
  for (const [name, value] of outputs) {
    if (computed.has(value) && !leaving.has(value)) leaving.set(value, name);
    else copies.push([name, value]);
  }
  const rename = (values: string[]): string[] => values.map((value) => leaving.get(value) ?? value);
  for (const node of nodes) {
    node.input = rename(node.input);
    node.output = rename(node.output);
  }
  for (const [name, value] of copies)
    nodes.push({ opType: "Identity", name: `out-${name}`, input: rename([value]), output: [name] });
};

/** Nodes that an output depends on, in their order: by-products that nobody reads are left out. */
const neededNodes = ({ nodes }: Writer, outputs: readonly string[]): WrittenNode[] => {
  const needed = new Set(outputs);
  const kept: WrittenNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.output.some((value) => needed.has(value))) continue;
    for (const value of node.input) needed.add(value);
    kept.push(node);
  }
  return kept.reverse();
};

export type ExportedGraph = {
  readonly bytes: Uint8Array;
  /** Large constants, which the model names as files. */
  readonly external: readonly ExternalConstant[];
  /** The inputs that the outputs depend on, by name. */
  readonly inputs: ReadonlyMap<string, { readonly shape: Shape; readonly type: ElementType }>;
};

/** The ONNX model of named outputs. Throws CovenantError when inputs of one name differ in shape or type. */
export const exportOnnx = (
  outputs: Readonly<Record<string, Tensor>>,
  provider: Provider = "cpu",
): ExportedGraph => {
  const writer = createWriter(provider);
  const names = new Map<GraphNode, readonly string[]>();
  const inputs = new Map<string, { shape: Shape; type: ElementType }>();
  for (const node of orderedNodes(Object.values(outputs))) {
    const { shape, type } = node.outputs[0]!;
    if (node.operation === "input") {
      const name = node.attributes["name"] as string;
      const known = inputs.get(name);
      if (known !== undefined && (known.type !== type || !sameShape(known.shape, shape)))
        throw shapeError("input", `"${name}" to have one shape and type`, known.shape, shape);
      inputs.set(name, { shape, type });
      names.set(node, [name]);
    } else if (node.operation === "constant") {
      names.set(node, [writer.constant(shape, type, node.attributes["data"] as TensorData)]);
    } else {
      const given = node.inputs.map((tensor) => names.get(tensor.node)![tensor.index]!);
      names.set(node, operationNamed(node.operation).onnx(node, given, writer.emitter));
    }
  }
  nameOutputs(
    writer,
    Object.entries(outputs).map(([name, tensor]) => [name, names.get(tensor.node)![tensor.index]!]),
  );
  const model = onnx.ModelProto.create({
    irVersion: 8,
    producerName: "covenant",
    opsetImport: [
      { domain: "", version: 21 },
      { domain: "com.microsoft", version: 1 },
    ],
    graph: {
      name: "graph",
      node: neededNodes(writer, Object.keys(outputs)),
      initializer: writer.initializers,
      input: [...inputs].map(([name, { shape, type }]) => valueProto(name, shape, type)),
      output: Object.entries(outputs).map(([name, { shape, type }]) => valueProto(name, shape, type)),
    },
  });
  return { bytes: onnx.ModelProto.encode(model).finish(), external: writer.external, inputs };
};
