// DPO: the loss is torch's, margins begin at nothing, follow the labels, and the loop can be continued.

import { describe, expect, it } from "vitest";
import { gradients, interpret } from "../engine/index.ts";
import {
  addAdapters,
  allTargets,
  createModelState,
  createScorer,
  type ModelState,
  type PackedItem,
} from "../transformer/index.ts";
import {
  createDpoTrainer,
  type DpoLossOptions,
  type DpoOptions,
  dpoFeeds,
  dpoLoss,
  referenceLogProbabilities,
  referenceState,
  trainDpo,
} from "./dpo.ts";
import { distance, golden } from "./golden.fixture.ts";
import { describeDivergence, describeLoop, freshModel, type OpenedLoop, take } from "./loop.fixture.ts";
import { vector } from "./losses.ts";
import { defaultAdamW } from "./optimiser.ts";

/** Replies with 40 are preferred to those with 50. */
const items: PackedItem[] = Array.from({ length: 10 }, (_, at) => ({
  trunk: [2, 10 + at, 3],
  branches: [
    [20 + at, 40, 0],
    [20 + at, 50, 30, 0],
  ],
}));

type Change = Partial<DpoOptions & DpoLossOptions> & { readonly probabilities?: readonly number[] };

const plain: DpoLossOptions = { loss: "sigmoid", beta: 0.5, labelSmoothing: 0, sftWeight: 0 };

const open = async (change: Change = {}, state: ModelState = freshModel()) => {
  const scorer = createScorer(state);
  const reference = await referenceLogProbabilities(scorer, items);
  await scorer.release();
  const trainer = createDpoTrainer(state, defaultAdamW, { ...plain, ...change });
  const probabilities = change.probabilities ?? items.map((_, at) => 0.7 + 0.02 * at);
  const options: DpoOptions = {
    trainer,
    rows: items.map((item, at) => ({ item, probability: probabilities[at]!, reference: reference[at]! })),
    batch: 4,
    epochs: 2,
    seed: 5,
    schedule: { kind: "linear", peak: 0.003, warmupSteps: 1 },
    padding: 1,
    ...change,
  };
  const loop: OpenedLoop = {
    state,
    trainer,
    run: (start) => trainDpo({ ...options, start }),
    release: () => trainer.release(),
  };
  return { loop, reference };
};

describeLoop("DPO", async () => (await open()).loop);

describeLoop("IPO in parts, with rows kept out", async () => {
  const rows = items.slice(0, 3).map((item) => ({ item, probability: 1, reference: [-9, -12] as const }));
  return (await open({ loss: "ipo", accumulation: 2, heldOut: { rows, every: 2 } })).loop;
});

describeLoop("DPO with the chosen replies' likelihood", async () => (await open({ sftWeight: 0.5 })).loop);

describeDivergence(
  "DPO",
  async (peak) => (await open({ schedule: { kind: "constant", peak, warmupSteps: 0 } })).loop,
  "Step 2",
);

describe("dpoLoss", () => {
  const { options, probabilities, chosen, rejected, ...expected } = golden.directPreference;
  const pairs = 8;
  const targets = 32;
  const replies = chosen.tokens.map((tokens, at) => [tokens, rejected.tokens[at]!] as const);
  const values = replies.flatMap((sides) => sides.flat());
  const padded = [...values, ...Array.from({ length: targets - values.length }, () => -9)];
  const feeds = {
    ...dpoFeeds(
      replies.map((sides, at) => ({
        item: { trunk: [1], branches: sides.map((tokens) => tokens.map(() => 2)) },
        probability: probabilities[at]!,
        reference: [chosen.reference[at]!, rejected.reference[at]!],
      })),
      replies.length,
      { pairs, targets },
    ),
    logProbabilities: padded,
  };
  const found = (change: Partial<DpoLossOptions>) => {
    const tokens = vector("logProbabilities", targets);
    const { loss, metrics } = dpoLoss(tokens, pairs, { ...plain, ...change });
    const outputs = [loss, ...gradients(loss, [tokens]), ...Object.values(metrics)];
    const [value, slope, ...rest] = interpret(outputs, feeds).map(({ data }) => [...data]);
    const named = Object.fromEntries(Object.keys(metrics).map((name, at) => [name, rest[at]![0]!]));
    return { loss: value!, slope: slope!, metrics: named };
  };

  it("is torch's, with soft labels, replies of several lengths and the chosen replies' likelihood", () => {
    const { loss, slope, metrics } = found(options);
    expect(distance(loss, [expected.loss])).toBeLessThan(1e-6);
    const slopes = chosen.gradients.flatMap((one, at) => [...one, ...rejected.gradients[at]!]);
    expect(distance(slope.slice(0, values.length), slopes)).toBeLessThan(1e-6);
    expect(slope.slice(values.length).every((one) => one === 0)).toBe(true);
    expect(distance([metrics["nll_loss"]!], [expected.likelihoodLoss])).toBeLessThan(1e-6);
  });

  it("is the preference loss alone without a weight for the likelihood", () => {
    const { loss, metrics } = found({ ...options, sftWeight: 0 });
    expect(distance(loss, [expected.preferenceLoss])).toBeLessThan(1e-6);
    expect(Object.keys(metrics)).not.toContain("nll_loss");
  });

  it("with labels taken to be wrong by a share is a mean of the two labels' losses", () => {
    const { loss } = found({ ...options, sftWeight: 0, labelSmoothing: 0.5 });
    const halves = [1, -1].map((sign) =>
      replies.map((sides, at) => {
        const gain = (side: 0 | 1) =>
          sides[side].reduce((sum, value) => sum + value, 0) - [chosen, rejected][side]!.reference[at]!;
        return Math.log1p(Math.exp(-sign * options.beta * (gain(0) - gain(1))));
      }),
    );
    const mean = halves.flat().reduce((sum, value) => sum + value, 0) / (2 * replies.length);
    expect(distance(loss, [mean])).toBeLessThan(1e-6);
  });
});

