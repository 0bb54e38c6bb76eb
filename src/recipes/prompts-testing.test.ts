// Prompts of a file that says nothing of the split: how many classify and select mark for testing, that they say so, that it can
// be had otherwise, and that revise names those it left out.

import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { contextWith, jsonl, plan, promptFolder, readPrompts, start } from "./prompt-folder.fixture.ts";
import { recipe as classifyRecipe } from "./prompts-classify.ts";
import { recipe as generateRecipe } from "./prompts-generate.ts";
import { recipe as loadRecipe } from "./prompts-load.ts";
import { recipe as selectRecipe } from "./prompts-select.ts";
import { recipe as reviseRecipe } from "./revise.ts";

const { at, write, remove } = promptFolder("prompts-testing");
afterAll(remove);

const rows = Array.from({ length: 40 }, (_, place) => ({ prompt: `Request ${place}.`, kind: "harmful" }));
const prompts = write("prompts.jsonl", jsonl(...rows));
const answers = JSON.stringify({ answers: [{ number: 1, area: "peace" }] });
const script = `rules:\n  - reply: ${JSON.stringify(answers)}\n`;
const model = `scripted:${write("script.yaml", script)}`;

const commands = {
  classify: (out: string, settings: object = {}) =>
    start(classifyRecipe, {
      prompts,
      model,
      areas: ["peace", "privacy"],
      pack: 1,
      out: at(out),
      ...settings,
    }),
  select: (out: string, settings: object = {}) => start(selectRecipe, { prompts, out: at(out), ...settings }),
};

describe.each(["classify", "select"] as const)("prompts %s of rows without a split", (name) => {
  const command = commands[name];

  it("says how many are marked for testing, and what that does", async () => {
    const { document, text } = await command(`${name}-told`);
    const marked = readPrompts(String(document["file"])).filter(({ split }) => split === "test").length;
    expect(marked).toBeGreaterThan(0);
    expect(document).toMatchObject({ prompts: 40, markedTest: marked });
    expect(text).toContain(
      `For testing: ${marked} of 40 prompts are marked "split": "test", by their text, since the file does not say it (--set testShare=0 marks none). revise and label leave them out.`,
    );
  });

  it("marks none, or all, where that is asked for", async () => {
    for (const [testShare, count] of [
      [0, 0],
      [1, 40],
    ] as const) {
      const { document, text } = await command(`${name}-${testShare}`, { testShare });
      expect(document).toMatchObject({ markedTest: count });
      expect(readPrompts(String(document["file"])).filter(({ split }) => split === "test")).toHaveLength(
        count,
      );
      expect(text.includes("For testing:")).toBe(count > 0);
    }
  });
});

describe("prompts that their rows mark for testing", () => {
  const marked = write(
    "marked.jsonl",
    jsonl(...rows.map((row, place) => ({ ...row, split: place < 3 ? "test" : "train" }))),
  );

  it("are told of by select as the file's own, and not where they were asked for", async () => {
    const { document, text } = await start(selectRecipe, { prompts: marked, out: at("own") });
    expect(document).toMatchObject({ test: 3, markedTest: 0 });
    expect(text).toContain(
      '3 of 40 prompts are marked "split": "test", as the file says (`covenant prompts select --set split=train`',
    );
    const asked = await start(selectRecipe, { prompts: marked, split: "test", out: at("asked") });
    expect(asked.text).not.toContain("For testing:");
  });

  it("are told of by classify beside those that it marks itself", async () => {
    const { document: all } = await commands.classify("all");
    const drawn = Number(all["markedTest"]);
    const first = readPrompts(String(all["file"])).findIndex(({ split }) => split === "train");
    const partly = rows.map((row, place) => (place === first ? { ...row, split: "test" } : row));
    const { document, text } = await commands.classify("partly", {
      prompts: write("partly.jsonl", jsonl(...partly)),
    });
    expect(document).toMatchObject({ test: drawn + 1, markedTest: drawn });
    expect(text).toContain(
      `For testing: ${drawn + 1} of 40 prompts are marked "split": "test", ${drawn} of them by their text,`,
    );
  });

  it("are no examples of generate, which says how many it left out", async () => {
    const one = write(
      "three.jsonl",
      jsonl(...rows.slice(0, 3).map((row, at) => ({ ...row, split: at < 2 ? "test" : "train" }))),
    );
    const writer = JSON.stringify({
      rules: [{ reply: JSON.stringify({ prompts: ["Request 0.", "One new."] }) }],
    });
    const config = {
      prompts: one,
      model: `scripted:${write("writer.yaml", writer)}`,
      count: 1,
      out: at("written"),
    };
    const told: string[] = [];
    const context = contextWith((event) => void (event.type === "warning" && told.push(event.text)));
    const { document } = await start(generateRecipe, config, context);
    const notice = '2 rows of .* are marked for testing ("split": "test") and were left out.'.replaceAll(
      /[()]/g,
      "\\$&",
    );
    expect(told).toEqual([expect.stringMatching(notice)]);
    expect((await plan(generateRecipe, config)).notices?.map(({ text }) => text)).toEqual(told);
    const [call] = readFileSync(at("written/ask/calls.jsonl"), "utf8").split("\n");
    expect(JSON.parse(call!).parents).toHaveLength(1);
    // what is held out is not written again, though
    expect(readPrompts(String(document["file"])).map(({ messages }) => messages[0]?.content)).toEqual([
      "One new.",
    ]);
  });

  it("are told of by load where nothing else is left, and by revise, with what to do", async () => {
    const files = [write("few.jsonl", jsonl(...rows.slice(0, 2)))];
    const { document, text } = await start(loadRecipe, { files, testShare: 1, out: at("few") });
    expect(text).toContain("No prompt is left to train on");
    expect(text).toContain("The same command with --set testShare=0 --fresh marks none");
    expect(text).not.toMatch(/npx covenant revise/);
    await expect(plan(reviseRecipe, { prompts: document["file"], model })).rejects.toThrow(
      /Every row of .* is marked for testing .* that command does not with --set testShare=0\./,
    );
    const trained = await start(loadRecipe, { files, testShare: 0, out: at("few-0") });
    expect(trained.text).toMatch(/^Next: npx covenant revise /m);
    expect(trained.text).not.toContain("No prompt is left");
  });

  it("are named by revise where nothing else is left to revise", async () => {
    const one = write(
      "one.jsonl",
      jsonl({ prompt: "Sing.", kind: "harmless", split: "train" }, { ...rows[0], split: "test" }),
    );
    await expect(plan(reviseRecipe, { prompts: one, model, out: at("none") })).rejects.toThrow(
      /None of 1 prompt is to be revised: all are marked harmless or lookalike\. 1 row of .*one\.jsonl is marked for testing \("split": "test"\) and was left out\. Give harmful ones/,
    );
  });
});
