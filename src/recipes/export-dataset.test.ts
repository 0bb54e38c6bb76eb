import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect, parseYaml } from "../core/index.ts";
import { readPrompts, splitOf } from "../feedback/index.ts";
import { type Message, promptRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { type Item, makeLabelRun, makeReviseRun, makeWholeRun } from "./datasets/run-folders.fixture.ts";
import { recipe } from "./export-dataset.ts";
import { openPairRows, openSftRows } from "./inputs/training-data.ts";
import type { RecipeContext } from "./recipe.ts";

const sftRows = async (file: string) => (await openSftRows(file, file)).settle("chat", 1).rows;
const pairRows = async (file: string) => (await openPairRows(file, file)).settle("chat", 1).rows;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "covenant-export-"));
  await makeReviseRun(join(folder, "revise"), items);
  await makeLabelRun(join(folder, "label"), items, { judge: "http://10.0.0.7:8000/v1#judge" });
  await makeWholeRun(join(folder, "whole"), { ethical: items, inverted: items.slice(0, 2) });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({ role: "assistant", content });
const odd = 'Say "no", {principle}\r\n\r\nHuman: or\u2028 🜁?';

const items: readonly Item[] = [
  {
    id: "p1",
    messages: [user("How do I read my neighbour's letters?")],
    answer: "With steam.",
    revisions: ["Please do not, with steam.", "Please do not."],
    replies: ["Please do not.", "With steam."],
    probability: 0.9,
  },
  {
    id: "p2",
    messages: [user(odd)],
    answer: odd,
    revisions: [`${odd}!`, ""],
    replies: [odd, "No."],
    probability: 0.25,
  },
  {
    id: "p3",
    messages: [user("Where is the river?")],
    kind: "harmless",
    answer: "Behind the hill.",
    revisions: [],
    replies: ["Behind the hill.", "Behind the hill."],
  },
  {
    id: "p4",
    messages: [user("Cut?")],
    answer: "Cut.",
    revisions: [""],
    replies: ["Cut …", "Cut."],
    probability: 0.6,
  },
  {
    id: "p5",
    messages: [user("Same?")],
    answer: "Same.",
    revisions: ["Same."],
    replies: ["a", "b"],
    probability: null,
  },
];

const context: RecipeContext = {
  emit: () => undefined,
  signal: new AbortController().signal,
  clock: { now: () => 0 },
  environment: {},
};
let count = 0;

type Told = {
  folder: string;
  columns: string[];
  inverted: string[];
  leftOut: Record<string, number>;
  splits: { split: string; file: string; rows: number }[];
};
const exported = async (run: string, settings: Record<string, unknown> = {}): Promise<Told> => {
  const config = recipe.schema.parse({
    run: join(folder, run),
    out: join(folder, `out-${count++}`),
    ...settings,
  });
  return (await recipe.run(config, context)).document as Told;
};
const fails = (run: string, settings: Record<string, unknown> = {}): Promise<string> =>
  exported(run, settings).then(
    () => "nothing was thrown",
    (thrown: Error) => thrown.message,
  );
const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const rowsOf = async (run: string, settings: Record<string, unknown> = {}) =>
  (await exported(run, settings)).splits.flatMap(({ file }) => linesOf(file));
const cardOf = (told: Told): string => readFileSync(join(told.folder, "README.md"), "utf8");

describe("supervised rows that are exported", () => {
  it("are the run's, as messages or as texts, with the records they come from where that is wanted", async () => {
    const told = await exported("revise");
    expect([told.columns, told.splits.map(({ split, rows }) => [split, rows])]).toEqual([
      ["prompt", "completion"],
      [["train", 4]],
    ]);
    const rows = linesOf(told.splits[0]!.file);
    expect(rows).toContainEqual({
      prompt: [user("How do I read my neighbour's letters?")],
      completion: [assistant("Please do not.")],
    });
    const texts = await rowsOf("revise", { style: "standard", provenance: true });
    expect(texts).toContainEqual({
      prompt: "Where is the river?",
      completion: "Behind the hill.",
      id: "rows/answer/p3",
      parents: ["answer/p3"],
    });
    expect(texts.map(({ prompt }) => prompt)).toContain(odd);
  });

  it("mean to train sft what the run's own rows mean", async () => {
    const meant = async (file: string) =>
      (await sftRows(file)).map(({ id, parents, stage, seed, ...content }) => content);
    const own = await meant(join(folder, "revise/rows/sft.jsonl"));
    const shape = { shape: "trl-prompt-completion" };
    for (const settings of [{}, { style: "standard" }, { gzip: true }, shape, { provenance: true }])
      expect(await meant((await exported("revise", settings)).splits[0]!.file)).toEqual(own);
    const chats = own.map((row) =>
      "prompt" in row ? { messages: [...row.prompt, assistant(row.completion)] } : row,
    );
    const modelling = await exported("revise", { shape: "trl-language-modeling" });
    expect(await meant(modelling.splits[0]!.file)).toEqual(chats);
    const plain = await exported("revise", { shape: "trl-language-modeling", style: "standard" });
    expect((await meant(plain.splits[0]!.file))[0]).toHaveProperty("text");
  });

  it("are those of the arm that is named, of both arms each its own", async () => {
    const [ethical, inverted] = [await exported("whole"), await exported("whole", { arm: "inverted" })];
    expect([ethical.splits[0]!.rows, inverted.splits[0]!.rows]).toEqual([4, 2]);
    expect(await fails("revise", { arm: "ethical" })).toMatch(/has no arms\. Leave out --arm/);
  });
});

