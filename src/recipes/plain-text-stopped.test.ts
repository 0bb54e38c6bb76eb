// `covenant score` and `covenant generate` that were stopped: the same command continues behind the rows that are there,
// with the same results, and begins anew where anything else made them.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { InterruptedError, manualClock } from "../core/index.ts";
import { recipe as generate } from "./generate.ts";
import type { Recipe } from "./recipe.ts";
import { recipe as score } from "./score.ts";

const tied = fileURLToPath(new URL("../../test/golden/llama-random/tied", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "covenant-plain-stopped-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, rows: readonly unknown[]): string => {
  const file = join(folder, name);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
};

const context = () => ({
  emit: () => {},
  signal: new AbortController().signal,
  clock: manualClock(),
  environment: {},
});

describe("results that were interrupted", () => {
  const rows = Array.from({ length: 300 }, (_, at) => ({
    prompt: `The tree ${at}`,
    continuation: " is high",
  }));
  const data = write("long.jsonl", rows);
  const commands = [
    ["generate", generate, { model: tied, data, maxTokens: 5, batch: 4, seed: 3 }],
    ["score", score, { model: tied, data }],
  ] as const;

  /** Runs a command until so many rows are told to be done. */
  const stopAfter = async (command: Recipe, settings: object, limit: number): Promise<number[]> => {
    const controller = new AbortController();
    const told: number[] = [];
    const running = command.run(command.schema.parse(settings), {
      ...context(),
      signal: controller.signal,
      emit(event) {
        if (event.type !== "stage-progress") return;
        told.push(event.done);
        if (event.done >= limit) controller.abort();
      },
    });
    await running.catch((thrown: unknown) => {
      if (!(thrown instanceof InterruptedError)) throw thrown;
    });
    return told;
  };

  it.each(commands)(
    "%s continues behind the rows that are there, with the same results",
    async (name, command, given) => {
      const results = join(folder, `${name}-stopped.jsonl`);
      const settings = { ...given, results };
      const recipe = command as Recipe;
      await stopAfter(recipe, settings, 100);
      const kept = readFileSync(results, "utf8");
      const count = kept.trimEnd().split("\n").length;
      expect(count).toBeGreaterThanOrEqual(90);
      expect(count).toBeLessThan(300);
      // what a killed process leaves
      appendFileSync(results, '{"text": "torn');
      const told = await stopAfter(recipe, settings, 1000);
      expect(told[0]).toBeGreaterThan(count - 1);
      const whole = join(folder, `${name}-whole.jsonl`);
      await stopAfter(recipe, { ...given, results: whole }, 1000);
      expect(readFileSync(results, "utf8")).toBe(readFileSync(whole, "utf8"));
      expect(existsSync(`${results}.unfinished`)).toBe(false);
      // done is done: the same again makes it anew
      expect((await stopAfter(recipe, settings, 1))[0]).toBeLessThanOrEqual(count);
    },
  );

  it.each(commands)("%s begins anew where anything else made them", async (name, command, given) => {
    const results = join(folder, `${name}-other.jsonl`);
    const recipe = command as Recipe;
    await stopAfter(recipe, { ...given, results }, 200);
    const edited = write("edited.jsonl", rows.slice(0, 250));
    const told = await stopAfter(recipe, { ...given, data: edited, results }, 1000);
    expect(told[0]).toBeLessThan(200);
    expect(readFileSync(results, "utf8").trimEnd().split("\n")).toHaveLength(250);
  });

  it("say whether the same command continues", () => {
    for (const recipe of [generate, score] as unknown as Recipe[]) {
      expect(recipe.continuation?.({ results: "r.jsonl" })).toMatchObject({ continues: true });
      expect(recipe.continuation?.({})).toMatchObject({ continues: false });
    }
  });
});
