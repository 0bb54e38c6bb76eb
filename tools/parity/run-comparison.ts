// Two runs of `covenant label` over the same pairs by different judges, or of `covenant revise` over the same prompts
// by different providers, as numbers: differences of P(A), preferences, flips and votes, and how many answers, critiques
// and revisions are the same. Prints nothing.

import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type LabelRecord,
  labelRecordSchema,
  replyRecordSchema,
  revisionRecordSchema,
} from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";

/** So many of so many. */
export type Share = { readonly same: number; readonly of: number };

export type ComparedLabels = {
  readonly both: number;
  /** Comparisons with a probability in one run and none in the other. */
  readonly alone: number;
  /** Of |dP(A)|. */
  readonly mean: number;
  readonly most: number;
  readonly preferences: Share;
  readonly orders: Share;
  readonly flips: Share;
  /** Where both voted. same: votes in both orders; letters: votes for a letter, of all that were asked for. */
  readonly votes?: { readonly same: Share; readonly letters: readonly [Share, Share] };
};

export type Comparison = {
  readonly labels?: ComparedLabels;
  readonly answers?: Share;
  /** Chains of critiques and revisions. */
  readonly chains?: Share;
};

/** Two labels of one comparison, both with a probability. */
type Both = { readonly one: LabelRecord; readonly other: LabelRecord };

const share = <T>(all: readonly T[], isSame: (each: T) => boolean): Share => ({
  same: all.filter(isSame).length,
  of: all.length,
});

/** What each order prefers; an order at one half prefers nothing. */
const preferences = ({ orders }: LabelRecord): string =>
  JSON.stringify(orders?.map((probability) => Math.sign(probability - 0.5)));

/** The votes of both orders of every judgement; none where log-probabilities were read. */
const votesOf = ({ judgements = [] }: LabelRecord) => judgements.flatMap(({ votes = [] }) => votes);

const lettersOf = (labels: readonly LabelRecord[]): Share => {
  const votes = labels.flatMap(votesOf);
  const given = votes.reduce((sum, { replies: [first, second] }) => sum + first + second, 0);
  const lost = votes.flatMap((each) => Object.values(each.lost)).reduce((sum, each) => sum + each, 0);
  return { same: given, of: given + lost };
};

const compareVotes = (both: readonly Both[]): Pick<ComparedLabels, "votes"> => {
  const voted = both.filter((pair) => votesOf(pair.one).length > 0 && votesOf(pair.other).length > 0);
  if (voted.length === 0) return {};
  const votes = (label: LabelRecord): string => JSON.stringify(votesOf(label));
  const same = share(voted, (pair) => votes(pair.one) === votes(pair.other));
  const letters = [
    lettersOf(voted.map(({ one }) => one)),
    lettersOf(voted.map(({ other }) => other)),
  ] as const;
  return { votes: { same, letters } };
};

const compareLabels = async (one: string, other: string): Promise<ComparedLabels> => {
  const labelsOf = (folder: string) => readRecords(join(folder, "label/labels.jsonl"), labelRecordSchema);
  const found = new Map((await labelsOf(other)).map((label) => [label.prompt, label]));
  const both: Both[] = [];
  let alone = 0;
  for (const label of await labelsOf(one)) {
    const second = found.get(label.prompt);
    if (second?.principle !== label.principle || second.replies.join("\n") !== label.replies.join("\n"))
      throw new Error(`the two runs compare different replies to ${label.prompt}`);
    if (label.probability !== null && second.probability !== null) both.push({ one: label, other: second });
    else if (label.probability !== second.probability) alone++;
  }
  const differences = both.map((pair) => Math.abs(pair.one.probability! - pair.other.probability!));
  const preferred = ({ probability }: LabelRecord): boolean => probability! > 0.5;
  return {
    both: both.length,
    alone,
    mean: differences.reduce((sum, value) => sum + value, 0) / Math.max(1, differences.length),
    most: Math.max(0, ...differences),
    preferences: share(both, (pair) => preferred(pair.one) === preferred(pair.other)),
    orders: share(both, (pair) => preferences(pair.one) === preferences(pair.other)),
    flips: share(both, (pair) => pair.one.flipped === pair.other.flipped),
    ...compareVotes(both),
  };
};

const compareAnswers = async (one: string, other: string): Promise<Share> => {
  const answersOf = (folder: string) => readRecords(join(folder, "answer/answers.jsonl"), replyRecordSchema);
  const found = new Map((await answersOf(other)).map((reply) => [reply.prompt, reply.text]));
  return share(await answersOf(one), ({ prompt, text }) => found.get(prompt) === text);
};

/** Chains of the same prompt, revision by revision. */
const compareChains = async (one: string, other: string): Promise<Share> => {
  const chainsOf = (folder: string) =>
    readRecords(join(folder, "revise/revisions.jsonl"), revisionRecordSchema);
  const found = new Map((await chainsOf(other)).map(({ prompt, steps }) => [prompt, steps]));
  const chains = await chainsOf(one);
  const texts = (steps: (typeof chains)[number]["steps"] | undefined): string =>
    JSON.stringify(steps?.map(({ principle, critique, revision }) => [principle, critique, revision]));
  return share(chains, ({ prompt, steps }) => texts(found.get(prompt)) === texts(steps));
};

/** What the first of two run folders has, compared. Throws where they compare different replies. */
export const compareRuns = async (one: string, other: string): Promise<Comparison> => ({
  ...(existsSync(join(one, "label")) ? { labels: await compareLabels(one, other) } : {}),
  ...(existsSync(join(one, "answer")) ? { answers: await compareAnswers(one, other) } : {}),
  ...(existsSync(join(one, "revise")) ? { chains: await compareChains(one, other) } : {}),
});
