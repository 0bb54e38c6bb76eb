// Chains that others published, loaded and exported: the columns and splits of a run's, and a card that claims no
// constitution for them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import { recipe as exportRecipe } from "../export-dataset.ts";
import { recipe as loadRecipe } from "../prompts-load.ts";

let folder: string;
const context = {
  emit: () => undefined,
  signal: new AbortController().signal,
  clock: manualClock(0),
  environment: {},
};
const load = async (name: string, rows: readonly object[]): Promise<string> => {
  const file = join(folder, `${name}.jsonl`);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const out = join(folder, name);
  await loadRecipe.run(loadRecipe.schema.parse({ files: [file], out }), context);
  return out;
};

const chains = Array.from({ length: 60 }, (_, at) => ({
  ...{ init_prompt: `Question ${at}?`, init_response: `Answer ${at}.`, critic_prompt: "What is wrong?" },
  ...{
    critic_response: `Critique ${at}.`,
    revision_prompt: "Write it anew.",
    revision_response: `Better ${at}.`,
  },
}));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "covenant-loaded-"));
  await load("chains", chains);
  await load("plain", [{ prompt: "Why?" }, { prompt: "How?" }]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const exported = async (run: string, settings: object = {}) => {
  const out = join(folder, `out-${count++}`);
  const config = exportRecipe.schema.parse({ run: join(folder, run), out, ...settings });
  const { document } = (await exportRecipe.run(config, context)) as {
    document: { shape: string; columns: string[]; splits: { split: string; file: string; rows: number }[] };
  };
  const rows = document.splits.flatMap(({ file }) =>
    readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
  const card = readFileSync(join(out, "README.md"), "utf8");
  const origin = JSON.parse(readFileSync(join(out, "covenant.json"), "utf8")) as object;
  return { ...document, rows, card, origin };
};

describe("published chains that were loaded", () => {
  it("have a run's columns and splits", async () => {
    const { columns, splits, rows } = await exported("chains", { shape: "chain", testShare: 0.3 });
    expect(columns).toEqual([
      ...["init_prompt", "init_response", "critic_prompt", "critic_response"],
      ...["revision_prompt", "revision_response", "prompt", "messages", "chosen", "rejected"],
    ]);
    expect(splits.map(({ split }) => split)).toEqual(["train_sft", "train_prefs", "test_sft", "test_prefs"]);
    expect(rows).toHaveLength(chains.length);
    const of = (row: Record<string, unknown>) => chains.find((one) => one.init_prompt === row["init_prompt"]);
    for (const row of rows) expect(row).toMatchObject(of(row)!);
  });

  it("are rows to learn, and pairs, as of a run of revise", async () => {
    const { shape, rows } = await exported("chains");
    expect([shape, rows.length]).toEqual(["sft", chains.length]);
    expect((await exported("chains", { shape: "trl-preference" })).rows[0]).toMatchObject({
      chosen: [{ role: "assistant", content: expect.stringMatching(/^Better/) }],
      rejected: [{ role: "assistant", content: expect.stringMatching(/^Answer/) }],
    });
  });

  it("have a card without a constitution and without this machine's paths", async () => {
    const { card, origin } = await exported("chains", { shape: "chain" });
    expect(card).toContain("in the shape `chain`, of published files: `covenant prompts load`, exported by");
    expect(card).not.toContain("## Constitution");
    expect(card).not.toContain(basename(folder));
    expect(origin).toMatchObject({ constitution: null, run: { command: "prompts load" } });
  });
});

it("prompts without chains are prompts alone", async () => {
  expect((await exported("plain")).shape).toBe("trl-prompt-only");
  await expect(exported("plain", { shape: "chain" })).rejects.toThrow(
    /was written by `covenant prompts load`, of which there is no shape chain\. Expected one of: trl-prompt-only\./,
  );
});
