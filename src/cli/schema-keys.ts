// What a recipe's schema says about its keys: which are valid where, what kind of value each takes, its default and
// its description. Reads zod's definitions; so flags, help and "did you mean" need no second list of keys.

import { z } from "zod";

type Schema = z.core.$ZodType;

const definitionOf = (schema: Schema): z.core.$ZodTypes["_zod"]["def"] =>
  (schema as z.core.$ZodTypes)._zod.def;

/** The schema under defaults, optionals and pipes, and what was met on the way down. */
const unwrap = (
  schema: Schema,
): { schema: Schema; nullable: boolean; optional: boolean; default: unknown } => {
  let here = schema;
  let nullable = false;
  let optional = false;
  let preset: unknown;
  for (;;) {
    const definition = definitionOf(here);
    switch (definition.type) {
      case "default":
      case "prefault":
        preset ??= definition.defaultValue;
        here = definition.innerType;
        break;
      case "nullable":
        nullable = true;
        here = definition.innerType;
        break;
      case "optional":
        optional = true;
        here = definition.innerType;
        break;
      case "nonoptional":
      case "readonly":
      case "catch":
        here = definition.innerType;
        break;
      case "pipe":
        here = definition.in;
        break;
      case "lazy":
        here = definition.getter();
        break;
      default:
        return { schema: here, nullable, optional, default: preset };
    }
  }
};

/** Schemas one key further down; several where a union offers several. */
const childrenOf = (schema: Schema, key: string): Schema[] => {
  const definition = definitionOf(unwrap(schema).schema);
  switch (definition.type) {
    case "object":
      return Object.hasOwn(definition.shape, key) ? [definition.shape[key] as Schema] : [];
    case "record":
      return [definition.valueType];
    case "array":
      return [definition.element];
    case "union":
      return definition.options.flatMap((option) => childrenOf(option, key));
    default:
      return [];
  }
};

const schemasAt = (schema: Schema, path: readonly PropertyKey[]): Schema[] =>
  path.reduce<Schema[]>((found, key) => found.flatMap((one) => childrenOf(one, String(key))), [schema]);

const keysOf = (schema: Schema): string[] => {
  const definition = definitionOf(unwrap(schema).schema);
  if (definition.type === "object") return Object.keys(definition.shape);
  return definition.type === "union" ? definition.options.flatMap(keysOf) : [];
};

/** The valid keys of the object at a path. */
export const keysAt = (schema: Schema, path: readonly PropertyKey[]): string[] => [
  ...new Set(schemasAt(schema, path).flatMap(keysOf)),
];

/** What kind of value a key takes; "other": numbers, objects, and what could be several things. */
export type ValueKind = {
  readonly kind: "text" | "boolean" | "list" | "other";
  readonly nullable: boolean;
  readonly default: unknown;
  /** The only values there are; empty where there are many. */
  readonly choices: readonly string[];
};

const choicesOf = (schema: Schema): readonly string[] => {
  const definition = definitionOf(unwrap(schema).schema);
  if (definition.type === "enum") return Object.values(definition.entries).map(String);
  return definition.type === "array" ? choicesOf(definition.element) : [];
};

const isText = (schema: Schema): boolean => {
  const definition = definitionOf(unwrap(schema).schema);
  if (definition.type === "union") return definition.options.every(isText);
  if (definition.type === "literal") return definition.values.every((value) => typeof value === "string");
  return ["string", "enum", "template_literal"].includes(definition.type);
};

/** The kind of value at a path, or undefined when there is no such key. */
export const kindAt = (schema: Schema, path: readonly PropertyKey[]): ValueKind | undefined => {
  const found = schemasAt(schema, path);
  const first = found[0];
  if (first === undefined) return undefined;
  const inner = unwrap(first);
  const type = definitionOf(inner.schema).type;
  const kind = found.every(isText)
    ? "text"
    : type === "boolean"
      ? "boolean"
      : type === "array"
        ? "list"
        : "other";
  return { kind, nullable: inner.nullable, default: inner.default, choices: choicesOf(first) };
};

export type Leaf = {
  readonly path: string;
  readonly description: string;
  readonly default: unknown;
  readonly choices: readonly string[];
  /** A block of settings that is off unless one of them is given. */
  readonly isBlock: boolean;
  /** A setting of such a block: its default holds once the block is on. */
  readonly inBlock: boolean;
};

/** Every key that takes a value, with default and description, for help; a block that may be left out before its keys. */
export const leavesOf = (schema: Schema, path = "", inBlock = false): Leaf[] => {
  const { schema: inner, optional, default: preset } = unwrap(schema);
  const definition = definitionOf(inner);
  const description =
    z.globalRegistry.get(schema)?.description ?? z.globalRegistry.get(inner)?.description ?? "";
  const leaf = { path, description, default: preset, choices: choicesOf(inner), isBlock: false, inBlock };
  if (definition.type !== "object") return [leaf];
  const isBlock = optional && preset === undefined;
  const leaves = Object.entries(definition.shape).flatMap(([key, child]) =>
    leavesOf(child as Schema, path === "" ? key : `${path}.${key}`, inBlock || isBlock),
  );
  return isBlock ? [{ ...leaf, isBlock }, ...leaves] : leaves;
};
