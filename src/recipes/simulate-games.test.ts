// `covenant simulate games` where no seat learns, on scripted models: nobody is asked for a principle, and none is told. And what
// is refused because embedded players were never taught it.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { parseYaml } from "../core/index.ts";
import { gamePrincipleRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import type { gamesSchema } from "./settings/game-settings.ts";
import { recipe } from "./simulate-games.ts";
import type { GameFigures } from "./stages/game-figures.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-games-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Given = z.input<typeof gamesSchema>;

const script = join(folder, "traders.yaml");
writeFileSync(
  script,
  JSON.stringify({
    rules: [
      { when: "You are the buyer", reply: "Pick: item B" },
      { when: "You are the seller", reply: "Prices: item A 5, item B 5" },
      { when: "You advise", reply: "Principle: Pick first what you want less." },
      { when: "You watch", reply: "Principle: Share evenly." },
      { when: "Another player splits", reply: "Decision: accept" },
      { when: "Begin with one line that gives your reason", reply: "Reason: so\nOffer: ten" },
      { when: "you may ask instead", reply: "Question: does it apply here?" },
      { reply: "Offer: total 10 dollars, keep 5, give 5" },
    ],
  }),
);

const given = (out: string, changes: Partial<Given>): Given => ({
  ...{ out: join(folder, out), record: join(folder, `${out}.jsonl`), model: `scripted:${script}` },
  ...{ fixed: "model", repetitions: 2, iterations: 2 },
  ...changes,
});
const trades = (...matches: string[]): Partial<Given> => ({ game: "buyer-seller", trade: { matches } });
const tens = { currencies: ["dollars"], amounts: { least: 10, most: 10 }, groups: ["fair"] };

const run = async (config: Given) => {
  const { lines, document } = await recipe.run(recipe.schema.parse(config), contextFor());
  const page = readFileSync(join(config.out!, "experiment.html"), "utf8");
  return { lines: lines.join("\n"), page, document: document as Partial<GameFigures> };
};
const planned = async (config: Given): Promise<Record<string, number>> => {
  const { steps } = await recipe.plan(recipe.schema.parse(config), contextFor());
  return Object.fromEntries(steps.map(({ stage, calls }) => [stage, calls]));
};
/** How often a recorded model was asked what starts so. */
const askedFor = (out: string, words: string): number =>
  readFileSync(join(folder, `${out}.jsonl`), "utf8")
    .split("\n")
    .filter((line) => line.includes(words)).length;

describe("where no seat is flexible", () => {
  it("nobody is asked for a principle, which is not in the plan, and none is told", async () => {
    const config = given("some", trades("0v1", "2v3", "flexiblev1"));
    expect(await planned(config)).toEqual({ games: 3 * 3 * 4, principles: 4, figures: 0 });
    const { lines, page } = await run(config);
    expect(askedFor("some", "You advise")).toBe(4);
    const rows = await readRecords(
      join(folder, "some/iteration-2/principles.jsonl"),
      gamePrincipleRecordSchema,
    );
    expect(rows.map(({ experiment, state, reason }) => [experiment, state, reason]).slice(1, 4)).toEqual([
      ["0v1", "kept", "nobody learns"],
      ["2v3", "kept", "nobody learns"],
      ["2v3", "kept", "nobody learns"],
    ]);
    const held = lines.split("Principles at the end")[1]!.split("\n\n")[0]!;
    expect(held.split("\n").slice(1)).toEqual(["flexiblev1  Pick first what you want less."]);
    const section = page.split("What they hold to now")[2]!.split("All figures")[0]!;
    expect(section).toContain("flexiblev1");
    expect(section).not.toMatch(/0v1|2v3/);
  });

  it.each<[string, Partial<Given>]>([
    ["trades", trades("0v1")],
    ["splits", { flexible: [0], ...tens }],
  ])("anywhere, in %s, there is no learning at all", async (out, changes) => {
    const config = given(out, changes);
    expect(Object.keys(await planned(config))).toEqual(["games", "figures"]);
    const { lines, page } = await run(config);
    expect(askedFor(out, "You advise") + askedFor(out, "You watch")).toBe(0);
    expect(lines).not.toContain("Principles at the end");
    expect(page).not.toContain("What they hold to now");
  });
});

describe("questions before an offer", () => {
  it("are counted for each thing and way of asking at the end, as they are in play", async () => {
    const asking = { questions: 1, iterations: 1, interactions: 1, flexible: [1], ...tens };
    const heldOut = { currencies: ["apples"], prior: [false], reasons: [false, true] };
    const { document, page, lines } = await run(given("questions", { ...asking, heldOut }));
    const told = document.probes!.map(({ unit, reasons, questions, asked }) => [
      ...[unit, reasons, questions, asked],
    ]);
    expect(told.sort()).toEqual([
      ["apples", false, 1, 2],
      ["apples", true, 0, 2],
      ["dollars", false, 1, 2],
      ["dollars", true, 0, 2],
    ]);
    expect(lines).toMatch(/^fair-100 +flexible +1\.00 /m);
    const rows = page.match(/<tr><th scope="row">fair-100.*(?:asked for|–)<\/td>.*<\/tr>/g)!;
    expect(rows.map((row) => /([\d.]+)<\/td><\/tr>$/.exec(row)![1]).sort()).toEqual([
      ...["0.00", "0.00", "1.00", "1.00"],
    ]);
  });
});

describe("the page", () => {
  it("speaks of deals and points where there is a trade, and not of sharing", async () => {
    const { page } = await run(given("deals", trades("0v1", "flexiblev1")));
    const text = page.replaceAll(/<(script|style|svg)[\s\S]*?<\/\1>/g, "");
    expect(text).toContain("Buyer and seller: 2 matches");
    expect(text).toContain("the seller sets both prices anew");
    expect(text).toContain("points, buyer");
    expect(text).not.toMatch(/\bshares?\b|\bshared\b|\bsharing\b|\boffer|income, /i);
    expect(page).toContain("Points of a trade, by iteration");
  });

  it("speaks of the pot where there is one, and of offers where things are split", async () => {
    const pots = given("pots", {
      game: "public-goods",
      model: undefined,
      fixed: undefined,
      groups: ["fair"],
    });
    const { page, lines } = await run(pots);
    expect(page).toContain("Share put into the pot, by iteration");
    expect(lines).toMatch(/^Share put into the pot: [\s\S]*^Income, in endowments$/m);
    const strict = { strict: true, priors: ["selfish" as const] };
    const splits = given("offers", { model: undefined, fixed: undefined, groups: ["fair"], ...strict });
    const offers = (await run(splits)).page;
    expect(offers).toContain("Share offered, by iteration");
    expect(offers).toContain("Share of offers accepted, by iteration");
  });
});

describe("what most embedded players were not taught", () => {
  const file = fileURLToPath(new URL("../../configs/simulate/games/tiny.yaml", import.meta.url));
  const tiny = parseYaml(readFileSync(file, "utf8"), { file }) as Given;
  const out = join(folder, "untaught");

  it.each<[string, Partial<Given>, RegExp]>([
    [
      "questions",
      { questions: 1 },
      /^questions is 1: embedded:covenant-assembly was not taught to ask .* Give --set questions=0, or --model embedded:covenant-player, or name/,
    ],
    [
      "several things in one offer",
      { resources: 2 },
      /^resources is 2: .* taught to split several things .* Give --set resources=1, or --model/,
    ],
    [
      "reasons",
      { heldOut: { ...tiny.heldOut, reasons: [false, true] } },
      /Give --set heldOut\.reasons=\[false\], or/,
    ],
    [
      "all of it",
      { questions: 2, resources: 2 },
      /^questions is 2, and resources is 2: .* questions=0 --set resources=1,/,
    ],
  ])("is refused before anything is begun: %s", async (_, changes, message) => {
    const told = run({ ...tiny, model: "embedded:covenant-assembly", ...changes, out });
    await expect(told).rejects.toThrow(message);
    await expect(told).rejects.not.toThrow("games/tiny.yaml");
    expect(existsSync(out)).toBe(false);
  });

  it("is let through where it is not asked for, or another model moves", async () => {
    expect((await planned({ ...tiny, out }))["games"]).toBeGreaterThan(0);
    const trade = {
      ...tiny,
      ...trades("flexiblev1"),
      learner: tiny.model,
      resources: 2,
      questions: 1,
      heldOut: { reasons: [true] },
      out,
    };
    expect((await planned(trade))["games"]).toBeGreaterThan(0);
    const taught = { ...tiny, questions: 1, resources: 2, heldOut: { reasons: [true] }, out };
    expect((await planned(taught))["games"]).toBeGreaterThan(0);
    const asking = { questions: 1, resources: 2, fixed: "model" as const, heldOut: { reasons: [true] } };
    expect((await planned(given("asking", asking)))["games"]).toBeGreaterThan(0);
    const unknown = { ...tiny, currencies: ["zorbs of quixotic jetsam"], out };
    await expect(planned(unknown)).rejects.toThrow(
      /covenant-player knows .* in words of the sandbox\. For other words/,
    );
  });
});
