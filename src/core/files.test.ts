// Files as a crash leaves them: whole or not there, torn last lines, full disks; and what errors say of a path.
// Works in temporary folders.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type DiskWriter,
  dropTornLine,
  formatJsonLines,
  hashJson,
  makeFolder,
  openAppender,
  readJsonLines,
  readText,
  sha256File,
  sha256Text,
  systemDisk,
  UserError,
  writeFileAtomic,
} from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "covenant-core-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A disk with room for so many bytes, which takes what still fits before it refuses. */
const diskWith = (room: number): DiskWriter => {
  let left = room;
  return {
    ...systemDisk,
    write(descriptor, bytes) {
      if (left === 0) throw Object.assign(new Error("full"), { code: "ENOSPC" });
      const taken = Math.min(left, bytes.length);
      left -= taken;
      return systemDisk.write(descriptor, bytes.subarray(0, taken));
    },
  };
};

describe("makeFolder", () => {
  it("makes what is missing, one after the other, and nothing that is there", async () => {
    const made: string[] = [];
    const target = join(folder, "a/b/c");
    const make = (): Promise<void> =>
      makeFolder(target, async (place) => {
        made.push(place);
        mkdirSync(place);
      });
    await make();
    expect(made).toEqual([join(folder, "a"), join(folder, "a/b"), target]);
    await make();
    expect(made).toHaveLength(3);
  });

  it("passes over what another process makes at the same moment", async () => {
    const target = join(folder, "a/b");
    await makeFolder(target, async (place) => {
      mkdirSync(place);
      throw Object.assign(new Error("there"), { code: "EEXIST" });
    });
    expect(existsSync(target)).toBe(true);
    const many = Array.from({ length: 8 }, () => makeFolder(join(folder, "x/y/z")));
    await Promise.all(many);
    expect(existsSync(join(folder, "x/y/z"))).toBe(true);
  });

  it("gives up where a folder that is there says that it is not", async () => {
    const refused: string[] = [];
    const failed = makeFolder(join(folder, "a/b"), async (place) => {
      refused.push(place);
      throw Object.assign(new Error("no"), { code: "ENOENT" });
    });
    const message = `Cannot write ${join(folder, "a/b")}: no folder can be made in ${folder}. Choose another path.`;
    await expect(failed).rejects.toMatchObject({ code: "file-forbidden", message });
    expect(refused).toEqual([join(folder, "a")]);
  });

  it("says what is in the way", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(makeFolder(join(folder, "file"))).rejects.toMatchObject({ code: "file-in-the-way" });
    await expect(makeFolder(join(folder, "file/inside"))).rejects.toBeInstanceOf(UserError);
  });

  it("returns in /proc, which takes no folders", async ({ skip }) => {
    if (!existsSync("/proc/self")) skip("this machine has no /proc");
    await expect(makeFolder("/proc/covenant-test/a")).rejects.toMatchObject({ code: "file-forbidden" });
  });
});

describe("writeFileAtomic", () => {
  it("makes folders and replaces the whole file", async () => {
    const path = join(folder, "a/b/c.txt");
    await writeFileAtomic(path, "first and long");
    await writeFileAtomic(path, "second");
    expect(readFileSync(path, "utf8")).toBe("second");
    await writeFileAtomic(path, new Uint8Array([0, 255]));
    expect([...readFileSync(path)]).toEqual([0, 255]);
    expect(readdirSync(join(folder, "a/b"))).toEqual(["c.txt"]);
  });

  it("leaves the old file when the disk is full, whenever that is", async () => {
    const path = join(folder, "a.txt");
    await writeFileAtomic(path, "old");
    for (let room = 0; room < 10; room++) {
      const failed = writeFileAtomic(path, "0123456789", diskWith(room));
      await expect(failed).rejects.toMatchObject({ code: "disk-full", facts: { path } });
      expect(readdirSync(folder)).toEqual(["a.txt"]);
      expect(readFileSync(path, "utf8")).toBe("old");
    }
  });

  it("says what is in the way", async () => {
    writeFileSync(join(folder, "file"), "");
    const failed = writeFileAtomic(join(folder, "file", "inside.txt"), "x");
    await expect(failed).rejects.toBeInstanceOf(UserError);
  });
});

