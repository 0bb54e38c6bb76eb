// Files of rows as people have them (JSONL, CSV, Parquet; packed with gzip), read and written as streams. What a row
// means is not known here.
export { type ReadOptions, readRows, type TableFormat, tableFormatOf } from "./reading.ts";
export type { TableRow } from "./row.ts";
