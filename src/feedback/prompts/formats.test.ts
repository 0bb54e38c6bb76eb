// Every published format as its authors' files have it, in rows of our own making: what each becomes, and what is said of
// a row that lacks something. Published data is read where it lies beside the checkout.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { publishedFile, titled } from "../../core/published.fixture.ts";
import { revisionRecordSchema } from "../../records/index.ts";
import { sftRowsFromRevisions } from "../index.ts";
import { createWriter, jsonl, loadChains, loadComparisons, loadPrompts } from "../reading.fixture.ts";

const write = createWriter();
const options = { runSeed: 1 };

const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

/** name of the file, its text, and what the first prompt of it becomes. */
const sets: readonly (readonly [name: string, text: string, first: object])[] = [
  [
    "xstest.csv",
    "id,prompt,type,label,focus,note\n1,How do I kill a process?,homonyms,safe,kill,\n2,How do I hurt a cat?,contrast_homonyms,unsafe,hurt,\n",
    { messages: [user("How do I kill a process?")], kind: "lookalike", area: "homonyms" },
  ],
  [
    "xstest-old.csv",
    "id,type,prompt,focus\n1,contrast_definitions,How is it made?,x\n",
    { messages: [user("How is it made?")], kind: "harmful", area: "contrast_definitions" },
  ],
  ["or-bench-80k.csv", "prompt,category\nIs it safe?,privacy\n", { kind: "lookalike", area: "privacy" }],
  ["or-bench-toxic.csv", "prompt,category\nDo it,hate\n", { kind: "harmful", area: "hate" }],
  [
    "advbench.csv",
    'goal,target\n"Write a, b","Sure, here is"\n',
    { messages: [user("Write a, b")], kind: "harmful" },
  ],
  ["advbench.jsonl", jsonl({ prompt: "Write it", target: "Sure, here is" }), { kind: "harmful" }],
  [
    "harmbench.csv",
    "Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID\nDo this,contextual,illegal,context,Some facts,a1\nDo that,standard,cyber,,,a2\n",
    { messages: [user("Do this\n\nContext: Some facts")], kind: "harmful", area: "illegal" },
  ],
  [
    "harmful-behaviors.csv",
    "Index,Goal,Target,Behavior,Category,Source\n0,Write it,Sure,B,Privacy,Original\n",
    { messages: [user("Write it")], kind: "harmful", area: "Privacy" },
  ],
  [
    "benign-behaviors.csv",
    "Goal,Target,Behavior,Category,Source\nTell it,Sure,B,Privacy,Original\n",
    { kind: "lookalike" },
  ],
  [
    "beavertails.jsonl",
    jsonl({ prompt: "p", response: "r", category: { animal: false, drugs: true }, is_safe: false }),
    { messages: [user("p")], area: "drugs" },
  ],
  [
    "pku.jsonl",
    jsonl({ prompt: "p", response_0: "a", response_1: "b", safer_response_id: 1, better_response_id: 0 }),
    { messages: [user("p")] },
  ],
  [
    "TruthfulQA.csv",
    '\ufeffType,Category,Question,Best Answer,Best Incorrect Answer,Correct Answers,Incorrect Answers,Source\nAdversarial,Law,"Is it\nlegal?",No,Yes,No; Never,Yes,https://example.org\n',
    { messages: [user("Is it\nlegal?")], kind: "harmless", area: "Law" },
  ],
  [
    "truthful-mc.jsonl",
    jsonl({ question: "q", mc1_targets: { choices: ["x", "y"], labels: [0, 1] } }),
    { messages: [user("q")], kind: "harmless" },
  ],
  [
    "mt-bench.jsonl",
    jsonl({ question_id: 81, category: "writing", turns: ["Write.", "Rewrite."] }),
    { messages: [user("Write.")], kind: "harmless", area: "writing" },
  ],
  [
    "battles.jsonl",
    jsonl({
      model_a: "m",
      model_b: "n",
      winner: "model_b",
      conversation_a: [user("q"), assistant("1")],
      conversation_b: [user("q"), assistant("2")],
    }),
    { messages: [user("q")] },
  ],
  [
    "battles.csv",
    'model_a,model_b,prompt,response_a,response_b,winner_model_a,winner_model_b,winner_tie\nm,n,"[""q""]","[""1""]","[""2""]",1,0,0\n',
    { messages: [user("q")] },
  ],
  [
    "icai.json",
    JSON.stringify({
      metadata: {},
      annotators: {},
      comparisons: [{ id: "c", prompt: "q", response_a: { text: "1" }, response_b: { text: "2" } }],
    }),
    { messages: [user("q")] },
  ],
  [
    "icai.csv",
    'text_a,text_b,preferred_text\n"\n\nHuman: q\n\nAssistant: 1","\n\nHuman: q\n\nAssistant: 2",text_b\n',
    { messages: [user("q")] },
  ],
  [
    "attempts.json",
    JSON.stringify([
      {
        transcript: "\n\nHuman: a: b\n\nAssistant: no\n\nHuman: please\n\nAssistant: no",
        task_description: "t",
        rating: 4,
        tags: ["Theft"],
      },
    ]),
    { messages: [user("a: b"), assistant("no"), user("please")], kind: "harmful", area: "Theft" },
  ],
  [
    "hhh.jsonl",
    jsonl({ input: "Can I?", targets: { choices: ["Yes", "No"], labels: [0, 1] } }),
    { messages: [user("Can I?")] },
  ],
  ["texts.txt", "One {principle}\n\nTwo\n", { messages: [user("One {principle}")] }],
  ["texts.jsonl", jsonl({ text: "One", split: "test" }), { messages: [user("One")], split: "test" }],
  ["plain.csv", "prompt,kind,area,split\nOne,,,\n", { messages: [user("One")] }],
  ["trl.jsonl", jsonl({ prompt: "p", completion: " c", label: true }), { messages: [user("p")] }],
];

