// How a training reads texts: with which tokenizer and template, and whether texts are turns of a chat or plain. Settled
// when the model is known, before anything is begun.

import type { ChatCodec, TextForm } from "../../training/index.ts";
import { type ChatTemplate, withChatTemplate } from "../../transformer/index.ts";
import type { TextsSetting } from "../settings/settings.ts";
import type { ModelLanguage } from "./model-checks.ts";
import { codecOf } from "./models.ts";

/** chatTemplate: null where there is none. */
export type TextReading = {
  readonly codec: ChatCodec;
  readonly texts: TextForm;
  readonly chatTemplate: ChatTemplate | null;
};

/** What settings say of it. chatTemplate: a Jinja file in place of the model's own template. */
export type TextSettings = { readonly texts: TextsSetting; readonly chatTemplate?: string | undefined };

/**
 * How texts are read with a model; null where the model is not here yet. auto: as turns where there is a template. Throws
 * UserError for a template that cannot be read.
 */
export const readingOf = async (
  { texts, chatTemplate }: TextSettings,
  language: ModelLanguage | null | undefined,
): Promise<TextReading | null> => {
  if (language == null) return null;
  const own = chatTemplate === undefined ? language : await withChatTemplate(language, chatTemplate);
  const form = texts === "auto" ? (own.chatTemplate === null ? "plain" : "chat") : texts;
  return { codec: codecOf(own, language.folder), texts: form, chatTemplate: own.chatTemplate };
};

/** The file of a chat template, where one is given. */
export const templateFile = (chatTemplate: string | undefined): Readonly<Record<string, string>> =>
  chatTemplate === undefined ? {} : { chatTemplate };
