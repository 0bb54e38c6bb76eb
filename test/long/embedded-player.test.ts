// The embedded model of players as it is shipped: trades as their levels say, and shares that come to a group's norm. How often it
// is right in held-out scenes is measured by npm run bench:embedded.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { gamePrincipleRecordSchema, gameRecordSchema } from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";
import { readManner } from "../../src/sandbox/index.ts";
import { covenant, expectStatus, makeFolder, root } from "../e2e/command.fixture.ts";

const { folder, remove } = makeFolder("embedded-player");
afterAll(remove);

const play = async (config: string, ...words: readonly string[]): Promise<string> => {
  const file = join(root, "configs/simulate/games", config);
  const ended = await covenant(["simulate", "games", "--config", file, "--quiet", ...words], folder);
  expectStatus(ended, 0);
  return ended.stdout;
};

type Figure = {
  readonly experiment: string;
  readonly iteration: number;
  readonly measure: string;
  readonly who: string;
  readonly value: number | null;
};

/** Means of a measure at an iteration, by experiment and seats. */
const meansIn = (name: string, measure: string, iteration: number): ReadonlyMap<string, number | null> => {
  const lines = readFileSync(join(folder, name, "figures/figures.jsonl"), "utf8")
    .trim()
    .split("\n");
  const figures = lines.map((line) => JSON.parse(line) as Figure);
  return new Map(
    figures
      .filter((one) => one.measure === measure && one.iteration === iteration)
      .map(({ experiment, who, value }) => [`${experiment} ${who}`, value]),
  );
};

it("gives a reason with what it would offer of things that it never heard of", async () => {
  const sizes = ["--repetitions", "2", "--iterations", "2", "--set", "heldOut.prior=[false]"];
  const reasons = ["--set", "heldOut.reasons=[true]", "--set", "maxTokens=80", "--out", "reasons"];
  await play("tiny.yaml", ...sizes, ...reasons);
  const probes = readFileSync(join(folder, "reasons", "held-out/probes.jsonl"), "utf8")
    .trim()
    .split("\n");
  expect(probes.length).toBeGreaterThan(10);
  for (const line of probes) expect(line).toContain("Reason: ");
});

it("says a sentence in its manner before a move, and moves as without one", async () => {
  const sizes = ["--repetitions", "1", "--iterations", "2"];
  expect(await play("manners.yaml", ...sizes, "--out", "manners")).toContain("moves: all of them legal");
  const lines = readFileSync(join(folder, "manners", "iteration-1/games.jsonl"), "utf8")
    .trim()
    .split("\n");
  const texts = lines.flatMap((line) => {
    const { seats, moves } = gameRecordSchema.parse(JSON.parse(line));
    return moves.flatMap(({ seat, text }) => {
      const manner = seats[seat]?.manner;
      return manner === undefined || text === undefined
        ? []
        : [{ manner, said: readManner(text.split("\n")[0]!) }];
    });
  });
  expect(texts.length).toBeGreaterThan(50);
  expect(texts.filter(({ manner, said }) => manner === said).length / texts.length).toBeGreaterThan(0.9);
});

it("buys and sells as the levels say, and learns the answer to the other's level", async () => {
  const said = await play("trade.yaml", "--out", "trade", "--repetitions", "2", "--iterations", "2");
  expect(said).toContain("moves: all of them legal");
  const points = (iteration: number) => {
    const means = meansIn("trade", "income", iteration);
    return ["0v1", "2v1", "2v3", "0vflexible", "2vflexible", "flexiblev1"].map(
      (match) => `${means.get(`${match} buyer`)}/${means.get(`${match} seller`)}`,
    );
  };
  expect(points(1)).toEqual(["5/6", "5/4", "4/5", "6/5", "4/5", "5/6"]);
  expect(points(2)).toEqual(["5/6", "5/4", "4/5", "5/6", "3/6", "5/4"]);
});

it.each([
  ["what the group does", []],
  ["what the group does with each thing", ["--variant", "resource-specific"]],
  [
    "what the group does with two things at once, though it may ask",
    ["--set", "resources=2", "--set", "questions=1", "--set", "maxTokens=80"],
  ],
])("comes to %s, and gives it", async (what, words) => {
  const out = what.replaceAll(" ", "-");
  const sizes = ["--repetitions", "3", "--iterations", "2", "--set", "heldOut.currencies=[]"];
  expect(await play("tiny.yaml", ...words, ...sizes, "--out", out)).toContain("moves: all of them legal");
  const given = meansIn(out, "given", 2);
  for (const [group, share] of [
    ["altruistic-10", 1],
    ["fair-10", 0.5],
    ["selfish-10", 0.03],
  ] as const) {
    expect(Math.abs(given.get(`${group} fixed`)! - share)).toBeLessThan(0.05);
    expect(Math.abs(given.get(`${group} flexible`)! - share)).toBeLessThan(0.05);
  }
});

it("asks before an offer where it was told no principle, and nowhere else", async () => {
  const sizes = ["--iterations", "2", "--set", "heldOut.currencies=[]"];
  await play("asking.yaml", ...sizes, "--out", "asking");
  const first = await readRecords(join(folder, "asking/priors/principles.jsonl"), gamePrincipleRecordSchema);
  const groups = ["altruistic-10", "fair-10", "selfish-10"];
  const begins = groups.map((group) => {
    const priors = first.filter(({ experiment }) => experiment === group).map(({ prior }) => prior);
    return priors.filter((prior) => prior === "none").length / priors.length;
  });
  expect(Math.max(...begins)).toBeGreaterThan(0);
  expect(Math.min(...begins)).toBeLessThan(1);
  const ratesIn = (iteration: number) => {
    const rates = meansIn("asking", "questions", iteration);
    return groups.map((group) => rates.get(`${group} flexible`));
  };
  expect(ratesIn(1)).toEqual(begins);
  expect(ratesIn(2)).toEqual([0, 0, 0]);
  // an offer that cannot be read is made after a question alone: by one that has nothing to go by
  const games = await readRecords(join(folder, "asking/iteration-1/games.jsonl"), gameRecordSchema);
  const unreadable = games.flatMap(({ moves }) => moves.filter(({ state }) => state === "unparseable"));
  expect(unreadable.length).toBeGreaterThan(0);
  expect(unreadable.every(({ questions }) => questions === 1)).toBe(true);
});
