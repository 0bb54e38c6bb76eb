// `covenant simulate vote` as people run it: a vote with a round of criticism by a script, whose constitution the next command
// takes; another rule over the same support; and input that is refused with status 2.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { supportRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { covenant, expectStatus, makeFolder, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("vote");
afterAll(remove);

const scripted = ["--model", `scripted:${join(root, "examples/vote-script.yaml")}`];
const vote = [
  "simulate",
  "vote",
  "--users",
  "amina,dale,kamala,tove",
  "--seats",
  "2",
  "--rounds",
  "1",
  ...scripted,
];

describe("covenant simulate vote", () => {
  it("goes from proposals to a constitution that the next command takes", async () => {
    const { stdout } = expectStatus(await covenant([...vote, "--quiet"], folder), 0);
    expect(stdout).toContain("chosen by maximin:");
    const next = /^Next: npx covenant (.*)$/m.exec(stdout)![1]!.split(" ");
    expectStatus(await covenant([...next, "--dry-run"], folder), 0);
    const { stdout: json } = expectStatus(await covenant([...vote, "--json", "--quiet"], folder), 0);
    const document = JSON.parse(json) as {
      file: string;
      decided: { principles: string[] };
      tables: string[];
    };
    for (const file of [document.file, ...document.tables]) expect(existsSync(file), file).toBe(true);
    const written = readFileSync(document.file, "utf8");
    for (const principle of document.decided.principles) expect(written).toContain(`title: ${principle}`);
    for (const { support, missing } of await readRecords(
      join(folder, "runs/vote/votes/support.jsonl"),
      supportRecordSchema,
    ))
      expect(support === null).toBe(missing !== undefined);
  });

  it("lets another rule decide from the same support, in a folder of its own", async () => {
    const words = [
      ...vote,
      "--rule",
      "plurality",
      "--out",
      "plurality",
      "--rounds",
      "0",
      "--json",
      "--quiet",
    ];
    const one = JSON.parse(expectStatus(await covenant(words, folder), 0).stdout) as {
      rules: Record<string, { chosen: string[] }>;
      document: { principles: { id: string }[] };
    };
    expect(one.document.principles.map(({ id }) => id)).toEqual(one.rules["plurality"]!.chosen);
    const other = JSON.parse(readFileSync(join(folder, "runs/vote/metrics.json"), "utf8")) as typeof one;
    expect(one.rules).toEqual(other.rules);
  });

  it("refuses what does not fit with status 2 and leaves no folder", async () => {
    for (const [words, said] of [
      [["--rule", "schulz"], "schulze"],
      [["--set", "approveFrom=11"], "approveFrom"],
      [["--candidates", "nowhere.yaml"], "nowhere.yaml"],
      [["--users", "amena"], "amina"],
    ] as const) {
      const { stderr } = expectStatus(await covenant([...vote, ...words, "--out", "refused"], folder), 2);
      expect(stderr).toContain(said);
      expect(existsSync(join(folder, "refused"))).toBe(false);
    }
  });
});
