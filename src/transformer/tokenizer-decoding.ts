// Token ids back to text. Two kinds of tokenizers take a way of their own, because the library decodes cut UTF-8 in
// another way than the original (and drops U+FEFF): byte-level BPE, and BPE over characters with a fallback to bytes, as
// SentencePiece's models are converted. All others go through the library.

import { z } from "zod";
import { CovenantError } from "../core/index.ts";
import { fromByteCharacters } from "./byte-level.ts";
import type { LibraryTokenizer, TokenizerConfig, TokenizerJson } from "./tokenizer-library.ts";

/** Ids to text, and the bytes of one, as Tokenizer says it. */
export type Decoding = {
  decode(ids: ArrayLike<number>, options: { readonly skipSpecial: boolean }): string;
  bytesOf(id: number): Uint8Array | null;
};

const utf8 = new TextEncoder();

const unknownId = (id: number): CovenantError =>
  new CovenantError("unknown-token-id", `Token id ${id} is not in the vocabulary.`, { id });

const createLibraryDecoding = (
  library: LibraryTokenizer,
  specialIds: ReadonlySet<number>,
  config: TokenizerConfig,
  bytesAsWritten: (id: number, token: string) => Uint8Array | null,
): Decoding => {
  const decode: Decoding["decode"] = (ids, { skipSpecial }) => {
    const kept = Array.from(ids).filter((id) => !skipSpecial || !specialIds.has(id));
    for (const id of kept) if (library.id_to_token(id) === undefined) throw unknownId(id);
    if (kept.length === 0) return "";
    return library.decode(kept, {
      skip_special_tokens: false,
      clean_up_tokenization_spaces: config.clean_up_tokenization_spaces ?? false,
    });
  };
  return {
    decode,
    bytesOf(id) {
      const token = library.id_to_token(id);
      if (token === undefined) return null;
      const bytes = bytesAsWritten(id, token);
      if (bytes !== null) return bytes;
      const text = decode([id], { skipSpecial: false });
      // what is no whole text is a part of a character, and how it was written is not known
      return text.includes("\ufffd") ? null : utf8.encode(text);
    },
  };
};

/** Byte-level decoding from a table of bytes per id. */
const createByteDecoding = (
  library: LibraryTokenizer,
  specialIds: ReadonlySet<number>,
  addedIds: ReadonlySet<number>,
): Decoding => {
  const table: (Uint8Array | undefined)[] = [];
  const text = new TextDecoder("utf-8", { ignoreBOM: true });
  const bytesOf = (id: number): Uint8Array => {
    const known = table[id];
    if (known) return known;
    const token = library.id_to_token(id);
    if (token === undefined) throw unknownId(id);
    const bytes = (addedIds.has(id) ? null : fromByteCharacters(token)) ?? utf8.encode(token);
    table[id] = bytes;
    return bytes;
  };
  return {
    decode(ids, { skipSpecial }) {
      const parts: Uint8Array[] = [];
      for (const id of Array.from(ids)) if (!skipSpecial || !specialIds.has(id)) parts.push(bytesOf(id));
      return text.decode(Buffer.concat(parts));
    },
    bytesOf: (id) => (library.id_to_token(id) === undefined ? null : bytesOf(id)),
  };
};

const fallbackSteps = [
  z.looseObject({
    type: z.literal("Replace"),
    pattern: z.object({ String: z.string().min(1) }),
    content: z.string(),
  }),
  z.looseObject({ type: z.literal("ByteFallback") }),
  z.looseObject({ type: z.literal("Fuse") }),
] as const;

const fallbackSchema = z.object({
  type: z.literal("Sequence"),
  decoders: z.union([
    z.tuple(fallbackSteps),
    z.tuple([
      ...fallbackSteps,
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

/** The byte that a token <0xNN> is; undefined for all others. */
const byteOf = (token: string): number | undefined => {
  const digits = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
};

/** Characters, with tokens <0xNN> as bytes. */
const createFallbackDecoding = (
  library: LibraryTokenizer,
  specialIds: ReadonlySet<number>,
  [replace, , , strip]: FallbackDecoders,
): Decoding => {
  const written = (token: string): string => token.replaceAll(replace.pattern.String, replace.content);
  const decode: Decoding["decode"] = (ids, { skipSpecial }) => {
    let text = "";
    let bytes: number[] = [];
    for (const id of Array.from(ids)) {
      if (skipSpecial && specialIds.has(id)) continue;
      const token = library.id_to_token(id);
      if (token === undefined) throw unknownId(id);
      const byte = byteOf(token);
      if (byte !== undefined) {
        bytes.push(byte);
        continue;
      }
      text += textOfBytes(bytes) + written(token);
      bytes = [];
    }
    text += textOfBytes(bytes);
    for (let left = strip?.start ?? 0; left > 0 && text.startsWith(strip!.content); left--)
      text = text.slice(1);
    return text;
  };
  return {
    decode,
    bytesOf(id) {
      const token = library.id_to_token(id);
      if (token === undefined) return null;
      const byte = byteOf(token);
      return byte === undefined ? utf8.encode(written(token)) : Uint8Array.of(byte);
    },
  };
};

/** How a tokenizer's ids become text. isByteLevel: plain byte-level BPE (isPlainByteLevel). */
export const createDecoding = (
  library: LibraryTokenizer,
  json: TokenizerJson,
  config: TokenizerConfig,
  isByteLevel: boolean,
): Decoding => {
  const specialIds = new Set(json.added_tokens.filter(({ special }) => special).map(({ id }) => id));
  const addedIds = new Set(json.added_tokens.map(({ id }) => id));
  if (config.clean_up_tokenization_spaces !== true) {
    if (isByteLevel && json.decoder?.type === "ByteLevel")
      return createByteDecoding(library, specialIds, addedIds);
    const fallback = fallbackSchema.safeParse(json.decoder);
    if (fallback.success) return createFallbackDecoding(library, specialIds, fallback.data.decoders);
  }
  const isOfBytes = json.decoder?.type === "ByteLevel";
  return createLibraryDecoding(library, specialIds, config, (id, token) =>
    isOfBytes && !addedIds.has(id) ? fromByteCharacters(token) : null,
  );
};
