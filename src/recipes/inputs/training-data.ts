// Training rows from files of any kind that tables reads (JSONL, JSON, CSV, TSV, Parquet), in the shapes of
// training-shapes.ts. What keeps the books of a run (id, parents, stage, seed) is derived where a row has none. Every
// row's place is kept, so that what is wrong with it later can be told, too.

import {
  canonicalJson,
  checkValue,
  collectFaults,
  counted,
  deriveSeed,
  describePlace,
  firstOf,
  firstPlaces,
  sha256Text,
  type TextPlace,
  UserError,
} from "../../core/index.ts";
import { messagesInCells, type UnfitRow, unfitOf } from "../../feedback/index.ts";
import type { PairRow, SftRow } from "../../records/index.ts";
import { readRows, tableFormatOf } from "../../tables/index.ts";
import type { TextForm } from "../../training/index.ts";
import type { Notice } from "../stages/learned-rows.ts";
import { unfitNotices } from "../stages/left-out.ts";
import { pairRows, type ReadRow, type RowKind, supervisedRows } from "./training-shapes.ts";

const stage = "data";

/** Ids by content, so that they are the same wherever a row stands; equal rows are told apart by their number. */
const createIds = (): ((content: unknown) => string) => {
  const seen = new Map<string, number>();
  return (content) => {
    const id = `row-${sha256Text(canonicalJson(content)).slice(0, 16)}`;
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    return count === 1 ? id : `${id}-${count}`;
  };
};

/** Rows of a file; placeOf: where one of them stands, as a person finds it. notices: what was not read of them, or left out. */
export type LoadedRows<Row> = {
  readonly rows: readonly Row[];
  readonly notices: readonly Notice[];
  placeOf(row: { readonly id: string }): string;
};

/** Rows of a file as they stand. settle: as training takes them, when it is known what their texts are. */
export type OpenedRows<Row> = {
  readonly count: number;
  /** Characters of all texts, for estimates where no tokenizer is there. */
  readonly lengths: readonly number[];
  settle(texts: TextForm, runSeed: number): LoadedRows<Row>;
};

/** Fields that data sets keep their books in; what else is not read is told. */
const bookkeeping = ["prompt_id", "index", "idx", "source", "meta", "metadata"];

const countIgnored = (row: object, fields: readonly string[], counts: Map<string, number>): void => {
  for (const field of Object.keys(row)) {
    if (!fields.includes(field) && !bookkeeping.includes(field))
      counts.set(field, (counts.get(field) ?? 0) + 1);
  }
};

const ignoredNotices = (file: string, counts: ReadonlyMap<string, number>): Notice[] => {
  if (counts.size === 0) return [];
  const told = [...counts].map(([field, rows]) => `${field} (in ${counted(rows, "row")})`);
  const text = `${file}: fields that training does not read were ignored: ${firstOf(told)}.`;
  return [{ code: "fields-ignored", text }];
};

