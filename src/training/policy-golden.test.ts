// One step of PPO, GRPO and RLOO beside TRL's own trainers (tools/parity/make_ppo.py, make_groups.py): a very small
// Llama with another one as reference, and given replies in place of sampled ones. What the loops make of the replies,
// every update, and what the weights have become.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  createModelState,
  createScorer,
  type Generator,
  loadModelFolder,
  type ModelState,
} from "../transformer/index.ts";
import { type AdvantageOptions, estimateAdvantages, tokenRewards, whiten } from "./advantages.ts";
import { distance } from "./golden.fixture.ts";
import { type Summary, shareOff } from "./golden-summary.fixture.ts";
import { type AdvantageScale, type GroupEstimator, groupAdvantages } from "./group-advantages.ts";
import { createGrpoTrainer, type GroupLossType, trainGrpo } from "./grpo.ts";
import { createKlControl } from "./kl-control.ts";
import type { StepMetrics } from "./loop.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createPpoTrainer, hasClosingPlace, type PpoLossOptions, trainPpo } from "./ppo.ts";
import type { Trainer } from "./trainer.ts";

type Numbers = readonly number[];
type Metrics = Readonly<Record<string, number>>;

type Golden = {
  readonly rollout: {
    readonly prompts: readonly Numbers[];
    readonly replies: readonly Numbers[];
    readonly limit: number;
    readonly group: number;
    readonly seed: number;
  };
  readonly settings: { readonly epsilon: number; readonly beta1: number; readonly beta2: number };
};

type PpoRun = {
  readonly options: AdvantageOptions & {
    readonly minibatches: number;
    readonly epochs: number;
    readonly missingEndPenalty: number;
  };
  readonly loss: PpoLossOptions;
  readonly scores: Numbers;
  readonly updates: readonly (Metrics & { readonly tokens: number; readonly places: number })[];
  readonly metrics: Metrics;
  readonly changes: Readonly<Record<string, Summary>>;
} & Readonly<Record<"policy" | "reference" | "values" | "rewards" | "advantages" | "returns", Numbers[]>>;

type GroupRun = {
  readonly options: {
    readonly estimator: GroupEstimator;
    readonly scale: AdvantageScale;
    readonly lossType: GroupLossType;
    readonly beta: number;
    readonly klCorrection: boolean;
    readonly clipLow: number;
    readonly clipHigh: number;
    readonly minibatches: number;
    readonly iterations: number;
    readonly learningRate: number;
  };
  readonly advantages: Numbers;
  readonly updates: readonly Metrics[];
  readonly changes: Readonly<Record<string, Summary>>;
};

const folder = new URL("../../test/golden/", import.meta.url);
const read = <Content>(path: string) => JSON.parse(readFileSync(new URL(path, folder), "utf8")) as Content;
const ppo = read<
  Golden & {
    readonly settings: { readonly learningRate: number };
    readonly head: Numbers;
    readonly runs: readonly PpoRun[];
  }
>("ppo.json");
const groups = read<
  Golden & {
    readonly rewards: readonly { readonly name: string; readonly weight: number; readonly scores: Numbers }[];
    readonly runs: readonly GroupRun[];
  }
>("groups.json");

const endToken = 0;
const padding = 1;
const flat = (lists: readonly ArrayLike<number>[]): number[] => lists.flatMap((list) => Array.from(list));
const sumOf = (values: Numbers): number => values.reduce((all, value) => all + value, 0);
const open = (name: string) => loadModelFolder(fileURLToPath(new URL(`llama-random/${name}`, folder)));

/** Answers every prompt with its golden replies, one after another. */
const recited = ({ prompts, replies }: Golden["rollout"]): Generator => ({
  generate: async (requests) =>
    requests.map(({ prompt }, at) => {
      const before = requests.slice(0, at).filter((other) => String(other.prompt) === String(prompt)).length;
      const index = prompts.findIndex((other) => String(other) === String(prompt));
      const reply = replies[(index * replies.length) / prompts.length + before]!;
      const ended = reply.at(-1) === endToken;
      return { ids: ended ? reply.slice(0, -1) : reply, ended };
    }),
  release: async () => {},
});