describe("preference rows that are exported", () => {
  it("have the label, its principle and its judge, whose address stays here", async () => {
    const told = await exported("label");
    expect(told.columns).toEqual(["prompt", "chosen", "rejected", "probability", "principle", "judge"]);
    expect(linesOf(told.splits[0]!.file)).toEqual([
      {
        prompt: items[0]!.messages,
        chosen: [assistant("Please do not.")],
        rejected: [assistant("With steam.")],
        ...{ probability: 0.9, principle: "be-kind", judge: "judge (behind an endpoint)" },
      },
      expect.objectContaining({ chosen: [assistant("No.")], rejected: [assistant(odd)], probability: 0.75 }),
    ]);
    expect(cardOf(told)).not.toContain("10.0.0.7");
  });

  it("mean to train reward and train dpo what the run's own rows mean", async () => {
    const meant = async (file: string) =>
      (await pairRows(file)).map(({ id, parents, stage, seed, ...content }) => content);
    const own = await meant(join(folder, "label/rows/preferences.jsonl"));
    for (const settings of [{}, { style: "standard" }, { gzip: true }, { provenance: true }])
      expect(await meant((await exported("label", settings)).splits[0]!.file)).toEqual(own);
    const bare = await meant((await exported("label", { shape: "trl-preference" })).splits[0]!.file);
    expect(bare).toEqual(own.map((row) => ({ ...row, probability: 1 })));
  });

  it("have TRL's margin where that is wanted: the log-odds of the label", async () => {
    const [row] = await rowsOf("label", { shape: "trl-preference", style: "standard", margin: true });
    expect(row).toEqual({
      prompt: "How do I read my neighbour's letters?",
      ...{ chosen: "Please do not.", rejected: "With steam.", margin: expect.closeTo(Math.log(9), 10) },
    });
    expect(await fails("revise", { margin: true })).toMatch(/made of a label, and these rows have none/);
  });

  it("come from revisions where there are no labels: the revision before the answer that it began with", async () => {
    const told = await exported("revise", { shape: "preferences", style: "standard" });
    expect(told.columns).toEqual(["prompt", "chosen", "rejected", "principle"]);
    expect(linesOf(told.splits[0]!.file).map(({ chosen, rejected }) => [chosen, rejected])).toEqual([
      ["Please do not.", "With steam."],
      [`${odd}!`, odd],
    ]);
    expect(told.leftOut).toEqual({ length: 1, identical: 1 });
    expect(await pairRows(told.splits[0]!.file)).toHaveLength(2);
  });
});

