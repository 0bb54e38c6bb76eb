// Judges at addresses: what is found out about one holds for the start that found it out, and is in a recording of it.

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type LabelRecord, labelRecordSchema, violationRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { wordsOf, writePrompts } from "./asking-commands.fixture.ts";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";
import { type Behaviour, serveEachTest } from "./endpoint.fixture.ts";

const { folder, remove } = makeFolder("judges");
afterAll(remove);
writePrompts(folder, 8);

const serve = serveEachTest();
const labelsIn = (out: string) => readRecords(join(folder, out, "label/labels.jsonl"), labelRecordSchema);

describe("a judge without log-probabilities", () => {
  it.each([
    ["label", "label/labels.jsonl", labelRecordSchema],
    ["prompts penetrate", "judge/violations.jsonl", violationRecordSchema],
  ] as const)("is replayed as the voter that it was (%s)", async (command, file, schema) => {
    const { name } = await serve({ scores: false });
    const calls = `${command}.jsonl`;
    const [asked, replayed] = [`${command}, asked`, `${command}, replayed`];
    expectStatus(await covenant(wordsOf(command, name, asked, "--set", `record=${calls}`), folder), 0);
    expectStatus(await covenant(wordsOf(command, `replay:${calls}`, replayed), folder), 0);
    const told = async (out: string) =>
      (await readRecords<object>(join(folder, out, file), schema)).map((record) => ({
        ...record,
        judge: "",
        usage: null,
      }));
    const records = await told(asked);
    expect(records.filter((record) => JSON.stringify(record).includes('"votes":'))).toHaveLength(8);
    expect(await told(replayed)).toEqual(records);
  });

  it("is asked anew by a later command, whatever an earlier one kept of its server", async () => {
    const behaviour: { -readonly [Key in keyof Behaviour]: Behaviour[Key] } = { scores: true };
    const { name } = await serve(behaviour);
    const label = (out: string, ...more: string[]) =>
      covenant(wordsOf("label", name, out, "--set", "cache=answers", ...more), folder);
    expectStatus(await label("scored", "--limit", "4"), 0);
    behaviour.scores = false;
    expectStatus(await label("lost"), 0);
    const methods = async (out: string) =>
      (await labelsIn(out)).map(({ method = "choice" }: LabelRecord) => method);
    expect(await methods("scored")).toEqual(Array(4).fill("choice"));
    expect(await methods("lost")).toEqual(Array(8).fill("votes"));
  });
});