/** A trainer that notes what every update gave. */
const noting = <Sizes>(trainer: Trainer<Sizes>, updates: Metrics[]): Trainer<Sizes> => ({
  ...trainer,
  async stepOver(parts, learningRate) {
    const metrics = await trainer.stepOver(parts, learningRate);
    updates.push(metrics);
    return metrics;
  },
});

const only = async (steps: AsyncIterable<StepMetrics>): Promise<Metrics> => {
  const all: Metrics[] = [];
  for await (const { metrics } of steps) all.push(metrics);
  expect(all).toHaveLength(1);
  return all[0]!;
};

/** TRL's numbers by their names, as shares of their size. */
const expectMetrics = (found: Metrics, expected: Metrics): void => {
  for (const [name, value] of Object.entries(expected))
    expect(
      Math.abs(found[name]! - value) / Math.max(1e-2, Math.abs(value)),
      `${name}: ${found[name]} instead of ${value}`,
    ).toBeLessThan(1e-4);
};

const copyOf = ({ weights }: ModelState): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, data.slice()]));

const expectChanges = (
  { weights }: ModelState,
  before: Readonly<Record<string, Float32Array>>,
  changes: Readonly<Record<string, Summary>>,
): void => {
  expect(Object.keys(weights).sort()).toEqual(Object.keys(changes).sort());
  for (const [name, summary] of Object.entries(changes)) {
    const moved = weights[name]!.data.map((value, at) => value - before[name]![at]!);
    // small moves of weights near 1 have few digits in float32
    expect(shareOff(moved, summary), name).toBeLessThan(1e-3);
  }
};

const shared = ({ rollout, settings }: Golden) => ({
  steps: 1,
  batch: rollout.prompts.length,
  prompts: rollout.prompts,
  generator: recited(rollout),
  maxTokens: rollout.limit,
  endToken,
  padding,
  seed: rollout.seed,
  optimiser: { ...defaultAdamW, ...settings, maxGradientNorm: 1e9 },
});

/** Parts that an update is computed in: it must be the same. */
const wholeAndParts = [1, 3];

describe.each(ppo.runs)("PPO ($options.klEstimator, whitened: $options.whitenRewards)", (run) => {
  const { options } = run;
  const rollouts = run.policy.map((policy, at) => ({
    policy: Float32Array.from(policy),
    reference: Float32Array.from(run.reference[at]!),
    values: Float32Array.from(run.values[at]!),
    score: run.scores[at]!,
  }));

  it("has a place after the end where TRL has one", () => {
    const extra = ppo.rollout.replies.map((reply) =>
      hasClosingPlace({ ended: reply.at(-1) === endToken, branches: [reply] }, ppo.rollout.limit) ? 1 : 0,
    );
    expect(run.values.map(({ length }, at) => length - ppo.rollout.replies[at]!.length)).toEqual(extra);
    expect(new Set(extra)).toEqual(new Set([0, 1]));
  });

  it("has TRL's rewards, advantages and returns", () => {
    const plain = rollouts.map((each) => tokenRewards(each, options));
    const rewards = options.whitenRewards ? whiten(plain, { keepMean: true }) : plain;
    expect(distance(flat(rewards), flat(run.rewards))).toBeLessThan(1e-5);
    const { advantages, returns } = estimateAdvantages(rollouts, options);
    expect(distance(flat(advantages), flat(run.advantages))).toBeLessThan(1e-5);
    expect(distance(flat(returns), flat(run.returns))).toBeLessThan(1e-5);
  });

  it.each(wholeAndParts)(
    "has TRL's metrics, updates and weights after them (in %i)",
    async (accumulation) => {
      const { config, weights } = await open("tied");
      const score = { shape: [1, config.hiddenSize], data: Float32Array.from(ppo.head) };
      const state = createModelState(config, { ...weights, "score.weight": score });
      const [other, judge] = await Promise.all(["untied", "scored"].map(open));
      const reference = createScorer(createModelState(other!.config, other!.weights));
      const scorer = createScorer(createModelState(judge!.config, judge!.weights, { task: judge!.task }));
      const updates: Metrics[] = [];
      const { optimiser, ...common } = shared(ppo);
      const trainer = noting(createPpoTrainer(state, optimiser, run.loss), updates);
      const before = copyOf(state);
      const metrics = await only(
        trainPpo({
          ...common,
          ...options,
          trainer,
          state,
          reference,
          accumulation,
          reward: async (items) => (await scorer.scores(items)).map(([own]) => own!),
          klControl: createKlControl({ initial: options.klCoefficient, gain: 0.1 }),
          schedule: { kind: "constant", peak: ppo.settings.learningRate, warmupSteps: 0 },
        }),
      );
      await Promise.all([trainer, reference, scorer].map((one) => one.release()));
      expect(updates).toHaveLength(run.updates.length);
      for (const [at, { tokens, places, ...expected }] of run.updates.entries()) {
        // TRL averages these two over padding as well, where nothing has moved
        const share = tokens / places;
        const found = updates[at]!;
        expectMetrics(
          {
            ...found,
            "policy/approxkl_avg": found["policy/approxkl_avg"]! * share,
            "val/ratio": found["val/ratio"]! * share + 1 - share,
          },
          expected,
        );
      }
      const {
        "policy/approxkl_avg": _moved,
        "val/ratio": _ratio,
        "val/ratio_var": _variance,
        "policy/entropy_avg": _entropy,
        "objective/entropy": entropy,
        ...expected
      } = run.metrics;
      expectMetrics(metrics, expected);
      // TRL counts -1 for every place after an end
      const empty = sumOf(ppo.rollout.replies.map(({ length }) => ppo.rollout.limit - length));
      expect(metrics["objective/entropy"]).toBeCloseTo(entropy! + empty / ppo.rollout.replies.length, 4);
      expectChanges(state, before, run.changes);
    },
  );
});

