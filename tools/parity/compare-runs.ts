// Two runs of `covenant label` over the same pairs by different judges, or of `covenant revise` over the same prompts
// by different providers, side by side: differences of P(A), preferences, flips and votes, and how many answers, critiques
// and revisions are the same. Prints a line each.
// Usage: node tools/parity/compare-runs.ts FOLDER FOLDER

import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type LabelRecord,
  labelRecordSchema,
  replyRecordSchema,
  revisionRecordSchema,
} from "../../src/records/index.ts";
import { readRecords } from "../../src/runs/index.ts";

const [one, other] = process.argv.slice(2);
if (one === undefined || other === undefined) throw new Error("two run folders are wanted");

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Two labels of one comparison, both with a probability. */
type Both = { readonly one: LabelRecord; readonly other: LabelRecord };

/** "36 of 36 with the same ..."; same: whether the two labels say the same. */
const count = (both: readonly Both[], what: string, same: (pair: Both) => boolean): string =>
  `${both.filter(same).length} of ${both.length} with the same ${what}`;

/** What each order prefers; an order at one half prefers nothing. */
const preferences = ({ orders }: LabelRecord): string =>
  JSON.stringify(orders?.map((probability) => Math.sign(probability - 0.5)));

/** The votes of both orders of every judgement; none where log-probabilities were read. */
const votesOf = ({ judgements = [] }: LabelRecord) => judgements.flatMap(({ votes = [] }) => votes);

/** "70 of 72": votes for a letter, of all that were asked for. */
const letters = (labels: readonly LabelRecord[]): string => {
  const votes = labels.flatMap(votesOf);
  const given = votes.reduce((sum, { replies: [first, second] }) => sum + first + second, 0);
  const lost = votes.flatMap((each) => Object.values(each.lost)).reduce((sum, each) => sum + each, 0);
  return `${given} of ${given + lost}`;
};

const sayVotes = (both: readonly Both[]): void => {
  const voted = both.filter((pair) => votesOf(pair.one).length > 0 && votesOf(pair.other).length > 0);
  if (voted.length === 0) return;
  const votes = (label: LabelRecord): string => JSON.stringify(votesOf(label));
  const same = count(voted, "votes in both orders", (pair) => votes(pair.one) === votes(pair.other));
  const [first, second] = [voted.map((pair) => pair.one), voted.map((pair) => pair.other)];
  say(`${same}; for a letter were ${letters(first)} votes of the one, ${letters(second)} of the other`);
};

const compareLabels = async (): Promise<void> => {
  const labelsOf = (folder: string) => readRecords(join(folder, "label/labels.jsonl"), labelRecordSchema);
  const found = new Map((await labelsOf(other)).map((label) => [label.prompt, label]));
  const both: Both[] = [];
  let apart = 0;
  for (const label of await labelsOf(one)) {
    const second = found.get(label.prompt);
    if (second?.principle !== label.principle || second.replies.join("\n") !== label.replies.join("\n"))
      throw new Error(`the two runs compare different replies to ${label.prompt}`);
    if (label.probability !== null && second.probability !== null) both.push({ one: label, other: second });
    else if (label.probability !== second.probability) apart++;
  }
  const differences = both.map(({ one: label, other: second }) =>
    Math.abs(label.probability! - second.probability!),
  );
  const mean = differences.reduce((sum, value) => sum + value, 0) / Math.max(1, differences.length);
  say(
    `${differences.length} labels by both, ${apart} by one alone: |dP(A)| mean ${mean.toExponential(1)}, most ${Math.max(0, ...differences).toExponential(1)}`,
  );
  const preferred = ({ probability }: LabelRecord): boolean => probability! > 0.5;
  say(
    [
      count(both, "preference", (pair) => preferred(pair.one) === preferred(pair.other)),
      count(both, "preference in each order", (pair) => preferences(pair.one) === preferences(pair.other)),
      count(both, "flip or none", (pair) => pair.one.flipped === pair.other.flipped),
    ].join("; "),
  );
  sayVotes(both);
};

const compareAnswers = async (): Promise<void> => {
  const answersOf = (folder: string) => readRecords(join(folder, "answer/answers.jsonl"), replyRecordSchema);
  const found = new Map((await answersOf(other)).map((reply) => [reply.prompt, reply.text]));
  const answers = await answersOf(one);
  say(
    `${answers.filter(({ prompt, text }) => found.get(prompt) === text).length} of ${answers.length} answers the same`,
  );
};

/** Chains of the same prompt, revision by revision. */
const compareChains = async (): Promise<void> => {
  const chainsOf = (folder: string) =>
    readRecords(join(folder, "revise/revisions.jsonl"), revisionRecordSchema);
  const found = new Map((await chainsOf(other)).map(({ prompt, steps }) => [prompt, steps]));
  const chains = await chainsOf(one);
  const texts = (steps: (typeof chains)[number]["steps"] | undefined): string =>
    JSON.stringify(steps?.map(({ principle, critique, revision }) => [principle, critique, revision]));
  const same = chains.filter(({ prompt, steps }) => texts(found.get(prompt)) === texts(steps));
  say(`${same.length} of ${chains.length} chains of critiques and revisions the same`);
};

if (existsSync(join(one, "label"))) await compareLabels();
if (existsSync(join(one, "answer"))) await compareAnswers();
if (existsSync(join(one, "revise"))) await compareChains();
