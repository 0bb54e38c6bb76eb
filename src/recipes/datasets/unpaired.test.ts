// The unpaired shape: of each pair a row for either reply with what it is worth, as TRL has it, in every kind of file.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, expect, it } from "vitest";
import { recipe } from "../export-dataset.ts";
import { openSftRows } from "../inputs/training-data.ts";
import { type Item, makeLabelRun, makeReviseRun } from "./run-folders.fixture.ts";

let folder: string;
const items: readonly Item[] = [
  {
    ...{ id: "p1", messages: [{ role: "user", content: "May I?" }], answer: "No." },
    ...{ revisions: ["Not now."], replies: ["Ask her.", "Just do it."], probability: 0.2 },
  },
  {
    ...{ id: "p2", messages: [{ role: "user", content: "Cut?" }], answer: "Cut.", revisions: [""] },
    ...{ replies: ["Cut …", "Cut."], probability: 0.6 },
  },
];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "covenant-unpaired-"));
  await makeLabelRun(join(folder, "label"), items, { judge: "judge" });
  await makeReviseRun(join(folder, "revise"), items);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const exported = async (run: string, settings: object = {}) => {
  const out = join(folder, `out-${count++}`);
  const config = recipe.schema.parse({ run: join(folder, run), out, shape: "trl-unpaired", ...settings });
  const emit = () => undefined;
  const context = { emit, signal: new AbortController().signal, clock: { now: () => 0 }, environment: {} };
  const { document, lines } = await recipe.run(config, context);
  const { columns, splits, leftOut } = document as {
    readonly columns: string[];
    readonly splits: readonly { readonly file: string; readonly rows: number }[];
    readonly leftOut: object;
  };
  return { columns, leftOut, out, lines, file: splits[0]!.file, rows: splits[0]!.rows };
};
const linesOf = (file: string): unknown[] =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

it("has the better reply as wanted and the other one as not, of labels as of revisions", async () => {
  const told = await exported("label");
  expect(told.columns).toEqual(["prompt", "completion", "label"]);
  const prompt = items[0]!.messages;
  expect(linesOf(told.file)).toEqual([
    { prompt, completion: [{ role: "assistant", content: "Just do it." }], label: true },
    { prompt, completion: [{ role: "assistant", content: "Ask her." }], label: false },
  ]);
  expect(told.leftOut).toEqual({});
  expect(readFileSync(join(told.out, "README.md"), "utf8")).toContain(
    "2 comparisons: 1 judged, 0 of them flipped with the order.\n- Left out of the rows: 1 with a reply cut at the token limit.",
  );
  expect(told.lines.join("\n")).not.toContain("train dpo");
  expect(readFileSync(join(told.out, "README.md"), "utf8")).toMatch(
    /name: label\n\s+dtype: bool[\s\S]*\| `label` \| boolean \| true: the reply that is better/,
  );
  const revised = await exported("revise", { style: "standard", provenance: true });
  expect(linesOf(revised.file)).toMatchObject([
    { prompt: "May I?", completion: "Not now.", label: true, parents: ["revise/p1"] },
    { prompt: "May I?", completion: "No.", label: false, parents: ["revise/p1"] },
  ]);
  await expect(exported("label", { margin: true })).rejects.toThrow("these rows have none");
});

it("is the same in Parquet and CSV, and is refused where its unwanted replies would be learned", async () => {
  const parquet = await exported("label", { format: "parquet", style: "standard" });
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(parquet.file) });
  expect(rows.map(({ completion, label }) => [completion, label])).toEqual([
    ["Just do it.", true],
    ["Ask her.", false],
  ]);
  const csv = await exported("label", { format: "csv" });
  expect(readFileSync(csv.file, "utf8")).toBe(
    "prompt,completion,label\r\nMay I?,Just do it.,true\r\nMay I?,Ask her.,false\r\n",
  );
  for (const file of [parquet.file, csv.file])
    await expect(openSftRows(file, file)).rejects.toThrow(
      /(?:row 2|line 3): label: got false, a reply that is not wanted/,
    );
});
