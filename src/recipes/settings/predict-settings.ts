// The settings of `covenant polis predict`: which voters a model plays, by which of their votes, and how it is asked.
// Which votes are held out is decided as for `covenant polis baselines`.

import { z } from "zod";
import { forecastMethods } from "../../records/index.ts";
import { wordings } from "../../simulation/index.ts";
import { readModelName } from "./names.ts";
import { conversationSettings, heldOutSettings, polisSchema } from "./polis-settings.ts";
import {
  askedLoadSetting,
  callSettings,
  modelName,
  outSetting,
  samplingSettings,
  seedSetting,
} from "./settings.ts";

const positive = z.number().int().positive();
const text = z.string().trim().min(1);
const temperature = z.number().nonnegative();

export const predictSchema = z.strictObject({
  out: outSetting("runs/predict"),
  seed: seedSetting,
  ...conversationSettings,
  ...heldOutSettings,
  groups: polisSchema.shape.groups,
  groupCount: polisSchema.shape.groupCount,
  model: z
    .string({
      error: ({ input }) =>
        input === undefined ? "a model is needed that plays the voters (--model openai:name)" : undefined,
    })
    .min(1)
    .overwrite(readModelName)
    .describe("model that plays the voters"),
  topic: text
    .default("a matter that concerns them all")
    .describe("what the conversation is about, as the model is told"),
  voters: z
    .union([positive, z.literal("all")], { error: 'expected a number of voters or "all"' })
    .default(50)
    .describe("voters who are played, drawn by the seed, or all"),
  questions: positive
    .optional()
    .describe("held-out votes of each voter that are asked about at most, drawn by the seed; default: all"),
  shown: positive.default(30).describe("votes of each voter that the model is told at most"),
  choose: z
    .enum(["telling", "drawn"])
    .default("telling")
    .describe(
      "which votes are told: those on statements that divide opinion groups most, or drawn by the seed",
    ),
  fit: z
    .enum(["votes", "persona"])
    .default("votes")
    .describe(
      "what the model plays a voter by: the votes themselves, or a description that a model makes of them",
    ),
  persona: z
    .strictObject({
      model: modelName.optional().describe("model that describes voters; default: model"),
      temperature: temperature.default(0.7).describe("0: always the likeliest token"),
      topP: samplingSettings.unwrap().shape.topP,
      maxTokens: positive.default(400).describe("tokens of a description at most"),
      words: positive.default(120).describe("words of a description at most, as the model is told"),
    })
    .prefault({})
    .describe("where fit is persona"),
  method: z
    .enum(["auto", ...forecastMethods])
    .default("auto")
    .describe(
      "choice: log-probabilities of (A), (B) and (C); answer: letters that the model writes; auto: choice, or answer where there are no log-probabilities",
    ),
  orders: z
    .union([z.literal(1), z.literal(3)], { error: "expected 1 or 3" })
    .default(3)
    .describe(
      "orders of the options in which each vote is asked for: all three rotations, or one drawn by the seed",
    ),
  answers: positive.default(1).describe("answers in each order, where the model writes them"),
  temperature: temperature.default(0).describe("temperature of answers that the model writes"),
  answerTokens: positive
    .default(16)
    .describe("tokens of such an answer at most; a model that thinks before it answers needs many more"),
  wording: z
    .enum(wordings)
    .default("full")
    .describe(
      "full: for models that follow instructions; brief: for embedded models made with polls, which know the sandbox's language alone; one order, and options by their words",
    ),
  load: askedLoadSetting,
  ...callSettings,
});
export type PredictConfig = z.output<typeof predictSchema>;
