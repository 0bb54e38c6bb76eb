// What tests of the commands of prompts share: a folder of their own, files in it, and recipes run and planned there.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { manualClock } from "../core/index.ts";
import { type PromptRecord, promptRecordSchema, type RunEvent } from "../records/index.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";

/** A folder for the tests of a file. */
export const promptFolder = (name: string) => {
  const folder = mkdtempSync(join(tmpdir(), `covenant-${name}-`));
  const at = (...parts: string[]): string => join(folder, ...parts);
  return {
    at,
    write: (file: string, content: string): string => {
      writeFileSync(at(file), content);
      return at(file);
    },
    remove: (): void => rmSync(folder, { recursive: true, force: true }),
  };
};

export const jsonl = (...rows: readonly unknown[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join("");

export const contextWith = (
  emit: (event: RunEvent) => void,
  signal = new AbortController().signal,
): RecipeContext => ({
  ...{ emit, signal, clock: manualClock(0), environment: {} },
});

export const start = async <Schema extends z.ZodType>(
  recipe: Recipe<Schema>,
  config: object,
  context?: RecipeContext,
) => {
  const { document, lines } = await recipe.run(recipe.schema.parse(config), context ?? contextWith(() => {}));
  return { document: document as Record<string, unknown>, text: lines.join("\n") };
};

export const plan = async <Schema extends z.ZodType>(recipe: Recipe<Schema>, config: object) =>
  recipe.plan(recipe.schema.parse(config), { ...contextWith(() => {}), dry: true });

export const readPrompts = (file: string): PromptRecord[] =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => promptRecordSchema.parse(JSON.parse(line)));

export const requests = [
  ...["Read his letter", "Hit him", "Bake bread"],
  ...["Open her letter", "Hit her", "Sing a song"],
];
