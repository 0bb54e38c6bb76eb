// From a YAML file, `--set a.b=1` and flags to a recipe's checked configuration. Precedence: defaults of the schema,
// then what the environment stands for, then the file, then `--set` and flags in that order.

import {
  checkValue,
  collectFaults,
  describeIssues,
  describeValue,
  expandHome,
  nearestWord,
  parseYaml,
  readText,
  UserError,
} from "../core/index.ts";
import type { Recipe } from "../recipes/index.ts";
import { tellOtherFile } from "./other-commands.ts";
import { keysAt, kindAt } from "./schema-keys.ts";

/** One value given on the command line. value: undefined without "=". origin: how the user wrote it, e.g. "--seed". */
export type Setting = {
  readonly path: readonly string[];
  readonly value: string | boolean | undefined;
  readonly origin: string;
};

type Tree = Record<string, unknown>;

const isTree = (value: unknown): value is Tree =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** "a.b=1" as a setting; whether it is one and fits is seen when all of them are. */
export const parseSetting = (text: string): Setting => {
  const [key = "", value] = text.split(/=(.*)/s);
  const path = key.trim();
  return { path: path.split("."), value, origin: `--set ${path}` };
};

/** What was given as a setting's value. Throws UserError when it is no "key=value". */
const givenValue = ({ path, value, origin }: Setting): string | boolean => {
  if (value !== undefined && !path.includes("")) return value;
  throw new UserError(
    "setting-malformed",
    `${origin}${value === undefined ? "" : `=${value}`}: expected key=value, for example --set seed=1.`,
  );
};

/** The text of a setting as a value: what the schema wants as text stays text, all else is read as YAML. */
const readValue = (recipe: Recipe, { path, origin }: Setting, value: string | boolean): unknown => {
  if (typeof value === "boolean") return value;
  const wanted = kindAt(recipe.schema, path);
  if (wanted?.nullable === true && (value === "null" || value === "")) return null;
  if (wanted?.kind === "text")
    return /^(".*"|'.*')$/s.test(value) ? parseYaml(value, { file: origin }) : value;
  const isOfTexts = wanted?.kind === "list" && kindAt(recipe.schema, [...path, "0"])?.kind === "text";
  // Texts with commas between are no YAML: "name: what it is" is one of them.
  const parsed = isOfTexts && !/^\s*(?:\[|- )/.test(value) ? null : parseYaml(value, { file: origin });
  if (wanted?.kind !== "list" || Array.isArray(parsed)) return parsed;
  const parts = value.split(",").map((part) => part.trim());
  return parts
    .filter((part) => part !== "")
    .map((part) => (isOfTexts ? part : parseYaml(part, { file: origin })));
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
 * Where what is wrong was given: in the files, or beside them on the command line. What is missing is missing in both;
 * files that need the command line to be whole cannot be judged alone, so both are named.
 */
const placeOfFaults = (recipe: Recipe, given: Tree, inFiles: Tree, files: readonly string[]): string => {
  const faultsOf = (tree: Tree): string[] => {
    const { error } = recipe.schema.safeParse(tree);
    return error === undefined ? [] : describeIssues(error, tree);
  };
  const [all, before] = [faultsOf(given), faultsOf(inFiles)];
  const isCompleted = files.length > 0 && before.some((fault) => !all.includes(fault));
  const places: string[] = [];
  if (isCompleted || all.some((fault) => before.includes(fault))) places.push(...files);
  if (!all.every((fault) => before.includes(fault)))
    places.push(places.length > 0 ? "the command line" : "The command line");
  return places.length > 0 ? places.join(" and ") : `covenant ${recipe.command.join(" ")}`;
};

/**
 * The configuration of a recipe. files: in rising precedence; under: settings below all of them; others: loads all recipes, to
 * name the one that a file belongs to. Throws UserError with every key that is unknown or does not fit, and the nearest valid
 * one.
 */
export const assembleConfig = async (
  recipe: Recipe,
  files: readonly string[],
  settings: readonly Setting[],
  under: Readonly<Tree> = {},
  others: () => Promise<readonly Recipe[]> = () => Promise.resolve([]),
): Promise<unknown> => {
  const tree: Tree = { ...under };
  const read: (readonly [file: string, content: Tree])[] = [];
  for (const file of files) read.push([file, await readConfigFile(file)]);
  for (const [, content] of read) merge(tree, structuredClone(content));
  const inFiles = structuredClone(tree);
  const faults = collectFaults("The command line", 10, "Correct them and try again.");
  for (const setting of settings) {
    faults.attempt(() => {
      const value = givenValue(setting);
      checkKey(recipe, setting);
      place(recipe, tree, setting, readValue(recipe, setting, value));
    });
  }
  faults.end();
  const parsed = recipe.schema.safeParse(tree);
  if (parsed.success) return parsed.data;
  try {
    const file = placeOfFaults(recipe, tree, inFiles, files);
    return checkValue(recipe.schema, tree, { file }, (path) => keysAt(recipe.schema, path));
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    const told: string[] = [];
    for (const [file, content] of read) told.push(...(await tellOtherFile(recipe, file, content, others)));
    // its keys are no mistakes of their own
    throw told.length === 0 ? thrown : new UserError(thrown.code, told.join("\n"), thrown.facts);
  }
};
