// A judge's verdict on several replies to one prompt, as a reward: each reply is compared with its two neighbours in a
// ring, in both orders, under drawn principles, and gets the mean probability with which it was preferred (0 to 1). A
// ring takes one comparison a reply, where all pairs would take (n - 1) / 2 of them.

import { mean } from "../core/index.ts";
import type { LanguageModel } from "../models/index.ts";
import type { Constitution, LabelRecord, Message, PromptId, StageName } from "../records/index.ts";
import { isAnswered } from "./chunk.ts";
import { labelBatch } from "./labels/label.ts";
import { hasOrderOf, type PairReply, type ReplyPair } from "./pairs.ts";

/** Replies to one prompt, at least two. id: unique among the groups that share a stage; seeds derive from it. */
export type ReplyGroup = {
  readonly id: string;
  readonly prompt: PromptId;
  readonly messages: readonly Message[];
  readonly replies: readonly PairReply[];
};

export type JudgeGroupsOptions = {
  readonly judge: LanguageModel;
  readonly groups: readonly ReplyGroup[];
  readonly constitution: Constitution;
  readonly runSeed: number;
  readonly stage: StageName;
  readonly signal?: AbortSignal;
};

/** scores: of each group's replies, in their order. labels: the comparisons that they are made of. */
export type GroupVerdicts = {
  readonly scores: readonly (readonly number[])[];
  readonly labels: readonly LabelRecord[];
};

type Edge = { readonly group: number; readonly ends: readonly [number, number]; readonly pair: ReplyPair };

/** Every reply with the next one, the last with the first; two replies have one comparison. */
const ringOf = ({ id, prompt, messages, replies }: ReplyGroup, group: number): Edge[] =>
  Array.from({ length: replies.length > 2 ? replies.length : 1 }, (_, at) => {
    const next = (at + 1) % replies.length;
    const pair = { id: `${id}/${at}`, prompt, messages, replies: [replies[at]!, replies[next]!] as const };
    return { group, ends: [at, next], pair };
  });

/** What a comparison says of the first and the second of its two replies. */
const pointsOf = ({ pair }: Edge, label: LabelRecord): readonly [number, number] => {
  if (label.probability !== null) {
    const first = hasOrderOf(label, pair) ? label.probability : 1 - label.probability;
    return [first, 1 - first];
  }
  const [one, other] = pair.replies.map(isAnswered) as [boolean, boolean];
  // A reply without text loses to one with text; what the judge cannot tell apart is even.
  return one === other ? (one ? [0.5, 0.5] : [0, 0]) : one ? [1, 0] : [0, 1];
};

/** Lets a judge compare the replies of each group. Throws UserError for one that gives no log-probabilities. */
export const judgeGroups = async ({ groups, ...options }: JudgeGroupsOptions): Promise<GroupVerdicts> => {
  const edges = groups.flatMap(ringOf);
  const pairs = edges.map(({ pair }) => pair);
  const labels: LabelRecord[] = [];
  for await (const { records } of labelBatch({ ...options, judgesCut: true, pairs })) labels.push(...records);
  const points = groups.map(({ replies }) => replies.map((): number[] => []));
  edges.forEach((edge, at) => {
    const given = pointsOf(edge, labels[at]!);
    edge.ends.forEach((reply, side) => {
      points[edge.group]![reply]!.push(given[side]!);
    });
  });
  return { scores: points.map((group) => group.map(mean)), labels };
};
