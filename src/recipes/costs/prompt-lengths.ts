// How long prompts are, in tokens as they are estimated for any model.
// Knows no tokenizer.

import { estimatePrompt } from "../../models/index.ts";
import type { PromptRecord } from "../../records/index.ts";

/** Tokens of the longest prompt, estimated. */
export const longestPrompt = (prompts: readonly PromptRecord[]): number =>
  prompts.reduce((most, { messages }) => Math.max(most, estimatePrompt(messages)), 0);

/** Tokens of a prompt on average, and of the longest. */
export type PromptLengths = { readonly mean: number; readonly longest: number };

/** Both, estimated. */
export const promptLengths = (prompts: readonly PromptRecord[]): PromptLengths => ({
  mean:
    prompts.reduce((sum, { messages }) => sum + estimatePrompt(messages), 0) / Math.max(1, prompts.length),
  longest: longestPrompt(prompts),
});
