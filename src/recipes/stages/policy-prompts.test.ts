// Prompts of a training by reward as tokens: turns of a chat or plain texts, and those that do not fit are told.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { manualClock } from "../../core/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import { compileChatTemplate, createTokenizer, roleTokenTemplate } from "../../transformer/index.ts";
import { sizedModel } from "../costs/sized-model.fixture.ts";
import { isKeptOut } from "./learned-rows.ts";
import { encodePrompts, splitPrompts } from "./policy-prompts.ts";
import { gatherOneSide } from "./prompts.ts";

const folder = new URL("../../../test/golden/llama-random/tied/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const tokenizer = createTokenizer({
  tokenizerJson: read("tokenizer.json"),
  configJson: read("tokenizer_config.json"),
});
const codec = { tokenizer, template: compileChatTemplate(roleTokenTemplate) };
const prompt = (id: string, ...contents: string[]): PromptRecord => ({
  ...{ id, parents: [], stage: "prompts", seed: 0, split: "train" },
  messages: contents.map((content, at) => ({ role: at % 2 === 0 ? "user" : "assistant", content })),
});
const config = (maxPositions: number) => ({ ...sizedModel, maxPositions });
const all = ["ppo", { evaluationShare: 0, keepBest: false }] as const;
const textsOf = (tokens: readonly (readonly number[])[]): string[] =>
  tokens.map((ids) => tokenizer.decode(ids, { skipSpecial: false }));

describe("prompts for training", () => {
  it("are turns through the template, or a single user's turn as plain text", () => {
    const prompts = [prompt("a", "the river"), prompt("b", "the tree", "is low", "and the spring?")];
    const chats = encodePrompts(prompts, { codec, config: config(64) }, "chat", all);
    expect(textsOf(chats.tokens)[0]).toBe("<|user|>the river<|end|><|assistant|>");
    const plain = encodePrompts(prompts, { codec, config: config(64) }, "plain", all);
    expect(textsOf(plain.tokens)).toEqual(["the river", textsOf(chats.tokens)[1]]);
    expect(plain.notices).toEqual([]);
  });

  it("are those that leave room for a reply; the others are counted", () => {
    const narrow = { codec, config: config(24) };
    const long = prompt("long", "the river ".repeat(40));
    const { records, notices } = encodePrompts([long, prompt("a", "the river")], narrow, "chat", all);
    expect(records.map(({ id }) => id)).toEqual(["a"]);
    const text = expect.stringMatching(
      /^1 of 2 prompts leaves .* 24 tokens and was left out: long \(\d+ tokens\)\.$/,
    );
    expect(notices).toEqual([{ code: "prompts-too-long", text }]);
    expect(() => encodePrompts([long], narrow, "chat", all)).toThrow("All 1 prompts are too long");
  });

  it("leave that room in what the reward model reads, too", () => {
    const readers = { codec, config: config(256), rewardContext: 24 };
    const long = prompt("long", "the river ".repeat(40));
    const { records, notices } = encodePrompts([long, prompt("a", "the river")], readers, "chat", all);
    expect(records.map(({ id }) => id)).toEqual(["a"]);
    const text = expect.stringMatching(
      /^1 of 2 prompts leaves no room for a reply in the reward model's context of 24 tokens and was left out: long /,
    );
    expect(notices).toEqual([{ code: "prompts-too-long", text }]);
    expect(() => encodePrompts([long], readers, "chat", all)).toThrow(/or a reward model with a longer/);
    const wide = { ...readers, rewardContext: 256 };
    expect(encodePrompts([long], wide, "chat", all).notices).toEqual([]);
    // a prompt fits where it leaves a token for the reply
    const { length } = encodePrompts([long], wide, "chat", all).tokens[0]!;
    const within = (rewardContext: number) => () =>
      encodePrompts([long], { ...wide, rewardContext }, "chat", all).tokens.length;
    expect(within(length + 1)()).toBe(1);
    expect(within(length)).toThrow();
  });

  it("are not called too long where they are empty", () => {
    const readers = { codec, config: config(64) };
    const some = [prompt("a", "the river"), prompt("none", "")];
    expect(encodePrompts(some, readers, "plain", all).notices).toEqual([
      { code: "prompts-empty", text: "1 of 2 prompts is empty and was left out: none." },
    ]);
    expect(() => encodePrompts([prompt("none", "")], readers, "plain", all)).toThrow(
      "All 1 prompts are empty: they have no token.",
    );
    const long = prompt("long", "the river ".repeat(40));
    expect(() => encodePrompts([long, prompt("none", "")], readers, "plain", all)).toThrow(
      "1 of 2 prompts are too long for the model's context of 64 tokens, and the other 1 are empty.",
    );
  });
});

