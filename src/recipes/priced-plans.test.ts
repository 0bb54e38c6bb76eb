// What dry runs of simulations say of money: every step that asks a model has the price of the model that takes its part, and
// what they come to is the sum of it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { checkValue } from "../core/index.ts";
import { recipe as personas } from "./persona-generate.ts";
import { recipe as predict } from "./polis-predict.ts";
import type { Recipe } from "./recipe.ts";
import { recipe as contract } from "./simulate-contract.ts";
import { recipe as games } from "./simulate-games.ts";
import { recipe as sweep } from "./simulate-sweep.ts";
import { recipe as vote } from "./simulate-vote.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-priced-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const model = (name: string): string => `http://127.0.0.1:9/v1#${name}`;
/** A dollar a token for one, ten for two, and so on: so dollars over tokens say whose price it is. */
const worth = { one: 1, two: 10, three: 100 } as const;
const prices = Object.fromEntries(
  Object.entries(worth).map(([name, each]) => [model(name), { input: each * 1e6, output: each * 1e6 }]),
);

const plan = (recipe: Recipe, settings: Record<string, unknown>) =>
  recipe.plan(
    checkValue(recipe.schema, { out: join(folder, "out"), prices, ...settings }, { file: "test" }),
    contextFor(),
  );

const conversation = {
  comments: at("examples/polis/comments.csv"),
  votes: at("examples/polis/participants-votes.csv"),
};
const sandbox = { wording: "brief", personas: "sandbox" };
type Worths = Readonly<Record<string, number>>;

const cases: readonly (readonly [what: string, Recipe, Record<string, unknown>, Worths])[] = [
  [
    "a contract",
    contract,
    {
      ...{ model: model("one"), ...sandbox, tasks: "sandbox", metaPrompt: "critique" },
      roles: { user: { model: model("two") }, meta: { model: model("three") } },
    },
    {
      ...{ "run-1 to 5: drafts": 1, "run-1 to 5: own ratings": 10, "run-1 to 5: ratings of others": 10 },
      ...{ "run-1 to 5: constitution": 100, satisfaction: 1 },
    },
  ],
  [
    "a vote",
    vote,
    {
      ...{ model: model("one"), ...sandbox, rounds: 1 },
      roles: { user: { model: model("two") }, mediator: { model: model("three") } },
    },
    {
      ...{ proposals: 10, votes: 10, "opening: drafts": 100, "opening: support": 10 },
      ...{ "round-1: comments": 10, "round-1: drafts": 100, "round-1: support": 10, satisfaction: 1 },
    },
  ],
  [
    "games",
    games,
    { model: model("one"), learner: model("two") },
    { games: 1, principles: 10, "held-out": 1 },
  ],
  [
    "personas",
    personas,
    { model: model("two"), traits: "a; b", out: join(folder, "people.yaml") },
    { personas: 10 },
  ],
  [
    "voters",
    predict,
    { ...conversation, model: model("one"), fit: "persona", persona: { model: model("three") } },
    { personas: 100, forecasts: 1 },
  ],
];

/** Parts that one model elsewhere takes while all others are asked here. */
const elsewhere: readonly (readonly [what: string, Recipe, Record<string, unknown>, RegExp])[] = [
  [
    "a contract's meta-model",
    contract,
    {
      ...{ ...sandbox, model: "embedded:covenant-tiny", tasks: "sandbox", metaPrompt: "contract" },
      roles: { meta: { model: model("unpriced") } },
    },
    /constitution$/,
  ],
  [
    "a vote's mediator",
    vote,
    {
      ...{ ...sandbox, model: "embedded:covenant-tiny", rounds: 1 },
      roles: { mediator: { model: model("unpriced") } },
    },
    /drafts$/,
  ],
];

describe("the dry run", () => {
  it.each(elsewhere)("does not call %s free that runs elsewhere", async (_, recipe, settings, parts) => {
    const { steps, dollars, seconds } = await plan(recipe, settings);
    for (const { stage, seconds: own } of steps)
      expect([stage, own === null]).toEqual([stage, parts.test(stage)]);
    expect({ dollars, seconds }).toEqual({ dollars: null, seconds: null });
  });

  it.each(cases)("of %s has the price of each part's model", async (_, recipe, settings, worths) => {
    const { steps, dollars } = await plan(recipe, settings);
    const asked = steps.filter(({ calls }) => calls > 0);
    expect(asked.map(({ stage }) => stage)).toEqual(Object.keys(worths));
    for (const { stage, tokens, dollars: own } of asked) {
      expect(tokens).toBeGreaterThan(0);
      expect([stage, Math.round(own! / worths[stage]!)]).toEqual([stage, tokens]);
    }
    expect(dollars).toBeCloseTo(
      asked.reduce((sum, step) => sum + step.dollars!, 0),
      6,
    );
  });

  it("of a sweep has those of all its runs, and warns of a budget that a run goes over", async () => {
    const settings = { model: model("one"), prices, budget: { calls: 10 } };
    const grid = { rule: ["maximin", "borda"] };
    const one = await plan(vote, settings);
    const all = await sweep.plan(
      checkValue(
        sweep.schema,
        { out: join(folder, "sweep"), command: "vote", settings, grid, seeds: [0, 1] },
        { file: "test" },
      ),
      contextFor(),
    );
    expect(all.dollars).toBeCloseTo(4 * one.dollars!, 6);
    expect(all.dollars).toBeGreaterThan(0);
    expect(all.notices!.map(({ text }) => text.slice(0, 45))).toEqual([
      "A run of cell rule-maximin: The budget of 10 ",
      "A run of cell rule-borda: The budget of 10 ca",
    ]);
  });

  it("costs nothing for a part that is never asked, whoever would take it", async () => {
    const { dollars, steps } = await plan(vote, {
      ...{ ...sandbox, model: model("one"), candidates: at("examples/vote-candidates.yaml"), users: 5 },
      ...{ sandbox: { voters: "scripted", minority: 0.4 }, roles: { user: { model: model("unpriced") } } },
    });
    expect(steps.map(({ stage, calls, seconds }) => [stage, calls > 0, seconds])).toEqual([
      ["votes", false, 0],
      ["satisfaction", true, null],
      ["tables", false, 0],
    ]);
    expect(dollars).toBe(steps[1]!.dollars);
    const unpriced = await plan(vote, { model: model("unpriced") });
    expect(unpriced.dollars).toBeNull();
  });
});
