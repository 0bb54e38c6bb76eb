// Rows on their way to a training: as tokens, without those that are too long, and split into rows to learn and rows kept
// out. Whatever is wrong with them is found here, so that a command can look before it begins a run. Knows settings and
// a model's codec; reads no file and no weights.

import { counted, firstOf, hashText, UserError } from "../../core/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { fitRows, type LongRow, type RowLimit, type SftItem } from "../../training/index.ts";
import type { ModelConfig } from "../../transformer/index.ts";
import type { TrainingSettings } from "../settings/settings.ts";
import { describeLeftOut, type LeftOutCounts, leftOutText } from "./left-out.ts";

/** What a person should know, told as a warning of the stage or by a dry run. */
export type Notice = { readonly code: string; readonly text: string };

/** A row with its tokens. */
export type EncodedRow<Row> = { readonly row: Row; readonly item: SftItem };

/** Rows ready for a training: those to learn, and those kept out of it. */
export type LearnedRows<Row> = {
  readonly learned: readonly EncodedRow<Row>[];
  readonly heldOut: readonly EncodedRow<Row>[];
  readonly notices: readonly Notice[];
};

type RowSettings = Pick<
  TrainingSettings,
  "batch" | "epochs" | "schedule" | "warmupSteps" | "maxTokens" | "keepBest"
> & { readonly overlong?: "skip" | "cut" };

/**
 * How a training reads rows. block: the key of its settings. share: of the rows kept out, and the key that says it.
 * answers: what a row answers; rows that answer the same are on one side of the split.
 */
export type RowReading<Row> = {
  readonly block: string;
  readonly settings: RowSettings;
  readonly config: ModelConfig;
  readonly share: readonly [key: "evaluationShare" | "heldOutShare", value: number];
  /** A row as tokens; several items where its replies are learned each behind a prompt of its own. */
  encode(row: Row): readonly SftItem[];
  answers(row: Row): unknown;
  /** Where a row stands ("rows.jsonl, line 4"); not given: its id. */
  readonly placeOf?: ((row: { readonly id: string }) => string) | undefined;
  readonly leftOut?: LeftOutCounts;
  /** Of what there would have been rows ("comparison"). */
  readonly what: string;
};

/** The first of some long rows by where they stand, and how many more there are. */
export const shownRows = (long: readonly LongRow[], placeAt: (row: number) => string): string =>
  firstOf(long.map(({ row, tokens }) => `${placeAt(row)} (${counted(tokens, "token")})`));

/** Notices of rows that were too long, naming where they stand. limit: tokens that a row may have. */
const tooLong = (
  rows: number,
  { skipped, cut, limit }: { skipped: readonly LongRow[]; cut: readonly LongRow[]; limit: number },
  placeAt: (row: number) => string,
): Notice[] =>
  (
    [
      ["rows-too-long", skipped, skipped.length === 1 ? "was left out" : "were left out"],
      ["rows-cut", cut, cut.length === 1 ? "was cut" : "were cut"],
    ] as const
  ).flatMap(([code, long, what]) => {
    if (long.length === 0) return [];
    const text = `${long.length} of ${counted(rows, "row")} ${long.length === 1 ? "is" : "are"} longer than ${limit} tokens and ${what}: ${shownRows(long, placeAt)}.`;
    return [{ code, text }];
  });

/**
 * Whether a share keeps out what is asked: by a hash, so that the same, written the same way, stands on the same side in
 * every run and training with that share. A text and a chat that holds it are not the same.
 */
export const isKeptOut = (asked: unknown, share: number): boolean =>
  hashText(`held-out\u001f${JSON.stringify(asked)}`) / 2 ** 32 < share;

/** Rows to learn and rows kept out, by what they answer: rows of one prompt never stand on two sides. */
const splitRows = <Row>(
  rows: readonly EncodedRow<Row>[],
  share: number,
  answers: (row: Row) => unknown,
): { readonly learned: readonly EncodedRow<Row>[]; readonly heldOut: readonly EncodedRow<Row>[] } => {
  const isHeldOut = ({ row }: EncodedRow<Row>): boolean => isKeptOut(answers(row), share);
  return { learned: rows.filter((row) => !isHeldOut(row)), heldOut: rows.filter(isHeldOut) };
};

