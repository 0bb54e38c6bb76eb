// PPO and GRPO as stages give their settings on: with none of them at its default, each takes the very steps that its
// loop takes with the same numbers by hand. What the loops do with these is held to TRL's steps in training.

import { afterAll, describe, expect, it } from "vitest";
import type { PromptRecord } from "../../records/index.ts";
import {
  createGrpoTrainer,
  createKlControl,
  createPpoTrainer,
  defaultAdamW,
  encodePromptAs,
  endReward,
  rewardOfTokens,
  trainGrpo,
  trainPpo,
} from "../../training/index.ts";
import { createGenerator, createModelState, createScorer, type Weights } from "../../transformer/index.ts";
import { grpoSettings, ppoTrainingSettings } from "../settings/policy-settings.ts";
import { grpoStage } from "./grpo.ts";
import {
  context,
  expectSteps,
  openPolicy,
  rewardFolder,
  stageBase,
  stageSeed,
  stageSteps,
} from "./passed-settings.fixture.ts";
import { ppoStage } from "./ppo.ts";
import { openReward } from "./reward-model.ts";

const maxTokens = 6;
const prompts: PromptRecord[] = ["garden", "river", "tree", "hole"].map((place, at) => ({
  ...{ id: `prompt/${at}`, parents: [], stage: "prompts", seed: 0, split: "train" },
  messages: [{ role: "user", content: `Where is the ${place}?` }],
}));

const given = {
  ...{ learningRate: 0.02, schedule: "linear", warmupSteps: 1, steps: 3 },
  ...{ weightDecay: 0.9, maxGradientNorm: 0.3, minibatches: 2, accumulation: 2, missingEndPenalty: 2 },
} as const;
const optimiser = { ...defaultAdamW, weightDecay: 0.9, maxGradientNorm: 0.3 };

const opened = await openReward(rewardFolder, context, "chat");
afterAll(() => opened.release());

/** The policy, what samples from it, holds it back and rewards it, and what every loop takes of the settings. */
const openLoop = async (head: Weights = {}) => {
  const model = await openPolicy();
  const started = { ...model.weights, ...head };
  const state = createModelState(model.config, { ...started });
  const reference = createScorer(createModelState(model.config, { ...started }));
  const generator = createGenerator(state, model.generationConfig);
  const [endToken] = model.generationConfig.endTokenIds;
  const parts = { generator, reference, endToken: endToken!, maxTokens };
  return {
    state,
    loop: {
      ...parts,
      prompts: prompts.map(({ messages }) => encodePromptAs(model.codec, messages, "chat")),
      context: Math.min(model.config.maxPositions, opened.context),
      schedule: { kind: "linear", peak: 0.02, warmupSteps: 1 } as const,
      ...{ padding: model.padding, seed: stageSeed, steps: 3, minibatches: 2, accumulation: 2 },
    },
    release: () => Promise.all([generator.release(), reference.release()]),
  };
};

describe("train ppo", () => {
  it("passes its settings on", async () => {
    const sizes = { batch: 8, epochs: 2 };
    const estimates = { klEstimator: "k3", whitenRewards: true, gamma: 0.7, lambda: 0.4 } as const;
    const kl = { klCoefficient: 0.5, klTarget: 0.01, klGain: 0.9 };
    const losses = { clip: 0.02, valueClip: 0.01, valueCoefficient: 0.8 };
    const settings = ppoTrainingSettings.parse({ ...given, ...sizes, ...estimates, ...kl, ...losses });
    const found = await stageSteps((pipeline) =>
      ppoStage(pipeline, { ...stageBase, rewardModel: rewardFolder, prompts, maxTokens, settings }),
    );
    const { hiddenSize } = (await openPolicy()).config;
    const head = { "score.weight": { shape: [1, hiddenSize], data: new Float32Array(hiddenSize) } };
    const { state, loop, release } = await openLoop(head);
    const trainer = createPpoTrainer(state, optimiser, losses);
    const more = { ...sizes, ...estimates, missingEndPenalty: 2, trainer, state, reward: opened.reward };
    const klControl = createKlControl({ initial: 0.5, target: 0.01, gain: 0.9 });
    await expectSteps(found, trainPpo({ ...loop, ...more, klControl }));
    await Promise.all([release(), trainer.release()]);
  });
});

describe("train grpo", () => {
  const sizes = { batch: 4, group: 3, iterations: 2 };
  const loss = { beta: 0.5, clipLow: 0.02, clipHigh: 0.03, klCorrection: false };

  it.each([
    { estimator: "grpo", scale: "batch", lossType: "dr_grpo" },
    { estimator: "rloo", scale: "auto", lossType: "grpo" },
  ] as const)("passes its settings on: $estimator", async ({ estimator, scale, lossType }) => {
    const kinds = { estimator, scale, lossType };
    const settings = grpoSettings.parse({ ...given, ...sizes, ...loss, ...kinds });
    const rewardModel = { folder: rewardFolder, weight: 3 };
    const found = await stageSteps((pipeline) =>
      grpoStage(pipeline, { ...stageBase, rewardModel, prompts, maxTokens, settings }),
    );
    expect(found).toHaveLength(3);
    const { state, loop, release } = await openLoop();
    const trainer = createGrpoTrainer(state, optimiser, { ...loss, estimator });
    const policy = createScorer(state);
    const rewards = [rewardOfTokens("model", opened.reward, 3), endReward(2)];
    const more = { ...sizes, estimator, beta: loss.beta, trainer, policy, rewards, lossType };
    const scaled = { scale: scale === "auto" ? ("none" as const) : scale };
    await expectSteps(found, trainGrpo({ ...loop, ...more, ...scaled }));
    await Promise.all([release(), trainer.release(), policy.release()]);
  });
});
