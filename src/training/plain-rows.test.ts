// Rows of plain texts become the tokens that TRL's trainers make of them. tools/parity/make_plain_rows.py wrote what
// these came to, with tokenizers of several families.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compileChatTemplate, createTokenizer, roleTokenTemplate } from "../transformer/index.ts";
import { type ChatCodec, encodePromptAs, preferenceItem, type SftItem, sftRowItems } from "./rows.ts";

type Texts = readonly [string, string];
type Expected = {
  readonly sft: readonly { readonly ids: number[]; readonly learned: boolean[] }[];
  readonly dpo: readonly (readonly number[][])[];
  readonly reward: readonly (readonly number[][])[];
  readonly prompts: readonly number[][];
};
type Golden = Readonly<Record<string, Expected>> & {
  readonly config: object;
  readonly completions: readonly Texts[];
  readonly pairs: readonly (readonly [string, string, string])[];
  readonly dialogues: readonly Texts[];
};

const goldenFolder = new URL("../../test/golden/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, goldenFolder), "utf8");
const golden = JSON.parse(read("plain-rows.json")) as unknown as Golden;
const books = { id: "row", parents: [], stage: "data", seed: 0 };
const names = ["gpt2", "llama3", "qwen2", "llama2", "llama2-metaspace", "gemma"];

const wholeOf = ({ trunk, branches: [branch] }: SftItem): number[] => [...trunk, ...branch!];

describe.each(names)("rows of plain texts with the tokenizer %s", (name) => {
  const tokenizer = createTokenizer({
    tokenizerJson: read(`tokenizers/${name}.tokenizer.json`),
    configJson: JSON.stringify(golden.config),
  });
  const codec: ChatCodec = { tokenizer, template: compileChatTemplate(roleTokenTemplate) };
  const expected = golden[name]!;

  it.each(golden.completions.map((texts, at) => [at, ...texts] as const))(
    "supervised row %i: %j, %j",
    (at, prompt, completion) => {
      const item = sftRowItems({ ...books, prompt, completion }, codec, "replies")[0]!;
      const { ids, learned } = expected.sft[at]!;
      expect(wholeOf(item)).toEqual(ids);
      expect(item.trunk.length).toBe(learned.indexOf(true));
      expect(encodePromptAs(codec, [{ role: "user", content: prompt }], "plain")).toEqual(
        expected.prompts[at],
      );
      expect(item.merged === true).toBe(item.trunk.length < expected.prompts[at]!.length);
    },
  );

  it.each(golden.pairs.map((texts, at) => [at, ...texts] as const))(
    "pair %i: %j, %j, %j",
    (at, prompt, chosen, rejected) => {
      const { trunk, branches } = preferenceItem({ prompt, chosen, rejected }, codec);
      expect([trunk, ...branches]).toEqual(expected.dpo[at]);
      expect(branches.map((branch) => [...trunk, ...branch])).toEqual(expected.reward[at]);
    },
  );
});

describe("rows of plain texts with a tokenizer that appends an end token", () => {
  const json = JSON.parse(read("tokenizers/gpt2.tokenizer.json")) as {
    added_tokens: { id: number; content: string }[];
  };
  const { id, content } = json.added_tokens.find((token) => token.content === "<|end|>")!;
  const single = [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: content, type_id: 0 } }];
  const special_tokens = { [content]: { id: content, ids: [id], tokens: [content] } };
  const tokenizer = createTokenizer({
    tokenizerJson: JSON.stringify({
      ...json,
      post_processor: { type: "TemplateProcessing", single, pair: single, special_tokens },
    }),
    configJson: JSON.stringify(golden.config),
  });
  const codec: ChatCodec = { tokenizer, template: compileChatTemplate(roleTokenTemplate) };

  it("part where the prompt's own tokens end, and nothing of it is said to have become one with the reply", () => {
    const item = sftRowItems(
      { ...books, prompt: "kalo miter", completion: " angripo." },
      codec,
      "replies",
    )[0]!;
    expect(item.trunk).toEqual(tokenizer.encode("kalo miter", { specialTokens: false }));
    expect(wholeOf(item)).toEqual(tokenizer.encode("kalo miter angripo.<|end|>", { specialTokens: true }));
    expect(item.merged).toBeUndefined();
  });

  it("have prompts that end where they are gone on from", () => {
    const asked = encodePromptAs(codec, [{ role: "user", content: "kalo miter" }], "plain");
    expect(asked).toEqual(tokenizer.encode("kalo miter", { specialTokens: false }));
  });
});
