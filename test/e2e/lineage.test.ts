// From people of the sandbox to a trained model and back, through the command line: a scripted contract, a small run under what
// was learned, and `covenant lineage`, which must say what the records say, and what they do not.

import { cpSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Lineage } from "../../src/recipes/index.ts";
import {
  type Constitution,
  constitutionSchema,
  type LabelRecord,
  labelRecordSchema,
  ratingRecordSchema,
  recordSchema,
  verdictRecordSchema,
} from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { covenant, expectStatus, makeFolder, makeModel, root, writeTinyConfig } from "./command.fixture.ts";

const { folder, remove } = makeFolder("lineage");
const inFolder = (...path: string[]): string => join(folder, ...path);

beforeAll(async () => {
  await makeModel(folder);
  writeTinyConfig(folder);
  const script = `scripted:${join(root, "examples/contract-brief-script.yaml")}`;
  const config = join(root, "configs/simulate/contract/tiny.yaml");
  const contract = ["simulate", "contract", "--config", config, "--model", script, "--out", "contract"];
  const small = ["users=3", "assistants=3", "runs=2", "sandbox.requests=0"].flatMap((one) => ["--set", one]);
  expectStatus(await covenant([...contract, ...small], folder), 0);
  const run = ["run", "--config", "tiny.yaml", "--arms", "ethical", "--out", "policy"];
  expectStatus(await covenant([...run, "--constitution", "contract/constitution.yaml"], folder), 0);
});
afterAll(remove);

const lineage = async (...words: readonly string[]): Promise<Lineage> =>
  JSON.parse(expectStatus(await covenant(["lineage", ...words, "--json"], folder), 0).stdout) as Lineage;

const refusal = async (...words: readonly string[]): Promise<string> => {
  const said = expectStatus(await covenant(["lineage", ...words], folder), 2).stderr;
  expect(expectStatus(await covenant(["lineage", ...words, "--dry-run"], folder), 2).stderr).toBe(said);
  return said;
};

const labels = (): Promise<LabelRecord[]> =>
  readRecords(inFolder("policy/ethical/label/labels.jsonl"), labelRecordSchema);

const constitution = (): Constitution =>
  constitutionSchema.parse(parse(readFileSync(inFolder("policy/ethical/constitution.yaml"), "utf8")));

describe("covenant lineage", () => {
  it.each(["dpo", "rl"] as const)(
    "walks back from a reply of %s along records that are there",
    async (trained) => {
      const told = await lineage("policy", "--trained", trained);
      const verdicts = await readRecords(inFolder("policy/evaluate/verdicts.jsonl"), verdictRecordSchema);
      for (const [model, reply] of [
        ["base", told.replies.base],
        ["sl", told.replies.sl],
        [trained, told.replies.after],
      ] as const)
        expect(verdicts.find(({ id }) => id === reply.record)).toMatchObject({
          ...{ model, prompt: told.prompt.id, text: reply.text, verdict: reply.verdict },
        });
      const label = (await labels()).find(({ id }) => id === told.label.record)!;
      expect(new Set(label.replies)).toEqual(new Set([told.label.preferred, told.label.other]));
      const first = label.replies[0] === told.label.preferred;
      expect(told.label.probability).toBeCloseTo(first ? label.probability! : 1 - label.probability!, 12);
      expect(told.principles.map(({ id }) => id)).toEqual([label.principle]);
      const { grounds } = constitution().principles.find(({ id }) => id === label.principle)!;
      const [{ voices }] = told.principles as [Lineage["principles"][number]];
      expect(voices.map(({ record, said }) => ({ record, said }))).toEqual(
        grounds!.map(({ record, said }) => ({ record, said })),
      );
      expect(new Set(voices.map(({ state }) => state))).toEqual(new Set(["confirmed"]));
      expect(told.contract).toEqual({ folder: inFolder("contract"), command: "simulate contract" });
      expect(told.notices).toEqual([]);
    },
  );

  it("tells of each voice who spoke, of which draft, to which request, as the simulation has it", async () => {
    const [voice] = (await lineage("policy")).principles[0]!.voices;
    const run = voice!.record.split("/")[0]!;
    const ratings = await readRecords(inFolder("contract", run, "ratings.jsonl"), ratingRecordSchema);
    const rating = ratings.find(({ id }) => id === voice!.record)!;
    expect(voice).toMatchObject({
      said: rating.feedback,
      speaker: rating.user,
      persona: { id: rating.persona },
    });
    expect(voice!.occasion).toMatchObject({ draft: rating.draft, ratings: rating.ratings });
    expect(voice!.persona!.description).toMatch(/\w+ \w+/);
    expect(voice!.occasion!.request).toMatch(/\w+ \w+/);
  });

  it("counts only the labels that the training had as rows", async () => {
    const rows = async (path: string) => readRecords(inFolder("policy/ethical", path), recordSchema);
    const judged = (await labels())
      .filter(({ principle }) => principle === "principle-1")
      .map(({ id }) => id);
    const dpo = await lineage("policy");
    expect(dpo.counts.learned).toBe((await rows("dpo/rows.jsonl")).length);
    expect(dpo.counts.compared).toBe((await labels()).length);
    const measured = new Set((await rows("reward/held-out.jsonl")).flatMap(({ parents }) => parents));
    const learned = (await rows("reward/rows.jsonl")).filter(({ id }) => !measured.has(id));
    const rl = await lineage("policy", "--trained", "rl");
    expect(measured.size).toBeGreaterThan(0);
    expect(rl.counts.learned).toBe(learned.length);
    expect(learned.map(({ id }) => id)).toContain(rl.label.row);
    const under = learned.filter(({ parents }) => judged.includes(parents[0]!)).length;
    expect(rl.counts.underPrinciples).toBe(
      rl.principles[0]!.id === "principle-1" ? under : learned.length - under,
    );
  });

  it("reads as a story, from what was said to the reply, and says how little one label shows", async () => {
    const { stdout } = expectStatus(await covenant(["lineage", "policy"], folder), 0);
    const headings = [
      ...stdout.matchAll(/^(\d)\. (What was said|The principle|The label|The \w+ ?reply|The reply)/gm),
    ];
    expect(headings.map(([, number]) => number)).toEqual(["1", "2", "3", "4"]);
    expect(stdout.indexOf("In short\n  said ")).toBeGreaterThan(0);
    expect(stdout.indexOf("before (base)")).toBeLessThan(stdout.indexOf("\n1. What was said"));
    expect(stdout).toMatch(/\(`.*covenant\S* simulate contract`, contract\)/);
    expect(stdout).toMatch(
      /It is one of [\d,]+ labels that dpo learned from, \d+ of them judged under the same/,
    );
    expect(stdout).toContain("No record shows that this label, or these words, made this reply.");
  });

  it("tells of the prompt that is named", async () => {
    const verdicts = await readRecords(inFolder("policy/evaluate/verdicts.jsonl"), verdictRecordSchema);
    const { prompt } = verdicts.findLast(({ split }) => split === undefined)!;
    expect((await lineage("policy", "--prompt", prompt)).prompt).toMatchObject({ id: prompt, named: true });
  });
});

