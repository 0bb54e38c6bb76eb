// What every training loop yields, what it takes to be continued, and the step that the loops over epochs of rows share:
// which rows, at which rate, in which parts, and the look at rows kept out. What is learned of rows is the method's: its
// trainer and how it lays them out. A loop is an async generator of step metrics: it touches no disk, and whoever runs
// it decides what is kept.

import { CovenantError, throwIfAborted, total } from "../core/index.ts";
import type { PackedItem } from "../transformer/index.ts";
import { type EpochOptions, isEvaluated, rowsOfStep, stepsOf } from "./epochs.ts";
import { commonPartShape, type PackedRow, packedParts, type Shaping } from "./row-parts.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import type { BatchPart, Trainer } from "./trainer.ts";

/** Metrics after a step (TRL's names); step counts from 0. */
export type StepMetrics = { readonly step: number; readonly metrics: Readonly<Record<string, number>> };

/** What every loop takes: where it starts, what stops it, and its seed. */
export type LoopOptions = {
  readonly seed: number;
  /** First step to run: the number of steps already in the weights. */
  readonly start?: number;
  readonly signal?: AbortSignal;
};

/** What every loop over epochs of rows takes, each with rows of its own kind. */
export type EpochLoopOptions<Sizes, Row> = LoopOptions & {
  readonly trainer: Trainer<Sizes>;
  readonly rows: readonly Row[];
  /** Rows of an optimiser step. */
  readonly batch: number;
  /** Parts that a step is computed in, one after another; it learns the same. Not given: one. */
  readonly accumulation?: number;
  /** What every part is, where rows are computed a packed row at a time; it learns the same but for dropout's masks. */
  readonly packedRow?: PackedRow<Row>;
  readonly epochs: number;
  readonly schedule: Omit<ScheduleOptions, "totalSteps">;
  readonly padding: number;
  /** Rows to take the loss on, not to learn: after every so many steps; 0: after every epoch. Always after the last. */
  readonly heldOut?: { readonly rows: readonly Row[]; readonly every: number };
};

/** The order of a loop's rows. */
const orderOf = <Sizes, Row>({ rows, batch, epochs, seed }: EpochLoopOptions<Sizes, Row>): EpochOptions => ({
  rows: rows.length,
  batch,
  epochs,
  seed,
});

/** Steps that a loop takes in all. */
export const loopSteps = <Sizes, Row>(options: EpochLoopOptions<Sizes, Row>): number =>
  stepsOf(orderOf(options));

/** Rows that a part of a step holds at most. */
export const rowsAPart = ({ batch, accumulation = 1 }: { batch: number; accumulation?: number }): number =>
  Math.max(1, Math.ceil(batch / accumulation));

/** How a method lays rows out. */
export type RowLayout<Sizes, Row> = {
  /** What a row takes of packed rows. */
  itemOf(row: Row): PackedItem;
  /** Places that a row's targets take. */
  targetsOf(row: Row): number;
  /** `chosen` is one of the parts of a whole that weighs `rows`; size: rows that a part holds at most. */
  layOutPart(
    chosen: readonly Row[],
    whole: {
      readonly rows: readonly Row[];
      readonly size: number;
      readonly padding: number;
      readonly shaping: Shaping;
    },
  ): BatchPart<Sizes>;
};

/** What all steps of a loop share: how rows are laid out, and in which shape. */
type Steps<Sizes, Row> = { readonly layout: RowLayout<Sizes, Row>; readonly shaping: Shaping };

/** Steps whose rows decide on the common shape; a later part that does not fit into it has its own. */
const stepsLookedAt = 32;

/** The shape of a loop's parts: whole ones have one in common, whatever step the loop is started at. */
const shapingOf = <Sizes, Row>(
  options: EpochLoopOptions<Sizes, Row>,
  { itemOf, targetsOf }: RowLayout<Sizes, Row>,
): Shaping => {
  if (options.packedRow !== undefined) return { packed: options.packedRow.time };
  const size = rowsAPart(options);
  const order = orderOf(options);
  const parts = Array.from({ length: Math.min(stepsLookedAt, stepsOf(order)) }, (_, step) =>
    rowsInParts(rowsOfStep(order, step), size, undefined),
  ).flat();
  const whole = parts
    .filter(({ length }) => length === size)
    .map((part) => part.map((row) => options.rows[row]!));
  if (whole.length < 2) return {};
  return {
    common: commonPartShape(
      whole.map((rows) => ({ items: rows.map(itemOf), targets: total(rows.map(targetsOf)) })),
    ),
  };
};

