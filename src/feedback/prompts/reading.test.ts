// Prompt files in every shape that is read, what is left out of them, and how faults are told by file and line.
// Works in a temporary folder.

import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../core/index.ts";
import { commonPrompt, parseDialogue, splitOf } from "../index.ts";
import { createWriter, jsonl, loadPairs, loadPrompts } from "../reading.fixture.ts";

const write = createWriter();
const load = (content: string, options = {}) =>
  loadPrompts(write("prompts.jsonl", content), { runSeed: 1, ...options });
const failureOf = async (content: string): Promise<UserError> => {
  const thrown = await load(content).catch((error: unknown) => error);
  if (thrown instanceof UserError) return thrown;
  throw new Error("a UserError was expected");
};

describe("dialogues", () => {
  it("keeps all turns, and colons inside them", () => {
    const text =
      "\n\nHuman: Say: hello, Human: or not?\n\nAssistant: Note: ok.\nHuman: in a line\n\nHuman: More: please\n\nAssistant:";
    expect(parseDialogue(text)).toEqual([
      { role: "user", content: "Say: hello, Human: or not?" },
      { role: "assistant", content: "Note: ok.\nHuman: in a line" },
      { role: "user", content: "More: please" },
      { role: "assistant", content: "" },
    ]);
  });

  it("is none without a turn at the beginning", () => {
    expect(parseDialogue("Human: hi")).toBeNull();
    expect(parseDialogue("x\n\nHuman: hi")).toBeNull();
  });

  it("gives back every dialogue it was written from", () => {
    const word = fc.constantFrom("a: b", "Human: x", "{y}", "one\n\ntwo", "Assistant", "💡", "ends.");
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 9 }), (contents) => {
        const messages = contents.map((content, index) => ({
          role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
          content,
        }));
        const text = messages
          .map(({ role, content }) => `\n\n${role === "user" ? "Human" : "Assistant"}: ${content}`)
          .join("");
        expect(parseDialogue(text)).toEqual(messages);
        const last = messages.findLastIndex((message) => message.role === "user");
        expect(commonPrompt(messages, messages)).toEqual(messages.slice(0, last + 1));
      }),
    );
  });
});

