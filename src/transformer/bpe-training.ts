// Trains byte-level byte-pair encoding (Sennrich et al. 2016; bytes as in Radford et al. 2019) and writes it in
// Hugging Face's format. Words are counted first, so the work grows with distinct words, not with text. The order of
// merges is that of Hugging Face's trainer: the most frequent pair, among equals the smallest pair of ids; so both
// give the same tokenizer. Knows nothing of chats; the chat template is handed in.

import { CovenantError } from "../core/index.ts";
import { byteCharacters, toByteCharacters, wordPattern } from "./byte-level.ts";
import { createPairQueue } from "./pair-queue.ts";
import type { TokenizerFiles } from "./tokenizer.ts";

/** Size and control tokens of a tokenizer to be trained. */
export type BpeTrainingOptions = {
  /** Tokens in all, control tokens included. Fewer come out when the texts hold too few pairs. */
  readonly vocabularySize: number;
  /** Control tokens; they get the ids 0, 1, ... and are never split or merged. */
  readonly specialTokens: readonly string[];
  /** Pairs seen less often are not merged. Default 2. */
  readonly minimumFrequency?: number;
  /** Roles of control tokens; each must be one of specialTokens. */
  readonly begin?: string;
  readonly end?: string;
  readonly pad?: string;
  readonly chatTemplate?: string;
  /** Longest text in tokens that the model takes; written as model_max_length. */
  readonly maxPositions?: number;
};

/** vocabulary[id]: the token, in byte characters. merges: pairs of tokens in the order they apply. */
export type Bpe = {
  readonly vocabulary: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
};

// Ids stay far below 2^26, so a pair packs into one exact number.
const pairBase = 2 ** 26;
const pairKey = (left: number, right: number): number => left * pairBase + right;

