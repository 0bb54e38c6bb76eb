// Where messages lie among a chat's tokens when the template moves them, leaves them out or changes them, and what it
// may not do with them.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import { compileChatTemplate, encodeChat } from "./chat-template.ts";
import { createTokenizer } from "./tokenizer.ts";

const folder = new URL("../../test/golden/llama-random/tied/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const tokenizer = createTokenizer({
  tokenizerJson: read("tokenizer.json"),
  configJson: read("tokenizer_config.json"),
});
const textOf = (ids: readonly number[]): string => tokenizer.decode(ids, { skipSpecial: false });
const said = (role: Message["role"], content: string): Message => ({ role, content });

/** Each message's content and its turn's closing marks, and the text; the ids are those of the whole text. */
const placed = (source: string, messages: readonly Message[], addGenerationPrompt = false) => {
  const template = compileChatTemplate(source);
  const { ids, spans } = encodeChat(tokenizer, template, messages, { addGenerationPrompt });
  return {
    text: textOf(ids),
    rendered: template.render(messages, { addGenerationPrompt }),
    contents: spans.map(({ contentStart, contentEnd }) => textOf(ids.slice(contentStart, contentEnd))),
    closings: spans.map(({ contentEnd, end }) => textOf(ids.slice(contentEnd, end))),
    order: spans.map(({ start }) => start),
    control: ids.filter((id) => tokenizer.specialIds.has(id)).map((id) => tokenizer.tokenOf(id)),
  };
};

// The system's words go in front of the last question, and replies alone are stripped.
const lastQuestion =
  "{% set turns = messages[1:] if messages[0].role == 'system' else messages %}{% for m in turns %}" +
  "{% if m.role == 'user' %}<|user|>{{ (messages[0].content + '\\n\\n' if loop.last and messages[0].role == 'system' else '') + m.content }}" +
  "{% else %}<|assistant|>{{ m.content | trim }}<|end|>{% endif %}{% endfor %}";

// The system's words go in front of the first question, as they are; all else is stripped.
const firstQuestion =
  "{% set turns = messages[1:] if messages[0].role == 'system' else messages %}{% for m in turns %}" +
  "<|{{ m.role }}|>{{ messages[0].content + '\\n\\n' if loop.first and messages[0].role == 'system' else '' }}{{ m.content | trim }}<|end|>{% endfor %}";

// Replies before the last question lose their thoughts; the last reply has thoughts, empty ones where it has none.
const thoughts =
  "{% set at = namespace(last=-1) %}{% for m in messages %}{% if m.role == 'user' %}{% set at.last = loop.index0 %}{% endif %}{% endfor %}" +
  "{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' %}" +
  "{% set parts = m.content.split('</think>') %}{% set answer = parts[-1].lstrip('\\n') %}" +
  "{% set thought = parts[0].split('<think>')[-1].strip('\\n') if parts | length > 1 else '' %}" +
  "{% if loop.index0 > at.last %}{{ '<think>\\n' + thought + '\\n</think>\\n\\n' }}{% endif %}{{ answer }}" +
  "{% else %}{{ m.content }}{% endif %}{{ '<|end|>\\n' }}{% endfor %}";

