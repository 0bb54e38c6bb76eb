// JSONL files: one JSON value a line, UTF-8. Lines are found by their bytes, because text splitters also break at
// characters that JSON allows inside a string (U+2028). Blank lines are passed over. Files may be gzipped.

import { createReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { z } from "zod";
import { UserError } from "./errors.ts";
import { fileError } from "./files.ts";
import { checkValue, describePlace, parseJson } from "./json.ts";

/**
 * One line of a file; ended: whether a line feed closes it (only the last one may lack it). offset: where it begins, in
 * bytes of the (unzipped) file.
 */
export type FileLine = {
  readonly line: number;
  readonly text: string;
  readonly ended: boolean;
  readonly offset: number;
};

const openBytes = (path: string): Readable => {
  const file = createReadStream(path);
  if (!path.endsWith(".gz")) return file;
  // The failure of either end reaches whoever reads the unzipped stream.
  return pipeline(file, createGunzip(), () => undefined);
};

const gzipError = (thrown: unknown, path: string): unknown => {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (!code.startsWith("Z_")) return fileError(thrown, "read", path);
  return new UserError(
    "file-not-gzip",
    `Cannot read ${path}: it is not a whole gzip file (${code}). Fetch it again, or rename it if it is not compressed.`,
    { path },
    thrown,
  );
};

/** The bytes of a file as a stream, unzipped where its name ends in .gz. Throws UserError when it cannot be read. */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of openBytes(path)) yield chunk as Buffer;
  } catch (thrown) {
    throw gzipError(thrown, path);
  }
}

/** The lines of a file (unzipped where its name ends in .gz) as a stream. Throws UserError when it cannot be read or a line is not UTF-8. */
export async function* readLines(path: string): AsyncGenerator<FileLine> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 0;
  let offset = 0;
  let held: Buffer[] = [];
  const take = (ended: boolean): FileLine => {
    line++;
    const bytes = held.length === 1 ? held[0]! : Buffer.concat(held);
    const begun = offset;
    offset += bytes.length + 1;
    held = [];
    try {
      return { line, text: decoder.decode(bytes), ended, offset: begun };
    } catch (cause) {
      const place = describePlace({ file: path, line });
      throw new UserError(
        "file-not-text",
        `${place}: not UTF-8 text. Save the file as UTF-8.`,
        { path, line },
        cause,
      );
    }
  };
  for await (const chunk of readBytes(path)) {
    let rest = chunk;
    for (let at = rest.indexOf(0x0a); at >= 0; at = rest.indexOf(0x0a)) {
      held.push(rest.subarray(0, at));
      rest = rest.subarray(at + 1);
      yield take(true);
    }
    if (rest.length > 0) held.push(rest);
  }
  if (held.length > 0) yield take(false);
}

/**
 * The values of a JSONL file with their line numbers. torn: what to do with a last line that no line feed closes:
 * "read" it (files that people made) or "drop" it (files that a killed process may have left). Throws UserError with
 * file, line and field.
 */
export async function* readJsonLines<Value>(
  path: string,
  schema: z.ZodType<Value>,
  torn: "read" | "drop" = "read",
): AsyncGenerator<{ readonly line: number; readonly value: Value }> {
  for await (const { line, text, ended } of readLines(path)) {
    if (!ended && torn === "drop") return;
    if (text.trim() === "") continue;
    const place = { file: path, line };
    yield { line, value: checkValue(schema, parseJson(text, place), place) };
  }
}

/** Values as JSONL text, each line closed by a line feed. */
export const formatJsonLines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("");
