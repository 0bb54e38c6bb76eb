// Candidates that a file names: each has a name of its own, whatever its id looks like.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isCandidateFile, loadCandidates } from "./candidates-file.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-candidates-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("candidates of a Polis export", () => {
  it("have a name each, where ids differ in marks or case alone, too", async () => {
    const file = join(folder, "comments.csv");
    const ids = ["A b", "a-b", "7", "a?b"];
    const rows = ids.map((id, at) => `${id},Statement ${at}.`);
    writeFileSync(file, ["comment-id,comment-body", ...rows].join("\n"));
    expect((await loadCandidates(file)).map(({ name, source }) => [name, source])).toEqual([
      ["statement-a-b", "Polis, statement A b"],
      ["statement-a-b-2", "Polis, statement a-b"],
      ["statement-7", "Polis, statement 7"],
      ["statement-a-b-3", "Polis, statement a?b"],
    ]);
  });
});

describe("what names candidates", () => {
  it.each([
    ["ethical", false],
    ["no-file", false],
    ["own.yaml", true],
    ["folder/own", true],
    ["folder\\own", true],
    ["own.CSV", true],
  ])("%s: a file is %s", (name, isFile) => {
    expect(isCandidateFile(name)).toBe(isFile);
  });
});
