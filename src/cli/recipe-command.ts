// One recipe as a command: its flags and settings as options, its schema as help, and what happens when it is called.
// Knows recipes by their shape only, none by its name.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import {
  alignColumns,
  type Clock,
  CovenantError,
  expandHome,
  groupBy,
  InterruptedError,
  UserError,
} from "../core/index.ts";
import {
  arrowNotices,
  type Conversation,
  planCommand,
  type Recipe,
  type RecipeContext,
  type RecipeOutcome,
} from "../recipes/index.ts";
import { besideName, configName } from "../runs/index.ts";
import { assembleConfig, parseSetting, type Setting } from "./config.ts";
import type { Environment } from "./environment.ts";
import { refuseIdleOptions } from "./idle-options.ts";
import { formatPlan } from "./plan-view.ts";
import { createProgressView } from "./progress-view.ts";
import { kindAt, type Leaf, leavesOf, type ValueKind } from "./schema-keys.ts";
import type { PeoplesTerminal } from "./terminal.ts";
import { noteSpent } from "./unsuccessful.ts";

/**
 * What a command is given by the program. every: calls back again and again until the returned function is called.
 * conversation: with whoever is at the terminal; what is said there goes to stdout, with --json to stderr.
 */
export type CommandHost = {
  readonly terminal: PeoplesTerminal;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly every?: (milliseconds: number, callback: () => void) => () => void;
  readonly conversation?: Omit<Conversation, "write">;
  readonly startProcess?: RecipeContext["startProcess"];
  /** Loads all recipes: said of a configuration that belongs to another one. */
  readonly others?: () => Promise<readonly Recipe[]>;
};

type CommonOptions = {
  readonly config?: readonly string[];
  readonly resume?: readonly string[];
  readonly fresh?: boolean;
  readonly reuse?: readonly string[];
  readonly set?: readonly string[];
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
};

type BoundFlag = { readonly option: Option; readonly path: readonly string[] };

const describeDefault = (value: unknown): string =>
  value === undefined ? "" : ` (default: ${JSON.stringify(value)})`;

/** The kind of value at the key that a flag or word is short for. */
const boundKind = (recipe: Recipe, name: string, path: readonly string[]): ValueKind => {
  const kind = kindAt(recipe.schema, path);
  if (kind !== undefined) return kind;
  const command = recipe.command.join(" ");
  throw new CovenantError(
    "flag-unbound",
    `${name} of ${command} names no key of its schema: ${path.join(".")}.`,
  );
};

/** "one of a, b" where a flag's own words do not say it. */
const describeChoices = ({ choices }: ValueKind, description: string): string =>
  choices.length === 0 || choices.every((choice) => description.includes(choice))
    ? ""
    : `: ${choices.join(", ")}`;

/** What an option was given, each time that it was. */
const inTurn = (text: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  text,
];

const bindFlag = (recipe: Recipe, name: string): BoundFlag => {
  const { path: text, description, placeholder } = recipe.flags[name]!;
  const path = text.split(".");
  const kind = boundKind(recipe, `--${name}`, path);
  const isSwitch = kind.kind === "boolean" && placeholder === undefined;
  const word = isSwitch
    ? kind.default === true
      ? `--no-${name}`
      : `--${name}`
    : `--${name} <${placeholder ?? "value"}>`;
  const suffix = isSwitch ? "" : describeDefault(kind.default);
  const what = `${description}${describeChoices(kind, description)}${suffix}`;
  const option = new Option(word, what);
  return { option: isSwitch ? option : option.argParser(inTurn), path };
};

/** Whether a recipe writes a run folder, which the same command continues. */
const makesRun = ({ schema }: Recipe): boolean =>
  kindAt(schema, ["out"]) !== undefined && kindAt(schema, ["seed"]) !== undefined;

const addCommonOptions = (command: Command, recipe: Recipe): void => {
  command
    .option("--config <file>", "settings from a YAML file", inTurn)
    .option("--set <key=value>", "one setting, e.g. --set seed=1 (repeatable)", inTurn)
    .option(
      "--dry-run",
      "check all input, say what would be done with calls, tokens and time, and do nothing",
    )
    .option("--json", "print one JSON document on stdout")
    .option("--quiet", "show no progress")
    .option("--verbose", "show where an error happened");
  if (makesRun(recipe)) {
    command
      .option(
        "--resume <folder>",
        "continue the run in this folder with the settings it was started with",
        inTurn,
      )
      .option("--fresh", "begin anew: a run that lies in the output folder is moved aside, not deleted");
    if (recipe.separable !== undefined)
      command.option(
        "--reuse <folder>",
        "take over from the run in this folder what other settings leave as it is",
        inTurn,
      );
  }
};

const describeLeafDefault = ({ default: preset, isBlock, inBlock }: Leaf): string => {
  if (isBlock) return "off";
  if (preset === undefined) return "";
  return inBlock ? `(${JSON.stringify(preset)})` : JSON.stringify(preset);
};

