// Which principles a model of the sandbox cannot know.

import { expect, it } from "vitest";
import { loadConstitution } from "../../constitution/index.ts";
import { loadModelFolder } from "../../transformer/index.ts";
import { foreignPrinciples } from "./foreign-principles.ts";

const folder = new URL("../../../assets/covenant-tiny", import.meta.url).pathname;
const { tokenizer } = await loadModelFolder(folder);
const language = { tokenizer, chatTemplate: null, folder, isAdapter: false };
const one = (title: string) => ({ ...ethical.principles[0]!, area: undefined, title });
const ethical = await loadConstitution("ethical");

it("are those on no area of the sandbox that are no statement of its language", () => {
  expect(foreignPrinciples(ethical, "m", language)).toBeNull();
  const own = { name: "mine", principles: [one("Be brief."), one("Mention soup"), ...ethical.principles] };
  expect(foreignPrinciples(own, "m", language)).toContain(
    '1 of 14 principles of "mine" is not on one of the sandbox\'s areas (first "Mention soup"), and m knows no others',
  );
});

it("are no matter to models that read other words, or are elsewhere", () => {
  const soup = { name: "soup", principles: [one("Mention soup")] };
  const large = { ...language, tokenizer: { ...tokenizer, vocabularySize: 50_000 } };
  expect(foreignPrinciples(soup, "m", large)).toBeNull();
  expect(foreignPrinciples(soup, "m", null)).toBeNull();
});
