// Votes in sweeps, and what the oracle measured in the table of a sweep: every rule's figures are those of the vote's own records,
// rounds are steps, what was decided comes first, and true satisfaction stands under the names of the commands' own summaries.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseYaml } from "../core/index.ts";
import {
  choiceRecordSchema,
  decidedRecordSchema,
  type ExperimentRow,
  experimentRowSchema,
  groupFigureSchema,
} from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { ruleNames } from "../simulation/index.ts";
import { recipe as combineRecipe } from "./simulate-combine.ts";
import { recipe as sweepRecipe } from "./simulate-sweep.ts";
import { example, makeVotes, type Rule, run } from "./simulate-vote.fixture.ts";
import type { Satisfaction } from "./stages/satisfaction.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const { folder, remove, given, script, contentOf } = makeVotes();
afterAll(remove);

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const users = ["amina", "dale", "kamala", "tove"];

const sweep = (out: string, changes: object) =>
  sweepRecipe.run(sweepRecipe.schema.parse({ out: join(folder, out), ...changes }), contextFor());
const rowsOf = (out: string) => readRecords(join(folder, out, "results/results.jsonl"), experimentRowSchema);
const groupsOf = (out: string) => readRecords(join(folder, out, "results/groups.jsonl"), groupFigureSchema);

type Wanted = Partial<Pick<ExperimentRow, "experiment" | "step" | "user" | "metric" | "statistic">>;
const valuesOf = (rows: readonly ExperimentRow[], wanted: Wanted): number[] =>
  rows
    .filter((row) => Object.entries(wanted).every(([name, value]) => row[name as keyof Wanted] === value))
    .map(({ value }) => value);

describe("a sweep over votes", () => {
  let lines: readonly string[];
  beforeAll(async () => {
    const settings = { model: `scripted:${example}`, users, seats: 2, rounds: 1 };
    const grid = { rule: ["plurality", "maximin"] };
    ({ lines } = await sweep("votes", { command: "vote", settings, grid, seeds: [1, 2] }));
  });
  const cell = (rule: string, seed: number): string => join("votes", `cells/rule-${rule}/seed-${seed}`);

  it("leaves in every cell what its own command leaves", async () => {
    await run(given("alone", { rule: "maximin", rounds: 1, seed: 2 }));
    expect(contentOf(cell("maximin", 2))).toEqual(contentOf("alone"));
  });

  it("has what each rule's choice is worth in its table, and what holds after the vote and each round", async () => {
    const all = await rowsOf("votes");
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const rows = all.filter((row) => row.cell === "rule-maximin" && row.seed === 2);
    const place = join(folder, cell("maximin", 2));
    const choices = await readRecords(join(place, "votes/choices.jsonl"), choiceRecordSchema);
    for (const { rule, welfare, leftOut, chosen } of choices) {
      const of = (metric: string, user = "all") =>
        valuesOf(rows, { experiment: rule, step: 1, user, metric, statistic: "mean" });
      expect(of("utilitarian")).toEqual([welfare!.utilitarian]);
      expect(of("nash")).toEqual(welfare!.nash === null ? [] : [welfare!.nash]);
      expect(of("rawlsian")).toEqual([welfare!.rawlsian]);
      expect(of("leftOut")).toEqual([leftOut.length]);
      expect(of("principles")).toEqual([chosen.length]);
      for (const { voter, utility } of welfare!.users) expect(of("utilitarian", voter)).toEqual([utility]);
    }
    for (const [before, stage] of ["votes", "opening", "round-1"].entries()) {
      const decided = { experiment: "decided", step: before + 1, user: "all" };
      const own = await readRecords(join(place, stage, "choices.jsonl"), choiceRecordSchema);
      const [document] = await readRecords(join(place, stage, "decided.jsonl"), decidedRecordSchema);
      // support of documents is another measure than that of single principles
      const [metric, other] = ["utilitarian", "document.utilitarian"];
      expect(valuesOf(rows, { ...decided, metric: before === 0 ? metric : other })).toEqual([
        own.find(({ decides }) => decides)!.welfare!.utilitarian,
      ]);
      expect(valuesOf(rows, { ...decided, metric: before === 0 ? other : metric })).toEqual([]);
      expect(valuesOf(rows, { ...decided, metric: "principles" })).toEqual([
        document!.document.principles.length,
      ]);
    }
    const asked = { experiment: "decided", step: 1, metric: "support" };
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const missing = sum(valuesOf(rows, { ...asked, statistic: "missing" }));
    expect(missing).toBeGreaterThan(0);
    const [candidates] = valuesOf(rows, { experiment: "decided", step: 1, metric: "candidates" });
    expect(sum(valuesOf(rows, { ...asked, statistic: "n" })) + missing).toBe(4 * candidates!);
  });

  it("compares cells by what they decided, first of all, and has a group for every rule in each", async () => {
    const groups = await groupsOf("votes");
    expect([...new Set(groups.map(({ group }) => group))]).toEqual(
      ["plurality", "maximin"]
        .map((rule) => `${rule} · decided`)
        .concat(["plurality", "maximin"].flatMap((cell) => ruleNames.map((rule) => `${cell} · ${rule}`))),
    );
    expect(groups.find(({ metric, user }) => metric === "rawlsian" && user === "all")).toMatchObject({
      ...{ over: "simulations", n: 2, experiment: "decided" },
    });
    for (const { metric, low, high } of groups)
      if (/utilitarian|rawlsian/.test(metric) && low !== null) {
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(10);
      }
    const text = lines.join("\n");
    expect(text).toMatch(/^maximin · decided +utilitarian +\d/m);
    expect(text).not.toContain("maximin · borda");
    expect(text).toContain(`and ${2 * ruleNames.length} more groups in groups.csv`);
    const page = readFileSync(join(folder, "votes/experiment.html"), "utf8");
    expect(page).toContain("Support of the chosen principles, worst-off user, at the end");
    expect(page).toContain("Support of the whole document, by stage");
    expect(page).toContain("The constitutions that runs ended with");
  });

  it("can be joined with single votes, whose intervals are over users", async () => {
    await run(given("other", { seed: 3 }));
    const config = { out: join(folder, "joined"), folders: [join(folder, "votes"), join(folder, "other")] };
    const joined = await combineRecipe.run(combineRecipe.schema.parse(config), contextFor());
    expect(joined.lines.join("\n")).toMatch(/^votes: maximin · decided +utilitarian/m);
    const groups = await groupsOf("joined");
    const own = groups.find(
      ({ group, metric, user }) => group === "other · borda" && metric === "utilitarian" && user === "all",
    );
    expect([own!.over, own!.n]).toEqual(["users", 4]);
  });
});

