// What can be said of a vote without knowing the voter as a person: how everybody voted on the statement, and how the voters
// most alike did. Whoever claims to play a voter has to be better than both.

import type { VoteForecast, VotePredictor } from "./held-out.ts";
import { agree, disagree, unseen, type VoteMatrix } from "./vote-matrix.ts";

/** Weights of votes by kind: agree, disagree, pass. */
type Weights = [agree: number, disagree: number, pass: number];

/** Votes that everybody's count as, beside those of one statement's voters or of the neighbours. */
const priorVotes = 8;

const addVote = (weights: Weights, vote: number, weight: number): void => {
  if (vote === agree) weights[0] += weight;
  else if (vote === disagree) weights[1] += weight;
  else if (vote !== unseen) weights[2] += weight;
};

const sharesOf = (weights: Weights, prior: VoteForecast): VoteForecast => {
  const all = weights[0] + weights[1] + weights[2] + priorVotes;
  return {
    agree: (weights[0] + priorVotes * prior.agree) / all,
    disagree: (weights[1] + priorVotes * prior.disagree) / all,
    pass: (weights[2] + priorVotes * prior.pass) / all,
  };
};

const evenly: VoteForecast = { agree: 1 / 3, disagree: 1 / 3, pass: 1 / 3 };

/** How everybody voted on each statement, with a prior of how all statements were voted on. */
const everybody = ({ statements, votes }: VoteMatrix): VoteForecast[] => {
  const width = statements.length;
  const whole: Weights = [0, 0, 0];
  const each = statements.map((): Weights => [0, 0, 0]);
  votes.forEach((vote, at) => {
    addVote(whole, vote, 1);
    addVote(each[at % width]!, vote, 1);
  });
  const prior = sharesOf(whole, evenly);
  return each.map((weights) => sharesOf(weights, prior));
};

/** The majority: what everybody said of the statement, for every voter. */
export const majorityPredictor: VotePredictor = async (known, questions) => {
  const forecasts = everybody(known);
  return questions.map(({ statement }) => forecasts[statement]!);
};

/**
 * How alike each voter is to one, 0 to 1: the share of agreement on statements that both voted on (a pass against a vote
 * counts half), with a prior of one half for each of two statements, so that a single shared vote says little.
 */
const likenessTo = ({ voters, statements, votes }: VoteMatrix, voter: number): Float64Array => {
  const width = statements.length;
  const own = votes.subarray(voter * width, (voter + 1) * width);
  const seen = statements.flatMap((_, statement) => (own[statement] === unseen ? [] : [statement]));
  return Float64Array.from(voters, (_, other) => {
    let alike = 1;
    let shared = 2;
    for (const statement of seen) {
      const vote = votes[other * width + statement]!;
      if (vote === unseen) continue;
      shared++;
      alike += 1 - Math.abs(vote - own[statement]!) / 2;
    }
    return alike / shared;
  });
};

/** The nearest neighbours: how the `count` voters most alike who voted on the statement did, with everybody as prior. */
export const neighbourPredictor =
  (count = 20): VotePredictor =>
  async (known, questions) => {
    const width = known.statements.length;
    const forecasts = everybody(known);
    const orders = new Map<number, readonly number[]>();
    const orderFor = (voter: number): readonly number[] => {
      const found = orders.get(voter);
      if (found !== undefined) return found;
      const likeness = likenessTo(known, voter);
      const others = known.voters.map((_, other) => other).filter((other) => other !== voter);
      const order = others.sort((one, other) => likeness[other]! - likeness[one]! || one - other);
      orders.set(voter, order);
      return order;
    };
    return questions.map(({ voter, statement }) => {
      const weights: Weights = [0, 0, 0];
      let taken = 0;
      for (const other of orderFor(voter)) {
        const vote = known.votes[other * width + statement]!;
        if (vote === unseen) continue;
        addVote(weights, vote, 1);
        if (++taken === count) break;
      }
      return sharesOf(weights, forecasts[statement]!);
    });
  };
