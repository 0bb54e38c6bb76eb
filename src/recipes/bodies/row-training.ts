// What the trainings on rows of a file (`covenant train sft|reward|dpo`) have in common: how rows are read and checked
// before anything is begun, the plan, the run and its closing lines. How each learns is its stage's part; its settings
// and how to go on from it stand in its own file.

import { join } from "node:path";
import { counted } from "../../core/index.ts";
import type { PairRow, SftRow } from "../../records/index.ts";
import { isSandboxPromptId } from "../../sandbox/index.ts";
import { itemLength, type ModelTask } from "../../transformer/index.ts";
import { type TrainingLoad, trainingSize } from "../costs/training-size.ts";
import { type CheckedInputs, checkFolder, checkInputs, openStages } from "../inputs/open-stages.ts";
import type { LoadedRows, OpenedRows } from "../inputs/training-data.ts";
import { planOf, planWriting, tokensOfLength } from "../plans/plan.ts";
import { planTraining } from "../plans/plan-training.ts";
import type { RecipeContext, RecipeOutcome, RecipePlan } from "../recipe.ts";
import { asModelName } from "../settings/names.ts";
import {
  chatTemplateSetting,
  fileSetting,
  modelSetting,
  seedSetting,
  textsSetting,
} from "../settings/settings.ts";
import { mergedNotices } from "../stages/adapter-start.ts";
import { localFile } from "../stages/data-files.ts";
import type { EncodedRow, LearnedRows } from "../stages/learned-rows.ts";
import type { RowModel } from "../stages/sft.ts";
import type { Pipeline } from "../stages/stage-model.ts";
import { readingOf, type TextSettings, templateFile } from "../stages/text-reading.ts";
import { requireConsistent, trainedFolder } from "../stages/training-parts.ts";
import { vocabularyNotices } from "../stages/vocabulary.ts";
import { describeTraining, summariseTraining } from "../summaries/training-summary.ts";

/** The settings that all of them have. example: rows that a command of ours left. */
export const rowSettings = (example: string) => ({
  seed: seedSetting,
  model: modelSetting.describe("model folder to start from"),
  data: fileSetting(`a file of rows is needed: --data ${example}`).describe(
    "file of training rows: JSONL, JSON, CSV, TSV or Parquet (.gz too), or hf:datasets/owner/name/file",
  ),
  texts: textsSetting,
  chatTemplate: chatTemplateSetting,
});

/**
 * What was learned. model and rows: the trained model and the rows it learned from, as they are named from here; texts:
 * whether all of these are plain texts with a prompt, joined without a chat template; sandbox: whether they are chats
 * about the sandbox's prompts, so that the story goes on.
 */
export type Learned = Readonly<Record<"model" | "rows", string> & Record<"texts" | "sandbox", boolean>>;

type TrainConfig = TextSettings & {
  readonly out: string;
  readonly seed: number;
  readonly model: string;
  readonly data: string;
};

/** Rows as a stage takes them. */
export type StageRows<Row> = { readonly rows: readonly Row[]; readonly ready: LearnedRows<Row> };

/**
 * A training as its command knows it. stage: its name in the run folder; block: the key of its settings, which is the
 * one that they have in `covenant run`.
 */
export type RowTraining<Config extends TrainConfig, Row> = {
  readonly name: string;
  readonly stage: string;
  readonly block: string;
  settingsOf(config: Config): TrainingLoad["settings"] & { readonly epochs: number };
  readonly task: ModelTask;
  /** Whether the model reads all rows once as it was before the first step. */
  readonly reference?: boolean;
  openRows(file: string, name: string): Promise<OpenedRows<Row>>;
  ready(loaded: LoadedRows<Row>, model: RowModel, config: Config): LearnedRows<Row>;
  train(pipeline: Pipeline, config: Config, rows: StageRows<Row>): Promise<string>;
  /** What is told of pairs kept out, where the training measures on them. */
  measured?(pipeline: Pipeline): Promise<string[]>;
  /** How to go on. */
  next(config: Config, learned: Learned): string[];
};

/** The rows as tokens. null: the model is not here yet. */
const readRows = async <Config extends TrainConfig, Row>(
  training: RowTraining<Config, Row>,
  config: Config,
  opened: OpenedRows<Row> | null,
  { languages, configs }: CheckedInputs,
): Promise<StageRows<Row> | null> => {
  const reading = await readingOf(config, languages["model"]);
  const shape = configs["model"];
  if (opened === null || reading === null || shape == null) return null;
  const loaded = opened.settle(reading.texts, config.seed);
  const ready = training.ready(loaded, { codec: reading.codec, config: shape }, config);
  const tokens = ready.learned.flatMap(({ item: { trunk, branches } }) => [trunk, ...branches]);
  const isMerged = languages["model"]?.isAdapter === true && training.settingsOf(config).lora === undefined;
  const notices = [
    ...mergedNotices(config.model, isMerged, training.block),
    ...loaded.notices,
    ...ready.notices,
    ...vocabularyNotices(reading.codec.tokenizer, tokens, "the rows"),
  ];
  return { rows: loaded.rows, ready: { ...ready, notices } };
};