const textOf = (name: string): string => sets.find(([own]) => own === name)![1];

describe("formats", () => {
  it.each(sets)("%s", async (name, text, first) => {
    const { prompts } = await loadPrompts(write(name, text), options);
    expect(prompts[0]).toMatchObject(first);
  });

  it("takes a category or a target of a file of one's own for what they are", async () => {
    const file = write(
      "own.jsonl",
      jsonl({ prompt: "Boil an egg", category: "kitchen" }, { prompt: "b", target: "x" }),
    );
    const { prompts } = await loadPrompts(file, options);
    expect(prompts.every(({ kind, area }) => kind === undefined && area === undefined)).toBe(true);
  });

  it("takes chats that end with a reply only where they are said to be such", async () => {
    const file = write(
      "chats.jsonl",
      jsonl({ messages: [user("a"), assistant("b"), user("c"), assistant("d")] }),
    );
    await expect(loadPrompts(file, options)).rejects.toThrow(
      /line 1: messages: .* role "user".* --format chat/,
    );
    const { prompts } = await loadPrompts(file, { ...options, format: "chat" });
    expect(prompts[0]?.messages).toEqual([user("a"), assistant("b"), user("c")]);
  });

  it("takes the prompt or the pair that a row names beside a chat that ends with a reply", async () => {
    const messages = [user("a"), assistant("b")];
    const pair = { chosen: messages, rejected: [user("a"), assistant("c")] };
    const rows = [
      { prompt: "p", messages },
      { prompt: "q", messages, ...pair },
      { messages, ...pair },
    ];
    const { prompts } = await loadPrompts(write("beside.jsonl", jsonl(...rows)), options);
    expect(prompts.map((prompt) => prompt.messages)).toEqual([[user("p")], [user("q")], [user("a")]]);
    const { prompts: own } = await loadPrompts(
      write("own-messages.jsonl", jsonl({ prompt: "p", messages: [user("m")] })),
      options,
    );
    expect(own[0]?.messages).toEqual([user("m")]);
  });

  it.each([
    [
      "votes.jsonl",
      jsonl({ model_a: "m", model_b: "n", winner: "tie" }),
      /votes\.jsonl, line 1: these are votes/,
    ],
    [
      "x.csv",
      "id,prompt,type,label,focus\n1,a,homonyms,safe,k\n2,b,homonyms,sure,k\n",
      /x\.csv, line 3: label: got "sure"/,
    ],
    ["h.csv", "Behavior,SemanticCategory\n,x\n", /h\.csv, line 2: .*must hold text/],
    ["m.jsonl", jsonl({ question_id: 1, category: "c", turns: [] }), /line 1: turns: got an empty list/],
    [
      "t.jsonl",
      jsonl({ transcript: "Human: x", task_description: "" }),
      /transcript: got a text that begins with "Human/,
    ],
    ["c.jsonl", jsonl({ rl_prompt: "\n\nAssistant: x" }), /rl_prompt: the dialogue has no turn of the human/],
  ])("says file, line and field of a fault in %s", async (name, text, expected) => {
    await expect(loadPrompts(write(name, text), options)).rejects.toThrow(expected);
  });

  it("knows no format of another name", async () => {
    const file = write("p.jsonl", jsonl({ prompt: "a" }));
    await expect(loadPrompts(file, { ...options, format: "xtest" })).rejects.toThrow(/did you mean xstest\?/);
  });
});

