// `covenant export dataset`: the rows of a run folder as a folder that Hugging Face's `datasets` loads and TRL trains
// on: one file a split, a card, and what says where it comes from. Rows go from file to file; the folder is there whole
// or not at all.

import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { hashConstitution } from "../constitution/index.ts";
import {
  counted,
  expandHome,
  replaceFolder,
  throwIfAborted,
  UserError,
  writeFileAtomic,
} from "../core/index.ts";
import { openTable, type TableWriter, tableFormats } from "../tables/index.ts";
import { type CardFacts, datasetCard, describeMade, harmNotice, type WrittenSplit } from "./datasets/card.ts";
import { countSource, type SourceCounts } from "./datasets/counts.ts";
import { originName, writeOrigin } from "./datasets/origin.ts";
import {
  isOfPairs,
  rowsEach,
  type Shaped,
  type ShapeName,
  type ShapeOptions,
  shapeNames,
  styles,
} from "./datasets/shaped-row.ts";
import { shapeRows, usualShape } from "./datasets/shapes.ts";
import { type DatasetSource, readSource, type SourceFiles } from "./datasets/source.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { armNames } from "./settings/arms.ts";
import { outSetting } from "./settings/settings.ts";
import { describeLeftOut, type LeftOutCounts } from "./stages/left-out.ts";
import { spentInRun } from "./summaries/data-summary.ts";
import { nextCommands, trainedWords } from "./summaries/next-command.ts";

const needed = "a run folder is needed: `covenant export dataset runs/revise`";

const schema = z.strictObject({
  run: z
    .string({ error: ({ input }) => (input === undefined ? needed : undefined) })
    .min(1)
    .overwrite(expandHome)
    .describe("run folder of revise, label, run or prompts load"),
  out: outSetting("dataset").describe("folder to write"),
  format: z.enum(tableFormats).default("jsonl").describe("format of the files"),
  gzip: z.boolean().default(false).describe("pack JSONL or CSV with gzip"),
  shape: z
    .enum(shapeNames)
    .optional()
    .describe("which table; default: sft, of a run of label or of loaded comparisons preferences"),
  style: z
    .enum(styles)
    .optional()
    .describe(
      "prompts and replies as texts (standard) or messages (conversational); default: conversational, in CSV standard",
    ),
  arm: z
    .enum(armNames)
    .optional()
    .describe("of covenant run: whose rows; default: ethical, the constitution as it is written"),
  provenance: z.boolean().default(false).describe("columns id and parents: the records that a row came from"),
  margin: z
    .boolean()
    .default(false)
    .describe("with preferences of labels: column margin, the log-odds of the label, for TRL"),
  revisions: z
    .enum(["all", "last"])
    .default("last")
    .describe("of chains: a row for the last whole revision, or for each"),
  testShare: z
    .number()
    .min(0)
    .max(0.9)
    .optional()
    .describe("share of the prompts whose rows go to test; default: 0, of chains 0.05"),
  licence: z
    .string()
    .min(1)
    .optional()
    .describe("licence of the rows, as Hugging Face names it (apache-2.0, cc-by-4.0, …)"),
});
type DatasetConfig = z.output<typeof schema>;

/** Records that the card counts, and stages whose calls are what the rows cost. */
const kindsOf = (source: DatasetSource, { shape }: ShapeOptions): readonly (keyof SourceFiles)[] => {
  if (shape === "trl-prompt-only") return [];
  if (!isOfPairs(shape)) return ["answers", "revisions"];
  return source.files.labels !== undefined ? ["samples", "labels"] : ["comparisons", "answers", "revisions"];
};

const isConversation = ({ shape, style }: ShapeOptions): boolean =>
  shape !== "chain" && style === "conversational";

/** What stands in the way of the files that are asked for. */
const checkFormat = ({ format, gzip }: DatasetConfig, options: ShapeOptions, source: DatasetSource): void => {
  if (gzip && format === "parquet")
    throw new UserError(
      "dataset-format",
      "Parquet files are packed by themselves. Leave out --gzip, or choose --format jsonl or csv.",
    );
  if (format === "csv" && isConversation(options))
    throw new UserError(
      "dataset-format",
      "A field of a CSV file is a text, and conversational rows are lists of messages. Choose --format jsonl or parquet, or --style standard.",
    );
  const hasLabels = kindsOf(source, options)[0] === "samples" && options.shape !== "trl-unpaired";
  if (options.margin && !hasLabels)
    throw new UserError(
      "dataset-margin",
      "A margin is made of a label, and these rows have none. Leave out --margin, or export the preferences of a run of label.",
    );
};

