// Rows of cells as lines of text, for terminals.
// Knows nothing of what the cells say.

/** Columns of one width, two spaces apart; those named in `right` are set flush right. */
export const alignColumns = (
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] => {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
};
