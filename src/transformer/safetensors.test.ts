// Safetensors: bytes as the format's own library writes them, every way in which a file can lie about itself, and round
// trips.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { toBfloat16Bits, toFloat16Bits } from "./number-formats.ts";
import type { Weights } from "./parameters.ts";
import { openSafetensors, readSafetensors, writeSafetensors } from "./safetensors.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "covenant-safetensors-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file made by hand: header text as given, then the data. */
const handMade = async (
  header: string,
  data: Uint8Array,
  claimed = Buffer.byteLength(header),
): Promise<string> => {
  const path = join(folder, "hand-made.safetensors");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(claimed));
  await writeFile(path, Buffer.concat([length, Buffer.from(header), data]));
  return path;
};

describe("reading", () => {
  it("reads a file made by hand: float32, float16, bfloat16, a scalar and metadata", async () => {
    const header = JSON.stringify({
      __metadata__: { format: "pt", note: "by hand" },
      b: { dtype: "F16", shape: [2], data_offsets: [8, 12] },
      a: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] },
      c: { dtype: "BF16", shape: [], data_offsets: [12, 14] },
    });
    const data = Buffer.from("0000803f000000c0003c01000042".padEnd(28, "0"), "hex");
    const path = await handMade(header, data);
    await using file = await openSafetensors(path);
    expect(file.metadata).toEqual({ format: "pt", note: "by hand" });
    expect(await file.read("a")).toEqual({ shape: [2, 1], data: Float32Array.of(1, -2) });
    expect(await file.read("b")).toEqual({ shape: [2], data: Float32Array.of(1, 2 ** -24) });
    expect(await file.read("c")).toEqual({ shape: [], data: Float32Array.of(32) });
  });

  const entry = (begin: number, end: number, shape = [2], dtype = "F32") => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const lies: [what: string, header: string, size: number, claimed: number | undefined, message: RegExp][] = [
    ["a cut data part", JSON.stringify({ a: entry(0, 8) }), 7, undefined, /cut off/],
    ["bytes past the end", JSON.stringify({ a: entry(0, 8) }), 9, undefined, /1 bytes at its end/],
    ["overlap", JSON.stringify({ a: entry(0, 8), b: entry(4, 12) }), 12, undefined, /b overlaps/],
    [
      "a hole",
      JSON.stringify({ a: entry(0, 8), b: entry(12, 20) }),
      20,
      undefined,
      /4 bytes before tensor b/,
    ],
    ["shape against offsets", JSON.stringify({ a: entry(0, 8, [3]) }), 8, undefined, /a takes 8 bytes/],
    ["offsets backwards", JSON.stringify({ a: entry(8, 0) }), 8, undefined, /a|belong to no tensor/],
    ["a header over the limit", "{}", 0, 100_000_001, /header claims 100000001/],
    ["a header over the file", "{}", 0, 500, /header claims 500/],
    ["a header that is not JSON", '{"a": ', 0, undefined, /not valid JSON/],
    ["a header that is a list", "[]", 0, undefined, /does not begin/],
    ["a negative offset", JSON.stringify({ a: entry(-8, 0) }), 0, undefined, /header is wrong/],
    ["an entry without fields", JSON.stringify({ a: { dtype: "F32" } }), 0, undefined, /lacks dtype, shape/],
  ];
  it.each(lies)("refuses %s", async (_what, header, size, claimed, message) => {
    const path = await handMade(header, new Uint8Array(size), claimed);
    const failure = await openSafetensors(path).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toMatch(message);
    expect((failure as UserError).message).toContain("hand-made.safetensors");
  });

  it("reads a damaged file as it is or refuses it by its name, wherever it was cut or changed", async () => {
    const path = join(folder, "damaged.safetensors");
    const one = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    await writeSafetensors(path, { "model.one": one, two: { shape: [1], data: Float32Array.of(7) } });
    const whole = await readFile(path);
    const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 3 }), fc.nat(whole.length), async (changes, length) => {
        const damaged = Buffer.from(whole.subarray(0, changes.length === 0 ? length : whole.length));
        for (const { at, byte } of changes) damaged[at] = byte;
        await writeFile(path, damaged);
        const read = await readSafetensors(path).catch((thrown: unknown) => thrown);
        if (read instanceof Error) {
          expect(read).toBeInstanceOf(UserError);
          expect(read.message).toContain("damaged.safetensors");
          return;
        }
        // what is read lies in the file
        const bytes = Object.values(read as Weights).reduce((sum, { data }) => sum + data.byteLength, 0);
        expect(bytes).toBeLessThanOrEqual(2 * whole.length);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses a file that is too short, missing, or of an integer type", async () => {
    const short = join(folder, "short.safetensors");
    await writeFile(short, "abc");
    await expect(openSafetensors(short)).rejects.toThrow(/3 bytes/);
    await expect(openSafetensors(join(folder, "absent.safetensors"))).rejects.toBeInstanceOf(UserError);
    await writeFile(short, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n");
    await expect(openSafetensors(short)).rejects.toThrow(/Git LFS's pointer.*git lfs pull/);
    const path = await handMade(JSON.stringify({ a: entry(0, 16, [2], "I64") }), new Uint8Array(16));
    await using file = await openSafetensors(path);
    await expect(file.read("a")).rejects.toThrow(/a is I64; expected F32, F16 or BF16/);
    await expect(file.read("b")).rejects.toThrow(/has no tensor b/);
  });
});

