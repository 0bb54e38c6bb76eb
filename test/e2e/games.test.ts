// `covenant simulate games` as people run it: by scripts in a moment, by a model with everything told that could not be
// read, killed in the middle of a file, and refused where settings mean nothing together.

import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { contentHashOf, covenant, expectStatus, makeFolder } from "./command.fixture.ts";

const { folder, remove } = makeFolder("games");
afterAll(remove);

type Document = {
  readonly figures: readonly {
    readonly experiment: string;
    readonly iteration: number;
    readonly measure: string;
    readonly who: string;
    readonly value: number;
    readonly low: number;
    readonly high: number;
    readonly n: number;
  }[];
  readonly probes: readonly { readonly heldOut: boolean; readonly value: number | null }[];
  readonly moves: { readonly made: number; readonly unparseable: number; readonly missing: number };
};

const simulate = async (out: string, ...words: readonly string[]) => {
  const ended = await covenant(["simulate", "games", "--out", out, "--json", "--quiet", ...words], folder);
  return JSON.parse(expectStatus(ended, 0).stdout) as Document;
};

const lines = (...path: readonly string[]) =>
  readFileSync(join(folder, ...path), "utf8")
    .trim()
    .split("\n");

const few = ["--repetitions", "4", "--iterations", "3"];

const script = `
rules:
  - when: "You decide"
    reply: ["Here, you {fool}:\\nOffer: total 10 dollars, keep 5, give 5", "Offer: total 10 dollars, keep 5, give 6"]
  - when: "Another player splits"
    reply: ["Decision: accept", "I cannot accept this.", "I accept. No: I reject.", ""]
  - when: "You watch"
    reply: ["Reason: they share\\nPrinciple: Share evenly.", "I do not know."]
`;
writeFileSync(join(folder, "script.yaml"), script);
const tens = ["--set", "amounts.least=10", "--set", "amounts.most=10", "--set", "currencies=dollars"];

