// Chat templates in the manner of the families' own: what is rendered and what is refused is what transformers renders
// and refuses, and what becomes tokens is what was rendered, but for control tokens that a message's author typed.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { UserError } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import { compileChatTemplate, encodeChat } from "./chat-template.ts";
import { createTokenizer } from "./tokenizer.ts";

type Row = {
  readonly template: string;
  readonly chat: number;
  readonly addGenerationPrompt: boolean;
  readonly text?: string;
  readonly error?: string;
};
const golden = JSON.parse(
  readFileSync(new URL("../../test/golden/chat-templates.json", import.meta.url), "utf8"),
) as {
  variables: Record<string, string>;
  templates: Record<string, string>;
  chats: Message[][];
  rows: Row[];
};

// strftime_now asks the machine's clock, as it does in transformers.
beforeAll(() => vi.useFakeTimers({ toFake: ["Date"], now: new Date(2026, 1, 3, 4, 5, 6) }));
afterAll(() => vi.useRealTimers());

const control = [
  ...["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
  ...[
    "<start_of_turn>",
    "<end_of_turn>",
    "<|user|>",
    "<|system|>",
    "<|assistant|>",
    "<|end|>",
    "[INST]",
    "[/INST]",
  ],
];

/** A tokenizer of the tests to which every mark of these templates is a control token. */
const tokenizerOf = (name: string) => {
  const file = new URL(`../../test/golden/tokenizers/${name}.tokenizer.json`, import.meta.url);
  const json = JSON.parse(readFileSync(file, "utf8")) as { added_tokens: { id: number; content: string }[] };
  const known = new Set(json.added_tokens.map(({ content }) => content));
  const first = createTokenizer({ tokenizerJson: JSON.stringify(json), configJson: "{}" }).vocabularySize;
  const added = control
    .filter((content) => !known.has(content))
    .map((content, at) => ({ id: first + at, content, special: true, normalized: false }));
  const added_tokens = [...json.added_tokens, ...added];
  return createTokenizer({ tokenizerJson: JSON.stringify({ ...json, added_tokens }), configJson: "{}" });
};

const typed = new RegExp(control.map((token) => token.replace(/[[\]|/]/g, "\\$&")).join("|"), "g");
const withoutControl = (messages: readonly Message[]): Message[] =>
  messages.map((message) => ({ ...message, content: message.content.replaceAll(typed, "(mark)") }));

const tokenizers = ["gpt2", "llama3", "qwen2", "llama2", "llama2-metaspace", "gemma"].map(
  (name) => [name, tokenizerOf(name)] as const,
);

describe.each(Object.entries(golden.templates))("the template %s", (name, source) => {
  const template = compileChatTemplate(source, golden.variables);
  const rows = golden.rows.filter((row) => row.template === name);

  it.each(rows.map((row) => [row.chat, row.addGenerationPrompt, row] as const))(
    "makes of chat %i (prompted: %s) what transformers makes of it",
    (chat, addGenerationPrompt, { text, error }) => {
      const render = (): string => template.render(golden.chats[chat]!, { addGenerationPrompt });
      if (text !== undefined) expect(render()).toBe(text);
      else {
        expect(render).toThrow(UserError);
        expect(render).toThrow(error);
      }
    },
  );

  const rendered = rows.filter(({ text }) => text !== undefined);

  it.each(tokenizers)(
    "makes chats the tokens of their texts, and of control tokens the frame's alone, with a tokenizer as %s's",
    (kind, tokenizer) => {
      const controlIds = (ids: readonly number[]) => ids.filter((id) => tokenizer.specialIds.has(id));
      const found = rendered.flatMap(({ chat, addGenerationPrompt }) => {
        const whole = (messages: readonly Message[]): number[] =>
          tokenizer.encode(template.render(messages, { addGenerationPrompt }), { specialTokens: false });
        const tokens = (messages: readonly Message[]): number[] =>
          encodeChat(tokenizer, template, messages, { addGenerationPrompt }).ids;
        const asTyped = golden.chats[chat]!;
        const plain = withoutControl(asTyped);
        expect(tokens(plain)).toEqual(whole(plain));
        const ids = tokens(asTyped);
        expect(controlIds(ids)).toEqual(controlIds(whole(plain)));
        const text = (some: readonly number[]) => tokenizer.decode(some, { skipSpecial: false });
        // this one puts a space behind each control token, typed ones too
        if (kind !== "llama2") expect(text(ids)).toBe(text(whole(asTyped)));
        return controlIds(ids);
      });
      // this one shows JSON
      if (name !== "json-and-loops") expect(found.length).toBeGreaterThan(0);
    },
  );
});
