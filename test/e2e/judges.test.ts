// Judges: what is found out about one at an address holds for the start that found it out, and is in a recording of it; one
// that comes to no verdict is not asked on.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  type LabelRecord,
  labelRecordSchema,
  replyRecordSchema,
  violationRecordSchema,
} from "../../src/records/index.ts";
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

  it.each([
    ["label", "replies and judgements", 2 * 8 + 10 * 8],
    ["prompts penetrate", "replies", 8],
  ])(
    "is told of before anything is sampled, once; the time left counts its votes (%s)",
    async (command, unit, total) => {
      const { name } = await serve({ scores: false });
      const out = `${command}, told`;
      expectStatus(await covenant(wordsOf(command, name, out), folder), 0);
      const events = readFileSync(join(folder, out, "events.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { code?: string; text?: string; unit?: string; total?: number });
      const told = events.flatMap(({ code }, at) => (code === "judge-votes" ? [at] : []));
      const begun = events.findIndex((event) => event.unit === unit);
      expect(told).toHaveLength(1);
      expect(told[0]).toBeLessThan(begun);
      expect(events[begun]!.total).toBe(total);
      expect(events[told[0]!]!.text).toContain("it votes 5 times in each order");
      if (command === "label") expect(events[told[0]!]!.text).toContain("which takes 10 calls a comparison");
    },
  );

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

describe("a recording of a judge that needed no trial", () => {
  it("is read by its log-probabilities, as the judge was", async () => {
    const rows = [1, 2, 3].map((at) => ({
      prompt: `Which ${at}?`,
      chosen: `yes ${at}`,
      rejected: `no ${at}`,
    }));
    writeFileSync(join(folder, "three.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    writeFileSync(join(folder, "scores.yaml"), 'rules: [{score: {"(A)": -0.3, "(B)": -1.5}}]');
    const label = (judge: string, out: string, ...more: string[]) =>
      covenant(["label", "--comparisons", "three.jsonl", "--judge", judge, "--out", out, ...more], folder);
    expectStatus(await label("scripted:scores.yaml", "here", "--set", "record=here.jsonl"), 0);
    expectStatus(await label("replay:here.jsonl", "here-again"), 0);
    const orders = async (out: string) => (await labelsIn(out)).map((record) => record.orders);
    expect(await orders("here")).not.toContain(null);
    expect(await orders("here-again")).toEqual(await orders("here"));
  });
});

describe("a judge that likes the first place", () => {
  const rules = [
    { when: "place", score: { "(A)": -0.1, "(B)": -3 } },
    { when: "(A) yes", score: { "(A)": -0.1, "(B)": -3 } },
    { score: { "(A)": -3, "(B)": -0.1 } },
  ];
  writeFileSync(join(folder, "places.yaml"), JSON.stringify({ rules }));

  it.each([
    [27, "In 73 % of the showings of 60 comparisons"],
    [9, null],
    [60 - 9, "preferred another reply when the two were exchanged"],
  ])("is told of where that is far from even: %d of 60", async (liked, told) => {
    const rows = Array.from({ length: 60 }, (_, at) => ({
      ...{ prompt: at < liked ? `Which place ${at}?` : `Which ${at}?` },
      ...{ chosen: `yes ${at}`, rejected: `no ${at}` },
    }));
    // no comparison with the same letter in a row of twenty from the first on
    const mixed = rows.toSorted(
      (one, other) =>
        ((Number(/\d+/.exec(one.prompt)) * 7) % 60) - ((Number(/\d+/.exec(other.prompt)) * 7) % 60),
    );
    const file = `places-${liked}.jsonl`;
    writeFileSync(join(folder, file), mixed.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const words = [
      "label",
      "--comparisons",
      file,
      "--judge",
      "scripted:places.yaml",
      "--out",
      `places-${liked}`,
    ];
    const { stderr } = expectStatus(await covenant(words, folder), 0);
    if (told === null) expect(stderr).not.toContain("warning");
    else expect(stderr).toContain(told);
    expect(stderr.match(/^warning: label: In /gm) ?? []).toHaveLength(told === null ? 0 : 1);
  });
});

describe("a judge that comes to no verdict", () => {
  const rows = Array.from({ length: 30 }, (_, at) => ({
    ...{ prompt: `question {${at}}`, area: "peace" },
    ...{ chosen: `question {${at}} yes`, rejected: `question {${at}} no` },
  }));
  const write = (file: string, lines: readonly object[]) =>
    writeFileSync(join(folder, file), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  write(
    "pairs.jsonl",
    rows.map(({ prompt, chosen, rejected }) => ({ prompt, chosen, rejected })),
  );
  write(
    "few.jsonl",
    rows.slice(0, 3).map(({ prompt, area }) => ({ prompt, area })),
  );
  write(
    "many.jsonl",
    rows.map(({ prompt, area }) => ({ prompt, area })),
  );
  writeFileSync(join(folder, "prose.yaml"), 'rules: [{reply: "It depends on what one wants."}]');
  writeFileSync(join(folder, "silent.yaml"), 'rules: [{reply: ""}]');
  const penetrate = (prompts: string, out: string) =>
    covenant(
      ["prompts", "penetrate", "--model", "scripted:prose.yaml", "--prompts", prompts, "--out", out],
      folder,
    );

  it("ends the command that wants a rate of them, with the reasons", async () => {
    const { stderr } = expectStatus(await penetrate("few.jsonl", "few"), 1);
    expect(stderr.replace(/\s+/g, " ")).toContain(
      "came to no verdict on any of 3 answers (3 without a letter)",
    );
  });

  it("is asked no more after 20, and what it said is kept", async () => {
    const label = [
      "label",
      "--comparisons",
      "pairs.jsonl",
      "--judge",
      "scripted:prose.yaml",
      "--out",
      "none",
    ];
    for (const ended of [await covenant(label, folder), await covenant(label, folder)]) {
      expect(expectStatus(ended, 1).stderr.replace(/\s+/g, " ")).toContain(
        "any of the first 20 comparisons that it was asked about (20 without a letter)",
      );
      expect(await labelsIn("none")).toHaveLength(20);
    }
    expectStatus(await penetrate("many.jsonl", "many"), 1);
    const violations = join(folder, "many/judge/violations.jsonl");
    expect(await readRecords(violations, violationRecordSchema)).toHaveLength(20);
  });

  it("is one with a model that says nothing: it is asked for no more either", async () => {
    const revise = [
      "revise",
      "--model",
      "scripted:silent.yaml",
      "--prompts",
      "many.jsonl",
      "--out",
      "silent",
    ];
    const { stderr } = expectStatus(await covenant(revise, folder), 1);
    expect(stderr.replace(/\s+/g, " ")).toContain("gave no text in any of the first 24 replies");
    const answers = await readRecords(join(folder, "silent/answer/answers.jsonl"), replyRecordSchema);
    // 20 and the rest of their batch
    expect(answers).toHaveLength(24);
  });
});