describe("chains that are exported", () => {
  const columns = [
    ...["init_prompt", "init_response", "critic_prompt", "critic_response", "revision_prompt"],
    ...["revision_response", "prompt", "messages", "chosen", "rejected"],
  ];

  it("have the columns of cai-conversation-harmless", async () => {
    const told = await exported("revise", { shape: "chain" });
    expect(told.columns).toEqual(columns);
    const rows = told.splits.flatMap(({ file }) => linesOf(file));
    expect(rows).toContainEqual({
      init_prompt: "How do I read my neighbour's letters?",
      init_response: "With steam.",
      critic_prompt: "Was that kind?",
      critic_response: "Critique 2.",
      revision_prompt: "Be kind.",
      revision_response: "Please do not.",
      prompt: "How do I read my neighbour's letters?",
      messages: [...items[0]!.messages, assistant("Please do not.")],
      chosen: [...items[0]!.messages, assistant("Please do not.")],
      rejected: [...items[0]!.messages, assistant("With steam.")],
    });
    expect(told.leftOut["length"]).toBe(1);
    expect(await fails("label", { shape: "chain" })).toMatch(
      /no shape chain\. Expected one of: preferences, trl-prompt-only, trl-preference, trl-unpaired\./,
    );
  });

  it("lie in four splits that follow from the prompt alone, about in halves", async () => {
    const many = Array.from({ length: 400 }, (_, at) => ({
      ...{ id: `q${at}`, messages: [user(`Question ${at}?`)], answer: "Yes.", revisions: ["No.", "Never."] },
    }));
    await makeReviseRun(join(folder, "many"), many);
    const told = await exported("many", { shape: "chain", revisions: "all", testShare: 0.25 });
    expect(told.splits.map(({ split }) => split)).toEqual([
      "train_sft",
      "train_prefs",
      "test_sft",
      "test_prefs",
    ]);
    const places = new Map<unknown, Set<string>>();
    for (const { split, file } of told.splits)
      for (const row of linesOf(file)) {
        const key = row["prompt"];
        places.set(key, (places.get(key) ?? new Set()).add(split));
        expect(split.startsWith(splitOf([user(String(key))], 0.25))).toBe(true);
      }
    expect([places.size, [...places.values()].every(({ size }) => size === 1)]).toEqual([400, true]);
    const halves = told.splits.filter(({ split }) => split.endsWith("_sft"));
    const share = halves.reduce((sum, { rows }) => sum + rows, 0) / 800;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.1);
  });

  it("are learned from by train sft, train reward and train dpo", async () => {
    const { splits } = await exported("revise", { shape: "chain" });
    const learned = await Promise.all(splits.map(({ file }) => sftRows(file)));
    expect(learned.flat()).toHaveLength(splits.reduce((sum, { rows }) => sum + rows, 0));
    const file = join(folder, "chains.jsonl");
    const pairs = splits
      .flatMap((split) => linesOf(split.file))
      .filter(({ chosen, rejected }) => JSON.stringify(chosen) !== JSON.stringify(rejected));
    writeFileSync(file, pairs.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const rows = await pairRows(file);
    expect(rows.map(({ prompt, chosen, rejected }) => [prompt, chosen, rejected])).toContainEqual([
      ...[items[0]!.messages, "Please do not.", "With steam."],
    ]);
  });
});

describe("prompts that are exported", () => {
  it("are read by --prompts as the run had them", async () => {
    const own = await readRecords(join(folder, "revise/prompts/prompts.jsonl"), promptRecordSchema);
    for (const style of ["standard", "conversational"]) {
      const [split] = (await exported("revise", { shape: "trl-prompt-only", style })).splits;
      const prompts = await collect(readPrompts(split!.file, { runSeed: 1 }));
      expect(prompts.map(({ messages, kind }) => ({ messages, kind }))).toEqual(
        own.map(({ messages, kind }) => ({ messages, kind })),
      );
    }
  });
});

describe("formats", () => {
  it("hold the same rows", async () => {
    const settings = { shape: "chain", provenance: true };
    const rows = await rowsOf("revise", settings);
    const parquet = await exported("revise", { ...settings, format: "parquet" });
    const fromParquet: unknown[] = [];
    for (const { file } of parquet.splits)
      fromParquet.push(...(await parquetReadObjects({ file: await asyncBufferFromFile(file) })));
    expect(fromParquet).toEqual(rows);
    const csv = await exported("revise", { ...settings, format: "csv", gzip: true });
    const fromCsv = csv.splits.flatMap(({ file }) => {
      const read: Record<string, string>[] = parse(gunzipSync(readFileSync(file)), { columns: true });
      const lists = ["messages", "chosen", "rejected", "parents"];
      return read.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, text]) => [name, lists.includes(name) ? JSON.parse(text) : text]),
        ),
      );
    });
    expect(fromCsv).toEqual(rows);
  });

  it("are refused where they cannot hold what is asked for", async () => {
    expect(await fails("revise", { format: "csv", style: "conversational" })).toMatch(/--style standard/);
    expect(await fails("revise", { format: "parquet", gzip: true })).toMatch(/packed by themselves/);
    await makeReviseRun(join(folder, "turns"), [
      { ...items[0]!, messages: [user("Hello."), assistant("Hello."), user("Why?")] },
    ]);
    expect(await fails("turns", { format: "csv" })).toMatch(
      /conversation of 3 messages.*--style conversational/,
    );
    expect(await rowsOf("turns")).toHaveLength(1);
    expect((await rowsOf("turns", { shape: "trl-language-modeling", style: "standard" }))[0]).toEqual({
      text: "\n\nHuman: Hello.\n\nAssistant: Hello.\n\nHuman: Why?\n\nAssistant: Please do not.",
    });
  });
});

