// What a table is made of: columns with their types, and rows with values for them. How a kind of file has them is the
// writers' part.

/** What a column holds; integers are of 32 bits. A value may be missing (null or undefined) in every column. */
export type ColumnType =
  | "text"
  | "number"
  | "integer"
  | "boolean"
  | { readonly list: ColumnType }
  | { readonly fields: Readonly<Record<string, ColumnType>> };

export type TableColumn = { readonly name: string; readonly type: ColumnType };

/** Values by the names of their columns. */
export type TableRecord = Readonly<Record<string, unknown>>;

/** Bytes or text of rows: "" as long as rows are only held. */
export type RowEncoder = {
  readonly start: string | Uint8Array;
  row(row: TableRecord): string | Uint8Array;
  end(): string | Uint8Array;
};
