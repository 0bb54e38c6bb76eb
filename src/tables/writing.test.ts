import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anyText } from "../core/any-text.fixture.ts";
import { openTable, readRows, type TableColumn, type TableRecord, type WrittenTable } from "./index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-tables-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = async (
  name: string,
  columns: readonly TableColumn[],
  rows: Iterable<TableRecord>,
): Promise<WrittenTable> => {
  const table = await openTable(join(folder, name), columns);
  for (const row of rows) await table.write(row);
  return table.finish();
};
const bytesOf = (name: string): Buffer => {
  const bytes = readFileSync(join(folder, name));
  return name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
};

const column = (name: string, type: TableColumn["type"] = "text"): TableColumn => ({ name, type });
const messages: TableColumn["type"] = { list: { fields: { role: "text", content: "text" } } };
const columns = [
  column("text"),
  column("share", "number"),
  column("round", "integer"),
  column("good", "boolean"),
  column("chat", messages),
  column("names", { list: "text" }),
];

/** Any text of whole code points, those that files of rows trip over more often than chance has them. */
const text = fc.oneof(
  anyText(),
  fc.string({
    unit: fc.constantFrom('"', ",", "\r", "\n", " ", "\t", "\u2028", "\ufeff", "\0", "{", "🜁", "a"),
  }),
);
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const rows = fc.array(
  fc.record({
    text: optional(text),
    share: optional(fc.double({ noNaN: true, noDefaultInfinity: true })),
    round: optional(fc.integer()),
    good: optional(fc.boolean()),
    chat: optional(fc.array(fc.record({ role: text, content: text }), { maxLength: 3 })),
    names: optional(fc.array(text, { maxLength: 3 })),
  }),
  { maxLength: 8 },
);
const runs = { numRuns: 25 };

describe("CSV", () => {
  it.each(["any.csv", "any.csv.gz"])("is read back by csv-parse as it was written (%s)", async (name) => {
    const names = ["a", 'b "quoted", odd\r\n', "c"];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(optional(text), { minLength: 3, maxLength: 3 })), async (table) => {
        const written = table.map((cells) => Object.fromEntries(names.map((key, at) => [key, cells[at]])));
        expect(
          (
            await write(
              name,
              names.map((key) => column(key)),
              written,
            )
          ).rows,
        ).toBe(table.length);
        const read: string[][] = parse(bytesOf(name), { record_delimiter: "\r\n", bom: false });
        expect(read).toEqual([names, ...table.map((cells) => cells.map((cell) => cell ?? ""))]);
      }),
      runs,
    );
  });

  it("tells an empty text from a missing one, and keeps a row that holds nothing", async () => {
    await write("empty.csv", [column("a"), column("b")], [{ a: "", b: null }, { a: "x, y" }, {}]);
    expect(bytesOf("empty.csv").toString()).toBe('a,b\r\n"",\r\n"x, y",\r\n,\r\n');
    await write("one.csv", [column("a")], [{ a: "" }, {}]);
    expect(bytesOf("one.csv").toString()).toBe('a\r\n""\r\n""\r\n');
  });

  it("has lists as JSON", async () => {
    await write("lists.csv", columns, [{ chat: [{ role: "user", content: 'Say "hi".' }], names: ["p"] }]);
    const [read] = parse(bytesOf("lists.csv"), { columns: true }) as Record<string, string>[];
    expect(JSON.parse(read!["chat"]!)).toEqual([{ role: "user", content: 'Say "hi".' }]);
    expect(JSON.parse(read!["names"]!)).toEqual(["p"]);
  });
});

describe("JSONL", () => {
  it.each(["any.jsonl", "any.jsonl.gz"])("is read back as it was written (%s)", async (name) => {
    await fc.assert(
      fc.asyncProperty(rows, async (table) => {
        await write(name, columns, table);
        const read: unknown[] = [];
        for await (const { value } of readRows(join(folder, name))) read.push(value);
        expect(read).toEqual(JSON.parse(JSON.stringify(table)));
      }),
      runs,
    );
  });

  it("has the columns in their order, and neither others nor missing ones", async () => {
    await write(
      "order.jsonl",
      [column("b"), column("a")],
      [
        { a: "1", b: "2", c: "3" },
        { a: "1", b: null },
      ],
    );
    expect(bytesOf("order.jsonl").toString()).toBe('{"b":"2","a":"1"}\n{"a":"1"}\n');
  });
});

