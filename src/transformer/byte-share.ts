// How well a vocabulary knows a text: how many of its letters' tokens stand for one byte alone. Words that a
// vocabulary has never met fall apart into bytes, and a model has learned little about those. Knows no threshold.

import type { Tokenizer } from "./tokenizer.ts";

/** Whether bytes hold a letter of the Latin alphabet, or (a part of) a character beyond ASCII. */
const holdLetter = (bytes: Uint8Array): boolean =>
  bytes.some((byte) => byte >= 0x80 || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a));

/**
 * Tokens that hold letters, and those of them that stand for a single byte. Control tokens, digits, marks and spaces do
 * not count, nor do tokens whose bytes are not known.
 */
export const countSingleBytes = (
  tokenizer: Pick<Tokenizer, "bytesOf" | "specialIds">,
  texts: Iterable<readonly number[]>,
): { readonly letters: number; readonly single: number } => {
  const kinds = new Map<number, "single" | "longer" | "other">();
  const kindOf = (id: number): "single" | "longer" | "other" => {
    const bytes = tokenizer.specialIds.has(id) ? null : tokenizer.bytesOf(id);
    if (bytes === null || !holdLetter(bytes)) return "other";
    return bytes.length === 1 ? "single" : "longer";
  };
  const counts = { single: 0, longer: 0, other: 0 };
  for (const ids of texts)
    for (const id of ids) {
      const kind = kinds.get(id) ?? kindOf(id);
      kinds.set(id, kind);
      counts[kind]++;
    }
  return { letters: counts.single + counts.longer, single: counts.single };
};