describe.each(groups.runs)(
  "$options.estimator ($options.lossType, scale $options.scale, beta $options.beta)",
  (run) => {
    const { options } = run;
    const { rollout, rewards } = groups;
    const named = rewards.map(({ name, weight, scores }) => ({
      name,
      weight,
      reward: async (replies: readonly { readonly branches: readonly Numbers[] }[]) =>
        replies.map(
          ({ branches: [reply] }) =>
            scores[rollout.replies.findIndex((other) => String(other) === String(reply))]!,
        ),
    }));

    it.each(wholeAndParts)(
      "has TRL's metrics, updates and weights after them (in %i)",
      async (accumulation) => {
        const { config, weights } = await open("tied");
        const state = createModelState(config, { ...weights });
        const other = await open("untied");
        const policy = createScorer(state);
        const reference =
          options.beta === 0 ? null : createScorer(createModelState(other.config, other.weights));
        const updates: Metrics[] = [];
        const { optimiser, ...common } = shared(groups);
        const trainer = noting(createGrpoTrainer(state, optimiser, options), updates);
        const before = copyOf(state);
        const metrics = await only(
          trainGrpo({
            ...common,
            ...options,
            trainer,
            policy,
            reference,
            rewards: named,
            accumulation,
            group: rollout.group,
            schedule: { kind: "constant", peak: options.learningRate, warmupSteps: 0 },
          }),
        );
        await Promise.all(
          [trainer, policy, ...(reference === null ? [] : [reference])].map((one) => one.release()),
        );
        expect(updates).toHaveLength(run.updates.length);
        const ofStep = /^(?:completions|rewards)\/|^reward|^frac_|^learning_rate$/;
        for (const [at, update] of run.updates.entries()) {
          const { "clip_ratio/low_min": _low, "clip_ratio/high_max": _high, ...all } = update;
          const named = Object.entries(all).map(
            ([name, value]) => [name === "grad_norm" ? "gradient_norm" : name, value] as const,
          );
          const isOfStep = (name: string): boolean =>
            ofStep.test(name) || (name === "kl" && options.estimator === "rloo");
          expectMetrics(updates[at]!, Object.fromEntries(named.filter(([name]) => !isOfStep(name))));
          expectMetrics(metrics, Object.fromEntries(named.filter(([name]) => isOfStep(name))));
        }
        expectChanges(state, before, run.changes);
      },
    );
  },
);

describe("advantages of groups", () => {
  it.each(groups.runs.filter(({ options }) => options.estimator === "grpo"))(
    "are TRL's (scale $options.scale)",
    ({ options, advantages }) => {
      const total = groups.rollout.replies.map((_, at) =>
        sumOf(groups.rewards.map(({ weight, scores }) => weight * scores[at]!)),
      );
      expect(distance(groupAdvantages(total, groups.rollout.group, options), advantages)).toBeLessThan(1e-5);
    },
  );
});
