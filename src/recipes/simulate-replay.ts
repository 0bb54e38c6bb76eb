// `covenant simulate replay`: a stored social contract, vote or games, message by message, without a model and without a key:
// in the terminal at the pace of a reader, or as one document for web pages.

import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { counted, expandHome, throwIfAborted, UserError } from "../core/index.ts";
import type { Replay, ReplayMessage } from "../records/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { contractReplay } from "./replay/contract.ts";
import { gamesReplay } from "./replay/games.ts";
import { messageLines, numbered, type ReplaySource, wantedOf } from "./replay/replay.ts";
import { voteReplay } from "./replay/vote.ts";
import { isSweep, readSimulation } from "./summaries/run-sources.ts";

const schema = z.strictObject({
  run: z
    .string({
      error: ({ input }) =>
        input === undefined ? "a run folder is needed (`covenant simulate replay runs/contract`)" : undefined,
    })
    .min(1)
    .overwrite(expandHome)
    .describe("run folder of simulate contract, games or vote"),
  pace: z
    .number()
    .nonnegative()
    .optional()
    .describe("seconds a message; default: 0.6 in a terminal, 0 elsewhere"),
  from: z
    .string()
    .regex(
      /^\d+(\.\d+)?$/,
      "expected a run, iteration or stage, with a turn behind a point where wanted, e.g. 2 or 2.3",
    )
    .optional()
    .describe("first run, iteration or stage to be shown, e.g. 2, or turn in it, e.g. 2.3"),
  user: z
    .string()
    .min(1)
    .optional()
    .describe("only what this user says or is told: a seat, its number, or a name"),
  experiment: z.string().min(1).optional().describe("of games: only this experiment"),
  repetition: z.number().int().positive().optional().describe("of games: only this repetition"),
});
type ReplayConfig = z.output<typeof schema>;

/** Seconds a message where somebody watches. */
const readersPace = 0.6;

const replays = { contract: contractReplay, games: gamesReplay, vote: voteReplay } as const;

/** Throws UserError where a run under way has finished nothing that could be told. */
const requireFinished = async ({ said, stepName }: ReplaySource, run: string): Promise<void> => {
  for await (const _ of said()) return;
  throw new UserError(
    "replay-unfinished",
    `Of ${run} nothing is finished yet that could be told, no ${stepName.toLowerCase()}. Give the run's command again, which goes on where it broke off, and then this one.`,
    { run },
  );
};

const prepare = async (config: ReplayConfig) => {
  const named = await readSimulation(config.run);
  if (isSweep(named))
    throw new UserError(
      "replay-sweep",
      `${config.run} is a sweep. Give one of its runs, which are below ${config.run}/cells.`,
      { folder: config.run },
    );
  const { experiment, repetition } = config;
  if (named.kind !== "games" && (experiment !== undefined || repetition !== undefined))
    throw new UserError(
      "replay-games",
      `${config.run} is a ${named.kind}; only games have experiments and repetitions. Leave out --experiment and --repetition.`,
      { folder: config.run },
    );
  const source = await replays[named.kind](named.reading);
  await requireFinished(source, config.run);
  return { source, kind: named.kind, isWanted: wantedOf(config, source) };
};

/** A pause that ends at once when the command is to stop. */
const pause = async (seconds: number, signal: AbortSignal): Promise<void> => {
  if (seconds > 0) await wait(seconds * 1000, undefined, { signal }).catch(() => undefined);
  throwIfAborted(signal);
};

const show = async (
  messages: AsyncIterable<ReplayMessage>,
  source: ReplaySource,
  pace: number,
  { screen, signal }: RecipeContext,
): Promise<number> => {
  let before: ReplayMessage | undefined;
  let shown = 0;
  screen?.write(`${source.title}\n`);
  for await (const message of messages) {
    await pause(before === undefined ? 0 : pace, signal);
    screen?.write(`${messageLines(message, before, source).join("\n")}\n`);
    before = message;
    shown++;
  }
  return shown;
};

/** Throws UserError where filters left nothing of what there is. */
const requireSome = (
  shown: number,
  { run, from, user, experiment, repetition }: ReplayConfig,
  { steps, stepName }: ReplaySource,
): void => {
  const filters = Object.entries({ from, user, experiment, repetition }).filter(
    ([, value]) => value !== undefined,
  );
  if (shown > 0 || filters.length === 0) return;
  throw new UserError(
    "replay-nothing",
    `Nothing in ${run} fits ${filters.map(([name, value]) => `--${name} ${value}`).join(" and ")}. It goes to ${stepName.toLowerCase()} ${steps}; without these options all of it is told.`,
    { run },
  );
};

const execute = async (config: ReplayConfig, context: RecipeContext) => {
  const { source, kind, isWanted } = await prepare(config);
  const messages = numbered(source, isWanted);
  if (context.screen !== undefined) {
    const pace = config.pace ?? (context.screen.isTerminal ? readersPace : 0);
    const shown = await show(messages, source, pace, context);
    requireSome(shown, config, source);
    return { lines: ["", counted(shown, "message")], document: { messages: shown } };
  }
  const all: ReplayMessage[] = [];
  for await (const message of messages) {
    throwIfAborted(context.signal);
    all.push(message);
  }
  requireSome(all.length, config, source);
  const { title, steps, speakers } = source;
  const document: Replay = { version: 1, kind, title, steps, speakers: [...speakers], messages: all };
  return { lines: [counted(all.length, "message")], document };
};

/** `covenant simulate replay`. */
export const recipe: Recipe<typeof schema> = {
  command: ["simulate", "replay"],
  summary: "what a stored simulation said, message by message, without a model",
  schema,
  flags: {
    run: { path: "run", description: "run folder", placeholder: "folder" },
    pace: { path: "pace", description: "seconds a message; 0: at once", placeholder: "seconds" },
    from: {
      path: "from",
      description: "first run, iteration or stage, e.g. 2, or turn in it, e.g. 2.3",
      placeholder: "place",
    },
    user: { path: "user", description: "only what this user says or is told", placeholder: "user" },
    experiment: { path: "experiment", description: "of games: only this experiment", placeholder: "name" },
    repetition: { path: "repetition", description: "of games: only this repetition", placeholder: "number" },
  },
  positional: "run",
  async plan(config) {
    const { source } = await prepare(config);
    return planOf([planWriting("replay", source.title)]);
  },
  run: execute,
};
