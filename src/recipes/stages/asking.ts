// How every stage asks a model about items: they come one by one, results are appended in their order, and neither is ever
// in memory as a whole. An interrupted stage continues: rows on disk are kept, the chunk they break off in is made again,
// and only its missing rows are written. Chunks begin at the same items as in an unbroken run, so the bytes are the same.

import { join } from "node:path";
import { hashEach, mapped, type Sequence, sequence, skipFirst } from "../../core/index.ts";
import { type Pace, paceOf } from "../../feedback/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import type { PromptId, StageName } from "../../records/index.ts";
import { type RecordSchema, type StageContext, type StageHolder, streamRecords } from "../../runs/index.ts";
import { holdRejected, type Rejectable } from "./rejections.ts";
import { type Pipeline, withStageModel } from "./stage-model.ts";
import { type ResultFile, type Watch, watchedFile } from "./watched-file.ts";

/** What is left of a stage's items, how it is paced, and where it belongs: every way of asking takes these. */
type Work<Item> = Pace & {
  readonly items: AsyncIterable<Item>;
  readonly runSeed: number;
  readonly stage: StageName;
  readonly signal: AbortSignal;
  /** Called at each part of an item that is done, where a stage counts them. */
  readonly onPart: () => void;
};

/**
 * modelId: how records name the model, where not by its name. rows: of one item. paceFor: default paceOf. work: results of
 * items. counts: what of a chunk is worth counting, by name. onPart: told
 * of parts of items as they are done. onChunk: told how many rows there are. asked: what a row is to a person who stops the
 * command, and how many of them (default one).
 */
export type Asking<Item, Chunk> = {
  readonly model: string;
  readonly modelId?: string;
  readonly items: AsyncIterable<Item>;
  readonly rows?: number;
  readonly paceFor?: (model: LanguageModel) => Pace;
  readonly work: (model: LanguageModel, work: Work<Item>) => AsyncIterable<Chunk>;
  readonly counts?: (chunk: Chunk) => Readonly<Record<string, number>>;
  readonly onPart?: () => void;
  readonly onChunk: (rows: number) => void;
  readonly asked: { readonly unit: string; readonly parts?: number };
};

/**
 * Does work, and says at a person's stop what of it is not kept: a model that computes a chunk as a whole gives all of it or
 * nothing. atHand: how many of the unit are begun and not written.
 */
const tellingUnkept = async (
  stage: StageContext,
  { capabilities }: LanguageModel,
  { unit, atHand }: { readonly unit: string; readonly atHand: () => number },
  work: () => Promise<void>,
): Promise<void> => {
  const { signal, name } = stage;
  const onStop = (): void => {
    const count = atHand();
    if (count === 0) return;
    const text = `${name}: up to ${count.toLocaleString("en-US")} ${unit} at hand are not kept; they are made again when the command goes on.`;
    stage.emit({ type: "notice", text });
  };
  if (capabilities.independentRequests !== true) signal.addEventListener("abort", onStop, { once: true });
  try {
    await work();
  } finally {
    signal.removeEventListener("abort", onStop);
  }
};

/**
 * Asks a model about the items that an earlier attempt left, and appends each chunk's rows in one piece. Throws
 * CovenantError where the server rejects one request after the other.
 */