describe("contents that a template moves or changes", () => {
  it("lie in the last question, with replies stripped and questions as they are", () => {
    const { contents, closings, order, text } = placed(lastQuestion, [
      said("system", " Be kind. "),
      said("user", " One "),
      said("assistant", " Two "),
      said("user", " Three "),
    ]);
    expect(contents).toEqual([" Be kind. ", " One ", "Two", " Three "]);
    expect(closings).toEqual(["", "", "<|end|>", ""]);
    expect(text).toBe("<|user|> One <|assistant|>Two<|end|><|user|> Be kind. \n\n Three ");
    expect(order[1]).toBe(0);
    expect(order[0]).toBeGreaterThan(order[2]!);
  });

  it("lie nowhere when they are left out, and the others where they are", () => {
    const { contents, closings, text } = placed(lastQuestion, [
      said("system", "<|end|> Be kind. "),
      said("user", "One"),
      said("assistant", " Two "),
    ]);
    expect(contents).toEqual(["", "One", "Two"]);
    expect(closings).toEqual(["", "", "<|end|>"]);
    expect(text).toBe("<|user|>One<|assistant|>Two<|end|>");
  });

  it("lie in the first question, and there alone as they are", () => {
    const { contents, closings } = placed(firstQuestion, [
      said("system", " Be kind.\n"),
      said("user", "\tOne "),
      said("assistant", " Two\n"),
    ]);
    expect(contents).toEqual([" Be kind.\n", "One", "Two"]);
    expect(closings).toEqual(["", "<|end|>", "<|end|>"]);
  });

  it("lose their thoughts, and end with their turn's marks all the same", () => {
    const reply = "<think>\nhm, <|user|>\n</think>\n\nTwo";
    const messages = [said("user", "One"), said("assistant", reply), said("user", "Three")];
    const history = placed(thoughts, [...messages, said("assistant", "Four")]);
    expect(history.contents).toEqual(["One", "Two", "Three", "Four"]);
    expect(history.closings).toEqual(Array(4).fill("<|end|>\n"));
    const turns = ["<|user|>", "<|end|>", "<|assistant|>", "<|end|>"];
    expect(history.control).toEqual([...turns, ...turns]);
    const last = placed(thoughts, messages.slice(0, 2));
    expect(last.contents).toEqual(["One", reply]);
    expect(last.closings).toEqual(["<|end|>\n", "<|end|>\n"]);
    expect(last.control).toEqual(turns);
    expect(last.text).toBe(last.rendered);
  });

  it("lie where they are when the template rewrites or counts them", () => {
    const shouting = "{% for m in messages %}<|{{ m.role }}|>{{ m.content | upper }}<|end|>{% endfor %}";
    expect(placed(shouting, [said("user", "hi <|end|>")]).contents).toEqual(["HI <|END|>"]);
    const counted =
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content | length }}: {{ m.content }}<|end|>{% endfor %}";
    const { contents, control } = placed(counted, [said("user", "hello <|end|>"), said("assistant", "you")]);
    expect(contents[0]!.trim()).toBe("hello <|end|>");
    expect(control).toEqual(["<|user|>", "<|end|>", "<|assistant|>", "<|end|>"]);
  });

  it("have an end of their own where the template refuses a part of the chat", () => {
    const strict =
      "{% if messages | length < 2 %}{{ raise_exception('too short') }}{% endif %}" +
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}";
    const { contents, closings } = placed(strict, [said("system", "Be kind."), said("user", "One")]);
    expect(contents).toEqual(["Be kind.", "One"]);
    expect(closings[1]).toBe("<|end|>");
  });
});

describe("what cannot be told apart is refused", () => {
  it.each([
    [
      "a content that is shown twice",
      "{% for m in messages %}{{ m.content }}<|end|>{{ m.content }}{% endfor %}",
    ],
    [
      "control tokens of the template's inside of a content",
      "{% for m in messages %}<|user|>{{ m.content.replace(' ', '<|end|>') }}{% endfor %}",
    ],
    [
      "control tokens of the template's that come and go with a content",
      "{% for m in messages %}{{ m.content | length }}{% if 'one' in m.content %}<|user|>{% else %}<|pad|>{% endif %}{{ m.content.replace('e', 'i') }}{% endfor %}",
    ],
    [
      "contents that depend on each other",
      "{% for m in messages %}<|user|>{% if messages[0].content == 'one <|end|> two' and not loop.first %}no{% else %}{{ m.content }}{% endif %}{% endfor %}",
    ],
  ])("%s", (_what, source) => {
    const messages = [said("user", "one <|end|> two"), said("assistant", "three")];
    const encode = () =>
      encodeChat(tokenizer, compileChatTemplate(source), messages, { addGenerationPrompt: false });
    expect(encode).toThrow(UserError);
    expect(encode).toThrow(
      /\(roles: user, assistant\).*cannot be told from the frame.*Use a template.* or leave out/,
    );
  });
});
