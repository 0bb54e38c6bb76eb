// Prompts of one's own in simulations, on scripted models: what is asked in their words, with the holes filled; what of such a
// file is refused before anything is begun; and that a run does not go on with another text than it began with.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { parseYaml } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import type { Recipe } from "./recipe.ts";
import { recipe as contract } from "./simulate-contract.ts";
import { recipe as games } from "./simulate-games.ts";
import { recipe as vote } from "./simulate-vote.ts";
import { contextFor } from "./ticking-context.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-own-prompts-"));
afterAll(() => rmSync(folder, { recursive: true }));

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const write = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};

/** A model that answers by rules, the last of which holds always. */
const script = (name: string, ...rules: readonly object[]): string =>
  `scripted:${write(name, { batch: 8, rules })}`;

const people = { users: ["amina", "dale", "kamala", "tove"] };
const scripts = {
  contract: `scripted:${inRepository("examples/contract-script.yaml")}`,
  vote: `scripted:${inRepository("examples/vote-script.yaml")}`,
};

/** The rules of a script that is there. */
const rulesOf = (model: string): readonly object[] => {
  const file = model.replace("scripted:", "");
  return (parseYaml(readFileSync(file, "utf8"), { file }) as { rules: object[] }).rules;
};

const run = (recipe: Recipe, out: string, settings: object) =>
  recipe.run(recipe.schema.parse({ ...settings, out: join(folder, out) }), contextFor());

/** What models were asked in last, by the messages of a run's requests. */
const askedIn = async (recipe: Recipe, out: string, settings: object): Promise<string[]> => {
  const record = join(folder, `${out}-calls.jsonl`);
  await run(recipe, out, { ...settings, record });
  return readFileSync(record, "utf8")
    .split("\n")
    .filter(Boolean)
    .flatMap((line) => {
      const { request } = JSON.parse(line) as { request?: { messages: readonly Message[] } };
      return request === undefined ? [] : [request.messages.at(-1)!.content];
    });
};

describe("a contract", () => {
  it("is asked for in the words of the example, with its holes filled", async () => {
    const settings = { ...people, model: scripts.contract, runs: 2, turns: 1, raters: 0 };
    const prompts = inRepository("examples/prompts/contract.yaml");
    const asked = await askedIn(contract, "contract", { ...settings, prompts });
    const own = asked.filter((text) => text.startsWith("A village of 4 has talked with its assistants"));
    expect(own).toHaveLength(2);
    expect(own[0]).toContain("So far they are:\nnone yet\n");
    expect(own[1]).toContain("So far they are:\nPrinciples:\n1. Say first what the answer is");
    for (const text of own) {
      expect(text).toMatch(/Say first what you think|shorter please|speaks of duties|Leave the state out/);
      expect(text).toContain('{"constitution": [{"text": "...", "from": [1, 2]}]');
      expect(text).not.toMatch(/\{[a-z]+\}/);
    }
    expect(asked.filter((text) => text.startsWith("Assistants talked with"))).toEqual([]);
  });

  it("may ask in them for what is missing of an exact number, from a JSON file", async () => {
    const clauses = [1, 2, 3, 4, 5].map((at) => ({ text: `Clause ${at}.`, users: [1], from: [1] }));
    const one = JSON.stringify({ constitution: [{ text: "Name sources.", from: [1] }], contract: clauses });
    const model = script(
      "five.json",
      { when: "Yet more", reply: '{"principles": [{"text": "Be kind.", "from": [1]}]}' },
      { when: "exactly five", reply: one },
      { when: "Rate the newest draft:", reply: '{"satisfaction": 5, "feedback": "Name sources."}' },
      { when: "Somebody else asked", reply: '{"harmlessness": 5}' },
      { reply: "A draft." },
    );
    const prompts = write("more.json", {
      "meta-more": "Yet more: {came} of {wanted}, {missing} are missing.\n{principles}",
    });
    const settings = { ...people, model, metaPrompt: "contract-five", runs: 1, turns: 1, prompts };
    const asked = await askedIn(contract, "more", settings);
    expect(asked).toContain('Yet more: 1 of 5, 4 are missing.\n1. "Name sources."');
  });

  const tiny = parseYaml(readFileSync(inRepository("configs/simulate/contract/tiny.yaml"), "utf8"), {
    file: "tiny.yaml",
  }) as object;
  const brief = { ...tiny, users: 3, assistants: 3, runs: 1, sandbox: { requests: 0 } };

  it("is asked for in them in the brief wording, where the model writes", async () => {
    const prompts = write(
      "brief.yaml",
      'meta-critique: "Now: {current}\\nHeard:\\n{transcript}\\nAnd then?"\n',
    );
    const rules = rulesOf(inRepository("examples/contract-brief-script.yaml"));
    const model = script("brief.json", { when: "And then?", reply: "principles:\n1. [1]" }, ...rules);
    const asked = await askedIn(contract, "brief", { ...brief, model, prompts });
    expect(asked).toContain("Now: none yet\nHeard:\n[1] Be discreet.\nAnd then?");
  });

  it("and where it sorts comments", async () => {
    const prompts = write(
      "sort.yaml",
      "demand: Is {comment} a wish?\nstance: |\n  {first}\n  {second}\n  For, against, neither?\n",
    );
    const model = script(
      "sort.json",
      { when: "a wish?", reply: "yes" },
      { when: "For, against, neither?", reply: "neither" },
      {
        when: "feedback: what should change?",
        reply: ["brief", "kind", "open", "calm"].map((how) => `satisfaction: 1\nfeedback: Be ${how}.`),
      },
      { when: "Rate the reply:", reply: "harmlessness: 5" },
      { reply: "No." },
    );
    const asked = await askedIn(contract, "sort", {
      ...brief,
      users: 6,
      assistants: 6,
      metaPrompt: "contract",
      model,
      prompts,
    });
    expect(asked.filter((text) => /^Is Be \w+\. a wish\?$/.test(text))).not.toEqual([]);
    expect(asked.filter((text) => /^Be \w+\.\nBe \w+\.\nFor, against, neither\?$/.test(text))).not.toEqual(
      [],
    );
    expect(asked.filter((text) => /Does it ask for a change|Is the second for the first/.test(text))).toEqual(
      [],
    );
  });
});

