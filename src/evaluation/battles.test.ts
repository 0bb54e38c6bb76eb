// Battles from files in every shape they are published in: what they count as, what is left out and where it stands, and
// what is said of rows that are no battle.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { writeTable } from "../tables/index.ts";
import { type BattleCounts, countBattles, leftOutBattles } from "./battles.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-battles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const jsonl = (...rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const vote = (winner: unknown, more: object = {}) => ({ model_a: "one", model_b: "two", winner, ...more });
const verdict = (g1_winner: string | null, g2_winner: string, more: object = {}) => ({
  ...{ question_id: 81, model_1: "one", model_2: "two", g1_winner, g2_winner, turn: 1, judge: ["g", "pair"] },
  ...more,
});

/** Outcomes with names, "one>two" and "one=two", and how often there was one. */
const told = ({ models, units }: BattleCounts): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { times: weight, outcomes } of units)
    for (const { first, second, outcome, times } of outcomes) {
      const [one, other] = outcome === 0 ? [second, first] : [first, second];
      const key = `${models[one]}${outcome === 0.5 ? "=" : ">"}${models[other]}`;
      counts[key] = (counts[key] ?? 0) + weight * times;
    }
  return counts;
};

describe("battles", () => {
  const votes = ["model_a", "model_b", "tie", "tie (bothbad)", "both_bad", "model_a"];
  const inconsistent = vote("tie (inconsistent)", { question_id: 81, turn: 1, judge: "gpt4_pair" });

  it("are arena votes without conversations, in all words that ties have", async () => {
    const rows = votes.map((winner) => vote(winner, { judge: "arena_user_1", turn: 1, tstamp: 1.6e9 }));
    const counts = await countBattles(write("votes.jsonl", jsonl(...rows, inconsistent)));
    expect(told(counts)).toEqual({ "one>two": 2, "two>one": 1, "one=two": 4 });
    expect(counts).toMatchObject({ rows: 7, battles: 7, models: ["one", "two"], by: "battles", leftOut: {} });
  });

  it("are arena votes with conversations, and those of three columns of 0 and 1", async () => {
    const turns = [{ role: "user", content: "?" }];
    const talked = vote("model_b", { conversation_a: turns, conversation_b: turns, question_id: "q" });
    expect(told(await countBattles(write("talked.jsonl", jsonl(talked))))).toEqual({ "two>one": 1 });
    const head = "id,model_a,model_b,prompt,response_a,response_b,winner_model_a,winner_model_b,winner_tie";
    const lines = [
      '1,one,two,"[""a, b""]",r,s,1,0,0',
      "2,two,one,p,r,s,1,0,0",
      "3,one,two,p,r,s,0,0,1",
      "4,one,two,p,r,s,False,True,False",
      "5,one,two,p,r,s,0,0,0",
    ];
    const counts = await countBattles(
      write("kaggle.csv.gz", gzipSync(`\ufeff${[head, ...lines].join("\r\n")}\r\n`)),
    );
    expect(told(counts)).toEqual({ "one>two": 1, "two>one": 2, "one=two": 1 });
    expect(counts.leftOut).toMatchObject({ winner: { count: 1 } });
  });

  it("are arena votes with both, the columns where the word is empty", async () => {
    const rows = [
      vote("", { winner_model_a: 1, winner_model_b: 0, winner_tie: 0 }),
      vote(null, { winner_model_a: 0, winner_model_b: 0, winner_tie: 1 }),
      vote("model_b", { winner_model_a: 0, winner_model_b: 1, winner_tie: 0 }),
      vote("", { winner_model_a: 0, winner_model_b: 0, winner_tie: 0 }),
    ];
    const counts = await countBattles(write("both.jsonl", jsonl(...rows)));
    expect(told(counts)).toEqual({ "one>two": 1, "one=two": 1, "two>one": 1 });
    expect(counts.leftOut).toMatchObject({ winner: { count: 1 } });
  });

  it("are read from Parquet", async () => {
    const file = join(folder, "votes.parquet");
    const columns = ["model_a", "model_b", "winner"].map((name) => ({ name, type: "text" as const }));
    await writeTable(
      file,
      columns,
      votes.map((winner) => vote(winner)),
    );
    expect(told(await countBattles(file))).toEqual({ "one>two": 2, "two>one": 1, "one=two": 3 });
  });

  it("are MT-Bench's verdicts, where orders that disagree are a tie, drawn by question", async () => {
    const rows = [
      verdict("model_1", "model_1"),
      verdict("model_2", "model_2", { turn: 2 }),
      verdict("model_1", "model_2", { question_id: 82 }),
      verdict("tie", "model_2", { question_id: 82, turn: 2 }),
      verdict("tie", "tie", { question_id: 83 }),
      verdict("error", "model_1", { question_id: 84 }),
      verdict(null, "model_1", { question_id: 84 }),
    ];
    const file = write("gpt-4_pair.jsonl", jsonl(...rows));
    const counts = await countBattles(file);
    expect(told(counts)).toEqual({ "one>two": 1, "two>one": 1, "one=two": 3 });
    expect(counts.by).toBe("questions");
    expect(counts.units.map(({ outcomes }) => outcomes.length)).toEqual([2, 1, 1]);
    expect(leftOutBattles("it", counts)).toBe(
      "it: 2 of 7 rows were left out: 2 without a verdict of the judge in one of the orders (lines 6, 7).",
    );
    const each = await countBattles(file, "battles");
    expect([each.by, each.units.map(({ times }) => times)]).toEqual(["battles", [1, 3, 1]]);
    expect(told(each)).toEqual(told(counts));
  });

  it("keep no more of rows than their distinct outcomes, and the first places of those left out", async () => {
    const rows = Array.from({ length: 3000 }, (_, at) => vote(at % 2 === 0 ? "model_a" : null));
    const counts = await countBattles(write("many.jsonl", jsonl(...rows)));
    expect(counts.units).toHaveLength(1);
    expect(leftOutBattles("it", counts)).toMatch(
      /^it: 1,500 of 3,000 rows were left out: 1,500 without a winner \(lines 2, .*, 20, and 1,490 more\)\.$/,
    );
  });

  it("of a model against itself are left out, with their lines", async () => {
    const self = { model_a: "one", model_b: "one", winner: "model_a" };
    const counts = await countBattles(write("self.jsonl", jsonl(vote("tie"), self, vote(""))));
    expect(counts).toMatchObject({ rows: 3, battles: 1, models: ["one", "two"] });
    expect(leftOutBattles("it", counts)).toBe(
      "it: 2 of 3 rows were left out: 1 without a winner (line 3), 1 of a model against itself (line 2).",
    );
  });
});

