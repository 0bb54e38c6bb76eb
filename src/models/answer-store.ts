// Answers kept on disk by their keys, found again after any end: JSONL files that only grow, one for each process that
// wrote, so that several may share a folder and a torn last line (a killed process) costs that one answer. In memory
// lies 16 bytes for each answer, whatever its length. Knows no models.

import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Appender, fileError, openAppender, readLineAt, readLines } from "../core/index.ts";

const pattern = /^answers-[0-9a-f]+\.jsonl$/;
/** How every line begins; the key follows, 64 signs long. */
const lead = '{"key":"';
const keyLength = 64;

/** A growing table from the first bits of keys to places in files: open addressing, two thirds full at most. */
const createIndex = () => {
  let slots = 1024;
  let count = 0;
  // [0] bits of the key, [1] file, [2] and [3] place in it; a file of 0 marks a free slot.
  let table = new Uint32Array(slots * 4);
  const put = (bits: number, file: number, low: number, high: number): void => {
    let slot = bits % slots;
    while (table[slot * 4 + 1] !== 0) slot = (slot + 1) % slots;
    table.set([bits, file, low, high], slot * 4);
  };
  const grow = (): void => {
    const old = table;
    slots *= 2;
    table = new Uint32Array(slots * 4);
    for (let at = 0; at < old.length; at += 4)
      if (old[at + 1] !== 0) put(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!);
  };
  return {
    size: () => count,
    add(key: string, file: number, offset: number): void {
      if ((count + 1) * 3 > slots * 2) grow();
      put(Number.parseInt(key.slice(0, 8), 16), file + 1, offset % 2 ** 32, Math.floor(offset / 2 ** 32));
      count++;
    },
    /** All places at which the key may lie. */
    *places(key: string): Generator<{ readonly file: number; readonly offset: number }> {
      const bits = Number.parseInt(key.slice(0, 8), 16);
      for (let slot = bits % slots; table[slot * 4 + 1] !== 0; slot = (slot + 1) % slots) {
        const at = slot * 4;
        if (table[at] === bits)
          yield { file: table[at + 1]! - 1, offset: table[at + 2]! + table[at + 3]! * 2 ** 32 };
      }
    },
  };
};

/** Answers by key. get: the JSON value that was put; undefined where there is none. */
export type AnswerStore = {
  get(key: string): unknown;
  /** Keeps an answer; it is there for the next process, too, whatever becomes of this one. */
  put(key: string, answer: unknown): void;
  readonly size: () => number;
  close(): Promise<void>;
};

/** Opens a folder of answers, making it where there is none. Throws UserError when it cannot be read or written. */
export const openAnswerStore = async (folder: string): Promise<AnswerStore> => {
  const index = createIndex();
  const descriptors: number[] = [];
  const names = await readdir(folder).catch((thrown: unknown) => {
    const failure = fileError(thrown, "read", folder);
    if (failure instanceof Error && "code" in failure && failure.code === "file-missing") return [];
    throw failure;
  });
  for (const name of names.filter((one) => pattern.test(one)).sort()) {
    const file = descriptors.push(openSync(join(folder, name), "r")) - 1;
    for await (const { text, ended, offset } of readLines(join(folder, name)))
      if (ended && text.startsWith(lead))
        index.add(text.slice(lead.length, lead.length + keyLength), file, offset);
  }
  const own = join(folder, `answers-${randomBytes(6).toString("hex")}.jsonl`);
  const appender: Appender = await openAppender(own);
  let ownFile = -1;
  let written = 0;
  const find = (key: string): string | undefined => {
    for (const { file, offset } of index.places(key)) {
      const line = readLineAt(descriptors[file]!, offset);
      if (line.startsWith(`${lead}${key}"`)) return line;
    }
    return undefined;
  };
  return {
    get(key) {
      const line = find(key);
      return line === undefined ? undefined : (JSON.parse(line) as { answer: unknown }).answer;
    },
    put(key, answer) {
      const line = `${JSON.stringify({ key, answer })}\n`;
      appender.appendNow(line);
      if (ownFile < 0) ownFile = descriptors.push(openSync(own, "r")) - 1;
      index.add(key, ownFile, written);
      written += Buffer.byteLength(line);
    },
    size: index.size,
    async close() {
      appender.close();
      for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
      if (written === 0) await rm(own, { force: true });
    },
  };
};