describe("an appender", () => {
  it("keeps whole chunks and takes back the one the disk refused", async () => {
    const path = join(folder, "rows.jsonl");
    for (const room of [0, 1, 7, 8, 12, 15]) {
      await rm(path, { force: true });
      const appender = await openAppender(path, diskWith(room));
      let written = "";
      for (const chunk of ["aaa\nbbb\n", "ccc\nddd\n"]) {
        const done = await appender.append(chunk).then(
          () => true,
          (thrown: unknown) => {
            expect(thrown).toMatchObject({ code: "disk-full" });
            return false;
          },
        );
        if (done) written += chunk;
        else break;
      }
      appender.close();
      expect(readFileSync(path, "utf8")).toBe(written);
      expect(written).toHaveLength(room >= 8 ? 8 : 0);
    }
  });

  it("goes on where the file ends and refuses to write when closed", async () => {
    const path = join(folder, "new/rows.jsonl");
    for (const text of ["a\n", "b\n"]) {
      const appender = await openAppender(path);
      await appender.append(text);
      appender.close();
      appender.close();
      expect(() => appender.appendNow("late\n")).toThrow(/closed/);
    }
    expect(readFileSync(path, "utf8")).toBe("a\nb\n");
  });

  it("turns the system's own full device into a message", async ({ skip }) => {
    if (!existsSync("/dev/full")) skip();
    const appender = await openAppender("/dev/full");
    await expect(appender.append("x\n")).rejects.toThrow(
      /Cannot write \/dev\/full: no space is left on the disk/,
    );
    appender.close();
  });
});

describe("reading", () => {
  it("says which file is missing, is a folder or is no text", async () => {
    const path = join(folder, "gone.txt");
    await expect(readText(path)).rejects.toMatchObject({
      code: "file-missing",
      message: expect.stringContaining(path),
    });
    await expect(readText(folder)).rejects.toMatchObject({ code: "file-is-folder" });
    writeFileSync(path, new Uint8Array([0x61, 0xff]));
    await expect(readText(path)).rejects.toMatchObject({ code: "file-not-text" });
    writeFileSync(path, "\ufeffwith a mark");
    expect(await readText(path)).toBe("with a mark");
  });

  it("hashes files as it hashes their bytes", async () => {
    const path = join(folder, "data");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
        writeFileSync(path, bytes);
        const lines = bytes.filter((byte) => byte === 10).length;
        const sha256 = createHash("sha256").update(bytes).digest("hex");
        expect(await sha256File(path)).toEqual({ sha256, bytes: bytes.length, lines });
      }),
      { numRuns: 30 },
    );
    expect(sha256Text("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(hashJson({ a: 1, b: [2] })).toBe(hashJson({ b: [2], c: undefined, a: 1 }));
    expect(hashJson({ a: 1 })).not.toBe(hashJson({ a: "1" }));
  });
});

const readAll = async (path: string, torn?: "read" | "drop"): Promise<unknown[]> => {
  const values: unknown[] = [];
  for await (const { value } of readJsonLines(path, z.unknown(), torn)) values.push(value);
  return values;
};

describe("JSONL files", () => {
  it("give back any values that were written, whatever characters are in them", async () => {
    const path = join(folder, "values.jsonl");
    const values = fc.array(
      fc.oneof(fc.jsonValue(), fc.string({ unit: "binary" }), fc.constant("a\u2028b\r\n")),
    );
    await fc.assert(
      fc.asyncProperty(values, async (written) => {
        const wanted = JSON.parse(JSON.stringify(written)) as unknown[];
        writeFileSync(path, formatJsonLines(wanted));
        expect(await readAll(path)).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });

  it("cut anywhere keep exactly the whole lines", async () => {
    const path = join(folder, "values.jsonl");
    const whole = Buffer.from(formatJsonLines([{ a: "é" }, { b: 2 }, 3]));
    for (let bytes = 0; bytes <= whole.length; bytes++) {
      writeFileSync(path, whole.subarray(0, bytes));
      const lines = whole.subarray(0, bytes).filter((byte) => byte === 10).length;
      const untouched = await readAll(path, "drop").catch((error: UserError) => error.code);
      // A character cut in two is no text, which is said only of lines that count.
      if (untouched !== "file-not-text") expect(untouched).toHaveLength(lines);
      const cut = await dropTornLine(path);
      expect(readFileSync(path)).toHaveLength(bytes - cut);
      expect(await readAll(path)).toHaveLength(lines);
    }
  });

  it("of people may lack the last line feed, hold blank lines and Windows line ends", async () => {
    const path = join(folder, "values.jsonl");
    writeFileSync(path, '\ufeff{"a":1}\r\n\r\n{"a":2}');
    expect(await readAll(path)).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await readAll(path, "drop")).toEqual([{ a: 1 }]);
  });

  it("name file, line and field of what is wrong", async () => {
    const path = join(folder, "values.jsonl");
    const read = async (text: string): Promise<string> => {
      writeFileSync(path, text);
      try {
        for await (const _ of readJsonLines(path, z.object({ a: z.number() })));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(UserError);
        return (thrown as UserError).message;
      }
      return "";
    };
    expect(await read('{"a":1}\n\n{"a":"x"}\n')).toBe(`${path}, line 3: a: got "x", expected a number`);
    expect(await read('{"a":1}\n{"a":\n')).toContain(`${path}, line 2: not valid JSON`);
    expect(await read('{"a":1}\n{}\n')).toContain("line 2: a: got nothing, expected a number");
  });
});
