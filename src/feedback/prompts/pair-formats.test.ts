// Published pairs that people or models compared, as their authors' files have them, in rows of our own making: which reply
// is the better one, where several say so, and what is said of files that hold no comparison.

import { describe, expect, it } from "vitest";
import { createWriter, jsonl, loadComparisons, loadPairs, loadPrompts } from "../reading.fixture.ts";
import type { UnfitRow } from "../unfit.ts";

const write = createWriter();
const options = { runSeed: 1 };
const user = (content: string) => ({ role: "user", content });
const pref = (value: string | null) => ({ pref: value });

/** A document of annotated pairs as ICAI writes it: the default annotator beside two principles, which prefer otherwise. */
const annotatedPairs = (metadata: object, ...prefs: readonly object[]): string =>
  JSON.stringify({
    metadata: { version: "2.0", ...metadata },
    annotators: {
      d3: { name: "preferred_text", type: "unknown" },
      h1: { name: "Human", type: "human" },
      p1: { description: "Select the shorter one", type: "principle" },
      p2: { description: "Select the longer one", type: "principle" },
    },
    comparisons: prefs.map((annotations, at) => ({
      id: `c${at}`,
      prompt: `q${at}`,
      response_a: { text: "1", model: "m" },
      response_b: { text: "2", model: "n" },
      annotations,
      metadata: { index: String(at) },
    })),
  });

const verdict = (overrides: object = {}) => ({
  ...{ question_id: 81, model_1: "m", model_2: "n", judge: ["gpt-4", "pair-v2"], turn: 1, tstamp: 1 },
  ...{ g1_winner: "model_2", g2_winner: "model_2", g1_judgment: "[[B]]", g2_judgment: "[[A]]" },
  g1_user_prompt:
    "[User Question]\nTell {it}.\n\nNow.\n\n[The Start of Assistant A's Answer]\nOne\n\ntwo\n[The End of Assistant A's Answer]\n\n[The Start of Assistant B's Answer]\nThree\n[The End of Assistant B's Answer]",
  ...overrides,
});
const mathVerdict = verdict({
  ...{ g1_winner: "model_1", g2_winner: "model_1" },
  g1_user_prompt:
    "[Instruction]\nJudge.\n\n[User Question]\nAdd.\n\n[The Start of Reference Answer]\n4\n[The End of Reference Answer]\n\n[The Start of Assistant A's Answer]\n4\n[The End of Assistant A's Answer]\n\n[The Start of Assistant B's Answer]\n5\n[The End of Assistant B's Answer]",
});

describe("ICAI's annotated pairs", () => {
  it("are taken as the default annotator prefers, else as most do that are no principles", async () => {
    const rows = [
      { d3: pref("b"), h1: pref("a"), p1: pref("a"), p2: pref("a") },
      { d3: { ...pref(null), no_pref_reason: "not_applicable" }, h1: pref("a"), p1: pref("a") },
      { d3: pref("a"), h1: pref("a"), p1: pref("b"), p2: pref("b") },
      { d3: pref("tie") },
    ];
    const chosenIn = async (metadata: object) =>
      (await loadComparisons(write("annotated.json", annotatedPairs(metadata, ...rows)), options)).map(
        ({ prompt, correct }) => [prompt, correct],
      );
    expect(await chosenIn({ default_annotator: "d3" })).toEqual([
      ["q0", 1],
      ["q2", 0],
    ]);
    expect(await chosenIn({ default_annotator: "h1" })).toEqual([
      ["q0", 0],
      ["q1", 0],
      ["q2", 0],
    ]);
    expect(await chosenIn({})).toEqual([
      ["q1", 0],
      ["q2", 0],
    ]);
    const bare = annotatedPairs({ default_annotator: "d3" }, { d3: pref("a") }, { d3: pref("b") });
    const file = write("bare.json", bare.replace('"q1"', "null"));
    await expect(loadComparisons(file, options)).rejects.toThrow(
      /bare\.json, row 2: prompt: got nothing, and the two texts are no dialogues/,
    );
  });

  it("are read from tables with an input column, and from documents of the first version", async () => {
    const table = write("icai.csv", "text_a,text_b,preferred_text,input\n1,2,text_b,q\n1,2,tie,r\n");
    const first = {
      ...{ metadata: { version: "1.0", default_annotator: "d" }, annotators: { d: {}, p: {} } },
      comparisons: [
        {
          ...{ id: "c", prompt: "q", text_a: "1", text_b: "2" },
          annotations: { d: pref("text_b"), p: pref("text_a") },
        },
      ],
    };
    for (const file of [table, write("first.json", JSON.stringify(first))])
      expect(await loadComparisons(file, options)).toMatchObject([
        { messages: [user("q")], options: ["1", "2"], correct: 1 },
      ]);
  });
});

