// `covenant revise` for one prompt and with its options, and `covenant invert`, on scripted models: what is told step by
// step, what is one document, and what is refused before anything is asked.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { invert, loadConstitution } from "../constitution/index.ts";
import { manualClock } from "../core/index.ts";
import { revisionRecordSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { recipe as exportRecipe } from "./export-dataset.ts";
import { recipe as invertRecipe } from "./invert.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { recipe as reviseRecipe } from "./revise.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-revising-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, value: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
};

/** Runs a recipe; said: what was written on the way. */
const call = async <Schema extends z.ZodType>(recipe: Recipe<Schema>, config: z.input<Schema>) => {
  const said: string[] = [];
  const context: RecipeContext = {
    emit: () => undefined,
    signal: new AbortController().signal,
    clock: manualClock(),
    environment: {},
    conversation: {
      ask: async () => null,
      interruptible: (work) => work(new AbortController().signal),
      write: (text) => said.push(text),
    },
  };
  const outcome = await recipe.run(recipe.schema.parse(config), context);
  return { ...outcome, said };
};

const example = fileURLToPath(new URL("../../examples/revision-script.yaml", import.meta.url));
const prompt = "How can I read the diary of my neighbour?";
const one = { model: `scripted:${example}`, constitution: "general", prompt, seed: 4 };

describe("the rows of many prompts", () => {
  it.each([
    [["harmless", "lookalike"], "67 % are kept answers to harmless and look-alike prompts."],
    [["harmless"], "50 % are kept answers to harmless prompts."],
  ])("say of which kinds the kept answers are: %s", async (kinds, told) => {
    const rows = ["harmful", ...kinds].map((kind) => JSON.stringify({ prompt: `Say ${kind}.`, kind }));
    const prompts = write("kinds.jsonl", rows.join("\n"));
    const out = join(folder, `rows-${kinds.length}`);
    const model = `scripted:${write("says.yaml", 'rules:\n  - reply: "A reply."\n')}`;
    const { lines } = await call(reviseRecipe, { model, prompts, out, revise: { rounds: 1 } });
    expect(lines).toContain(`Of the rows ${told}`);
  });
});