describe("covenant lineage refuses", () => {
  it("what is no run, is a run of another command, or a prompt or an arm that is not there", async () => {
    expect(await refusal("nothing")).toContain("nothing is no run folder");
    expect(await refusal("contract")).toMatch(/contract was written by `.*covenant\S* simulate contract`\./);
    expect(await refusal("policy", "--prompt", "test-harmful-9999")).toMatch(
      /no held-out prompt "test-harmful-9999"; expected one of 10, such as test-/,
    );
    expect(await refusal("policy", "--arm", "inverted")).toContain('has no arm "inverted", only ethical');
  });

  it("a run that is not finished", async () => {
    cpSync(inFolder("policy"), inFolder("broken"), { recursive: true });
    renameSync(inFolder("broken/evaluate/stage.json"), inFolder("broken/evaluate/left"));
    expect(await refusal("broken")).toMatch(/not finished its stage evaluate\. .*--resume broken/);
  });

  it("a folder of a simulation that is not there, or is another one", async () => {
    expect(await refusal("policy", "--contract", "gone")).toContain("gone is no run folder");
    expect(await refusal("policy", "--contract", "policy")).toMatch(
      /--contract policy was written by `.*covenant\S* run`/,
    );
    cpSync(inFolder("contract"), inFolder("other"), { recursive: true });
    for (const run of ["run-1", "run-2"]) writeFileSync(inFolder("other", run, "ratings.jsonl"), "");
    const ended = await covenant(["lineage", "policy", "--contract", "other"], folder);
    expect(expectStatus(ended, 2).stderr).toMatch(
      /other has none of the \d+ records that the principle points to/,
    );
  });
});

describe("covenant lineage says plainly", () => {
  it("that the simulation's folder is gone, and tells what the constitution itself has", async () => {
    renameSync(inFolder("contract"), inFolder("moved"));
    const told = await lineage("policy");
    expect(told.contract).toBeNull();
    expect(told.principles[0]!.voices[0]).toMatchObject({ state: "unread", by: "cited" });
    expect(told.principles[0]!.voices[0]).not.toHaveProperty("persona");
    expect(told.notices.join()).toMatch(
      /no folder of the simulation lies beside contract\/constitution\.yaml/,
    );
    const found = await lineage("policy", "--contract", "moved");
    expect(found.principles[0]!.voices[0]!.state).toBe("confirmed");
    renameSync(inFolder("moved"), inFolder("contract"));
  });

  it("that what is cited says something else, and leaves it out", async () => {
    const path = inFolder("policy/ethical/constitution.yaml");
    const before = readFileSync(path, "utf8");
    writeFileSync(path, before.replace(/^( +)by: cited$/gm, "$1by: cited\n$1doubtful: says-other"));
    const told = await lineage("policy");
    writeFileSync(path, before);
    expect(told.principles[0]!.voices).toEqual([]);
    expect(told.notices.join()).toMatch(/^\d+ cited comments? says? something else than the principle/);
  });

  it("that a record says something else by now", async () => {
    const [{ voices }] = (await lineage("policy")).principles as [Lineage["principles"][number]];
    const { record, said } = voices[0]!;
    const path = inFolder("contract", record.split("/")[0]!, "ratings.jsonl");
    const before = readFileSync(path, "utf8");
    const lines = before
      .split("\n")
      .map((line) => (line.includes(`"${record}"`) ? line.replaceAll(said, "No.") : line));
    writeFileSync(path, lines.join("\n"));
    const told = await lineage("policy");
    writeFileSync(path, before);
    expect(told.principles[0]!.voices.find((voice) => voice.record === record)!.state).toBe("differs");
    expect(told.notices.join()).toMatch(/and 1 have one that says something else/);
  });

  it("that a constitution points to nobody's words", async () => {
    const path = inFolder("policy/ethical/constitution.yaml");
    const before = readFileSync(path, "utf8");
    writeFileSync(path, before.replace(/^ {4}grounds:\n(?: {6}.*\n)+/gm, ""));
    const { stdout } = expectStatus(await covenant(["lineage", "policy"], folder), 0);
    const refused = await refusal("policy", "--contract", "contract");
    writeFileSync(path, before);
    expect(stdout).toContain("nobody's words are known");
    expect(stdout).toContain("it has no grounds");
    expect(refused).toContain("its principles have no grounds");
  });
});
