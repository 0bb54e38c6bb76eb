// A folder's tokenizer and chat template: tokenizer.json, tokenizer_config.json, special_tokens_map.json and
// chat_template.jinja, as transformers reads them. Knows nothing of weights.

import { join } from "node:path";
import { z } from "zod";
import { checkValue, parseJson, readText, UserError } from "../core/index.ts";
import { type ChatTemplate, compileChatTemplate } from "./chat-template.ts";
import type { ModelConfig } from "./config.ts";
import type { GenerationConfig } from "./generation-config.ts";
import { createTokenizer, type NamedIds, type Tokenizer } from "./tokenizer.ts";

const templateSchema = z.looseObject({
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish(),
});

/** The template inside tokenizer_config.json. */
export const templateInConfig = (configJson: string, file: string): string | undefined => {
  const own = checkValue(templateSchema, parseJson(configJson, { file }), { file }).chat_template;
  return Array.isArray(own) ? own.find(({ name }) => name === "default")?.template : (own ?? undefined);
};

/** What templates expect beside the messages. */
export const tokenVariables = (tokenizer: Tokenizer): Readonly<Record<string, string>> => {
  const { begin, end, pad, unknown } = tokenizer.special;
  const text = (id: number | null): string => (id === null ? "" : (tokenizer.tokenOf(id) ?? ""));
  return {
    bos_token: text(begin),
    eos_token: text(end),
    pad_token: text(pad),
    unk_token: text(unknown),
  };
};

/** A folder's chat template; null where it has none. */
export const readChatTemplate = async (
  folder: string,
  files: ReadonlySet<string>,
  tokenizer: Tokenizer,
): Promise<ChatTemplate | null> => {
  const configPath = join(folder, "tokenizer_config.json");
  const fromConfig = templateInConfig(tokenizer.files.configJson, configPath);
  const path = join(folder, "chat_template.jinja");
  // The file of its own wins, as in transformers.
  const isFile = files.has("chat_template.jinja");
  const source = isFile ? await readText(path) : fromConfig;
  if (source === undefined) return null;
  return compileChatTemplate(source, tokenVariables(tokenizer), isFile ? path : configPath);
};

/** A text file of a folder; undefined where it has none. */
const textOf = (folder: string, files: ReadonlySet<string>, name: string): Promise<string | undefined> =>
  files.has(name) ? readText(join(folder, name)) : Promise.resolve(undefined);

/** A folder's tokenizer. model: as createTokenizer takes it. */
export const readTokenizer = async (
  folder: string,
  files: ReadonlySet<string>,
  model: NamedIds,
): Promise<Tokenizer> => {
  const tokenMapJson = await textOf(folder, files, "special_tokens_map.json");
  const own = {
    tokenizerJson: await readText(join(folder, "tokenizer.json")),
    configJson: (await textOf(folder, files, "tokenizer_config.json")) ?? "{}",
    ...(tokenMapJson === undefined ? {} : { tokenMapJson }),
  };
  return createTokenizer(own, folder, model);
};

/** The tokens that config.json or, where it is silent, generation_config.json names. */
export const namedIds = (
  { beginTokenId, endTokenIds, padTokenId }: ModelConfig,
  generation: Pick<GenerationConfig, "endTokenIds" | "padTokenId">,
): NamedIds => ({
  begin: beginTokenId,
  end: endTokenIds[0] ?? generation.endTokenIds[0] ?? null,
  pad: padTokenId ?? generation.padTokenId,
});

/**
 * The tokenizer of a model with so many tokens. Tokens that were added behind these are no fault of the folder (an image's
 * place in Gemma's text models, a [PAD] that a fine-tune added without an embedding); a text that holds one is refused.
 * Throws UserError where other tokens lie behind them, because then the files are not of one model.
 */
export const fitTokenizer = (tokenizer: Tokenizer, size: number, folder: string): Tokenizer => {
  const { vocabularySize, addedIds, tokenOf } = tokenizer;
  const beyond = Array.from({ length: Math.max(0, vocabularySize - size) }, (_, at) => size + at);
  if (beyond.length === 0) return tokenizer;
  if (beyond.some((id) => !addedIds.has(id) && tokenOf(id) !== null))
    throw new UserError(
      "vocabulary-mismatch",
      `${folder}: tokenizer.json has ${vocabularySize} tokens and config.json's vocab_size is ${size}; the model cannot read them all. Put the files of one model together.`,
      { folder },
    );
  const within = (ids: number[]): number[] => {
    const id = ids.find((one) => one >= size);
    if (id === undefined) return ids;
    throw new UserError(
      "token-beyond-vocabulary",
      `A text holds ${JSON.stringify(tokenOf(id))}, token ${id} of ${folder}: the model has no embedding for it, since config.json's vocab_size is ${size}. Leave it out of the text.`,
      { folder, id },
    );
  };
  return {
    ...tokenizer,
    encode: (text, options) => within(tokenizer.encode(text, options)),
    encodeMarked(marked) {
      const encoded = tokenizer.encodeMarked(marked);
      within(encoded.ids);
      return encoded;
    },
  };
};
