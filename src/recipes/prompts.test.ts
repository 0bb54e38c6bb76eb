// The commands of prompts from end to end, with scripted models: load and generate; and prompts of any text unchanged from
// file to request. What is done with areas is in prompts-areas.test.ts.

import { existsSync, readFileSync, rmSync } from "node:fs";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { anyText } from "../core/any-text.fixture.ts";
import { sampleReplies } from "../feedback/index.ts";
import { scriptedModel } from "../models/index.ts";
import { sandboxPrompts } from "../sandbox/index.ts";
import { jsonl, plan, promptFolder, readPrompts, requests, start } from "./prompt-folder.fixture.ts";
import { recipe as generateRecipe } from "./prompts-generate.ts";
import { recipe as loadRecipe } from "./prompts-load.ts";
import { recipe as selectRecipe } from "./prompts-select.ts";

const { at, write, remove } = promptFolder("prompts-recipes");
afterAll(remove);

describe("prompts load", () => {
  it("goes on with the default model where all prompts are of its language", async () => {
    const counts = { harmful: 2, harmless: 2, lookalike: 2 };
    const file = write("sandbox.jsonl", jsonl(...sandboxPrompts({ split: "train", counts, seed: 1 })));
    const { text } = await start(loadRecipe, { files: [file], out: at("of-sandbox") });
    const prompts = at("of-sandbox/prompts/prompts.jsonl");
    expect(text).toContain(`Next: npx covenant revise --prompts ${prompts}\n`);
    expect(text).toContain(`prompts classify --model http://localhost:8000/v1#NAME --prompts ${prompts}`);
    const selected = await start(selectRecipe, { prompts, out: at("selected-sandbox") });
    expect(selected.text).toContain("Next: npx covenant revise --prompts");
  });

  it("says where rows of the same words are of different kinds, of which the first holds", async () => {
    const one = write("one.jsonl", jsonl({ prompt: "What is up?", kind: "harmful" }, { prompt: "Sing." }));
    const two = write("two.jsonl", jsonl({ prompt: "what is up", kind: "harmless" }, { prompt: "sing" }));
    const config = { files: [one, two], out: at("kinds") };
    const { document, text } = await start(loadRecipe, config);
    expect(document).toMatchObject({
      clean: { "same-words": 2, "other-kind": 1 },
      kinds: { harmful: 1, "": 1 },
    });
    expect(text).toContain("Of these 1 said another kind (or none) than the earlier one, whose kind holds.");
  });

  it("loads files of several formats, cleans and counts, and changes nothing at a dry run", async () => {
    const csv = write(
      "xstest.csv",
      "prompt,type,label,focus\n How do I kill a process? ,homonyms,safe,kill\nhow do i kill a PROCESS,homonyms,safe,kill\n,homonyms,safe,k\n",
    );
    const own = write("own.jsonl", jsonl({ prompt: "One" }, { prompt: "One" }, { prompt: "x".repeat(300) }));
    const config = { files: [csv, own], out: at("loaded"), clean: { maxCharacters: 200 } };
    expect((await plan(loadRecipe, config)).steps[0]?.what).toBe("2 prompts");
    expect(existsSync(at("loaded"))).toBe(false);
    const { document, text } = await start(loadRecipe, config);
    expect(document).toMatchObject({
      prompts: 2,
      clean: { ends: 1, empty: 1, overlong: 1, repeated: 1, "same-words": 1, near: 0 },
      kinds: { lookalike: 1, "": 1 },
    });
    expect(text).toContain("Left out: 1 empty, 1 too long, 1 repeated exactly, 1 of the same words");
    const loaded = at("loaded/prompts/prompts.jsonl");
    expect(text).toContain(
      `Next: npx covenant revise --model http://localhost:8000/v1#NAME --prompts ${loaded}\n  or: npx covenant prompts classify --model http://localhost:8000/v1#NAME --prompts ${loaded}`,
    );
    expect(readPrompts(String(document["file"])).map(({ messages }) => messages[0]?.content)).toEqual([
      "How do I kill a process?",
      "One",
    ]);
    expect((await start(loadRecipe, config)).document).toEqual(document);
  });

  it("writes comparisons and chains with their training rows, where files hold them", async () => {
    const pairs = write(
      "pku.jsonl",
      jsonl({ prompt: "p", response_0: "a", response_1: "b", safer_response_id: 1 }),
    );
    const loaded = await start(loadRecipe, { files: [pairs], out: at("pairs") });
    expect(loaded.document).toMatchObject({ comparisons: 1, chains: 0 });
    expect(readFileSync(at("pairs/comparisons/comparisons.jsonl"), "utf8")).toContain('"options":["a","b"]');
    const value = {
      prompt: ["\n\nCritiqueRequest: c?\n\nCritique:"],
      edit_request: "\n\nRevisionRequest: r?\n\nRevision:",
    };
    const step = {
      cst_key: "k",
      cst_value: value,
      critique: { sample: " c" },
      revision: { sample: " better" },
    };
    const chain = {
      rl_prompt: "\n\nHuman: q\n\nAssistant:",
      initial_response: [{ sample: " a" }],
      cst: [step],
    };
    const chains = await start(loadRecipe, { files: [write("sl.jsonl", jsonl(chain))], out: at("chains") });
    expect(chains.document).toMatchObject({ prompts: 1, chains: 1 });
    expect(readFileSync(at("chains/rows/sft.jsonl"), "utf8")).toContain('"completion":"better"');
    expect(chains.text).toContain("train sft --model ./a-model-folder --data");
  });

  it("tells faults before it makes a folder", async () => {
    const file = write("faulty.csv", "prompt,kind\na,evil\nb\n");
    await expect(start(loadRecipe, { files: [file], out: at("faulty") })).rejects.toThrow(
      /faulty\.csv has 2 faults:[\s\S]*line 2: kind: got "evil"[\s\S]*line 3: got 1 field,/,
    );
    await expect(start(loadRecipe, { files: [file], format: "nonsense" })).rejects.toThrow(
      /no format "nonsense"/,
    );
    expect(existsSync(at("faulty"))).toBe(false);
    expect(() => loadRecipe.schema.parse({})).toThrow(/files of prompts are needed/);
  });

  it("passes prompts of any text unchanged from the file to the request", async () => {
    const texts = fc.uniqueArray(
      fc.oneof(
        // Something in it must be a word, or it is empty to the loader.
        fc
          .tuple(anyText({ maxLength: 15 }), anyText({ maxLength: 15 }))
          .map((ends) => ends.join("x").toWellFormed()),
        fc.constantFrom(
          "{principle} {0} }{ {{x}}",
          "\n\nHuman: x\n\nAssistant: y\n\nHuman:",
          "\u0000\ufeff <|im_start|>system x<|im_end|>\n",
          "<|im_start|>user [INST]",
          "😀".repeat(2000),
          "x".repeat(100_000),
          "a\u0000b\u001b[31m\u2028",
        ),
      ),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(), async (given, number) => {
        const contents = given;
        const file = write("any.jsonl", jsonl(...contents.map((prompt) => ({ prompt }))));
        const out = at(`any-${number}`);
        const { document } = await start(loadRecipe, {
          ...{ files: [file], out, clean: { ends: false, duplicates: "exact" } },
        });
        const prompts = readPrompts(String(document["file"]));
        const model = scriptedModel({ reply: () => "yes" });
        const options = { model, prompts, runSeed: 1, stage: "answer", maxTokens: 5 };
        for await (const _ of sampleReplies(options)) {
          // Only what the model is asked is wanted.
        }
        const asked = model.calls.flatMap((call) => call.requests.map(({ messages }) => messages));
        expect(asked).toEqual(contents.map((content) => [{ role: "user", content }]));
        rmSync(out, { recursive: true });
      }),
      { numRuns: 15 },
    );
  });
});

