// How labels are made, as settings: what pairs are compared, and how a judge is asked. What comes of the answers is not
// known here.

import { z } from "zod";
import { expandHome } from "../../core/index.ts";
import { clampSchema, labelMethods } from "../../records/index.ts";

const positive = z.number().int().positive();
const path = z.string().min(1).overwrite(expandHome);

const isSymmetric = ([low, high]: readonly [number, number]): boolean =>
  low <= 0.5 && Math.abs(low + high - 1) < 1e-9;

/** How a judge is asked for labels. */
export const judgeProtocolSettings = {
  method: z
    .enum(["auto", ...labelMethods])
    .default("auto")
    .describe(
      "choice: log-probabilities of (A) and (B); reasoning: the same after a chain of thought; votes: letters that the judge writes; auto: choice, or votes where there are no log-probabilities",
    ),
  form: z
    .enum(["own", "paper"])
    .default("own")
    .describe("wording of the question: our own as a chat, or the text of Bai et al. 2022 byte by byte"),
  clamp: z
    .union([
      z.literal("none"),
      clampSchema.refine(isSymmetric, "lowest and highest must lie evenly round 0.5, e.g. [0.4, 0.6]"),
    ])
    .optional()
    .describe("bounds of every probability, e.g. [0.2, 0.8], or none; default: [0.4, 0.6] for reasoning"),
  chains: positive.default(1).describe("chains of thought in each order, averaged (reasoning)"),
  votes: positive.default(5).describe("votes in each order (votes)"),
  voteTokens: positive
    .default(16)
    .describe("tokens of a vote at most; a judge that thinks before it answers needs many more"),
  judgeTemperature: z.number().nonnegative().default(1).describe("temperature of chains and votes"),
  reasoningTokens: positive.default(256).describe("tokens of a chain of thought at most"),
  principlesPerComparison: positive.default(1).describe("principles by which each comparison is judged"),
  fewShots: path
    .optional()
    .describe(
      "JSON file of examples before each question: {prompt, corrects, incorrects}, or {prompt} with {}",
    ),
  hard: z.boolean().default(false).describe("rows are certain of the preferred reply, not soft"),
};

/** Pairs for labels may be sampled more freely than answers, so that there is something to prefer. */
export const labelSettings = (temperature: number, samples: number) =>
  z
    .strictObject({
      temperature: z
        .number()
        .nonnegative()
        .default(temperature)
        .describe("temperature of the pairs that are compared"),
      samples: z
        .number()
        .int()
        .min(2)
        .default(samples)
        .describe("replies sampled for each prompt; the two least alike are compared"),
      ...judgeProtocolSettings,
    })
    .prefault({});
