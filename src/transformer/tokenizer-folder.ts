// A folder's tokenizer and chat template: tokenizer.json, tokenizer_config.json and chat_template.jinja, as transformers
// reads them. Knows nothing of weights.

import { join } from "node:path";
import { z } from "zod";
import { checkValue, parseJson, readText } from "../core/index.ts";
import { type ChatTemplate, compileChatTemplate } from "./chat-template.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

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

/** A folder's tokenizer. */
export const readTokenizer = async (folder: string, files: ReadonlySet<string>): Promise<Tokenizer> =>
  createTokenizer(
    {
      tokenizerJson: await readText(join(folder, "tokenizer.json")),
      configJson: files.has("tokenizer_config.json")
        ? await readText(join(folder, "tokenizer_config.json"))
        : "{}",
    },
    folder,
  );