describe("rows that are no battle", () => {
  const answers = { question_id: 81, answer_id: "x", model_id: "m", choices: [{ index: 0, turns: ["a"] }] };

  it.each<[string, string, RegExp]>([
    [
      "winner.jsonl",
      jsonl(vote("model_a"), vote("one")),
      /winner\.jsonl, line 2: winner: got "one", expected model_a, model_b, tie, tie \(inconsistent\), tie \(bothbad\), both_bad or bothbad\.$/,
    ],
    [
      "blank.jsonl",
      jsonl(vote("tie", { model_b: " " })),
      /line 1: model_b: got " ", but it must hold a model's/,
    ],
    ["number.jsonl", jsonl(vote("tie", { model_a: 4 })), /line 1: model_a: got 4, expected a string/],
    [
      "game.jsonl",
      jsonl(verdict("one", "model_1")),
      /line 1: g1_winner: got "one", expected model_1, model_2, tie or error\.$/,
    ],
    [
      "question.jsonl",
      jsonl(verdict("tie", "tie", { question_id: undefined })),
      /line 1: question_id: got nothing, but it must hold the question's id\. .*by=battles/,
    ],
    [
      "flags.csv",
      "model_a,model_b,winner_model_a,winner_model_b,winner_tie\none,two,1,0,1\none,two,yes,0,0\n",
      /line 2: winner_model_a, winner_tie: got 1 in each, .*\n.*line 3: winner_model_a: got "yes", expected 0 or 1/,
    ],
    [
      "answers.jsonl",
      jsonl(answers, answers),
      /^\S+answers\.jsonl, line 1: got the fields: question_id, answer_id, model_id, choices; expected model_a/,
    ],
    [
      "later.jsonl",
      `${jsonl(vote("tie"), { model_a: "one" })}no\n`,
      /has 2 faults:\n.*line 2: got the fields.*\n.*line 3/,
    ],
    ["none.jsonl", "", /none\.jsonl holds no battles\. Expected a row for each/],
    [
      "blind.jsonl",
      jsonl(vote(null)),
      /1 of 1 row was left out: 1 without a winner \(line 1\)\. Expected a row/,
    ],
    [
      "models.jsonl",
      jsonl(...Array.from({ length: 1001 }, (_, at) => vote("tie", { model_b: `text ${at}` }))),
      /names more than 1,000 models, "text 999" among them/,
    ],
  ])("of %s are told with line, field and what was expected", async (name, text, expected) => {
    await expect(countBattles(write(name, text))).rejects.toThrow(expected);
  });
});