describe("Parquet", () => {
  // By itself hyparquet takes a byte order mark off the beginning of every text.
  const parsers = { stringFromBytes: (bytes: Uint8Array) => Buffer.from(bytes).toString() };
  const read = async (name: string): Promise<Record<string, unknown>[]> =>
    parquetReadObjects({ file: await asyncBufferFromFile(join(folder, name)), parsers });
  const withNulls = ({ text: value, share, round, good, chat, names }: TableRecord) => ({
    ...{ text: value ?? null, share: share ?? null, round: round ?? null, good: good ?? null },
    ...{ chat: chat ?? null, names: names ?? null },
  });

  it("is read back by hyparquet as it was written, lists and what is missing too", async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (table) => {
        await write("any.parquet", columns, table);
        expect(await read("any.parquet")).toEqual(table.map(withNulls));
      }),
      runs,
    );
  });

  it("is written in groups of rows, which are as many as fit", async () => {
    const count = 12_001;
    const made = Array.from({ length: count }, (_, at) => ({ text: `row ${at}`, round: at }));
    const { rows: written, bytes } = await write("many.parquet", columns, made);
    expect([written, bytes]).toEqual([count, readFileSync(join(folder, "many.parquet")).length]);
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(join(folder, "many.parquet")));
    expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([5000, 5000, 2001]);
    expect((await read("many.parquet"))[11_000]).toMatchObject({ text: "row 11000", round: 11_000 });
    await write("long.parquet", [column("text")], Array(3).fill({ text: "x".repeat(5_000_000) }));
    const long = await parquetMetadataAsync(await asyncBufferFromFile(join(folder, "long.parquet")));
    expect(long.row_groups).toHaveLength(2);
  });

  it("without a row is a table with columns all the same", async () => {
    await write("none.parquet", columns, []);
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(join(folder, "none.parquet")));
    expect(Number(metadata.num_rows)).toBe(0);
    expect(metadata.schema.map(({ name }) => name)).toContain("chat");
  });
});

describe("a table's file", () => {
  it("is not there before it is whole, and what was there stays until then", async () => {
    const path = join(folder, "whole.jsonl");
    await write("whole.jsonl", columns, [{ text: "first" }]);
    const table = await openTable(path, columns);
    await table.write({ text: "second".repeat(100_000) });
    expect(bytesOf("whole.jsonl").toString()).toBe('{"text":"first"}\n');
    await table.discard();
    expect(bytesOf("whole.jsonl").toString()).toBe('{"text":"first"}\n');
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("has the same bytes each time", async () => {
    for (const name of ["twice.csv.gz", "twice.parquet"]) {
      await write(name, columns, [{ text: "a", names: ["b"] }]);
      const first = readFileSync(join(folder, name));
      await write(name, columns, [{ text: "a", names: ["b"] }]);
      expect(readFileSync(join(folder, name)).equals(first)).toBe(true);
    }
  });

  it("is refused where the name says no kind, or it cannot lie there", async () => {
    await expect(openTable(join(folder, "a.xlsx"), columns)).rejects.toThrow(/\.jsonl, \.csv/);
    await expect(openTable(join(folder, "a.parquet.gz"), columns)).rejects.toThrow(/\.parquet\./);
    mkdirSync(join(folder, "taken.csv"));
    await expect(write("taken.csv", columns, [{ text: "a" }])).rejects.toMatchObject({
      code: "file-is-folder",
    });
    await expect(openTable(join(folder, "one.csv", "b.csv"), columns)).rejects.toThrow(/Cannot write/);
    expect(existsSync(join(folder, "one.csv", "b.csv"))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });
});