/** Everything that can be wrong, found before anything is written. */
const prepare = async (config: DatasetConfig) => {
  if (existsSync(config.out))
    throw new UserError(
      "file-exists",
      `${config.out} is there already and is not overwritten. Choose another --out, or remove it.`,
      { out: config.out },
    );
  const source = await readSource(config.run, config.arm);
  const shape = config.shape ?? usualShape(source);
  const options: ShapeOptions = {
    shape,
    style: config.style ?? (config.format === "csv" ? "standard" : "conversational"),
    provenance: config.provenance,
    margin: config.margin,
    revisions: config.revisions,
    testShare: config.testShare ?? (shape === "chain" ? 0.05 : 0),
  };
  checkFormat(config, options, source);
  return { source, options, shaped: shapeRows(source, options) };
};

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Tables by their splits, opened when their first row comes. */
const createTables = (folder: string, { format, gzip }: DatasetConfig, { columns, splits }: Shaped) => {
  const open = new Map<string, { readonly path: string; readonly table: TableWriter }>();
  return {
    async tableOf(split: string): Promise<TableWriter> {
      const known = open.get(split);
      if (known !== undefined) return known.table;
      const path = `data/${split}.${format}${gzip ? ".gz" : ""}`;
      const table = await openTable(join(folder, path), columns);
      open.set(split, { path, table });
      return table;
    },
    async finish(): Promise<WrittenSplit[]> {
      const written: WrittenSplit[] = [];
      for (const split of splits) {
        const one = open.get(split);
        if (one !== undefined) written.push({ split, path: one.path, ...(await one.table.finish()) });
      }
      return written;
    },
    async discard(): Promise<void> {
      for (const { table } of open.values()) await table.discard();
    },
  };
};

/** Rows between two words on how far it is. */
const toldEvery = 1_000;

const writeRows = async (
  folder: string,
  config: DatasetConfig,
  { source, options, shaped }: Prepared,
  counts: SourceCounts,
  context: RecipeContext,
): Promise<{ readonly splits: WrittenSplit[]; readonly leftOut: LeftOutCounts }> => {
  const tables = createTables(folder, config, shaped);
  const leftOut: Record<string, number> = {};
  const { stage } = source.files[shaped.from]!;
  const expected = source.run.stages.find((one) => one.stage === stage)?.records ?? 0;
  let rows = 0;
  const tell = (): void =>
    context.emit({
      ...{ type: "stage-progress", time: context.clock.now(), stage: "export", unit: "rows" },
      ...{ done: rows, total: Math.max(rows, expected) },
    });
  try {
    for await (const one of shaped.rows()) {
      if ("leftOut" in one) {
        leftOut[one.leftOut] = (leftOut[one.leftOut] ?? 0) + 1;
        continue;
      }
      await (await tables.tableOf(one.split)).write(one.row);
      if (++rows % toldEvery !== 0) continue;
      throwIfAborted(context.signal);
      tell();
    }
    if (rows > 0) return { splits: await tables.finish(), leftOut };
  } catch (thrown) {
    await tables.discard();
    throw thrown;
  }
  const told = describeLeftOut(leftOut);
  throw new UserError(
    "dataset-empty",
    `${config.run} has no rows of this shape (${options.shape})${told === "" ? "." : `: what there was is ${told}.`} ${describeMade(counts, source.maxTokens).join(" ")}`.trimEnd(),
    { folder: config.run },
  );
};

const stagesBehind = (source: DatasetSource, kinds: readonly (keyof SourceFiles)[]): string[] => [
  ...new Set(kinds.flatMap((kind) => source.files[kind]?.stage ?? [])),
];

/** The card, and what programs read of it. */
const describeFolder = async (folder: string, facts: CardFacts, stages: readonly string[]): Promise<void> => {
  const { source, options, splits } = facts;
  await writeFileAtomic(
    join(folder, "README.md"),
    datasetCard(facts, await spentInRun(source.run.folder, stages)),
  );
  const { constitution } = source;
  await writeOrigin(folder, {
    kind: "dataset",
    inverted: [...source.inverted],
    shape: options.shape,
    style: options.style,
    run: {
      command: source.run.name,
      seed: source.run.seed,
      contentHash: source.run.manifest?.contentHash ?? null,
    },
    arm: source.arm,
    constitution: constitution && {
      name: constitution.name,
      hash: constitution.document && hashConstitution(constitution.document),
    },
    splits: Object.fromEntries(splits.map(({ split, rows }) => [split, rows])),
  });
};

