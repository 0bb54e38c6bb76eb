// Rows as tokens: a reply is learned right after the tokens that ask for it, and templates that part there are refused.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import { compileChatTemplate, createTokenizer, roleTokenTemplate } from "../transformer/index.ts";
import { encodePrompt, encodeReply } from "./rows.ts";

const folder = new URL("../../test/golden/llama-random/tied/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const tokenizer = createTokenizer({
  tokenizerJson: read("tokenizer.json"),
  configJson: read("tokenizer_config.json"),
});
const messages: Message[] = [{ role: "user", content: "the river" }];
const turns = "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}";

/** Prompt and reply as text, through a template. */
const seam = (source: string, reply: string) => {
  const codec = { tokenizer, template: compileChatTemplate(source) };
  return [encodePrompt(codec, messages), encodeReply(codec, messages, reply)].map((ids) =>
    tokenizer.decode(ids, { skipSpecial: false }),
  );
};

describe("a reply", () => {
  it("follows the prompt's tokens and ends with the turn's mark", () => {
    expect(seam(roleTokenTemplate, "wide")).toEqual(["<|user|>the river<|end|><|assistant|>", "wide<|end|>"]);
  });

  it("is refused where the template asks for it in other words than stand before it", () => {
    const thinking = `${turns}{% if add_generation_prompt %}{{ '<|assistant|>think' }}{% endif %}`;
    expect(() => seam(thinking, "wide")).toThrow(UserError);
    expect(() => seam(thinking, "wide")).toThrow(/asks for a reply with "think".* it has "wide/);
  });

  it("is refused where its first letters join the prompt's last", () => {
    const plain =
      "{% for m in messages %}{{ m.role + ':' + m.content + '\\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ 'assistant:the ri' }}{% endif %}";
    expect(() => seam(plain.replace("m.role + ':'", "m.role + ':the ri'"), "ver")).toThrow(
      /token \d+ of the chat/,
    );
  });
});
