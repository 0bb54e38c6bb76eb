// The program: which words name which recipe, help, and the exit status. Only the recipe that was named is loaded.
// What a command does is its recipe's part; this knows no single one.

import { Command, CommanderError } from "commander";
import {
  CovenantError,
  covenantVersion,
  createRedact,
  messageOf,
  nearestWord,
  UserError,
} from "../core/index.ts";
import { asCalled, groupSummaries, type RecipeEntry, usualProgram } from "../recipes/index.ts";
import { describeFailure, exitStatus, statusOf } from "./exit-status.ts";
import { bindRecipe, type CommandHost } from "./recipe-command.ts";
import { leavesOf } from "./schema-keys.ts";
import { type PeoplesTerminal, peoplesTerminal, type Terminal } from "./terminal.ts";
import { describeSpentBefore, documentBeside } from "./unsuccessful.ts";

export type CommandLine = Omit<CommandHost, "terminal"> & {
  readonly terminal: Terminal;
  /** How the program is called, in the commands that are named; default: npx covenant. */
  readonly program?: string;
  /** What was typed after `covenant`. */
  readonly words: readonly string[];
  readonly recipes: readonly RecipeEntry[];
};

/** The same with the terminal that people read. */
type OpenLine = Omit<CommandLine, "terminal"> & { readonly terminal: PeoplesTerminal };

/** "help train sft" as "train sft --help". Throws UserError for help on a command that there is not. */
const resolveHelp = (words: readonly string[], recipes: readonly RecipeEntry[]): readonly string[] => {
  const [first, ...rest] = words;
  const named = rest.filter((word) => !word.startsWith("-"));
  if (first !== "help" || named.length === 0) return words;
  if (recipes.some(({ command }) => named.every((word, at) => command[at] === word)))
    return [...named, "--help"];
  const known = recipes.map(({ command }) => command.join(" "));
  const asked = named.join(" ");
  const near = known.find((name) => name.endsWith(` ${asked}`)) ?? nearestWord(asked, known);
  const remedy = near === undefined ? `Commands: ${known.join(", ")}.` : `Did you mean "${near}"?`;
  throw new UserError("command-unknown", `help: there is no command "${asked}". ${remedy}`);
};

/** The recipe that the words name, options in front passed over; of several the one with the longest command. */
const findEntry = (line: OpenLine): RecipeEntry | undefined => {
  const from = line.words.findIndex((word) => !word.startsWith("-"));
  const named = from < 0 ? [] : line.words.slice(from);
  return line.recipes
    .filter(({ command }) => command.every((word, index) => named[index] === word))
    .sort((one, other) => other.command.length - one.command.length)[0];
};

const configure = (command: Command, terminal: Terminal): Command =>
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ helpWidth: Math.max(60, Math.min(120, terminal.columns())) })
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err });

const subcommand = (parent: Command, name: string, terminal: Terminal): Command => {
  const found = parent.commands.find((command) => command.name() === name);
  return found ?? configure(parent.command(name), terminal);
};

/** The whole tree of commands, with options only where the named recipe sits. */
const buildProgram = async (line: OpenLine, named: RecipeEntry | undefined): Promise<Command> => {
  const { terminal, recipes } = line;
  const others = () => Promise.all(recipes.map((entry) => entry.load()));
  const program = configure(new Command("covenant"), terminal)
    .description("AI constitutions, argued out, trained in, and measured.")
    .version(covenantVersion(), "--version", "print the version")
    .helpCommand("help [command]", "show what a command does and which settings it takes")
    .option("--verbose", "show where an error happened");
  for (const entry of recipes) {
    let command = program;
    for (const [depth, word] of entry.command.entries()) {
      command = subcommand(command, word, terminal);
      const inner = recipes.filter(
        (other) =>
          other.command.slice(0, depth + 1).join(" ") === entry.command.slice(0, depth + 1).join(" "),
      );
      const last = inner.map((other) => other.command[depth + 1]).filter((name) => name !== undefined);
      if (last.length > 0 && command.summary() === "") {
        const shared = groupSummaries[word];
        const text = `${shared === undefined ? "" : `${shared}: `}${last.join(", ")}`;
        command.summary(text).description(text);
      }
    }
    command.description(entry.summary).summary(entry.summary);
    if (entry === named) bindRecipe(command, await entry.load(), { ...line, others });
    else
      command.action(() =>
        Promise.reject(new CovenantError("command-unbound", `${entry.command.join(" ")} was not loaded.`)),
      );
  }
  return program;
};

/** With --json a fault is a document, too. */
const printFault = ({ words, terminal }: OpenLine, code: string, message: string, beside = {}): void => {
  if (words.includes("--json"))
    terminal.asIs.out(`${JSON.stringify({ error: { code, message }, ...beside }, null, 2)}\n`);
};

/** Of an unknown command, where all are listed; for an option that is a setting's name, how it is given; else nothing. */
const hintAt = async ({ code, message }: CommanderError, line: OpenLine): Promise<string> => {
  if (code === "commander.unknownCommand") return "`covenant help` lists the commands.";
  const option = code === "commander.unknownOption" ? /'--([\w.-]+)/.exec(message)?.[1] : undefined;
  if (option === undefined) return "";
  const key = option.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  // what stands in the way of loading is not what was asked
  const recipe = await findEntry(line)
    ?.load()
    .catch(() => undefined);
  const paths = recipe === undefined ? [] : leavesOf(recipe.schema).map(({ path }) => path);
  const named = paths.filter((path) => path === key || path.endsWith(`.${key}`));
  return named.length === 0
    ? ""
    : `Settings of that name are given as ${named.map((path) => `--set ${path}=VALUE`).join(" or ")}.`;
};

const report = async (thrown: unknown, line: OpenLine): Promise<number> => {
  if (thrown instanceof CommanderError) {
    // Commander has said on stderr what is wrong, and what was asked for on stdout.
    if (thrown.exitCode === 0) return exitStatus.done;
    const hint = await hintAt(thrown, line);
    if (hint !== "") line.terminal.err(`${hint}\n`);
    printFault(
      line,
      "wrong-use",
      `${thrown.message.replace(/^error: /, "")}${hint === "" ? "" : `\n${hint}`}`,
    );
    return exitStatus.wrongUse;
  }
  const { words, terminal, program = usualProgram } = line;
  terminal.told.err(describeFailure(thrown, words.includes("--verbose")));
  terminal.told.err(describeSpentBefore(thrown));
  // the same sentence as a person reads
  const code = thrown instanceof CovenantError ? thrown.code : "unexpected";
  printFault(line, code, asCalled(messageOf(thrown), program), documentBeside(thrown));
  return statusOf(thrown);
};

/** Runs a command line and resolves to its exit status; nothing is thrown. */
export const runCommandLine = async (given: CommandLine): Promise<number> => {
  let line: OpenLine = {
    ...given,
    terminal: peoplesTerminal(given.terminal, createRedact(given.environment), given.program),
  };
  try {
    line = { ...line, words: resolveHelp(line.words, line.recipes) };
    const program = await buildProgram(line, findEntry(line));
    if (line.words.length === 0) {
      line.terminal.out(program.helpInformation());
      return exitStatus.done;
    }
    await program.parseAsync([...line.words], { from: "user" });
    return exitStatus.done;
  } catch (thrown) {
    return report(thrown, line);
  }
};
