// The embedded model of the assembly as it is shipped, in its three parts, each as small as it can be: that what it writes can
// be read. What it is worth is measured elsewhere.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { covenant, expectStatus, makeFolder, root } from "../e2e/command.fixture.ts";

const { folder, remove } = makeFolder("embedded-assembly");
afterAll(remove);

const simulate = async (kind: string, ...words: readonly string[]): Promise<Record<string, unknown>> => {
  const config = ["--config", join(root, "configs/simulate", kind, "tiny.yaml"), "--out", kind];
  const ended = await covenant(["simulate", kind, ...config, ...words, "--json", "--quiet"], folder);
  return JSON.parse(expectStatus(ended, 0).stdout) as Record<string, unknown>;
};

const rows = <Row>(...path: readonly string[]): Row[] =>
  readFileSync(join(folder, ...path), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

const share = <Row>(all: readonly Row[], holds: (row: Row) => boolean): number =>
  all.filter(holds).length / all.length;

it("rates and comments in a contract so that it can be read, and makes a constitution of it", async () => {
  const small = ["--users", "3", "--set", "assistants=6", "--runs", "1", "--set", "sandbox.requests=2"];
  const { files } = await simulate("contract", ...small);
  expect(Object.keys(files as object)).toEqual(["constitution"]);
  type Rating = { readonly ratings: Record<string, number | null> };
  const ratings = rows<Rating>("contract", "run-1", "ratings.jsonl");
  expect(
    share(ratings, (one) => Object.values(one.ratings).every((value) => value !== null)),
  ).toBeGreaterThan(0.8);
});

it("moves and learns in games so that it can be read", async () => {
  const { moves } = await simulate("games", "--repetitions", "1", "--iterations", "1");
  const { made, unparseable, missing } = moves as Record<"made" | "unparseable" | "missing", number>;
  expect(made / (made + unparseable + missing)).toBeGreaterThan(0.8);
  type Learned = { readonly state: string };
  const learned = rows<Learned>("games", "iteration-1", "principles.jsonl");
  expect(share(learned, ({ state }) => state === "learned" || state === "kept")).toBeGreaterThan(0.6);
});

it("proposes and says its support in a vote so that it can be read", async () => {
  const { candidates } = await simulate(
    "vote",
    "--users",
    "3",
    "--rounds",
    "0",
    "--set",
    "sandbox.requests=2",
  );
  expect((candidates as unknown[]).length).toBeGreaterThan(2);
  type Support = { readonly support: number | null };
  expect(
    share(rows<Support>("vote", "votes", "support.jsonl"), ({ support }) => support !== null),
  ).toBeGreaterThan(0.8);
});