describe("ICAI's tables", () => {
  it("without prompts are told for what they are, once, unless their texts are dialogues that share a beginning", async () => {
    const file = write("pairs.csv", "text_a,text_b,preferred_text\none,two,text_a\nthree,four,text_b\n");
    const told =
      /^\S+pairs\.csv, line 2: these are pairs of texts .* without what they answer.* a column prompt or input .*evaluate baselines/;
    await expect(loadPrompts(file, options)).rejects.toThrow(told);
    await expect(loadPairs(file)).rejects.toThrow(told);
    const dialogue = (end: string): string => `"\n\nHuman: q\n\nAssistant: ${end}"`;
    const dialogues = `text_a,text_b,preferred_text\n${dialogue("1")},${dialogue("2")},text_b\n`;
    const parted = `${dialogue("1\n\nHuman: r\n\nAssistant: s")},${dialogue("2")},text_a\n`;
    const unfit: UnfitRow[] = [];
    const pairs = await loadPairs(write("dialogues.csv", `${dialogues}${parted}`), {
      onUnfit: (row) => unfit.push(row),
    });
    expect(pairs).toMatchObject([{ messages: [user("q")], correct: 1 }]);
    expect(unfit).toMatchObject([{ reason: "parted" }]);
  });

  it("say which text is preferred in words that are known", async () => {
    const file = write("odd.csv", "text_a,text_b,preferred_text,input\n1,2,left,q\n1,2,,q\n1,2,tie,q\n");
    await expect(loadComparisons(file, options)).rejects.toThrow(
      /odd\.csv, line 2: preferred_text: got "left", expected text_a, text_b, a, b or tie\.$/,
    );
  });
});

