// The environment a command sees: the process's own, and below it what a .env file in the working folder says.
// Secrets come from here alone.

import { join } from "node:path";
import { parseEnv } from "node:util";
import { readText, UserError } from "../core/index.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The first line of a .env file that sets no variable though it says something; undefined: there is none. */
const strayLine = (text: string): { readonly line: number; readonly what: string } | undefined => {
  // a value in quotes may have several lines
  const flat = text.replace(
    /=[ \t]*(["'`])[\s\S]*?\1/g,
    (value) => `=${"\n".repeat(value.split("\n").length - 1)}`,
  );
  const lines = flat.split("\n").map((one) => one.trim());
  const named = /^(?:export\s+)?[\w.-]+\s*=\s*(?<quote>["'`])?/;
  const isStray = (one: string): boolean => {
    const found = named.exec(one);
    return !/^(#.*)?$/.test(one) && (found === null || found.groups?.["quote"] !== undefined);
  };
  const at = lines.findIndex(isStray);
  if (at === -1) return undefined;
  return { line: at + 1, what: named.test(lines[at]!) ? "a quote that nothing closes" : "no NAME=value" };
};

/**
 * The environment with .env's variables added; a variable that is set already is left as it is. tell: hears of a line that
 * sets nothing, without what it says, which may be a secret.
 */
export const readEnvironment = async (
  folder: string,
  environment: Environment,
  tell: (warning: string) => void = () => {},
): Promise<Environment> => {
  try {
    const text = await readText(join(folder, ".env"));
    const stray = strayLine(text);
    if (stray !== undefined)
      tell(
        `warning: .env, line ${stray.line}: ${stray.what}, so it sets nothing. Write NAME=value, or # before it.\n`,
      );
    return { ...parseEnv(text), ...environment };
  } catch (thrown) {
    if (thrown instanceof UserError && thrown.code === "file-missing") return environment;
    throw thrown;
  }
};
