// The prompts of a run: the sandbox's own, or a file's. They are read, and their faults told, before a run folder is
// begun; the stage then only writes them down. Prompts stream: who works on them reads them one by one.

import { join } from "node:path";
import {
  collect,
  counted,
  describePlace,
  mapped,
  matching,
  type Sequence,
  sequence,
  sequenceOf,
  sha256File,
  type TextPlace,
  UserError,
} from "../../core/index.ts";
import { formatNamed, readPrompts } from "../../feedback/index.ts";
import { type Message, type PromptKind, type PromptRecord, promptRecordSchema } from "../../records/index.ts";
import { streamRecords } from "../../runs/index.ts";
import { sandboxPrompts, splitOfRequest } from "../../sandbox/index.ts";
import type { RecipeContext } from "../recipe.ts";
import { hereFile } from "./data-files.ts";
import type { Pipeline } from "./stage-model.ts";
import { writeStream } from "./streamed-records.ts";

export type PromptCounts = Readonly<Record<PromptKind, number>>;

/**
 * format: of a file, where its first row is not to tell it. testShare: share of a file's prompts that are held out,
 * where rows do not say it. Without it, requests of the sandbox are split by their combination, and other prompts as in
 * readPrompts.
 */
export type PromptSource = {
  /** "sandbox" or a file, which may be one of a data set on the hub. */
  readonly source: string;
  readonly train: PromptCounts;
  readonly test: PromptCounts;
  readonly limit?: number;
  readonly kind?: PromptKind;
  readonly format?: string;
  readonly testShare?: number;
};

type Notice = { readonly code: string; readonly text: string };

/**
 * The prompts of a run, with where they come from (file: where it lies) and what a person should know of them. drawnTest:
 * how many are for testing though their rows say nothing of it.
 */
export type OpenedPrompts = {
  readonly options: PromptSource;
  readonly file: string | null;
  readonly prompts: Sequence<PromptRecord>;
  readonly drawnTest: number;
  readonly notices: readonly Notice[];
};

/** Told of a prompt, and where it stands ("prompts.csv, line 3"; the sandbox's stand nowhere). */
type OnPrompt = (prompt: PromptRecord, place: string | null) => void;

/** seed: of the run; onPrompt: told of every prompt. */
type Opening = {
  readonly seed: number;
  readonly context: RecipeContext;
  readonly onPrompt?: OnPrompt;
};

/** Where runs hold prompts. */
const promptsInRun = ["prompts/prompts.jsonl", "sorted/prompts.jsonl"];

/** The side of a request of the sandbox: held-out combinations are for testing, all others for training. */
const sandboxSide = (messages: readonly Message[]): "train" | "test" | null =>
  splitOfRequest(messages.at(-1)?.content ?? "");

/** Reads a file once, so that every fault is told before anything is begun; its prompts are read anew by who needs them. */
const openFile = async (
  options: PromptSource,
  { seed, context, onPrompt = () => {} }: Opening,
): Promise<OpenedPrompts> => {
  const { source, limit, kind, format, testShare } = options;
  if (format !== undefined) formatNamed(format);
  if (/\.ya?ml$/i.test(source))
    throw new UserError(
      "prompts-yaml",
      `${source} is a YAML file, and holds no prompts: expected rows in .jsonl, .json, .csv, .tsv, .parquet, .arrow or .txt. Where it is a constitution, it is given as --constitution ${source}.`,
      { file: source },
    );
  const file = await hereFile(source, context, promptsInRun);
  const reading = {
    runSeed: seed,
    ...(limit === undefined ? {} : { limit }),
    ...(kind === undefined ? {} : { kind }),
    ...(format === undefined ? {} : { format }),
    // Where both sides are used, what the model has seen in pretraining decides; the hash cannot know it.
    ...(testShare === undefined ? { sideOf: sandboxSide } : { testShare }),
  };
  let repeated = 0;
  let count = 0;
  let place: TextPlace = { file: source };
  const onPlace = (found: TextPlace): void => {
    place = { ...found, file: source };
  };
  let drawnTest = 0;
  let isNamed = true;
  const onSide = (named: boolean): void => {
    isNamed = named;
  };
  for await (const prompt of readPrompts(file, reading, { onRepeated: () => repeated++, onPlace, onSide })) {
    count++;
    if (!isNamed && prompt.split === "test") drawnTest++;
    onPrompt(prompt, describePlace(place));
  }
  if (count === 0) {
    throw new UserError(
      "prompts-empty",
      `${source} holds no prompts. Expected one prompt a row, e.g. {"prompt": "How do I ...?"}.`,
      { file: source },
    );
  }
  const text = `${counted(repeated, "row says", "rows say")} the same as an earlier one in ${source}, and ${repeated === 1 ? "was" : "were"} left out.`;
  return {
    options,
    file,
    prompts: sequence(count, () => readPrompts(file, reading)),
    drawnTest,
    notices: repeated === 0 ? [] : [{ code: "prompts-repeated", text }],
  };
};

/** Opens the prompts of a run. Throws UserError for a file with faults, and for none. */
export const openPrompts = async (options: PromptSource, opening: Opening): Promise<OpenedPrompts> => {
  if (options.source !== "sandbox") return openFile(options, opening);
  if (options.format !== undefined)
    throw new UserError(
      "format-without-file",
      `The format ${options.format} is that of a file, and the sandbox's prompts are none. Leave out --format, or name a file: --prompts prompts.csv.`,
    );
  const { seed, onPrompt = () => {} } = opening;
  const prompts = (["train", "test"] as const)
    .flatMap((split) =>
      sandboxPrompts({ seed, split, counts: split === "train" ? options.train : options.test }),
    )
    .slice(0, options.limit);
  for (const prompt of prompts) onPrompt(prompt, null);
  if (prompts.length > 0)
    return { options, file: null, prompts: sequenceOf(prompts), drawnTest: 0, notices: [] };
  throw new UserError(
    "prompts-empty",
    "The run has no prompts: all counts are 0. Ask for at least one prompt.",
  );
};

