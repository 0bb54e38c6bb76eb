import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { preferenceItem } from "../../training/index.ts";
import { compileChatTemplate, createTokenizer } from "../../transformer/index.ts";
import { openPairRows, openSftRows } from "./training-data.ts";

type Golden = {
  readonly config: object;
  readonly dialogues: readonly (readonly [string, string])[];
  readonly gpt2: { readonly dpo: readonly (readonly number[][])[] };
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-rows-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (...rows: readonly unknown[]): string => {
  const file = join(folder, "rows.jsonl");
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
};
const messageOf = (load: Promise<unknown>): Promise<string> =>
  load.then(
    () => "nothing was thrown",
    (thrown: Error) => thrown.message,
  );
/** Rows whose texts are turns of a chat. */
const loadSftRows = async (file: string, seed: number) =>
  (await openSftRows(file, file)).settle("chat", seed);
const loadPreferenceRows = async (file: string, seed: number) =>
  (await openPairRows(file, file)).settle("chat", seed);
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });
const system = (content: string) => ({ role: "system", content });

describe("supervised rows", () => {
  it("mean the same as texts and as messages; chats and plain texts stay what they are", async () => {
    const { rows } = await loadSftRows(
      write(
        { prompt: "Why?", completion: "So." },
        { prompt: [user("Why?")], completion: [assistant("So.")] },
        { input_text: "Why?", output_text: "So." },
        { messages: [user("Why?"), assistant("So."), user("And?"), assistant("No.")] },
        { text: "Why? So." },
      ),
      1,
    );
    expect(rows.map(({ id, parents, stage, seed, ...content }) => content)).toEqual([
      ...Array(3).fill({ prompt: [user("Why?")], completion: "So." }),
      { messages: [user("Why?"), assistant("So."), user("And?"), assistant("No.")] },
      { text: "Why? So." },
    ]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(5);
  });

  it("by the names input_text and output_text are read whole, and refused by these", async () => {
    const named = { input_text: [user("Why?")], output_text: "So." };
    expect((await loadSftRows(write({ ...named, genre: "asked" }), 1)).notices).toEqual([
      expect.objectContaining({ text: expect.stringMatching(/ignored: genre \(in 1 row\)\.$/) as string }),
    ]);
    await expect(loadSftRows(write({ ...named, output_text: " " }), 1)).rejects.toThrow(
      /line 1: output_text: .*must hold text/,
    );
    await expect(loadSftRows(write({ ...named, label: false }), 1)).rejects.toThrow(/label: got false/);
    await expect(loadPreferenceRows(write(named), 1)).rejects.toThrow(
      /holds supervised rows \(input_text, output_text\)/,
    );
  });

  it("of a run stay what they are", async () => {
    const own = {
      id: "a/1",
      parents: ["p"],
      stage: "rows",
      seed: 7,
      prompt: [user("Why?")],
      completion: "So.",
    };
    expect((await loadSftRows(write(own), 1)).rows).toEqual([own]);
  });

  it("get the same ids and seeds wherever they stand", async () => {
    const [one, other] = [
      { prompt: "a", completion: "b" },
      { prompt: "c", completion: "d" },
    ];
    const { rows: forward } = await loadSftRows(write(one, other), 1);
    const { rows: backward } = await loadSftRows(write(other, one), 1);
    expect(forward.map(({ id }) => id)).toEqual(backward.map(({ id }) => id).toReversed());
    expect((await loadSftRows(write(other, one), 2)).rows).not.toEqual(backward);
  });

  it("with faults are refused, all of them with line and field", async () => {
    const load = loadSftRows(
      write(
        { prompt: "a" },
        { question: "b" },
        { messages: [user("c"), user("d")] },
        { prompt: "e", completion: "" },
        { prompt: "f", response: "g" },
        { prompt: "h", completion: 3 },
        ["i"],
        { messages: [user("j"), assistant(" ")] },
        { prompt: "k", completion: [assistant("")] },
        { text: " " },
      ),
      1,
    );
    const expected = [
      "rows.jsonl has 10 faults:",
      "line 1: completion: got nothing",
      "line 2: got the fields: question; expected prompt and completion, messages, or text.",
      "line 3:",
      'messages: got a list of 2, but the last message must be of the role "assistant" and hold text; it is of the role "user"',
      'messages: got a list of 2, but roles must take turns: messages 1 and 2 are both of the role "user"',
      'line 4: completion: got "", but it must hold text',
      "line 5: got the fields: prompt, response; expected prompt and completion, messages, or text.",
      "line 6: completion: got 3, but it must be a text or a list of one message",
      "line 7: got a list, expected an object with prompt and completion, messages, or text.",
      'line 8: messages: got a list of 2, but the last message must be of the role "assistant" and hold text; it is of the role "assistant" and holds none',
      "line 9: completion: got a list of 1, but it must hold text",
      'line 10: text: got " ", but it must hold text',
      "Correct the file and try again.",
    ];
    const lines = (await messageOf(load)).split("\n");
    expect(lines).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(lines[index]).toContain(text);
    await expect(loadSftRows(write(), 1)).rejects.toThrow(/holds no rows/);
  });
});

describe("roles out of order", () => {
  const system = { role: "system", content: "Be brief." };
  it.each([
    [
      "an answer to nobody",
      [assistant("a"), user("b"), assistant("c")],
      /message 1 is of the role "assistant" and answers no user/,
    ],
    [
      "two of one speaker",
      [user("a"), user("b"), assistant("c")],
      /messages 1 and 2 are both of the role "user"/,
    ],
    [
      "a late system message",
      [user("a"), system, assistant("b")],
      /message 2 is of the role "system", which only the first may be/,
    ],
    ["an answer to the system", [system, assistant("b")], /message 2 is of the role "assistant" and answers/],
  ])("are refused with line: %s", async (_, messages, message) => {
    const whole = { messages: [system, user("a"), assistant("b")] };
    const load = messageOf(loadSftRows(write(whole, { messages }), 1));
    expect(await load).toMatch(/rows\.jsonl, line 2: messages: .*roles must take turns/);
    expect(await load).toMatch(message);
  });

  it("are refused in prompts, too", async () => {
    const load = loadPreferenceRows(
      write({ prompt: [user("a"), assistant("b")], chosen: "c", rejected: "d" }),
      1,
    );
    expect(await messageOf(load)).toMatch(/line 1: prompt/);
  });
});

describe("rows of the other kind", () => {
  const pair = { prompt: "a", chosen: "b", rejected: "c" };
  const supervised = { prompt: "a", completion: "b" };

  it("are told in one sentence", async () => {
    expect(await messageOf(loadSftRows(write(...Array(12).fill(pair)), 1))).toMatch(
      /rows\.jsonl holds preference rows \(prompt, chosen, rejected\); train sft takes prompt and completion, messages, or text\. They are for train reward and train dpo\.$/,
    );
    expect(await messageOf(loadPreferenceRows(write(supervised, supervised), 1))).toMatch(
      /rows\.jsonl holds supervised rows \(prompt, completion\); train reward and train dpo take prompt, chosen and rejected, or two dialogues as chosen and rejected\. They are for train sft\.$/,
    );
  });

  it("among right ones are faults of their lines", async () => {
    await expect(loadSftRows(write(supervised, pair), 1)).rejects.toThrow(
      /line 2: got the fields: prompt, chosen, rejected; expected prompt and completion/,
    );
    await expect(loadPreferenceRows(write(pair, supervised), 1)).rejects.toThrow(
      /line 2: got the fields: prompt, completion; expected prompt, chosen and rejected/,
    );
  });
});

describe("preference rows", () => {
  it("are pairs of replies, or of dialogues that begin alike; a missing label is a certain one", async () => {
    const start = "\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: Why?\n\nAssistant:";
    const { rows } = await loadPreferenceRows(
      write(
        { prompt: "Why?", chosen: "So.", rejected: "No.", probability: 0.75, margin: 1.5 },
        { chosen: `${start} So.`, rejected: `${start} No.` },
        { chosen: [user("Why?"), assistant("So.")], rejected: [user("Why?"), assistant("No.")] },
      ),
      1,
    );
    expect(rows.map(({ chosen, rejected }) => [chosen, rejected])).toEqual(Array(3).fill(["So.", "No."]));
    expect(rows.map(({ probability }) => probability)).toEqual([0.75, 1, 1]);
    expect(rows.map(({ margin }) => margin)).toEqual([1.5, undefined, undefined]);
    expect(rows.map(({ prompt }) => prompt.length)).toEqual([1, 3, 1]);
  });

  it("are refused where there is no pair", async () => {
    const fails = async (row: object, message: RegExp) =>
      expect(loadPreferenceRows(write(row), 1)).rejects.toThrow(message);
    await fails(
      { prompt: "a", chosen: "b" },
      /line 1: got the fields: prompt, chosen; expected prompt, chosen and/,
    );
    await fails({ prompt: "a", chosen: "b", rejected: "b" }, /line 1: chosen, rejected: got the same reply/);
    await fails({ prompt: "a", chosen: "", rejected: "b" }, /line 1: chosen: got "", but it must hold text/);
    await fails({ prompt: "a", chosen: "b", rejected: " " }, /line 1: rejected: got " ", but it must hold/);
    await fails({ chosen: "a", rejected: "b" }, /dialogues that begin with/);
    await fails(
      { prompt: "a", chosen: "b", rejected: "c", probability: 2 },
      /probability: got 2, expected at most 1/,
    );
  });

  it("leave out published dialogues that are no pair, and say where they stand", async () => {
    const start = "\n\nHuman: Hi\n\nAssistant:";
    const one = [user("a"), assistant("b"), user("c"), assistant("d")];
    const other = [user("a"), assistant("x"), user("c"), assistant("d")];
    const unfit = [
      { chosen: `${start} a`, rejected: start },
      { chosen: one, rejected: other },
      { chosen: `${start} a`, rejected: `${start} a` },
      { chosen: `${start} `, rejected: `${start} a` },
    ];
    const { rows, notices } = await loadPreferenceRows(
      write(...unfit, { chosen: `${start} a`, rejected: `${start} b` }),
      1,
    );
    expect(rows).toHaveLength(1);
    const told =
      "/rows.jsonl: 4 of 5 rows that were read were left out: 1 whose dialogues part before the last reply (line 2), 2 with a reply without text (lines 1, 4), 1 with the same reply twice (line 3).";
    expect(notices.map(({ code, text }) => [code, text.replace(folder, "")])).toEqual([["rows-unfit", told]]);
    expect(await messageOf(loadPreferenceRows(write(...unfit), 1))).toMatch(/No row is left to learn from/);
  });
});

describe("texts that are plain", () => {
  const settle = async (...rows: readonly unknown[]) =>
    (await openPairRows(write(...rows), "rows.jsonl")).settle("plain", 1).rows;

  it("stay texts; messages stay turns of a chat", async () => {
    const file = write({ prompt: "Why?", completion: " So." }, { prompt: [user("Why?")], completion: "So." });
    const { rows } = (await openSftRows(file, file)).settle("plain", 1);
    expect(rows).toMatchObject([
      { prompt: "Why?", completion: " So." },
      { prompt: [user("Why?")], completion: "So." },
    ]);
    expect(await settle({ prompt: "Why?", chosen: " So.", rejected: " No." })).toMatchObject([
      { prompt: "Why?", chosen: " So.", rejected: " No." },
    ]);
  });

  it("without a prompt are cut where they part, as TRL cuts them", async () => {
    const golden = JSON.parse(
      readFileSync(new URL("../../../test/golden/plain-rows.json", import.meta.url), "utf8"),
    ) as Golden;
    const rows = await settle(...golden.dialogues.map(([chosen, rejected]) => ({ chosen, rejected })));
    const tokenizer = createTokenizer({
      tokenizerJson: readFileSync(
        new URL("../../../test/golden/tokenizers/gpt2.tokenizer.json", import.meta.url),
        "utf8",
      ),
      configJson: JSON.stringify(golden.config),
    });
    const codec = { tokenizer, template: compileChatTemplate("") };
    const found = rows
      .map((row) => preferenceItem(row, codec))
      .map(({ trunk, branches }) => [trunk, ...branches]);
    expect(found).toEqual(golden.gpt2.dpo.slice(-golden.dialogues.length));
  });
});

describe("files of other kinds", () => {
  const written = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("hold the same rows: JSON, CSV and TSV with numbers and messages in cells", async () => {
    const pair = { prompt: "Why?", chosen: "So, yes.", rejected: "No.", probability: 0.75 };
    const { rows: wanted } = await loadPreferenceRows(write(pair), 1);
    for (const file of [
      written("pairs.json", JSON.stringify([pair])),
      written("pairs.csv", 'prompt,chosen,rejected,probability,margin\nWhy?,"So, yes.",No.,0.75,\n'),
      written("pairs.tsv", "prompt\tchosen\trejected\tprobability\nWhy?\tSo, yes.\tNo.\t0.75\n"),
    ])
      expect((await loadPreferenceRows(file, 1)).rows).toEqual(wanted);
    const chat = '"[{""role"":""user"",""content"":""Why?""},{""role"":""assistant"",""content"":""So.""}]"';
    const { rows } = await loadSftRows(written("chats.csv", `messages\n${chat}\n`), 1);
    expect(rows).toMatchObject([{ messages: [user("Why?"), assistant("So.")] }]);
    // a text that only looks like messages, or stands where no messages do, is what is learned
    const texts = ['[{"role":"admin","text":"a"}]', '[{"role":"user","content":"a"}]'];
    const cells = texts.map((text) => `"${text.replaceAll('"', '""')}"`);
    const replies = await loadSftRows(written("replies.csv", `prompt,completion\nWhy?,${cells[0]}\n`), 1);
    expect(replies.rows).toMatchObject([{ completion: texts[0] }]);
    const pairs = written("odd-pairs.csv", `prompt,chosen,rejected\nWhy?,${cells[1]},No.\n`);
    expect((await loadPreferenceRows(pairs, 1)).rows).toMatchObject([{ chosen: texts[1], rejected: "No." }]);
    const documents = await loadSftRows(written("texts.csv", `text\n${cells[1]}\n`), 1);
    expect(documents.rows).toMatchObject([{ text: texts[1] }]);
  });

  it("tell their faults by line and field, and a number that is none", async () => {
    const file = written("wrong.csv", "prompt,chosen,rejected,probability\na,b,c,often\nd,,e,1\n");
    const said = await messageOf(loadPreferenceRows(file, 1));
    expect(said).toContain('wrong.csv, line 2: probability: got "often", expected a number');
    expect(said).toContain('wrong.csv, line 3: chosen: got "", but it must hold text');
  });
});

describe("what a row has beside what is learned", () => {
  it("is told once with the rows it is in, but for the usual bookkeeping", async () => {
    const row = { prompt: "a", completion: "b" };
    const file = write({ ...row, score: 3, meta: {} }, { ...row, completion: "c", score: 2, weight: 1 }, row);
    const { notices } = await loadSftRows(file, 1);
    expect(notices.map(({ text }) => text.replace(folder, ""))).toEqual([
      "/rows.jsonl: fields that training does not read were ignored: score (in 2 rows), weight (in 1 row).",
    ]);
    expect((await loadSftRows(write(row, { text: "d", margin: null, prompt_id: 3 }), 1)).notices).toEqual([]);
  });

  it("is told where it is a prompt that the dialogues do not hold", async () => {
    const [one, two] = [
      [user("Why?"), assistant("So.")],
      [user("Why?"), assistant("No.")],
    ];
    const row = (prompt: unknown) => ({ prompt, chosen: one, rejected: two });
    const { rows, notices } = await loadPreferenceRows(
      write(row("Why? "), row("When?"), row([user("Why?")]), row([user("Where?")])),
      1,
    );
    expect(rows.map(({ prompt }) => prompt)).toEqual(Array(4).fill([user("Why?")]));
    expect(notices.map(({ code, text }) => [code, text.replace(folder, "")])).toEqual([
      [
        "prompt-ignored",
        "/rows.jsonl: in 2 rows the prompt is no part of the dialogues beside it and was ignored (lines 2, 4): what is learned is what chosen and rejected begin with.",
      ],
    ]);
  });

  it("is told neither of a prompt that is a transcript, nor without the dialogues' system message", async () => {
    const start = [system("Be brief."), user("Why?"), assistant("So."), user("And?")];
    const [chosen, rejected] = [
      [...start, assistant("Yes.")],
      [...start, assistant("No.")],
    ];
    const linesOf = async (...prompts: readonly unknown[]) => {
      const file = write(...prompts.map((prompt) => ({ prompt, chosen, rejected })));
      const { notices } = await loadPreferenceRows(file, 1);
      return notices.map(({ text }) => /\(lines? ([\d, ]+)\)/.exec(text)?.[1]);
    };
    const said = [
      ...["Human: Why?", "\n\nHuman: Why?\n\nAssistant: So.\n\nHuman: And?\n\nAssistant:", "And?"],
      ...[start, start.slice(1)],
    ];
    expect(await linesOf(...said)).toEqual([]);
    expect(await linesOf("Human: When?", "So.", [user("So.")], "Why?")).toEqual(["1, 2, 3"]);
  });

  it("is no second shape: a text beside a list of messages is a fault", async () => {
    const load = loadPreferenceRows(write({ prompt: "a", chosen: "b", rejected: [assistant("c")] }), 1);
    expect(await messageOf(load)).toMatch(
      /rows\.jsonl, line 1: rejected: got a list of messages, but chosen is a text; expected two texts, or two/,
    );
  });
});
