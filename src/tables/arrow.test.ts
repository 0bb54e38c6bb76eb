// Rows of Arrow files, as the Python library datasets saved them (tools/parity/make_arrow.py).

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { readRows } from "./index.ts";

const saved = (path: string): string =>
  fileURLToPath(new URL(`../../test/golden/arrow/${path}`, import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-arrow-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rowsOf = async (file: string) => {
  const rows: { at: number | undefined; value: unknown }[] = [];
  for await (const { place, value } of readRows(file)) rows.push({ at: place.row, value });
  return rows;
};

it("are what was saved, with their places: texts of any signs, numbers, nothing, lists and objects", async () => {
  expect(await rowsOf(saved("pairs/data-00000-of-00001.arrow"))).toEqual([
    {
      at: 1,
      value: {
        ...{ prompt: "How do I plant a tree?", chosen: "Dig a hole.", rejected: "No." },
        ...{ probability: 0.75, votes: 3, note: null },
      },
    },
    {
      at: 2,
      value: {
        ...{ prompt: "Zweite ✓\nZeile 🌳", chosen: "Ja.", rejected: "Nein." },
        ...{ probability: 1, votes: 2 ** 53 - 1, note: null },
      },
    },
  ]);
  const [first, second] = await rowsOf(saved("splits/train/data-00000-of-00001.arrow"));
  const turns = (user: string, assistant: string) => [
    { role: "user", content: user },
    { role: "assistant", content: assistant },
  ];
  expect(first!.value).toEqual({ messages: turns("Hi", "Hello."), tags: ["a", "b"], labels: [1, 0] });
  expect(second!.value).toEqual({ messages: turns("Bye", "Bye."), tags: [], labels: [] });
});

it("of a stream with a hole where a message begins are refused, and not taken for fewer rows", async () => {
  const whole = readFileSync(saved("pairs/data-00000-of-00001.arrow"));
  const codes: (string | undefined)[] = [];
  for (let at = 0; at < whole.length; at += 8) {
    if (whole.readUInt32LE(at) !== 0xffffffff) continue;
    const file = join(folder, `hole-${at}.arrow`);
    writeFileSync(file, Buffer.from(whole).fill(0, at + 4, at + 8));
    const found: unknown = await rowsOf(file).catch((thrown: unknown) => thrown);
    const { code } = found as { readonly code?: string };
    codes.push(code);
    // a number may begin as a message does, and the end's own length is 0 in any case
    if (code === undefined) expect(found, String(at)).toHaveLength(2);
  }
  expect(codes.filter((code) => code === "arrow-malformed").length).toBeGreaterThanOrEqual(2);
});

it("of a file that was cut anywhere, or is something else, are refused with its name", async () => {
  const whole = readFileSync(saved("pairs/data-00000-of-00001.arrow"));
  // also where one batch is whole and the end is missing
  for (const length of [0, 5, 200, whole.length - 8, whole.length - 1]) {
    const file = join(folder, `cut-${length}.arrow`);
    writeFileSync(file, whole.subarray(0, length));
    const error: unknown = await rowsOf(file).catch((thrown: unknown) => thrown);
    expect(error, String(length)).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(/cut-\d+\.arrow: cannot be read as Arrow .*to_json/);
  }
});