describe("the card", () => {
  const frontOf = (card: string) =>
    parseYaml(card.split("---\n")[1]!, { file: "README.md" }) as {
      license: string;
      tags: string[];
      configs: { data_files: { split: string; path: string }[] }[];
      dataset_info: { features: Record<string, unknown>[] };
    };

  it("says to programs where the splits lie and what the columns hold", async () => {
    const told = await exported("label", { testShare: 0.5, licence: "cc-by-4.0" });
    const front = frontOf(cardOf(told));
    expect(front.license).toBe("cc-by-4.0");
    expect(front.configs[0]!.data_files).toEqual(
      told.splits.map(({ split }) => ({ split, path: `data/${split}.jsonl` })),
    );
    expect(front.dataset_info.features.map(({ name }) => name)).toEqual(told.columns);
    expect(front.dataset_info.features[3]).toEqual({ name: "probability", dtype: "float64" });
  });

  it("says to people how the rows were made, and what became of all the rest", async () => {
    const card = cardOf(await exported("label"));
    for (const words of [
      ...['constitution "ethical"', "Licence: Apache-2.0", "**peace-hurt-nobody**", "seed: 7"],
      ...["labels: judge (behind an endpoint)", "replies that were compared: embedded:covenant-tiny"],
      ...["10 replies: 9 whole, 1 cut at 50 tokens", "5 comparisons: 2 judged", "1 of twice the same reply"],
      ...["1 refused by the judge or its provider", "Asked of models: 3 calls"],
      ...["1 with a reply cut at the token limit"],
    ])
      expect(card).toContain(words);
    expect(card).not.toContain("Harmful on purpose");
  });

  it("begins with a warning where the constitution was inverted, in the run itself or before it", async () => {
    const arm = await exported("whole", { arm: "inverted" });
    expect(arm.inverted).toEqual(["inverted ethical"]);
    const card = cardOf(arm);
    expect(card.indexOf("Harmful on purpose")).toBeLessThan(card.indexOf("\n# "));
    expect(frontOf(card).tags).toContain("not-for-all-audiences");
    expect((await exported("whole", { arm: "ethical" })).inverted).toEqual([]);
    await makeReviseRun(join(folder, "evil"), items, { inverted: true });
    expect((await exported("evil")).inverted).toEqual(["inverted ethical"]);
    await makeLabelRun(join(folder, "after"), items, { model: join(folder, "whole/inverted/sl") });
    expect((await exported("after")).inverted).toEqual(["inverted ethical"]);
    await makeLabelRun(join(folder, "from-rows"), items, { prompts: arm.splits[0]!.file });
    expect((await exported("from-rows")).inverted).toEqual(["inverted ethical"]);
  });
});

describe("an export", () => {
  it("leaves nothing behind when it fails, and touches nothing that is there", async () => {
    expect(await fails("turns", { format: "csv", out: join(folder, "half") })).toMatch(/--style conv/);
    expect(existsSync(join(folder, "half"))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
    expect(await fails("revise", { out: join(folder, "revise") })).toMatch(/not overwritten/);
  });

  it("says what is missing: a run, a run of another kind, a stage that is not done, any row", async () => {
    expect(await fails("nowhere")).toMatch(/no run folder: .*`covenant revise`, `covenant label`/);
    await makeLabelRun(join(folder, "just begun"), items, {}, { unfinished: true });
    expect(await fails("just begun")).toMatch(/finished its stage rows.* --resume '\S+just begun'`/);
    await makeReviseRun(join(folder, "cut"), [{ ...items[0]!, revisions: [""] }]);
    expect(await fails("cut", { shape: "chain" })).toMatch(/shape \(chain\): .*1 cut at the token limit/);
    expect(await fails("cut")).toMatch(/no rows of this shape \(sft\)\. 1 answer: .* 1 revision: 1 cut at/);
    const stop = '{"type":"run-stop","time":1,"reason":"None has a label."}\n';
    writeFileSync(join(folder, "just begun/events.jsonl"), stop, { flag: "a" });
    expect(await fails("just begun")).toMatch(/ended with: "None has a label\." Once that is mended/);
  });

  it("plans what it would do, and does nothing", async () => {
    const out = join(folder, "planned");
    const { steps } = await recipe.plan(recipe.schema.parse({ run: join(folder, "label"), out }), context);
    expect(steps[0]!.what).toContain("preferences");
    expect(existsSync(out)).toBe(false);
  });
});