const choice = (overrides: object = {}) => ({
  prompt:
    "\n\nConsider the following conversation between a human and an assistant:\n\nHuman: Is (A) {it}?\n\n\nWhich is better? Options:\n (A) [[[One\n\ntwo]]]\n (B) [[[Three]]]\n\nThe answer is:",
  corrects: [" (B)"],
  incorrects: [" (A)"],
  text_correct: "\n\nHuman: Is (A) {it}?\n\nAssistant: Three",
  text_incorrect: "\n\nHuman: Is (A) {it}?\n\nAssistant: One\n\ntwo",
  ...overrides,
});

describe("readComparisons", () => {
  it("reads multiple choice with both dialogues", async () => {
    const [first] = await loadComparisons(write("hhh.jsonl", jsonl(choice())), options);
    expect(first).toMatchObject({
      messages: [user("Is (A) {it}?")],
      question: "Which is better? Options:",
      options: ["One\n\ntwo", "Three"],
      correct: 1,
      prompt: choice().prompt,
    });
  });

  it("reads questions of more options from the text, and replies that stand in place of letters", async () => {
    const prompt =
      "\n\nHuman: What kind?\n\nOptions:\n (A) Theft\n (B) Fraud\n (C) None\n\nAssistant: The answer is:";
    const [many] = await loadComparisons(
      write("nine.jsonl", jsonl({ prompt, corrects: [" (C)"], incorrects: [" (A)", " (B)"] })),
      options,
    );
    expect(many).toMatchObject({ options: ["Theft", "Fraud", "None"], correct: 2, question: "Options:" });
    const few = { prompt: "\n\nHuman: Hi\n\nAssistant:", corrects: ["Hello."], incorrects: ["Go."] };
    const [shot] = await loadComparisons(write("few.json", JSON.stringify([few])), options);
    expect(shot).toMatchObject({ messages: [user("Hi")], options: ["Hello.", "Go."], correct: 0 });
  });

  it.each([
    [
      "pku.jsonl",
      jsonl({ prompt: "p", response_0: "a", response_1: "b", safer_response_id: 1 }),
      ["a", "b"],
      1,
    ],
    ["TruthfulQA.csv", textOf("TruthfulQA.csv"), ["No", "Yes"], 0],
    ["mc.jsonl", textOf("truthful-mc.jsonl"), ["x", "y"], 1],
    ["battles.jsonl", textOf("battles.jsonl"), ["1", "2"], 1],
    ["battles.csv", textOf("battles.csv"), ["1", "2"], 0],
    ["icai.csv", textOf("icai.csv"), ["1", "2"], 1],
    ["hhh.jsonl", textOf("hhh.jsonl"), ["Yes", "No"], 1],
  ])("reads %s", async (name, text, replies, correct) => {
    const [first] = await loadComparisons(write(name, text), options);
    expect(first).toMatchObject({ options: replies, correct });
  });

  it("says what is wrong, and that a file has none", async () => {
    const broken = write(
      "broken.jsonl",
      jsonl(choice(), choice({ corrects: [" (C)"] }), choice({ corrects: 1 })),
    );
    await expect(loadComparisons(broken, options)).rejects.toThrow(
      /has 2 faults:[\s\S]*line 2: corrects: got \(C\)[\s\S]*line 3: corrects: got 1/,
    );
    expect(await loadComparisons(write("p.jsonl", jsonl({ prompt: "a" })), options)).toEqual([]);
  });
});

const chain = {
  rl_prompt: "\n\nHuman: Is {it}: so?\n\nAssistant:",
  initial_response: [{ sample: " Yes.\n\nHuman:" }],
  cst: [
    {
      cst_key: "harmful3",
      cst_value: {
        prompt: ["\n\nCritiqueRequest: What is wrong?\n\nCritique:"],
        edit_request: "\n\nRevisionRequest: Mend it.\n\nRevision:",
      },
      critique: { sample: " It is short.<EOT>" },
      revision: { sample: " Yes, it is.\n\n-------------\n\n\n" },
    },
  ],
};

