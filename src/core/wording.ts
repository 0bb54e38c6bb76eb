// Numbers with their nouns, shares in percent, money and words of command lines, as people write them.
// Knows English and nothing of what is counted.

/** "1 row", "2 rows", "0 rows"; several: the plural where it is not the singular with an s. */
export const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : several}`;

/** "a", "a and b", "a, b and c". */
export const listText = (items: readonly string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** "$0.0123", "$4.50". */
export const dollars = (amount: number): string => `$${amount.toFixed(amount < 1 ? 4 : 2)}`;

/** "52.1 %"; "–" where there is none. digits: behind the point. */
export const percent = (share: number | null, digits = 1): string =>
  share === null ? "–" : `${(100 * share).toFixed(digits)} %`;

/** 6.34 → "6.3 s", 312 → "5 min 12 s", 7260 → "2 h 1 min". */
export const durationText = (seconds: number): string => {
  if (seconds < 59.5) return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours > 0) return `${hours} h ${minutes} min`;
  return `${minutes} min${whole % 60 === 0 ? "" : ` ${whole % 60} s`}`;
};

/** An interval of a share in percent, "[47.4, 56.7]"; "" where there is none. */
export const percentRange = ({
  low,
  high,
}: {
  readonly low: number | null;
  readonly high: number | null;
}): string =>
  low === null || high === null ? "" : `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;

/** A word of a command line, in quotes where a shell would take it apart. */
export const quotedWord = (word: string): string =>
  /^[\w./:@%+=,~#-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
