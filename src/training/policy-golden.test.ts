// One update of PPO, GRPO and RLOO on a fixed rollout of a very small Llama, against what TRL makes of it
// (tools/parity/make_policy.py): rewards, advantages, returns, losses, clip fractions, and the gradient's norm.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { createModelState, loadModelFolder, type ModelState } from "../transformer/index.ts";
import {
  type AdvantageOptions,
  estimateAdvantages,
  type Rollout,
  tokenDivergence,
  tokenRewards,
  whiten,
} from "./advantages.ts";
import { distance } from "./golden.fixture.ts";
import { type AdvantageScale, type GroupEstimator, groupAdvantages } from "./group-advantages.ts";
import { createGrpoTrainer, type GroupLossType, grpoParts } from "./grpo.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createPpoTrainer, hasClosingPlace, ppoParts } from "./ppo.ts";
import type { SampledReply } from "./rewards.ts";

type Numbers = readonly number[];

type PpoCase = {
  readonly options: AdvantageOptions;
  readonly loss: { readonly clip: number; readonly valueClip: number; readonly valueCoefficient: number };
  readonly values: readonly Numbers[];
  readonly rewards: readonly Numbers[];
  readonly advantages: readonly Numbers[];
  readonly returns: readonly Numbers[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly padded: Readonly<Record<string, number>>;
};

type GroupCase = {
  readonly options: {
    readonly estimator: GroupEstimator;
    readonly scale: AdvantageScale;
    readonly lossType: GroupLossType;
    readonly beta: number;
    readonly klCorrection: boolean;
    readonly clipLow: number;
    readonly clipHigh: number;
  };
  readonly advantages: Numbers;
  readonly metrics: Readonly<Record<string, number>>;
};

const golden = JSON.parse(
  readFileSync(new URL("../../test/golden/policy.json", import.meta.url), "utf8"),
) as {
  readonly rollout: {
    readonly prompts: readonly Numbers[];
    readonly replies: readonly Numbers[];
    readonly ended: readonly boolean[];
    readonly limit: number;
    readonly group: number;
    readonly policy: readonly Numbers[];
    readonly reference: readonly Numbers[];
    readonly scores: Numbers;
  };
  readonly head: Numbers;
  readonly ppo: readonly PpoCase[];
  readonly groups: readonly GroupCase[];
};

const { rollout } = golden;
const padding = 1;
/** Parts that an update is computed in: it must be the same. */
const wholeAndParts = [1, 3];
const replies = rollout.replies.map(
  (reply, at): SampledReply => ({
    trunk: rollout.prompts[at]!,
    branches: [reply],
    prompt: at,
    ended: rollout.ended[at]!,
  }),
);
const policy = rollout.policy.map((list) => Float32Array.from(list));
const reference = rollout.reference.map((list) => Float32Array.from(list));
const flat = (lists: readonly ArrayLike<number>[]): number[] => lists.flatMap((list) => Array.from(list));

let weights: ModelState["weights"];
let config: ModelState["config"];
beforeAll(async () => {
  const folder = fileURLToPath(new URL("../../test/golden/llama-random/tied", import.meta.url));
  ({ weights, config } = await loadModelFolder(folder));
});

/** Each metric of TRL's, as a share of its size. */
const expectMetrics = (found: Readonly<Record<string, number>>, expected: PpoCase["metrics"]): void => {
  for (const [name, value] of Object.entries(expected)) {
    const error = Math.abs(found[name]! - value) / Math.max(1e-2, Math.abs(value));
    expect(error, `${name}: ${found[name]} instead of ${value}`).toBeLessThan(1e-4);
  }
};

describe.each(golden.ppo)(
  "one update of PPO ($options.klEstimator, whitened: $options.whitenRewards)",
  (one) => {
    const rollouts = replies.map(
      (_, at): Rollout => ({
        policy: policy[at]!,
        reference: reference[at]!,
        values: Float32Array.from(one.values[at]!),
        score: rollout.scores[at]!,
      }),
    );

    it("has a place after the end where TRL has one", () => {
      const extra = replies.map((reply) => (hasClosingPlace(reply, rollout.limit) ? 1 : 0));
      expect(one.values.map(({ length }, at) => length - rollout.replies[at]!.length)).toEqual(extra);
      expect(new Set(extra)).toEqual(new Set([0, 1]));
    });

    it("has TRL's rewards, advantages and returns", () => {
      const plain = rollouts.map((each) => tokenRewards(each, one.options));
      const rewards = one.options.whitenRewards ? whiten(plain, { keepMean: true }) : plain;
      expect(distance(flat(rewards), flat(one.rewards))).toBeLessThan(1e-5);
      const { advantages, returns } = estimateAdvantages(rollouts, one.options);
      expect(distance(flat(advantages), flat(one.advantages))).toBeLessThan(1e-5);
      expect(distance(flat(returns), flat(one.returns))).toBeLessThan(1e-5);
    });

    it.each(wholeAndParts)(
      "has TRL's losses, clip fractions and gradient norm (in %i)",
      async (accumulation) => {
        const head = { shape: [1, config.hiddenSize], data: Float32Array.from(golden.head) };
        const state = createModelState(config, { ...weights, "score.weight": head });
        const trainer = createPpoTrainer(state, defaultAdamW, one.loss);
        const estimates = estimateAdvantages(rollouts, one.options);
        const parts = ppoParts(replies, rollouts, estimates, { padding, accumulation });
        expect(parts).toHaveLength(accumulation);
        const found = await trainer.stepOver(parts, 0);
        await trainer.release();
        expectMetrics(found, one.metrics);
        // TRL averages these two over padding as well, where nothing has moved
        const share = flat(policy).length / one.padded["places"]!;
        expectMetrics(
          {
            "policy/approxkl_avg": found["policy/approxkl_avg"]! * share,
            "val/ratio": found["val/ratio"]! * share + 1 - share,
          },
          {
            "policy/approxkl_avg": one.padded["policy/approxkl_avg"]!,
            "val/ratio": one.padded["val/ratio"]!,
          },
        );
      },
    );
  },
);

describe.each(golden.groups)(
  "one update of $options.estimator ($options.lossType, scale $options.scale, beta $options.beta)",
  ({ options, advantages, metrics }) => {
    const divergences = replies.map((_, at) =>
      tokenDivergence({ policy: policy[at]!, reference: reference[at]! }, "k1").reduce(
        (sum, kl) => sum + kl,
        0,
      ),
    );
    const rewards = rollout.scores.map((score, at) =>
      options.estimator === "rloo" ? score - options.beta * divergences[at]! : score,
    );
    const found = groupAdvantages(rewards, rollout.group, options);

    it("has TRL's advantages", () => {
      expect(distance(found, advantages)).toBeLessThan(1e-5);
    });

    it.each(wholeAndParts)("has TRL's loss, shares and gradient norm (in %i)", async (accumulation) => {
      const state = createModelState(config, { ...weights });
      const trainer = createGrpoTrainer(state, defaultAdamW, options);
      const rollouts = replies.map((_, at) => ({
        policy: policy[at]!,
        reference: options.beta === 0 ? null : reference[at]!,
        advantage: found[at]!,
      }));
      const tokens = flat(policy).length;
      const weighing = { lossType: options.lossType, tokens, updates: 1, limit: rollout.limit };
      const parts = grpoParts(replies, rollouts, { ...options, padding, accumulation, weighing });
      const got = await trainer.stepOver(parts, 0);
      await trainer.release();
      const { "clip_ratio/low_min": _low, "clip_ratio/high_max": _high, ...expected } = metrics;
      expectMetrics(got, expected);
    });
  },
);
