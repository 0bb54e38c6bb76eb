// Byte-level text as GPT-2 writes it (Radford et al. 2019, 2.2): text is cut into words by one pattern, and every byte
// of a word's UTF-8 stands as one printable character. White space is Unicode's, as in Hugging Face's tokenizers
// (JavaScript's \s differs from it in U+0085 and U+FEFF). Knows no vocabulary.

/** Cuts text into words; every character belongs to exactly one. Use with String.match or matchAll. */
export const wordPattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const printable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

const charactersOfBytes = (): string[] => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
};

/** byteCharacters[b]: the character that stands for byte b. */
export const byteCharacters: readonly string[] = charactersOfBytes();

const bytesOfCharacters: ReadonlyMap<string, number> = new Map(
  byteCharacters.map((character, byte) => [character, byte]),
);

const encoder = new TextEncoder();

/** The byte characters of a text's UTF-8. */
export const toByteCharacters = (text: string): string => {
  let written = "";
  for (const byte of encoder.encode(text)) written += byteCharacters[byte];
  return written;
};

/** The bytes that byte characters stand for, or null when a character stands for none. */
export const fromByteCharacters = (written: string): Uint8Array | null => {
  const bytes = new Uint8Array(written.length);
  for (let index = 0; index < written.length; index++) {
    const byte = bytesOfCharacters.get(written[index] as string);
    if (byte === undefined) return null;
    bytes[index] = byte;
  }
  return bytes;
};
