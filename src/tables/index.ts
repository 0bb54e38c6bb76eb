// Files of rows as people have them (JSONL, CSV, Parquet; packed with gzip), read and written as streams. What a row
// means is not known here.
export { readRows, type TableRow } from "./reading.ts";
