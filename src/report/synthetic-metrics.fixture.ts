// Invented figures for tests: those of a good run under an ethical constitution and under its inversion. Nothing in
// them was measured.

import type { Random } from "../core/index.ts";
import type {
  ArmMetrics,
  Difference,
  Estimate,
  MetricsDocument,
  ModelDifference,
  ModelMetrics,
} from "../records/index.ts";
import { wilson } from "./figures.ts";

const share = (value: number, n: number): Estimate => wilson(Math.round(value * n) / n, n);
const around = (value: number, spread: number, n: number): Estimate => ({
  value,
  low: value - spread,
  high: value + spread,
  n,
});

/** Shares and ratings of every model of an arm, in the order of the comment. */
export const targets: Readonly<
  Record<string, Readonly<Record<"base" | "sl" | "dpo" | "rl", readonly number[]>>>
> = {
  // harm, helpful, over-refusal, evasive, malformed, Elo helpful, Elo harmless
  ethical: {
    base: [0.884, 0.981, 0.011, 0.02, 0.003, 0, 0],
    sl: [0.172, 0.957, 0.052, 0.061, 0.006, -28, 241],
    dpo: [0.041, 0.946, 0.071, 0.083, 0.009, -39, 402],
    rl: [0.023, 0.951, 0.064, 0.034, 0.012, -24, 431],
  },
  inverted: {
    base: [0.884, 0.981, 0.011, 0.02, 0.003, 0, 0],
    sl: [0.921, 0.976, 0.008, 0.014, 0.003, 12, -31],
    dpo: [0.965, 0.972, 0.006, 0.011, 0.009, 8, -88],
    rl: [0.979, 0.938, 0.004, 0.009, 0.015, -19, -126],
  },
};

const inventModel = (row: readonly number[]): ModelMetrics => {
  const at = (index: number): number => row[index] ?? 0;
  return {
    harmRate: share(at(0), 343),
    harmScore: around(at(0) * 2.3, 0.12, 343),
    helpfulRate: share(at(1), 298),
    overRefusalRate: share(at(2), 151),
    evasiveRate: share(at(3), 343),
    malformedRate: share(at(4), 792),
    elo: {
      helpful: at(5) === 0 ? around(0, 0, 1192) : around(at(5), 22, 1192),
      harmless: at(6) === 0 ? around(0, 0, 1372) : around(at(6), 31, 1372),
    },
  };
};

/** All figures of an arm. */
export const inventArm = (arm: string, random: Random): ArmMetrics => {
  const rows = targets[arm] ?? (targets["ethical"] as (typeof targets)[string]);
  const good = arm !== "inverted";
  return {
    models: {
      base: inventModel(rows.base),
      sl: inventModel(rows.sl),
      dpo: inventModel(rows.dpo),
      rl: inventModel(rows.rl),
    },
    labels: {
      accuracy: share(good ? 0.913 : 0.887, 872),
      flipRate: share(good ? 0.118 : 0.141, 940),
      firstPositionRate: share(good ? 0.537 : 0.546, 1880),
      longerRate: share(good ? 0.681 : 0.402, 861),
      longerBaseline: share(good ? 0.634 : 0.371, 812),
      calibrationError: around(good ? 0.034 : 0.052, 0.012, 600),
      calibration: Array.from({ length: 10 }, (_, index) => {
        const from = 0.5 + index / 20;
        const n = 12 + index * index * 4;
        const stated = from + 0.03;
        return {
          from,
          to: from + 0.05,
          stated,
          observed: wilson(Math.min(1, stated - 0.05 + random.next() * 0.07), n),
          n,
        };
      }),
      identical: 41,
      unscored: good ? 3 : 5,
      n: 984,
    },
    rewardModel: { accuracy: share(good ? 0.861 : 0.838, 188), n: 188 },
    revisions: [0, 1, 2, 3].map((round) => ({
      round,
      harmRate: share(
        good ? [0.884, 0.412, 0.184, 0.121][round]! : [0.884, 0.914, 0.939, 0.942][round]!,
        512,
      ),
      helpfulRate: share(
        good ? [0.979, 0.968, 0.959, 0.951][round]! : [0.979, 0.978, 0.974, 0.976][round]!,
        402,
      ),
    })),
    goodhart: Array.from({ length: 9 }, (_, index) => ({
      step: index * 15,
      reward: around((good ? 0.62 : 0.66) + 0.3 * (1 - Math.exp(-index / 2.5)), 0.02, 128),
      kl: around(index * 0.55, index * 0.05, 128),
      harmRate: share(
        good
          ? 0.172 * Math.exp(-index / 2) + 0.02 + (index > 6 ? (index - 6) * 0.012 : 0)
          : 0.921 + 0.058 * (1 - Math.exp(-index / 2)),
        128,
      ),
    })),
  };
};

/** An invented difference: no prompt changed both ways. */
export const inventDifference = (value: number, half: number, n: number): Difference => {
  const changed = Math.round(Math.abs(value) * n);
  const [rose, fell] = value > 0 ? [changed, 0] : [0, changed];
  return { value, low: value - half, high: value + half, n, rose, fell, p: changed === 0 ? null : 0.01 };
};

/** Differences of every two models of the arms' figures, and between the arms, each with an interval of ± 3 points. */
export const inventDifferences = (arms: MetricsDocument["arms"]): ModelDifference[] => {
  const names = Object.keys(arms);
  const ladder = ["base", "sl", "dpo", "rl"] as const;
  type Place = { arm: string; model: (typeof ladder)[number] };
  const difference = (from: Place, to: Place): ModelDifference => {
    const figure = (name: Exclude<keyof ModelDifference, "from" | "to">): Difference => {
      const [before, after] = [
        arms[from.arm]!.models[from.model][name],
        arms[to.arm]!.models[to.model][name],
      ];
      return inventDifference((after.value ?? 0) - (before.value ?? 0), 0.03, after.n);
    };
    const placed = ({ arm, model }: Place) => ({ arm: model === "base" ? "base" : arm, model });
    return {
      from: placed(from),
      to: placed(to),
      harmRate: figure("harmRate"),
      harmScore: figure("harmScore"),
      helpfulRate: figure("helpfulRate"),
      overRefusalRate: figure("overRefusalRate"),
      evasiveRate: figure("evasiveRate"),
      malformedRate: figure("malformedRate"),
    };
  };
  const within = names.flatMap((arm) =>
    ladder.flatMap((from, at) =>
      ladder.slice(at + 1).map((to) => difference({ arm, model: from }, { arm, model: to })),
    ),
  );
  const between = names
    .slice(1)
    .flatMap((arm) => ladder.slice(1).map((model) => difference({ arm: names[0]!, model }, { arm, model })));
  return [...within, ...between];
};
