// Token ids back to text. Two kinds of tokenizers take a way of their own, because the library decodes cut UTF-8 in
// another way than the original (and drops U+FEFF): byte-level BPE, and BPE over characters with a fallback to bytes, as
// SentencePiece's models are converted. All others go through the library.

import { z } from "zod";
import { CovenantError } from "../core/index.ts";
import { fromByteCharacters } from "./byte-level.ts";
import type { LibraryTokenizer, TokenizerConfig, TokenizerJson } from "./tokenizer-library.ts";

/** Ids to text, as Tokenizer.decode says it. */
export type Decode = (ids: ArrayLike<number>, options: { readonly skipSpecial: boolean }) => string;

const unknownId = (id: number): CovenantError =>
  new CovenantError("unknown-token-id", `Token id ${id} is not in the vocabulary.`, { id });

const createLibraryDecode = (
  library: LibraryTokenizer,
  specialIds: ReadonlySet<number>,
  config: TokenizerConfig,
): Decode => {
  return (ids, { skipSpecial }) => {
    const kept = Array.from(ids).filter((id) => !skipSpecial || !specialIds.has(id));
    for (const id of kept) if (library.id_to_token(id) === undefined) throw unknownId(id);
    if (kept.length === 0) return "";
    return library.decode(kept, {
      skip_special_tokens: false,
      clean_up_tokenization_spaces: config.clean_up_tokenization_spaces ?? false,
    });
  };
};

/** Byte-level decoding from a table of bytes per id. */
const createByteDecode = (
  library: LibraryTokenizer,
  specialIds: ReadonlySet<number>,
  addedIds: ReadonlySet<number>,
): Decode => {
  const table: (Uint8Array | undefined)[] = [];
  const text = new TextDecoder("utf-8", { ignoreBOM: true });
  const bytesOf = (id: number): Uint8Array => {
    const known = table[id];
    if (known) return known;
    const token = library.id_to_token(id);
    if (token === undefined) throw unknownId(id);
    const bytes = (addedIds.has(id) ? null : fromByteCharacters(token)) ?? new TextEncoder().encode(token);
    table[id] = bytes;
    return bytes;
  };
  return (ids, { skipSpecial }) => {
    const parts: Uint8Array[] = [];
    for (const id of Array.from(ids)) if (!skipSpecial || !specialIds.has(id)) parts.push(bytesOf(id));
    return text.decode(Buffer.concat(parts));
  };
};

const fallbackSchema = z.object({
  type: z.literal("Sequence"),
  decoders: z.union([
    z.tuple([
      z.looseObject({
        type: z.literal("Replace"),
        pattern: z.object({ String: z.string().min(1) }),
        content: z.string(),
      }),
      z.looseObject({ type: z.literal("ByteFallback") }),
      z.looseObject({ type: z.literal("Fuse") }),
    ]),
    z.tuple([
      z.looseObject({
        type: z.literal("Replace"),
        pattern: z.object({ String: z.string().min(1) }),
        content: z.string(),
      }),
      z.looseObject({ type: z.literal("ByteFallback") }),
      z.looseObject({ type: z.literal("Fuse") }),
      z.looseObject({
        type: z.literal("Strip"),
        content: z.string().length(1),
        start: z.number().int().nonnegative(),
        stop: z.literal(0),
      }),
    ]),
  ]),
});
type FallbackDecoders = z.output<typeof fallbackSchema>["decoders"];

/** The text of bytes; where they are no UTF-8, U+FFFD for each of them, as Hugging Face's tokenizers have it. */
const textOfBytes = (bytes: readonly number[]): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return "\ufffd".repeat(bytes.length);
  }
};

/** Characters, with tokens <0xNN> as bytes. */
const createFallbackDecode = (
  library: LibraryTokenizer,
  specialIds: ReadonlySet<number>,
  [replace, , , strip]: FallbackDecoders,
): Decode => {
  return (ids, { skipSpecial }) => {
    let text = "";
    let bytes: number[] = [];
    for (const id of Array.from(ids)) {
      if (skipSpecial && specialIds.has(id)) continue;
      const token = library.id_to_token(id);
      if (token === undefined) throw unknownId(id);
      const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
      if (byte !== undefined) {
        bytes.push(Number.parseInt(byte, 16));
        continue;
      }
      text += textOfBytes(bytes) + token.replaceAll(replace.pattern.String, replace.content);
      bytes = [];
    }
    text += textOfBytes(bytes);
    for (let left = strip?.start ?? 0; left > 0 && text.startsWith(strip!.content); left--)
      text = text.slice(1);
    return text;
  };
};

/** How a tokenizer's ids become text. isByteLevel: plain byte-level BPE (isPlainByteLevel). */
export const createDecode = (
  library: LibraryTokenizer,
  json: TokenizerJson,
  config: TokenizerConfig,
  isByteLevel: boolean,
): Decode => {
  const specialIds = new Set(json.added_tokens.filter(({ special }) => special).map(({ id }) => id));
  const addedIds = new Set(json.added_tokens.map(({ id }) => id));
  if (config.clean_up_tokenization_spaces !== true) {
    if (isByteLevel && json.decoder?.type === "ByteLevel")
      return createByteDecode(library, specialIds, addedIds);
    const fallback = fallbackSchema.safeParse(json.decoder);
    if (fallback.success) return createFallbackDecode(library, specialIds, fallback.data.decoders);
  }
  return createLibraryDecode(library, specialIds, config);
};
