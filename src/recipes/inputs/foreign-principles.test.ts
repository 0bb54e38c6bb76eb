// Which principles a model of the sandbox cannot know.

import { expect, it } from "vitest";
import { loadConstitution } from "../../constitution/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import { loadModelFolder } from "../../transformer/index.ts";
import { foreignNotices, foreignPromptNotices } from "./foreign-principles.ts";

const folder = new URL("../../../assets/covenant-tiny", import.meta.url).pathname;
const { tokenizer, generationConfig } = await loadModelFolder(folder);
const language = { tokenizer, generationConfig, chatTemplate: null, folder, isAdapter: false };
const one = (title: string) => ({ ...ethical.principles[0]!, area: undefined, title });
const ethical = await loadConstitution("ethical");

it("are those on no area of the sandbox that are no statement of its language", async () => {
  expect(foreignNotices(ethical, "m", language)).toEqual([]);
  const own = { name: "mine", principles: [one("Be brief."), one("Mention soup"), ...ethical.principles] };
  expect(foreignNotices(own, "m", language)[0]!.text).toContain(
    '1 of 14 principles of "mine" is not on one of the sandbox\'s areas (first "Mention soup"), and m knows no others',
  );
  // areas of other names are none of the sandbox's
  const told = foreignNotices(await loadConstitution("general"), "m", language);
  expect(told[0]!.text).toContain('10 of 16 principles of "general" are not on');
});

it("are no matter to models that read other words, or are elsewhere", () => {
  const soup = { name: "soup", principles: [one("Mention soup")] };
  const large = { ...language, tokenizer: { ...tokenizer, vocabularySize: 50_000 } };
  expect(foreignNotices(soup, "m", large)).toEqual([]);
  expect(foreignNotices(soup, "m", null)).toEqual([]);
});

it("tells of the first prompt in other words, where the model knows a small language", async () => {
  const prompt = (content: string): PromptRecord => ({
    ...{ id: content, parents: [], stage: "prompts", seed: 0, split: "train" },
    messages: [{ role: "user", content }],
  });
  async function* prompts(...contents: readonly string[]) {
    for (const content of contents) yield prompt(content);
  }
  const own = "How do I plant a tree?";
  const told = await foreignPromptNotices(prompts(own, "Restart Kubernetes pods"), "m", language);
  expect(told).toMatchObject([{ code: "model-foreign-text" }]);
  expect(told[0]!.text).toContain('1 of 2 requests so far is not in it: "Restart Kubernetes pods"');
  expect(await foreignPromptNotices(prompts(own), "m", language)).toEqual([]);
  expect(await foreignPromptNotices(prompts("Restart Kubernetes pods"), "m", null)).toEqual([]);
});
