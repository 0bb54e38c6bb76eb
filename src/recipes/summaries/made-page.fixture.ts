// The page that a simulation made, read back as a reader has it: its tables, lists and charts; and the records beside it, as
// plain JSON. Shares no code with what made them.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A cell: its text, and the smaller one below it. */
export type MadeCell = { readonly text: string; readonly note?: string };

const plain = (markup: string): string =>
  markup
    .replaceAll(/<[^>]+>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll(/&quot;|&#34;/g, '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, one]) => one!);

const cellOf = (markup: string): MadeCell => {
  const [text, note] = markup.split("<small>");
  return note === undefined ? { text: plain(text!) } : { text: plain(text!), note: plain(note) };
};

/** Rows of the table with this caption, its head first. */
const tableOf = (page: string, caption: string): MadeCell[][] => {
  const found = all(page, /<table>(.*?)<\/table>/gs).find((one) =>
    plain(/<caption>(.*?)<\/caption>/s.exec(one)![1]!).startsWith(caption),
  );
  if (found === undefined) throw new Error(`There is no table "${caption}".`);
  return all(found, /<tr>(.*?)<\/tr>/gs).map((row) => all(row, /<t[hd][^>]*>(.*?)<\/t[hd]>/gs).map(cellOf));
};

/** A row of a chart's data: what its kind has, and always a value with its interval. */
export type ChartRow = Readonly<Record<string, string | number>> & {
  readonly value: number;
  readonly low: number;
  readonly high: number;
};

export const readPage = (folder: string) => {
  const page = readFileSync(join(folder, "experiment.html"), "utf8");
  return {
    text: plain(page),
    headline: plain(/<h1>(.*?)<\/h1>/s.exec(page)![1]!),
    table: (caption: string): MadeCell[][] => tableOf(page, caption),
    lists: all(page, /<ol class="prose">(.*?)<\/ol>/gs).map((list) =>
      all(list, /<li>(.*?)<\/li>/gs).map(plain),
    ),
    /** What is seen on a chart, in words. */
    seen: (id: string): string =>
      plain(new RegExp(`id="chart-${id}".*?<p class="seen">(.*?)</p>`, "s").exec(page)![1]!),
    chart: (id: string): ChartRow[] | null => {
      const file = join(folder, "charts", `${id}.vl.json`);
      if (!existsSync(file)) return null;
      return (JSON.parse(readFileSync(file, "utf8")) as { data: { values: ChartRow[] } }).data.values;
    },
  };
};

/** Lines of a JSONL file of a run. */
export const linesOf = <Row>(...path: readonly string[]): Row[] =>
  readFileSync(join(...path), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Student's t for a two-sided interval of 95 %, by the number of values (tables of any textbook). */
const quantiles: Readonly<Record<number, number>> = {
  2: 12.7062,
  3: 4.30265,
  4: 3.18245,
  5: 2.77645,
  6: 2.57058,
};

/** The mean of up to six values with its interval, no wider than the scale. */
export const intervalOf = (values: readonly number[], [least, most]: readonly [number, number]) => {
  const value = meanOf(values);
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0);
  const half = quantiles[values.length]! * Math.sqrt(squares / (values.length - 1) / values.length);
  return { value, low: Math.max(least, value - half), high: Math.min(most, value + half) };
};

/** A number as pages write it. */
export const written = (value: number, digits = 1): string => value.toFixed(digits).replace("-", "−");
