// How long models work here: arithmetic counted from their shapes, over the rate at which this machine multiplies
// matrices. What is no product of matrices is counted as so many operations of one; the factors were measured with models
// of 3 to 135 million parameters (docs/experiments.md, "What a dry run says of time").

import { muonOperations, rowLength } from "../../training/index.ts";
import {
  hiddenMatrices,
  type ModelConfig,
  type ModelTask,
  parameterCount,
  parameterShapes,
  plannedRows,
} from "../../transformer/index.ts";

/**
 * A model that runs here. rate: operations a second of this machine's products, which share `threads` (1 where nothing is
 * said); what is no product has one of them.
 */
export type ModelSpeed = {
  readonly config: ModelConfig;
  readonly task: ModelTask;
  readonly rate: number;
  readonly threads?: number;
};

/** null: it runs elsewhere, or is not here yet. */
export type Speed = ModelSpeed | null;

/** The speed of the first of these parts that has a model of its own; one that runs elsewhere is never taken for another. */
export const speedOfPart = (speeds: Readonly<Record<string, Speed>>, ...parts: readonly string[]): Speed =>
  parts.map((part) => speeds[part]).find((speed) => speed !== undefined) ?? null;

/** Seconds before anything is computed: weights are read, hashed and checked. */
const openBase = 0.8;
const openBytes = 250e6;
/** Seconds for a program, and more of them for each layer: [base, layer]. */
const askingProgram = [0.05, 0.012] as const;
const trainingProgram = [0.1, 0.12] as const;

/** Shares of the products' rate that are reached. */
const shares = { read: 0.7, learned: 0.65 };
/** A product of few rows takes as long as one of so many more: its weights are read from memory all the same. */
const rowsOfPass = 8;
/** Operations for each number of the distribution that a token is drawn from. */
const drawn = 8000;
/** Operations of the optimiser for each number that learns, and seconds to write what was learned. */
const optimised = 600;
const savedBytes = 100e6;
/** Adapters have about so much fewer numbers than the model. */
const adapterShare = 50;
/** Packed rows are filled so far, on average. */
const filled = 0.85;
/** Rows that are generated at a time. */
const rowsAtATime = 64;

const bytes = 4;

/** Operations of a token through all layers, which looks at `length` tokens, and of the vocabulary's head, if any. */
const forward = ({ config, task }: ModelSpeed, length: number) => {
  const { vocabularySize, hiddenSize, heads, headSize, layers } = config;
  const embedding = vocabularySize * hiddenSize;
  const matrices = parameterCount(config, "sequence-classification") - embedding;
  return {
    layers: 2 * matrices + 4 * layers * heads * headSize * length,
    head: task === "causal-lm" ? 2 * embedding : 0,
  };
};

const programSeconds = ({ config }: ModelSpeed, [base, layer]: readonly [number, number]): number =>
  base + layer * config.layers;

const openSeconds = ({ config, task }: ModelSpeed): number =>
  openBase + (bytes * parameterCount(config, task)) / openBytes;

/**
 * What is asked of a model: tokens read and written over all calls. scored: tokens whose probabilities are read; where
 * nothing is said and nothing is written, all. opened: the model is there from a step before. shapes: of what is read, each
 * of which takes a program of its own; where nothing is said, one.
 */
export type AskedWork = {
  readonly calls: number;
  readonly read: number;
  readonly written: number;
  readonly scored?: number;
  readonly opened?: boolean;
  readonly shapes?: number;
};

/** Seconds in which a model answers. batch: rows that are generated at a time. */
export const askSeconds = (
  speed: ModelSpeed,
  { calls, read, written, scored = read, opened = false, shapes = 1 }: AskedWork,
  batch = rowsAtATime,
): number => {
  const { rate, config, threads = 1 } = speed;
  const each = forward(speed, (read + written) / Math.max(1, calls));
  // what is written needs the head for its last prompt token alone
  const heads = written > 0 ? calls : scored;
  const reading = (read * each.layers + heads * each.head) / shares.read;
  // every step goes through all weights, however few rows it has
  const passes = written / Math.max(1, Math.min(batch, rowsAtATime, calls));
  const writing = ((written + rowsOfPass * passes) * (each.layers + each.head)) / shares.read;
  const drawing = threads * written * drawn * config.vocabularySize;
  const programs = (written > 0 ? 3 : shapes) * programSeconds(speed, askingProgram);
  return (opened ? 0 : openSeconds(speed)) + programs + (reading + writing + drawing) / rate;
};

/**
 * What a model learns. rows: of an epoch; tokens: of a row on average, longest: of the longest; reference: the model as
 * it was before the first step reads all rows once; opened: the model is there from a step before; muon: the layers'
 * matrices are moved by Muon; shapes: as of AskedWork.
 */
export type LearnedWork = {
  readonly rows: number;
  readonly tokens: number;
  readonly longest: number;
  readonly epochs: number;
  readonly batch: number;
  readonly accumulation?: number;
  readonly lora?: object | undefined;
  readonly gradientCheckpointing?: boolean;
  readonly reference?: boolean;
  readonly opened?: boolean;
  readonly muon?: boolean;
  readonly shapes?: number;
};

/** Seconds in which a model learns rows and is saved. */
export const learnSeconds = (speed: ModelSpeed, work: LearnedWork): number => {
  const {
    rows,
    tokens,
    longest,
    epochs,
    batch,
    accumulation = 1,
    lora,
    gradientCheckpointing = false,
  } = work;
  const { rate, config, task } = speed;
  const time = rowLength(Math.min(longest, config.maxPositions));
  const each = forward(speed, time);
  const passes = (lora === undefined ? 3 : 2) + (gradientCheckpointing ? 1 : 0);
  const token = passes * (each.layers + each.head / 2);
  /** Operations of a step on so many rows: packed, in parts, and rounded to few shapes. */
  const stepOperations = (count: number): number => {
    const parts = Math.min(accumulation, count);
    return parts * plannedRows(((count / parts) * tokens) / (filled * time)) * time * token;
  };
  const left = rows % batch;
  const epoch = Math.floor(rows / batch) * stepOperations(batch) + (left === 0 ? 0 : stepOperations(left));
  const learning = (epochs * epoch) / shares.learned;
  const numbers = parameterCount(config, task);
  const learned = lora === undefined ? numbers : numbers / adapterShare;
  const steps = Math.ceil(rows / batch) * epochs;
  const weights = parameterShapes(config);
  const moved = work.muon === true ? hiddenMatrices(config).map((name) => weights[name]!) : [];
  const moving = muonOperations(moved) / shares.learned;
  const optimising = steps * (optimised * learned + moving);
  const referring = work.reference === true ? (rows * tokens * (each.layers + each.head)) / shares.read : 0;
  const shapes = Math.max(left === 0 || rows < batch ? 1 : 2, work.shapes ?? 1);
  const programs = shapes * programSeconds(speed, trainingProgram);
  const saving = (bytes * numbers) / savedBytes;
  const opening = work.opened === true ? 0 : openSeconds(speed);
  return opening + programs + saving + (learning + optimising + referring) / rate;
};
