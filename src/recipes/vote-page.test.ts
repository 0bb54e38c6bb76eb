// The page, charts and tables of a vote are held to the records that its stages left: every figure is worked out anew from the
// lines of the files.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeVotes, run } from "./simulate-vote.fixture.ts";
import { intervalOf, linesOf, meanOf, readPage, written } from "./summaries/made-page.fixture.ts";

const { folder, remove, given } = makeVotes();
afterAll(remove);

const scale = [0, 10] as const;
const seats = ["user-1", "user-2", "user-3", "user-4"];

type Candidate = { readonly candidate: string; readonly statements: readonly string[] };
type Support = {
  readonly user: string;
  readonly candidate: string;
  readonly support: number | null;
  readonly missing?: string;
};
type Choice = {
  readonly rule: string;
  readonly decides: boolean;
  readonly chosen: readonly string[];
  readonly welfare: { readonly rawlsian: number } | null;
  readonly leftOut: readonly string[];
};

describe("a vote", () => {
  const file = (...path: readonly string[]): string => join(folder, "whole", ...path);
  const rowsOf = <Row>(stage: string, name: string): Row[] => linesOf<Row>(file(stage, `${name}.jsonl`));
  let page: ReturnType<typeof readPage>;
  let candidates: Candidate[];
  let support: Support[];
  let choices: Choice[];
  const numberOf = (user: string, candidate: string, rows = support): number | null =>
    rows.find((one) => one.user === user && one.candidate === candidate)!.support;
  const givenFor = (candidate: string, rows = support): number[] =>
    seats.flatMap((user) => numberOf(user, candidate, rows) ?? []);
  /** What stands for a number that a user did not give: the mean of the own others. */
  const countsAs = (user: string, candidate: string): number =>
    numberOf(user, candidate) ??
    meanOf(support.filter((one) => one.user === user).flatMap((one) => one.support ?? []));
  const meanIn = (candidate: string): number => {
    const own = givenFor(candidate);
    return own.length === 0 ? -1 : meanOf(own);
  };

  beforeAll(async () => {
    await run(given("whole", { rounds: 1 }));
    page = readPage(file());
    candidates = rowsOf("votes", "candidates");
    support = rowsOf("votes", "support");
    choices = rowsOf("votes", "choices");
    expect(support.some((one) => one.support === null)).toBe(true);
    expect(choices.length).toBeGreaterThan(4);
  });

  /** Candidates as the page has them: those that were chosen in their order, then the most supported. */
  const shown = (): Candidate[] => {
    const { chosen } = choices.find(({ decides }) => decides)!;
    const place = ({ candidate }: Candidate): number =>
      chosen.includes(candidate) ? chosen.indexOf(candidate) : chosen.length;
    return candidates.toSorted(
      (one, other) => place(one) - place(other) || meanIn(other.candidate) - meanIn(one.candidate),
    );
  };

  it("has the mean support of every candidate with Student's interval, the chosen ones first", () => {
    const { chosen } = choices.find(({ decides }) => decides)!;
    const rows = page.chart("support")!;
    expect(rows).toHaveLength(candidates.length);
    for (const [place, { candidate, statements }] of shown().entries()) {
      const row = rows.find((one) => String(one["tip"]).startsWith(`${place + 1}. ${statements[0]}, `))!;
      const own = givenFor(candidate);
      expect(row["series"]).toBe(chosen.includes(candidate) ? "chosen" : "not chosen");
      expect(row.value).toBeCloseTo(meanOf(own), 9);
      if (own.length < 2) continue;
      const { low, high } = intervalOf(own, scale);
      expect(row.low).toBeCloseTo(low, 3);
      expect(row.high).toBeCloseTo(high, 3);
    }
  });

  it("has every number of every user, and beneath a missing one what it counts as", () => {
    const { chosen } = choices.find(({ decides }) => decides)!;
    const [head, ...rows] = page.table("Who supports what");
    expect(head!.slice(1).map(({ text }) => text.split(",")[0])).toEqual(
      seats.map((seat) => seat.replace("-", " ")),
    );
    expect(rows.map(([name]) => name!.text)).toEqual(
      shown().map(({ statements }, place) => `${place + 1}. ${statements[0]}`),
    );
    for (const [place, { candidate }] of shown().entries()) {
      const [name, ...cells] = rows[place]!;
      expect(name!.note).toBe(chosen.includes(candidate) ? "chosen by maximin" : undefined);
      for (const [at, user] of seats.entries()) {
        const number = numberOf(user, candidate);
        expect(cells[at]).toEqual(
          number === null
            ? { text: "–", note: `counts as ${written(countsAs(user, candidate))}` }
            : { text: written(number) },
        );
      }
    }
  });

  it("has what each rule's set is worth to users, in mean, to the worst-off and by Nash, and whom it leaves out", () => {
    const [head, ...rows] = page.table("What each rule chooses");
    const column = (name: string): number => head!.findIndex(({ text }) => text === name);
    expect(rows).toHaveLength(choices.length);
    expect(column("filled in")).toBeGreaterThan(0);
    const chart = page.chart("rules")!;
    for (const [place, { rule, decides, chosen, leftOut }] of choices.entries()) {
      const worth = seats.map((user) => meanOf(chosen.map((one) => countsAs(user, one))));
      const least = Math.min(...worth);
      const row = rows[place]!;
      const cell = (name: string) => row[column(name)]!.text;
      expect(row[0]).toEqual(decides ? { text: rule, note: "decides" } : { text: rule });
      expect(cell("mean")).toBe(written(meanOf(worth)));
      expect(cell("least")).toBe(written(least));
      expect(cell("Nash")).toBe(
        written(worth.reduce((product, one) => product * one, 1) ** (1 / worth.length)),
      );
      const worst = seats.filter((_, at) => Math.abs(worth[at]! - least) < 1e-9);
      expect(cell("worst-off")).toContain(worst[0]!.replace("-", " "));
      expect(cell("filled in")).toBe(
        String(seats.flatMap((user) => chosen.filter((one) => numberOf(user, one) === null)).length),
      );
      const approves = (user: string, candidate: string): boolean => (numberOf(user, candidate) ?? 0) >= 6;
      const out = seats.filter(
        (user) =>
          candidates.some(({ candidate }) => approves(user, candidate)) &&
          !chosen.some((one) => approves(user, one)),
      );
      expect(leftOut).toEqual(out);
      expect(cell("left out")).toMatch(
        out.length === 0 ? /^nobody$/ : new RegExp(`^${out[0]!.replace("-", " ")}, `),
      );
      const drawn = (series: string) =>
        chart.find((one) => String(one["tip"]).startsWith(`${rule}, ${series}`))!;
      const { value, low, high } = intervalOf(worth, scale);
      expect(drawn("mean of users").value).toBeCloseTo(value, 9);
      expect(drawn("mean of users").low).toBeCloseTo(low, 3);
      expect(drawn("mean of users").high).toBeCloseTo(high, 3);
      expect(drawn("worst-off user").value).toBeCloseTo(least, 9);
    }
  });

  it("has the documents of every round, what stands, and the constitution", () => {
    const [, ...rows] = page.table("What stood for choice");
    const chart = page.chart("documents")!;
    let place = 0;
    for (const [stage, round] of [
      ["opening", "opening"],
      ["round-1", "round 1"],
    ] as const) {
      const own = rowsOf<Support>(stage, "support");
      const [choice] = rowsOf<Choice>(stage, "choices");
      for (const { candidate, statements } of rowsOf<Candidate>(stage, "candidates")) {
        const name = `${round}, ${candidate === "standing" ? "what stood before" : candidate.replace("-", " ")}`;
        const stands = choice!.chosen[0] === candidate;
        const mean = meanOf(givenFor(candidate, own));
        expect(rows[place]).toEqual([
          stands ? { text: name, note: "stands from now on" } : { text: name },
          { text: statements.join(" ") },
          { text: written(mean) },
        ]);
        const row = chart.find((one) => String(one["tip"]).startsWith(`${name}, `))!;
        expect([row["series"], row["n"]]).toEqual([
          stands ? "stands from now on" : "does not",
          givenFor(candidate, own).length,
        ]);
        expect(row.value).toBeCloseTo(mean, 9);
        place++;
      }
    }
    expect(rows).toHaveLength(place);
    const [decided] = rowsOf<{ document: { principles: { title: string }[] } }>("round-1", "decided");
    const titles = decided!.document.principles.map(({ title }) => title);
    expect(page.lists).toEqual([titles]);
    expect(page.headline).toContain(
      `4 simulated people: ${titles.length} principles of ${candidates.length}, by maximin`,
    );
  });

  it("has the same numbers in metrics.json and in its tables", () => {
    type Told = {
      candidates: { candidate: string; mean: number | null; lowest: number | null; lowestOf: string[] }[];
      missing: Record<string, number>;
    };
    const told = JSON.parse(readFileSync(file("metrics.json"), "utf8")) as Told;
    expect(told.candidates.map(({ candidate }) => candidate)).toEqual(
      candidates.map(({ candidate }) => candidate),
    );
    for (const { candidate, mean, lowest, lowestOf } of told.candidates) {
      const own = givenFor(candidate);
      expect(mean).toBeCloseTo(meanOf(own), 9);
      expect(lowest).toBe(Math.min(...own));
      expect(lowestOf).toEqual(seats.filter((user) => numberOf(user, candidate) === lowest));
    }
    const all = ["votes", "opening", "round-1"].flatMap((stage) => rowsOf<Support>(stage, "support"));
    expect(Object.values(told.missing).reduce((sum, count) => sum + count, 0)).toBe(
      all.filter((one) => one.support === null).length,
    );
    const rowsIn = (name: string) =>
      parse(readFileSync(file("tables", name)), { columns: true }) as Record<string, string>[];
    expect(rowsIn("support.csv").map((row) => [row["user"], row["candidate"], row["support"]])).toEqual(
      all.map((one) => [one.user, one.candidate, one.support === null ? "" : String(one.support)]),
    );
    for (const row of rowsIn("welfare.csv").filter(({ stage }) => stage === "votes")) {
      const { chosen } = choices.find(({ rule }) => rule === row["rule"])!;
      expect(Number(row["utility"])).toBeCloseTo(meanOf(chosen.map((one) => countsAs(row["user"]!, one))), 9);
    }
  });
});