const settingsHelp = (recipe: Recipe): string => {
  const leaves = leavesOf(recipe.schema);
  if (leaves.length === 0) return "";
  const rows = leaves.map((leaf) => [
    `  ${leaf.path}`,
    describeLeafDefault(leaf),
    `${leaf.description}${leaf.choices.length === 0 ? "" : ` (${leaf.choices.join(", ")})`}`,
  ]);
  const blocks = leaves.some(({ isBlock }) => isBlock)
    ? " (in brackets: of a block that is off unless one of its settings is given)"
    : "";
  return `\nSettings for --config and --set, with their defaults${blocks}:\n${alignColumns(rows).join("\n")}\n`;
};

const collectSettings = (command: Command, recipe: Recipe, flags: readonly BoundFlag[]): Setting[] => {
  const options = command.opts<CommonOptions & Record<string, unknown>>();
  const settings = (options.set ?? []).map(parseSetting);
  const { positional } = recipe;
  if (positional !== undefined) {
    const path = positional.split(".");
    const isList = kindAt(recipe.schema, path)?.kind === "list";
    for (const [at, word] of command.args.entries())
      settings.push({ path: isList ? [...path, String(at)] : path, value: word, origin: positional });
  }
  if (options.resume !== undefined)
    settings.unshift({ path: ["out"], value: options.resume.at(-1), origin: "--resume" });
  for (const { option, path } of flags) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== "cli") continue;
    const given = options[name] as readonly string[] | boolean;
    for (const value of typeof given === "boolean" ? [given] : given)
      settings.push({ path, value, origin: option.long ?? `--${name}` });
  }
  return settings;
};

const lastHolds = (what: string, given: readonly string[], values: readonly unknown[]): string[] =>
  new Set(values.map(String)).size < 2
    ? []
    : [`${what} is given ${given.join(" and ")}; what holds is ${String(values.at(-1))}.`];

/** What is said where a setting is given more than once, with values that differ. */
const repeatedSettings = (settings: readonly Setting[]): string[] =>
  [...groupBy(settings, ({ path }) => path.join("."))].flatMap(([path, own]) =>
    lastHolds(
      path,
      own.map(({ origin, value }) => `${origin}${origin.startsWith("--set ") ? "=" : " "}${String(value)}`),
      own.map(({ value }) => value),
    ),
  );

const repeatedOptions = ({ config = [], resume = [], reuse = [] }: CommonOptions): string[] =>
  Object.entries({ config, resume, reuse }).flatMap(([name, values]) =>
    lastHolds(`--${name}`, values, values),
  );

/** Options, as they were typed, that say how a run is opened and are no settings. */
const bareOptions = ({ fresh, reuse }: CommonOptions): string[] => [
  ...(fresh === true ? ["--fresh"] : []),
  ...(reuse === undefined ? [] : [`--reuse ${reuse.at(-1)}`]),
];

/** Files of a run folder that hold the settings it was last worked on with. */
const settingsIn = (folder: string): string[] => {
  const beside = join(folder, besideName);
  return [join(folder, configName), ...(existsSync(beside) ? [beside] : [])];
};

/** Throws UserError for words that are no option's where the command takes a prompt: most likely they are one. */
const refuseBareWords = (command: Command, { flags, positional }: Recipe): void => {
  const words = command.args.slice(positional === undefined ? 0 : 1);
  if (words.length === 0 || !("prompt" in flags)) return;
  const prompt = JSON.stringify(words.join(" "));
  throw new UserError(
    "words-left",
    `Got the words ${prompt} without an option. Was a prompt meant? It is given as --prompt ${prompt}.`,
    { words },
  );
};

/** What is thrown of a run that was to be resumed: with other settings there is nothing to choose but those it has. */
const ofResumed = (thrown: unknown, folder: string): unknown => {
  if (!(thrown instanceof UserError) || thrown.code !== "run-differs") return thrown;
  const { differing } = thrown.facts;
  if (!Array.isArray(differing)) return thrown;
  return new UserError(
    thrown.code,
    `The run in ${folder} has other settings than were given with --resume:\n  ${differing.join("\n  ")}\n--resume continues it as it was begun: leave out what differs, or bring back what has changed. For a run of its own give the whole command with another --out, in place of --resume.`,
    thrown.facts,
  );
};

