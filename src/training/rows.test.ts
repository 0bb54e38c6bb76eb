// Rows as tokens: a reply is learned right after the tokens that ask for it, templates that part there are refused, of a
// chat every reply is learned, and what is too long is told.

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import type { Message, SftRow } from "../records/index.ts";
import { compileChatTemplate, createTokenizer, roleTokenTemplate } from "../transformer/index.ts";
import {
  closingTokens,
  encodePrompt,
  encodeReply,
  preferenceItems,
  type RowLimit,
  sftItems,
} from "./rows.ts";

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

describe("the template for models without one", () => {
  const golden = new URL("../../test/golden/families/", import.meta.url);
  const source = readFileSync(new URL("../../configs/templates/dialogue.jinja", import.meta.url), "utf8");
  it.each(readdirSync(golden))("asks for a reply where %s begins one", (family) => {
    const file = (name: string): string => readFileSync(new URL(`${family}/${name}`, golden), "utf8");
    const own = createTokenizer({
      tokenizerJson: file("tokenizer.json"),
      configJson: file("tokenizer_config.json"),
    });
    const template = compileChatTemplate(source, { eos_token: "" });
    const codec = { tokenizer: own, template };
    const text = own.decode(encodeReply(codec, messages, "It is wide."), { skipSpecial: true });
    expect(text.trim()).toBe("It is wide.");
  });
});