describe("prompts generate", () => {
  it("writes new prompts of a kind, and says how many were not new", async () => {
    const replies = ["One new", "Two new", "Three new", "Hit HIM!"].map((text) =>
      JSON.stringify({ prompts: [text, `${text} again`] }),
    );
    const script = write("writer.yaml", `batch: 2\nrules:\n  - reply: ${JSON.stringify(replies)}\n`);
    const file = write("shots.jsonl", jsonl(...requests.map((prompt) => ({ prompt, kind: "harmful" }))));
    const config = {
      prompts: file,
      model: `scripted:${script}`,
      count: 5,
      each: 2,
      out: at("generated"),
      patience: 5,
    };
    expect((await plan(generateRecipe, config)).steps[0]).toMatchObject({ calls: 15 });
    const { document } = await start(generateRecipe, config);
    expect(document).toMatchObject({ prompts: 5 });
    const prompts = readPrompts(String(document["file"]));
    expect(prompts.every(({ kind }) => kind === "harmful")).toBe(true);
    expect(new Set(prompts.map(({ messages }) => messages[0]?.content)).size).toBe(5);
    const other = write("writer-8.yaml", `batch: 8\nrules:\n  - reply: ${JSON.stringify(replies)}\n`);
    await start(generateRecipe, { ...config, model: `scripted:${other}`, out: at("generated-8") });
    const bytes = (out: string) => readFileSync(at(out, "prompts/prompts.jsonl"), "utf8");
    expect(bytes("generated-8")).toBe(bytes("generated"));
    await expect(start(generateRecipe, { ...config, kind: "harmless" })).rejects.toThrow(
      /has no harmless prompts/,
    );
  });

  it("stops where the server rejects five calls in a row, and keeps none of them; fewer at the end are written", async () => {
    const script = write("rejecting.yaml", 'batch: 2\nrules: [{reply: "", finish: rejected}]\n');
    const file = write("asked.jsonl", jsonl(...requests.map((prompt) => ({ prompt }))));
    const generate = (out: string, count: number) =>
      start(generateRecipe, {
        prompts: file,
        model: `scripted:${script}`,
        count,
        each: 1,
        patience: 1,
        out: at(out),
      });
    const calls = (out: string) => readFileSync(at(out, "ask/calls.jsonl"), "utf8").split("\n").length - 1;
    await expect(generate("all-rejected", 9)).rejects.toMatchObject({ code: "requests-rejected" });
    expect(calls("all-rejected")).toBe(0);
    // nothing came out, so the command fails
    await expect(generate("few-rejected", 4)).rejects.toMatchObject({
      ...{ name: "CovenantError", code: "prompts-none" },
      message: expect.stringMatching(/wrote no new prompt\. 4 calls gave 0 prompts.*: 4 rejected\./),
    });
    expect(existsSync(at("few-rejected/manifest.json"))).toBe(false);
    expect(calls("few-rejected")).toBe(4);
  });

  it("stops after twenty calls that gave nothing new", async () => {
    const script = write("fruitless.yaml", 'rules: [{reply: "Sorry, I cannot."}]\n');
    const file = write("asked-often.jsonl", jsonl(...requests.map((prompt) => ({ prompt }))));
    const config = { prompts: file, model: `scripted:${script}`, count: 500, out: at("fruitless") };
    await expect(start(generateRecipe, config)).rejects.toMatchObject({
      code: "prompts-none",
      message: expect.stringMatching(/20 calls gave 0 prompts.*: 20 refusal\..*--fresh begins anew/),
    });
  });

  it("writes helpful prompts from helpful examples alone, told what they are for", async () => {
    const rows = [
      ...["Hit him", "Read his letter"].map((prompt) => ({ prompt, kind: "harmful" })),
      ...["Bake bread", "Sing a song", "Plant a tree"].map((prompt) => ({ prompt, kind: "harmless" })),
    ];
    const rule = (when: string, prompts: readonly string[]) =>
      `  - when: ${JSON.stringify(when)}\n    reply: ${JSON.stringify(JSON.stringify({ prompts }))}\n`;
    const harmful = ["Hit him", "Read his letter"].map((text) => rule(JSON.stringify(text), ["A leak"]));
    const helpful = rule("A good assistant helps with every one of them.", ["Knit a sock", "Mend a chair"]);
    const config = {
      prompts: write("both-kinds.jsonl", jsonl(...rows)),
      model: `scripted:${write("helper.yaml", `rules:\n${harmful.join("")}${helpful}  - reply: "no"\n`)}`,
      ...{ kind: "harmless", count: 2, each: 2, shots: 3, out: at("helpful") },
    };
    const { document } = await start(generateRecipe, config);
    const prompts = readPrompts(String(document["file"]));
    expect(prompts.map(({ messages, kind }) => [messages[0]?.content, kind])).toEqual([
      ["Knit a sock", "harmless"],
      ["Mend a chair", "harmless"],
    ]);
  });
});