/** Binds a recipe to a command: options, help, action. The action throws what the recipe throws. */
export const bindRecipe = (command: Command, recipe: Recipe, host: CommandHost): void => {
  const flags = Object.keys(recipe.flags).map((name) => bindFlag(recipe, name));
  for (const { option } of flags) command.addOption(option);
  const { positional } = recipe;
  if (positional !== undefined) {
    const { kind } = boundKind(recipe, positional, positional.split("."));
    const several = kind === "list" ? "..." : "";
    command.argument(`[${positional}${several}]`, `the same as --${positional}`);
  }
  if ("prompt" in recipe.flags) command.allowExcessArguments(true);
  addCommonOptions(command, recipe);
  command.addHelpText("after", () => settingsHelp(recipe));
  command.action(async () => {
    refuseBareWords(command, recipe);
    const options = command.opts<CommonOptions>();
    const resume = options.resume?.at(-1);
    const files = resume === undefined ? [] : settingsIn(expandHome(resume));
    files.push(...(options.config ?? []).slice(-1));
    const under = recipe.fromEnvironment?.(host.environment) ?? {};
    const settings = collectSettings(command, recipe, flags);
    const config = await assembleConfig(recipe, files, settings, under, host.others);
    refuseIdleOptions(recipe, config, { settings, files, bare: bareOptions(options) });
    for (const note of [...repeatedOptions(options), ...repeatedSettings(settings)])
      host.terminal.told.err(`warning: ${note}\n`);
    const work = options.dryRun === true ? showPlan : runRecipe;
    await work(recipe, config, options, host).catch((thrown: unknown) => {
      throw resume === undefined ? thrown : ofResumed(thrown, resume);
    });
  });
};

const printDocument = (host: CommandHost, document: unknown): void => {
  host.terminal.asIs.out(`${JSON.stringify(document ?? null, null, 2)}\n`);
};

/** The closing lines: what models and people said as it is, and what the program says of it. */
const printLines = ({ terminal }: CommandHost, { lines, quoted = 0 }: RecipeOutcome): void => {
  const whole = (some: readonly string[]): string => some.map((line) => `${line}\n`).join("");
  terminal.out(whole(lines.slice(0, quoted)));
  terminal.told.out(whole(lines.slice(quoted)));
};

/** write: where what is said in a conversation goes. */
const contextOf = (
  host: CommandHost,
  emit: RecipeContext["emit"],
  { fresh = false, reuse }: CommonOptions,
  write = host.terminal.out,
  screen?: RecipeContext["screen"],
): RecipeContext => ({
  emit,
  fresh,
  ...(reuse === undefined ? {} : { reuse: expandHome(reuse.at(-1)!) }),
  signal: host.signal,
  clock: host.clock,
  environment: host.environment,
  colours: host.terminal.colours === true,
  ...(host.conversation === undefined ? {} : { conversation: { ...host.conversation, write } }),
  ...(screen === undefined ? {} : { screen }),
  ...(host.startProcess === undefined ? {} : { startProcess: host.startProcess }),
});

const showPlan = async (
  recipe: Recipe,
  config: unknown,
  options: CommonOptions,
  host: CommandHost,
): Promise<void> => {
  const plan = await planCommand(
    recipe,
    config,
    contextOf(host, () => undefined, options),
  );
  if (options.json === true) printDocument(host, plan);
  else host.terminal.told.out(`${formatPlan(plan).join("\n")}\n`);
};

/** What is said of a command that was interrupted: whether the same again continues. */
const continuationOf = (recipe: Recipe, config: unknown): { continues: boolean; text: string } => {
  const said = recipe.continuation?.(config);
  if (said !== undefined) return said;
  return makesRun(recipe)
    ? { continues: true, text: "What was finished is kept: the same command again continues." }
    : { continues: false, text: "The same command begins anew." };
};

const runRecipe = async (
  recipe: Recipe,
  config: unknown,
  options: CommonOptions,
  host: CommandHost,
): Promise<void> => {
  const view = createProgressView(host.terminal, host.clock);
  const stop = options.quiet === true ? undefined : host.every?.(500, view.redraw);
  let isOpened = false;
  const emit: RecipeContext["emit"] = (event) => {
    isOpened ||= event.type === "run-start";
    if (options.quiet !== true || event.type === "warning") view.handle(event);
  };
  const { continues, text } = continuationOf(recipe, config);
  const sayStopping = (): void =>
    view.print(
      continues
        ? "Stopping; what is finished is kept, of a training what its last checkpoint holds. Ctrl-C again ends at once."
        : "Stopping. Ctrl-C again ends at once.",
    );
  host.signal.addEventListener("abort", sayStopping, { once: true });
  try {
    const write = options.json === true ? host.terminal.err : host.terminal.out;
    const { out, isShown = false } = host.terminal;
    const screen = options.json === true ? undefined : { write: out, isTerminal: isShown };
    const context = contextOf(host, emit, options, write, screen);
    if (recipe.fromEnvironment !== undefined)
      for (const notice of await arrowNotices(host.environment, config))
        emit({ type: "warning", time: host.clock.now(), ...notice });
    const outcome = await recipe.run(config, context);
    view.close();
    if (options.json === true) printDocument(host, outcome.document);
    else printLines(host, outcome);
  } catch (thrown) {
    const ended =
      thrown instanceof InterruptedError
        ? new InterruptedError(`Interrupted. ${text}`, thrown.facts)
        : thrown;
    // a folder that was not opened holds what others spent
    if (isOpened) await noteSpent(ended, config);
    throw ended;
  } finally {
    stop?.();
    host.signal.removeEventListener("abort", sayStopping);
    view.close();
  }
};