describe("writing", () => {
  it("writes the bytes that the format's Python library writes", async () => {
    const path = join(folder, "written.safetensors");
    await writeSafetensors(path, {
      "b.weight": { shape: [1, 2], data: Float32Array.of(1, -2) },
      a: { shape: [1], data: Float32Array.of(0.5) },
    });
    const bytes = await readFile(path);
    const header =
      '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' +
      '"b.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}';
    const length = Math.ceil(header.length / 8) * 8;
    expect(bytes.readBigUInt64LE(0)).toBe(BigInt(length));
    expect(bytes.subarray(8, 8 + length).toString()).toBe(header.padEnd(length, " "));
    expect(bytes.subarray(8 + length).toString("hex")).toBe("0000003f0000803f000000c0");
  });

  const values = fc.array(fc.float({ noNaN: true }), { maxLength: 20 });
  it("gives back what was written; half formats give the nearest half; same weights, same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ minLength: 1 }), values), async (tensors) => {
        const weights = Object.fromEntries(
          Object.entries(tensors)
            .filter(([name]) => name !== "__metadata__" && name !== "__proto__")
            .map(([name, list]) => [name, { shape: [list.length], data: Float32Array.from(list) }]),
        );
        const path = join(folder, "round-trip.safetensors");
        await writeSafetensors(path, weights);
        const first = await readFile(path);
        expect(await readSafetensors(path)).toEqual(weights);
        const reversed = Object.fromEntries(Object.entries(weights).reverse());
        await writeSafetensors(path, reversed);
        expect((await readFile(path)).equals(first)).toBe(true);
        for (const [format, toBits] of [
          ["float16", toFloat16Bits],
          ["bfloat16", toBfloat16Bits],
        ] as const) {
          await writeSafetensors(path, weights, format);
          const read = await readSafetensors(path);
          expect(Object.keys(read).sort()).toEqual(Object.keys(weights).sort());
          for (const [name, { data }] of Object.entries(read))
            expect([...data].map(toBits)).toEqual([...weights[name]!.data].map(toBits));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("leaves the old file and nothing else when writing fails", async () => {
    const place = await mkdtemp(join(folder, "failing-"));
    const path = join(place, "model.safetensors");
    await writeSafetensors(path, { a: { shape: [1], data: Float32Array.of(1) } });
    const lying = { a: { shape: [3], data: Float32Array.of(1) } };
    await expect(writeSafetensors(path, lying)).rejects.toThrow(/do not fill shape/);
    expect(await readdir(place)).toEqual(["model.safetensors"]);
    expect((await readSafetensors(path))["a"]?.data).toEqual(Float32Array.of(1));
    await expect(writeSafetensors(join(place, "no", "x"), {})).rejects.toBeInstanceOf(UserError);
  });
});
