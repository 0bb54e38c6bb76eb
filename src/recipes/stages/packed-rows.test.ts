// A dry run decides as the run does whether rows are computed a packed row at a time: the one from shapes and settings,
// the other from the weights that it trains.

import { describe, expect, it } from "vitest";
import { packedRowOf, rewardModelWeights, rowsAPart } from "../../training/index.ts";
import { initialParameters, type ModelConfig, type PackedItem } from "../../transformer/index.ts";
import { plannedRowTime, type TrainingLoad } from "../costs/training-size.ts";
import type { TrainableModel } from "./models.ts";
import { stateToTrain } from "./training-parts.ts";

const config: ModelConfig = {
  family: "llama",
  vocabularySize: 64,
  hiddenSize: 32,
  intermediateSize: 64,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 8,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  maxPositions: 1024,
  tieEmbeddings: true,
  beginTokenId: null,
  endTokenIds: [0],
  padTokenId: 1,
};
const model = { config, quantised: {}, adapter: null } as unknown as TrainableModel;
const adapters = (rank: number, targets: string[]) => ({
  ...{ rank, alpha: 8, rsLora: false, dropout: 0, targets },
});
const itemOf = (length: number): PackedItem => ({
  trunk: [1],
  branches: [Array<number>(length - 1).fill(2)],
});

const lengths = [120, 150, 180, 200, 230, 250, 140, 160];
/** Sides of what decides. A packed row of 256 tokens keeps three megabytes: two, and more, lie between the budgets. */
const sides = {
  tokens: [lengths, lengths.slice(0, 3), lengths.slice(3, 6)],
  heldOut: [[], [110, 190, 240, 130, 220, 170], [900]],
  batch: [1, 2, 3, 8],
  accumulation: [1, 2],
  lora: [undefined, adapters(2, ["q_proj"]), adapters(16, ["all-linear"])],
  gradientCheckpointing: [false, true],
  task: ["causal-lm", "sequence-classification"],
  stepBudget: [undefined, 4_000_000, 8_000_000, 14_000_000],
} as const;

/** Every combination of one value of each side. */
const combinations = <Sides extends Record<string, readonly unknown[]>>(given: Sides) =>
  Object.entries(given).reduce<Record<string, unknown>[]>(
    (found, [name, values]) => found.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  ) as { [Name in keyof Sides]: Sides[Name][number] }[];

describe("the dry run's packed row", () => {
  it("is the run's, whatever the rows, the settings and the model", () => {
    const body = initialParameters(config, 1);
    const decided = { packed: 0, whole: 0 };
    for (const { task, tokens, heldOut, stepBudget, batch, accumulation, ...learning } of combinations(
      sides,
    )) {
      const settings = { batch, accumulation, ...learning } as unknown as TrainingLoad["settings"];
      const weights = task === "causal-lm" ? body : rewardModelWeights(config, body, 1);
      const state = stateToTrain(model, weights, settings, 1, task);
      const { packedRow } = packedRowOf(
        state,
        { learned: tokens, heldOut, part: rowsAPart(settings), budget: stepBudget },
        itemOf,
      );
      const plan = plannedRowTime(config, { task, settings, tokens, heldOut, stepBudget });
      expect(plan, JSON.stringify({ task, settings, tokens, heldOut, stepBudget })).toBe(
        packedRow?.time ?? null,
      );
      decided[plan === null ? "whole" : "packed"]++;
    }
    expect(decided.packed).toBeGreaterThan(100);
    expect(decided.whole).toBeGreaterThan(100);
  });
});