/** Throws UserError, with the cause and the settings to change, when no row is left to train on. */
const requireRows = <Row>(
  { block, settings, config, share: [shareKey], leftOut = {} }: RowReading<Row>,
  { made, long, held, limit }: { made: number; long: number; held: number; limit: number },
): void => {
  if (made > long + held) return;
  const unmade = describeLeftOut(leftOut);
  const isContext = limit === config.maxPositions;
  const causes: [boolean, string, string][] = [
    [unmade !== "", unmade, "give more prompts, or raise sampling.maxTokens where texts were cut"],
    [
      long > 0,
      `${long} longer than ${limit} tokens, ${isContext ? "the model's context" : `which is ${block}.maxTokens`}`,
      `${isContext ? "choose a model with a longer context" : `raise ${block}.maxTokens`}${settings.overlong === "skip" ? `, or cut what is too long (${block}.overlong=cut)` : ""}`,
    ],
    [held > 0, `${held} kept out by ${block}.${shareKey}`, `give more rows, or lower ${block}.${shareKey}`],
  ];
  const found = causes.filter(([is]) => is);
  const why = found.length === 0 ? "none was given" : found.map(([, cause]) => cause).join("; ");
  const remedies = found.length === 0 ? "give some" : found.map(([, , remedy]) => remedy).join("; ");
  throw new UserError(
    "rows-empty",
    `${block}: there is no row to train on (${why}). Expected at least one: ${remedies}.`,
  );
};

/** What is wrong when the best is to be saved (saved: how that is told) and nothing is kept out to tell it by. what: "row". */
export const nothingHeldOut = (
  block: string,
  [key, share]: readonly [key: string, share: number],
  saved: string,
  what: string,
): UserError =>
  new UserError(
    "nothing-held-out",
    `${block}.keepBest saves ${saved} on ${what}s kept out of training, but no ${what} is kept out (${block}.${key} is ${share}). Raise ${block}.${key}${share > 0 ? ` or give more ${what}s` : ""}, or leave ${block}.keepBest out.`,
  );

/** Told where a share is to be kept out and nothing is. of: how many there are. what: "row". */
export const heldOutNotices = (
  block: string,
  [key, share]: readonly [key: string, share: number],
  { held, of, what }: { readonly held: number; readonly of: number; readonly what: string },
): Notice[] => {
  if (share === 0 || held > 0) return [];
  const text = `${block}.${key} is ${share} and keeps 0 of ${counted(of, what)} out of training, so nothing is measured on ${what}s kept out. Give more ${what}s, or raise ${block}.${key}.`;
  return [{ code: "nothing-held-out", text }];
};

/** Throws UserError when the best weights are asked for and nothing is kept out to tell them by. */
const requireHeldOut = <Row>(
  { block, settings: { keepBest }, share }: RowReading<Row>,
  held: number,
): void => {
  if (keepBest && held === 0) throw nothingHeldOut(block, share, "the weights with the least loss", "row");
};

/** The code of the warning that a training's steps change nothing. */
export const nothingLearned = "nothing-learned";

/** Told where the learning rate never comes to its peak. steps: of the whole training. */
export const warmupNotices = (
  block: string,
  { warmupSteps, schedule }: Pick<TrainingSettings, "warmupSteps" | "schedule">,
  steps: number,
): Notice[] => {
  if (warmupSteps < steps) return [];
  const outcome =
    steps <= 1
      ? "the only step is taken with a learning rate of 0, so nothing is learned"
      : "the learning rate never comes to its peak";
  const text = `${block}.warmupSteps is ${warmupSteps} and the training has ${counted(steps, "step")}: ${outcome}. Lower ${block}.warmupSteps${schedule === "constant" ? "" : " to a tenth of the steps or less"}, or train for more steps.`;
  return [{ code: steps <= 1 ? nothingLearned : "warmup-too-long", text }];
};

/** What `work` makes of a row; a UserError of it says where the row stands, where that is known. */
export const placed = <Value>(place: string | undefined, work: () => Value): Value => {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof UserError) || place === undefined) throw thrown;
    throw new UserError(thrown.code, `${place}: ${thrown.message}`, thrown.facts, thrown);
  }
};

