// Rows as Parquet, a group of rows at a time, by hyparquet-writer; the schema is written out from the columns, because
// what a value is cannot be told from the first rows. Lists have the three levels that Parquet's own text asks for.

import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { ColumnType, RowEncoder, TableColumn, TableRecord } from "./columns.ts";

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number];

/** A group ends after so many rows, or so many characters: enough to pack well, little to hold. */
const group = { rows: 5_000, characters: 8_000_000 };

/** A column, or a part of one, with all that is below it. */
const elementsOf = (name: string, type: ColumnType): SchemaElement[] => {
  const element = { name, repetition_type: "OPTIONAL" } as const;
  if (type === "text") return [{ ...element, type: "BYTE_ARRAY", converted_type: "UTF8" }];
  if (type === "number") return [{ ...element, type: "DOUBLE" }];
  if (type === "integer") return [{ ...element, type: "INT32" }];
  if (type === "boolean") return [{ ...element, type: "BOOLEAN" }];
  if ("list" in type)
    return [
      { ...element, converted_type: "LIST", num_children: 1 },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      ...elementsOf("element", type.list),
    ];
  const fields = Object.entries(type.fields);
  return [
    { ...element, num_children: fields.length },
    ...fields.flatMap(([field, inner]) => elementsOf(field, inner)),
  ];
};

/** Characters of all texts in a value, about. */
const sizeOf = (value: unknown): number => {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  return Object.values(value).reduce((sum: number, inner) => sum + sizeOf(inner), 0);
};

/** Rows are held until a group of them is whole. */
export const parquetEncoder = (columns: readonly TableColumn[]): RowEncoder => {
  const writer = new ByteWriter();
  const root = { name: "schema", num_children: columns.length };
  const schema = [root, ...columns.flatMap(({ name, type }) => elementsOf(name, type))];
  const parquet = new ParquetWriter({ writer, schema, createdBy: "covenant" });
  let held: TableRecord[] = [];
  let characters = 0;
  /** The bytes since the last time. */
  const take = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  const writeGroup = (): Uint8Array => {
    const columnData = columns.map(({ name }) => ({ name, data: held.map((row) => row[name] ?? null) }));
    if (held.length > 0) parquet.write({ columnData, rowGroupSize: held.length });
    held = [];
    characters = 0;
    return take();
  };
  return {
    start: take(),
    row(row) {
      held.push(row);
      characters += sizeOf(row);
      return held.length >= group.rows || characters >= group.characters ? writeGroup() : "";
    },
    end() {
      const last = writeGroup();
      parquet.finish();
      return Buffer.concat([last, take()]);
    },
  };
};
