// Files of rows as people have them (JSONL, CSV, Parquet; packed with gzip), read and written as streams. What a row
// means is not known here.
export { readRows, type TableRow } from "./reading.ts";
export {
  type ColumnType,
  openTable,
  type TableColumn,
  type TableFormat,
  type TableRecord,
  type TableWriter,
  tableFormats,
  type WrittenTable,
} from "./writing.ts";
