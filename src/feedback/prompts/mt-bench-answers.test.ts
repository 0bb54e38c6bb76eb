// MT-Bench's answers as comparisons: who is put beside whom, what is left out and where it stands, and what is said of files
// that do not go together. The comparisons are read by what judges them.

import { describe, expect, it } from "vitest";
import { collect } from "../../core/index.ts";
import { readPairs } from "../comparisons.ts";
import { createWriter, jsonl } from "../reading.fixture.ts";
import { pairAnswers } from "./mt-bench-answers.ts";

const write = createWriter();
const question = (question_id: number, ...turns: string[]) => ({ question_id, category: "math", turns });
const answer = (model_id: string, question_id: number | string, ...turns: string[]) => ({
  ...{ question_id, answer_id: "x", model_id, tstamp: 1, choices: [{ index: 0, turns }] },
});

const questions = write(
  "question.jsonl",
  jsonl(question(82, "\n\nHuman: Add {x}.", "Why?"), question(81, "Tell.", "More.")),
);

describe("answers of several models", () => {
  it("are comparisons of every two, by first turns, which the reader of comparisons takes to the letter", async () => {
    const files = [
      write("n.jsonl", jsonl(answer("n", 81, " N tells.\n", "…"), answer("n", 82, "N adds."))),
      write(
        "two.jsonl",
        jsonl(answer("m", 82, "M adds."), answer("k", 81, "K tells."), answer("m", 81, "M")),
      ),
    ];
    const { pairs, models, unpaired, notes } = await pairAnswers(questions, files);
    expect({ models, unpaired, notes }).toEqual({ models: ["k", "m", "n"], unpaired: 2, notes: [] });
    expect(pairs.map(({ id, models: who, replies }) => [id, who, replies])).toEqual([
      ["81/k/m", ["k", "m"], ["K tells.", "M"]],
      ["81/k/n", ["k", "n"], ["K tells.", " N tells.\n"]],
      ["82/m/n", ["m", "n"], ["M adds.", "N adds."]],
      ["81/m/n", ["m", "n"], ["M", " N tells.\n"]],
    ]);
    const file = write("comparisons.jsonl", jsonl(...pairs));
    const read = await collect(readPairs(file));
    expect(read.map(({ id, replies }) => [id, ...replies.map(({ text }) => text)])).toEqual(
      pairs.map(({ id, replies }) => [id, ...replies]),
    );
    expect(read[2]?.messages).toEqual([{ role: "user", content: "\n\nHuman: Add {x}." }]);
    expect(read[2]?.correct).toBeUndefined();
  });

  it("that say nothing are left out, with their lines", async () => {
    const rows = [
      answer("m", 81, " "),
      answer("m", 82, "M"),
      answer("m", 7, "?"),
      answer("n", 81, "$ERROR$"),
    ];
    const file = write("gaps.jsonl", jsonl(...rows, answer("n", 82, "N")));
    const { pairs, unpaired, notes } = await pairAnswers(questions, [file]);
    expect(pairs.map(({ id }) => id)).toEqual(["82/m/n"]);
    expect(unpaired).toBe(0);
    expect(notes).toEqual([
      `${file}: 3 of 5 answers were left out: 1 on a question that the questions' file has not (line 3), 1 without text (line 1), 1 with $ERROR$ in place of an answer (line 4).`,
    ]);
  });
});

describe("files that are no answers of two models", () => {
  const own = write("own.jsonl", jsonl(answer("m", 81, "M")));

  it.each<[string, string, RegExp]>([
    [
      "again.jsonl",
      jsonl(answer("m", 81, "M")),
      /again\.jsonl, line 1: question_id: m has answered 81 already/,
    ],
    [
      "turns.jsonl",
      jsonl(answer("n", 81, "N"), answer("n", 82)),
      /turns\.jsonl, line 2: choices\[0\]\.turns: got an empty list, expected at least 1/,
    ],
    [
      "apart.jsonl",
      jsonl(answer("n", 82, "N")),
      /got answers of m, n, and no question that two of them answer/,
    ],
    [
      "alone.jsonl",
      jsonl(answer("n", 81, "")),
      /got answers of m; expected answers of two models .*\n.*1 without text \(line 1\)/,
    ],
    [
      "battles.jsonl",
      jsonl({ model_a: "m", model_b: "n", winner: "tie" }),
      /line 1: got the fields: model_a, model_b, winner; expected a model's answers: question_id, model_id, choices\.$/,
    ],
  ])("are told: %s", async (name, text, expected) => {
    await expect(pairAnswers(questions, [own, write(name, text)])).rejects.toThrow(expected);
  });

  it("are told of the questions, too", async () => {
    await expect(pairAnswers(own, [own])).rejects.toThrow(
      /expected MT-Bench's questions: question_id, turns\.$/,
    );
    const twice = write("twice.jsonl", jsonl(question(81, "a"), question(81, "b")));
    await expect(pairAnswers(twice, [own])).rejects.toThrow(
      /line 2: question_id: got 81, which an earlier row/,
    );
  });
});
