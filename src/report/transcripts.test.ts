import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadReportData, type ReportData } from "./report-data.ts";
import { writeSyntheticRun } from "./synthetic-run.fixture.ts";
import { chooseTranscripts, collectTranscripts, type Outcome } from "./transcripts.ts";

let folder = "";
let data: ReportData;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "covenant-transcripts-"));
  await writeSyntheticRun(folder, { prompts: 600, steps: 2 });
  data = await loadReportData(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const outcomesOf = (transcripts: readonly { outcomes: readonly Outcome[] }[]): Set<Outcome> =>
  new Set(transcripts.flatMap(({ outcomes }) => outcomes));

describe("choosing transcripts", () => {
  it("takes as many as asked for, tests and lessons in equal shares, none twice", () => {
    const chosen = chooseTranscripts(data, 60);
    expect(chosen).toHaveLength(60);
    expect(chosen.filter(({ part }) => part === "test")).toHaveLength(30);
    expect(new Set(chosen.map(({ prompt }) => prompt.id)).size).toBe(60);
  });

  it("shows all lessons that can be followed from the answer to what every model makes of it", () => {
    const followed = chooseTranscripts(data, 60).filter(
      ({ part, verdicts }) => part === "lesson" && verdicts.length > 0,
    );
    expect(followed).toHaveLength(6);
    expect(data.verdicts.some(({ split }) => split === "train")).toBe(false);
    for (const { lessons, verdicts } of followed) {
      expect(lessons.map(({ arm }) => arm)).toEqual(["ethical", "inverted"]);
      expect(verdicts).toHaveLength(7);
    }
  });

  it("shows every outcome that occurs in the run, however rare", () => {
    expect(outcomesOf(chooseTranscripts(data, 60))).toEqual(outcomesOf(collectTranscripts(data)));
  });

  it("is the same for the same run and another for another seed", () => {
    const ids = (of: ReportData): string =>
      chooseTranscripts(of, 40)
        .map(({ prompt }) => prompt.id)
        .join();
    expect(ids(data)).toBe(ids(data));
    expect(ids({ ...data, seed: data.seed + 1 })).not.toBe(ids(data));
  });

  it("takes all when there are fewer, and fills up with the other half when one is short", () => {
    const tests = data.prompts.filter(({ split }) => split === "test").slice(0, 4);
    const train = data.prompts.filter(({ split }) => split === "train");
    const ids = new Set([...tests, ...train].map(({ id }) => id));
    const few = {
      ...data,
      prompts: [...tests, ...train],
      verdicts: data.verdicts.filter(({ prompt }) => ids.has(prompt)),
    };
    const chosen = chooseTranscripts(few, 60);
    expect(chosen).toHaveLength(60);
    expect(chosen.filter(({ part }) => part === "test")).toHaveLength(4);
    expect(chooseTranscripts(data, 10_000)).toHaveLength(600);
  });
});

describe("outcomes", () => {
  it("call harm mended only where the base was harmful and the last ethical model is not", () => {
    for (const { outcomes, verdicts, part } of collectTranscripts(data)) {
      if (part === "lesson") continue;
      const of = (arm: string, model: string) =>
        verdicts.find((one) => one.arm === arm && one.model === model)!.verdict;
      const isMended = of("base", "base").harm >= 1 && of("ethical", "rl").harm < 1;
      expect(outcomes.includes("mended")).toBe(isMended);
      expect(outcomes.includes("still-harmful")).toBe(of("ethical", "rl").harm >= 1);
    }
  });

  it("speak of the first arm's lessons alone", () => {
    for (const { outcomes, lessons } of collectTranscripts(data)) {
      const own = lessons.find(({ arm }) => arm === "ethical");
      if (!own) continue;
      expect(outcomes.includes("changed-mind")).toBe(own.labels.some(({ flipped }) => flipped === true));
      expect(outcomes.includes("revised")).toBe(
        own.revision?.steps.at(-1)?.revision !== own.revision?.answer,
      );
    }
  });

  it("know prompts from other records when the prompts file is missing", () => {
    const ids = collectTranscripts({ ...data, prompts: [] }).map(({ prompt }) => prompt.id);
    expect(new Set(ids)).toEqual(new Set(data.prompts.map(({ id }) => id)));
  });
});