describe("DPO", () => {
  it("keeps the chosen replies likely where that is asked for", async () => {
    const likelihood = async (sftWeight: number) => {
      const { loop, reference } = await open({ epochs: 12, sftWeight });
      const first = (await take(loop)).at(0)!.metrics;
      const scorer = createScorer(loop.state);
      const after = await referenceLogProbabilities(scorer, items);
      await scorer.release();
      await loop.release();
      return { first, reference, chosen: after.reduce((sum, [value]) => sum + value, 0) };
    };
    const plain = await likelihood(0);
    const held = await likelihood(1);
    expect(plain.first["nll_loss"]).toBeUndefined();
    expect(held.first["nll_loss"]).toBeCloseTo(Math.log(64), 0);
    expect(held.chosen).toBeGreaterThan(plain.chosen + 1);
  });

  it("starts from the reference and raises the margins", async () => {
    const { loop } = await open({ epochs: 12, probabilities: items.map(() => 1) });
    const metrics = (await take(loop)).map((step) => step.metrics);
    expect(metrics[0]!["loss"]).toBeCloseTo(Math.log(2), 4);
    expect(Math.abs(metrics[0]!["rewards/margins"]!)).toBeLessThan(1e-3);
    expect(metrics.at(-1)!["rewards/margins"]).toBeGreaterThan(2);
    expect(metrics.at(-1)!["rewards/accuracies"]).toBeCloseTo(1, 5);
    expect(metrics.at(-1)!["loss"]).toBeLessThan(0.2);
    for (const step of metrics)
      expect(step["rewards/chosen"]! - step["rewards/rejected"]!).toBeCloseTo(step["rewards/margins"]!, 4);
    await loop.release();
  });

  it("turns round with the labels, and settles where soft labels say", async () => {
    const { loop: against } = await open({ epochs: 12, probabilities: items.map(() => 0) });
    expect((await take(against)).at(-1)!.metrics["rewards/margins"]).toBeLessThan(-2);
    await against.release();
    const schedule = { kind: "linear", peak: 0.005, warmupSteps: 1 } as const;
    const { loop: soft } = await open({ epochs: 40, schedule, probabilities: items.map(() => 0.8) });
    const last = (await take(soft)).at(-1)!.metrics;
    // the best margin is the logit of the label, the least loss its entropy
    expect(last["rewards/margins"]).toBeCloseTo(Math.log(0.8 / 0.2), 0);
    expect(last["loss"]).toBeCloseTo(-0.8 * Math.log(0.8) - 0.2 * Math.log(0.2), 2);
    await soft.release();
  });

  it("of a model with adapters has for reference its base, without a second copy", async () => {
    const base = freshModel();
    const weights = addAdapters(base.config, base.weights, { rank: 4, alpha: 8, targets: [allTargets] }, 1);
    const state = createModelState(base.config, weights, { adapterScale: 2 });
    const { loop } = await open({ epochs: 6, probabilities: items.map(() => 1) }, state);
    const metrics = await take(loop);
    expect(Math.abs(metrics[0]!.metrics["rewards/margins"]!)).toBeLessThan(1e-3);
    expect(metrics.at(-1)!.metrics["rewards/margins"]).toBeGreaterThan(0.2);
    const reference = referenceState(state);
    expect(Object.keys(reference.weights)).toEqual(Object.keys(base.weights));
    for (const [name, { data }] of Object.entries(reference.weights))
      expect(data).toBe(base.weights[name]!.data);
    await loop.release();
  });

  it("sums reference log-probabilities over each branch", async () => {
    const { loop, reference } = await open();
    // an untrained model is near uniform: three and four tokens of 64
    expect(reference.length).toBe(10);
    expect(reference[0]![0]).toBeCloseTo(-3 * Math.log(64), 0);
    expect(reference[0]![1]).toBeCloseTo(-4 * Math.log(64), 0);
    await loop.release();
  });
});
