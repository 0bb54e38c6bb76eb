// Rows of Parquet files by hyparquet, one row group in memory at a time, with the compressions that data sets come in.
// What a value means is not known here.

import { open } from "node:fs/promises";
import { describePlace, fileError, messageOf, readBytes, UserError } from "../core/index.ts";
import { plain } from "./plain.ts";
import type { TableRow } from "./row.ts";

type Source = { readonly byteLength: number; slice(start: number, end?: number): Promise<ArrayBuffer> };

const copyOf = (bytes: Uint8Array): ArrayBuffer => {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
};

/** A file to read parts of. One in gzip has no parts: it is unpacked as a whole. */
const openSource = async (file: string): Promise<Source & AsyncDisposable> => {
  if (/\.gz$/i.test(file)) {
    const parts: Buffer[] = [];
    for await (const part of readBytes(file)) parts.push(part);
    const whole = Buffer.concat(parts);
    return {
      byteLength: whole.length,
      slice: async (start, end) => copyOf(whole.subarray(start, end)),
      [Symbol.asyncDispose]: async () => {},
    };
  }
  try {
    const handle = await open(file);
    const { size } = await handle.stat();
    return {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(new ArrayBuffer(end - start));
        let done = 0;
        while (done < bytes.length) {
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
          if (bytesRead === 0) throw new Error(`the file ends ${bytes.length - done} bytes too early`);
          done += bytesRead;
        }
        return bytes.buffer;
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (thrown) {
    throw fileError(thrown, "read", file);
  }
};

/** The rows of a Parquet file, counted from 1. Throws UserError for one that cannot be read. */
export async function* readParquet(file: string): AsyncGenerator<TableRow> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const refuse = (thrown: unknown, row?: number): UserError => {
    const place = row === undefined ? { file } : { file, row };
    return new UserError(
      "parquet-malformed",
      `${describePlace(place)}: cannot be read as Parquet (${messageOf(thrown)}). Fetch the file again, or save it with another compression.`,
      { ...place },
      thrown,
    );
  };
  await using source = await openSource(file);
  const metadata = await parquetMetadataAsync(source).catch((thrown: unknown) => {
    throw refuse(thrown);
  });
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const options = { file: source, metadata, compressors, rowStart, rowEnd };
    const rows = await parquetReadObjects(options).catch((thrown: unknown) => {
      throw refuse(thrown, rowStart + 1);
    });
    for (const [at, row] of rows.entries()) {
      yield { place: { file, row: rowStart + at + 1 }, value: plain(row) };
    }
    rowStart = rowEnd;
  }
}
