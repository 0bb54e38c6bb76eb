// Files of rows as people have them (JSONL, CSV, Parquet; packed with gzip), read and written as streams. What a row
// means is not known here, but for how published files say which of two is better: two readers share that.
export type { ColumnType, TableColumn, TableRecord } from "./columns.ts";
export { type ReadableFormat, type ReadOptions, readRows, tableFormatOf } from "./reading.ts";
export type { TableRow } from "./row.ts";
export {
  type BattleOutcome,
  gameWords,
  outcomeIn,
  outcomeOfVote,
  preferredWords,
  type Vote,
  voteFields,
} from "./verdicts.ts";
export {
  openTable,
  type TableFormat,
  type TableWriter,
  tableFormats,
  type WrittenTable,
  writeTable,
} from "./writing.ts";