const strayNotices = (
  file: string,
  read: readonly (Pick<ReadRow<unknown>, "strayPrompt"> & { readonly place: TextPlace })[],
): Notice[] => {
  const places = read.filter(({ strayPrompt }) => strayPrompt === true).map(({ place }) => place);
  if (places.length === 0) return [];
  const text = `${file}: in ${counted(places.length, "row")} the prompt is no part of the dialogues beside it and was ignored (${firstPlaces(places)}): what is learned is what chosen and rejected begin with.`;
  return [{ code: "prompt-ignored", text }];
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Columns of training rows that may be lists of messages. */
const messageColumns = [
  ...["prompt", "completion", "messages", "chosen", "rejected"],
  ...["input_text", "output_text"],
];

/** A cell of separated values: numbers and lists of names are written as text there. */
const cellValue = (field: string, text: string): unknown => {
  if (["probability", "margin", "seed"].includes(field)) {
    const number = Number(text);
    return text.trim() === "" ? null : Number.isNaN(number) ? text : number;
  }
  if (field === "id" || field === "stage") return text === "" ? null : text;
  if (field === "parents" && text === "") return null;
  if (field !== "parents" || !text.trimStart().startsWith("[")) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** A row without what is not there: Parquet and JSON write null for it, separated values nothing. */
const withoutGaps = (value: unknown, isSeparated: boolean): unknown => {
  if (!isRecord(value)) return value;
  const entries = Object.entries(isSeparated ? messagesInCells(value, messageColumns) : value)
    .map(([field, cell]) => [field, isSeparated && typeof cell === "string" ? cellValue(field, cell) : cell])
    .filter(([, cell]) => cell !== null);
  return Object.fromEntries(entries) as unknown;
};

const lengthOf = (given: unknown): number =>
  typeof given === "string"
    ? given.length
    : typeof given === "object" && given !== null
      ? Object.values(given).reduce((sum: number, inner) => sum + lengthOf(inner), 0)
      : 0;

const openRows = async <Given, Content extends object, Row extends { readonly id: string }>(
  file: string,
  name: string,
  kind: RowKind<Given, Content, Row>,
): Promise<OpenedRows<Row>> => {
  const faults = collectFaults(name);
  const isSeparated = ["csv", "tsv"].includes(tableFormatOf(file));
  const read: (ReadRow<Given> & { readonly place: TextPlace })[] = [];
  const ignored = new Map<string, number>();
  let count = 0;
  let others = 0;
  let mistaken = "";
  const onFault = (fault: UserError): void => {
    count++;
    faults.add(fault);
  };
  for await (const { place: found, value } of readRows(file, { onFault })) {
    const place = { ...found, file: name };
    count++;
    faults.attempt(() => {
      const row = withoutGaps(value, isSeparated);
      if (kind.ofOther(row) && others++ === 0) mistaken = kind.mistaken(row);
      const one = kind.read(row, place);
      if (isRecord(row)) countIgnored(row, one.fields, ignored);
      read.push({ ...one, place });
    });
  }
  if (count > 0 && others === count)
    throw new UserError("training-row-kind", `${name} ${mistaken}`, { file: name });
  faults.end();
  if (read.length === 0)
    throw new UserError("rows-empty", `${name} holds no rows. Expected one training row after another.`, {
      file: name,
    });
  const notices = [...ignoredNotices(name, ignored), ...strayNotices(name, read)];
  return {
    count: read.length,
    lengths: read.map(({ given }) => lengthOf(given)),
    settle: (texts, runSeed) => {
      const settled = settleRows(name, read, kind, texts, runSeed);
      return { ...settled, notices: [...notices, ...settled.notices] };
    },
  };
};

const settleRows = <Given, Content extends object, Row extends { readonly id: string }>(
  name: string,
  read: readonly (ReadRow<Given> & { readonly place: TextPlace })[],
  kind: RowKind<Given, Content, Row>,
  texts: TextForm,
  runSeed: number,
): LoadedRows<Row> => {
  const unfit: UnfitRow[] = [];
  const faults = collectFaults(name);
  const idOf = createIds();
  const rows: Row[] = [];
  const places = new Map<object, TextPlace>();
  for (const { given, books, place } of read) {
    faults.attempt(() => {
      let content: Content;
      try {
        content = kind.settle(given, texts, place);
      } catch (thrown) {
        const found = unfitOf(thrown);
        if (found === undefined) throw thrown;
        unfit.push(found);
        return;
      }
      const id = books.id ?? idOf(content);
      const own = { id, parents: [], stage, seed: deriveSeed(runSeed, stage, id) };
      const told = Object.fromEntries(Object.entries(books).filter(([, value]) => value !== undefined));
      const whole = checkValue(kind.schema, { ...own, ...told, ...content }, place);
      rows.push(whole);
      places.set(whole, place);
    });
  }
  faults.end();
  const notices = unfitNotices(name, read.length, unfit);
  if (rows.length === 0 && notices[0] !== undefined)
    throw new UserError("rows-empty", `${notices[0].text} No row is left to learn from.`, { file: name });
  const placeOf = (row: { readonly id: string }): string => {
    const place = places.get(row);
    return place === undefined ? row.id : describePlace(place);
  };
  return { rows, notices, placeOf };
};

/**
 * Supervised rows of a file: {prompt, completion} with a text or messages each, {messages} that end with a reply, or
 * plain {text}. name: of the file, as the user gave it. Throws UserError with every fault as file, line and field, and
 * when there are no rows.
 */
export const openSftRows = (file: string, name: string): Promise<OpenedRows<SftRow>> =>
  openRows(file, name, supervisedRows);

/**
 * Preference rows of a file: {prompt, chosen, rejected}, or whole dialogues as chosen and rejected; probability (that
 * chosen is better) is 1 where a row does not say it; margin is for reward models. Throws like openSftRows.
 */
export const openPairRows = (file: string, name: string): Promise<OpenedRows<PairRow>> =>
  openRows(file, name, pairRows);