describe("a reply", () => {
  it("follows the prompt's tokens and ends with the turn's mark", () => {
    expect(seam(roleTokenTemplate, "wide")).toEqual(["<|user|>the river<|end|><|assistant|>", "wide<|end|>"]);
  });

  it("is closed behind its end token by what the template puts there", () => {
    const end = tokenizer.idOf("<|end|>")!;
    const closing = (source: string) =>
      closingTokens({ tokenizer, template: compileChatTemplate(source) }, new Set([end]));
    expect(closing(roleTokenTemplate)).toEqual([]);
    const lines = turns.replace("'<|end|>'", "'<|end|>\\n'");
    const asked = `${lines}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}`;
    expect(tokenizer.decode(closing(asked), { skipSpecial: false })).toBe("\n");
    expect(closingTokens({ tokenizer, template: compileChatTemplate(asked) }, new Set())).toEqual([]);
  });

  it("is refused where the template asks for it in other words than stand before it", () => {
    const thinking = `${turns}{% if add_generation_prompt %}{{ '<|assistant|>think' }}{% endif %}`;
    expect(() => seam(thinking, "wide")).toThrow(UserError);
    expect(() => seam(thinking, "wide")).toThrow(/asks for a reply with "think".* it has "wide/);
  });

  describe("to a question that the template shows otherwise once there is a reply", () => {
    const begins = "('<|user|>' if loop.last else '<|system|>')";
    /** A template with such questions. reply: how it shows a reply; asks: how it asks for one. */
    const moving = (reply: string, asks = "") =>
      `{% for m in messages %}{% if m.role == 'user' %}{{ ${begins} + m.content + '<|end|>' }}{% else %}{{ ${reply} }}` +
      `{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '${asks}' }}{% endif %}`;
    const bare = "m.content + '<|end|>'";

    it("follows the question as it is asked, also without a mark between the two", () => {
      const prompt = "<|user|>the river<|end|>";
      expect(seam(moving(bare), "wide")).toEqual([prompt, "wide<|end|>"]);
      const marked = moving(`'<|assistant|>' + ${bare}`, "<|assistant|>");
      expect(seam(marked, "wide")).toEqual([`${prompt}<|assistant|>`, "wide<|end|>"]);
    });

    it.each([
      ["no mark stands before it, and it begins as it is asked for", moving(bare, "wi")],
      ["it is asked for in other words", moving(`'<|assistant|>' + ${bare}`, "<|user|>")],
      ["it is not shown", moving("''")],
    ])("is refused where %s", (_, source) => {
      expect(() => seam(source, "wide")).toThrow(UserError);
      expect(() => seam(source, "wide")).toThrow(/asks for a reply with "<\|user\|>.* it has "<\|system\|>/);
    });
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

const codec = { tokenizer, template: compileChatTemplate(roleTokenTemplate) };
const books = { id: "a", parents: [], stage: "data", seed: 0 };
const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({ role: "assistant", content });
const wide: RowLimit = { limit: 256, overlong: "skip" };

/** The pieces of a row that are learned, as text. */
const learnedOf = (
  row: SftRow,
  learn: "replies" | "all" = "replies",
  template = codec.template,
): string[] => {
  const [item] = sftItems([row], { tokenizer, template }, { ...wide, learn }).items;
  const { trunk, branches, learned = [] } = item!;
  const runs: number[][] = [];
  learned.forEach((offset, at) => {
    if (at === 0 || learned[at - 1] !== offset - 1) runs.push([]);
    runs.at(-1)!.push(trunk[offset]!);
  });
  return [...runs, ...branches].map((ids) => tokenizer.decode(ids, { skipSpecial: false }));
};

describe("what is learned of a row", () => {
  const chat: SftRow = {
    ...books,
    messages: [
      { role: "system", content: "Answer briefly." },
      user("the river"),
      assistant("is wide"),
      user("the <|end|> tree"),
      assistant("is low 🌳"),
    ],
  };

  it("is every reply of a chat with the mark that ends it, and nothing else", () => {
    expect(learnedOf(chat)).toEqual(["is wide<|end|>", "is low 🌳<|end|>"]);
  });

  it("is what the assistant said, whatever anybody wrote", () => {
    const piece = fc.constantFrom(
      "the river",
      "<|end|>",
      "<|assistant|>",
      " ",
      "\n",
      "🌳",
      "אב",
      "\u200b",
      "a",
    );
    const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }), (turnsOfTwo) => {
        const messages = turnsOfTwo.flatMap(([asked, said]) => [user(asked), assistant(said)]);
        expect(learnedOf({ ...books, messages })).toEqual(turnsOfTwo.map(([, said]) => `${said}<|end|>`));
      }),
      { numRuns: 60, seed: 4 },
    );
  });

  it("is the same of a chat of one turn as of prompt and completion, whatever closes a turn", () => {
    const lines =
      "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";
    for (const source of [roleTokenTemplate, lines]) {
      const template = compileChatTemplate(source);
      const asChat = learnedOf({ ...books, messages: [user("a"), assistant("b")] }, "replies", template);
      expect(asChat).toEqual(
        learnedOf({ ...books, prompt: [user("a")], completion: "b" }, "replies", template),
      );
    }
  });

  it("is a reply as the template has it, with the mark that ends it: stripped, or without its thoughts", () => {
    const messages = [user(" a "), assistant("<think>b</think>c"), user("d"), assistant(" e ")];
    const shortened =
      "{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'user' %}{{ m.content }}{% elif loop.last %}{{ m.content | trim }}" +
      "{% else %}{{ m.content.split('</think>')[-1] }}{% endif %}<|end|>{% endfor %}" +
      "{% if add_generation_prompt %}<|assistant|>{% endif %}";
    expect(learnedOf({ ...books, messages }, "replies", compileChatTemplate(shortened))).toEqual([
      "c<|end|>",
      "e<|end|>",
    ]);
  });

  it("is everything behind the first token where that is asked for", () => {
    expect(learnedOf(chat, "all")).toEqual([
      "Answer briefly.<|end|><|user|>the river<|end|><|assistant|>is wide<|end|><|user|>the <|end|> tree<|end|><|assistant|>is low 🌳<|end|>",
    ]);
    expect(learnedOf({ ...books, prompt: [user("a")], completion: "b" }, "all")).toEqual([
      "a<|end|><|assistant|>b<|end|>",
    ]);
  });

  it("is everything of a plain text, to its end token, which is there once", () => {
    for (const text of ["the river", "the river<|end|>"]) {
      const [item] = sftItems([{ ...books, text }], codec, { ...wide, learn: "replies" }).items;
      expect(tokenizer.decode(item!.trunk, { skipSpecial: false })).toBe("the river<|end|>");
      expect(item!.learned).toEqual(item!.trunk.slice(1).map((_, at) => at + 1));
    }
  });

  it("is refused in a chat whose template asks for a reply in other words than stand before it", () => {
    const source = `${turns}{% if add_generation_prompt %}{{ '<|assistant|>think' }}{% endif %}`;
    expect(() => learnedOf(chat, "replies", compileChatTemplate(source))).toThrow(/asks for a reply with/);
  });
});

describe("a template that shows the system's words in the last question alone", () => {
  const golden = JSON.parse(
    readFileSync(new URL("../../test/golden/chat-templates.json", import.meta.url), "utf8"),
  ) as {
    variables: Record<string, string>;
    templates: Record<string, string>;
    chats: Message[][];
    rows: { template: string; chat: number; addGenerationPrompt: boolean; text?: string }[];
  };
  const template = compileChatTemplate(golden.templates["instructions"]!, golden.variables);
  const tokens = (name: string) =>
    createTokenizer({
      tokenizerJson: readFileSync(
        new URL(`../../test/golden/tokenizers/${name}.tokenizer.json`, import.meta.url),
        "utf8",
      ),
      configJson: "{}",
    });
  /** What transformers makes of a chat of the golden file that asks for a reply. */
  const asked = (chat: number): string =>
    golden.rows.find(
      (row) => row.template === "instructions" && row.chat === chat && row.addGenerationPrompt,
    )!.text!;
  const [, fromSystem, withHistory] = golden.chats as [Message[], Message[], Message[]];
  const system: Message = { role: "system", content: "Be kind. </s>" };

  describe.each(["gpt2", "llama2", "llama2-metaspace", "qwen2", "gemma"])(
    "with a tokenizer as %s's",
    (name) => {
      const own = { tokenizer: tokens(name), template };
      /** Tokens as they are, since some tokenizers' texts are not theirs to the letter. */
      const encoded = (text: string) => own.tokenizer.encode(text, { specialTokens: false });
      const control = (ids: readonly number[]) => ids.filter((id) => own.tokenizer.specialIds.has(id));
      const plain = ({ role, content }: Message): Message => ({
        role,
        content: content.replaceAll(/<[^ ]*>/g, "(mark)"),
      });
      const items = (row: SftRow, learn: "replies" | "all" = "replies") =>
        sftItems([row], own, { limit: 4096, overlong: "skip", learn }).items;

      it("teaches a reply behind the golden text that asks for it, as chat, as completion and as a side of a pair", () => {
        const prompt = fromSystem.map(plain);
        const whole = encoded(
          `${template.render(prompt, { addGenerationPrompt: true })} It is wide.${golden.variables["eos_token"]}`,
        );
        const [chat] = items({ ...books, messages: [...prompt, assistant(" It is wide.\n")] });
        expect([...chat!.trunk, ...chat!.branches[0]!]).toEqual(whole);
        expect(chat!.trunk).toEqual(encodePrompt(own, prompt));
        expect(items({ ...books, prompt, completion: "It is wide." })).toEqual([chat]);
        const pair = { prompt, chosen: "It is wide.", rejected: "It is low." };
        const [both] = preferenceItems([pair], own, { limit: 4096, overlong: "skip" }).items;
        expect([both!.trunk, both!.branches[0]]).toEqual([chat!.trunk, chat!.branches[0]]);
        const [all] = items({ ...books, messages: [...prompt, assistant("It is wide.")] }, "all");
        expect([all!.trunk, all!.learned!.length]).toEqual([whole, whole.length - 1]);
      });

      it("keeps control tokens text that somebody typed in the prompt or in the reply", () => {
        const [typed] = items({ ...books, messages: [...fromSystem, assistant("A </s> <s> mark")] });
        const [tame] = items({ ...books, messages: [...fromSystem.map(plain), assistant("A mark")] });
        expect(control(typed!.trunk)).toEqual(control(tame!.trunk));
        expect(control(typed!.branches[0]!)).toEqual(control(tame!.branches[0]!));
        if (!name.startsWith("llama2"))
          expect(own.tokenizer.decode(typed!.trunk, { skipSpecial: false })).toBe(asked(1));
      });

      it("teaches each reply of several behind its own prompt, and of all tokens each once", () => {
        const messages = [system, ...withHistory, assistant("Then water it.")].map(plain);
        const found = items({ ...books, messages });
        expect(found.map(({ trunk }) => trunk)).toEqual([
          encodePrompt(own, messages.slice(0, 2)),
          encodePrompt(own, messages.slice(0, 4)),
        ]);
        const endOf = (reply: string, at: number) =>
          encoded(
            `${template.render(messages.slice(0, at), { addGenerationPrompt: true })} ${reply}${golden.variables["eos_token"]}`,
          );
        expect([...found[1]!.trunk, ...found[1]!.branches[0]!]).toEqual(endOf("Then water it.", 4));
        const [all] = items({ ...books, messages }, "all");
        expect(all!.trunk).toEqual(endOf("Then water it.", 4));
      });

      it("teaches a chat without the system's words as one", () => {
        const found = items({ ...books, messages: [...withHistory, assistant("Then water it.")].map(plain) });
        expect(found).toHaveLength(1);
        expect(found[0]!.branches).toEqual([]);
      });
    },
  );

  it("counts rows, not their replies", () => {
    const own = { tokenizer: tokens("gpt2"), template };
    const several: SftRow = {
      ...books,
      messages: [system, user("a"), assistant("b"), user("c"), assistant("d")],
    };
    const long: SftRow = { ...books, messages: [system, user("a"), assistant("b ".repeat(200))] };
    const { items, kept, skipped } = sftItems([several, long, several], own, {
      ...wide,
      limit: 128,
      learn: "replies",
    });
    expect(items).toHaveLength(4);
    expect(kept).toEqual([0, 0, 2, 2]);
    expect(skipped.map(({ row }) => row)).toEqual([1]);
  });
});

describe("rows that are too long", () => {
  const rows: SftRow[] = [
    { ...books, prompt: [user("a")], completion: "b" },
    { ...books, prompt: [user("a")], completion: "the river and the tree are wide" },
    { ...books, prompt: [user("the river and the tree are wide")], completion: "b" },
    { ...books, text: "the river and the tree are wide" },
  ];
  const encode = (overlong: RowLimit["overlong"]) =>
    sftItems(rows, codec, { limit: 8, overlong, learn: "replies" });

  it("are left out, and said with their length", () => {
    const { kept, cut, skipped } = encode("skip");
    expect(kept).toEqual([0]);
    expect(cut).toEqual([]);
    expect(skipped.map(({ row }) => row)).toEqual([1, 2, 3]);
    for (const { tokens } of skipped) expect(tokens).toBeGreaterThan(8);
  });

  it("are cut at their end where that is asked for; what has nothing left to learn is left out", () => {
    const { items, kept, cut, skipped } = encode("cut");
    expect(kept).toEqual([0, 1, 3]);
    expect(cut.map(({ row }) => row)).toEqual([1, 3]);
    expect(skipped.map(({ row }) => row)).toEqual([2]);
    expect(items[1]!.trunk.length + items[1]!.branches[0]!.length).toBe(8);
    expect(items[2]!.trunk.length).toBe(8);
    expect(items[2]!.learned).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("are left out of pairs by their longer reply", () => {
    const pair = { prompt: [user("a")], chosen: "b", rejected: "the river and the tree are wide" };
    expect(preferenceItems([pair], codec, { ...wide, limit: 8 }).skipped).toHaveLength(1);
    expect(preferenceItems([pair], codec, wide).kept).toEqual([0]);
  });
});
