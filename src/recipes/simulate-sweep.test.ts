// Sweeps over scripted simulations: a cell is what its own command makes, however many run side by side and however often
// the sweep was interrupted; one run that fails leaves the others alone; what is wrong is told before anything begins.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InterruptedError, UserError } from "../core/index.ts";
import { experimentRowSchema, type GroupFigure, groupFigureSchema, type RunEvent } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { cellsOf, runsOf, sweepSchema } from "./settings/sweep-settings.ts";
import { recipe as contractRecipe } from "./simulate-contract.ts";
import { recipe as gamesRecipe } from "./simulate-games.ts";
import { recipe } from "./simulate-sweep.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-sweep-"));
afterAll(() => rmSync(folder, { recursive: true }));

const script = `scripted:${fileURLToPath(new URL("../../examples/contract-script.yaml", import.meta.url))}`;

const games = {
  command: "games",
  settings: { repetitions: 2, iterations: 2, interactions: 4, heldOut: { currencies: [] } },
  grid: { groups: [["fair"], ["selfish"]], "amounts.most": [20] },
  seeds: [3, 4],
} as const;

const contract = {
  command: "contract",
  settings: { model: script, runs: 2, turns: 1, "roles.meta": { temperature: 0 } },
  grid: { cast: { north: { users: ["amina", "dale", "kamala", "tove"] }, south: { users: 4 } } },
  repetitions: 2,
} as const;

const given = (out: string, changes: object) => recipe.schema.parse({ out: join(folder, out), ...changes });
const sweep = (out: string, changes: object) => recipe.run(given(out, changes), contextFor());

/** All files that equal runs share, with what is in them but for times. */
const contentOf = (path: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, encoding: "utf8" })
      .sort()
      .filter(
        (name) => /\.[a-z]+$/.test(name) && !/events\.jsonl$|(^|\/)manifest\.json$|(^|\/)calls\//.test(name),
      )
      .map((name) => [name, readFileSync(join(path, name), "utf8").replaceAll(/"seconds": .*/g, "")]),
  );

/** The most runs of a sweep that were at work at the same look at the clock, by their first and last events. */
const mostAtOnce = (out: string): number => {
  const cells = join(folder, out, "cells");
  const spans = readdirSync(cells, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("events.jsonl"))
    .map((name) => readFileSync(join(cells, name), "utf8").trim().split("\n"))
    .map((lines) => [lines[0]!, lines.at(-1)!].map((line) => JSON.parse(line).time as number));
  return Math.max(...spans.map(([at]) => spans.filter(([from, to]) => from! <= at! && at! < to!).length));
};

describe("the cells of a grid", () => {
  const cells = (grid: object, settings: object = {}) => cellsOf(sweepSchema.parse({ grid, settings }));

  it("are all combinations, with settings at their paths over those of all cells", () => {
    const found = cells(
      { "a.b": [1, 2], pair: { one: { c: "x", "a.d": 5 }, two: {} } },
      { a: { b: 0, e: 9 }, prices: { "gpt-4.1": { input: 1 } } },
    );
    const prices = { "gpt-4.1": { input: 1 } };
    expect(found.map(({ name, settings }) => [name, settings])).toEqual([
      ["a.b-1_pair-one", { a: { b: 1, e: 9, d: 5 }, prices, c: "x" }],
      ["a.b-1_pair-two", { a: { b: 1, e: 9 }, prices }],
      ["a.b-2_pair-one", { a: { b: 2, e: 9, d: 5 }, prices, c: "x" }],
      ["a.b-2_pair-two", { a: { b: 2, e: 9 }, prices }],
    ]);
  });

  it("have names that do not depend on their neighbours, and never two the same", () => {
    const name = (value: unknown, others: unknown[]) => cells({ x: [...others, value] }).at(-1)!.name;
    for (const value of ["A b", "a/b", "../..", "é", "x".repeat(200), ["a", "b"], { a: 1 }])
      expect(name(value, [])).toBe(name(value, [1, "z"]));
    const names = cells({ x: ["a b", "a-b", "A-b", "a/b", "a  b"] }).map((cell) => cell.name);
    expect(new Set(names.map((one) => one.toLowerCase())).size).toBe(5);
    for (const one of names) expect(one).toMatch(/^[a-z0-9._+-]+$/);
  });

  it("run with every seed and repetition, the first of which has the seed itself", () => {
    const runs = runsOf(sweepSchema.parse({ grid: { x: [1, 2] }, seeds: [5, 6], repetitions: 2 }));
    expect(runs.map(({ folder: place }) => place).slice(0, 4)).toEqual([
      "cells/x-1/seed-5",
      "cells/x-1/seed-5-repetition-2",
      "cells/x-1/seed-6",
      "cells/x-1/seed-6-repetition-2",
    ]);
    expect(runs.filter(({ repetition }) => repetition === 1).map(({ seed }) => seed)).toEqual([5, 6, 5, 6]);
    expect(new Set(runs.slice(0, 4).map(({ seed }) => seed)).size).toBe(4);
  });

  it.each([
    [{ grid: { x: [1, 1] } }, "twice"],
    [{ seeds: [1, 1] }, "twice"],
    [{ grid: { seed: [1, 2] } }, "seeds: [0, 1, 2]"],
    [{ settings: { out: "x" } }, "sweep's folder"],
  ])("are refused where they mean nothing: %j", (wrong, told) => {
    expect(() => runsOf(sweepSchema.parse(wrong))).toThrow(told);
  });
});

