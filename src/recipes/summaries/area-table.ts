// Areas with their counts and shares, as a table in the terminal, as a page, and as figures of a document. Shares have
// Wilson's 95 % intervals.

import { percent, percentRange, wilsonInterval } from "../../core/index.ts";
import type { AreaFigure } from "../../report/index.ts";

/** An area's figure: `part` of `n`. count: what the table shows beside it. */
export const areaFigure = (name: string, count: number, part: number, n: number): AreaFigure => {
  if (n === 0) return { name, count, share: { value: null, low: null, high: null, n } };
  const value = part / n;
  return { name, count, share: { value, ...wilsonInterval(value, n), n } };
};

/** "privacy    12   24.0 % [14.3, 37.4]" under a head. what: of the counts; share: of the shares. */
export const areaTable = (
  figures: readonly AreaFigure[],
  { what, share }: { readonly what: string; readonly share: string },
): string[] => {
  const width = Math.max(4, ...figures.map(({ name }) => name.length)) + 2;
  const countWidth = Math.max(what.length, ...figures.map(({ count }) => String(count).length));
  const rows = figures.map(({ name, count, share }) => {
    const told = share.value === null ? "–" : `${percent(share.value).padStart(7)} ${percentRange(share)}`;
    return `${name.padEnd(width)}${String(count).padStart(countWidth)}  ${told}`;
  });
  return [`${"area".padEnd(width)}${what.padStart(countWidth)}  ${share}`, ...rows];
};
