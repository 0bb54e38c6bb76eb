// What the page of a vote shows, gathered from the settings and from what its stages came to. How it is shown is the report's
// part.

import { counted } from "../../core/index.ts";
import { addValue, noValues, studentMean } from "../../evaluation/index.ts";
import type { ChoiceRecord } from "../../records/index.ts";
import type {
  GivenSupport,
  VoteCandidate,
  VoteDocument,
  VotePageData,
  VoteRule,
} from "../../report/index.ts";
import { supportMetric } from "../../simulation/index.ts";
import { isScripted, type Vote } from "../settings/vote-settings.ts";
import { countCitations } from "../stages/statements.ts";
import type { VoteBenefit } from "../stages/vote-benefit.ts";
import { standingName } from "../stages/vote-rounds.ts";
import { decisiveOf, type Voted } from "../stages/vote-run.ts";
import { benefitFigures } from "./satisfaction-figures.ts";
import { speakersOf } from "./speakers.ts";
import { arguedRemarks, describeCitations } from "./statement-words.ts";
import {
  describeLots,
  describeRoundComments,
  type RoundComments,
  sortedCandidates,
  whoIs,
} from "./vote-summary.ts";
import { countedOf, filledOf } from "./vote-tables.ts";

const meanOf = (values: readonly (number | null)[]) => {
  const found = noValues();
  for (const value of values) if (value !== null) addValue(found, value);
  return studentMean(found, supportMetric);
};

const candidatesOf = (vote: Vote, votes: Voted): VoteCandidate[] => {
  const { table, choices } = votes;
  const { chosen } = decisiveOf(choices);
  const countsAs = countedOf(table, vote.config.approveFrom);
  return sortedCandidates(votes).map(({ candidate, statements, support }): VoteCandidate => {
    const own = table.users.map((user) => support[user] ?? null);
    return {
      text: statements.join(" "),
      chosen: chosen.includes(candidate),
      estimate: meanOf(own),
      support: own.map(
        (value, at): GivenSupport =>
          value === null ? { value, counts: countsAs(table.users[at]!, candidate) } : { value },
      ),
    };
  });
};

const ruleOf = (vote: Vote, { table, candidates }: Voted, choice: ChoiceRecord): VoteRule => {
  const { rule, decides, welfare, leftOut, chosen } = choice;
  if (welfare === null) return { rule, decides, worth: null };
  const { users, nash, rawlsian, worstOff } = welfare;
  const filled = filledOf(table, choice);
  return {
    ...{ rule, decides },
    worth: {
      ...{ nash, least: rawlsian, estimate: meanOf(users.map(({ utility }) => utility)) },
      worstOff: worstOff.length === users.length ? "everybody" : whoIs(vote, worstOff),
      leftOut: leftOut.length === 0 ? "nobody" : whoIs(vote, leftOut),
      filled: users.reduce((sum, { voter }) => sum + filled(voter), 0),
      principles: chosen.flatMap(
        (name) => candidates.find(({ candidate }) => candidate === name)?.statements ?? [],
      ),
    },
  };
};

const documentsOf = ({ stage, candidates, table, choices }: Voted): VoteDocument[] => {
  const [won] = choices[0]!.chosen;
  return candidates.map(({ candidate, statements }, at) => ({
    round: stage.replace("-", " "),
    name: candidate === standingName ? "what stood before" : candidate.replace("-", " "),
    stands: candidate === won,
    estimate: meanOf(table.support.map((row) => row[at]!)),
    principles: statements,
  }));
};

/** The data of the page. comments: of the rounds; remarks: what is to be said of what holds. */
export const votePageData = (
  vote: Vote,
  votes: Voted,
  rounds: readonly Voted[],
  told: {
    readonly comments: readonly RoundComments[];
    readonly remarks: readonly string[];
    readonly benefit: VoteBenefit | null;
  },
): VotePageData => {
  const { config, setup } = vote;
  const { user, mediator } = setup.models;
  const scripted = isScripted(config);
  const isAsked = !scripted || config.candidates === undefined || config.rounds > 0;
  const last = rounds.at(-1) ?? votes;
  const { principles } = last.decided.document;
  const { users, nameOf } = speakersOf(setup.users);
  return {
    ...{ scripted, rule: config.rule, approveFrom: config.approveFrom, scale: supportMetric },
    users,
    candidates: candidatesOf(vote, votes),
    lots: describeLots(votes),
    rules: votes.choices.map((choice) => ruleOf(vote, votes, choice)),
    documents: rounds.flatMap(documentsOf),
    rounds: describeRoundComments(config, told.comments),
    principles: principles.map(({ title }) => title),
    remarks: [...told.remarks, ...describeCitations(countCitations(principles, setup.speaking))],
    argued: arguedRemarks(principles, setup.speaking, nameOf),
    benefit: benefitFigures(told.benefit, config.sandbox.requests),
    facts: [
      ["Seed", String(config.seed)],
      ["Rule", config.rule],
      ["Seats", String(config.seats)],
      ["Rounds", counted(config.rounds, "round")],
      ...(scripted ? [["Support", "scripted, by the sandbox's oracle"] as const] : []),
      ...(isAsked ? [[scripted ? "Users' words" : "Users", user] as const] : []),
      ...(config.rounds === 0 || mediator === user ? [] : [["Mediator", mediator] as const]),
    ],
  };
};
