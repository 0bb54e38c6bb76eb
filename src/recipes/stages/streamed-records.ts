// Records that stream from file to file, so that a stage of a million takes no more memory than one of a thousand. Such a
// stage asks no model and is quick: interrupted, it is made again from its beginning.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { formatJsonLines, openAppender, throwIfAborted } from "../../core/index.ts";
import type { StageContext } from "../../runs/index.ts";

const rowsAtOnce = 500;

/** Writes records to a file of the stage as they come. Resolves to their number. total: for the progress, where known. */
export const writeStream = async <Row>(
  stage: StageContext,
  file: string,
  rows: AsyncIterable<Row>,
  { total, unit }: { readonly total: number; readonly unit: string },
): Promise<number> => {
  const path = join(stage.folder, file);
  await rm(path, { force: true });
  const appender = await openAppender(path);
  let held: Row[] = [];
  let written = 0;
  const flush = (): void => {
    appender.appendNow(formatJsonLines(held));
    written += held.length;
    held = [];
    stage.progress(written, Math.max(total, written), unit);
  };
  try {
    for await (const row of rows) {
      held.push(row);
      if (held.length < rowsAtOnce) continue;
      throwIfAborted(stage.signal);
      flush();
    }
    flush();
    await appender.append("");
  } finally {
    appender.close();
  }
  return written;
};
