// What a recipe is: one verb of the story as a config schema and a function. The command line, Studio and tests all
// run recipes through this shape; defaults live in the schema alone.

import type { z } from "zod";
import type { Clock } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";

/**
 * What the caller gives: where events go, when to stop, what time it is, and the environment (for secrets). fresh: a run
 * that lies in the output folder is moved aside first.
 */
export type RecipeContext = {
  readonly emit: (event: RunEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fresh?: boolean;
};

/** What a dry run says: the steps it would take with their sizes; calls and tokens are of models, cost in US dollars. */
export type RecipePlan = {
  readonly steps: readonly {
    readonly stage: string;
    readonly what: string;
    readonly calls: number;
    readonly tokens: number;
  }[];
  readonly seconds: number | null;
  readonly dollars: number | null;
};

/** What a finished recipe says: lines for a person, and one JSON document for `--json`. */
export type RecipeOutcome = {
  readonly lines: readonly string[];
  readonly document: unknown;
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
  plan(config: z.output<Schema>, context: RecipeContext): Promise<RecipePlan>;
  run(config: z.output<Schema>, context: RecipeContext): Promise<RecipeOutcome>;
};
