// tokenizer.json and tokenizer_config.json as @huggingface/tokenizers takes them: their checked shapes, the part of the
// library that is used (its own types do not resolve under Node's module rules), and whether a tokenizer is plain
// byte-level BPE, for which tokenizer.ts knows a shorter way.

import { Tokenizer } from "@huggingface/tokenizers";
import { z } from "zod";
import { messageOf, UserError } from "../core/index.ts";

/** What is used of the library's tokenizer. */
export type LibraryTokenizer = {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(
    ids: readonly number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): Map<string, number>;
  readonly model: { encode(words: readonly string[]): string[] } | null;
  readonly post_processor: {
    post_process(tokens: readonly string[], pair: null, specialTokens: boolean): { tokens: string[] };
  } | null;
};

const addedTokenSchema = z.looseObject({
  id: z.number().int().nonnegative(),
  content: z.string().min(1),
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
});
/** tokenizer.json. */
export const tokenizerSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.looseObject({ type: z.string() }).nullish(),
  post_processor: z.looseObject({ type: z.string() }).nullish(),
  decoder: z.looseObject({ type: z.string() }).nullish(),
  model: z.looseObject({ type: z.string().optional() }),
});
export type TokenizerJson = z.infer<typeof tokenizerSchema>;

/** A token by its text, or as Hugging Face writes an added token. */
const namedToken = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const namedTokens = {
  bos_token: namedToken,
  eos_token: namedToken,
  pad_token: namedToken,
  unk_token: namedToken,
};
/**
 * tokenizer_config.json. Its add_bos_token and add_eos_token are not read: beside a tokenizer.json transformers passes
 * over them too, and adds what that file's post-processor says.
 */
export const tokenizerConfigSchema = z.looseObject({
  ...namedTokens,
  added_tokens_decoder: z.unknown().optional(),
  clean_up_tokenization_spaces: z.boolean().nullish(),
});
export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;
/** special_tokens_map.json, in which older folders name their tokens. */
export const tokenMapSchema = z.looseObject(namedTokens);

/** The configuration with the tokens that special_tokens_map.json names, where transformers looks at that file. */
export const withTokenMap = (
  config: TokenizerConfig,
  map: z.infer<typeof tokenMapSchema>,
): TokenizerConfig => (config.added_tokens_decoder == null ? { ...config, ...map } : config);

/** The text of a named token. */
export const contentOf = (token: z.infer<typeof namedToken>): string | null =>
  token == null ? null : typeof token === "string" ? token : token.content;

/** Opens the library's tokenizer. `source` names the file in the UserError. */
export const openLibrary = (
  json: TokenizerJson,
  config: TokenizerConfig,
  source: string,
): LibraryTokenizer => {
  // The library reads absent parts only as null, and named tokens only as text.
  const parts = {
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...json,
  };
  const named = (["bos_token", "eos_token", "pad_token", "unk_token"] as const).map((name) => [
    name,
    contentOf(config[name]) ?? undefined,
  ]);
  try {
    return new Tokenizer(parts, { ...config, ...Object.fromEntries(named) }) as LibraryTokenizer;
  } catch (cause) {
    throw new UserError(
      "bad-tokenizer",
      `${source}: this tokenizer cannot be used (${messageOf(cause)}). Expected a tokenizer.json as Hugging Face's tokenizers write it. Fetch the model again, or write the file with transformers (AutoTokenizer.from_pretrained, then save_pretrained).`,
      { source },
      cause,
    );
  }
};

/** Whether the shorter way holds: plain byte-level BPE, nothing normalised, control tokens matched as they stand. */
export const isPlainByteLevel = (json: TokenizerJson, config: TokenizerConfig): boolean =>
  json.normalizer == null &&
  json.model.type === "BPE" &&
  json.model["fuse_unk"] !== true &&
  json.pre_tokenizer?.type === "ByteLevel" &&
  json.pre_tokenizer["add_prefix_space"] === false &&
  json.pre_tokenizer["use_regex"] !== false &&
  config["remove_space"] !== true &&
  config["do_lowercase_and_remove_accent"] !== true &&
  json.added_tokens.every((token) => !token.lstrip && !token.rstrip && !token.single_word);
