// Which folders `covenant report` draws, and what it says of the others.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { openRun } from "../runs/index.ts";
import { recipe } from "./report.ts";

const root = mkdtempSync(join(tmpdir(), "covenant-report-of-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const signal = new AbortController().signal;
const context = { emit: () => undefined, signal, clock: manualClock(), environment: {} };

/** A folder as a command leaves it, with one of its files. */
const folderOf = async (name: string, file?: string): Promise<string> => {
  const folder = join(root, name.replace(" ", "-"));
  await using run = await openRun({
    folder,
    name,
    seed: 1,
    config: {},
    stages: [],
    ...context,
    onEvent: context.emit,
  });
  if (file !== undefined) await run.write(file, {});
  return folder;
};

describe("covenant report", () => {
  it.each([
    ["revise", "revise/revisions.jsonl"],
    ["label", "label/labels.jsonl"],
    ["train sft", "sl/steps.jsonl"],
    ["train grpo", "rl/steps.jsonl"],
    ["evaluate", "metrics.json"],
  ])(
    "says of a folder of %s which folders it draws, and where that one's results are",
    async (name, file) => {
      const folder = await folderOf(name, file);
      const run = recipe.schema.parse({ run: folder });
      for (const attempt of [() => recipe.run(run, context), () => recipe.plan(run, context)])
        await expect(attempt()).rejects.toThrow(
          new RegExp(`written by \`covenant ${name}\`.*folders that \`covenant run\` writes.*${file}`),
        );
      expect(existsSync(join(folder, "report.html"))).toBe(false);
    },
  );

  it.each(["prompts load", "polis predict", "persona generate"])("refuses a folder of %s", async (name) => {
    const run = recipe.schema.parse({ run: await folderOf(name, "prompts/prompts.jsonl") });
    await expect(recipe.run(run, context)).rejects.toThrow(`written by \`covenant ${name}\``);
  });

  it("says which folder it draws where none is named, and none is there", async () => {
    const here = process.cwd();
    process.chdir(root);
    try {
      const run = recipe.schema.parse({});
      await expect(recipe.run(run, context)).rejects.toThrow(
        "There is no runs/default here, which is drawn where no folder is named. Name one",
      );
    } finally {
      process.chdir(here);
    }
  });

  it("draws the folder of a run, unfinished ones too", async () => {
    const folder = await folderOf("run");
    const { document } = await recipe.run(recipe.schema.parse({ run: folder }), context);
    expect(document).toEqual({ report: join(folder, "report.html"), complete: false });
    expect(existsSync(join(folder, "report.html"))).toBe(true);
  });
});
