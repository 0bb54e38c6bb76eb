// What makes a row a comparison whose better reply is known: labels of choices, and chosen and rejected as HH-RLHF, TRL and
// people write them, in cells of tables, too.

import { describe, expect, it } from "vitest";
import { publishedFile, titled } from "../../core/published.fixture.ts";
import { createWriter, jsonl, loadComparisons, loadPrompts } from "../reading.fixture.ts";
import type { UnfitRow } from "../unfit.ts";

const write = createWriter();
const options = { runSeed: 1 };
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

describe("labels of choices", () => {
  const labelled = (labels: readonly number[], choices = ["x", "y"]) => ({ choices, labels });
  it.each([[[1, 1]], [[1]], [[0, 0]], [[1, 0, 0]], [[2, 0]]])(
    "are a fault where they are %j",
    async (labels) => {
      const file = write("align.jsonl", jsonl({ input: "q", targets: labelled(labels) }));
      const problem = `got [${labels.join(", ")}] for 2 choices, expected a label for each: 1 for the one`;
      await expect(loadComparisons(file, options)).rejects.toThrow(`line 1: targets.labels: ${problem}`);
      const mc = write("mc.jsonl", jsonl({ question: "q", mc1_targets: labelled(labels) }));
      await expect(loadComparisons(mc, options)).rejects.toThrow(`line 1: mc1_targets.labels: ${problem}`);
    },
  );
});

describe("lists of messages in cells", () => {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const cell = (value: unknown): string => quoted(JSON.stringify(value));
  it("are lists, in prompts, pairs and chains; other texts stay what they are", async () => {
    const [one, other] = ["1", "2"].map((text) => [user("q"), assistant(text)]);
    const file = write("pairs.csv", `chosen,rejected\n${cell(one)},${cell(other)}\n`);
    expect((await loadPrompts(file, options)).prompts).toMatchObject([{ messages: [user("q")] }]);
    expect(await loadComparisons(file, options)).toMatchObject([{ options: ["1", "2"], correct: 0 }]);
    const texts = [
      ...[
        '[{"a":1}]',
        "[]",
        "[1]",
        '[{"role":',
        '[{"role":"admin","text":"Ignore all"}]',
        '[{"role":"user"}]',
      ],
      ...['[{"role":"user","content":1}]', '[{"role":"user","content":"a"},{"role":"admin","content":"b"}]'],
    ];
    const plain = write("texts.csv", `prompt\n${texts.map(quoted).join("\n")}\n`);
    const { prompts } = await loadPrompts(plain, options);
    expect(prompts.map(({ messages }) => messages)).toEqual(texts.map((text) => [user(text)]));
  });

  it.each([
    ["goal,target", (text: string) => `${text},Sure`],
    ["prompt,type,label,focus", (text: string) => `${text},t,safe,f`],
    ["Behavior,SemanticCategory", (text: string) => `${text},c`],
    ["prompt,response_0,response_1,safer_response_id", (text: string) => `${text},a,b,0`],
  ])("are texts where the format has none: %s", async (head, row) => {
    const list = JSON.stringify([user("Tell me a secret")]);
    const { prompts } = await loadPrompts(write("set.csv", `${head}\n${row(quoted(list))}\n`), options);
    expect(prompts.map(({ messages }) => messages)).toEqual([[user(list)]]);
  });

  it("are texts among the replies of a pair, unless both are such lists", async () => {
    const replies = [
      ['[{"role":"admin"}]', "no"],
      [JSON.stringify([assistant("a")]), "no"],
      ["no", JSON.stringify([user("a"), assistant("b")])],
    ];
    const rows = replies.map((two) => `Give JSON,${two.map(quoted).join(",")}`);
    const file = write("replies.csv", `prompt,chosen,rejected\n${rows.join("\n")}\n`);
    const found = await loadComparisons(file, options);
    expect(found.map((one) => one.options)).toEqual(replies);
  });
});

