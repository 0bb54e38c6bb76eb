// Rows of plain text from a file of any kind, and results that go to a JSONL file, a line for each row in the rows'
// order, as they come; the same command continues a file that it left unfinished. What a row holds is the recipe's part.

import { existsSync, statSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import {
  type Appender,
  collectFaults,
  covenantVersion,
  describePlace,
  formatJsonLines,
  hashJson,
  openAppender,
  parseJsonAs,
  readJsonLines,
  readText,
  sha256File,
  type TextPlace,
  UserError,
  writeFileAtomic,
} from "../../core/index.ts";
import { readRows } from "../../tables/index.ts";
import type { LanguageFolder } from "../stages/model-checks.ts";

/** A row where it stands. parse throws UserError with file, line and field for one that is not as it must be. */
export type PlacedRow = { readonly place: TextPlace; readonly row: unknown };

/**
 * What `parse` and then `read` make of every row. name: of the file. Throws UserError with every fault as file, line and
 * field (read throws UserErrors whose messages begin with a field), and when there are no rows.
 */
export const readPlainRows = async <Given extends PlacedRow, Row, Read>(
  name: string,
  rowsOf: (onFault: (fault: UserError) => void) => AsyncIterable<Given>,
  parse: (given: Given) => Row,
  read: (row: Row) => Read,
): Promise<Read[]> => {
  const faults = collectFaults(name);
  const rows: Read[] = [];
  let count = 0;
  const onFault = (fault: UserError): void => {
    count++;
    faults.add(fault);
  };
  for await (const given of rowsOf(onFault)) {
    const place = { ...given.place, file: name };
    count++;
    faults.attempt(() => {
      const parsed = parse({ ...given, place });
      try {
        rows.push(read(parsed));
      } catch (thrown) {
        if (!(thrown instanceof UserError)) throw thrown;
        const text = `${describePlace(place)}: ${thrown.message}`;
        throw new UserError(thrown.code, text, { ...place, ...thrown.facts }, thrown);
      }
    });
  }
  faults.end();
  if (count > 0) return rows;
  const message = `${name}: got no row, expected at least one: a line or an entry for each text that the model is to read.`;
  throw new UserError("rows-empty", message, { file: name });
};

/** The rows of a file of any kind that tables reads, as they stand. */
export async function* tableRows(
  file: string,
  onFault: (fault: UserError) => void,
): AsyncGenerator<PlacedRow> {
  for await (const { place, value } of readRows(file, { onFault })) yield { place, row: value };
}

/**
 * Results by the place of their row. kept: how many were there already, from the first row on; all: those that have
 * come; close: none is to come now; finish: none is to come ever.
 */
export type Results<Result> = {
  readonly kept: number;
  put(at: number, result: Result): void;
  readonly all: readonly Result[];
  close(): void;
  finish(): Promise<void>;
};

/** Fields that rows of results have, those of texts and those of scores: by them a file of results is known. */
const resultFields = [
  ["text", "ids"],
  ["logprob", "tokens"],
  ["logit", "score"],
] as const;

/** Whether a file holds nothing, or begins with a row that generate or score wrote. */
const holdsResults = async (file: string): Promise<boolean> => {
  if ((await stat(file)).size === 0 || existsSync(markerOf(file))) return true;
  try {
    for await (const { value } of readJsonLines(file, z.looseObject({}), "drop"))
      return resultFields.some((names) => names.every((name) => name in value));
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
  }
  return false;
};

/** Throws UserError where results would go into the file that rows are read from, or over something else than results. */
export const requireResultsFile = async (
  file: string | undefined,
  data: string | undefined,
): Promise<void> => {
  if (file === undefined) return;
  if (data !== undefined && resolve(file) === resolve(data))
    throw new UserError(
      "results-over-data",
      `--out ${file}: this is the file that the rows are read from. Name another one.`,
      { file },
    );
  if (!existsSync(file) || (await holdsResults(file))) return;
  throw new UserError(
    "file-exists",
    `--out ${file}: there is a ${statSync(file).isDirectory() ? "folder, and a file was expected" : "file already, and it holds no results of generate or score, which alone would be replaced"}. Name another one, or move it away.`,
    { file },
  );
};

/** What lies beside a file of results until all are there: what made them, so that the same again may continue. */
const markerOf = (file: string): string => `${file}.unfinished`;
const markerSchema = z.looseObject({ identity: z.string() });

/** Results that the same command left unfinished. chunk: they are kept in multiples of so many. */
const resultsLeft = async <Result>(file: string, identity: string, chunk: number): Promise<Result[]> => {
  const marker = markerOf(file);
  if (!existsSync(marker) || !existsSync(file)) return [];
  const found = parseJsonAs(markerSchema, await readText(marker), { file: marker });
  if (found.identity !== identity) return [];
  const left: Result[] = [];
  for await (const { value } of readJsonLines(file, z.looseObject({}), "drop")) left.push(value as Result);
  return left.slice(0, left.length - (left.length % chunk));
};

/**
 * file: where results go, too. identity: of all that they depend on: the same finds what it left unfinished there, and
 * anything else replaces it. chunk: rows that are computed together, and so again together.
 */
export type ResultsPlace = {
  readonly file: string;
  readonly identity: string;
  readonly chunk?: number;
};

/** Keeps results, and writes each to the file, where one is named, as soon as those of all rows before it are there. */
export const openResults = async <Result>(place: ResultsPlace | undefined): Promise<Results<Result>> => {
  let appender: Appender | undefined;
  const all: Result[] = [];
  if (place !== undefined) {
    const { file, identity, chunk = 1 } = place;
    all.push(...(await resultsLeft<Result>(file, identity, chunk)));
    await writeFileAtomic(file, formatJsonLines(all));
    await writeFileAtomic(markerOf(file), `${JSON.stringify({ identity })}\n`);
    appender = await openAppender(file);
  }
  const kept = all.length;
  const early = new Map<number, Result>();
  return {
    kept,
    all,
    put(at, result) {
      early.set(at, result);
      let lines = "";
      for (let next = early.get(all.length); next !== undefined; next = early.get(all.length)) {
        early.delete(all.length);
        all.push(next);
        lines += `${JSON.stringify(next)}\n`;
      }
      if (lines !== "") appender?.appendNow(lines);
    },
    close: () => appender?.close(),
    async finish() {
      appender?.close();
      if (place !== undefined) await rm(markerOf(place.file), { force: true });
    },
  };
};

/**
 * Where the results of a command go, with the identity of what makes them: its settings, the rows and the model.
 * settings: as they are resolved, without the file's own name. rows: the file, where it lies here; null: the settings
 * hold the rows.
 */
export const resultsPlace = async (
  file: string | undefined,
  command: string,
  model: LanguageFolder,
  rows: string | null,
  { data: _, ...settings }: { readonly data?: string | undefined; readonly [setting: string]: unknown },
): Promise<ResultsPlace | undefined> => {
  if (file === undefined) return undefined;
  const data = rows === null ? {} : { data: (await sha256File(rows)).sha256 };
  const contents = { ...data, model: await model.contentHash() };
  return { file, identity: hashJson({ command, version: covenantVersion(), settings, contents }) };
};

/** What an interrupted command says of results that go to a file, or to none. */
export const resultsContinue = ({ results }: { readonly results?: string | undefined }) =>
  results === undefined
    ? {
        continues: false,
        text: "The same command begins anew; with --out results.jsonl it would keep what is done and continue.",
      }
    : { continues: true, text: `What is done is kept in ${results}: the same command again continues.` };
