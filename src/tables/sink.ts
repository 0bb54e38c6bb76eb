// Where a table's bytes go: a file beside the one that is asked for, packed where the name ends in .gz, and renamed when
// all of it is there, so that a file under the asked name is whole. Knows nothing of rows.

import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { finished, pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { fileError, makeFolder } from "../core/index.ts";

/** A file that is being written. finish: it is whole, under its name, of so many bytes; discard: it never was. */
export type Sink = {
  write(part: string | Uint8Array): Promise<void>;
  finish(): Promise<number>;
  discard(): Promise<void>;
};

/** Opens a file to write from its beginning to its end. Throws UserError, here and in all it does. */
export const openSink = async (path: string): Promise<Sink> => {
  const folder = dirname(path);
  const unfinished = join(folder, `.covenant-${basename(path)}-${randomBytes(6).toString("hex")}.tmp`);
  await makeFolder(folder);
  const file = createWriteStream(unfinished, { flags: "wx", flush: true });
  const packer = path.endsWith(".gz") ? createGzip() : null;
  const entry = packer ?? file;
  let failure: unknown;
  const done = (packer === null ? finished(file) : pipeline(packer, file)).catch((thrown: unknown) => {
    failure = thrown;
  });
  const discard = async (): Promise<void> => {
    entry.destroy();
    await done;
    await rm(unfinished, { force: true });
  };
  const fail = async (thrown: unknown): Promise<never> => {
    await discard();
    throw fileError(failure ?? thrown, "write", path);
  };
  return {
    write: (part) =>
      new Promise<void>((resolve, reject) => {
        entry.write(part, (thrown) => (thrown ? reject(thrown) : resolve()));
      }).catch(fail),
    async finish() {
      entry.end();
      await done;
      if (failure !== undefined) return fail(failure);
      try {
        await rename(unfinished, path);
        return (await stat(path)).size;
      } catch (thrown) {
        return fail(thrown);
      }
    },
    discard,
  };
};
