// The golden numbers of training that tools/parity/make_training.py wrote with torch and transformers.

import { readFileSync } from "node:fs";
import type { ScheduleOptions } from "./schedule.ts";

type Numbers = readonly number[];
type Differentiated = { readonly loss: number; readonly gradients: Readonly<Record<string, Numbers>> };

type BranchGolden = {
  readonly tokens: readonly Numbers[];
  readonly reference: Numbers;
  readonly gradients: readonly Numbers[];
};

type OptimiserGolden = {
  readonly options: {
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
    readonly maxGradientNorm: number;
  };
  readonly x: Numbers;
  readonly y: Numbers;
  readonly shapes: Readonly<Record<string, Numbers>>;
  readonly start: Readonly<Record<string, Numbers>>;
  readonly steps: readonly {
    readonly learningRate: number;
    readonly loss: number;
    readonly norm: number;
    readonly after: Readonly<Record<string, Numbers>>;
  }[];
};

export type TrainingGolden = {
  readonly optimiser: OptimiserGolden;
  readonly muon: OptimiserGolden;
  readonly schedules: readonly (ScheduleOptions & { readonly rates: Numbers })[];
  readonly preference: readonly (Differentiated & {
    readonly name: string;
    readonly margins: Numbers;
    readonly probabilities: Numbers;
  })[];
  readonly directPreference: {
    readonly options: { readonly beta: number; readonly sftWeight: number };
    readonly probabilities: Numbers;
    readonly chosen: BranchGolden;
    readonly rejected: BranchGolden;
    readonly loss: number;
    readonly preferenceLoss: number;
    readonly likelihoodLoss: number;
  };
  readonly clipped: Readonly<
    Record<"mask" | "before" | "now" | "advantages" | "oldValues" | "values" | "returns", Numbers>
  > & {
    readonly clip: number;
    readonly valueClip: number;
    readonly clipShare: number;
    readonly kl: number;
    readonly policy: Differentiated;
    readonly value: Differentiated;
  };
  readonly advantages: {
    readonly options: { klCoefficient: number; gamma: number; lambda: number };
    readonly replies: readonly {
      policy: Numbers;
      reference: Numbers;
      values: Numbers;
      score: number;
      advantages: Numbers;
      returns: Numbers;
    }[];
    readonly whitened: Numbers;
  };
};

export const golden = JSON.parse(
  readFileSync(new URL("../../test/golden/training.json", import.meta.url), "utf8"),
) as TrainingGolden;

/** The largest distance between two lists of numbers, relative to the larger of 1 and the expected one. */
export const distance = (got: ArrayLike<number>, expected: Numbers): number =>
  got.length === expected.length
    ? expected.reduce(
        (most, value, at) => Math.max(most, Math.abs(got[at]! - value) / Math.max(1, Math.abs(value))),
        0,
      )
    : Number.POSITIVE_INFINITY;