describe("pairs of plain rows", () => {
  const end = (text: string): string => `\n\nHuman: q \n\nAssistant: ${text}`;
  it("are comparisons whose better reply is known, of prompts that stay as they are", async () => {
    const rows = [
      { chosen: end("1"), rejected: end("2 ") },
      { id: "own", prompt: "p", chosen: "1", rejected: "2" },
      { id: "own", prompt: "p", chosen: "1", rejected: "3" },
      { prompt: [user("m")], chosen: [assistant("1")], rejected: [assistant("2")] },
      { prompt: "r", replies: ["1", "2"], correct: 1 },
      { messages: [user("s")], chosen: "1", rejected: "2" },
      { prompt: "alone" },
      { prompt: "t", replies: ["1", "2", "3"] },
      { prompt: "u", chosen: "", rejected: "" },
      { prompt: "v", chosen: "1" },
      { prompt: "w", replies: 12, correct: true },
      { prompt: "x", replies: ["1", "2", "3"], correct: 1 },
      { prompt: "y", replies: ["1", "2"], correct: null },
    ];
    const file = write("plain-pairs.jsonl", jsonl(...rows));
    let unknown = 0;
    const found = await loadComparisons(file, { ...options, onUnknown: () => unknown++ });
    expect(unknown).toBe(1);
    expect(found.map(({ messages, options: replies, correct }) => [messages, replies, correct])).toEqual([
      [[user("q ")], ["1", "2 "], 0],
      [[user("p")], ["1", "2"], 0],
      [[user("p")], ["1", "3"], 0],
      [[user("m")], ["1", "2"], 0],
      [[user("r")], ["1", "2"], 1],
      [[user("s")], ["1", "2"], 0],
    ]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(6);
    const { prompts } = await loadPrompts(file, options);
    expect(prompts.map(({ messages }) => messages[0]?.content)).toEqual([
      ...["q", "p", "m", "r", "s", "alone", "t", "u", "v", "w", "x", "y"],
    ]);
  });

  it("that are unfit are left out and told, and others are faults", async () => {
    const unfit: UnfitRow[] = [];
    const rows = [
      { chosen: `${end("1")}\n\nHuman: r\n\nAssistant: s`, rejected: end("2") },
      { prompt: "p", chosen: "1", rejected: " " },
      { prompt: "p", chosen: [assistant("")], rejected: [assistant("2")] },
      { prompt: "other", chosen: [user("q"), assistant("1")], rejected: [user("q"), assistant("2")] },
      { prompt: "p", chosen: 1, rejected: 0 },
      { prompt: "p", chosen: "1", rejected: ["2"] },
      { prompt: "q", chosen: [user("q"), assistant("1")], rejected: "2" },
      { messages: [user("p")], chosen: "1", rejected: [user("q"), assistant("2")] },
      { prompt: "p", replies: [1, 2], correct: 0 },
      { prompt: "p", replies: ["1", ""], correct: 0 },
      { prompt: " ", chosen: "1", rejected: "2" },
    ];
    const file = write("unfit.jsonl", jsonl(...rows));
    const onUnfit = (row: UnfitRow) => unfit.push(row);
    expect(await loadComparisons(file, { ...options, onUnfit })).toEqual([]);
    expect(unfit.map(({ place, reason }) => [place.line, reason])).toEqual([
      ...[
        [1, "parted"],
        [2, "blank"],
        [3, "blank"],
        [4, "stray"],
        [5, "form"],
        [6, "form"],
        [7, "form"],
        [8, "form"],
        [9, "form"],
        [10, "blank"],
      ],
    ]);
    const wrong = write(
      "wrong.jsonl",
      jsonl({ chosen: 1, rejected: end("2") }, { prompt: "p", replies: ["1", "2"], correct: 2 }),
    );
    await expect(loadComparisons(wrong, { ...options, onUnfit })).rejects.toThrow(
      /2 faults[\s\S]*line 1: chosen: got 1[\s\S]*line 2: correct: got 2/,
    );
  });
});

const pairs = publishedFile("hh-rlhf/harmless-base-test.jsonl.gz");

it.skipIf(pairs.missing)(
  titled("each of the 2,312 pairs of HH-RLHF is a comparison, unless it parts early", pairs),
  async () => {
    let unfit = 0;
    const found = await loadComparisons(pairs.path, { ...options, onUnfit: () => unfit++ });
    expect(found.length + unfit).toBe(2312);
    expect(unfit).toBeLessThan(20);
    expect(found.every(({ correct, options: replies }) => correct === 0 && replies.length === 2)).toBe(true);
  },
);
