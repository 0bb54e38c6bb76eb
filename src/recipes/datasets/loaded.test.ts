// Chains that others published, loaded and exported: the columns and splits of a run's, and a card that claims no
// constitution for them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import { recipe as exportRecipe } from "../export-dataset.ts";
import { openSftRows } from "../inputs/training-data.ts";
import { recipe as loadRecipe } from "../prompts-load.ts";

let folder: string;
const context = {
  emit: () => undefined,
  signal: new AbortController().signal,
  clock: manualClock(0),
  environment: {},
};
const load = async (name: string, ...sets: readonly (readonly object[])[]): Promise<void> => {
  const files = sets.map((rows, at) => {
    const file = join(folder, `${name}-${at}.jsonl`);
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return file;
  });
  await loadRecipe.run(loadRecipe.schema.parse({ files, out: join(folder, name) }), context);
};

/** Rows of HHH-alignment. */
const comparison = (input: string, choices: readonly string[], correct: number) => ({
  input,
  targets: { choices, labels: choices.map((_, at) => (at === correct ? 1 : 0)) },
});
const known = [
  comparison("Which?", ["This.", "That."], 1),
  comparison("Who?", ["A.", "B.", "C."], 0),
  comparison("When?", ["Now.", "Now."], 0),
];

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
  await load("known", known);
  await load("both", known, chains);
  await load("plain", [{ prompt: "Why?" }, { prompt: "How?" }]);
  const turns = (reply: string): string => `\n\nHuman: Why?\n\nAssistant: ${reply}`;
  const trl = { prompt: "How?", chosen: "So.", rejected: "Not so." };
  await load("pairs", [{ chosen: turns("This."), rejected: turns("That.") }, trl]);
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

describe("comparisons that were loaded", () => {
  it("are pairs of the better reply with each of the others", async () => {
    const { shape, rows, columns, card } = await exported("known", { style: "standard" });
    expect(shape).toBe("preferences");
    expect(columns).toEqual(["prompt", "chosen", "rejected"]);
    expect(rows).toEqual([
      { prompt: "Which?", chosen: "That.", rejected: "This." },
      { prompt: "Who?", chosen: "A.", rejected: "B." },
      { prompt: "Who?", chosen: "A.", rejected: "C." },
    ]);
    expect(card).toContain(
      "- 3 comparisons of 7 replies: 3 pairs of the better reply with another one, 1 of twice the same reply.\n- Gave no row: 1 of twice the same reply.\n",
    );
  });

  it("are those of HH-RLHF and of TRL, too", async () => {
    const { shape, rows } = await exported("pairs", { style: "standard" });
    expect(shape).toBe("preferences");
    expect(rows).toEqual([
      { prompt: "Why?", chosen: "This.", rejected: "That." },
      { prompt: "How?", chosen: "So.", rejected: "Not so." },
    ]);
  });

  it("say of each reply once whether it is the better one", async () => {
    const { rows } = await exported("known", { shape: "trl-unpaired", style: "standard" });
    expect(rows.map(({ completion, label }) => `${completion} ${label}`)).toEqual([
      ...["That. true", "This. false", "A. true", "B. false", "C. false"],
    ]);
  });

  it("have names of their own, and stand beside chains", async () => {
    const { rows } = await exported("known", { shape: "trl-preference", provenance: true });
    expect(new Set(rows.map(({ id }) => id)).size).toBe(3);
    const both = await exported("both", { shape: "trl-preference" });
    expect(both.rows).toHaveLength(3 + chains.length);
    const counts = [
      "3 comparisons of 7 replies: 3 pairs of the better reply with another one, 1 of twice the same reply.",
      "60 revisions: 60 whole.",
    ];
    for (const line of counts) expect(both.card).toContain(`\n- ${line}\n`);
    const usual = await exported("both");
    expect(usual.shape).toBe("sft");
    expect(usual.card).toContain(counts[1]);
    expect(usual.card).not.toContain("comparisons of");
    const own = (await exported("both", { shape: "preferences" })).rows;
    expect(own.filter(({ principle }) => principle === undefined)).toHaveLength(3);
  });
});

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

  it("are read back from every format that they are exported in", async () => {
    const one = await exported("chains", { shape: "chain", testShare: 0.3 });
    const wanted = one.splits.flatMap(({ split, rows }) => [split, rows]);
    for (const format of ["csv", "parquet"]) {
      const out = join(folder, `chains-${format}`);
      const config = exportRecipe.schema.parse({
        ...{ run: join(folder, "chains"), out, format, shape: "chain", testShare: 0.3 },
      });
      const { document, lines } = await exportRecipe.run(config, context);
      const { splits } = document as { splits: { split: string; file: string; rows: number }[] };
      expect(splits.flatMap(({ split, rows }) => [split, rows])).toEqual(wanted);
      const files = splits.map(({ file }) => file);
      const own = files[0]!;
      expect(lines.join("\n")).toContain(
        `Next: npx covenant train sft --model ./a-model-folder --data ${join(out, `data/train_sft.${format}`)}`,
      );
      expect((await openSftRows(own, own)).count).toBe(splits[0]!.rows);
      const again = join(folder, `again-${format}`);
      const loaded = await loadRecipe.run(loadRecipe.schema.parse({ files, out: again }), context);
      expect(loaded.document).toMatchObject({ prompts: chains.length, chains: chains.length });
      const records = (name: string): string[] =>
        readFileSync(join(folder, name, "revise", "revisions.jsonl"), "utf8")
          .trim()
          .split("\n")
          .sort();
      expect(records(`again-${format}`)).toEqual(records("chains"));
    }
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
