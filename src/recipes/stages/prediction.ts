// What the settings of `covenant polis predict` name, read and drawn: the voters that a model plays, what it is told of each, and
// the held-out votes that it is asked about. Asks no model.

import { counted, deriveSeed, UserError } from "../../core/index.ts";
import type { VoterRecord } from "../../records/index.ts";
import { computeGroups, type SampledVoter, sampleVoters, voteOf } from "../../simulation/index.ts";
import type { PredictConfig } from "../settings/predict-settings.ts";
import { groupUp, openHeldOut, warningsOf } from "./polis-opinions.ts";

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
