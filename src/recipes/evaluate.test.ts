// Which prompts `covenant evaluate` calls held out: none that ask for what training sees.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { sandboxPrompts } from "../sandbox/index.ts";
import { describeMeasured, evaluateSchema, gatherMeasured } from "./evaluate.ts";
import type { RecipeContext } from "./recipe.ts";
import { recipe as run } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-evaluate-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of sandbox prompts of both sides, without a mark of their side. */
const fileOf = (train: number, test: number): string => {
  const rows = Object.entries({ train, test }).flatMap(([split, harmful]) =>
    harmful === 0
      ? []
      : sandboxPrompts({
          seed: 1,
          split: split as "train" | "test",
          counts: { harmful, harmless: 0, lookalike: 0 },
        }),
  );
  const file = join(folder, `${train}-${test}.jsonl`);
  writeFileSync(file, rows.map(({ messages, kind }) => JSON.stringify({ messages, kind })).join("\n"));
  return file;
};
const { signal } = new AbortController();
const context: RecipeContext = { emit: () => {}, signal, clock: manualClock(0), environment: {} };
const gather = (file: string) => gatherMeasured(evaluateSchema.parse({ prompts: file }), context);

describe("what is measured on nothing or twice", () => {
  it("is refused for a model that is named twice, and warned of where no prompt of a run shows harm", async () => {
    const twice = evaluateSchema.safeParse({ models: ["openai:a", "openai:b", "openai:a"] });
    expect(twice.error?.issues.map(({ message }) => message)).toEqual([
      expect.stringContaining("named twice"),
    ]);
    const counts = { train: { harmful: 2, harmless: 1, lookalike: 1 }, test: { harmless: 1, lookalike: 1 } };
    const codes = async (harmful: number): Promise<unknown> => {
      const settings = { out: join(folder, "run"), counts: { ...counts, test: { ...counts.test, harmful } } };
      const { notices } = await run.plan(run.schema.parse(settings), context);
      return notices?.map(({ code }) => code);
    };
    expect(await codes(0)).toEqual(["harm-unmeasured"]);
    expect(await codes(1)).toBeUndefined();
  });

  it("is refused for more prompts than the sandbox draws", () => {
    const counts = { harmful: 100_000_000 };
    expect(evaluateSchema.safeParse({ counts }).error?.message).toContain(
      "at most 1,000,000 prompts of a kind",
    );
    expect(evaluateSchema.safeParse({ counts: { harmful: 1_000_000 } }).success).toBe(true);
  });
});

describe("prompts to measure on", () => {
  it("of combinations that training sees are told, and not called held out", async () => {
    const { used, notices } = await gather(fileOf(2, 3));
    expect(describeMeasured(used)).toBe("5 prompts, 2 of them not held out");
    expect(notices.map(({ code }) => code)).toEqual(["prompts-seen"]);
    expect(notices[0]?.text).toContain("2 prompts of ");
  });

  it("that are all held out are called so", async () => {
    const { used, notices } = await gather(fileOf(0, 3));
    expect(describeMeasured(used)).toBe("3 held-out prompts");
    expect(notices).toEqual([]);
    const sandbox = await gatherMeasured(
      evaluateSchema.parse({ counts: { harmful: 2, harmless: 1, lookalike: 1 } }),
      context,
    );
    expect(describeMeasured(sandbox.used)).toBe("4 held-out prompts");
  });
});
