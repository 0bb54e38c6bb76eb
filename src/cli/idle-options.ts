// Options that mean nothing beside another one: refused where they were typed, since whoever types them expects something of
// them. What stands in a file of settings is passed over: the file may be meant for the command as it usually is.

import { UserError } from "../core/index.ts";
import type { Recipe } from "../recipes/index.ts";
import type { Setting } from "./config.ts";

const isUnder = (path: readonly string[], key: string): boolean => {
  const given = path.join(".");
  return given === key || given.startsWith(`${key}.`);
};

/** Throws UserError where options were typed that the command would not look at, as it is asked. */
export const refuseIdleOptions = (
  recipe: Recipe,
  config: unknown,
  settings: readonly Setting[],
  fresh: boolean,
): void => {
  const idle = recipe.idle?.(config);
  if (idle === undefined) return;
  const typed = settings
    .filter(({ path }) => idle.settings.some((key) => isUnder(path, key)))
    .map(({ origin, value }) =>
      origin.startsWith("--set ") ? `${origin}=${String(value)}` : `${origin} ${String(value)}`,
    );
  const given = [...new Set([...typed, ...(fresh ? ["--fresh"] : [])])];
  if (given.length === 0) return;
  const means = given.length === 1 ? "means" : "mean";
  throw new UserError("option-idle", `Got ${given.join(", ")}, which ${means} nothing here: ${idle.why}`, {
    given,
  });
};
