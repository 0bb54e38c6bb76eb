// `covenant polis baselines`: how well held-out votes of a Polis conversation can be told from the rest by the majority and
// by the voters most alike. Whoever plays these voters has to be better. Asks no model and writes nothing.

import { resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../core/index.ts";
import {
  type ForecastMeasures,
  majorityPredictor,
  measurePredictor,
  neighbourPredictor,
  splitVotes,
} from "../simulation/index.ts";
import { planOf, planWriting } from "./plan.ts";
import { conversationFlags, conversationSettings, openConversation } from "./polis-opinions.ts";
import type { Recipe } from "./recipe.ts";
import { counted } from "./wording.ts";

const schema = z.strictObject({
  ...conversationSettings,
  share: z
    .number()
    .positive()
    .max(0.9)
    .default(0.2)
    .describe("share of every voter's votes that is held out"),
  neighbours: z.number().int().positive().default(20).describe("voters most alike who are asked"),
  seed: z.number().int().nonnegative().default(0).describe("seed of which votes are held out"),
});
type BaselinesConfig = z.output<typeof schema>;

const prepare = async (config: BaselinesConfig) => {
  const { matrix } = await openConversation(config);
  const split = splitVotes(matrix, config.share, config.seed);
  if (split.heldOut.length > 0) return { matrix, split };
  throw new UserError(
    "polis-none-held-out",
    `With a share of ${config.share} no vote is held out: every voter has too few. Raise share.`,
    { share: config.share },
  );
};

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const describe = (name: string, measures: ForecastMeasures): string => {
  const { accuracy, low, high, balanced, brier, logLoss, calibration } = measures;
  const interval = `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
  return `${name.padEnd(16)}${percent(accuracy).padStart(8)}  ${interval.padEnd(14)}${percent(balanced).padStart(9)}${brier.toFixed(3).padStart(8)}${logLoss.toFixed(3).padStart(10)}${calibration.toFixed(3).padStart(13)}`;
};

/** `covenant polis baselines`. */
export const recipe: Recipe<typeof schema> = {
  command: ["polis", "baselines"],
  summary: "how well held-out votes of a Polis conversation can be told by the majority and by neighbours",
  schema,
  flags: {
    ...conversationFlags,
    share: {
      path: "share",
      description: "share of every voter's votes that is held out",
      placeholder: "share",
    },
    seed: { path: "seed", description: "seed of which votes are held out", placeholder: "number" },
  },
  async plan(config) {
    const { split } = await prepare(config);
    return planOf([planWriting("baselines", counted(split.heldOut.length, "held-out vote"))]);
  },
  async run(config) {
    const { matrix, split } = await prepare(config);
    const majority = await measurePredictor(split, majorityPredictor);
    const neighbours = await measurePredictor(split, neighbourPredictor(config.neighbours));
    const lines = [
      `${counted(split.heldOut.length, "held-out vote")} of ${counted(matrix.voters.length, "voter")}, told from their other votes:`,
      "                accuracy  95 %           balanced   Brier  log loss  calibration",
      describe("majority", majority),
      describe(`${config.neighbours} nearest`, neighbours),
    ];
    const files = { comments: resolve(config.comments), votes: resolve(config.votes) };
    return { lines, document: { files, heldOut: split.heldOut.length, majority, neighbours } };
  },
};