export const askInto = <Item, Row extends Rejectable, Chunk extends { readonly records: readonly Row[] }>(
  pipeline: Pipeline,
  stage: StageContext,
  file: ResultFile<Row>,
  {
    model,
    modelId = model,
    items,
    rows: rowsPerItem = 1,
    paceFor = paceOf,
    work,
    counts,
    onPart = () => {},
    onChunk,
    asked: { unit, parts = 1 },
  }: Asking<Item, Chunk>,
): Promise<void> =>
  withStageModel(
    pipeline,
    stage,
    model,
    async (opened, countUsage) => {
      const pace = paceFor(opened);
      let rows = file.existing;
      const chunks = Math.floor(rows / (pace.chunk * rowsPerItem));
      let skip = rows - chunks * pace.chunk * rowsPerItem;
      let begun = chunks * pace.chunk;
      const left = mapped(skipFirst(items, begun), (item) => {
        begun++;
        return item;
      });
      const { take, rest } = holdRejected<Row>();
      const { signal, name } = stage;
      const atHand = (): number => parts * Math.max(0, begun * rowsPerItem - rows);
      await tellingUnkept(stage, opened, { unit, atHand }, async () => {
        const asked = { items: left, runSeed: pipeline.run.seed, stage: name, signal, onPart };
        for await (const chunk of work(opened, { ...pace, ...asked })) {
          const missing = take(chunk.records.slice(skip));
          skip = Math.max(0, skip - chunk.records.length);
          if (missing.length > 0) await file.append(missing);
          rows += missing.length;
          countUsage(counts?.(chunk));
          onChunk(rows);
        }
      });
      const last = rest();
      if (last.length === 0) return;
      await file.append(last);
      onChunk(rows + last.length);
    },
    modelId,
  );

/** The records of a file of a run, whose number is known. */
export const recordsOf = <Row>(
  run: StageHolder,
  path: readonly string[],
  schema: RecordSchema<Row>,
  count: number,
): Sequence<Row> => sequence(count, () => streamRecords(join(run.folder, ...path), schema));

/**
 * file: <name>/<file> gets the rows, one for each item. inputs: as of every stage. unit, parts, note: for the progress, in
 * which an item counts as so many parts (default one). begin: called before the model is opened; watch: makes what sees
 * every row; check: of the rows when all are there.
 */
export type AskingStage<Item, Row, Chunk> = Omit<
  Asking<Item, Chunk>,
  "items" | "onPart" | "onChunk" | "rows" | "asked"
> & {
  readonly name: string;
  readonly after: readonly StageName[];
  readonly inputs: unknown;
  readonly file: string;
  readonly schema: RecordSchema<Row>;
  readonly items: Sequence<Item>;
  readonly unit: string;
  readonly parts?: number;
  readonly note?: string;
  readonly begin?: (stage: StageContext) => void | Promise<void>;
  readonly watch?: () => Watch<Row>;
  readonly check?: (stage: StageContext, rows: AsyncIterable<Row>) => Promise<void>;
};

/** A stage that asks a model about every item; resolves to its rows, in the items' order. */
export const askingStage = async <
  Item,
  Row extends Rejectable,
  Chunk extends { readonly records: readonly Row[] },
>(
  pipeline: Pipeline,
  {
    name,
    after,
    inputs,
    file,
    schema,
    unit,
    parts = 1,
    note,
    begin,
    watch,
    check,
    ...asking
  }: AskingStage<Item, Row, Chunk>,
): Promise<Sequence<Row>> => {
  const { count } = asking.items;
  await pipeline.run.stage({ name, inputs, after }, async (stage) => {
    await begin?.(stage);
    const opened = await stage.records(file, schema);
    let done = opened.existing * parts;
    const tell = (reached: number): void => {
      if (reached === done && reached > 0) return;
      done = Math.min(count * parts, reached);
      stage.progress(done, count * parts, unit, note);
    };
    const onPart = (): void => tell(done + 1);
    const onChunk = (rows: number): void => tell(Math.max(done, rows * parts));
    const into = watch === undefined ? opened : await watchedFile(opened, watch());
    await askInto(pipeline, stage, into, { ...asking, onPart, onChunk, asked: { unit, parts } });
    await check?.(stage, opened.rows());
  });
  return recordsOf(pipeline.run, [name, file], schema, count);
};

/** Whether a record is of a prompt. */
export const isOf = ({ prompt }: { readonly prompt: PromptId }, { id }: { readonly id: PromptId }): boolean =>
  prompt === id;

/** What a stage's inputs say of its items, however many they are. */
export const idsOf = (items: AsyncIterable<{ readonly id: string }>): Promise<string> =>
  hashEach(mapped(items, ({ id }) => id));