describe("a sweep", () => {
  beforeAll(async () => {
    await sweep("games", { ...games, parallel: 4 });
    await sweep("contract", { ...contract, parallel: 3 });
  });

  it("leaves in every cell what its own command leaves", async () => {
    const settings = { ...games.settings, groups: ["selfish"], amounts: { most: 20 }, seed: 4 };
    await gamesRecipe.run(
      gamesRecipe.schema.parse({ ...settings, out: join(folder, "alone") }),
      contextFor(),
    );
    const cell = join(folder, "games/cells/groups-selfish_amounts.most-20/seed-4");
    expect(contentOf(cell)).toEqual(contentOf(join(folder, "alone")));
    const { model, runs, turns } = contract.settings;
    const own = { model, runs, turns, users: 4, roles: { meta: { temperature: 0 } }, seed: 0 };
    await contractRecipe.run(
      contractRecipe.schema.parse({ ...own, out: join(folder, "alone-contract") }),
      contextFor(),
    );
    expect(contentOf(join(folder, "contract/cells/cast-south/seed-0"))).toEqual(
      contentOf(join(folder, "alone-contract")),
    );
  });

  it("is the same one by one as side by side", async () => {
    await sweep("one-by-one", { ...games, parallel: 1 });
    expect(contentOf(join(folder, "one-by-one"))).toEqual(contentOf(join(folder, "games")));
    expect([mostAtOnce("one-by-one"), mostAtOnce("contract"), mostAtOnce("games")]).toEqual([1, 3, 4]);
  });

  it.each([
    ["a run that begins", (event: RunEvent) => event.type === "stage-progress" && event.done === 1],
    ["the last run", (event: RunEvent) => event.type === "stage-progress" && event.done === 3],
    ["the table of results", (event: RunEvent) => event.type === "stage-start" && event.stage === "results"],
  ])("interrupted at %s goes on to the same bytes, and repeats no finished run", async (at, isThere) => {
    const out = `broken-${at.replaceAll(" ", "-")}`;
    const config = given(out, { ...games, parallel: 2 });
    const broken = contextFor((event, stop) => {
      if (isThere(event)) stop();
    });
    await expect(recipe.run(config, broken)).rejects.toThrow(InterruptedError);
    const cells = join(folder, out, "cells");
    const finished = readdirSync(cells, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith("manifest.json"))
      .map((name) => join(cells, name.replace("manifest.json", "events.jsonl")));
    const before = finished.map((path) => readFileSync(path, "utf8"));
    await recipe.run(config, contextFor());
    expect(finished.map((path) => readFileSync(path, "utf8"))).toEqual(before);
    expect(contentOf(join(folder, out))).toEqual(contentOf(join(folder, "games")));
  });

  it("has every figure of every run in its table, and means of groups over them", async () => {
    const rows = await readRecords(join(folder, "games/results/results.jsonl"), experimentRowSchema);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    const groups = await readRecords(join(folder, "games/results/groups.jsonl"), groupFigureSchema);
    const one = groups.find(
      ({ group, step, user, metric }) =>
        group === "selfish, amounts.most 20" && step === 2 && user === "flexible" && metric === "given",
    )!;
    const own = rows.filter(
      ({ cell, step, user, metric }) =>
        cell === "groups-selfish_amounts.most-20" && step === 2 && user === "flexible" && metric === "given",
    );
    // in a repetition in which no flexible player proposes, none gives
    expect(own.length).toBeGreaterThan(1);
    expect([one.n, one.over]).toEqual([own.length, "repetitions"]);
    expect(one.value).toBeCloseTo(own.reduce((sum, { value }) => sum + value, 0) / own.length, 12);
    const csv = readFileSync(join(folder, "games/results/results.csv"), "utf8").trim().split(/\r?\n/);
    expect(csv).toHaveLength(1 + rows.length);
    expect(csv[0]).toBe("cell,seed,repetition,experiment,trial,step,user,persona,metric,statistic,value");
  });

  it("takes simulations, not users, as what a contract's means are of", async () => {
    const groups = await readRecords(join(folder, "contract/results/groups.jsonl"), groupFigureSchema);
    const all = (figure: GroupFigure): boolean =>
      figure.user === "all" && figure.metric === "own.satisfaction";
    expect(groups.filter(all).map(({ group, step, n, over }) => [group, step, n, over])).toEqual([
      ["north", 1, 2, "simulations"],
      ["north", 2, 2, "simulations"],
      ["south", 1, 2, "simulations"],
      ["south", 2, 2, "simulations"],
    ]);
    const page = readFileSync(join(folder, "contract/experiment.html"), "utf8");
    expect(page).toContain("The constitutions that runs ended with");
    expect(existsSync(join(folder, "contract/charts/similarity.svg"))).toBe(true);
  });

  it("adds up in a dry run what all its runs would ask, and leaves out what is there", async () => {
    const plan = await recipe.plan(given("not-there", contract), contextFor());
    const calls = plan.steps.reduce((sum, step) => sum + step.calls, 0);
    const alone = await contractRecipe.plan(
      contractRecipe.schema.parse({ out: join(folder, "x"), model: script, runs: 2, turns: 1 }),
      contextFor(),
    );
    expect(calls).toBe(4 * alone.steps.reduce((sum, step) => sum + step.calls, 0));
    expect(plan.steps.at(-1)!.what).toBe("2 cells, 4 runs");
    expect(existsSync(join(folder, "not-there"))).toBe(false);
    const rest = await recipe.plan(given("contract", contract), contextFor());
    expect(rest.steps.reduce((sum, step) => sum + step.calls, 0)).toBe(0);
  });

  it("names settings of its runs by the keys that they have in the sweep", async () => {
    const model = "http://127.0.0.1:9/v1#none";
    const plan = await recipe.plan(
      given("not-there", {
        command: "contract",
        settings: { model, runs: 1, turns: 1, budget: { calls: 1 } },
      }),
      contextFor(),
    );
    expect(plan.notices!.map(({ text }) => text).join("\n")).toContain(
      "with a larger settings.budget.calls.",
    );
    expect(plan.settingsUnder).toBe("settings.");
  });
});