/** prompts/prompts.jsonl: the run's prompts. */
export const promptStage = async (
  { run }: Pipeline,
  { options, file, prompts, notices }: OpenedPrompts,
): Promise<Sequence<PromptRecord>> => {
  const inputs = file === null ? options : { ...options, file: await sha256File(file) };
  await run.stage({ name: "prompts", inputs }, async (stage) => {
    for (const { code, text } of notices) stage.warn(code, text);
    const checked = mapped(prompts, (prompt) => promptRecordSchema.parse(prompt));
    await writeStream(stage, "prompts.jsonl", checked, { total: prompts.count, unit: "prompts" });
  });
  const path = join(run.folder, "prompts", "prompts.jsonl");
  return sequence(prompts.count, () => streamRecords(path, promptRecordSchema));
};

/** What a recipe says of its prompts. */
export type PromptsSettings = {
  readonly seed: number;
  readonly prompts: string;
  readonly counts: PromptCounts;
  readonly limit?: number | undefined;
  readonly kind?: PromptKind | undefined;
  readonly format?: string | undefined;
  readonly testShare?: number | undefined;
};

const none: PromptCounts = { harmful: 0, harmless: 0, lookalike: 0 };
const purposes = { train: "training", test: "testing" } as const;

/** The source that settings name, all prompts of the sandbox being of one side. */
export const sourceOf = (
  { prompts: source, counts, limit, kind, format, testShare }: PromptsSettings,
  side: "train" | "test" = "train",
): PromptSource => ({
  source,
  ...{ train: none, test: none, [side]: counts },
  ...(limit === undefined ? {} : { limit }),
  ...(kind === undefined ? {} : { kind }),
  ...(format === undefined ? {} : { format }),
  ...(testShare === undefined ? {} : { testShare }),
});

/** Prompts of which only one side of the split is worked on. */
export type OneSide = OpenedPrompts & {
  readonly side: "train" | "test";
  readonly used: Sequence<PromptRecord>;
};

const ofSide = (
  prompts: Sequence<PromptRecord>,
  side: "train" | "test",
  count: number,
): Sequence<PromptRecord> => sequence(count, () => matching(prompts, ({ split }) => split === side));

/**
 * The prompts of a command that only works on, or only measures. Rows of a file that say nothing are taken; those that
 * are marked for the other purpose are left out, with a notice. onPrompt: told of those that are taken. Throws UserError
 * when none is left.
 */
export const openOneSide = async (
  settings: PromptsSettings,
  side: "train" | "test",
  context: RecipeContext,
  onPrompt: OnPrompt = () => {},
): Promise<OneSide> => {
  const { prompts: source } = settings;
  const other = side === "train" ? "test" : "train";
  const options: PromptSource = { ...sourceOf(settings, side), testShare: side === "train" ? 0 : 1 };
  let taken = 0;
  const opened = await openPrompts(options, {
    seed: settings.seed,
    context,
    onPrompt(prompt, place) {
      if (prompt.split !== side) return;
      taken++;
      onPrompt(prompt, place);
    },
  });
  const marked = `marked for ${purposes[other]} ("split": "${other}")`;
  if (taken === 0) {
    const marking =
      side === "train"
        ? " Where `covenant prompts load`, `classify` or `select` marked them, that command does not with --set testShare=0."
        : "";
    throw new UserError(
      "prompts-empty",
      `Every row of ${source} is ${marked}, so there is nothing to ${side === "train" ? "work on" : "measure"}. Mark rows "${side}", or take the mark away.${marking}`,
      { file: source },
    );
  }
  const left = opened.prompts.count - taken;
  const text = `${counted(left, "row")} of ${source} ${left === 1 ? "is" : "are"} ${marked} and ${left === 1 ? "was" : "were"} left out.`;
  const notices = left === 0 ? opened.notices : [...opened.notices, { code: "prompts-left-out", text }];
  return { ...opened, notices, side, used: ofSide(opened.prompts, side, taken) };
};

/** prompts/prompts.jsonl, and of it what is used. */
export const sideStage = async (pipeline: Pipeline, opened: OneSide): Promise<Sequence<PromptRecord>> =>
  ofSide(await promptStage(pipeline, opened), opened.side, opened.used.count);

/**
 * Prompts of one side that are held in memory: a training draws from them again and again. placeOf: where one stands, as
 * a person finds it; of the sandbox's its id.
 */
export type OneSidedPrompts = Omit<OneSide, "used"> & {
  readonly used: readonly PromptRecord[];
  placeOf(prompt: Pick<PromptRecord, "id">): string;
};

/** openOneSide, in memory. */
export const gatherOneSide = async (
  settings: PromptsSettings,
  side: "train" | "test",
  context: RecipeContext,
): Promise<OneSidedPrompts> => {
  const places = new Map<string, string>();
  const opened = await openOneSide(settings, side, context, ({ id }, place) => {
    if (place !== null) places.set(id, place);
  });
  return { ...opened, used: await collect(opened.used), placeOf: ({ id }) => places.get(id) ?? id };
};

/** sideStage, in memory. */
export const oneSidedStage = async (
  pipeline: Pipeline,
  { used, ...opened }: OneSidedPrompts,
): Promise<PromptRecord[]> => collect(ofSide(await promptStage(pipeline, opened), opened.side, used.length));
