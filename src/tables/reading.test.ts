// Rows of files of every kind: each row with the line it begins in, and each fault with its file and line. The files are
// written here; Parquet by hyparquet-writer.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { readRows } from "./index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-tables-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string | Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

const rowsOf = async (name: string, content: string | Uint8Array) => {
  const rows: { at: number | undefined; value: unknown }[] = [];
  for await (const { place, value } of readRows(write(name, content)))
    rows.push({ at: place.line ?? place.row, value });
  return rows;
};

const failure = async (name: string, content: string | Uint8Array): Promise<string> => {
  const thrown = await rowsOf(name, content).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(UserError);
  return (thrown as UserError).message;
};

describe("CSV", () => {
  it("reads quotes, line breaks in them, a byte order mark and both line ends, with the line a row begins in", async () => {
    const text = '\ufeffid,prompt\r\n\r\n1,"a, ""b""\r\nc"\r\n2,d\n\n3,"e\n\nf"\n4,';
    expect(await rowsOf("a.csv", text)).toEqual([
      { at: 3, value: { id: "1", prompt: 'a, "b"\r\nc' } },
      { at: 5, value: { id: "2", prompt: "d" } },
      { at: 7, value: { id: "3", prompt: "e\n\nf" } },
      { at: 10, value: { id: "4", prompt: "" } },
    ]);
  });

  const cell = fc.array(fc.constantFrom("a", '"', ",", "\n", "\r\n", " ", "{x}", "😀", ";", "\t", "'"), {
    maxLength: 6,
  });
  it("gives back every table it was written from, at the lines of its rows", async () => {
    const table = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom("\n", "\r\n"), fc.boolean(), async (rows, end, ended) => {
        const values = rows.map(([one, other]) => ({ a: `x${one.join("")}`, b: other.join("") }));
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const lines = values.map(({ a, b }) => `${quote(a)},${quote(b)}`);
        const read = await rowsOf("property.csv", `a,b${end}${lines.join(end)}${ended ? end : ""}`);
        expect(read.map(({ value }) => value)).toEqual(values);
        let line = 2;
        for (const [index, text] of lines.entries()) {
          expect(read[index]?.at).toBe(line);
          line += text.split("\n").length;
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["a,b\n1,2\n3\n", /c\.csv, line 3: got 1 field, expected 2 as in the first line \(a, b\)/],
    ["a,b\n1,2\n3,4,5\n", /line 3: got 3 fields/],
    ["a;b\n1;one, two\n", /line 2: got 2 fields.* \(a;b\)\. Separate fields by commas \(not by semicolons\)/],
    ['a,b\n1,"x\ny"\r\n1,"open\n2,3\n', /line 4: not valid CSV .*quote/],
    ["a,a\n1,2\n", /line 1: two columns are named "a"/],
  ])("says what is wrong with %j", async (text, expected) => {
    expect(await failure("c.csv", text)).toMatch(expected);
  });

  it("says in which line it is no UTF-8", async () => {
    const bytes = Buffer.concat([Buffer.from("a,b\n1,2\n3,"), Buffer.from([0xff]), Buffer.from("\n5,6\n")]);
    expect(await failure("latin.csv", bytes)).toMatch(/latin\.csv, line 3: not UTF-8/);
  });

  it("goes on after a row that cannot be read, when faults are asked for", async () => {
    const faults: string[] = [];
    const values: unknown[] = [];
    const file = write("two.csv", "a,b\n1\n2,3\n4\n");
    const onFault = ({ message }: UserError) => faults.push(message);
    for await (const { value } of readRows(file, { onFault })) values.push(value);
    expect(values).toEqual([{ a: "2", b: "3" }]);
    expect(faults).toHaveLength(2);
  });
});

it("reads TSV, whose quotes are mostly text", async () => {
  expect(await rowsOf("a.tsv", 'a\tb\nsay "hi"\t2, 3\n')).toEqual([
    { at: 2, value: { a: 'say "hi"', b: "2, 3" } },
  ]);
});

it("reads texts, one a line", async () => {
  expect(await rowsOf("a.txt", "one {x}\r\n\n two\n")).toEqual([
    { at: 1, value: { text: "one {x}" } },
    { at: 3, value: { text: " two" } },
  ]);
});

describe("JSON", () => {
  it("takes a list apart, with the line each element begins in, and takes a document whole", async () => {
    const list = '\ufeff[\n  {"a": "]},[\\""},\n\n  [1, {"b": 2}], 3,"x" ,\n  null]\n';
    expect(await rowsOf("list.json", list)).toEqual([
      { at: 2, value: { a: ']},["' } },
      { at: 4, value: [1, { b: 2 }] },
      { at: 4, value: 3 },
      { at: 4, value: "x" },
      { at: 5, value: null },
    ]);
    expect(await rowsOf("document.json", '{\n "a": [1, 2]\n}\n')).toEqual([{ at: 1, value: { a: [1, 2] } }]);
    expect(await rowsOf("lines.json", '{"a": 1}\n{"a": 2}\n')).toEqual([
      { at: 1, value: { a: 1 } },
      { at: 2, value: { a: 2 } },
    ]);
    expect(await rowsOf("empty.json", "[]")).toEqual([]);
  });

  it("takes a list that calls itself JSONL for what it is", async () => {
    expect(await rowsOf("attempts.jsonl", '[\n{"a": 1},\n{"a": 2}\n]\n')).toEqual([
      { at: 2, value: { a: 1 } },
      { at: 3, value: { a: 2 } },
    ]);
  });

  it("gives back every list it was written from, wherever chunks of the file end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 5 }), fc.nat(3), async (values, indent) => {
        const read = await rowsOf("property.json", JSON.stringify(values, null, indent));
        expect(read.map(({ value }) => value)).toEqual(JSON.parse(JSON.stringify(values)));
      }),
      { numRuns: 60 },
    );
    const long = Array.from({ length: 3000 }, (_, index) => ({ index, text: 'é😀\\"['.repeat(20) }));
    const read = await rowsOf("long.json", JSON.stringify(long));
    expect(read.map(({ value }) => value)).toEqual(long);
  });

  it.each([
    ['[{"a": 1},\n{"b": }]', /x\.json, line 2: not valid JSON/],
    ['[{"a": 1},\n', /x\.json, line 2: not valid JSON\. The file ends inside its list/],
    ['[{"a": 1}]\n{"b": 2}', /x\.json, line 2: .*after the end of the list/],
    ['{"a": 1', /x\.json, line 1: not valid JSON/],
  ])("says what is wrong with %j", async (text, expected) => {
    expect(await failure("x.json", text)).toMatch(expected);
  });
});

