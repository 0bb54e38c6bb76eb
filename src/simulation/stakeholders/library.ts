// Personas, tasks and metrics: those that come with Covenant, and files of one's own (a list in YAML or JSON; JSONL, CSV,
// TSV or Parquet with one a row). Every fault of a file is told with file, line and field. What they are for is not known here.

import { fileURLToPath } from "node:url";
import type { z } from "zod";
import {
  checkValue,
  collectFaults,
  describePlace,
  describeValue,
  nearestWord,
  parseYamlWithLines,
  readText,
  type TextPlace,
  UserError,
} from "../../core/index.ts";
import {
  type Metric,
  metricSchema,
  type Persona,
  personaSchema,
  type Task,
  taskSchema,
} from "../../records/index.ts";
import { readRows } from "../../tables/index.ts";

/** The name that stands for what comes with Covenant. */
export const libraryName = "library";

type Kind<Item> = {
  readonly one: string;
  readonly several: string;
  readonly file: URL;
  readonly schema: z.ZodType<Item>;
  readonly keys: readonly string[];
};

const personaKind: Kind<Persona> = {
  one: "persona",
  several: "personas",
  file: new URL("./library/personas.yaml", import.meta.url),
  schema: personaSchema,
  keys: Object.keys(personaSchema.shape),
};
const taskKind: Kind<Task> = {
  one: "task",
  several: "tasks",
  file: new URL("./library/tasks.yaml", import.meta.url),
  schema: taskSchema,
  keys: Object.keys(taskSchema.shape),
};
const metricKind: Kind<Metric> = {
  one: "metric",
  several: "metrics",
  file: new URL("./library/metrics.yaml", import.meta.url),
  schema: metricSchema,
  keys: Object.keys(metricSchema.shape),
};

type Given = { readonly place: TextPlace; readonly value: unknown };

/** Columns of tables are flat: "traits.age" is the age among the traits. Empty cells say nothing. */
const unflattened = (value: unknown): unknown => {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const row: Record<string, unknown> = {};
  for (const [name, cell] of Object.entries(value)) {
    if (cell === "" || cell === null) continue;
    const [outer, inner] = name.split(/\.(.*)/s);
    if (inner === undefined) row[name] = cell;
    else row[outer!] = { ...(row[outer!] as object | undefined), [inner]: cell };
  }
  return row;
};

/** Texts of cells as the numbers that a schema wants there. */
const withNumbers = (value: unknown, numbers: readonly string[]): unknown => {
  if (value === null || typeof value !== "object") return value;
  const isNumber = ([name, cell]: [string, unknown]): boolean =>
    numbers.includes(name) && typeof cell === "string" && /^-?\d+(\.\d+)?$/.test(cell.trim());
  return Object.fromEntries(
    Object.entries(value).map((entry) => [entry[0], isNumber(entry) ? Number(entry[1]) : entry[1]]),
  );
};

const isList = (file: string): boolean => /\.(ya?ml|json)$/i.test(file);

/** The items of a YAML or JSON list, each with its line. lineOf: of a path within the item. */
const readList = async (
  file: string,
): Promise<readonly (Given & { lineOf(path: readonly PropertyKey[]): number })[]> => {
  const { value, lineOf } = parseYamlWithLines(await readText(file), { file });
  if (!Array.isArray(value))
    throw new UserError(
      "list-expected",
      `${file}: got ${describeValue(value)}, expected a list, each item beginning with "- id: ...".`,
      { file },
    );
  return value.map((item: unknown, at) => ({
    place: { file, line: lineOf([at]) },
    value: item,
    lineOf: (path) => lineOf([at, ...path]),
  }));
};

/** The place of an item's first fault, as near as the file's form tells. */
const nearer = (
  schema: z.ZodType,
  { place, value }: Given,
  lineOf?: (path: readonly PropertyKey[]) => number,
): TextPlace => {
  const issue = lineOf === undefined ? undefined : schema.safeParse(value).error?.issues[0];
  if (issue === undefined || lineOf === undefined) return place;
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
  return { ...place, line: lineOf(path) };
};

const readItems = async <Item extends { readonly id: string }>(
  { schema, keys, one, several }: Kind<Item>,
  file: string,
): Promise<Item[]> => {
  const faults = collectFaults(file);
  const items: Item[] = [];
  const lines = new Map<string, string>();
  const take = (given: Given, lineOf?: (path: readonly PropertyKey[]) => number): void => {
    faults.attempt(() => {
      const item = checkValue(schema, given.value, nearer(schema, given, lineOf), () => keys);
      const earlier = lines.get(item.id);
      if (earlier !== undefined)
        throw new UserError(
          "id-twice",
          `${describePlace(given.place)}: id: got "${item.id}", which ${earlier} has already; ids must differ.`,
          { ...given.place, field: "id" },
        );
      lines.set(
        item.id,
        given.place.line === undefined ? `row ${given.place.row}` : `line ${given.place.line}`,
      );
      items.push(item);
    });
  };
  if (isList(file)) for (const { lineOf, ...given } of await readList(file)) take(given, lineOf);
  else {
    for await (const { place, value } of readRows(file, { onFault: faults.add }))
      take({ place, value: withNumbers(unflattened(value), ["words", "low", "high"]) });
  }
  faults.end();
  if (items.length === 0)
    throw new UserError("list-empty", `${file} holds no ${several}. Expected at least one ${one}.`, { file });
  return items;
};

const load = <Item extends { readonly id: string }>(kind: Kind<Item>, name: string): Promise<Item[]> =>
  readItems(kind, name === libraryName ? fileURLToPath(kind.file) : name);

/** The personas of a file, or of the library. Throws UserError with every fault. */
export const loadPersonas = (name: string): Promise<Persona[]> => load(personaKind, name);

/** The tasks of a file, or of the library. Throws UserError with every fault. */
export const loadTasks = (name: string): Promise<Task[]> => load(taskKind, name);

/** The metrics of a file, or of the library. Throws UserError with every fault. */
export const loadMetrics = (name: string): Promise<Metric[]> => load(metricKind, name);

/**
 * The items with these ids, in the ids' order and as often as they are named. what: "persona", for the message. Throws
 * UserError "id-unknown".
 */
export const withIds = <Item extends { readonly id: string }>(
  items: readonly Item[],
  ids: readonly string[],
  what: string,
): Item[] => {
  const byId = new Map(items.map((item) => [item.id, item]));
  return ids.map((id) => {
    const item = byId.get(id);
    if (item !== undefined) return item;
    const near = nearestWord(id, [...byId.keys()]);
    const known = [...byId.keys()].join(", ");
    throw new UserError(
      "id-unknown",
      `There is no ${what} "${id}".${near === undefined ? "" : ` Did you mean ${near}?`} There are: ${known}.`,
      { what, id },
    );
  });
};
