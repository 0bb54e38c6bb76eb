// Prompts of a training by reward as tokens: turns of a chat or plain texts, and those that do not fit are told.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { PromptRecord } from "../../records/index.ts";
import { compileChatTemplate, createTokenizer, roleTokenTemplate } from "../../transformer/index.ts";
import { sizedModel } from "../sized-model.fixture.ts";
import { encodePrompts } from "./policy-prompts.ts";

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
    expect(notices).toEqual([
      { code: "prompts-too-long", text: expect.stringMatching(/^1 of 2 prompts .* 24 tokens/) },
    ]);
    expect(() => encodePrompts([long], narrow, "chat", all)).toThrow("All 1 prompts are too long");
  });
});
