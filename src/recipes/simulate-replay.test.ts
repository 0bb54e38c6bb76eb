// Replays of stored simulations: everything that the records hold is said once and in order, filters leave out and renumber
// nothing, and neither model nor persona file is needed.

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manualClock, UserError } from "../core/index.ts";
import {
  choiceRecordSchema,
  draftRecordSchema,
  type GameSetup,
  proposalRecordSchema,
  type Replay,
  type RunEvent,
  ratingRecordSchema,
  replaySchema,
  supportRecordSchema,
} from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { sandboxPersonas, sandboxTasks } from "../sandbox/index.ts";
import { moveText } from "./replay/games.ts";
import { recipe as contractRecipe } from "./simulate-contract.ts";
import { recipe as gamesRecipe } from "./simulate-games.ts";
import { recipe } from "./simulate-replay.ts";
import { recipe as voteRecipe } from "./simulate-vote.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

const context = {
  emit: () => undefined,
  signal: new AbortController().signal,
  clock: manualClock(),
  environment: {},
};
const contract = join(folder, "contract");
const games = join(folder, "games");
const vote = join(folder, "vote");

const replay = async (run: string, more: object = {}): Promise<Replay> => {
  const { document } = await recipe.run(recipe.schema.parse({ run, ...more }), context);
  return replaySchema.parse(document);
};

beforeAll(async () => {
  const script = join(folder, "script.yaml");
  copyFileSync(fileURLToPath(new URL("../../examples/contract-script.yaml", import.meta.url)), script);
  const personas = join(folder, "personas.yaml");
  const people = ["ana", "ben", "cem", "dot"].map(
    (id) => `- {id: ${id}, name: Old ${id}, description: Likes {x}: y.}`,
  );
  writeFileSync(personas, people.join("\n").replaceAll("{x}: y.", "it"));
  const given = { model: `scripted:${script}`, personas, users: "all" as const, runs: 2, turns: 2 };
  await contractRecipe.run(contractRecipe.schema.parse({ ...given, out: contract }), context);
  copyFileSync(fileURLToPath(new URL("../../examples/vote-script.yaml", import.meta.url)), script);
  const voted = { model: `scripted:${script}`, personas, users: "all" as const, seats: 2, rounds: 1 };
  await voteRecipe.run(voteRecipe.schema.parse({ ...voted, out: vote }), context);
  rmSync(script);
  rmSync(personas);
  const played = {
    groups: ["fair"],
    repetitions: 2,
    iterations: 1,
    interactions: 5,
    heldOut: { currencies: [] },
  };
  await gamesRecipe.run(gamesRecipe.schema.parse({ ...played, out: games }), context);
});

