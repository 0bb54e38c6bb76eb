// In a dry run: prompts that leave no room for a reply in the context of a model that is asked here. They are never cut; such
// a model answers "overflow" at once, so no work is planned for them.

import { counted } from "../../core/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import { encodeChat, fitsContext } from "../../transformer/index.ts";
import type { CheckedInputs } from "../inputs/open-stages.ts";
import type { Notice } from "../stages/learned-rows.ts";
import { countPrompts } from "./plan.ts";

/** A prompt of so many bytes for each position is looked at by its tokens; a shorter one fits with all that a template adds. */
const bytesAPosition = 0.5;

/** Whether a prompt fits the model that plays a part; all fit one that runs elsewhere, as far as is known. */
const createFits = (
  { configs, languages }: CheckedInputs,
  part: string,
): ((prompt: PromptRecord) => boolean) => {
  const [config, language] = [configs[part], languages[part]];
  if (config == null || language == null || language.chatTemplate === null) return () => true;
  const { tokenizer, chatTemplate } = language;
  return ({ messages }) => {
    const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
    if (bytes < bytesAPosition * config.maxPositions) return true;
    const { ids } = encodeChat(tokenizer, chatTemplate, messages, { addGenerationPrompt: true });
    return fitsContext(config, ids.length);
  };
};

/**
 * Counts the prompts that the model of a part can answer, and those of them that are wanted for more; notices: says how many
 * do not fit, where there are any.
 */
export const countFitting = async (
  prompts: AsyncIterable<PromptRecord>,
  inputs: CheckedInputs,
  part: string,
  isWanted: (prompt: PromptRecord) => boolean,
) => {
  const fits = createFits(inputs, part);
  const [all, wanted] = [countPrompts(), countPrompts()];
  let overlong = 0;
  for await (const prompt of prompts) {
    if (!fits(prompt)) {
      overlong++;
      continue;
    }
    all.add(prompt);
    if (isWanted(prompt)) wanted.add(prompt);
  }
  const [does, are] = overlong === 1 ? ["does", "It is"] : ["do", "They are"];
  const text = `${overlong} of ${counted(overlong + all.totals.count, "prompt")} ${does} not fit the model's context of ${inputs.configs[part]?.maxPositions.toLocaleString("en-US")} tokens. ${are} not answered ("overflow"), and not counted here.`;
  const notices: Notice[] = overlong === 0 ? [] : [{ code: "prompts-overlong", text }];
  return { all: all.totals, wanted: wanted.totals, notices };
};