/** Each row as tokens. Throws UserError for a row that cannot be, with its place. */
const encodeRows = <Row extends { readonly id: string }>(
  rows: readonly Row[],
  { encode, placeOf }: RowReading<Row>,
): EncodedRow<Row>[] =>
  rows.flatMap((row) => placed(placeOf?.(row), () => encode(row)).map((item) => ({ row, item })));

/** Told where rows became several, which then count one by one in batches and among those that are too long. */
const splitNotices = <Row>(rows: readonly Row[], encoded: readonly EncodedRow<Row>[]): Notice[] => {
  if (encoded.length === rows.length) return [];
  const text = `The chat template shows a prompt otherwise once more has been said (the system's words before the last question alone, as a rule), so the replies of a chat of several are learned each behind its own prompt: ${counted(rows.length, "row")} became ${encoded.length}.`;
  return [{ code: "rows-split", text }];
};

/** Tokens that a row may have. */
const rowLimit = (
  { maxTokens, overlong = "skip" }: RowSettings,
  { maxPositions }: ModelConfig,
): RowLimit => ({
  limit: Math.min(maxTokens ?? maxPositions, maxPositions),
  overlong,
});

/**
 * Rows as a training takes them. Throws UserError for a row that the template cannot hold, when none is left to learn,
 * and when none is kept out to choose the best weights by.
 */
export const readyRows = <Row extends { readonly id: string }>(
  rows: readonly Row[],
  reading: RowReading<Row>,
): LearnedRows<Row> => {
  const { block, settings, config, share, answers, placeOf = ({ id }) => id, leftOut = {}, what } = reading;
  const limit = rowLimit(settings, config);
  const all = encodeRows(rows, reading);
  const { items, kept, ...long } = fitRows(
    all.map(({ item }) => item),
    limit,
  );
  const encoded = kept.map((from, at) => ({ row: all[from]!.row, item: items[at]! }));
  const { learned, heldOut } = splitRows(encoded, share[1], answers);
  const counts = { made: all.length, long: long.skipped.length, held: heldOut.length };
  requireRows(reading, { ...counts, ...limit });
  requireHeldOut(reading, heldOut.length);
  const unmade = leftOutText(leftOut, rows.length, what);
  const merged = items.filter((item) => item.merged === true).length;
  const steps = Math.ceil(learned.length / settings.batch) * settings.epochs;
  const notices: Notice[] = [
    ...splitNotices(rows, all),
    ...tooLong(all.length, { ...long, ...limit }, (at) => placeOf(all[at]!.row)),
    ...(unmade === undefined ? [] : [{ code: "rows-left-out", text: unmade }]),
    ...(merged === 0
      ? []
      : [
          {
            code: "prompts-merged",
            text: `In ${merged} of ${counted(all.length, "row")} the end of the prompt and the beginning of what continues it are read as one token, so it is learned behind a shorter prompt than the model will be asked with. End prompts where a word ends, and begin what continues them with the space.`,
          },
        ]),
    ...(learned.length < settings.batch
      ? [
          {
            code: "rows-few",
            text: `Only ${counted(learned.length, "row")} to learn from, fewer than one batch of ${settings.batch}: expect little, and that little by chance.`,
          },
        ]
      : []),
    ...heldOutNotices(block, share, { held: heldOut.length, of: encoded.length, what: "row" }),
    ...warmupNotices(block, settings, steps),
  ];
  return { learned, heldOut, notices };
};

/** Tells notices as warnings of a stage. */
export const warnOf = (stage: Pick<StageContext, "warn">, notices: readonly Notice[]): void => {
  for (const { code, text } of notices) stage.warn(code, text);
};

/** Rows kept out as a loop takes them. */
export const heldOutOf = <Row>(rows: readonly Row[], { evaluateEvery }: TrainingSettings) =>
  rows.length === 0 ? {} : { heldOut: { rows, every: evaluateEvery } };

/** Copies rows into the stage's folder, so that a run says what it learned from. */
export const keepRows = async <Row>(
  stage: StageContext,
  schema: Parameters<StageContext["records"]>[1],
  rows: readonly Row[],
): Promise<void> => {
  const file = await stage.records("rows.jsonl", schema);
  await file.append(rows.slice(file.existing));
};
