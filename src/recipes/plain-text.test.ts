// `covenant score` and `covenant generate` against the numbers transformers gave for the same folders and texts, the
// file of results, and rows that are refused.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";
import { loadModelFolder } from "../transformer/index.ts";
import { recipe as generate } from "./generate.ts";
import { recipe as score } from "./score.ts";
import { openReward } from "./stages/reward-model.ts";

const golden = fileURLToPath(new URL("../../test/golden", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "covenant-plain-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Token = { readonly id: number; readonly logprob: number };
type Scored = { readonly prompt: string; readonly continuation: string; readonly tokens: readonly Token[] };
type Generated = { readonly prompt: string; readonly ids: readonly number[]; readonly text: string };
type Numbers = {
  readonly scored: readonly Scored[];
  readonly greedy: readonly Generated[];
  readonly penalised: readonly Generated[];
};
const { models } = JSON.parse(readFileSync(join(golden, "plain-text.json"), "utf8")) as {
  models: Record<string, Numbers>;
};

// the model of one folder with a tokenizer that adds a begin token
const begin = join(folder, "begin-token");
cpSync(join(golden, "llama-random/tied"), begin, { recursive: true });
cpSync(join(golden, "begin-token"), begin, { recursive: true });
const folderOf = (name: string): string => (name === "begin-token" ? begin : join(golden, name));

const write = (name: string, rows: readonly unknown[]): string => {
  const file = join(folder, name);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
};

const events: RunEvent[] = [];
const context = () => ({
  emit: (event: RunEvent) => void events.push(event),
  signal: new AbortController().signal,
  clock: manualClock(),
  environment: {},
});

type ScoredRow = { readonly logprob: number; readonly tokens: readonly Token[] };
type GeneratedRow = { readonly text: string; readonly ids: readonly number[]; readonly finish: string };

const scoreWith = async (settings: object): Promise<readonly ScoredRow[]> => {
  const { document } = await score.run(score.schema.parse(settings), context());
  return (document as { rows: ScoredRow[] }).rows;
};
const generateWith = async (settings: object): Promise<readonly GeneratedRow[]> => {
  const { document } = await generate.run(generate.schema.parse(settings), context());
  return (document as { rows: GeneratedRow[] }).rows;
};

describe.each(Object.entries(models))("a folder that transformers opens (%s)", (name, numbers) => {
  const model = folderOf(name);

  it("scores continuations as transformers does, within 1e-4", async () => {
    const rows = await scoreWith({ model, data: write("scored.jsonl", numbers.scored) });
    for (const [at, { tokens, continuation }] of numbers.scored.entries()) {
      const row = rows[at]!;
      expect(
        row.tokens.map(({ id }) => id),
        continuation,
      ).toEqual(tokens.map(({ id }) => id));
      for (const [place, { logprob }] of tokens.entries())
        expect(Math.abs(row.tokens[place]!.logprob - logprob)).toBeLessThan(1e-4);
      expect(row.logprob).toBeCloseTo(
        tokens.reduce((sum, { logprob }) => sum + logprob, 0),
        3,
      );
    }
  });

  it.each(["greedy", "penalised"] as const)("writes transformers' own tokens and text (%s)", async (kind) => {
    const wanted = numbers[kind];
    const rows = await generateWith({
      ...{ model, data: write("prompts.jsonl", wanted), greedy: true, maxTokens: 40 },
      repetitionPenalty: kind === "greedy" ? 1 : 1.3,
    });
    expect(rows.map(({ ids }) => ids)).toEqual(wanted.map(({ ids }) => ids));
    expect(rows.map(({ text }) => text)).toEqual(wanted.map(({ text }) => text));
    expect(rows.map(({ finish }) => finish)).toEqual(
      wanted.map(({ ids }) => (ids.length < 40 ? "stop" : "length")),
    );
  });
});

const tied = folderOf("llama-random/tied");

describe("a reward model", () => {
  // ChatML's way: a line break behind the end of every turn
  const lined = join(folder, "lined-reward");
  cpSync(join(golden, "llama-random/scored"), lined, { recursive: true });
  writeFileSync(
    join(lined, "chat_template.jinja"),
    "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
  );
  const rows = ["Dig a hole.", "No."].map((completion) => ({ prompt: "How do I plant a tree?", completion }));

  it("scores replies in its chat format: a logit, and the same from 0 to 1", async () => {
    const told = (await scoreWith({ model: lined, data: write("replies.jsonl", rows) })) as unknown as {
      logit: number;
      score: number;
    }[];
    for (const { logit, score: found } of told) expect(found).toBeCloseTo(1 / (1 + Math.exp(-logit)), 12);
    expect(told[0]!.logit).not.toBe(told[1]!.logit);
    const chats = rows.map(({ prompt, completion }) => ({
      messages: [
        { role: "user", content: prompt },
        { role: "assistant", content: completion },
      ],
    }));
    expect(await scoreWith({ model: lined, data: write("chats.jsonl", chats) })).toEqual(told);
  });

  it("rewards a sampled reply where it was trained to give its score: behind the template's closing", async () => {
    const told = (await scoreWith({ model: lined, data: write("replies.jsonl", rows) })) as unknown as {
      score: number;
    }[];
    const { tokenizer } = await loadModelFolder(lined);
    const ids = (text: string) => tokenizer.encode(text, { specialTokens: false });
    const opened = await openReward(lined, context());
    const scores = await opened.reward(
      rows.map(({ prompt, completion }) => ({
        trunk: ids(`<|user|>${prompt}<|end|>\n<|assistant|>`),
        branches: [ids(`${completion}<|end|>`)],
      })),
    );
    await opened.release();
    scores.forEach((found, at) => {
      expect(found).toBeCloseTo(told[at]!.score, 5);
    });
  });

  it("is told which rows it takes", async () => {
    const data = write("wrong.jsonl", [{ text: "a" }]);
    await expect(scoreWith({ model: lined, data })).rejects.toThrow(/line 1.*prompt, completion/s);
  });
});

describe("rows of other files", () => {
  const put = (name: string, content: string | Uint8Array): string => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  const prompts = ["The tree is", "The river, as it was,"];
  const csv = `prompt,note\n${prompts[0]},x\n"${prompts[1]}",y\n`;

  it.each([
    ["rows.csv", csv],
    ["rows.csv.gz", gzipSync(csv)],
    ["rows.tsv", `prompt\tnote\n${prompts.map((prompt) => `${prompt}\tz\n`).join("")}`],
    ["rows.json", JSON.stringify(prompts.map((prompt) => ({ prompt })))],
    ["rows.txt", `${prompts.join("\n")}\n`],
    ["texts.jsonl", prompts.map((text) => `${JSON.stringify({ text })}\n`).join("")],
  ])("are generated for as JSONL's are (%s)", async (name, content) => {
    const settings = { model: tied, maxTokens: 6, seed: 3 };
    const wanted = await generateWith({
      ...settings,
      data: write(
        "plain.jsonl",
        prompts.map((prompt) => ({ prompt })),
      ),
    });
    expect(await generateWith({ ...settings, data: put(name, content) })).toEqual(wanted);
  });

  it("are read in the format that is named, a prompt of one turn each", async () => {
    const chats = (...more: object[]) => [
      {
        messages: [
          { role: "user", content: prompts[0] },
          { role: "assistant", content: "green." },
        ],
      },
      ...more,
    ];
    const settings = { model: tied, maxTokens: 6, seed: 3 };
    const [wanted] = await generateWith({
      ...settings,
      data: write("plain.jsonl", [{ prompt: prompts[0] }]),
    });
    const data = write("chats.jsonl", chats());
    expect(await generateWith({ ...settings, data, format: "chat" })).toEqual([wanted]);
    const turns = ["user", "assistant", "user", "assistant"].map((role) => ({ role, content: "so" }));
    const long = write("chats.jsonl", chats({ messages: turns }));
    await expect(generateWith({ ...settings, data: long, format: "chat" })).rejects.toThrow(
      /chats\.jsonl, line 2: got a conversation of 3 messages.*Expected a prompt of a single turn/,
    );
    await expect(generateWith({ ...settings, data, format: "chats" })).rejects.toThrow("did you mean chat?");
  });

  it("are scored as JSONL's are, with faults where they stand", async () => {
    const rows = prompts.map((prompt) => ({ prompt, continuation: " high" }));
    const wanted = await scoreWith({ model: tied, data: write("plain.jsonl", rows) });
    const lines = prompts.map((prompt) => `"${prompt}"," high"\n`).join("");
    const data = put("scored.csv", `prompt,continuation\n${lines}`);
    expect(await scoreWith({ model: tied, data })).toEqual(wanted);
    const json = put("scored.json", JSON.stringify([...rows, { prompt: "The tree" }]));
    await expect(scoreWith({ model: tied, data: json })).rejects.toThrow(/scored\.json, .*continuation/);
  });
});

describe("results", () => {
  const lines = (file: string) =>
    readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);

  it("go to a file as well, a line a row in the rows' order, and replace what was there", async () => {
    const results = join(folder, "deep/results.jsonl");
    const rows = Array.from({ length: 30 }, (_, at) => ({
      prompt: `The tree ${at}`,
      continuation: " is high",
    }));
    const data = write("many.jsonl", rows);
    const scored = await scoreWith({ model: tied, data, results });
    expect(lines(results)).toEqual(scored);
    const replies = await generateWith({ model: tied, data, results, maxTokens: 9, batch: 4, seed: 3 });
    expect(lines(results)).toEqual(replies);
    expect(replies).toHaveLength(30);
    expect(new Set(replies.map(({ text }) => text)).size).toBeGreaterThan(20);
    expect(await generateWith({ model: tied, data, maxTokens: 9, batch: 64, seed: 3 })).toEqual(replies);
    expect(events).toContainEqual(expect.objectContaining({ type: "stage-end", records: 30 }));
  });

  it("are not written over the rows", async () => {
    const data = write("own.jsonl", [{ prompt: "a", continuation: "b" }]);
    await expect(scoreWith({ model: tied, data, results: data })).rejects.toThrow("Name another one");
    expect(lines(data)).toEqual([{ prompt: "a", continuation: "b" }]);
  });

  it.each([
    ["rows of one's own", '{"prompt": "mine", "completion": "too"}\n'],
    ["a table", "prompt,completion\na,b\n"],
  ])("are not written over %s", async (_what, content) => {
    const data = write("read.jsonl", [{ prompt: "a", continuation: "b" }]);
    const results = join(folder, "valued.txt");
    writeFileSync(results, content);
    await expect(scoreWith({ model: tied, data, results })).rejects.toMatchObject({ code: "file-exists" });
    await expect(generateWith({ model: tied, data, results })).rejects.toMatchObject({ code: "file-exists" });
    expect(readFileSync(results, "utf8")).toBe(content);
  });

  it("of the same prompt are the same whether it is read for one row or for many", async () => {
    const one = { prompt: "How do I plant a tree in the garden", continuation: "? Dig a hole." };
    const others = Array.from({ length: 40 }, (_, at) => ({ ...one, continuation: ` in ${at} lines?` }));
    const [alone] = await scoreWith({ model: tied, data: write("one.jsonl", [one]) });
    const together = await scoreWith({ model: tied, data: write("forty.jsonl", [...others, one]) });
    expect(together[40]!.logprob).toBeCloseTo(alone!.logprob, 4);
    expect(together[40]!.tokens.map(({ id }) => id)).toEqual(alone!.tokens.map(({ id }) => id));
  });
});

describe("a reply", () => {
  it("ends before a stop string, also inside a token's text, and has the tokens up to it", async () => {
    const data = write("stop.jsonl", [{ prompt: "The river" }]);
    const settings = { model: tied, data, greedy: true, maxTokens: 40 };
    const [whole] = await generateWith(settings);
    const stop = whole!.text.slice(7, 9);
    const [cut] = await generateWith({ ...settings, stop: [stop, "never there"] });
    expect(cut!.text).toBe(whole!.text.slice(0, whole!.text.indexOf(stop)));
    expect(cut!.finish).toBe("stop");
    expect(whole!.ids.slice(0, cut!.ids.length)).toEqual(cut!.ids);
    expect(cut!.ids.length).toBeLessThan(whole!.ids.length);
  });

  it("ends at every token that generation_config.json names, whatever config.json says", async () => {
    const data = write("end.jsonl", [{ prompt: "The river" }]);
    const settings = { data, greedy: true, maxTokens: 12 };
    const [whole] = await generateWith({ ...settings, model: tied });
    const model = join(folder, "several-ends");
    cpSync(tied, model, { recursive: true });
    const third = whole!.ids[2]!;
    const first = whole!.ids.indexOf(third);
    writeFileSync(join(model, "generation_config.json"), JSON.stringify({ eos_token_id: [287, third] }));
    const [ended] = await generateWith({ ...settings, model });
    expect(ended).toMatchObject({ ids: whole!.ids.slice(0, first + 1), finish: "stop" });
  });
});

describe("a folder's generation_config.json", () => {
  const { greedy, penalised } = models["llama-random/tied"]!;
  const speaking = (name: string, says: object): string => {
    const model = join(folder, name);
    cpSync(tied, model, { recursive: true });
    writeFileSync(join(model, "generation_config.json"), JSON.stringify({ eos_token_id: 0, ...says }));
    return model;
  };
  const ids = async (settings: object): Promise<unknown> =>
    (await generateWith({ maxTokens: 40, ...settings })).map((row) => row.ids);

  it("says how tokens are drawn where the user does not, as in transformers", async () => {
    const data = write("prompts.jsonl", greedy);
    const wanted = greedy.map((row) => row.ids);
    const model = speaking("says-greedy", { do_sample: false, temperature: 3 });
    expect(await ids({ model, data })).toEqual(wanted);
    expect(await ids({ model: speaking("says-one", { do_sample: true, top_k: 1 }), data })).toEqual(wanted);
    const more = speaking("says-penalty", { do_sample: false, repetition_penalty: 1.3 });
    expect(await ids({ model: more, data: write("prompts.jsonl", penalised) })).toEqual(
      penalised.map((row) => row.ids),
    );
  });

  it("gives way to what the user says, and is told where it is followed", async () => {
    const data = write("prompts.jsonl", greedy);
    const model = speaking("says-all", { do_sample: true, temperature: 0.5, top_k: 1 });
    const sampled = await ids({ model, data, topK: 0, temperature: 1, topP: 1, minP: 0, seed: 7 });
    expect(sampled).toEqual(await ids({ model: tied, data, temperature: 1, seed: 7 }));
    expect(sampled).not.toEqual(greedy.map((row) => row.ids));
    events.length = 0;
    const { document } = await generate.run(generate.schema.parse({ model, data, maxTokens: 2 }), context());
    expect(document).toMatchObject({ sampling: { temperature: 0.5, topK: 1, topP: 1 } });
    expect(events).toContainEqual(
      expect.objectContaining({
        text: "As the model's generation_config.json says: temperature 0.5, top-k 1.",
      }),
    );
  });
});

describe("rows that cannot be computed", () => {
  it("are told with file, line and field, all at once", async () => {
    const data = write("faults.jsonl", [
      { prompt: "fine", continuation: "fine" },
      { prompt: "no continuation" },
      { prompt: 3, continuation: "x" },
      { prompt: "x".repeat(400), continuation: "x" },
    ]);
    const told = await scoreWith({ model: tied, data }).catch((thrown: Error) => thrown.message);
    expect(told).toContain(`${data} has 3 faults`);
    expect(told).toMatch(/line 2: continuation: /);
    expect(told).toMatch(/line 3: prompt: got 3/);
    expect(told).toMatch(/line 4: prompt, continuation: got \d+ tokens, expected at most the 257/);
    const prompts = await generateWith({ model: tied, data: write("empty.jsonl", [{ prompt: "" }]) }).catch(
      (thrown: Error) => thrown.message,
    );
    expect(prompts).toMatch(/line 1: prompt: got no text/);
  });

  it("are a continuation that is one token with the end of the prompt", async () => {
    const rows = [{ prompt: "In t", continuation: "he" }];
    await expect(scoreWith({ model: tied, data: write("seam.jsonl", rows) })).rejects.toThrow(
      "line 1: continuation: it has no tokens of its own",
    );
  });

  it("make no file, and neither does a model that lies elsewhere or scores replies", async () => {
    const data = write("fine.jsonl", [{ prompt: "a", continuation: "b" }]);
    const results = join(folder, "none.jsonl");
    await expect(scoreWith({ model: "http://host/v1#m", data, results })).rejects.toThrow("served elsewhere");
    const reward = join(golden, "llama-random/scored");
    await expect(generateWith({ model: reward, data, results })).rejects.toThrow("is a reward model");
    expect(() => readFileSync(results)).toThrow("ENOENT");
  });
});