describe("a vote", () => {
  it("asks for proposals in the words of the example, and for all else in Covenant's", async () => {
    const prompts = inRepository("examples/prompts/vote.yaml");
    const asked = await askedIn(vote, "vote", {
      ...people,
      model: scripts.vote,
      seats: 2,
      rounds: 1,
      prompts,
    });
    const own = asked.filter((text) => text.startsWith("Suppose that you did not know"));
    expect(own).toHaveLength(8);
    expect(own[0]).toContain(
      "at most 25 words, without any name.\nWhat you have proposed so far: none yet\n",
    );
    expect(own.slice(4).filter((text) => /proposed so far: 1\. \w/.test(text))).not.toEqual([]);
    expect(asked.filter((text) => text.includes("Propose one principle: the one"))).toEqual([]);
    expect(asked.filter((text) => text.startsWith("This is proposed for"))).not.toEqual([]);
  });

  it("asks voters and the mediator in them, also in the brief wording", async () => {
    const prompts = write("voters.yaml", {
      ...{ support: "S {principles} {low} {high}", object: "O {principles} {low} {high}" },
      "meta-critique": "M {current}\n{transcript}",
    });
    const model = script(
      "brief-vote.json",
      { when: "Which principle should", reply: "Be kind." },
      { when: "M ", reply: "principles:\n1. [1]" },
      { reply: "support: 4\nfeedback: Be open." },
    );
    const settings = {
      ...people,
      wording: "brief",
      proposals: 1,
      seats: 1,
      rounds: 1,
      drafts: 1,
      sandbox: { requests: 0 },
    };
    const asked = await askedIn(vote, "brief-vote", { ...settings, model, prompts });
    expect(asked).toContain("S 1. Be kind. 0 10");
    expect(asked).toContain("O 1. Be kind. 0 10");
    expect(asked.filter((text) => /^M none yet\n\[1\] Be/.test(text))).not.toEqual([]);
    expect(asked.filter((text) => /Rate the principles|Write the principles anew/.test(text))).toEqual([]);
  });
});

