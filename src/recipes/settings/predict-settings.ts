// The settings of `covenant polis predict`, and what they name, read and drawn: which voters a model plays, by which of their
// votes, and which held-out votes it is asked about. Which votes are held out is decided as for `covenant polis baselines`.

import { z } from "zod";
import { counted, deriveSeed, UserError } from "../../core/index.ts";
import { forecastMethods, type VoterRecord } from "../../records/index.ts";
import { computeGroups, type SampledVoter, sampleVoters, voteOf } from "../../simulation/index.ts";
import { readModelName } from "./names.ts";
import {
  conversationSettings,
  groupUp,
  heldOutSettings,
  openHeldOut,
  polisSchema,
  warningsOf,
} from "./polis-opinions.ts";
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
  load: askedLoadSetting,
  ...callSettings,
});
export type PredictConfig = z.output<typeof predictSchema>;

const checkAnswers = ({ answers, temperature: heat }: PredictConfig): void => {
  if (answers === 1 || heat > 0) return;
  throw new UserError(
    "answers-alike",
    `answers is ${answers} and temperature is 0, so all answers to a question are the same. Set temperature above 0 (temperature=1), or answers=1.`,
    { answers },
  );
};

/** The voter's record. group: null for none. */
const recordOf = ({ id: voter, shown, heldOut }: SampledVoter, frame: RecordFrame): VoterRecord => {
  const id = `voters/${voter}`;
  return {
    ...{ id, parents: [], stage: "voters", seed: deriveSeed(frame.seed, id), voter, group: frame.group },
    shown: shown.map(({ statement, vote }) => ({ statement: statement.id, vote })),
    heldOut: heldOut.map(({ statement }) => frame.statementAt(statement)),
  };
};
type RecordFrame = {
  readonly seed: number;
  readonly group: string | null;
  readonly statementAt: (place: number) => string;
};

/** A warning where fewer voters are played than were asked for. */
const fewerVoters = ({ voters }: PredictConfig, played: number) =>
  voters === "all" || played >= voters
    ? []
    : [
        {
          code: "polis-voters",
          text: `${counted(voters, "voter")} were asked for and ${played} are played: no others have held-out votes.`,
        },
      ];

/** Everything that the settings name, read and drawn. Throws UserError for what is missing or does not fit. */
export const loadPrediction = async (config: PredictConfig) => {
  checkAnswers(config);
  const { seed, groupCount } = config;
  const { conversation, split } = await openHeldOut(config);
  // Of known votes alone, so that no held-out vote decides what a model is told.
  const grouping = groupUp(split.known, config);
  const { groups } = grouping;
  const telling =
    groups.origin === "computed" || config.choose === "drawn"
      ? groups
      : computeGroups(split.known, seed, groupCount);
  const voters = sampleVoters(split, telling, config);
  const groupOf = (voter: number): string | null => groups.ids[groups.of[voter]!] ?? null;
  const statementAt = (place: number): string => split.known.statements[place]!.id;
  const sample = voters.map((voter) => ({
    voter,
    record: recordOf(voter, { seed, group: groupOf(voter.voter), statementAt }),
    asked: voter.heldOut.map((heldOut) => ({
      heldOut,
      statement: split.known.statements[heldOut.statement]!,
      vote: voteOf(heldOut),
    })),
  }));
  return {
    ...{ split, sample, groupOf, groupIds: groups.ids, origin: groups.origin },
    all: { voters: conversation.matrix.voters.length, heldOut: split.heldOut.length },
    personaModel: config.persona.model ?? config.model,
    warnings: [...warningsOf(conversation, grouping, config), ...fewerVoters(config, voters.length)],
  };
};
export type Prediction = {
  readonly config: PredictConfig;
  readonly setup: Awaited<ReturnType<typeof loadPrediction>>;
};