/** Rows as they are computed together. size: rows that a part holds at most, and those that packed rows are filled from. */
const rowsInParts = <Row>(
  rows: readonly Row[],
  size: number,
  packedRow: PackedRow<Row> | undefined,
): (readonly Row[])[] => {
  const parts: (readonly Row[])[] = [];
  for (let start = 0; start < rows.length; start += size) {
    const chosen = rows.slice(start, start + size);
    parts.push(...(packedRow === undefined ? [chosen] : packedParts(chosen, packedRow)));
  }
  return parts;
};

/** Parts of a whole, laid out one after another as they are asked for. size: rows that a part holds at most. */
function* laidOut<Sizes, Row>(
  parts: readonly (readonly Row[])[],
  { rows, size }: { readonly rows: readonly Row[]; readonly size: number },
  { padding, signal }: EpochLoopOptions<Sizes, Row>,
  { layout, shaping }: Steps<Sizes, Row>,
): Generator<BatchPart<Sizes>> {
  for (const part of parts) {
    throwIfAborted(signal);
    // far fewer rows than others have are not worth a shape that is meant for those
    const own = 2 * part.length < size && shaping.packed === undefined ? {} : shaping;
    yield layout.layOutPart(part, { rows, size, padding, shaping: own });
  }
}

/**
 * A step as it is. Throws CovenantError "training-diverged", naming the step, for a metric that is no number: the trainer
 * looks at an update's loss and gradient norm alone, and not at what was kept out.
 */
export const finite = (outcome: StepMetrics): StepMetrics => {
  const { step, metrics } = outcome;
  const found = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  if (found === undefined) return outcome;
  const [name, value] = found;
  throw new CovenantError(
    "training-diverged",
    `Step ${step + 1}: ${name} is ${value}; expected a finite number. Lower the learning rate, or look at the rows.`,
    { step, name },
  );
};

/** Metrics on what was kept out as eval_*, rounded to single precision, in which they are compared and kept. */
export const asEvaluation = (metrics: StepMetrics["metrics"]): Record<string, number> =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`eval_${name}`, Math.fround(value)]));

/** Rows kept out, as they are computed together: as many as a part of a step has, or in packed rows that all of them fill. */
const heldOutParts = <Sizes, Row>(rows: readonly Row[], options: EpochLoopOptions<Sizes, Row>) => {
  const { packedRow } = options;
  if (packedRow === undefined) {
    const size = rowsAPart(options);
    return { parts: rowsInParts(rows, size, undefined), size };
  }
  const parts = packedParts(rows, packedRow);
  return { parts, size: parts.reduce((most, { length }) => Math.max(most, length), 0) };
};

/** Loss and metrics on the held-out rows, where they are due after a step. */
const heldOutMetrics = async <Sizes, Row>(
  options: EpochLoopOptions<Sizes, Row>,
  step: number,
  steps: Steps<Sizes, Row>,
): Promise<Record<string, number>> => {
  const { heldOut, trainer } = options;
  if (heldOut === undefined || heldOut.rows.length === 0) return {};
  if (!isEvaluated(orderOf(options), heldOut.every, step)) return {};
  const { rows } = heldOut;
  const { parts, size } = heldOutParts(rows, options);
  return asEvaluation(await trainer.evaluate(laidOut(parts, { rows, size }, options, steps)));
};

/**
 * One optimiser step of a loop, counted from 0, on the rows that are due: the trainer's metrics, learning_rate, grad_norm,
 * and eval_* where rows kept out are due. Throws InterruptedError at a signal, like `finite`, and as the trainer.
 */
const takeStep = async <Sizes, Row>(
  options: EpochLoopOptions<Sizes, Row>,
  step: number,
  steps: Steps<Sizes, Row>,
): Promise<StepMetrics> => {
  throwIfAborted(options.signal);
  const rows = rowsOfStep(orderOf(options), step).map((row) => options.rows[row]!);
  const rate = learningRateAt({ ...options.schedule, totalSteps: loopSteps(options) }, step);
  const size = rowsAPart(options);
  const parts = laidOut(rowsInParts(rows, size, options.packedRow), { rows, size }, options, steps);
  const { gradient_norm, ...metrics } = await options.trainer.stepOver(parts, rate);
  const heldOut = await heldOutMetrics(options, step, steps);
  return finite({
    step,
    metrics: { ...metrics, learning_rate: rate, grad_norm: gradient_norm!, ...heldOut },
  });
};

/** The steps of all epochs, from `start` on. */
export async function* takeSteps<Sizes, Row>(
  options: EpochLoopOptions<Sizes, Row>,
  layout: RowLayout<Sizes, Row>,
): AsyncGenerator<StepMetrics> {
  const steps = { layout, shaping: shapingOf(options, layout) };
  for (let step = options.start ?? 0; step < loopSteps(options); step++)
    yield await takeStep(options, step, steps);
}
