// Text to token ids and back, from Hugging Face's tokenizer.json and tokenizer_config.json. The library
// @huggingface/tokenizers does the work; in front of it byte-level BPE (GPT-2 and our own models) takes a shorter way
// with a cache of words, which gives the same ids. Text can be marked as literal: control tokens that a user typed
// there stay text. Knows no chat roles; chat-template.ts does.

import { join } from "node:path";
import { checkValue, parseJson } from "../core/index.ts";
import { toByteCharacters, wordPattern } from "./byte-level.ts";
import { createDecoding } from "./tokenizer-decoding.ts";
import {
  contentOf,
  isPlainByteLevel,
  type LibraryTokenizer,
  openLibrary,
  type TokenizerConfig,
  type TokenizerJson,
  tokenizerConfigSchema,
  tokenizerSchema,
  tokenMapSchema,
  withTokenMap,
} from "./tokenizer-library.ts";

/** Half-open range of UTF-16 positions in a text. */
export type TextRange = readonly [start: number, end: number];

export type EncodeOptions = {
  /**
   * Adds the begin and end tokens that the tokenizer's post-processor adds, as transformers does by default; "begin":
   * those in front alone, of a text that goes on.
   */
  readonly specialTokens: boolean | "begin";
  /** false: control tokens written in the text stay text (user content). Default true. */
  readonly parseSpecial?: boolean;
};

export type MarkedText = {
  readonly text: string;
  /** Where control tokens stay text. */
  readonly literal: readonly TextRange[];
  /** Text positions whose place among the tokens is asked for. */
  readonly marks: readonly number[];
};

/** first: the token that holds the mark's character. past: the first token after everything before the mark. */
export type MarkPlace = { readonly first: number; readonly past: number };

/** A tokenizer's files as texts. tokenMapJson: special_tokens_map.json, which older folders have. */
export type TokenizerFiles = {
  readonly tokenizerJson: string;
  readonly configJson: string;
  readonly tokenMapJson?: string;
};

/** Tokens that a text may begin, end or be filled up with. */
export type NamedIds = Readonly<Record<"begin" | "end" | "pad", number | null>>;

/** A tokenizer. Ids are below vocabularySize; control tokens count as tokens like all others. */
export type Tokenizer = {
  readonly vocabularySize: number;
  readonly special: Readonly<Record<"begin" | "end" | "pad" | "unknown", number | null>>;
  /** Ids of all control tokens. */
  readonly specialIds: ReadonlySet<number>;
  /** Ids of tokens that were added to the vocabulary, control tokens among them. */
  readonly addedIds: ReadonlySet<number>;
  /** The files it was made of, as they were read: saving them keeps the tokenizer as it is. */
  readonly files: TokenizerFiles;
  encode(text: string, options: EncodeOptions): number[];
  /** The control tokens that stand in a text, where it is read for them; also those that a model has no embedding for. */
  controlTokens(text: string): number[];
  /** Encodes without begin and end tokens and says where the marks came to lie. */
  encodeMarked(marked: MarkedText): { ids: number[]; places: MarkPlace[] };
  /** Throws CovenantError for an id that is not in the vocabulary. Cut UTF-8 gives U+FFFD. */
  decode(ids: ArrayLike<number>, options: { readonly skipSpecial: boolean }): string;
  /** The bytes that a token stands for, be they a part of a character; null where they are not known. */
  bytesOf(id: number): Uint8Array | null;
  idOf(token: string): number | null;
  tokenOf(id: number): string | null;
};

type Piece = { readonly start: number; readonly text: string; readonly id: number | null };
type Splitter = (text: string, literal: readonly TextRange[]) => Piece[];

/** Cuts text at added tokens, the longest first; control tokens that touch a literal range are left in the text. */
const createSplitter = (json: TokenizerJson): Splitter => {
  const tokens = new Map(json.added_tokens.map((token) => [token.content, token]));
  const escaped = [...tokens.keys()]
    .sort((first, second) => second.length - first.length)
    .map((content) => content.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  const whole = (text: string): Piece[] => (text === "" ? [] : [{ start: 0, text, id: null }]);
  if (escaped.length === 0) return whole;
  const pattern = new RegExp(escaped.join("|"), "g");
  return (text, literal) => {
    const pieces: Piece[] = [];
    let start = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      const content = match[0];
      const end = match.index + content.length;
      const token = tokens.get(content);
      const { index } = match;
      if (!token || (token.special && literal.some(([from, to]) => from < end && index < to))) {
        pattern.lastIndex = index + 1;
        continue;
      }
      if (index > start) pieces.push({ start, text: text.slice(start, index), id: null });
      pieces.push({ start: index, text: content, id: token.id });
      start = end;
    }
    if (start === 0) return whole(text);
    if (start < text.length) pieces.push({ start, text: text.slice(start), id: null });
    return pieces;
  };
};