describe("arena battles", () => {
  const talk = (...turns: readonly string[]) =>
    turns.map((content, at) => ({ role: at % 2 === 0 ? "user" : "assistant", content }));
  const battle = (winner: unknown, one: readonly string[], other: readonly string[]) => ({
    ...{ model_a: "m", model_b: "n", winner },
    ...{ conversation_a: talk(...one), conversation_b: talk(...other) },
  });

  it("of several turns that answer different replies are no comparison, and their prompts are the first turns", async () => {
    const several = [
      battle("model_a", ["q", "1", "more", "2"], ["q", "3", "more", "4"]),
      battle("model_a", ["r", "1", "more", "2"], ["r", "3"]),
      battle("model_b", ["s", "1"], ["s", "3", "more", "4"]),
    ];
    const shared = battle("model_b", ["t", "1", "more", "2"], ["t", "1", "more", "4"]);
    const file = write("turns.jsonl", jsonl(...several, shared));
    expect(await loadComparisons(file, options)).toMatchObject([
      { messages: talk("t", "1", "more"), options: ["2", "4"], correct: 1 },
    ]);
    const { prompts } = await loadPrompts(file, options);
    expect(prompts.map(({ messages }) => messages.length)).toEqual([1, 1, 1, 3]);
  });

  it("are the same where their turns are lists of texts", async () => {
    const cells = (...turns: readonly string[]) => JSON.stringify(turns);
    const row = (prompt: string, response_a: string, response_b: string) => ({
      ...{ prompt, response_a, response_b, winner_model_a: 1, winner_model_b: 0 },
    });
    const rows = [
      row(cells("q"), cells("1"), "2"),
      row(cells("r", "more"), cells("1", "2"), cells("3", "4")),
    ];
    const file = write("lists.jsonl", jsonl(...rows));
    expect(await loadComparisons(file, options)).toMatchObject([
      { prompt: "q", options: ["1", "2"], correct: 0 },
    ]);
    const { prompts } = await loadPrompts(file, options);
    expect(prompts.map(({ messages }) => messages)).toEqual([[user("q")], [user("r")]]);
  });

  it("are texts where they only begin like lists", async () => {
    const texts = ["[Verse 1] la la", "[1, 2]", '["a", {}]', "[]"];
    const row = { winner_model_a: 0, winner_model_b: 1 };
    const rows = texts.map((text) => ({ ...row, prompt: text, response_a: `${text} `, response_b: "no" }));
    const file = write("brackets.jsonl", jsonl(...rows));
    const found = await loadComparisons(file, options);
    expect(found.map(({ prompt, options: replies }) => [prompt, replies])).toEqual(
      texts.map((text) => [text, [`${text} `, "no"]]),
    );
    const { prompts } = await loadPrompts(file, options);
    expect(prompts.map(({ messages }) => messages)).toEqual(texts.map((text) => [user(text)]));
  });

  it("say who won in words that are known, whatever fields the battle has", async () => {
    const rows = ["left", "tie", "tie (inconsistent)", "both_bad", "", null].map((winner) =>
      battle(winner, ["q", "1"], ["q", "2"]),
    );
    await expect(loadComparisons(write("left.jsonl", jsonl(...rows)), options)).rejects.toThrow(
      /left\.jsonl, line 1: winner: got "left", expected model_a, model_b, tie, tie \(inconsistent\), tie \(bothbad\), both_bad or bothbad\.$/,
    );
    expect(await loadComparisons(write("ties.jsonl", jsonl(...rows.slice(1))), options)).toEqual([]);
    const texts = { prompt: "q", response_a: "1", response_b: "2" };
    const flags = (winner_model_a: unknown, winner_model_b: unknown) => ({
      ...{ ...texts, model_a: "m", model_b: "n", winner_model_a, winner_model_b },
    });
    await expect(
      loadComparisons(write("flags.jsonl", jsonl(flags(1, 0), flags("yes", 0), flags(1, 1))), options),
    ).rejects.toThrow(
      /2 faults[\s\S]*line 2: winner_model_a: got "yes"[\s\S]*line 3: winner_model_a, winner_model_b/,
    );
    const named = { ...texts, model_a: "m", model_b: "n", winner: "model_b" };
    const found = await loadComparisons(write("named.jsonl", jsonl(flags("True", "False"), named)), options);
    expect(found.map(({ correct }) => correct)).toEqual([0, 1]);
  });

  it("say it in columns where the word is empty, with conversations or texts, as ratings of the models read it", async () => {
    const texts = { model_a: "m", model_b: "n", winner: "", prompt: "q", response_a: "1", response_b: "2" };
    const talked = battle("", ["q", "1"], ["q", "2"]);
    const flags = (winner_model_a: number, winner_model_b: number, winner_tie: number) => ({
      ...{ winner_model_a, winner_model_b, winner_tie },
    });
    for (const row of [texts, talked]) {
      const said = [flags(1, 0, 0), flags(0, 1, 0), flags(0, 0, 1), flags(0, 0, 0)];
      const file = write("columns.jsonl", jsonl(...said.map((more) => ({ ...row, ...more }))));
      expect((await loadComparisons(file, options)).map(({ correct }) => correct)).toEqual([0, 1]);
      const two = write("two-columns.jsonl", jsonl({ ...row, ...flags(1, 0, 1) }));
      await expect(loadComparisons(two, options)).rejects.toThrow(
        /line 1: winner_model_a, winner_tie: got 1 in each, expected 1 in one of them\.$/,
      );
    }
  });
});