describe("a sweep of which a run fails", () => {
  const broken = join(folder, "broken-script.yaml");
  const failing = {
    command: "contract",
    settings: { runs: 1, turns: 1, users: 4 },
    grid: { model: [script, `scripted:${broken}`] },
  };

  it("tells which, keeps the others, and tries again only what failed", async () => {
    writeFileSync(broken, 'rules: [{reply: "nothing that could be read"}]');
    const thrown = await sweep("failing", failing).catch((one: unknown) => one);
    expect(thrown).not.toBeInstanceOf(UserError);
    expect(String(thrown)).toMatch(/1 run of 2 failed:\n.*broken-script.*wrote nothing that could be read/s);
    const rows = await readRecords(join(folder, "failing/results/results.jsonl"), experimentRowSchema);
    expect(new Set(rows.map(({ cell }) => cell)).size).toBe(1);
    expect(readFileSync(join(folder, "failing/experiment.html"), "utf8")).toContain("What is missing");
    expect(existsSync(join(folder, "failing/manifest.json"))).toBe(false);
    await expect(sweep("failing", failing)).rejects.toThrow("1 run of 2 failed");
  });

  it("says which run stands in the way when what its settings name has changed since", async () => {
    const personas = join(folder, "personas.yaml");
    const people = ["a", "b", "c", "d"].map((id) => `- {id: ${id}, name: ${id}, description: Somebody.}`);
    writeFileSync(personas, people.join("\n"));
    const named = { command: "contract", settings: { model: script, runs: 1, turns: 1, personas } };
    await sweep("changed", named);
    writeFileSync(personas, `${people.join("\n")}\n- {id: e, name: e, description: Somebody.}`);
    await expect(sweep("changed", named)).rejects.toThrow(/Cell all.*its content has changed/s);
  });
});

describe("wrong settings of cells", () => {
  it.each([
    [{ command: "games", settings: { nonsense: 1 } }, /cell all.*nonsense/s],
    [{ command: "games", grid: { groups: [["fair"], ["kind"]] } }, /cell groups-kind/],
    [{ command: "games", grid: { flexible: [0.1] } }, /cell flexible-0.1/],
    [{ command: "contract", settings: { model: script, users: 400 } }, /Cell all.*400/s],
    [{ command: "contract", settings: { model: "scripted:nowhere.yaml" } }, /Cell all.*nowhere/s],
  ])("are told with the cell before anything begins: %j", async (wrong, told) => {
    const refused = sweep("refused", wrong);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(told);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });
});