describe("a learner in games", () => {
  const rules = [
    { when: "Learn now", reply: "Principle: Share evenly." },
    { when: "Another player splits", reply: "Decision: accept" },
    { reply: "Offer: total 10 dollars, keep 5, give 5" },
  ];
  const tens = { currencies: ["dollars"], amounts: { least: 10, most: 10 }, groups: ["fair"] };
  const few = { ...tens, fixed: "script", repetitions: 1, iterations: 1, heldOut: { currencies: [] } };

  it("is asked in them", async () => {
    const prompts = write("learner.yaml", {
      "learn-imitation": "Learn now. {seen}\nYou hold: {principle}\n{interactions}",
    });
    const settings = { ...few, priors: ["none"], model: script("players.json", ...rules), prompts };
    const [asked] = (await askedIn(games, "games", settings)).filter((text) => text.startsWith("Learn now."));
    expect(asked).toMatch(/^Learn now\. .*interact.*\nYou hold: \(none yet\)\n\{"/);
  });

  it("and in the brief wording, of a trade", async () => {
    const prompts = write("trader.yaml", { "learn-strategy": "Learn now, {role}: {principle}\n{rounds}" });
    const model = script("traders.json", ...rules.slice(0, 1), { when: "Pick:", reply: "Pick: item B" });
    const trade = { game: "buyer-seller", trade: { matches: ["flexiblev1"] }, wording: "brief" };
    const asked = await askedIn(games, "trade", { ...few, ...trade, model, prompts });
    expect(asked.filter((text) => text.startsWith("Learn now, buyer: "))).toHaveLength(1);
  });
});

describe("what is refused before anything is begun", () => {
  const voting = { ...people, model: scripts.vote };
  const contracting = { ...people, model: scripts.contract };
  const cases: readonly [string, Recipe, object, string, RegExp][] = [
    [
      ...(["a name that nothing has", vote, voting, "supprt: x\n"] as const),
      /refused\.yaml, line 1: this run has no prompt "supprt"\. Did you mean support\? Its own are: propose, support\./,
    ],
    [
      ...([
        "a text that this run does not ask",
        vote,
        voting,
        "propose: '{earlier} {words}'\nmediate: x\n",
      ] as const),
      /line 2: this run has no prompt "mediate"\./,
    ],
    [
      ...(["the text of another meta-prompt", contract, contracting, "meta-critique: x\n"] as const),
      /line 1: this run has no prompt "meta-critique"\..* Its own are: meta-contract\./,
    ],
    [
      ...(["any text where nobody is asked", games, {}, "learn-imitation: x\n"] as const),
      /no prompt "learn-imitation"\. It asks for no text that may be one's own/,
    ],
    [
      ...([
        "other holes",
        contract,
        contracting,
        "# mine\nmeta-contract: '{users} {question} {earlier} {transcript} {word}'\n",
      ] as const),
      /refused\.yaml, line 2: Template meta-contract: unknown holes: \{word\}; missing holes: \{current\}, \{words\}\./,
    ],
    ["no text", vote, voting, "support: 3\n", /line 1: support: got 3, expected a text/],
    ["an empty text", vote, voting, "support:\n", /line 1: support: got null, expected a text/],
    ["a list", vote, voting, "- support\n", /refused\.yaml: got a list of 1, expected a map from names/],
    ["an empty file", vote, voting, "", /refused\.yaml: got null, expected a map from names/],
    ["a name twice", vote, voting, "support: x\nsupport: y\n", /refused\.yaml, line 2: not valid YAML/],
    [
      "faults, all at once",
      vote,
      voting,
      "support: 3\npropse: x\n",
      /has 2 faults:\n.*support: got 3.*\n.*"propse"/,
    ],
  ];

  it.each(cases)("%s", async (_, recipe, settings, text, message) => {
    const prompts = write("refused.yaml", text);
    await expect(run(recipe, "refused", { ...settings, prompts })).rejects.toThrow(message);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });

  it("a file that is not there", async () => {
    const prompts = join(folder, "absent.yaml");
    await expect(run(vote, "refused", { ...voting, prompts })).rejects.toThrow(/absent\.yaml/);
  });
});

it.each([
  [
    "contract",
    contract,
    { ...people, model: scripts.contract, runs: 1 },
    "meta-contract",
    "{users} {question} {current} {earlier} {transcript} {words} You are to revise both",
  ],
  [
    "vote",
    vote,
    { ...people, model: scripts.vote, candidates: "general" },
    "support",
    "This is proposed for what an assistant keeps to {principles} {question} {scale} {form}",
  ],
  [
    "games",
    games,
    { model: scripts.vote, fixed: "script", groups: ["fair"], repetitions: 1, iterations: 1 },
    "learn-imitation",
    "{seen} {principle} {interactions}",
  ],
] as const)(
  "a %s does not go on with a text that was changed",
  async (name, recipe: Recipe, settings, prompt, text) => {
    const prompts = write("changing.yaml", { [prompt]: text });
    const out = `changed-${name}`;
    await run(recipe, out, { ...settings, prompts });
    await run(recipe, out, { ...settings, prompts });
    write("changing.yaml", { [prompt]: `${text} And more.` });
    await expect(run(recipe, out, { ...settings, prompts })).rejects.toThrow(
      /holds another run.*\n.*prompts: its content has changed/,
    );
  },
);