/** isFirst: the piece begins the text; some tokenizers put a space in front of that one alone. */
type EncodePiece = (text: string, isFirst: boolean) => readonly number[];

const largestWordCache = 100_000;

/** Byte-level BPE of text without control tokens, a word at a time; words met before come from the cache. */
const createWordEncoder = (library: LibraryTokenizer): EncodePiece => {
  const cache = new Map<string, readonly number[]>();
  const encodeWord = (word: string): readonly number[] => {
    const tokens = library.model?.encode([toByteCharacters(word)]) ?? [];
    const ids = tokens.map((token) => library.token_to_id(token) as number);
    if (cache.size >= largestWordCache) cache.clear();
    cache.set(word, ids);
    return ids;
  };
  return (text) => {
    const ids: number[] = [];
    for (const word of text.match(wordPattern) ?? [])
      for (const id of cache.get(word) ?? encodeWord(word)) ids.push(id);
    return ids;
  };
};

/** The library's own way, without control tokens: tokenizers that do not know them, made when needed. */
const createLibraryEncoder = (json: TokenizerJson, config: TokenizerConfig, source: string): EncodePiece => {
  const known = new Map<boolean, LibraryTokenizer>();
  const split = json.pre_tokenizer;
  const begins = split?.type === "Metaspace" && split["prepend_scheme"] === "first";
  return (text, isFirst) => {
    const asFirst = isFirst || !begins;
    const ordinary = json.added_tokens.filter(({ special }) => !special);
    const parts = asFirst ? json : { ...json, pre_tokenizer: { ...split!, prepend_scheme: "never" } };
    const plain = known.get(asFirst) ?? openLibrary({ ...parts, added_tokens: ordinary }, config, source);
    known.set(asFirst, plain);
    return plain.encode(text, { add_special_tokens: false }).ids;
  };
};

const sharedPrefix = (first: readonly number[], second: readonly number[]): number => {
  let length = 0;
  while (length < first.length && length < second.length && first[length] === second[length]) length++;
  return length;
};

type EncodedPiece = Piece & { readonly at: number; readonly ids: readonly number[] };

const placeOf = (
  mark: number,
  pieces: readonly EncodedPiece[],
  total: number,
  encode: EncodePiece,
): MarkPlace => {
  const piece = pieces.find(({ start, text }) => mark < start + text.length);
  if (!piece) return { first: total, past: total };
  if (mark <= piece.start) return { first: piece.at, past: piece.at };
  if (piece.id !== null) return { first: piece.at, past: piece.at + 1 };
  const before = encode(piece.text.slice(0, mark - piece.start), piece.start === 0);
  const shared = sharedPrefix(before, piece.ids);
  const straddled = shared < before.length ? 1 : 0;
  return { first: piece.at + shared, past: piece.at + shared + straddled };
};

/** The ids that the post-processor puts before and after a text. */
const surroundingsOf = (library: LibraryTokenizer): { before: number[]; after: number[] } => {
  const inside = "\u0000";
  const tokens = library.post_processor?.post_process([inside], null, true).tokens ?? [inside];
  const middle = tokens.indexOf(inside);
  const idsOf = (names: readonly string[]) =>
    names.map((name) => library.token_to_id(name)).filter((id) => id !== undefined);
  return { before: idsOf(tokens.slice(0, middle)), after: idsOf(tokens.slice(middle + 1)) };
};

type TextEncoding = Pick<Tokenizer, "encodeMarked"> & {
  encodeText(text: string, literal: readonly TextRange[]): number[];
};