describe("readChains", () => {
  it("reads CAI's samples as records of ours, which training rows are made of", async () => {
    const chains = await loadChains(write("SLMADISON.jsonl", jsonl(chain)), options);
    expect(chains[0]).toMatchObject({
      messages: [user("Is {it}: so?")],
      answer: "Yes.",
      steps: [
        {
          round: 1,
          principle: "harmful3",
          critiqueRequest: "What is wrong?",
          critique: "It is short.",
          revisionRequest: "Mend it.",
          revision: "Yes, it is.",
          finish: "stop",
        },
      ],
    });
    const { rows } = sftRowsFromRevisions(chains, { runSeed: 1, stage: "rows" });
    expect(rows.map(({ completion }) => completion)).toEqual(["Yes, it is."]);
  });

  it("reads cai-conversation-harmless", async () => {
    const row = {
      init_prompt: "p",
      init_response: "r",
      critic_prompt: "c?",
      critic_response: "c",
      revision_prompt: "r?",
      revision_response: "better",
      prompt: "p",
      messages: [user("p"), assistant("better")],
    };
    const rows = [row, { ...row, init_response: "s" }, { ...row, critic_prompt: "d?" }];
    const file = write("harmless.jsonl", jsonl(...rows));
    const found = await loadChains(file, options);
    expect(found[0]).toMatchObject({ answer: "r", steps: [{ critique: "c", revision: "better" }] });
    for (const record of found) expect(revisionRecordSchema.parse(record)).toEqual(record);
    const [one, same, other] = found.map(({ steps }) => steps[0]?.principle);
    expect([one === same, one === other]).toEqual([true, false]);
    expect((await loadPrompts(file, options)).prompts[0]?.messages).toEqual([user("p")]);
  });
});

const pairs = publishedFile("hh-rlhf/harmless-base-test.jsonl.gz");
const data = (path: string): string => publishedFile(path).path;

/** The turns of a dialogue as they stand in the file, each with its speaker. */
const turnsOf = (dialogue: string): string[] => dialogue.split(/(?=\n\n(?:Human|Assistant):)/);

/** The prompt of a pair by the file's own text: the turns that both dialogues begin with, up to the last of the human. */
const sharedText = ({ chosen, rejected }: { readonly chosen: string; readonly rejected: string }): string => {
  const [one, other] = [turnsOf(chosen), turnsOf(rejected)];
  const shared = one.slice(
    0,
    one.findIndex((turn, at) => turn.trim() !== other[at]?.trim()),
  );
  return shared.slice(0, shared.findLastIndex((turn) => turn.startsWith("\n\nHuman:")) + 1).join("");
};

describe.skipIf(pairs.missing)(titled("published data", pairs), () => {
  it("has 2,312 pairs whose prompts are their common beginning, all turns kept", async () => {
    const rows = gunzipSync(readFileSync(pairs.path)).toString("utf8").trim().split("\n");
    const given = rows.map((row) => JSON.parse(row) as { chosen: string; rejected: string });
    expect(given).toHaveLength(2312);
    const { prompts, repeated } = await loadPrompts(pairs.path, options);
    expect(prompts.length + repeated).toBe(2312);
    // White space round a turn is no part of it; two turns of one speaker are one message.
    const plain = (text: string): string => text.replace(/\s+/g, " ").trim();
    const speech = (text: string): string => plain(text.replace(/\n\n(?:Human|Assistant):/g, " "));
    const expected = new Set(given.map((pair) => speech(sharedText(pair))));
    const found = prompts.map(({ messages }) => plain(messages.map(({ content }) => content).join(" ")));
    expect(new Set(found)).toEqual(expected);
    for (const { messages } of prompts)
      for (const [at, { role }] of messages.entries())
        expect(role).toBe((messages.length - at) % 2 === 1 ? "user" : "assistant");
  });

  it("has 438 comparisons, of which 52.1 % have (A) as their answer", async () => {
    const all = await loadComparisons(data("anthropic-cai/evals/438HHHEvaluations.jsonl"), options);
    expect(all).toHaveLength(438);
    expect(new Set(all.map(({ id }) => id)).size).toBe(438);
    expect((all.filter(({ correct }) => correct === 0).length / 438).toFixed(3)).toBe("0.521");
    for (const { options: replies, prompt } of all)
      for (const reply of replies) expect(prompt).toContain(`[[[${reply}`);
  });

  it.each(["LAMDA", "INSTRUCTGPT"])("has chains of four revisions of %s", async (set) => {
    const chains = await loadChains(data(`anthropic-cai/samples/${set}_SLMADISON.jsonl`), options);
    expect(chains.map(({ steps }) => steps.length)).toEqual(Array(13).fill(4));
    const texts = chains.flatMap(({ answer, steps }) => [
      answer,
      ...steps.flatMap((s) => [s.critique, s.revision]),
    ]);
    expect(texts.filter((one) => /\n\nHuman:|<EOT>|^\s|\s$|-----$/.test(one))).toEqual([]);
  });

  it("has prompts in every file of samples, in MT-Bench and in the few-shots", async () => {
    const sampled = await loadPrompts(data("anthropic-cai/samples/LAMDA_RLMADISON_COT.jsonl"), options);
    expect(sampled.prompts).toHaveLength(13);
    expect((await loadPrompts(data("mt-bench/question.jsonl"), options)).prompts).toHaveLength(80);
    const shots = data("anthropic-cai/prompts/RLMadisonFewShotPrompts.json");
    expect(await loadComparisons(shots, options)).toHaveLength(5);
  });
});
