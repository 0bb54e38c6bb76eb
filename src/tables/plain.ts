// Values of binary tables (Parquet, Arrow) as JSON would have given them: whole numbers are numbers where they fit exactly,
// dates ISO texts, bytes and vectors lists. Knows no file.

/** The value as JSON has it; texts for whole numbers that no number holds, null for dates that are none. */
export const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, plain);
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
};
