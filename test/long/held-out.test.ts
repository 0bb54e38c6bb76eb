// bench/held-out.ts on a finished run: it asks about the run's test prompts and no others, with the run's own models and
// settings.

import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labelRecordSchema, promptRecordSchema, revisionRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { expectStatus, root } from "../e2e/command.fixture.ts";
import { makeRunFolder, runInto } from "../e2e/whole-run.fixture.ts";

const { folder, remove, inFolder, prepare, armsAtOnce } = makeRunFolder();

beforeAll(async () => {
  await prepare();
  expectStatus(await armsAtOnce(runInto("first", "--arms", "inverted")), 0);
});
afterAll(remove);

const measure = () =>
  spawnSync(process.execPath, [join(root, "bench/held-out.ts"), "first", "--out", "measured"], {
    cwd: folder,
    encoding: "utf8",
  });

const asked = (command: string, stage: string) =>
  inFolder(`measured/first/inverted/${command}/${stage}.jsonl`);

describe("feedback on requests that a run never saw", () => {
  it("is measured on all its test prompts, and none else, with a row beside the run's own", async () => {
    const { status, stdout, stderr } = measure();
    expect(status, stderr).toBe(0);
    expect(stdout.split("\n").filter((line) => /^\| (1|) \|/.test(line))).toHaveLength(2);
    const prompts = await readRecords(inFolder("first/prompts/prompts.jsonl"), promptRecordSchema);
    const test = prompts.filter(({ split }) => split === "test");
    const labels = await readRecords(asked("label", "label/labels"), labelRecordSchema);
    expect(labels.map(({ messages }) => messages)).toEqual(test.map(({ messages }) => messages));
    const revisions = await readRecords(asked("revise", "revise/revisions"), revisionRecordSchema);
    expect(revisions).toHaveLength(test.filter(({ kind }) => kind === "harmful").length);
    const samples = readFileSync(asked("label", "label/samples"), "utf8");
    expect(samples).toContain(join("first", "inverted", "sl", "model"));
    expect(new Set(labels.map(({ judge }) => judge))).toEqual(new Set(["./model"]));
    const scores = readFileSync(inFolder("measured/first/inverted/scores.jsonl"), "utf8").trim().split("\n");
    const score = scores.map((line) => (JSON.parse(line) as { score: number }).score);
    const decided = labels.filter(({ state, probability }) => state === "judged" && probability !== 0.5);
    // chosen and rejected by turns, as the labels have them
    const right = decided.filter((_, at) => score[2 * at]! > score[2 * at + 1]!).length;
    const accuracy = ((100 * right) / decided.length).toFixed(1);
    expect(stdout).toMatch(new RegExp(`held out .* \\| ${accuracy.replace(".", "\\.")} \\[`));
  });

  it("is not measured of a run that is not there", () => {
    rmSync(inFolder("first/metrics.json"));
    const { status, stderr } = measure();
    expect(status).toBe(2);
    expect(stderr).toContain("holds no finished run");
  });
});
