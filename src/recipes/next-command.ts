// The last line of a command: which command goes on from what it wrote, with paths as the user named them. Knows the
// order of the story and no file's content.

import { asModelName } from "./names.ts";

/** A word of a command line, in quotes where a shell would take it apart. */
const quoted = (word: string): string =>
  /^[\w./:@%+=,~#-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const commandLine = (words: readonly string[]): string => `npx covenant ${words.map(quoted).join(" ")}`;

/** "Next: npx covenant train sft ...", and further ways to go on below it. */
export const nextCommands = (
  ...commands: readonly [readonly string[], ...(readonly (readonly string[])[])]
): string[] => commands.map((words, at) => `${at === 0 ? "Next:" : "  or:"} ${commandLine(words)}`);

/** `--model ./folder`, for a model that a command of ours left there. */
export const modelWords = (path: string): string[] => ["--model", asModelName(path)];
