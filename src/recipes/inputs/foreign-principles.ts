// Principles that a model of the sandbox cannot know: each of its words may be known, and yet what the model does under them is
// chance. Reads the sandbox's language; asks no model.

import { isSmallLanguage } from "../../models/index.ts";
import type { Constitution } from "../../records/index.ts";
import { readStatement } from "../../sandbox/index.ts";
import { counted } from "../summaries/wording.ts";
import type { CheckedInputs } from "./open-stages.ts";

/**
 * What is said of principles that are on no area of the sandbox and no statement of its language, where the model knows that
 * language alone; null where there are none. language: how the model reads texts; null where it runs elsewhere.
 */
export const foreignPrinciples = (
  { name, principles }: Pick<Constitution, "name" | "principles">,
  model: string,
  language: CheckedInputs["languages"][string] | undefined,
): string | null => {
  if (language == null || !isSmallLanguage(language.tokenizer)) return null;
  const foreign = principles.filter(
    ({ area, title }) => area === undefined && (title === undefined || readStatement(title) === null),
  );
  const [first] = foreign;
  if (first === undefined) return null;
  const are = foreign.length === 1 ? "is" : "are";
  return `${foreign.length} of ${counted(principles.length, "principle")} of "${name}" ${are} not on one of the sandbox's areas (first "${first.title ?? first.id}"), and ${model} knows no others: what it does under them, and under their opposites, says nothing of them. For them, name a model that reads English (revise and label, --model).`;
};