describe("names of fields", () => {
  it.each([
    ["x.csv", "Prompt,Kind,Note\nHow?,harmful,a\n"],
    ["x.csv", "Note, PROMPT , kind \na,How?,harmful\n"],
    ["x.tsv", "prompt \tKIND\nHow?\tharmful\n"],
    ["x.jsonl", jsonl({ Prompt: "How?", Kind: "harmful" })],
    ["x.csv", 'Messages,Kind\n"[{""role"":""user"",""content"":""How?""}]",harmful\n'],
    [
      "x.jsonl",
      jsonl({
        Chosen: "\n\nHuman: How?\n\nAssistant: So.",
        REJECTED: "\n\nHuman: How?\n\nAssistant: No.",
        kind: "harmful",
      }),
    ],
  ])("are known in other letters and with spaces around them: %s %j", async (name, content) => {
    const { prompts } = await loadPrompts(write(name, content), { runSeed: 1 });
    expect(prompts).toMatchObject([{ messages: [{ role: "user", content: "How?" }], kind: "harmful" }]);
  });

  it("are those of a pair, too", async () => {
    const rows = jsonl({ Prompt: "How?", Chosen: "So.", Rejected: "No." });
    expect(await loadPairs(write("pairs.jsonl", rows))).toMatchObject([
      { messages: [{ content: "How?" }], replies: [{ text: "So." }, { text: "No." }] },
    ]);
  });

  it.each([
    ["x.csv", "prompt,Kind\nHow?,question\n", {}],
    ["x.csv", "prompt,ID,Split,Area\nHow?,7,validation,a\n", {}],
    ["x.csv", "prompt,Kind,KIND\nHow?,harmful,a\n", {}],
    ["x.jsonl", jsonl({ messages: [{ role: "user", content: "How?" }], " KIND ": "harmful" }), {}],
    ["x.jsonl", jsonl({ prompt: "How?", kind: "harmful", Kind: "of mine" }), { kind: "harmful" }],
  ])("are other fields beside what a row is told by as usual: %s %j", async (name, content, labels) => {
    const { prompts } = await loadPrompts(write(name, content), { runSeed: 1 });
    expect(prompts).toMatchObject([{ messages: [{ role: "user", content: "How?" }], ...labels }]);
    expect(prompts[0]?.id).toMatch(/^prompt-/);
    expect([prompts[0]?.kind, prompts[0]?.area]).toEqual([
      "kind" in labels ? "harmful" : undefined,
      undefined,
    ]);
  });

  it("are named in faults as the file writes them", async () => {
    const rows = jsonl(
      { Prompt: "How?", Kind: "question" },
      { Prompt: "Why?", Kind: "question", " SPLIT": "validation" },
      { Prompt: 7 },
    );
    const { message } = await failureOf(rows);
    expect(message).toMatch(/line 1: Kind: got "question", expected one of /);
    expect(message).toMatch(/line 2:\n\s+Kind: got "question", .*\n\s+" SPLIT": got "validation"/);
    expect(message).toMatch(/line 3: Prompt: got 7, but it must be a text or a list of messages/);
  });

  it("are not guessed where two would do: both are named", async () => {
    expect((await failureOf(jsonl({ Prompt: "How?", PROMPT: "Why?" }))).message).toMatch(
      /line 1: prompt: the fields "Prompt" and "PROMPT" may both stand for prompt\. Name one of them prompt/,
    );
    const labels = loadPrompts(write("x.csv", "Prompt,Kind,KIND\nHow?,harmful,a\nWhy?,harmless,b\n"), {
      runSeed: 1,
    });
    await expect(labels).rejects.toThrow(
      /has 2 faults:[\s\S]*line 2: kind: the fields "Kind" and "KIND" may both[\s\S]*line 3: kind: the fields/,
    );
  });

  it("are left alone where what a row is told by is written as usual", async () => {
    const { prompts } = await load(jsonl({ prompt: "How?", Prompt: 7, PROMPT: 8, Messages: "x" }));
    expect(prompts).toMatchObject([{ messages: [{ content: "How?" }] }]);
  });
});