/** Every figure of a command's own summary stands in the table, users' means among them. */
const expectSatisfaction = (rows: readonly ExperimentRow[], place: Wanted, wanted: Satisfaction): void => {
  expect(valuesOf(rows, { ...place, user: "all", metric: "satisfaction" })[0]).toBeCloseTo(wanted.value!, 9);
  expect(valuesOf(rows, { ...place, metric: "satisfaction.worst" })[0]).toBeCloseTo(wanted.worst!.value, 9);
  for (const [user, value] of Object.entries(wanted.users))
    expect(valuesOf(rows, { ...place, user, metric: "satisfaction" })[0]).toBeCloseTo(value, 9);
};

const summaryOf = (cell: string) =>
  (
    JSON.parse(readFileSync(join(folder, cell, "metrics.json"), "utf8")) as {
      satisfaction: Record<string, Satisfaction>;
    }
  ).satisfaction;

describe("what the oracle measured", () => {
  it("is in the table of a sweep over votes, by rule, without principles, and of what was decided", async () => {
    const rules: readonly Rule[] = [
      { when: "Write the principles anew.", reply: "principles:\n1. Protect peace. [1]" },
      { when: "feedback: what should change?", reply: "support: 3\nfeedback: Be discreet." },
      { when: "Rate the principles:", reply: ["support: 3", "support: 8", "support: 10"] },
      {
        when: "Which principle should",
        reply: ["Protect privacy.", "Keep it short.", "Tell every step.", "Protect peace."],
      },
    ];
    const settings = {
      ...{ model: script("brief.yaml", ...rules), wording: "brief", personas: "sandbox", users: 4 },
      ...{ seats: 2, rounds: 1, drafts: 2, sandbox: { requests: 5 } },
    };
    await sweep("measured", { command: "vote", settings, seeds: [1, 2] });
    const rows = (await rowsOf("measured")).filter(({ seed }) => seed === 2);
    const { rounds, ...summary } = summaryOf("measured/cells/all/seed-2");
    expect(Object.keys(summary)).toContain("none");
    for (const [experiment, one] of Object.entries(summary))
      expectSatisfaction(rows, { experiment, step: 1 }, one);
    expectSatisfaction(rows, { experiment: "decided", step: 1 }, summary["maximin"]!);
    expectSatisfaction(rows, { experiment: "decided", step: 3 }, rounds!);
    const groups = await groupsOf("measured");
    const found = groups.filter(({ metric, user }) => metric === "satisfaction" && user === "all");
    for (const { over, n } of found) expect([over, n]).toEqual(["simulations", 2]);
    expect(readFileSync(join(folder, "measured/experiment.html"), "utf8")).toContain(
      "True satisfaction of the worst-off user, at the end",
    );
  });

  it("is in the table of a sweep over contracts, by constitution", async () => {
    const file = at("configs/simulate/contract/tiny.yaml");
    const { out: _, ...tiny } = parseYaml(readFileSync(file, "utf8"), { file }) as Record<string, unknown>;
    const settings = {
      ...{
        ...tiny,
        model: `scripted:${at("examples/contract-brief-script.yaml")}`,
        sandbox: { requests: 5 },
      },
      ...{ runs: 2, users: 3, assistants: 3 },
    };
    const { lines } = await sweep("contracts", { command: "contract", settings, seeds: [1, 2] });
    const rows = (await rowsOf("contracts")).filter(({ seed }) => seed === 1);
    for (const [experiment, one] of Object.entries(summaryOf("contracts/cells/all/seed-1")))
      expectSatisfaction(rows, { experiment, step: 2 }, one);
    expect(lines.join("\n")).toMatch(/^blank +satisfaction +\d/m);
    const page = readFileSync(join(folder, "contracts/experiment.html"), "utf8");
    expect(page).toContain("True satisfaction, at the end");
    expect(page).not.toContain("True satisfaction, by run");
  });
});
