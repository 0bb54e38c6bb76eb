// Files of rows as people have them (JSONL, CSV, Parquet; packed with gzip), read and written as streams. What a row
// means is not known here.
export type { ColumnType, TableColumn, TableRecord } from "./columns.ts";
export { type ReadableFormat, type ReadOptions, readRows, tableFormatOf } from "./reading.ts";
export type { TableRow } from "./row.ts";
export {
  openTable,
  type TableFormat,
  type TableWriter,
  tableFormats,
  type WrittenTable,
  writeTable,
} from "./writing.ts";