describe("readPrompts", () => {
  it("takes the common beginning of a preference row, many turns long", async () => {
    const shared = "\n\nHuman: How: so?\n\nAssistant: Like this: a: b.\n\nHuman: And {then}?";
    const { prompts } = await load(
      jsonl({
        chosen: `${shared}\n\nAssistant: No.\n\nHuman: ok\n\nAssistant: Fine.`,
        rejected: `${shared}\n\nAssistant: Not that.`,
      }),
    );
    expect(prompts[0]?.messages).toEqual([
      { role: "user", content: "How: so?" },
      { role: "assistant", content: "Like this: a: b." },
      { role: "user", content: "And {then}?" },
    ]);
  });

  it("does not take replies into the prompt that only begin alike", async () => {
    const { prompts } = await load(
      jsonl({ chosen: "\n\nHuman: Hi\n\nAssistant: I can", rejected: "\n\nHuman: Hi\n\nAssistant: I can't" }),
    );
    expect(prompts[0]?.messages).toEqual([{ role: "user", content: "Hi" }]);
  });

  it("joins turns of one speaker without losing any", async () => {
    const text = "\n\nHuman: one\n\nHuman: two\n\nAssistant: ";
    const { prompts } = await load(jsonl({ chosen: `${text}x`, rejected: `${text}y` }));
    expect(prompts[0]?.messages).toEqual([{ role: "user", content: "one\n\ntwo" }]);
  });

  it("reads prompts, messages, chat preferences and own records from one file", async () => {
    const user = (content: string) => ({ role: "user", content });
    const own = {
      id: "own",
      parents: ["x"],
      stage: "sandbox",
      seed: 7,
      messages: [user("d")],
      kind: "harmful",
      area: "peace",
      split: "test",
    };
    const reply = (content: string) => ({ role: "assistant", content });
    const { prompts } = await load(
      jsonl(
        { prompt: "a", id: 3, kind: "lookalike", area: "privacy", split: "test" },
        { messages: [{ role: "system", content: "Be brief." }, user("b")] },
        { chosen: [user("c"), reply("1")], rejected: [user("c"), reply("2")] },
        own,
        { prompt: [user("e")] },
      ),
      { kind: "harmless" },
    );
    expect(prompts.map((prompt) => prompt.messages.at(-1)?.content)).toEqual(["a", "b", "c", "d", "e"]);
    expect(prompts[0]).toMatchObject({ id: "3", kind: "lookalike", area: "privacy", split: "test" });
    expect(prompts[1]).toMatchObject({ kind: "harmless", stage: "prompts" });
    expect(prompts[1]?.messages).toHaveLength(2);
    expect(prompts[3]).toEqual(own);
  });

  it("takes plain prompts literally: braces, role markers, control characters, line separators", async () => {
    const texts = [
      "{principle} {0} }{",
      "\n\nHuman: x\n\nAssistant:",
      "a\u0000b\u2028c\u2029d\r",
      "😀".repeat(2000),
      "x".repeat(100_000),
    ];
    const { prompts } = await load(texts.map((prompt) => JSON.stringify({ prompt })).join("\r\n"));
    expect(prompts.map((prompt) => prompt.messages)).toEqual(
      texts.map((content) => [{ role: "user", content }]),
    );
  });

  it("reads gzip files and a byte order mark, and says when gzip is broken", async () => {
    const zipped = gzipSync(`\ufeff${jsonl({ prompt: "a" }, { prompt: "b" })}`);
    const { prompts } = await loadPrompts(write("p.jsonl.gz", zipped), { runSeed: 1 });
    expect(prompts).toHaveLength(2);
    const cut = write("cut.jsonl.gz", zipped.subarray(0, zipped.length - 12));
    await expect(loadPrompts(cut, { runSeed: 1 })).rejects.toMatchObject({ code: "file-not-gzip" });
    await expect(loadPrompts(join(dirname(cut), "none.gz"), { runSeed: 1 })).rejects.toMatchObject({
      code: "file-missing",
    });
  });

  it.each([
    [`${jsonl({ prompt: "a" })}{"prompt": "b"\n`, /line 2: not valid JSON/],
    [
      jsonl({ prompt: "a" }, { prompt: 3 }),
      /line 2: prompt: got 3, but it must be a text or a list of messages/,
    ],
    [jsonl({ prompt: "  " }), /line 1: prompt: .*must hold text/],
    [jsonl({ messages: [] }), /line 1: messages: got an empty list/],
    [jsonl({ messages: [{ role: "bot", content: "x" }] }), /messages\[0\]\.role: got "bot"/],
    [
      jsonl({ messages: [{ role: "assistant", content: "x" }] }),
      /must be of the role "user" and hold text; it is of the role "assistant"$/m,
    ],
    [jsonl({ prompt: "a", kind: "evil" }), /kind: got "evil", expected one of harmful/],
    [jsonl({ chosen: "\n\nHuman: x\n\nAssistant: y" }), /rejected: got nothing/],
    [jsonl({ chosen: "Human: x", rejected: "\n\nHuman: x" }), /chosen: .*begins with "\\n\\nHuman:"/],
    [jsonl({ chosen: "\n\nHuman: x", rejected: "\n\nHuman: y" }), /share no turn of the user/],
    [jsonl({ text: "a", label: 1 }), /got the fields: text, label; expected prompt, messages/],
    ["[1]\n", /line 1: got a list, expected an object with prompt/],
    ['"How?"\n', /line 1: got "How\?", expected an object with .*: each must be \{"prompt": "\.\.\."\}\.$/],
    [
      jsonl({ id: "p", prompt: "a" }, { id: "p", prompt: "b" }),
      /line 2: id: got "p", which line 1 has already/,
    ],
  ])("says file, line and field for %j", async (content, expected) => {
    const { message } = await failureOf(content);
    expect(message).toMatch(expected);
    expect(message).toContain("prompts.jsonl");
  });

  it("keeps a repeated prompt once and counts it; a limit counts prompts", async () => {
    const rows = jsonl({ prompt: "a" }, { prompt: "a" }, { prompt: "b" }, { prompt: "c" });
    const all = await load(rows);
    expect(all.repeated).toBe(1);
    expect(all.prompts).toHaveLength(3);
    expect((await load(rows, { limit: 2 })).prompts.map((prompt) => prompt.messages[0]?.content)).toEqual([
      "a",
      "b",
    ]);
  });

  it("tells every fault of a file, and counts those over ten", async () => {
    const rows = ['{"prompt": 1}', '{"prompt": "fine"}', '{"prompt": "b"', '{"question": "c"}'];
    const { message, code } = await failureOf(`${rows.join("\n")}\n`);
    expect(code).toBe("value-invalid");
    expect(message).toContain("has 3 faults:");
    expect(message).toMatch(/\nCorrect the file and try again\.$/);
    expect(message).toMatch(
      /line 1: prompt: got 1[\s\S]*line 3: not valid JSON[\s\S]*line 4: got the fields: question/,
    );
    const many = await failureOf(jsonl(...Array.from({ length: 14 }, () => ({ prompt: 2 }))));
    expect(many.message.match(/, line \d+:/g)).toHaveLength(3);
    expect(many.message).toContain("and 11 more of this kind.");
    const others = await failureOf(
      jsonl(...Array.from({ length: 14 }, (_, at) => ({ [`field ${at}`]: at }))),
    );
    expect(others.message.match(/, line \d+:/g)).toHaveLength(10);
    expect(others.message).toContain("and 4 more.");
  });

  it("splits by the prompt alone: same side in any file, order and run", async () => {
    const rows = Array.from({ length: 400 }, (_, index) => ({ prompt: `question ${index}` }));
    const forward = await load(jsonl(...rows), { runSeed: 1 });
    const backward = await load(jsonl(...rows.toReversed().slice(50)), { runSeed: 99 });
    const sides = new Map(forward.prompts.map((prompt) => [prompt.id, prompt.split]));
    for (const prompt of backward.prompts) expect(sides.get(prompt.id)).toBe(prompt.split);
    const tests = forward.prompts.filter((prompt) => prompt.split === "test").length;
    expect(tests).toBeGreaterThan(50);
    expect(tests).toBeLessThan(110);
    const message = [{ role: "user" as const, content: "x" }];
    for (let number = 0; number < 40; number++)
      for (const wrap of ["  @", "@\n", "\ufeff@ \u0000"]) {
        const sides = [`q ${number}`, wrap.replace("@", `q ${number}`)].map((content) =>
          splitOf([{ role: "user", content }], 0.37),
        );
        expect(sides[1]).toBe(sides[0]);
      }
    const wrapped = ["  Hi.", "Hi.", "Hi.\n", "\ufeffHi. \u0000", "Hi"].map((prompt) => ({ prompt }));
    const found = await load(jsonl(...wrapped), { testShare: 0 });
    // One prompt however it is wrapped, in the words in which it came first, and of one id.
    expect(found.prompts.map(({ messages }) => messages[0]?.content)).toEqual(["  Hi.", "Hi"]);
    expect(found.repeated).toBe(3);
    const [bare] = (await load(jsonl(wrapped[1]))).prompts;
    expect(bare?.id).toBe(found.prompts[0]?.id);
    expect(splitOf(message, 0)).toBe("train");
    expect(splitOf(message, 1)).toBe("test");
  });
});
