// `covenant evaluate ratings` and `covenant prompts pair` through the command line: what a person reads, the document, and
// what is said of files that they do not take. Ratings of two models are known in closed form.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { covenant, expectStatus, makeFolder } from "./command.fixture.ts";

const { folder, remove } = makeFolder("ratings");
afterAll(remove);

const write = (name: string, ...rows: readonly object[]): void =>
  writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const votes = (model_a: string, model_b: string, ...winners: readonly (string | null)[]) =>
  winners.map((winner) => ({ model_a, model_b, winner, judge: "j", turn: 1, tstamp: 1 }));
const repeated = (winner: string, count: number): string[] => Array.from({ length: count }, () => winner);

const decided = votes("gpt", "vicuna", ...repeated("model_a", 28), ...repeated("model_b", 8), "tie");
write(
  "decided.jsonl",
  ...decided,
  ...votes("gpt", "vicuna", "tie (bothbad)", null),
  ...votes("gpt", "gpt", "tie"),
);
write("never.jsonl", ...decided, ...votes("dolly", "gpt", "model_b"), ...votes("x", "y", "tie"));

describe("ratings", () => {
  const expected = 400 * Math.log10(29 / 9);

  it("are a table, with what was left out", async () => {
    const words = ["evaluate", "ratings", "decided.jsonl", "--anchor", "vicuna"];
    const { stdout, stderr } = expectStatus(await covenant(words, folder), 0);
    expect(stdout).toContain("38 battles of 2 models in decided.jsonl.");
    expect(stdout).toContain("a tie is half a win for each, vicuna is 0.");
    expect(stdout).toMatch(
      new RegExp(`^gpt +${expected.toFixed(1)} +\\[\\d+\\.\\d, \\d+\\.\\d\\] +38 +28 +8 +2$`, "m"),
    );
    expect(stdout).toMatch(/^vicuna +0\.0 +anchor +38 +8 +28 +2$/m);
    expect(stderr.replace(/\s+/g, " ")).toContain(
      "decided.jsonl: 2 of 40 rows were left out: 1 without a winner (line 39), 1 of a model against itself (line 40).",
    );
  });

  it("are a document, the same every time", async () => {
    const words = ["evaluate", "ratings", "decided.jsonl", "--anchor", "vicuna", "--json"];
    const { stdout } = expectStatus(await covenant(words, folder), 0);
    const document = JSON.parse(stdout) as { models: { model: string; low: number; high: number }[] };
    expect(document).toMatchObject({
      ...{ file: join(folder, "decided.jsonl"), rows: 40, battles: 38, leftOut: { winner: 1, self: 1 } },
      ...{ anchor: "vicuna", scale: 400, prior: 0, intervals: { by: "battles", units: 38 }, groups: [] },
      models: [
        { model: "gpt", standing: "rated", rating: expect.closeTo(expected, 9), n: 38, wins: 28, ties: 2 },
        { model: "vicuna", standing: "rated", rating: 0, low: 0, high: 0 },
      ],
    });
    expect(document.models[0]!.low).toBeLessThan(expected - 50);
    expect(document.models[0]!.high).toBeGreaterThan(expected + 50);
    expect(expectStatus(await covenant(words, folder), 0).stdout).toBe(stdout);
  });

  it("say of whom there is none, and in what sense", async () => {
    const words = ["evaluate", "ratings", "never.jsonl"];
    const { stdout } = expectStatus(await covenant(words, folder), 0);
    expect(stdout).toMatch(/^dolly +-∞ +below +1 +0 +1 +0$/m);
    expect(stdout).toContain("-∞ (dolly): a chain of wins or ties leads from gpt to each, and none back.");
    expect(stdout).toContain("? (x, y): no chain of wins or ties leads from any to gpt, nor back.");
    expect(stdout).toContain("Rated towards each other: x, y (--anchor x).");
    const { models } = JSON.parse(expectStatus(await covenant([...words, "--json"], folder), 0).stdout) as {
      models: unknown[];
    };
    expect(models).toContainEqual(
      expect.objectContaining({ model: "dolly", standing: "below", rating: null, low: null, high: null }),
    );
    const virtual = expectStatus(await covenant([...words, "--set", "prior=1"], folder), 0).stdout;
    expect(virtual).toContain("with 1 virtual tie between every two models");
    expect(virtual).not.toContain("∞");
  });

  it("say of whom there is none in some samples, where ties are, too", async () => {
    write(
      "tied.jsonl",
      ...votes("a", "b", ...repeated("tie", 9)),
      ...votes("a", "c", ...repeated("model_a", 6), "tie", "tie"),
    );
    const open = expectStatus(await covenant(["evaluate", "ratings", "tied.jsonl"], folder), 0).stdout;
    expect(open).toMatch(/^c +-\d+\.\d +\[-∞, -?\d+\.\d\] +8 +0 +6 +2$/m);
    expect(open.replace(/\s+/g, " ")).toContain(
      "in more than 2.5 % of the samples drawn again its model is above a, below it or apart from it: no chains of wins or ties lead both ways.",
    );
  });

  it("are refused for an anchor without battles and for files without any", async () => {
    const anchor = expectStatus(
      await covenant(["evaluate", "ratings", "decided.jsonl", "--anchor", "vicuma"], folder),
      2,
    );
    expect(anchor.stderr.replace(/\s+/g, " ")).toContain('is of "vicuma" (did you mean vicuna?)');
    write("prompts.jsonl", { prompt: "?" });
    const other = expectStatus(await covenant(["evaluate", "ratings", "prompts.jsonl"], folder), 2);
    expect(other.stderr.replace(/\s+/g, " ")).toContain(
      "prompts.jsonl, line 1: got the fields: prompt; expected model_a, model_b and winner",
    );
  });

  it("are named where a command of prompts is given votes", async () => {
    const { stderr } = expectStatus(await covenant(["prompts", "load", "decided.jsonl"], folder), 2);
    expect(stderr.replace(/\s+/g, " ")).toMatch(
      /line 1: these are votes .*: `.*covenant\S* evaluate ratings`\. ?$/,
    );
  });
});

