// `covenant run` from end to end: the same seed gives the same bytes, wherever and however it runs.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { metricsDocumentSchema, recordSchema } from "../../src/records/index.ts";
import { contentHashOf, contentOf, covenant, type Ended, expectStatus } from "./command.fixture.ts";
import { makeRunFolder, runInto } from "./whole-run.fixture.ts";

const { folder, remove, inFolder, prepare, armsAtOnce, eventsOf } = makeRunFolder();

let first: Ended;
beforeAll(async () => {
  await prepare();
  first = await armsAtOnce(runInto("first", "--json"));
});
afterAll(remove);

const stagesStarted = (out: string): string[] =>
  eventsOf(out).flatMap(({ type, stage = "" }) => (type === "stage-start" ? [stage] : []));

describe("a whole run", () => {
  it("ends with report, manifest and figures of both arms and every model", () => {
    expectStatus(first, 0);
    for (const file of ["report.html", "manifest.json", "config.yaml", "ethical/constitution.yaml"])
      expect(existsSync(inFolder(`first/${file}`)), file).toBe(true);
    const metrics = metricsDocumentSchema.parse(
      JSON.parse(readFileSync(inFolder("first/metrics.json"), "utf8")),
    );
    expect(Object.keys(metrics.arms)).toEqual(["ethical", "inverted"]);
    expect(metrics.arms["ethical"]!.models.rl.harmRate.n).toBe(4);
    expect(metrics.arms["inverted"]!.revisions.map(({ round }) => round)).toEqual([0, 1, 2]);
  });

  it("names every record once, in its own stage, and records it was made from that are there", () => {
    const paths = readdirSync(inFolder("first"), { recursive: true, encoding: "utf8" }).filter(
      (path) => path.endsWith(".jsonl") && path !== "events.jsonl",
    );
    const records = paths.flatMap((path) =>
      readFileSync(inFolder(`first/${path}`), "utf8")
        .trim()
        .split("\n")
        .map((line) => ({ path, ...recordSchema.parse(JSON.parse(line)) })),
    );
    const ids = new Set(records.map(({ id }) => id));
    expect(paths.length).toBeGreaterThan(20);
    expect(ids.size).toBe(records.length);
    for (const { id, path, stage, parents } of records) {
      expect(stage, path).toBe(dirname(path).replaceAll("\\", "/"));
      expect(id.split(stage).length, `${id} says its stage once`).toBeLessThanOrEqual(2);
      expect(
        parents.filter((parent) => !ids.has(parent)),
        id,
      ).toEqual([]);
    }
  });

  it("prints one JSON document on stdout with --json, and its progress on stderr", () => {
    const document = JSON.parse(first.stdout) as { folder: string; report: string };
    expect(document.report).toBe(join(document.folder, "report.html"));
    expect(first.stderr).toContain("ethical/revise: done");
  });

  it("again in another folder gives the same bytes, one arm after the other", async () => {
    const { stdout } = expectStatus(await covenant(runInto("second"), folder), 0);
    expect(stdout).toMatch(
      /\nReport: second\/report\.html\n(.+\n)*Next: npx covenant chat \.\/second\/ethical\/rl\/model\n$/,
    );
    const inTurn = (out: string) => stagesStarted(out).findIndex((stage) => stage.startsWith("inverted/"));
    expect([inTurn("first") < 8, inTurn("second")]).toEqual([true, 8]);
    expect(contentOf(inFolder("second"))).toEqual(contentOf(inFolder("first")));
    expect(contentHashOf(inFolder("second"))).toBe(contentHashOf(inFolder("first")));
  });

  it("again in its own folder repeats nothing, also by --resume", async () => {
    const before = contentHashOf(inFolder("first"));
    const byResume = () => covenant(["run", "--resume", "first"], folder);
    for (const again of [() => armsAtOnce(runInto("first")), byResume]) {
      expect(expectStatus(await again(), 0).stderr).not.toContain(": started");
      expect(contentHashOf(inFolder("first"))).toBe(before);
    }
    expect(eventsOf("first").filter(({ type }) => type === "stage-skip")).toHaveLength(30);
  });
});
