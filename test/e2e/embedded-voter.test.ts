// The embedded model of voters as it is shipped: that it says on whose side a person is, in the vote that it is made for. What
// the sets that come of it are worth to people is measured by npm run bench:vote-oracle.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sandboxPersonas, supportOf } from "../../src/sandbox/index.ts";
import { covenant, expectStatus, makeFolder, root } from "./command.fixture.ts";

const { folder, remove } = makeFolder("embedded-voter");
afterAll(remove);

/** Seed 8 has a person in words that the voter never read whole. */
const seed = 8;

beforeAll(async () => {
  const config = join(root, "configs/simulate/vote/minority.yaml");
  const candidates = join(root, "examples/vote-candidates.yaml");
  const ended = await covenant(
    [
      ...["simulate", "vote", "--config", config, "--candidates", candidates, "--seed", String(seed)],
      ...["--set", "sandbox.requests=0", "--out", "vote", "--quiet"],
    ],
    folder,
  );
  expectStatus(ended, 0);
});

const rows = <Row>(name: string): Row[] =>
  readFileSync(join(folder, "vote/votes", name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

const statementOf = (): ReadonlyMap<string, string> =>
  new Map(
    rows<{ candidate: string; statements: string[] }>("candidates.jsonl").map(({ candidate, statements }) => [
      candidate,
      statements.join(" "),
    ]),
  );

it("says for nearly every person and principle on which side the person is", () => {
  const statements = statementOf();
  const people = sandboxPersonas({ seed, count: 7, minority: 0.3 });
  type Support = { readonly user: string; readonly candidate: string; readonly support: number | null };
  const ballots = rows<Support>("support.jsonl");
  expect(ballots).toHaveLength(70);
  const right = ballots.filter(({ user, candidate, support }) => {
    const { description } = people[Number(user.split("-")[1]) - 1]!;
    const truth = supportOf(description, [statements.get(candidate)!]);
    return support !== null && Math.sign(support - 5) === Math.sign(truth - 5);
  });
  expect(right.length / ballots.length).toBeGreaterThan(0.85);
});

it("lets maximin give each side a seat, where plurality gives the majority both", () => {
  const statements = statementOf();
  const choices = rows<{ rule: string; chosen: string[] }>("choices.jsonl");
  const wantedBy = (name: string): string[] =>
    choices
      .find(({ rule }) => rule === name)!
      .chosen.map((id) => /^(?:Do not help|Help)(?= with)/.exec(statements.get(id)!)?.[0] ?? "length")
      .sort();
  expect([wantedBy("plurality"), wantedBy("maximin")]).toEqual([
    ["Do not help", "Do not help"],
    ["Do not help", "Help"],
  ]);
});