describe("a replay of a contract", () => {
  it("says every draft, comment and rating once, in the order of turns and phases, without script or personas", async () => {
    const { messages, speakers, steps, kind } = await replay(contract);
    expect([kind, steps]).toEqual(["contract", 2]);
    expect(messages.map(({ number }) => number)).toEqual(messages.map((_, at) => at + 1));
    const said = (what: string) => messages.filter((message) => message.kind === what);
    expect(["draft", "comment", "rating", "task"].map((what) => said(what).length)).toEqual([16, 16, 48, 2]);
    const stored = await readRecords(join(contract, "run-2/drafts.jsonl"), draftRecordSchema);
    const ratings = await readRecords(join(contract, "run-2/ratings.jsonl"), ratingRecordSchema);
    const own = messages.filter(({ step }) => step === 2);
    for (const { id, text } of stored)
      expect(own.find(({ record, kind: what }) => record === id && what === "draft")?.text).toBe(text);
    for (const { id, ratings: values } of ratings)
      expect(own.find(({ record }) => record === id)?.values).toEqual(values);
    const order = messages
      .filter(({ turn }) => turn !== null)
      .map(({ step, turn, kind: what }) => `${step}.${turn} ${what}`);
    expect([...new Set(order)]).toEqual(
      ["1.1", "1.2", "2.1", "2.2"].flatMap((turn) =>
        ["draft", "comment", "rating"].map((what) => `${turn} ${what}`),
      ),
    );
    expect(speakers.find(({ id }) => id === "user-2")?.name).toBe("user 2, ben");
    const ids = new Set(speakers.map(({ id }) => id));
    for (const { from, to, kind: what } of messages) {
      if (what !== "task") expect(ids).toContain(from);
      for (const one of to) expect(ids).toContain(one);
    }
  });

  it("makes people and requests of the sandbox again by the seed", async () => {
    const script = fileURLToPath(new URL("../../examples/contract-brief-script.yaml", import.meta.url));
    const out = join(folder, "sandbox");
    const given = { model: `scripted:${script}`, wording: "brief", personas: "sandbox", tasks: "sandbox" };
    const small = { users: 2, task: 3, runs: 1, turns: 1, seed: 4, tasksPer: "talk", metaPrompt: "critique" };
    const settings = contractRecipe.schema.parse({ ...given, ...small, sandbox: { requests: 0 }, out });
    await contractRecipe.run(settings, context);
    const { messages, speakers } = await replay(out, { user: "ada" });
    const [ada] = sandboxPersonas({ seed: 4, count: 1 });
    expect(speakers.find(({ id }) => id === "user-1")).toMatchObject({
      name: "user 1, Ada",
      about: ada!.description,
    });
    const tasks = messages.filter(({ kind }) => kind === "task");
    // what the other talk is about is left out
    expect(tasks.map(({ to }) => to)).toEqual([["user-1"]]);
    const asked = tasks.map(({ text }) => text);
    const questions = sandboxTasks({ seed: 4, split: "test", count: 3 }).map(({ question }) => question);
    for (const text of asked) expect(questions).toContain(text);
  });

  it("tells a rating that is missing, with the reason", async () => {
    const { messages } = await replay(contract);
    const missing = messages.filter(({ values }) => values["satisfaction"] === null);
    expect(missing.length).toBeGreaterThan(0);
    for (const { note } of missing) expect(note).toBe("satisfaction: missing, out-of-range");
  });

  it("leaves out what is not asked for, and numbers stay", async () => {
    const whole = await replay(contract);
    const later = await replay(contract, { from: "2.2" });
    expect(later.messages[0]).toMatchObject({ step: 2, turn: 2 });
    const numbers = new Map(whole.messages.map((message) => [message.number, message]));
    for (const message of later.messages) expect(numbers.get(message.number)).toEqual(message);
    for (const user of ["user-3", "3", "cem", "user 3, cem"]) {
      const { messages } = await replay(contract, { user });
      const talk = messages.filter(({ kind }) => ["draft", "comment", "rating"].includes(kind));
      expect(talk).toHaveLength(4 + 4 + 12);
      for (const { from, to } of talk) expect([from, ...to]).toContain("user-3");
    }
  });

  it("is written for people with who speaks to whom, a text's control characters left to the terminal", async () => {
    let text = "";

    const config = recipe.schema.parse({ run: contract, user: "1", from: "1.2" });
    const write = (more: string): void => {
      text += more;
    };
    await recipe.run(config, { ...context, screen: { write, isTerminal: false } });
    expect(text).toMatch(/── Run 1, turn 2 ──\nassistant 1 → user 1, ana\n {2}\S/);
    expect(text).toMatch(/user 1, ana → assistant 1 {2}\[satisfaction/);
  });
});

describe("a replay of games", () => {
  it("says moves in words, what came of each game, and what was learned", async () => {
    const { messages, steps } = await replay(games);
    expect(steps).toBe(1);
    const first = messages.filter(({ scene }) => scene === "fair-10, repetition 1, game 1");
    expect(first.map(({ kind }) => kind)).toEqual(["move", "move", "outcome"]);
    expect(first[0]!.text).toMatch(/^I offer \d+ of \d+ \w+\.$/);
    expect(first[1]!.text).toBe("I accept.");
    expect(Object.values(first[2]!.values).reduce<number>((sum, value) => sum + value!, 0)).toBeCloseTo(1, 9);
    expect(messages.filter(({ kind }) => kind === "principle")).toHaveLength(4);
    const second = await replay(games, { repetition: 2, from: "1" });
    expect(new Set(second.messages.map(({ scene }) => scene))).toEqual(
      new Set(
        ["", ", game 1", ", game 2", ", game 3", ", game 4", ", game 5"].map(
          (one) => `fair-10, repetition 2${one}`,
        ),
      ),
    );
  });

  it("tells of principles only where somebody holds to them", async () => {
    const trade = {
      out: join(folder, "trade"),
      game: "buyer-seller" as const,
      repetitions: 1,
      iterations: 1,
    };
    const matches = ["0v1", "2vflexible"];
    await gamesRecipe.run(gamesRecipe.schema.parse({ ...trade, trade: { matches } }), context);
    const { title, messages } = await replay(trade.out);
    expect(title).toBe("The buyer-seller game, 1 of 1 iterations");
    const held = messages.filter(({ kind }) => kind === "principle");
    expect(held.map(({ scene }) => scene)).toEqual(Array(2).fill("2vflexible, repetition 1"));
  });

  it("says moves of all games", () => {
    const trade: GameSetup = { type: "trade", rewards: [0, 10], costs: [1, 9], total: 10 };
    expect(moveText(trade, { move: { type: "prices", prices: [4, 6] } })).toBe(
      "Item A costs 4, item B costs 6.",
    );
    expect(moveText(trade, { move: { type: "pick", item: 1 } })).toBe("I pick item B.");
    expect(moveText(trade, { move: null })).toBe("");
    const pot = {
      type: "public-goods",
      players: 3,
      endowment: { unit: "apples", amount: 9 },
      multiplier: 2,
    } as const;
    expect(moveText(pot, { move: { type: "contribution", units: 4 } })).toBe(
      "I put 4 of 9 apples into the pot.",
    );
  });
});

describe("a replay of a vote", () => {
  it("says proposals, what stood for choice, ballots, each rule's choice and what was decided, round by round", async () => {
    const { messages, speakers, steps, kind } = await replay(vote);
    expect([kind, steps]).toEqual(["vote", 3]);
    const order = messages.map(({ step, kind: what }) => `${step} ${what}`);
    expect([...new Set(order)]).toEqual([
      "0 proposal",
      ...["candidate", "ballot", "choice", "document"].map((what) => `1 ${what}`),
      ...["critique", "candidate", "ballot", "choice", "document"].map((what) => `2 ${what}`),
      ...["comment", "critique", "candidate", "ballot", "choice", "document"].map((what) => `3 ${what}`),
    ]);
    const proposals = await readRecords(join(vote, "proposals/proposals.jsonl"), proposalRecordSchema);
    for (const { id, statement, text, problem } of proposals) {
      const told = messages.find(({ record }) => record === id)!;
      expect(told.text).toBe(statement ?? text);
      expect(told.note).toBe(problem === undefined ? "" : `not used: ${problem}`);
    }
    const support = await readRecords(join(vote, "votes/support.jsonl"), supportRecordSchema);
    const ballots = messages.filter(({ step, kind: what }) => step === 1 && what === "ballot");
    expect(ballots).toHaveLength(4);
    for (const { user, candidate, support: value, missing } of support) {
      const { values, note } = ballots.find(({ from }) => from === user)!;
      expect(values[candidate]).toBe(value);
      expect(note.includes(`${candidate}: missing, ${missing}`)).toBe(value === null);
    }
    const ids = new Set(speakers.map(({ id }) => id));
    for (const { from, kind: what } of messages)
      if (!["candidate", "choice"].includes(what)) expect(ids).toContain(from);
  });

  it("tells what each rule chooses, of which candidates, and what that is worth", async () => {
    const { messages } = await replay(vote, { from: "1" });
    const candidates = new Map(
      messages
        .filter(({ step, kind }) => step === 1 && kind === "candidate")
        .map(({ from, text }) => [from, text]),
    );
    const choices = await readRecords(join(vote, "votes/choices.jsonl"), choiceRecordSchema);
    for (const { id, rule, decides, chosen, welfare } of choices) {
      const { from, text, values, note } = messages.find(({ record }) => record === id)!;
      expect(from).toBe(rule);
      expect(text.split("\n")).toEqual(chosen.map((name, at) => `${at + 1}. ${candidates.get(name)!}`));
      const { utilitarian, nash, rawlsian } = welfare!;
      expect(values).toEqual({ utilitarian, nash, rawlsian });
      expect(note.startsWith("decides; ")).toBe(decides);
    }
  });

  it("keeps for one user what that user says, and what is for everybody", async () => {
    const { messages } = await replay(vote, { user: "cem" });
    const own = messages.filter(({ kind }) => ["proposal", "ballot", "comment"].includes(kind));
    expect(own.map(({ from }) => from)).toEqual(Array(2 + 3 + 1).fill("user-3"));
    expect(messages.filter(({ kind }) => kind === "choice")).toHaveLength(8 + 2);
  });

  it("has a ballot's numbers below who gave them, whole numbers on a line", async () => {
    let text = "";
    const write = (more: string): void => {
      text += more;
    };
    await recipe.run(recipe.schema.parse({ run: vote }), {
      ...context,
      screen: { write, isTerminal: false },
    });
    expect(text).toMatch(
      /── Stage 1: the vote, ballots ──\nuser 1, ana.*\n {2}principle-1 (\d+|–), principle-2 /,
    );
    expect(text).toMatch(/── Stage 3: round 1, what should change ──\nuser 1, ana {2}\[support \d\]\n {2}\S/);
  });
});

describe("a replay of what is none", () => {
  it.each([
    [{ run: "nowhere" }, "no run folder"],
    [{ run: contract, user: "nobody at all" }, "Expected one of: user-1"],
    [{ run: contract, from: "9" }, "fits --from 9. It goes to run 2"],
    [{ run: games, experiment: "foo", repetition: 1 }, "fits --experiment foo and --repetition 1"],
    [{ run: vote, experiment: "borda" }, "only games have experiments"],
  ])("says what is wrong: %j", async (wrong, told) => {
    const refused = recipe.run(recipe.schema.parse(wrong), context);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(told);
  });

  it.each([
    ["contract", contractRecipe, { runs: 1 }, "no run"],
    ["vote", voteRecipe, {}, "no stage"],
    ["games", gamesRecipe, { groups: ["fair"], iterations: 2 }, "no iteration"],
  ] as const)(
    "says of a %s that has only begun that nothing is finished",
    async (kind, begun, more, told) => {
      const out = join(folder, `begun-${kind}`);
      const script = join(folder, `begun-${kind}.yaml`);
      writeFileSync(script, "rules: [{reply: 'no'}]\n");
      const given = { out, ...more, ...(kind === "games" ? {} : { model: `scripted:${script}` }) };
      const stopping = new AbortController();
      const emit = ({ type }: RunEvent): void => {
        if (type === "stage-start") stopping.abort();
      };
      const config = begun.schema.parse(given) as never;
      await expect(begun.run(config, { ...context, emit, signal: stopping.signal })).rejects.toThrow();
      for (const ask of [() => replay(out), () => recipe.plan(recipe.schema.parse({ run: out }), context)]) {
        await expect(ask()).rejects.toThrow(UserError);
        await expect(ask()).rejects.toThrow(
          `nothing is finished yet that could be told, ${told}. Give the run`,
        );
      }
    },
  );

  it("refuses places that are none", () => {
    for (const from of ["two", "1.2.3", "-1"])
      expect(recipe.schema.safeParse({ run: "x", from }).success).toBe(false);
  });
});
