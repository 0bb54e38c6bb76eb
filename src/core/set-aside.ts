// Texts set aside in a file and read again one by one, in any order: of each only its place is in memory (8 bytes), so
// that what has to be shuffled, or drawn from, need not be. The file is the process's own and goes when it is closed.

import { closeSync, openSync, readSync } from "node:fs";
import { rm } from "node:fs/promises";
import { type DiskWriter, openAppender } from "./files.ts";

/** What usual lines are read into, again and again: a buffer for each would be garbage outside of the heap. */
const usual = Buffer.alloc(1 << 14);

/** The line of an open file that begins at a place, without its line feed; "" where no line feed closes it. */
export const readLineAt = (descriptor: number, offset: number): string => {
  for (let bytes = usual; ; bytes = Buffer.alloc(4 * bytes.length)) {
    const read = readSync(descriptor, bytes, 0, bytes.length, offset);
    const end = bytes.subarray(0, read).indexOf(0x0a);
    if (end >= 0) return bytes.toString("utf8", 0, end);
    if (read < bytes.length) return "";
  }
};

/** Values that are set aside as JSON. at: the value that was put as the n-th, counted from 0. */
export type SetAside<Value> = {
  readonly count: number;
  put(value: Value): void;
  at(index: number): Value;
  close(): Promise<void>;
};

/** Characters that are gathered before they go to the file. */
const gathered = 1 << 16;

/** Begins to set values aside in a file, which is made anew. Throws UserError when it cannot be written. */
export const openSetAside = async <Value>(path: string, disk?: DiskWriter): Promise<SetAside<Value>> => {
  await rm(path, { force: true });
  const appender = await openAppender(path, disk);
  const descriptor = openSync(path, "r");
  let places = new Float64Array(1024);
  let count = 0;
  let end = 0;
  let held = "";
  const flush = (): void => {
    appender.appendNow(held);
    held = "";
  };
  return {
    get count() {
      return count;
    },
    put(value) {
      const line = `${JSON.stringify(value)}\n`;
      if (count === places.length) {
        const grown = new Float64Array(2 * count);
        grown.set(places);
        places = grown;
      }
      places[count++] = end;
      end += Buffer.byteLength(line);
      held += line;
      if (held.length >= gathered) flush();
    },
    at(index) {
      if (!(index >= 0 && index < count)) throw new RangeError(`set aside: ${index} of ${count}`);
      if (held !== "") flush();
      return JSON.parse(readLineAt(descriptor, places[index]!)) as Value;
    },
    async close() {
      appender.close();
      closeSync(descriptor);
      await rm(path, { force: true });
    },
  };
};
