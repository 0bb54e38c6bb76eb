// A folder's tokenizer: which tokens are named where, and tokens that lie behind a model's vocabulary.

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileChatTemplate, encodeChat } from "./chat-template.ts";
import { checkModelFolder, loadModelFolder } from "./checkpoint.ts";
import { saveModelFolder } from "./checkpoint-saving.ts";

const golden = new URL("../../test/golden/", import.meta.url).pathname;
let place = "";
let copies = 0;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "covenant-tokens-"));
});
afterAll(() => rm(place, { recursive: true, force: true }));

type Json = Record<string, unknown>;

/** A copy of a golden folder with some of its JSON files as they are named. */
const copyWith = async (name: string, files: Readonly<Record<string, Json>>): Promise<string> => {
  const folder = join(place, `copy-${copies++}`);
  await cp(join(golden, name), folder, { recursive: true });
  for (const [file, content] of Object.entries(files))
    await writeFile(join(folder, file), JSON.stringify(content));
  return folder;
};
const read = async (name: string, file: string): Promise<Json> =>
  JSON.parse(await readFile(join(golden, name, file), "utf8")) as Json;

describe("named tokens", () => {
  const specialOf = async (files: Readonly<Record<string, Json>>) =>
    (await checkModelFolder(await copyWith("families/gpt2", files))).tokenizer.special;

  it("are config.json's where the tokenizer's files are silent, as in GPT-2's folder", async () => {
    const config = { ...(await read("families/gpt2", "config.json")), bos_token_id: 4, eos_token_id: 3 };
    const silent = { "config.json": config, "tokenizer_config.json": { model_max_length: 1024 } };
    expect(await specialOf(silent)).toMatchObject({ begin: 4, end: 3 });
  });

  it("are generation_config.json's where config.json is silent too", async () => {
    const config = {
      ...(await read("families/gpt2", "config.json")),
      eos_token_id: null,
      pad_token_id: null,
    };
    const files = { "config.json": config, "tokenizer_config.json": {} };
    const generation = { eos_token_id: [2, 3], pad_token_id: 1 };
    expect(await specialOf({ ...files, "generation_config.json": generation })).toMatchObject({
      end: 2,
      pad: 1,
    });
  });

  it("are special_tokens_map.json's where transformers reads that, and none where a file says so", async () => {
    const map = { eos_token: { content: "<|user|>", lstrip: false }, pad_token: null };
    const files = { "special_tokens_map.json": map, "tokenizer_config.json": { eos_token: "<|end|>" } };
    expect(await specialOf(files)).toMatchObject({ end: 3, pad: null });
    const newer = { eos_token: "<|end|>", added_tokens_decoder: {}, pad_token: null };
    expect(await specialOf({ ...files, "tokenizer_config.json": newer })).toMatchObject({
      end: 0,
      pad: null,
    });
  });

  it("stay what they are when the model is saved", async () => {
    const files = {
      "special_tokens_map.json": { eos_token: "<|user|>" },
      "tokenizer_config.json": {},
      "config.json": { ...(await read("families/gpt2", "config.json")), bos_token_id: 4 },
    };
    const model = await loadModelFolder(await copyWith("families/gpt2", files));
    const saved = join(place, "saved");
    await saveModelFolder(saved, { ...model, tokenizer: model.tokenizer.files });
    const { tokenizer } = await checkModelFolder(saved);
    expect(tokenizer.special).toEqual(model.tokenizer.special);
    expect(tokenizer.special).toMatchObject({ begin: 4, end: 3 });
  });

  it("are added to texts as tokenizer.json says, whatever tokenizer_config.json does, as in transformers", async () => {
    const config = { bos_token: "<|user|>", eos_token: "<|end|>", add_bos_token: true, add_eos_token: true };
    const { tokenizer } = await checkModelFolder(
      await copyWith("families/gpt2", { "tokenizer_config.json": config }),
    );
    const plain = tokenizer.encode("kalo", { specialTokens: false });
    expect(tokenizer.encode("kalo", { specialTokens: true })).toEqual(plain);
  });
});

describe("tokens behind a model's vocabulary", () => {
  const withAdded = async (): Promise<{ folder: string; size: number }> => {
    const json = await read("llama-random/tied", "tokenizer.json");
    const size = (await read("llama-random/tied", "config.json"))["vocab_size"] as number;
    const added = { id: size, content: "<image>", special: true, normalized: false, lstrip: false };
    const tokens = [...(json["added_tokens"] as Json[]), added];
    const folder = await copyWith("llama-random/tied", {
      "tokenizer.json": { ...json, added_tokens: tokens },
    });
    return { folder, size };
  };

  it("are no fault of a folder whose tokenizer has them as added tokens, until a text holds one", async () => {
    const { folder, size } = await withAdded();
    const { tokenizer } = await loadModelFolder(folder);
    expect(tokenizer.encode("the tree", { specialTokens: true }).length).toBeGreaterThan(0);
    const beyond = new RegExp(`"<image>", token ${size} .*no embedding.*vocab_size is ${size}`);
    expect(() => tokenizer.encode("see <image>", { specialTokens: true })).toThrow(beyond);
    const marked = { text: "see <image>", marks: [] };
    expect(() => tokenizer.encodeMarked({ ...marked, literal: [] })).toThrow(beyond);
    expect(tokenizer.encodeMarked({ ...marked, literal: [[0, 11]] }).ids).not.toContain(size);
    // a template that trims finds out what its contents hold, and the text stays text
    const template = compileChatTemplate("{% for m in messages %}{{ m.content | trim }}{% endfor %}");
    const messages = [{ role: "user" as const, content: "see <image>\n" }];
    expect(encodeChat(tokenizer, template, messages, { addGenerationPrompt: false }).ids).not.toContain(size);
  });

  it("do not come over from another model's tokenizer", async () => {
    const { folder, size } = await withAdded();
    const config = { ...(await read("llama-random/tied", "config.json")), vocab_size: size - 1 };
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    await expect(checkModelFolder(folder)).rejects.toMatchObject({ code: "vocabulary-mismatch" });
  });
});
