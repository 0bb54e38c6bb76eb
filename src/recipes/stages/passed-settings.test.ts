// The stages that learn rows give their settings on: with none of them at its default, each takes the very steps that its
// loop takes with the same numbers by hand. What the loops do with these is held to TRL's steps in training.

import { describe, expect, it } from "vitest";
import type { PairRow, SftRow } from "../../records/index.ts";
import {
  createDpoTrainer,
  createRewardTrainer,
  createSftTrainer,
  defaultAdamW,
  preferenceItem,
  referenceLogProbabilities,
  rewardModelWeights,
  sftRowItems,
  trainDpo,
  trainRewardModel,
  trainSft,
} from "../../training/index.ts";
import { addAdapters, createModelState, createScorer } from "../../transformer/index.ts";
import { dpoSettings, rewardSettings, sftTrainingSettings } from "../settings/settings.ts";
import { expectSteps, openPolicy, stageBase, stageSeed, stageSteps } from "./passed-settings.fixture.ts";
import { dpoStage, rewardStage } from "./preferences.ts";
import { sftStage } from "./sft.ts";

const given = {
  ...{ learningRate: 0.02, schedule: "linear", warmupSteps: 2, batch: 4, epochs: 3 },
  ...{ weightDecay: 0.9, maxGradientNorm: 0.05 },
} as const;
const optimiser = { ...defaultAdamW, weightDecay: 0.9, maxGradientNorm: 0.05 };

/** What the loop takes of the same. */
const loopOf = ({ padding }: { readonly padding: number }) => ({
  ...{ batch: 4, epochs: 3, seed: stageSeed, padding },
  schedule: { kind: "linear", peak: 0.02, warmupSteps: 2 } as const,
});

const places = ["garden", "river", "tree", "hole", "spring", "summer", "water", "winter"];
const books = { parents: [], stage: "data", seed: 0 };
const user = (content: string) => ({ role: "user" as const, content });
const assistant = (content: string) => ({ role: "assistant" as const, content });

describe("train sft", () => {
  const rows: SftRow[] = places.map((place, at) => ({
    ...{ ...books, id: `row/${at}` },
    messages: [user(`Where is the ${place}?`), assistant(`The ${place} is wide.`)],
  }));
  const lora = { rank: 2, alpha: 8, rsLora: true, dropout: 0.4, targets: ["q_proj", "v_proj"] };

  it.each(["all weights and every token", "adapters with dropout"] as const)(
    "passes on: %s",
    async (what) => {
      const more = what === "adapters with dropout" ? { lora } : { learn: "all" };
      const settings = sftTrainingSettings.parse({ ...given, ...more });
      const found = await stageSteps((pipeline) => sftStage(pipeline, { ...stageBase, rows, settings }));
      const model = await openPolicy();
      const { config, weights } = model;
      const state =
        what === "adapters with dropout"
          ? createModelState(config, addAdapters(config, weights, lora, stageSeed), {
              lora: { ...lora, seed: stageSeed },
            })
          : createModelState(config, { ...weights });
      const learn = what === "adapters with dropout" ? "replies" : "all";
      const items = rows.flatMap((row) => sftRowItems(row, model.codec, learn));
      const trainer = createSftTrainer(state, optimiser);
      await expectSteps(found, trainSft({ ...loopOf(model), trainer, rows: items }));
      await trainer.release();
    },
  );
});

const pairs = places.map((place, at) => ({
  row: {
    ...{ ...books, id: `pair/${at}`, prompt: [user(`Where is the ${place}?`)] },
    ...{ chosen: `The ${place} is wide.`, rejected: at % 2 === 0 ? "No." : `Ask the ${place}.` },
    ...{ probability: [0.9, 0.35, 0.6][at % 3]!, margin: at / 4 },
  } satisfies PairRow,
}));
const pairRows = pairs.map(({ row }) => row);

describe("train reward", () => {
  it("passes on labels, margins, centring and the optimiser's settings", async () => {
    const settings = rewardSettings.parse({ ...given, centring: 0.7, heldOutShare: 0, atChance: "warn" });
    const found = await stageSteps((pipeline) =>
      rewardStage(pipeline, { ...stageBase, rows: pairRows, settings }),
    );
    const model = await openPolicy();
    const weights = rewardModelWeights(model.config, model.weights, stageSeed);
    const state = createModelState(model.config, weights, { task: "sequence-classification" });
    const trainer = createRewardTrainer(state, optimiser, { centring: 0.7 });
    const rows = pairRows.map((row) => ({
      item: preferenceItem(row, model.codec),
      probability: row.probability,
      margin: row.margin,
    }));
    await expectSteps(found, trainRewardModel({ ...loopOf(model), trainer, rows }));
    await trainer.release();
  });
});

describe("train dpo", () => {
  it.each([
    { loss: "sigmoid", beta: 0.7, labelSmoothing: 0.15, sftWeight: 0.3 },
    { loss: "ipo", beta: 0.7, labelSmoothing: 0, sftWeight: 0 },
  ] as const)("passes on labels, the optimiser's settings and $loss", async (options) => {
    const settings = dpoSettings.parse({ ...given, ...options });
    const found = await stageSteps((pipeline) =>
      dpoStage(pipeline, { ...stageBase, rows: pairRows, settings }),
    );
    expect(found).toHaveLength(6);
    const model = await openPolicy();
    const state = createModelState(model.config, { ...model.weights });
    const items = pairRows.map((row) => preferenceItem(row, model.codec));
    const scorer = createScorer(state);
    const reference = await referenceLogProbabilities(scorer, items);
    await scorer.release();
    const rows = items.map((item, at) => ({
      item,
      probability: pairRows[at]!.probability,
      reference: reference[at]!,
    }));
    const trainer = createDpoTrainer(state, optimiser, options);
    await expectSteps(found, trainDpo({ ...loopOf(model), trainer, rows }));
    await trainer.release();
  });
});
