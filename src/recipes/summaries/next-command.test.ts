// Commands that are named at an end: that they can be run as they stand.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { datasetWords, freeFolder, selectWords, sortFirst } from "./next-command.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-next-"));
afterAll(() => rmSync(folder, { recursive: true }));
const out = join(folder, "mine");

it("name a folder that is free", () => {
  expect(datasetWords(out)).toEqual(["export", "dataset", out, "--out", `${out}-dataset`]);
  mkdirSync(`${out}-dataset`);
  expect(freeFolder(`${out}-dataset`)).toBe(`${out}-dataset-2`);
  mkdirSync(`${out}-dataset-2`);
  expect(datasetWords(out).at(-1)).toBe(`${out}-dataset-3`);
});

it("take areas alone where some are named, and write into a folder of their own", () => {
  const words = ["prompts", "select", "--prompts", "p.jsonl", "--per-area", "50"];
  expect(selectWords("p.jsonl", out)).toEqual([...words, "--out", `${out}-select`]);
  expect(selectWords("p.jsonl", out, ["a b"])).toEqual([
    ...words,
    ...["--set", 'only=["a b"]', "--out", `${out}-select`],
  ]);
});

it("sort prompts with a model that may, in a command that is told from the full stop behind it", () => {
  const ending = "--prompts many.jsonl";
  const anyModel = `Sort them first: \`covenant prompts classify --model http://localhost:8000/v1#NAME ${ending}\`.`;
  expect(sortFirst("many.jsonl")).toBe(anyModel);
  expect(sortFirst("many.jsonl", "embedded:covenant-tiny")).toBe(anyModel);
  expect(sortFirst("many.jsonl", "openai:own")).toBe(
    anyModel.replace("http://localhost:8000/v1#NAME", "openai:own"),
  );
});