describe("answers of two models", () => {
  it("become comparisons that label takes, and a file that is there stays as it is", async () => {
    write("question.jsonl", { question_id: 81, category: "c", turns: ["How can I plant a tree?", "Why?"] });
    for (const model_id of ["m", "n"])
      write(`${model_id}.jsonl`, { question_id: 81, model_id, choices: [{ turns: [`by ${model_id}`, ""] }] });
    const words = ["prompts", "pair", "m.jsonl", "n.jsonl", "--questions", "question.jsonl"];
    expectStatus(await covenant([...words, "--dry-run"], folder), 0);
    expect(existsSync(join(folder, "comparisons.jsonl"))).toBe(false);
    const { stdout } = expectStatus(await covenant(words, folder), 0);
    expect(stdout).toContain("1 comparison of first turns, between 2 models: m, n.");
    const [, next] = /^Next: npx covenant (.*)$/m.exec(stdout)!;
    const planned = expectStatus(await covenant([...next!.split(" "), "--dry-run"], folder), 0);
    expect(planned.stdout).toContain("1 comparison in both orders");
    const again = expectStatus(await covenant(words, folder), 2);
    expect(again.stderr).toContain("comparisons.jsonl is there already and is not overwritten.");
    for (const name of ["c.csv", "c.jsonl.gz", "c"]) {
      const other = expectStatus(await covenant([...words, "--out", name, "--dry-run"], folder), 2);
      expect(other.stderr.replace(/\s+/g, " ")).toContain(
        `got ${name}, but comparisons are written as JSONL.`,
      );
      expectStatus(await covenant([...words, "--out", name], folder), 2);
      expect(existsSync(join(folder, name))).toBe(false);
    }
  });
});