/** Distinct words and how often they stand. Control tokens written in the texts end a word and are not counted. */
const countWords = (texts: Iterable<string>, specialTokens: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  const escaped = [...specialTokens]
    .sort((first, second) => second.length - first.length)
    .map((token) => token.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  const separator = escaped.length > 0 ? new RegExp(escaped.join("|"), "g") : null;
  for (const text of texts)
    for (const part of separator ? text.split(separator) : [text])
      for (const word of part.match(wordPattern) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};

type Corpus = { readonly words: Int32Array[]; readonly counts: readonly number[] };

const mergeInWord = (word: Int32Array, left: number, right: number, merged: number): Int32Array => {
  const result = new Int32Array(word.length);
  let length = 0;
  for (let index = 0; index < word.length; index++) {
    if (word[index] === left && word[index + 1] === right) {
      result[length++] = merged;
      index++;
    } else result[length++] = word[index] as number;
  }
  return result.slice(0, length);
};

/** How often each pair stands in the corpus, and in which words it may stand (some may have lost it since). */
const createPairIndex = ({ words, counts }: Corpus) => {
  const pairCounts = new Map<number, number>();
  const holders = new Map<number, Set<number>>();
  const add = (index: number, sign: 1 | -1): void => {
    const word = words[index] as Int32Array;
    const count = sign * (counts[index] as number);
    for (let at = 0; at + 1 < word.length; at++) {
      const key = pairKey(word[at] as number, word[at + 1] as number);
      pairCounts.set(key, (pairCounts.get(key) ?? 0) + count);
      if (sign === -1) continue;
      const known = holders.get(key);
      if (known) known.add(index);
      else holders.set(key, new Set([index]));
    }
  };
  for (let index = 0; index < words.length; index++) add(index, 1);
  return {
    pairs: () => pairCounts.entries(),
    countOf: (key: number): number => pairCounts.get(key) ?? 0,
    /** Merges a pair wherever it stands; gives the pairs that came into being. */
    merge(left: number, right: number, merged: number): Set<number> {
      const created = new Set<number>();
      const key = pairKey(left, right);
      for (const index of holders.get(key) ?? []) {
        add(index, -1);
        const word = mergeInWord(words[index] as Int32Array, left, right, merged);
        words[index] = word;
        add(index, 1);
        for (let at = 0; at < word.length; at++) {
          if (word[at] !== merged) continue;
          if (at > 0) created.add(pairKey(word[at - 1] as number, merged));
          if (at + 1 < word.length) created.add(pairKey(merged, word[at + 1] as number));
        }
      }
      holders.delete(key);
      return created;
    },
  };
};

/** Adds tokens to `vocabulary` until it has `size`, or no pair is frequent enough. */
const learnMerges = (
  corpus: Corpus,
  vocabulary: string[],
  size: number,
  minimum: number,
): [string, string][] => {
  const index = createPairIndex(corpus);
  const queue = createPairQueue();
  for (const [key, count] of index.pairs()) queue.push(key, count);
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const merges: [string, string][] = [];
  while (vocabulary.length < size) {
    const top = queue.pop();
    if (!top) break;
    const count = index.countOf(top.key);
    if (count !== top.count) {
      // Rarer than when it was queued: back it goes with its present count. (More frequent: it is queued anew already.)
      if (count > 0 && count < top.count) queue.push(top.key, count);
      continue;
    }
    if (count < Math.max(1, minimum)) break;
    const left = vocabulary[Math.floor(top.key / pairBase)] as string;
    const right = vocabulary[top.key % pairBase] as string;
    // Two pairs can spell the same token; it keeps its first id.
    const merged = ids.get(left + right) ?? vocabulary.length;
    if (merged === vocabulary.length) vocabulary.push(left + right);
    ids.set(left + right, merged);
    merges.push([left, right]);
    for (const key of index.merge(Math.floor(top.key / pairBase), top.key % pairBase, merged))
      queue.push(key, index.countOf(key));
  }
  return merges;
};

/** Learns a vocabulary and merges. The same texts (in any order) and options give the same result. */
export const trainBpe = (texts: Iterable<string>, options: BpeTrainingOptions): Bpe => {
  const { specialTokens, vocabularySize } = options;
  const smallest = specialTokens.length + 256;
  if (vocabularySize < smallest || vocabularySize >= pairBase)
    throw new CovenantError(
      "vocabulary-size",
      `A byte-level vocabulary with ${specialTokens.length} control tokens has at least ${smallest} tokens; got ${vocabularySize}.`,
      { vocabularySize, smallest },
    );
  // Characters in code order after the control tokens, as Hugging Face's trainer has them.
  const vocabulary = [...specialTokens, ...[...byteCharacters].sort()];
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const counted = countWords(texts, specialTokens);
  const words = [...counted.keys()].map((word) =>
    Int32Array.from(toByteCharacters(word), (character) => ids.get(character) as number),
  );
  const corpus = { words, counts: [...counted.values()] };
  const merges = learnMerges(corpus, vocabulary, vocabularySize, options.minimumFrequency ?? 2);
  return { vocabulary, merges };
};

const addedToken = (content: string) => ({
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

const tokenizerJson = ({ vocabulary, merges }: Bpe, specialTokens: readonly string[]): string => {
  // Written by hand and not through an object, which would put tokens like "7" first.
  const entries = vocabulary.map((token, id) => `      ${JSON.stringify(token)}: ${id}`);
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const marker = '"(vocabulary)"';
  const text = JSON.stringify(
    {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: specialTokens.map((content, id) => ({ id, ...addedToken(content) })),
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: "(vocabulary)",
        merges: [],
      },
    },
    null,
    2,
  );
  const mergeLines = merges.map((pair) => `      ${JSON.stringify(pair)}`);
  return `${text
    .replace(`"vocab": ${marker}`, () => `"vocab": {\n${entries.join(",\n")}\n    }`)
    .replace('"merges": []', () => `"merges": [\n${mergeLines.join(",\n")}\n    ]`)}\n`;
};

const configJson = (options: BpeTrainingOptions): string => {
  const named = [options.begin, options.end, options.pad];
  const config = {
    additional_special_tokens: options.specialTokens.filter((token) => !named.includes(token)),
    added_tokens_decoder: Object.fromEntries(
      options.specialTokens.map((content, id) => [id, addedToken(content)]),
    ),
    bos_token: options.begin ?? null,
    eos_token: options.end ?? null,
    pad_token: options.pad ?? null,
    unk_token: null,
    ...(options.chatTemplate === undefined ? {} : { chat_template: options.chatTemplate }),
    clean_up_tokenization_spaces: false,
    model_max_length: options.maxPositions ?? 1_000_000,
    tokenizer_class: "PreTrainedTokenizerFast",
  };
  return `${JSON.stringify(config, null, 2)}\n`;
};

/** tokenizer.json and tokenizer_config.json of a trained encoding. */
export const bpeTokenizerFiles = (bpe: Bpe, options: BpeTrainingOptions): TokenizerFiles => {
  for (const token of [options.begin, options.end, options.pad])
    if (token !== undefined && !options.specialTokens.includes(token))
      throw new CovenantError("special-token", `${token} is not among the control tokens.`, { token });
  return { tokenizerJson: tokenizerJson(bpe, options.specialTokens), configJson: configJson(options) };
};

/** Trains a tokenizer on texts and gives the files that open in `tokenizers` and `transformers`. */
export const trainTokenizer = (texts: Iterable<string>, options: BpeTrainingOptions): TokenizerFiles =>
  bpeTokenizerFiles(trainBpe(texts, options), options);
