// SHA-256 of texts, files and JSON values, as hexadecimal. Files are read in pieces, JSON in its canonical form,
// so that equal values have equal hashes. Knows nothing of what the hashes are for.

import { createHash, hash as hashOnce } from "node:crypto";
import { createReadStream } from "node:fs";
import { fileError } from "./files.ts";
import { canonicalJson } from "./json.ts";

/** SHA-256 of a text's UTF-8 bytes, in hexadecimal. */
export const sha256Text = (text: string): string => hashOnce("sha256", text, "hex");

/** SHA-256 of a JSON value that does not depend on the order of keys; keys whose value is undefined do not count. */
export const hashJson = (value: unknown): string => sha256Text(canonicalJson(value));

/** SHA-256 of JSON values one after the other: equal streams have equal hashes, and none of it is kept. */
export const hashEach = async (values: AsyncIterable<unknown>): Promise<string> => {
  const hash = createHash("sha256");
  for await (const value of values) hash.update(`${canonicalJson(value)}\n`);
  return hash.digest("hex");
};

/** Hash, size and number of line feeds of a file, read as a stream. Throws UserError when it cannot be read. */
export const sha256File = async (path: string): Promise<{ sha256: string; bytes: number; lines: number }> => {
  const hash = createHash("sha256");
  let bytes = 0;
  let lines = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      const part = chunk as Buffer;
      hash.update(part);
      bytes += part.length;
      for (let at = part.indexOf(0x0a); at >= 0; at = part.indexOf(0x0a, at + 1)) lines++;
    }
  } catch (thrown) {
    throw fileError(thrown, "read", path);
  }
  return { sha256: hash.digest("hex"), bytes, lines };
};
