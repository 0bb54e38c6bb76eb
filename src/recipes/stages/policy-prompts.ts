// The prompts of a training by reward as tokens: turns of a chat through the model's template, or plain texts to continue.
// Those that leave no room for a reply are left out and told.

import { UserError } from "../../core/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import { type ChatCodec, encodePromptAs, type TextForm } from "../../training/index.ts";
import { fitsContext, type ModelConfig } from "../../transformer/index.ts";
import type { Notice } from "./learned-rows.ts";
import { vocabularyNotices } from "./vocabulary.ts";

/** Prompts that leave room for a reply, as records and as tokens. */
export type EncodedPrompts = {
  readonly records: readonly PromptRecord[];
  readonly tokens: readonly (readonly number[])[];
  readonly notices: readonly Notice[];
};

/** Prompts as a policy reads them. Throws UserError when none is left, and for one that the template cannot hold. */
export const encodePrompts = (
  prompts: readonly PromptRecord[],
  codec: ChatCodec,
  config: ModelConfig,
  texts: TextForm,
): EncodedPrompts => {
  const encoded = prompts.map((record) => ({ record, ids: encodePromptAs(codec, record.messages, texts) }));
  const kept = encoded.filter(({ ids }) => ids.length > 0 && fitsContext(config, ids.length));
  const left = prompts.length - kept.length;
  const context = `the model's context of ${config.maxPositions} tokens`;
  if (kept.length === 0) {
    throw new UserError(
      "prompts-too-long",
      `All ${prompts.length} prompts are too long for ${context}. Give shorter ones, or a model with a longer context.`,
    );
  }
  const text = `${left} of ${prompts.length} prompts leave no room for a reply in ${context} and were left out.`;
  const tokens = kept.map(({ ids }) => ids);
  return {
    records: kept.map(({ record }) => record),
    tokens,
    notices: [
      ...(left === 0 ? [] : [{ code: "prompts-too-long", text }]),
      ...vocabularyNotices(codec.tokenizer, tokens, "the prompts"),
    ],
  };
};