describe("Parquet", () => {
  const bytes = (codec: "SNAPPY" | "UNCOMPRESSED" = "SNAPPY") =>
    new Uint8Array(
      parquetWriteBuffer({
        codec,
        rowGroupSize: 2,
        columnData: [
          { name: "prompt", data: ["a", "b {x}", "c\n😀", "d", "e"], type: "STRING" },
          { name: "count", data: [1n, 2n, 3n, 4n, 5n], type: "INT64" },
          { name: "messages", data: [[{ role: "user" }], [], [], [], []], type: "JSON" },
        ],
      }),
    );

  it("is read by row groups, with rows counted from 1 and numbers as JSON has them", async () => {
    const rows = await rowsOf("a.parquet", bytes());
    expect(rows.map(({ at }) => at)).toEqual([1, 2, 3, 4, 5]);
    expect(rows[0]?.value).toEqual({ prompt: "a", count: 1, messages: [{ role: "user" }] });
    expect(rows[2]?.value).toMatchObject({ prompt: "c\n😀", count: 3 });
    expect(await rowsOf("a.parquet.gz", gzipSync(bytes("UNCOMPRESSED")))).toEqual(rows);
  });

  it("is told by file where it is broken", async () => {
    expect(await failure("cut.parquet", bytes().subarray(0, 50))).toMatch(
      /cut\.parquet: cannot be read as Parquet/,
    );
  });
});

it("refuses YAML, which is no rows, before it looks at a line", async () => {
  expect(await failure("list.yaml", Buffer.from("- 1\n- 2\n"))).toMatch(
    /list\.yaml is a YAML file, and rows are read from/,
  );
  expect(await failure("list.xlsx", Buffer.from('{"prompt": "x"}\n'))).toMatch(
    /list\.xlsx is a file of another kind \(\.xlsx\), and rows are read from/,
  );
});

it("reads every kind packed with gzip, and says when a file is missing", async () => {
  expect(await rowsOf("a.csv.gz", gzipSync("a\n1\n"))).toEqual([{ at: 2, value: { a: "1" } }]);
  expect(await rowsOf("a.json.gz", gzipSync("[1]"))).toEqual([{ at: 1, value: 1 }]);
  expect(await rowsOf("a.jsonl.gz", gzipSync("1\n\n2"))).toEqual([
    { at: 1, value: 1 },
    { at: 3, value: 2 },
  ]);
  for (const name of ["none.csv", "none.json", "none.parquet", "none.jsonl.gz"])
    await expect(readRows(join(folder, name)).next()).rejects.toMatchObject({ code: "file-missing" });
  const cut = gzipSync("a\n1\n").subarray(0, 15);
  expect(await failure("cut.csv.gz", cut)).toMatch(/not a whole gzip file/);
});