/** What a training learned, for the command that goes on from it. */
const learnedOf = (rows: readonly (SftRow | PairRow)[], model: string, stageFolder: string): Learned => {
  const texts = rows.every((row) => "prompt" in row && typeof row.prompt === "string");
  return {
    model,
    rows: join(stageFolder, "rows.jsonl"),
    texts,
    sandbox: !texts && rows.every(({ id }) => isSandboxPromptId(id)),
  };
};

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async <Config extends TrainConfig, Row extends SftRow | PairRow>(
  training: RowTraining<Config, Row>,
  config: Config,
  context: RecipeContext,
) => {
  const settings = training.settingsOf(config);
  requireConsistent(settings, training.block);
  const { model, chatTemplate } = config;
  const data = await localFile(config.data, context, [
    `rows/${training.block === "sft" ? "sft" : "preferences"}.jsonl`,
  ]);
  const opened = data === null ? null : await training.openRows(data, config.data);
  const files = { ...(data === null ? {} : { data }), ...templateFile(chatTemplate) };
  const named = { models: { model: [model, "trained-bare"] as const }, files, training: settings };
  const inputs = await checkInputs(named, context);
  const rows = await readRows(training, config, opened, inputs);
  const request = { name: training.name, config, stages: [training.stage], inputs };
  return { opened, rows, inputs, request };
};

const notReady = (what: string) => ({
  code: "rows-not-read",
  text: `${what} is not here yet: rows were not read as tokens, so those that are too long are not known.`,
});

/** What a training would do, and all that is to be told of its rows. */
export const planRows = async <Config extends TrainConfig, Row extends SftRow | PairRow>(
  training: RowTraining<Config, Row>,
  config: Config,
  context: RecipeContext,
): Promise<RecipePlan> => {
  const { opened, rows, inputs, request } = await prepare(training, config, context);
  await checkFolder(request, context);
  if (opened === null) {
    const step = planWriting(training.stage, `the rows of ${config.data}, to be fetched first`);
    return planOf([{ ...step, seconds: null }], [notReady(config.data)]);
  }
  const tokens = rows === null ? opened.lengths.map(tokensOfLength) : rows.ready.learned.map(itemTokens);
  const total = tokens.reduce((sum, count) => sum + count, 0);
  const settings = training.settingsOf(config);
  const { epochs, batch, accumulation, lora, gradientCheckpointing = false } = settings;
  const learning = { epochs, batch, accumulation, lora, gradientCheckpointing };
  const longest = tokens.reduce((most, count) => Math.max(most, count), 0);
  const { reference = false } = training;
  const speed = { speed: inputs.speeds["model"]!, maxTokens: 0 };
  const planned = { ...learning, ...speed, longest, reference };
  const step = planTraining(training.stage, tokens.length, planned, () => total);
  const shape = inputs.configs["model"];
  // a model that is to be fetched first has no shape yet
  if (rows === null || shape == null) return planOf([step], [notReady(config.model)]);
  const heldOut = rows.ready.heldOut.map(itemTokens);
  const { stepBudget } = context;
  const size = trainingSize(shape, { task: training.task, settings, tokens, heldOut, stepBudget });
  return planOf([{ ...step, size }], rows.ready.notices);
};

const itemTokens = <Row>({ item }: EncodedRow<Row>): number => itemLength(item);

/** Runs a training to its end and says what it learned. */
export const runRows = async <Config extends TrainConfig, Row extends SftRow | PairRow>(
  training: RowTraining<Config, Row>,
  config: Config,
  context: RecipeContext,
): Promise<RecipeOutcome> => {
  const { rows, request } = await prepare(training, config, context);
  await using pipeline = await openStages(request, context);
  // only a dry run leaves a model or its rows where they are
  const given = rows!;
  const model = await pipeline.run.attempt(() => training.train(pipeline, config, given));
  await pipeline.run.finish();
  const settings = training.settingsOf(config);
  const stageFolder = join(config.out, training.stage);
  const named = asModelName(join(stageFolder, trainedFolder(settings)));
  const summary = await summariseTraining(pipeline, training.stage);
  const rowCount = new Set(given.ready.learned.map(({ row }) => row)).size;
  const from = `${counted(rowCount, "row")} of ${config.data}, ${counted(settings.epochs, "epoch")}`;
  return {
    lines: [
      ...describeTraining(summary, from),
      ...((await training.measured?.(pipeline)) ?? []),
      `Model: ${named}`,
      ...training.next(config, learnedOf(given.rows, named, stageFolder)),
    ],
    document: { folder: pipeline.run.folder, model, rows: rowCount, ...summary },
  };
};