describe("simulate games", () => {
  it("moves a group's learners to its norm, and leaves games, principles, figures, tables and a page", async () => {
    const { figures, probes, moves } = await simulate("scripted", ...few);
    const given = (experiment: string, who: string) =>
      figures
        .filter((one) => one.measure === "given" && one.experiment === experiment && one.who === who)
        .map(({ value }) => value);
    for (const [experiment, target] of [
      ["altruistic-10", 1],
      ["fair-10", 0.5],
      ["selfish-10", 0.03],
    ] as const) {
      expect(Math.abs(given(experiment, "fixed").at(-1)! - target)).toBeLessThan(0.02);
      expect(Math.abs(given(experiment, "flexible").at(-1)! - target)).toBeLessThan(0.05);
    }
    for (const { value, low, high, n } of figures) {
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
      expect(n).toBeLessThanOrEqual(4);
    }
    expect(moves).toEqual({ made: 3 * 4 * 3 * 20, unparseable: 0, missing: 0 });
    expect(probes.some(({ heldOut }) => heldOut)).toBe(true);
    const games = lines("scripted", "iteration-2", "games.jsonl").map((line) => JSON.parse(line));
    const ids = new Set(
      lines("scripted", "iteration-1", "principles.jsonl").map((line) => JSON.parse(line).id),
    );
    for (const { parents, kind } of games)
      expect(
        parents.every((parent: string) => ids.has(parent)) && (parents.length === 0) === (kind === "fixed"),
      ).toBe(true);
    expect(lines("scripted", "figures", "moves.csv")).toHaveLength(1 + moves.made);
    expect(lines("scripted", "figures", "figures.csv")).toHaveLength(1 + figures.length);
    const page = readFileSync(join(folder, "scripted", "experiment.html"), "utf8");
    // shares and income, wide and for phones; nobody refused anything
    expect(page.match(/<svg/g)).toHaveLength(4);
    expect(page.replaceAll(/"\$schema":"[^"]*"/g, "")).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect(readdirSync(join(folder, "scripted", "charts")).sort()).toEqual([
      ...["income.svg", "income.vl.json", "share-given.svg", "share-given.vl.json", "stage.json"],
    ]);
  });

  it.each([
    ["one policy, where nine seats in ten learn", "altruistic,fair,selfish", "0.9", "6", [1, 0.5, 0.025]],
    ["a mixture of two", "altruistic:80+selfish:20,altruistic:20+selfish:80", "0.1", "4", [0.87, 0.13]],
  ])("moves learners to the norm of %s", async (name, groups, flexible, iterations, shares) => {
    const words = ["--groups", groups, "--flexible", flexible, "--iterations", iterations];
    const sizes = ["--repetitions", "6", "--set", "heldOut.currencies=[]"];
    const { figures } = await simulate(name.replaceAll(" ", "-"), ...words, ...sizes);
    const percent = Number(flexible) * 100;
    for (const [at, group] of groups.split(",").entries())
      for (const who of ["fixed", "flexible"]) {
        const given = figures
          .filter((one) => one.measure === "given" && one.experiment === `${group}-${percent}`)
          .filter((one) => one.who === who)
          .map(({ value }) => value);
        expect(given).toHaveLength(Number(iterations));
        expect(Math.abs(given.at(-1)! - shares[at]!), `${group} ${who}`).toBeLessThan(0.05);
        if (who === "flexible" && group !== "fair")
          expect(Math.abs(given[0]! - shares[at]!), group).toBeGreaterThan(0.2);
      }
  });

  it("says in the terminal what came of it", async () => {
    const { stdout } = expectStatus(
      await covenant(["simulate", "games", "--out", "scripted", ...few], folder),
      0,
    );
    expect(stdout).toMatch(/fair-10 +fixed +0\.50 +0\.50 +0\.50 +\[0\.50, 0\.50\]/);
    expect(stdout).toMatch(/Every offer was accepted\./);
    expect(stdout).toMatch(/720 moves: all of them legal\./);
  });

  it("goes on after a kill in the middle of any file, with the same bytes", async () => {
    const hash = contentHashOf(join(folder, "scripted"));
    const cut = async (stage: string, file: string, bytes: number): Promise<void> => {
      const stages = readdirSync(join(folder, "scripted")).filter((name) =>
        /^(iteration|held-out|figures)/.test(name),
      );
      for (const name of stages.filter((one) => one > stage || one === "held-out" || one === "figures"))
        rmSync(join(folder, "scripted", name), { recursive: true });
      const { inputs } = JSON.parse(lines("scripted", stage, "stage.json").join("\n"));
      writeFileSync(join(folder, "scripted", stage, ".inputs"), `${inputs}\n`);
      rmSync(join(folder, "scripted", stage, "stage.json"));
      truncateSync(join(folder, "scripted", stage, file), bytes);
      rmSync(join(folder, "scripted", "manifest.json"));
    };
    await cut("iteration-2", "principles.jsonl", 2000);
    await simulate("scripted", ...few);
    expect(contentHashOf(join(folder, "scripted"))).toBe(hash);
    await cut("iteration-1", "games.jsonl", 20_000);
    rmSync(join(folder, "scripted", "iteration-1", "principles.jsonl"));
    await simulate("scripted", ...few);
    expect(contentHashOf(join(folder, "scripted"))).toBe(hash);
  });

  it("lets a model move and learn, and counts what could not be read or did not come", async () => {
    const words = [
      "--model",
      "scripted:script.yaml",
      "--groups",
      "fair/rude",
      "--set",
      "heldOut.currencies=[]",
    ];
    const { moves, figures } = await simulate("model", ...few, ...words, ...tens);
    expect(moves.unparseable).toBeGreaterThan(10);
    expect(moves.missing).toBeGreaterThan(0);
    expect(figures.filter(({ measure, value }) => measure === "given" && value !== 0.5)).toEqual([]);
    const states = lines("model", "iteration-1", "principles.jsonl").map((line) => JSON.parse(line).state);
    expect(new Set(states)).toEqual(new Set(["learned", "unparseable"]));
    const { stdout } = expectStatus(
      await covenant(["simulate", "games", "--out", "model", ...few, ...words, ...tens], folder),
      0,
    );
    expect(stdout).toMatch(
      /that could not be read and \d+ that never came; those games pay nobody, and what/,
    );
    expect(stdout).toMatch(/Asked of models: \d+ calls/);
  });

  it("lets a model that knows the brief wording alone play and learn, things that nobody learned on included", async () => {
    writeFileSync(
      join(folder, "brief.yaml"),
      `
rules:
  - when: "What players did:\\nfixed kept 0 and gave 10 dollars"
    reply: "Principle: Keep nothing for yourself."
  - when: "What players did:"
    reply: "Principle: unchanged"
  - when: "Share 10 dollars with another player"
    reply: "Offer: keep 0, give 10"
  - when: "Share 10 grams of medicine with another player"
    reply: "Offer: keep 0, give 10"
  - when: "Decision: accept, or reject?"
    reply: "Decision: accept"
  - when: "into a pot"
    reply: "Give: 10"
`,
    );
    const words = [
      ...["--model", "scripted:brief.yaml", "--set", "wording=brief", "--groups", "altruistic", ...tens],
      ...["--repetitions", "2", "--iterations", "2"],
    ];
    const { moves, figures, probes } = await simulate("brief", ...words);
    expect(moves).toEqual({ made: 2 * 2 * 20, unparseable: 0, missing: 0 });
    expect(figures.filter(({ measure }) => measure === "given").every(({ value }) => value === 1)).toBe(true);
    expect(probes.filter(({ heldOut }) => heldOut).map(({ value }) => value)).toEqual([1, 1]);
    const principles = lines("brief", "iteration-1", "principles.jsonl").map((line) => JSON.parse(line));
    for (const { state, principle } of principles)
      expect([state, principle.text]).toEqual(["learned", "Keep nothing for yourself."]);
    const { stdout } = expectStatus(
      await covenant(["simulate", "games", "--out", "brief", ...words], folder),
      0,
    );
    expect(stdout).toMatch(/as the sandbox reads them\naltruistic-10 +altruistic 2\n/);
    const pots = await simulate("brief-pots", ...words, "--game", "public-goods", "--flexible", "0.9");
    expect(pots.moves).toEqual({ made: 2 * 2 * 40, unparseable: 0, missing: 0 });
  });

  it("lets a model trade for the flexible side, and learn a strategy", async () => {
    const trades = `
rules:
  - when: "You are the buyer"
    reply: "Pick: item B"
  - when: "You are the seller"
    reply: "Prices: item A 5, item B 5"
  - when: "You advise the buyer"
    reply: "Reason: the seller raises what was picked\\nPrinciple: Pick first what you want less."
  - when: "You advise the seller"
    reply: "Principle: unchanged"
`;
    writeFileSync(join(folder, "trades.yaml"), trades);
    const few = ["--repetitions", "2", "--iterations", "2", "--game", "buyer-seller"];
    const matches = ["--set", "trade.matches=flexiblev1,2vflexible"];
    const { moves } = await simulate("model-trade", ...few, ...matches, "--model", "scripted:trades.yaml");
    expect(moves).toMatchObject({ unparseable: 0, missing: 0 });
    type Played = { moves: { state: string; text?: string; move: { item?: number; prices?: number[] } }[] };
    const games = lines("model-trade", "iteration-1", "games.jsonl").map(
      (line) => JSON.parse(line) as Played,
    );
    const said = games.flatMap((one) => one.moves.filter(({ text }) => text !== undefined && text !== ""));
    expect(new Set(said.map(({ text }) => text))).toEqual(
      new Set(["Pick: item B", "Prices: item A 5, item B 5"]),
    );
    for (const { move } of said)
      expect(move.item ?? move.prices).toEqual(move.item === undefined ? [5, 5] : 1);
    const learned = lines("model-trade", "iteration-2", "principles.jsonl").map((line) => JSON.parse(line));
    for (const { state } of learned) expect(["kept", "learned"]).toContain(state);
    expect(learned.map(({ principle }) => principle.text)).toContain("Pick first what you want less.");
  });

  it("plays trades and pots", async () => {
    const { figures } = await simulate("trade", ...few, "--game", "buyer-seller");
    const points = (experiment: string, who: string) =>
      figures.find(
        (one) =>
          one.experiment === experiment && one.who === who && one.iteration === 3 && one.measure === "income",
      )?.value;
    expect([points("2vflexible", "buyer"), points("2vflexible", "seller")]).toEqual([3, 6]);
    const pots = await simulate("pots", ...few, "--game", "public-goods", "--groups", "altruistic");
    expect(
      pots.figures.find(
        ({ measure, who, iteration }) => measure === "given" && who === "flexible" && iteration === 3,
      )?.value,
    ).toBeGreaterThan(0.95);
  });

  it.each([
    [["--groups", "fiar"], "expected a policy"],
    [["--flexible", "0.02"], "of the 20 seats of an iteration that is nobody"],
    [["--groups", "fair,fair"], "Two experiments would be called fair-10"],
    [["--set", "questions=1"], "no model is named"],
    [["--set", "amounts.least=50", "--set", "amounts.most=20"], "expected the least not above the most"],
    [["--set", "heldOut.currencies=dollars"], "which is among the currencies that are learned on"],
    [["--set", "resources=4"], "Name more of them"],
    [["--game", "buyer-seller", "--set", "trade.matches=flexiblevflexible"], "expected a level on one side"],
    [["--model", "embedded:covenant-tiny"], "--config configs/simulate/games/tiny.yaml"],
  ])("refuses %j, and leaves no folder", async (words, text) => {
    const ended = await covenant(["simulate", "games", "--out", "refused", ...words], folder);
    expect([ended.status, ended.stderr]).toEqual([2, expect.stringContaining(text)]);
    expect(readdirSync(folder)).not.toContain("refused");
  });

  it("says beforehand what a model would be asked, at most", async () => {
    const words = [
      "simulate",
      "games",
      "--model",
      "scripted:script.yaml",
      "--groups",
      "fair",
      ...few,
      ...tens,
      "--dry-run",
      "--json",
    ];
    const { stdout } = expectStatus(await covenant([...words, "--out", "planned"], folder), 0);
    const { steps } = JSON.parse(stdout) as { steps: { stage: string; calls: number }[] };
    const calls = Object.fromEntries(steps.map(({ stage, calls: many }) => [stage, many]));
    expect(calls).toEqual({ games: 4 * 3 * 20, principles: 12, "held-out": 4 * 2 * 2, figures: 0 });
    expect(readdirSync(folder)).not.toContain("planned");
  });
});