/** How to go on. Harmful material is not offered for uploading. */
const describeNext = (
  { out }: DatasetConfig,
  { options: { shape }, source }: Prepared,
  first: string,
  isHarmful: boolean,
): string[] => {
  const file = join(out, first);
  const model = source.model === null ? ["--model", "./a-model-folder"] : trainedWords(source.model);
  const read =
    shape === "trl-prompt-only"
      ? ["revise", "--prompts", file]
      : ["train", isOfPairs(shape) ? "dpo" : "sft", ...model, "--data", file];
  const isRead = shape !== "trl-unpaired";
  const commands = [
    ...(isRead ? [read] : []),
    ...(isHarmful ? [] : [["export", "push", out, "--to", "owner/name"]]),
  ];
  const [next, ...others] = commands;
  return next === undefined ? [] : nextCommands(next, ...others);
};

/** Comparisons that were judged and yet gave no row: hard labels of exactly one half choose neither reply. */
const undecidedPairs = (
  { labels }: SourceCounts,
  splits: readonly WrittenSplit[],
  shape: ShapeName,
): LeftOutCounts => {
  const rows = splits.reduce((sum, split) => sum + split.rows, 0);
  const undecided = (labels?.judged ?? 0) - rows / rowsEach(shape);
  return undecided > 0 ? { undecided } : {};
};

/** The folder with its rows and card. */
const writeFolder = async (config: DatasetConfig, prepared: Prepared, context: RecipeContext) => {
  const { source, options, shaped } = prepared;
  const kinds = kindsOf(source, options);
  const counts = await countSource(source, kinds);
  let splits: readonly WrittenSplit[] = [];
  let leftOut: LeftOutCounts = {};
  await replaceFolder(config.out, { marker: originName, what: "data set of Covenant" }, async (folder) => {
    const written = await writeRows(folder, config, prepared, counts, context);
    splits = written.splits;
    leftOut = { ...written.leftOut, ...undecidedPairs(counts, splits, options.shape) };
    const facts: CardFacts = {
      name: basename(resolve(config.out)),
      ...{ source, options, splits, counts, leftOut },
      columns: shaped.columns,
      flat: config.format === "csv",
      licence: config.licence,
    };
    await describeFolder(folder, facts, stagesBehind(source, kinds));
  });
  return { splits, leftOut };
};

const execute = async (config: DatasetConfig, context: RecipeContext) => {
  const prepared = await prepare(config);
  const { source, options, shaped } = prepared;
  const started = context.clock.now();
  context.emit({ type: "stage-start", time: started, stage: "export", resumed: false });
  const { splits, leftOut } = await writeFolder(config, prepared, context);
  const time = context.clock.now();
  const records = splits.reduce((sum, { rows }) => sum + rows, 0);
  context.emit({ type: "stage-end", time, stage: "export", seconds: (time - started) / 1000, records });
  const { out } = config;
  const told = describeLeftOut(leftOut);
  return {
    lines: [
      ...(source.inverted.length === 0
        ? []
        : [`Harmful on purpose: ${harmNotice(source.inverted, "these rows were")}`, ""]),
      ...splits.map(({ split, rows, path }) => `${split}: ${counted(rows, "row")}, ${join(out, path)}`),
      ...(told === "" ? [] : [`Gave no row: ${told}.`]),
      `Card: ${join(out, "README.md")}`,
      ...describeNext(config, prepared, splits[0]!.path, source.inverted.length > 0),
    ],
    document: {
      folder: resolve(out),
      shape: options.shape,
      style: options.style,
      arm: source.arm,
      inverted: source.inverted,
      columns: shaped.columns.map(({ name }) => name),
      splits: splits.map(({ split, path, rows, bytes }) => ({
        split,
        file: resolve(out, path),
        rows,
        bytes,
      })),
      leftOut,
    },
  };
};

/** `covenant export dataset`. */
export const recipe: Recipe<typeof schema> = {
  command: ["export", "dataset"],
  summary: "write a run's rows as JSONL, CSV or Parquet with a card, for datasets and TRL",
  schema,
  flags: {
    run: {
      path: "run",
      description: "run folder of revise, label, run or prompts load",
      placeholder: "folder",
    },
    out: { path: "out", description: "folder to write", placeholder: "folder" },
    format: { path: "format", description: "format of the files", placeholder: "format" },
    gzip: { path: "gzip", description: "pack JSONL or CSV with gzip" },
    shape: { path: "shape", description: "which table", placeholder: "shape" },
    style: { path: "style", description: "prompts and replies as texts or messages", placeholder: "style" },
    arm: { path: "arm", description: "of covenant run: whose rows", placeholder: "arm" },
    provenance: { path: "provenance", description: "columns id and parents" },
    margin: { path: "margin", description: "column margin, the log-odds of the label" },
    revisions: { path: "revisions", description: "of chains: which revisions", placeholder: "which" },
    licence: { path: "licence", description: "licence of the rows", placeholder: "name" },
  },
  positional: "run",
  async plan(config) {
    const { options } = await prepare(config);
    return planOf([planWriting("export", `rows in the shape ${options.shape}, and their card`)]);
  },
  run: execute,
};
