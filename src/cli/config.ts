// From a YAML file, `--set a.b=1` and flags to a recipe's checked configuration. Precedence: defaults of the schema,
// then the file, then `--set` and flags in that order.

import {
  checkValue,
  describeValue,
  expandHome,
  nearestWord,
  parseYaml,
  readText,
  UserError,
} from "../core/index.ts";
import type { Recipe } from "../recipes/index.ts";
import { keysAt, kindAt } from "./schema-keys.ts";

/** One value given on the command line. origin: how the user wrote it, e.g. "--seed". */
export type Setting = {
  readonly path: readonly string[];
  readonly value: string | boolean;
  readonly origin: string;
};

type Tree = Record<string, unknown>;

const isTree = (value: unknown): value is Tree =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** "a.b=1" as a setting. Throws UserError when there is no "=". */
export const parseSetting = (text: string): Setting => {
  const equals = text.indexOf("=");
  const path = text.slice(0, Math.max(0, equals)).trim();
  if (equals < 1 || path.split(".").includes("")) {
    throw new UserError(
      "setting-malformed",
      `--set ${text}: expected key=value, for example --set seed=1 or --set training.epochs=2.`,
    );
  }
  return { path: path.split("."), value: text.slice(equals + 1), origin: `--set ${path}` };
};

/** The text of a setting as a value: what the schema wants as text stays text, all else is read as YAML. */
const readValue = (recipe: Recipe, setting: Setting): unknown => {
  const { path, value, origin } = setting;
  if (typeof value === "boolean") return value;
  const wanted = kindAt(recipe.schema, path);
  if (wanted?.nullable === true && (value === "null" || value === "")) return null;
  if (wanted?.kind === "text")
    return /^(".*"|'.*')$/s.test(value) ? parseYaml(value, { file: origin }) : value;
  const parsed = parseYaml(value, { file: origin });
  if (wanted?.kind !== "list" || Array.isArray(parsed)) return parsed;
  const elements = kindAt(recipe.schema, [...path, "0"]);
  const parts = value.split(",").map((part) => part.trim());
  return parts
    .filter((part) => part !== "")
    .map((part) => (elements?.kind === "text" ? part : parseYaml(part, { file: origin })));
};

const checkKey = (recipe: Recipe, setting: Setting): void => {
  for (let length = 1; length <= setting.path.length; length++) {
    const part = setting.path.slice(0, length);
    if (kindAt(recipe.schema, part) !== undefined) continue;
    const known = keysAt(recipe.schema, part.slice(0, -1));
    const near = nearestWord(part.at(-1)!, known);
    const remedy =
      near !== undefined
        ? `Did you mean ${[...part.slice(0, -1), near].join(".")}?`
        : known.length > 0
          ? `Known here: ${known.join(", ")}.`
          : `${part.slice(0, -1).join(".")} has no keys of its own.`;
    throw new UserError("key-unknown", `${setting.origin}: there is no key ${part.join(".")}. ${remedy}`);
  }
};

/** Puts a value into a tree, making objects and lists on the way. */
const place = (recipe: Recipe, tree: Tree, setting: Setting, value: unknown): void => {
  let here: Tree | unknown[] = tree;
  for (const [index, key] of setting.path.entries()) {
    const isLast = index === setting.path.length - 1;
    const slot: string | number = Array.isArray(here) ? Number(key) : key;
    if (
      Array.isArray(here) &&
      !(Number.isInteger(slot) && Number(slot) >= 0 && Number(slot) <= here.length)
    ) {
      throw new UserError(
        "key-unknown",
        `${setting.origin}: ${key} is no position in a list of ${here.length}.`,
      );
    }
    const holder = here as Record<string | number, unknown>;
    if (isLast) {
      holder[slot] = value;
      return;
    }
    const kind = kindAt(recipe.schema, setting.path.slice(0, index + 1))?.kind;
    holder[slot] ??= kind === "list" ? [] : {};
    const next: unknown = holder[slot];
    if (!isTree(next) && !Array.isArray(next)) {
      const upTo = setting.path.slice(0, index + 1).join(".");
      throw new UserError(
        "key-unknown",
        `${setting.origin}: ${upTo} is ${describeValue(next)}, which has no keys.`,
      );
    }
    here = next;
  }
};

/** A configuration file as a tree. Throws UserError when it is missing, not YAML or not a mapping. */
export const readConfigFile = async (path: string): Promise<Tree> => {
  const value = (await parseYaml(await readText(expandHome(path)), { file: path })) ?? {};
  if (isTree(value)) return value;
  throw new UserError(
    "config-malformed",
    `${path}: got ${describeValue(value)}, expected keys with values (key: value).`,
  );
};

/** Lays one tree over another; lists are replaced, not joined. */
const merge = (under: Tree, over: Tree): void => {
  for (const [key, value] of Object.entries(over)) {
    const below = under[key];
    if (isTree(below) && isTree(value)) merge(below, value);
    else under[key] = value;
  }
};

/**
 * The configuration of a recipe. files: in rising precedence. Throws UserError with every key that is unknown or does
 * not fit, and the nearest valid one.
 */
export const assembleConfig = async (
  recipe: Recipe,
  files: readonly string[],
  settings: readonly Setting[],
): Promise<unknown> => {
  const tree: Tree = {};
  for (const file of files) merge(tree, await readConfigFile(file));
  for (const setting of settings) {
    checkKey(recipe, setting);
    place(recipe, tree, setting, readValue(recipe, setting));
  }
  const where = files.length > 0 ? files.join(" and ") : "configuration";
  return checkValue(recipe.schema, tree, { file: where }, (path) => keysAt(recipe.schema, path));
};