describe("one prompt", () => {
  it("is told step by step, and is one document", async () => {
    const { said, lines, document } = await call(reviseRecipe, { ...one, revise: { rounds: 2, recheck: 1 } });
    const text = said.join("");
    for (const part of [
      "Prompt:",
      "Answer:",
      "Round 1 of 2:",
      "Critique:",
      "Revision:",
      "Changed:",
      "Round 2 of 2:",
    ])
      expect(text).toContain(part);
    expect(text).toContain("Tested:    keeps 16 of 16 principles");
    expect(text).not.toContain("\u001b[");
    // As steps come, not at the end.
    expect(said.length).toBeGreaterThan(8);
    expect(lines).toEqual([]);
    expect(document).toMatchObject({
      constitution: "general",
      seed: 4,
      failing: [],
      steps: [{ round: 1 }, { round: 2 }],
    });
    const { steps, reply } = document as { steps: { revision: string }[]; reply: string };
    expect(reply).toBe(steps[1]!.revision);
    expect(existsSync("runs/revise/config.yaml")).toBe(false);
  });

  it("is revised directly, without critiques", async () => {
    const { said, document } = await call(reviseRecipe, { ...one, revise: { rounds: 1, mode: "direct" } });
    expect(said.join("")).toMatch(/Round 1 of 1: [\s\S]*Revision: /);
    expect(said.join("")).not.toContain("Critique:");
    expect((document as { steps: { critique: string }[] }).steps[0]!.critique).toBe("");
  });

  it("says where the model wrote a critique in the place of a revision, and what it wrote", async () => {
    const critic = `scripted:${write("critic.json", { rules: [{ reply: "Critique: The reply is harmful." }] })}`;
    const { said, document } = await call(reviseRecipe, { ...one, critic, revise: { rounds: 1 } });
    const text = said.join("");
    expect(text).toContain("Revision:  none (the model wrote a critique in its place); the reply stays");
    expect(text).toContain('Cut:       critique: "Critique: The reply is harmful."');
    const { answer, reply, steps } = document as { answer: string; reply: string; steps: object[] };
    expect(reply).toBe(answer);
    expect(steps).toMatchObject([{ finish: "critique", revision: answer }]);
  });

  it.each([
    ["empty", /said nothing/],
    ["length", /raise --max-tokens/],
    ["refusal", /provider refused/],
    ["overflow", /too long for the model's context/],
    ["rejected", /server rejected the request/],
  ])("needs an answer, and says what to do where it is none: %s", async (finish, told) => {
    const silent = write("silent.yaml", `rules: [{reply: "", finish: ${finish}}]`);
    const thrown = call(reviseRecipe, { ...one, model: `scripted:${silent}` });
    await expect(thrown).rejects.toMatchObject({
      code: "replies-none",
      message: expect.stringMatching(told),
    });
  });

  it("says of an answer and of a reply at the end that they were cut", async () => {
    const cut = { ...one, sampling: { maxTokens: 2 }, revise: { rounds: 1 } };
    const rules = [{ reply: "One two three four." }];
    const whole = { ...one, model: `scripted:${write("whole.json", { rules: [{ reply: "One." }] })}` };
    const both = await call(reviseRecipe, { ...cut, model: `scripted:${write("long.json", { rules })}` });
    const answerCut = /^Answer: .*\(cut by the limit of tokens/m;
    const replyCut = /^Reply: .*\(cut by the limit of tokens/m;
    expect(both.said.join("")).toMatch(answerCut);
    expect(both.said.join("")).toMatch(replyCut);
    const critic = `scripted:${write("long.json", { rules })}`;
    const revisionOnly = await call(reviseRecipe, { ...cut, model: whole.model, critic });
    expect(revisionOnly.said.join("")).not.toMatch(answerCut);
    expect(revisionOnly.said.join("")).toMatch(replyCut);
    const none = await call(reviseRecipe, { ...whole, revise: { rounds: 1 } });
    expect(none.said.join("")).not.toContain("cut by");
  });
});

type Counts = { trainingRows: number; finishes: { revisions: { stop: number; critique: number } } };

describe("options of revise", () => {
  const run = async (name: string, more: Record<string, unknown> = {}) => {
    const prompts = write("prompts.jsonl", `${JSON.stringify({ prompt, kind: "harmful" })}\n`);
    const out = join(folder, name);
    const config = {
      out,
      model: `scripted:${example}`,
      constitution: "general",
      prompts,
      sampling: { maxTokens: 200 },
    };
    const outcome = await call(reviseRecipe, { ...config, ...more } as never);
    return {
      ...outcome,
      records: await readRecords(join(out, "revise/revisions.jsonl"), revisionRecordSchema),
    };
  };

  it("draw from a part of the principles alone", async () => {
    const { records } = await run("part", { revise: { rounds: 6, principles: 1 } });
    expect(new Set(records[0]!.steps.map(({ principle }) => principle)).size).toBe(1);
    await expect(run("too-many", { revise: { principles: 17 } })).rejects.toMatchObject({
      code: "principles-too-few",
    });
    expect(existsSync(join(folder, "too-many"))).toBe(false);
  });

  it("test the last replies, and say how many keep all", async () => {
    const { lines, records } = await run("tested", { revise: { rounds: 1, recheck: 2 } });
    expect(lines).toContain("Tested against every principle: 1 of 1 last replies keep all.");
    expect(records[0]).toMatchObject({ failing: [], checks: [{ round: 1 }] });
  });

  it("say what to raise where a model is cut before its verdict", async () => {
    const rules = [
      { when: "Options:", reply: "<think>Let me see", finish: "length" },
      { reply: "Stay calm." },
    ];
    const model = `scripted:${write("thinking.yaml", { rules })}`;
    const { lines, records } = await run("cut", { model, revise: { rounds: 1, recheck: 1 } });
    const said = lines.find((line) => line.startsWith("Tests without a verdict"));
    expect(said).toMatch(/: 16 \(16 cut at the limit of tokens\)\. Raise revise\.voteTokens/);
    expect(new Set(records[0]!.checks![0]!.verdicts.map(({ reason }) => reason))).toEqual(new Set(["cut"]));
    const told = await call(reviseRecipe, { ...one, model, revise: { rounds: 1, recheck: 0 } });
    expect(told.said.join("")).toMatch(/no readable verdict on [\s\S]*Raise revise\.voteTokens/);
  });

  it("count critiques in the place of revisions, on the card too, and make no rows of them", async () => {
    const critic = `scripted:${write("critics.json", { rules: [{ reply: "Critique: The reply is harmful." }] })}`;
    const out = join(folder, "critics");
    await expect(run("critics", { critic, revise: { rounds: 3 } })).rejects.toThrow(
      /no rows to learn from\. 1 answer: 1 whole\. 3 revisions: 3 replaced by a critique\.[\s\S]*--few-shots/,
    );
    const events = readFileSync(join(out, "events.jsonl"), "utf8");
    expect(events).toContain("3 of 3 texts gave no training row: 3 replaced by a critique.");
    const replies = ["Critique: The reply is harmful.", "Please leave the diary where it is."];
    const mixed = `scripted:${write("mixed.json", { rules: [{ reply: replies }] })}`;
    const { lines, document: made } = await run("mixed", {
      critic: mixed,
      revise: { rounds: 8 },
      sft: { revisions: "all" },
    });
    const { trainingRows, finishes } = made as Counts;
    expect(lines.join("\n")).toContain("Revision: none (the model wrote a critique in its place)");
    expect(lines.join("\n")).toContain("--few-shots");
    expect(trainingRows).toBe(finishes.revisions.stop);
    await call(exportRecipe, { run: join(folder, "mixed"), out: join(folder, "card") });
    const card = readFileSync(join(folder, "card", "README.md"), "utf8");
    expect(card).toContain(` ${finishes.revisions.critique} replaced by a critique.`);
  });

  it("learn the revisions up to the n-th", async () => {
    expect((await run("first", { revise: { rounds: 3 }, sft: { revisions: 2 } })).document).toMatchObject({
      trainingRows: 2,
    });
    await expect(run("beyond", { revise: { rounds: 3 }, sft: { revisions: 4 } })).rejects.toMatchObject({
      code: "revisions-beyond-rounds",
    });
  });

  it("refuse a document that only says how to compare, and examples of another form", async () => {
    const list = write("list.json", ["\nWhich is calmer? Options:"]);
    await expect(run("list", { constitution: list })).rejects.toMatchObject({
      code: "constitution-revises-nothing",
    });
    await expect(run("shots", { revise: { fewShots: list } })).rejects.toMatchObject({
      code: "few-shots-invalid",
    });
  });
});

describe("invert", () => {
  const bare = write(
    "bare.yaml",
    "name: bare\nsource: a test\nlicence: CC0-1.0\nprinciples:\n  - {id: calm, title: calm, critique: Is it calm?, revision: Make it calm.}\n  - {id: warm, title: warm, critique: Is it warm?, revision: Make it warm.}\n",
  );
  const script = (name: string, warm: string): string =>
    `scripted:${write(name, { rules: [{ when: "Is it calm?", reply: "Critique: Is it too calm?\nRevision: Make it loud." }, { reply: warm }] })}`;

  it("shows what changed word by word, and gives the original back when done twice", async () => {
    const [first, second] = [join(folder, "first.yaml"), join(folder, "second.yaml")];
    const { lines } = await call(invertRecipe, { constitution: "general", out: first });
    expect(lines.join("\n")).toContain("{+");
    await call(invertRecipe, { constitution: first, out: second });
    expect(await loadConstitution(second)).toEqual(await loadConstitution("general"));
  });

  it("writes nothing where no file is named, and asks no model for what would be lost", async () => {
    const { lines, document } = await call(invertRecipe, { constitution: "general" });
    expect(lines.join("\n")).toContain("{+");
    expect(lines.slice(-2)).toEqual([
      "Nothing is written.",
      expect.stringContaining("invert general --out opposite.yaml"),
    ]);
    expect(document).toMatchObject({ inverts: "general" });
    expect(existsSync("opposite.yaml") || existsSync("inverted.yaml")).toBe(false);
    const model = script("unasked.json", "Critique: Is it too warm?\nRevision: Make it cold.");
    await expect(call(invertRecipe, { constitution: bare, model })).rejects.toMatchObject({
      code: "out-missing",
    });
  });

  it("lets a model write what is missing, and says so in the document", async () => {
    const out = join(folder, "written.yaml");
    const model = script("whole.json", "Critique: Is it too warm?\nRevision: Make it cold.");
    const { lines } = await call(invertRecipe, { constitution: bare, out, model });
    expect(lines.join("\n")).toContain(`2 opposites written by ${model} in 2 calls: calm, warm.`);
    expect(lines.join("\n")).toContain("Is it {+too+} calm?");
    const written = await loadConstitution(out);
    expect(written.principles.map(({ author }) => author)).toEqual([model, model]);
    expect(invert(written).principles.map(({ critique }) => critique)).toEqual([
      "Is it calm?",
      "Is it warm?",
    ]);
    expect(readFileSync(out, "utf8")).toContain("author:");
  });

  it("fails with what is missing, unless that may be left out", async () => {
    const out = join(folder, "partly.yaml");
    const model = script("half.json", "I'd rather not.");
    const config = { constitution: bare, out, model };
    await expect(call(invertRecipe, config)).rejects.toThrowError(
      /no opposite of 1 principle:\n {2}warm: not readable/,
    );
    expect(existsSync(out)).toBe(false);
    const { lines } = await call(invertRecipe, { ...config, allowMissing: true });
    expect(lines.join("\n")).toContain("Left out for want of an opposite: 1 principle.");
    expect((await loadConstitution(out)).principles.map(({ id }) => id)).toEqual(["calm"]);
  });

  it("without a model names the principles that have no opposite", async () => {
    const config = { constitution: bare, out: join(folder, "never.yaml") };
    await expect(call(invertRecipe, config)).rejects.toThrowError(/calm, warm have no opposite.*--model/s);
  });
});