describe("prompts of a file", () => {
  const place = mkdtempSync(join(tmpdir(), "covenant-policy-prompts-"));
  afterAll(() => rmSync(place, { recursive: true }));
  const context = {
    ...{ emit() {}, signal: new AbortController().signal, clock: manualClock(), environment: {} },
  };

  it("that do not fit, or that the template refuses, are told with file and line", async () => {
    const file = join(place, "questions.jsonl");
    const rows = ["the river", "the river ".repeat(40), "the tree"];
    writeFileSync(file, rows.map((row) => `${JSON.stringify({ prompt: row })}\n`).join(""));
    const settings = { seed: 1, prompts: file, counts: { harmful: 0, harmless: 0, lookalike: 0 } };
    const { used, placeOf } = await gatherOneSide(settings, "train", context);
    const narrow = { codec, config: config(24) };
    const { notices } = encodePrompts(used, narrow, "chat", all, placeOf);
    expect(notices.map(({ text }) => text)).toEqual([
      expect.stringMatching(/: .*questions\.jsonl, line 2 \(\d+ tokens\)\.$/),
    ]);
    const strict = compileChatTemplate(
      "{% if 'tree' in messages[0].content %}{{ raise_exception('no') }}{% endif %}",
    );
    const encode = () =>
      encodePrompts(
        used,
        { codec: { tokenizer, template: strict }, config: config(64) },
        "chat",
        all,
        placeOf,
      );
    expect(encode).toThrow(/questions\.jsonl, line 3: .*refuses these messages/);
  });
});

describe("prompts kept out", () => {
  const many = Array.from({ length: 40 }, (_, at) => prompt(`p${at}`, `the river ${at}`));
  const split = (prompts: readonly PromptRecord[], evaluationShare: number, keepBest = false) =>
    splitPrompts(prompts, ({ messages }) => messages, ["ppo", { evaluationShare, keepBest }]);

  it("are on the side on which rows of the same prompt are, whatever stands beside them", () => {
    const learnt = many.find(({ messages }) => !isKeptOut(messages, 0.5))!;
    const others = fc.subarray(many.filter((one) => one !== learnt));
    fc.assert(
      fc.property(others, fc.double({ min: 0, max: 0.5, noNaN: true }), (some, share) => {
        const prompts = [learnt, ...some];
        const { learned, heldOut } = split(prompts, share);
        expect(learned).toEqual(prompts.filter(({ messages }) => !isKeptOut(messages, share)));
        expect(heldOut).toEqual(prompts.filter(({ messages }) => isKeptOut(messages, share)));
      }),
    );
    const { heldOut } = split(many, 0.25);
    expect(heldOut.length).toBeGreaterThan(4);
    expect(heldOut.length).toBeLessThan(16);
    const more = { codec, config: config(64) };
    const encoded = encodePrompts(many, more, "chat", ["ppo", { evaluationShare: 0.25, keepBest: true }]);
    expect(encoded.heldOut.records).toEqual(heldOut);
    expect(encoded.tokens).toHaveLength(40 - heldOut.length);
    expect(textsOf(encoded.heldOut.tokens)[0]).toContain(heldOut[0]!.messages[0]!.content);
  });

  it("are none by default; asking for the best policy without any, or leaving none to learn from, is refused", () => {
    expect(split(many, 0)).toEqual({ learned: many, heldOut: [] });
    expect(() => split(many, 0, true)).toThrow(
      /ppo\.keepBest .* no prompt is kept out \(ppo\.evaluationShare is 0\)\. Raise ppo\.evaluationShare, or leave/,
    );
    const kept = many.filter(({ messages }) => isKeptOut(messages, 0.5)).slice(0, 2);
    expect(() => split(kept, 0.5)).toThrow(/keeps out all 2 prompts/);
  });

  it("that should be some and are none are told", () => {
    const learnt = many.filter(({ messages }) => !isKeptOut(messages, 0.25)).slice(0, 3);
    const readers = { codec, config: config(64) };
    const noticesAt = (evaluationShare: number) =>
      encodePrompts(learnt, readers, "chat", ["ppo", { evaluationShare, keepBest: false }]).notices;
    const text = expect.stringMatching(/^ppo\.evaluationShare is 0\.25 and keeps 0 of 3 prompts out/);
    expect(noticesAt(0.25)).toEqual([{ code: "nothing-held-out", text }]);
    expect(noticesAt(0)).toEqual([]);
  });
});
