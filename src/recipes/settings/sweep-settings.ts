// The settings of `covenant simulate sweep`, and the cells they stand for: every combination of the grid's levels. A cell is
// known by its name, which is made of its levels alone, so that the order of a grid changes no folder.

import { z } from "zod";
import { canonicalJson, deriveSeed, sha256Text, UserError } from "../../core/index.ts";
import { simulationKindSchema } from "../../records/index.ts";
import { cellsName } from "../../runs/index.ts";
import { outSetting, seedSetting } from "./settings.ts";

const positive = z.number().int().positive();
const settings = z.record(z.string().min(1), z.unknown());

/** Everything that `covenant simulate sweep` can be told. */
export const sweepSchema = z.strictObject({
  out: outSetting("runs/sweep"),
  command: simulationKindSchema.default("games").describe("what is swept: simulate contract, games or vote"),
  settings: settings.default({}).describe("settings of that command for all cells"),
  grid: z
    .record(
      z.string().min(1),
      z.union([z.array(z.unknown()).min(1), z.record(z.string().min(1), settings)], {
        error: "expected a list of values for the setting of this name, or names, each with several settings",
      }),
    )
    .default({})
    .describe("axes: a setting's path with a list of values, or any name with named groups of settings"),
  seeds: z
    .array(z.number().int().nonnegative())
    .min(1)
    .optional()
    .describe("seeds; every cell runs with each; default: seed alone"),
  repetitions: positive
    .default(1)
    .describe("runs of each cell and seed; the first has the seed itself, others seeds derived from it"),
  parallel: positive.default(2).describe("runs side by side, where no model runs here"),
  seed: seedSetting,
});
export type SweepConfig = z.output<typeof sweepSchema>;

/** A place in the grid: a name on each axis, and the settings that this means. */
export type Cell = {
  readonly name: string;
  readonly levels: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
};

/** A run of a cell. folder: in the sweep's. */
export type CellRun = {
  readonly name: string;
  readonly cell: Cell;
  readonly seed: number;
  readonly repetition: number;
  readonly folder: string;
};

type Level = { readonly name: string; readonly settings: Readonly<Record<string, unknown>> };

/** A value as people would name it. */
const nameOfValue = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(nameOfValue).join(" ");
  if (typeof value === "string") return value;
  return canonicalJson(value ?? null);
};

const levelsOf = ([axis, given]: [string, SweepConfig["grid"][string]]): Level[] =>
  Array.isArray(given)
    ? given.map((value) => ({ name: nameOfValue(value), settings: { [axis]: value } }))
    : Object.entries(given).map(([name, own]) => ({ name, settings: own }));

const longestName = 80;

/** A folder's name for levels: readable, and with a hash where letters had to be left out or there are too many. */
const cellName = (levels: readonly (readonly [axis: string, level: Level])[]): string => {
  if (levels.length === 0) return "all";
  const plain = levels.map(([axis, { name }]) => `${axis}-${name}`).join("_");
  const readable = plain
    .toLowerCase()
    .replaceAll(/[^a-z0-9._+-]+/g, "-")
    .replaceAll(/^[^a-z0-9]+|-+$/g, "");
  if (readable === plain && readable.length <= longestName) return readable;
  const hash = sha256Text(canonicalJson(levels.map(([axis, level]) => [axis, level.name, level.settings])));
  return `${readable.slice(0, longestName)}-${hash.slice(0, 8)}`;
};

const isTree = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** A tree with a value at a path; trees are laid over what is there, anything else takes its place. */
const placed = (tree: unknown, path: readonly string[], value: unknown): unknown => {
  const [key, ...rest] = path;
  if (key !== undefined) {
    const here = isTree(tree) ? tree : {};
    return { ...here, [key]: placed(here[key], rest, value) };
  }
  if (!isTree(value) || !isTree(tree)) return value;
  return Object.entries(value).reduce<unknown>((under, [name, one]) => placed(under, [name], one), tree);
};

/** Lays settings over others. A key is a path ("roles.meta.temperature"); keys below it are taken as they are. */
const laid = (
  under: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> =>
  Object.entries(over).reduce<Record<string, unknown>>(
    (tree, [key, value]) => placed(tree, key.split("."), value) as Record<string, unknown>,
    { ...under },
  );

const reserved = ["out", "seed"];

/** Throws UserError for settings that the sweep itself decides. */
const requireOwn = ({ settings: all, grid }: SweepConfig): void => {
  const given = [
    ...Object.keys(all),
    ...Object.entries(grid).flatMap((entry) =>
      levelsOf(entry).flatMap((level) => Object.keys(level.settings)),
    ),
  ];
  const wrong = given.find((key) => reserved.includes(key));
  if (wrong === undefined) return;
  throw new UserError(
    "sweep-reserved",
    `The sweep decides ${wrong} of each run itself. ${wrong === "seed" ? "Name seeds under seeds: [0, 1, 2]." : "Name the sweep's folder with out, beside settings and grid."}`,
    { setting: wrong },
  );
};

/** All cells, in the order of the grid, the last axis the fastest. Throws UserError where two would be the same. */
export const cellsOf = (config: SweepConfig): Cell[] => {
  requireOwn(config);
  let places: (readonly [axis: string, level: Level])[][] = [[]];
  for (const [axis, given] of Object.entries(config.grid))
    places = places.flatMap((place) =>
      levelsOf([axis, given]).map((level) => [...place, [axis, level] as const]),
    );
  const base = laid({}, config.settings);
  const cells = places.map((place) => ({
    name: cellName(place),
    levels: Object.fromEntries(place.map(([axis, { name }]) => [axis, name])),
    settings: place.reduce((tree, [, level]) => laid(tree, level.settings), base),
  }));
  const names = cells.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return cells;
  throw new UserError(
    "sweep-cell-twice",
    `The grid has the cell ${twice} twice: a value stands twice on an axis. Name each value once.`,
    { cell: twice },
  );
};

/** All runs: cell by cell, each with all seeds, each of these with all repetitions. Throws as cellsOf, and for a seed twice. */
export const runsOf = (config: SweepConfig): CellRun[] => {
  const { seeds = [config.seed], repetitions } = config;
  const twice = seeds.find((seed, at) => seeds.indexOf(seed) !== at);
  if (twice !== undefined)
    throw new UserError("sweep-seed-twice", `seeds names ${twice} twice; expected each seed once.`, {
      seed: twice,
    });
  return cellsOf(config).flatMap((cell) =>
    seeds.flatMap((seed) =>
      Array.from({ length: repetitions }, (_, at) => {
        const repetition = at + 1;
        const name = `${cell.name}/seed-${seed}${repetition === 1 ? "" : `-repetition-${repetition}`}`;
        return {
          ...{ name, cell, repetition, folder: `${cellsName}/${name}` },
          seed: repetition === 1 ? seed : deriveSeed(seed, "repetition", repetition),
        };
      }),
    ),
  );
};
