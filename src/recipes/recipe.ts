// What a recipe is: one verb of the story as a config schema and a function. The command line, Studio and tests all
// run recipes through this shape; defaults live in the schema alone.

import type { z } from "zod";
import type { Clock } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";

/** A person (or a file in their place) to converse with. */
export type Conversation = {
  /** The next line; null: there is none any more. prompt: shown where a person types. */
  ask(prompt: string): Promise<string | null>;
  /** Runs work that can be stopped alone, by its signal, while the conversation goes on. */
  interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
  write(text: string): void;
};

/** Another process of this program that does a part of a recipe's work. Messages are plain data. */
export type PartProcess = {
  tell(message: object): void;
  /** message: called with each one; end: when the process has ended, with how ("SIGKILL", "exit 1"). */
  listen(listeners: { message(message: unknown): void; end(how: string): void }): void;
  /** Lets it go: it ends. */
  release(): void;
};

/**
 * What the caller gives: where events go, when to stop, what time it is, and the environment (for secrets). fresh: a run
 * that lies in the output folder is moved aside first; reuse: the folder of another one, whose stages with the same inputs are
 * taken over. conversation: for the recipe that holds one.
 */
export type RecipeContext = {
  readonly emit: (event: RunEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fresh?: boolean;
  readonly reuse?: string;
  readonly conversation?: Conversation;
  /** Starts another process for a part of the work; without it all is done here. */
  readonly startProcess?: () => PartProcess;
  /** Where what a person reads is written while the command works; not there where one document is asked for. */
  readonly screen?: { write(text: string): void; readonly isTerminal: boolean };
  /** Whether what is written for a person may hold colours. */
  readonly colours?: boolean;
  /** Bytes that a training step may keep before its rows are computed a packed row at a time; not given: a gigabyte. */
  readonly stepBudget?: number;
  /** A dry run: what is not here is not fetched. */
  readonly dry?: boolean;
};

/** What a training is made of. memory: bytes at the peak, estimated. */
export type TrainingSize = {
  readonly parameters: number;
  readonly trainable: number;
  readonly memory: number;
};

/**
 * One step of a plan. calls and tokens are of models; seconds is null where nobody here knows; dollars: at most, where
 * a price is known; size: of a training.
 */
export type PlannedStep = {
  readonly stage: string;
  readonly what: string;
  readonly calls: number;
  readonly tokens: number;
  readonly seconds: number | null;
  readonly dollars?: number;
  readonly size?: TrainingSize;
};

/**
 * What a dry run says: the steps it would take with their sizes; cost in US dollars. notices: of which the command itself
 * would warn. seconds: in all, which is less than those of the steps where some are taken at once. processes: how many work
 * at once; memory: bytes that all of them take at the peak, where no step's size tells it. settingsUnder: what stands
 * before the keys of the steps' settings, where they are not the command's own, as "settings."; scripted: whoever's time is
 * not known is a script.
 */
export type RecipePlan = {
  readonly steps: readonly PlannedStep[];
  readonly notices?: readonly { readonly code: string; readonly text: string }[];
  readonly seconds: number | null;
  readonly dollars: number | null;
  readonly memory?: number;
  readonly processes?: number;
  readonly settingsUnder?: string;
  readonly scripted?: boolean;
};

/**
 * What a finished recipe says: lines for a person, with paths as the user named them, and one JSON document for
 * `--json`, whose paths are absolute. quoted: so many lines at the beginning hold what models or people said, and are shown
 * as they are; in the others commands are named as the program was called. Not given: none.
 */
export type RecipeOutcome = {
  readonly lines: readonly string[];
  readonly quoted?: number;
  readonly document: unknown;
};

/**
 * Settings that mean nothing beside another one, `beside`. does: what the command does with that one; otherwise: what it does
 * without it ("for a run that ..."); both go on in the middle of a sentence.
 */
export type Idle = {
  readonly settings: readonly string[];
  readonly beside: string;
  readonly does: string;
  readonly otherwise: string;
};

/** A flag that is a short name for a config key: `--seed 1` is `--set seed=1`. */
export type RecipeFlag = {
  readonly path: string;
  readonly description: string;
  readonly placeholder?: string;
};

export type Recipe<Schema extends z.ZodType = z.ZodType> = {
  /** The words of the command, e.g. ["train", "sft"]. */
  readonly command: readonly string[];
  readonly summary: string;
  readonly schema: Schema;
  readonly flags: Readonly<Record<string, RecipeFlag>>;
  /** Settings that variables of the environment stand for (folders.ts); files and flags lie over them. */
  readonly fromEnvironment?: (environment: RecipeContext["environment"]) => Readonly<Record<string, unknown>>;
  /** The key that a word without a flag is for, e.g. "run" in `covenant report runs/first`. */
  readonly positional?: string;
  /**
   * Keys of settings of which every stage that they decide something of says so in its inputs: a run takes stages over from
   * another one that differs in nothing else. None: it takes nothing over.
   */
  readonly separable?: readonly string[];
  /** Settings that are not looked at, as the command is asked. Whoever types one is told so. undefined: all are looked at. */
  idle?(config: z.output<Schema>): Idle | undefined;
  /**
   * What is said of a run that was interrupted, and whether the same command continues it. Where nothing is said here:
   * (or undefined is given): what writes a run folder continues, anything else begins anew.
   */
  continuation?(config: z.output<Schema>): { readonly continues: boolean; readonly text: string } | undefined;
  /** What run would do. Throws what run would throw for its inputs, and does nothing. */
  plan(config: z.output<Schema>, context: RecipeContext): Promise<RecipePlan>;
  run(config: z.output<Schema>, context: RecipeContext): Promise<RecipeOutcome>;
};
