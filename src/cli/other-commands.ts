// Whether a configuration file that does not fit a command is that of another one, by the run that it lies in or by its keys,
// or no configuration at all but a constitution.
// Knows recipes by their shape only.

import { basename, dirname } from "node:path";
import { expandHome, quotedWord } from "../core/index.ts";
import type { Recipe } from "../recipes/index.ts";
import type { RunEvent } from "../records/index.ts";
import { configName, readEvents } from "../runs/index.ts";

type Tree = Readonly<Record<string, unknown>>;

const nameOf = ({ command }: Pick<Recipe, "command">): string => command.join(" ");

/** The command whose run a file is the configuration of; null where it is none's, or that cannot be told. */
const commandOfRun = async (file: string): Promise<string | null> => {
  if (basename(file) !== configName) return null;
  // A log that cannot be read names no command; what is wrong with the configuration is told all the same.
  const events: readonly RunEvent[] = await readEvents(dirname(expandHome(file))).catch(() => []);
  return events.findLast((event) => event.type === "run-start")?.name ?? null;
};

const valueAt = (tree: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((here, key) => (here as Record<PropertyKey, unknown> | undefined)?.[key], tree);

/** Whether a schema has all keys of a tree; single values may be wrong, and what it needs may be missing. */
const knowsKeys = ({ schema }: Recipe, tree: Tree): boolean => {
  const { error } = schema.safeParse(tree);
  const isSingle = (path: readonly PropertyKey[]): boolean =>
    path.length === 0 || typeof valueAt(tree, path) !== "object";
  return (error?.issues ?? []).every(({ code, path }) => code !== "unrecognized_keys" && isSingle(path));
};

/** As many commands are named that know all keys of a file; where more do, its keys say too little. */
const mostNamed = 3;

/** Whether a tree has the principles that make a constitution. */
const isConstitution = ({ principles }: Tree): boolean =>
  Array.isArray(principles) && principles.every((one) => typeof one === "object" && one !== null);

const ofOtherRun = (file: string, run: string, recipe: Recipe): string =>
  `${file} is the configuration of a run of \`covenant ${run}\`, which \`covenant ${run} --resume ${quotedWord(dirname(file))}\` continues. \`covenant ${nameOf(recipe)}\` has settings of its own: leave this file or folder out, and name another one as --out.`;

/**
 * For a file that is the configuration of another command, or a constitution, a line that says so; else nothing. others: loads
 * all recipes.
 */
export const tellOtherFile = async (
  recipe: Recipe,
  file: string,
  tree: Tree,
  others: () => Promise<readonly Recipe[]>,
): Promise<string[]> => {
  // a file whose keys are all known is none of another command's that matters here
  if (knowsKeys(recipe, tree)) return [];
  const run = await commandOfRun(file);
  if (run !== null) return run === nameOf(recipe) ? [] : [ofOtherRun(file, run, recipe)];
  if (isConstitution(tree)) {
    const remedy =
      "constitution" in recipe.flags ? `Give it as --constitution ${quotedWord(file)}` : "Leave it out";
    return [`${file} is a constitution, and no configuration. ${remedy}.`];
  }
  const names = (await others()).filter((one) => knowsKeys(one, tree)).map(nameOf);
  if (names.length === 0 || names.length > mostNamed) return [];
  return [
    `${file} is a configuration of ${names.map((name) => `\`covenant ${name}\``).join(" or ")}, and not of \`covenant ${nameOf(recipe)}\`.`,
  ];
};
