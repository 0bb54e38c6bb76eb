// The words of a bench's command line: read by one way, which answers --help with the bench's header and wrong words with
// one line and status 2. Those of its own are told from those that it hands on to `covenant run` by place, not by value:
// the same word can be both. What the words mean is not known here.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect, type ParseArgsConfig, parseArgs } from "node:util";
import { messageOf, UserError } from "../src/core/index.ts";

/** A bench's header without its slashes: what it measures, and in the line of "npm run" how it is called. */
const headerOf = (bench: string): string[] => {
  const lines = readFileSync(fileURLToPath(bench), "utf8").split("\n");
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith("//")),
    )
    .map((line) => line.slice(2).trim());
};

/** Ends the process by what is thrown from now on: status 2 and one line for what the user must change. */
const endByThrown = (): void => {
  process.once("uncaughtException", (thrown) => {
    const isUse = thrown instanceof UserError;
    process.stderr.write(`${isUse ? thrown.message : inspect(thrown)}\n`);
    process.exit(isUse ? 2 : 1);
  });
};

/**
 * The options of a bench's command line. bench: its import.meta.url. With --help the process prints the bench's header and
 * ends with 0; by a wrong word, here or wherever a UserError is thrown later, it ends with one line and 2.
 */
export const readWords = <Config extends ParseArgsConfig>(
  bench: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> => {
  endByThrown();
  const header = headerOf(bench);
  if ((config.args ?? process.argv.slice(2)).includes("--help")) {
    process.stdout.write(`${header.join("\n")}\n`);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (thrown) {
    const [wrong] = messageOf(thrown).split(/\.\s/);
    const usage = header.find((line) => line.startsWith("npm run")) ?? "";
    throw new UserError("words-unknown", `${wrong}. Expected ${usage}`, { usage });
  }
};

/**
 * withValue: own options that take a value ("--out runs/a" or "--out=runs/a"); flags: those that take none, beside --help.
 */
export const splitWords = (
  words: readonly string[],
  withValue: readonly string[],
  flags: readonly string[],
): { readonly ownWords: string[]; readonly runWords: string[] } => {
  const ownWords: string[] = [];
  const runWords: string[] = [];
  let valueIsOwn = false;
  for (const word of words) {
    const [name, value] = word.split(/=(.*)/s);
    const takesValue = withValue.some((own) => name === `--${own}`);
    const isOwn = valueIsOwn || takesValue || ["help", ...flags].some((own) => word === `--${own}`);
    (isOwn ? ownWords : runWords).push(word);
    valueIsOwn = !valueIsOwn && takesValue && value === undefined;
  }
  return { ownWords, runWords };
};

/** The whole number in an option's text. Throws UserError for any other text, and below `least`. */
export const readWholeNumber = (option: string, text: string, least: number): number => {
  const number = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(number) && number >= least) return number;
  const message = `${option}: got "${text}", expected a whole number of at least ${least}.`;
  throw new UserError("value-invalid", message, { option, text });
};

/** Whole numbers with commas between them. Throws UserError as readWholeNumber. */
export const readWholeNumbers = (option: string, text: string, least: number): number[] =>
  text.split(",").map((one) => readWholeNumber(option, one, least));