describe("PKU-SafeRLHF", () => {
  const row = { prompt: "p", response_0: "a", response_1: "b" };
  const correctIn = async (rows: readonly object[], format?: string) => {
    const file = write("pku.jsonl", jsonl(...rows.map((ids) => ({ ...row, ...ids }))));
    const found = await loadComparisons(file, { ...options, ...(format === undefined ? {} : { format }) });
    return found.map(({ correct }) => correct);
  };
  const both = { better_response_id: 0, safer_response_id: 1 };

  it("is taken by the safer reply, or by the more helpful one where that is named or there is no other", async () => {
    expect(await correctIn([both])).toEqual([1]);
    expect(await correctIn([both], "pku-saferlhf-better")).toEqual([0]);
    expect(await correctIn([{ better_response_id: 0 }])).toEqual([0]);
  });

  it("is taken by one preference a file, whatever a row lacks", async () => {
    const lacking = [{ better_response_id: 0, safer_response_id: null }, { better_response_id: 0 }];
    expect(await correctIn([both, ...lacking])).toEqual([1]);
    expect(await correctIn([lacking[0]!, both])).toEqual([1]);
    expect(await correctIn([{ better_response_id: 0 }, both, { better_response_id: null }])).toEqual([0, 0]);
    expect(await correctIn([{ safer_response_id: 2 }]).catch(String)).toMatch(/line 1: safer_response_id: /);
  });

  it("gives prompts, and pairs for a judge, where no reply is said to be better", async () => {
    expect(await correctIn([{}, { safer_response_id: null }])).toEqual([]);
    const file = write("pku-none.jsonl", jsonl({ ...row, safer_response_id: null }));
    expect((await loadPrompts(file, options)).prompts).toHaveLength(1);
    const [pair] = await loadPairs(file);
    expect(pair).toMatchObject({ replies: [{ text: "a" }, { text: "b" }] });
    expect(pair).not.toHaveProperty("correct");
  });

  it("is read from tables, where numbers are texts and nothing is an empty cell", async () => {
    const head = "prompt,response_0,response_1,better_response_id,safer_response_id";
    const file = write("pku.csv", `${head}\np,a,b,0,1\nq,a,b,1,\n`);
    expect((await loadComparisons(file, options)).map(({ prompt, correct }) => [prompt, correct])).toEqual([
      ["p", 1],
    ]);
  });
});

describe("MT-Bench", () => {
  it("is taken where both orders agree on one answer to the first turn", async () => {
    const file = write(
      "gpt-4_pair.jsonl",
      jsonl(
        mathVerdict,
        verdict({ g2_winner: "model_1" }),
        verdict({ g1_winner: "tie", g2_winner: "tie" }),
        verdict({ turn: 2 }),
      ),
    );
    expect(await loadComparisons(file, options)).toMatchObject([
      { messages: [user("Add.")], options: ["4", "5"], correct: 0, prompt: "Add." },
    ]);
    const both = write("both.jsonl", jsonl(verdict({ turn: 2, g1_user_prompt: "two chats" }), verdict()));
    expect(await loadComparisons(both, options)).toMatchObject([
      { options: ["One\n\ntwo", "Three"], correct: 1, prompt: "Tell {it}.\n\nNow." },
    ]);
    expect((await loadPrompts(both, options)).prompts).toMatchObject([
      { messages: [user("Tell {it}.\n\nNow.")], kind: "harmless" },
    ]);
  });

  it("says who won in words that are known", async () => {
    const file = write("odd.jsonl", jsonl(verdict({ g2_winner: "left" })));
    await expect(loadComparisons(file, options)).rejects.toThrow(
      /line 1: g2_winner: got "left", expected model_1, model_2, tie or error\.$/,
    );
  });

  it.each([
    [
      "answers.jsonl",
      jsonl({ question_id: 81, answer_id: "x", model_id: "m", choices: [{ index: 0, turns: ["a", "b"] }] }),
      /answers\.jsonl, line 1: these are one model's answers to MT-Bench's questions .*, which hold no comparison of two; `covenant prompts pair` makes .*\. Expected verdicts on pairs/,
    ],
    [
      "gpt-4_single.jsonl",
      jsonl({
        question_id: 81,
        model: "m",
        judge: [],
        user_prompt: "u",
        judgment: "[[7]]",
        score: 7,
        turn: 1,
      }),
      /these are MT-Bench's grades of one model's answers/,
    ],
    [
      "asked.jsonl",
      jsonl(verdict({ g1_user_prompt: "?" })),
      /line 1: g1_user_prompt: expected \[User Question\]/,
    ],
    [
      "votes.jsonl",
      jsonl(...["model_a", "tie"].map((winner) => ({ model_a: "m", model_b: "n", winner, turn: 1 }))),
      /^\S+votes\.jsonl, line 1: these are votes on battles .* without the conversations.*: `covenant evaluate ratings`\.$/,
    ],
    [
      "all-answers.jsonl",
      jsonl(...[81, 82].map((question_id) => ({ question_id, model_id: "m", choices: [] }))),
      /^\S+all-answers\.jsonl, line 1: these are one model's answers/,
    ],
  ])("says what %s is", async (name, text, expected) => {
    const file = write(name, text);
    await expect(loadComparisons(file, options)).rejects.toThrow(expected);
    await expect(loadPrompts(file, options)).rejects.toThrow(expected);
  });
});
