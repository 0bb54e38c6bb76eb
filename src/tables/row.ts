// A row of a file of any kind, with the place that it begins at.
// What it must hold is not known here: its value is unchecked.

import type { TextPlace } from "../core/index.ts";

/** A row as it stands in the file, unchecked. place: file, and line (of Parquet: row), for messages. */
export type TableRow = { readonly place: TextPlace; readonly value: unknown };
