// A completion's prompt in tokens: the beginning of a text that goes on, whatever the tokenizer puts behind whole ones.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { createTokenizer, loadModelFolder } from "../transformer/index.ts";
import { plainPrompt, type ServedModel } from "./served-model.ts";

const path = fileURLToPath(new URL("../../test/golden/llama-random/tied", import.meta.url));

it("has no end token behind it that the tokenizer appends to whole texts", async () => {
  const folder = await loadModelFolder(path);
  const json = JSON.parse(readFileSync(`${path}/tokenizer.json`, "utf8")) as object;
  const single = [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "<|end|>", type_id: 0 } }];
  const id = folder.tokenizer.idOf("<|end|>");
  const special_tokens = { "<|end|>": { id: "<|end|>", ids: [id], tokens: ["<|end|>"] } };
  const post_processor = { type: "TemplateProcessing", single, pair: single, special_tokens };
  const tokenizer = createTokenizer({
    tokenizerJson: JSON.stringify({ ...json, post_processor }),
    configJson: "{}",
  });
  expect(tokenizer.encode("The river", { specialTokens: true }).at(-1)).toBe(id);
  const served = {
    ...{ name: "tiny", folder: { ...folder, tokenizer }, maxTokens: 8, clock: manualClock() },
    ...{ nextSeed: () => 1, nextId: () => "a", onTexts: () => undefined },
    // no reply is asked for
    engine: undefined as unknown as ServedModel["engine"],
  };
  expect(plainPrompt(served, "The river", true)).toEqual(
    tokenizer.encode("The river", { specialTokens: false }),
  );
});