const createTextEncoding = (
  library: LibraryTokenizer,
  split: Splitter,
  encodePiece: EncodePiece,
  isPlain: boolean,
  specialIds: ReadonlySet<number>,
): TextEncoding => {
  const encodePieces = (text: string, literal: readonly TextRange[]) => {
    const ids: number[] = [];
    const pieces = split(text, literal).map((piece): EncodedPiece => {
      const own = piece.id === null ? encodePiece(piece.text, piece.start === 0) : [piece.id];
      const encoded = { ...piece, at: ids.length, ids: own };
      for (const id of own) ids.push(id);
      return encoded;
    });
    return { ids, pieces };
  };
  const holdsSpecial = (text: string): boolean =>
    split(text, []).some(({ id }) => id !== null && specialIds.has(id));
  return {
    // Other tokenizers may look across control tokens (stripped spaces, prefixed first words), so a text in which
    // nothing must stay literal goes to the library whole.
    encodeText: (text, literal) =>
      isPlain || literal.some(([start, end]) => holdsSpecial(text.slice(start, end)))
        ? encodePieces(text, literal).ids
        : library.encode(text, { add_special_tokens: false }).ids,
    encodeMarked({ text, literal, marks }) {
      const { ids, pieces } = encodePieces(text, literal);
      return { ids, places: marks.map((mark) => placeOf(mark, pieces, ids.length, encodePiece)) };
    },
  };
};

const readConfig = ({ configJson, tokenMapJson }: TokenizerFiles, source: string): TokenizerConfig => {
  const place = { file: join(source, "tokenizer_config.json") };
  const config = checkValue(tokenizerConfigSchema, parseJson(configJson, place), place);
  if (tokenMapJson === undefined) return config;
  const mapPlace = { file: join(source, "special_tokens_map.json") };
  return withTokenMap(config, checkValue(tokenMapSchema, parseJson(tokenMapJson, mapPlace), mapPlace));
};

/**
 * Makes a tokenizer of its files' texts. `source` names the folder in errors. model: the tokens that the model's own
 * files name; they are taken where the tokenizer's are silent (GPT-2's are). Throws UserError for broken files.
 */
export const createTokenizer = (files: TokenizerFiles, source = "tokenizer", model?: NamedIds): Tokenizer => {
  const jsonPlace = { file: join(source, "tokenizer.json") };
  const json = checkValue(tokenizerSchema, parseJson(files.tokenizerJson, jsonPlace), jsonPlace);
  const config = readConfig(files, source);
  const library = openLibrary(json, config, jsonPlace.file);
  const isPlain = isPlainByteLevel(json, config);
  const encodePiece = isPlain
    ? createWordEncoder(library)
    : createLibraryEncoder(json, config, jsonPlace.file);
  const specialIds = new Set(json.added_tokens.filter(({ special }) => special).map(({ id }) => id));
  const encoding = createTextEncoding(library, createSplitter(json), encodePiece, isPlain, specialIds);
  const { before, after } = surroundingsOf(library);
  const idOf = (token: string): number | null => library.token_to_id(token) ?? null;
  const tokenOf = (id: number): string | null => library.id_to_token(id) ?? null;
  const idOfNamed = (token: Parameters<typeof contentOf>[0], silent: number | null = null): number | null => {
    if (token === undefined) return silent === null || tokenOf(silent) === null ? null : silent;
    const content = contentOf(token);
    return content === null ? null : idOf(content);
  };
  let largestId = -1;
  for (const id of library.get_vocab().values()) largestId = Math.max(largestId, id);
  return {
    vocabularySize: largestId + 1,
    special: {
      begin: idOfNamed(config.bos_token, model?.begin),
      end: idOfNamed(config.eos_token, model?.end),
      pad: idOfNamed(config.pad_token, model?.pad),
      unknown: idOfNamed(config.unk_token),
    },
    specialIds,
    addedIds: new Set(json.added_tokens.map(({ id }) => id)),
    files,
    encode(text, { specialTokens, parseSpecial = true }) {
      const ids = encoding.encodeText(text, parseSpecial ? [] : [[0, text.length]]);
      if (specialTokens === false) return ids;
      return [...before, ...ids, ...(specialTokens === "begin" ? [] : after)];
    },
    controlTokens: (text) => encoding.encodeText(text, []).filter((id) => specialIds.has(id)),
    encodeMarked: encoding.encodeMarked,
    ...createDecoding(library, json, config, isPlain),
    idOf,
    tokenOf,
  };
};
