// Options that mean nothing beside another one: refused where they were typed, since whoever types them expects something of
// them. What stands in a file of settings is passed over: the file may be meant for the command as it usually is.

import { UserError } from "../core/index.ts";
import type { Recipe } from "../recipes/index.ts";
import type { Setting } from "./config.ts";

const isUnder = (path: readonly string[], key: string): boolean => {
  const given = path.join(".");
  return given === key || given.startsWith(`${key}.`);
};

/** A setting as it was typed, with its value. */
const typedAs = ({ origin, value }: Setting): string =>
  origin.startsWith("--set ") ? `${origin}=${String(value)}` : `${origin} ${String(value)}`;

/**
 * Throws UserError where options were typed that the command would not look at, as it is asked. files: of settings, the last
 * of which holds what was not typed. bare: options that are no settings, as they were typed.
 */
export const refuseIdleOptions = (
  recipe: Recipe,
  config: unknown,
  {
    settings,
    files,
    bare,
  }: { settings: readonly Setting[]; files: readonly string[]; bare: readonly string[] },
): void => {
  const idle = recipe.idle?.(config);
  if (idle === undefined) return;
  const { beside: key, does, otherwise } = idle;
  const beside =
    settings.findLast(({ path }) => isUnder(path, key))?.origin ?? [key, ...files.slice(-1)].join(" in ");
  const typed = settings.filter(({ path }) => idle.settings.some((one) => isUnder(path, one)));
  const given = [...new Set([...typed.map(typedAs), ...bare])];
  if (given.length === 0) return;
  const resumed = typed.find(({ origin }) => origin === "--resume");
  const means = given.length === 1 ? "means" : "mean";
  throw new UserError(
    "option-idle",
    resumed === undefined
      ? `Got ${given.join(", ")}, which ${means} nothing here: ${beside} ${does}. Leave that out; or leave ${beside} out, ${otherwise}.`
      : `Got ${typedAs(resumed)} and ${beside}: the first continues a run, and the other ${does}. Leave one of them out.`,
    { given },
  );
};
