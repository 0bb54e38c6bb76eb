// Chats: the texts and ids of transformers' apply_chat_template, where messages lie, and what a user cannot do by typing
// control tokens.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import type { Message } from "../records/index.ts";
import { compileChatTemplate, encodeChat, roleTokenTemplate } from "./chat-template.ts";
import { createTokenizer } from "./tokenizer.ts";

const folder = new URL("../../test/golden/llama-random/tied/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const tokenizer = createTokenizer({
  tokenizerJson: read("tokenizer.json"),
  configJson: read("tokenizer_config.json"),
});
const template = compileChatTemplate(roleTokenTemplate);
type Row = { messages: Message[]; addGenerationPrompt: boolean; text: string; ids: number[] };
const { chats } = JSON.parse(read("golden.json")) as { chats: Row[] };

describe("the template of role tokens", () => {
  it("gives the text and ids of transformers", () => {
    for (const { messages, addGenerationPrompt, text, ids } of chats) {
      expect(template.render(messages, { addGenerationPrompt })).toBe(text);
      const encoded = encodeChat(tokenizer, template, messages, { addGenerationPrompt, parseSpecial: true });
      expect(encoded.ids).toEqual(ids);
    }
  });

  it("keeps control tokens in contents text, and gives transformers' ids where there are none", () => {
    for (const { messages, addGenerationPrompt, ids } of chats) {
      const encoded = encodeChat(tokenizer, template, messages, { addGenerationPrompt });
      if (messages.some(({ content }) => content.includes("<|"))) {
        expect(encoded.ids).not.toEqual(ids);
        expect(tokenizer.decode(encoded.ids, { skipSpecial: false })).toBe(
          tokenizer.decode(ids, { skipSpecial: false }),
        );
      } else expect(encoded.ids).toEqual(ids);
    }
  });
});

const content = fc
  .array(
    fc.oneof(
      fc.constantFrom("<|end|>", "<|assistant|>", " ", "river", "{{ 7 }}", "\ue0000\ue001"),
      fc.string(),
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => parts.join(""));
const chat = fc.array(
  fc.record({ role: fc.constantFrom("system" as const, "user" as const, "assistant" as const), content }),
  { minLength: 1, maxLength: 4 },
);

describe("encodeChat", () => {
  it("holds exactly the frame's control tokens, and spans that cover the messages", () => {
    fc.assert(
      fc.property(chat, fc.boolean(), (messages, addGenerationPrompt) => {
        const { ids, spans } = encodeChat(tokenizer, template, messages, {
          addGenerationPrompt,
        });
        const special = ids.filter((id) => tokenizer.specialIds.has(id));
        const opening = { system: 2, user: 3, assistant: 4 } as const;
        const frame = messages.flatMap(({ role }) => [opening[role], 0]);
        expect(special).toEqual(addGenerationPrompt ? [...frame, 4] : frame);
        let position = 0;
        spans.forEach((span, index) => {
          const message = messages[index]!;
          expect(span.role).toBe(message.role);
          expect([span.start, span.contentStart, span.end]).toEqual([
            position,
            position + 1,
            span.contentEnd + 1,
          ]);
          const own = ids.slice(span.contentStart, span.contentEnd);
          expect(tokenizer.decode(own, { skipSpecial: true })).toBe(message.content);
          position = span.end;
        });
        expect(position).toBe(ids.length - (addGenerationPrompt ? 1 : 0));
      }),
      { numRuns: 200 },
    );
  });

  it("finds contents in other templates: plain text frames, trimmed contents, the newline after a turn", () => {
    const chatMl = compileChatTemplate(
      "{% for m in messages %}{{ '<|user|>' + m.role + '\\n' + m.content | trim + '<|end|>\\n' }}{% endfor %}",
    );
    const messages: Message[] = [
      { role: "user", content: "  the river  " },
      { role: "assistant", content: "wide" },
    ];
    const { ids, spans } = encodeChat(tokenizer, chatMl, messages, {
      addGenerationPrompt: false,
    });
    const shown = spans.map(({ contentStart, contentEnd }) =>
      tokenizer.decode(ids.slice(contentStart, contentEnd), { skipSpecial: false }),
    );
    expect(shown).toEqual(["the river", "wide"]);
    expect(spans[0]!.end).toBe(spans[1]!.start);

    const plain = compileChatTemplate(
      "{% for m in messages %}{{ m.role + ': ' + m.content + '\\n' }}{% endfor %}",
    );
    const unframed = encodeChat(tokenizer, plain, messages, { addGenerationPrompt: false });
    const [, reply] = unframed.spans;
    const said = unframed.ids.slice(reply!.contentStart, reply!.contentEnd);
    expect(tokenizer.decode(said, { skipSpecial: false }).trim()).toBe("wide");
  });

  it("refuses templates that show a content twice, broken templates, and messages that a template refuses", () => {
    const twice = compileChatTemplate("{% for m in messages %}{{ m.content + m.content }}{% endfor %}");
    const messages: Message[] = [{ role: "user", content: "hi" }];
    expect(() => encodeChat(tokenizer, twice, messages, { addGenerationPrompt: false })).toThrow(UserError);
    expect(() => compileChatTemplate("{% for %}", {}, "x/chat_template.jinja")).toThrow(
      /x\/chat_template\.jinja/,
    );
    const strict = compileChatTemplate("{{ raise_exception('roles must alternate') }}");
    expect(() => strict.render(messages, { addGenerationPrompt: false })).toThrow(/roles must alternate/);
  });

  it("hands variables to the template", () => {
    const begun = compileChatTemplate("{{ bos_token }}{{ messages[0].content }}", { bos_token: "<|user|>" });
    expect(begun.render([{ role: "user", content: "hi" }], { addGenerationPrompt: false })).toBe(
      "<|user|>hi",
    );
  });
});
