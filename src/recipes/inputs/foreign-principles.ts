// Principles and prompts that a model of the sandbox cannot know. Each word of a principle may be known, and yet what the
// model does under it is chance. Reads the sandbox's language; asks no model.

import { counted } from "../../core/index.ts";
import { createForeignTextWatch, isSmallLanguage } from "../../models/index.ts";
import { type Constitution, foreignPrinciplesCode, type PromptRecord } from "../../records/index.ts";
import { areas, readStatement } from "../../sandbox/index.ts";
import type { Notice } from "../stages/learned-rows.ts";
import { otherLocalModel } from "../stages/vocabulary.ts";
import type { CheckedInputs } from "./open-stages.ts";

const isOfSandbox = (area: string | undefined): boolean => areas.some((known) => known === area);

/**
 * The warning of principles that are on no area of the sandbox and no statement of its language, where the model that
 * criticises or judges by them knows that language alone; none where there are no such. language: how the model reads
 * texts; null where it runs elsewhere.
 */
export const foreignNotices = (
  { name, principles }: Pick<Constitution, "name" | "principles">,
  model: string,
  language: CheckedInputs["languages"][string] | undefined,
): Notice[] => {
  if (language == null || !isSmallLanguage(language.tokenizer)) return [];
  const foreign = principles.filter(
    ({ area, title }) => !isOfSandbox(area) && (title === undefined || readStatement(title) === null),
  );
  const [first] = foreign;
  if (first === undefined) return [];
  const are = foreign.length === 1 ? "is" : "are";
  const text = `${foreign.length} of ${counted(principles.length, "principle")} of "${name}" ${are} not on one of the sandbox's areas (first "${first.title ?? first.id}"), and ${model} knows no others: what it does under them, and under their opposites, says nothing of them. Where one is on an area of the sandbox, say so with "area", as area: privacy. For the others, name a model that reads English (--model, or --judge where one judges).`;
  return [{ code: foreignPrinciplesCode, text }];
};

/** In a dry run, the warning of prompts in other words, which the model gives when it is asked; none for other models. */
export const foreignPromptNotices = async (
  prompts: AsyncIterable<PromptRecord>,
  model: string,
  language: CheckedInputs["languages"][string] | undefined,
): Promise<Notice[]> => {
  const notices: Notice[] = [];
  if (language == null || !isSmallLanguage(language.tokenizer)) return notices;
  const watch = createForeignTextWatch(language.tokenizer, model, otherLocalModel, (text) => {
    notices.push({ code: "model-foreign-text", text });
  });
  for await (const { messages } of prompts) {
    watch([messages.filter(({ role }) => role === "user").map(({ content }) => content)]);
    if (notices.length > 0) break;
  }
  return notices;
};
