// Where rewards come from, as the loops see it: functions from sampled replies to numbers, alone or several with
// weights. What gives a reward (a reward model, a judge, a program) is not known here.

import { CovenantError } from "../core/index.ts";
import type { PackedItem } from "../transformer/index.ts";

/** A reply as it was sampled: the prompt as trunk, the reply (end token included) as its only branch. */
export type SampledReply = PackedItem & {
  /** Which of the loop's prompts it answers. */
  readonly prompt: number;
  /** Whether the end token came; otherwise the reply was cut. */
  readonly ended: boolean;
};

/** The score of each reply from its tokens alone (a prompt with one branch, end token included). */
export type RewardFunction = (
  items: readonly PackedItem[],
  signal?: AbortSignal,
) => Promise<readonly number[]>;

/** What a reward that depends on more than tokens is told. step: of the loop, from 0, for what it draws. */
export type RewardCall = { readonly step: number; readonly signal?: AbortSignal };

/** A reward by name and weight. Replies of one prompt stand together, so that they can be compared. */
export type NamedReward = {
  readonly name: string;
  readonly weight: number;
  readonly reward: (replies: readonly SampledReply[], call: RewardCall) => Promise<readonly number[]>;
};

/** A reward from tokens alone, under a name. */
export const rewardOfTokens = (name: string, reward: RewardFunction, weight = 1): NamedReward => ({
  name,
  weight,
  reward: (replies, { signal }) => reward(replies, signal),
});

/** 0 for a reply that ended and -1 for one that was cut. */
export const endReward = (weight: number): NamedReward => ({
  name: "end",
  weight,
  reward: async (replies) => replies.map(({ ended }) => (ended ? 0 : -1)),
});

/** Throws CovenantError, naming the step, for a number of scores that is not the replies', or a score that is none. */
export const requireScores = (
  scores: readonly number[],
  replies: number,
  { name, step }: { readonly name: string; readonly step: number },
): void => {
  if (scores.length !== replies) {
    throw new CovenantError(
      "reward-count",
      `Step ${step + 1}: the reward "${name}" gave ${scores.length} scores for ${replies} replies; expected one each. Let it return a list with a score for every reply, in their order.`,
      { step, name },
    );
  }
  const at = scores.findIndex((score) => !Number.isFinite(score));
  if (at < 0) return;
  throw new CovenantError(
    "reward-not-finite",
    `Step ${step + 1}: the reward "${name}" scored reply ${at + 1} of ${replies} with ${scores[at]}; expected a finite number. Look at the reward model or function.`,
    { step, name, reply: at },
  );
};

/** Throws CovenantError, naming the step, where a model gives a sampled reply a probability that is no number. */
export const requireLogProbabilities = (
  lists: readonly Float32Array[],
  { name, step }: { readonly name: string; readonly step: number },
): void => {
  const at = lists.findIndex((list) => list.some((value) => !Number.isFinite(value)));
  if (at < 0) return;
  throw new CovenantError(
    "training-diverged",
    `Step ${step + 1}: the ${name} gives reply ${at + 1} a log-probability that is not a number. Lower the learning rate, or look at the model's weights.`,
    { step, name, reply: at },
  );
};

/** Scores of every reward [reward][reply], and their weighted sums [reply]. Throws for scores that are none. */
export const scoreReplies = async (
  rewards: readonly NamedReward[],
  replies: readonly SampledReply[],
  call: RewardCall,
): Promise<{ readonly each: readonly (readonly number[])[]; readonly total: readonly number[] }> => {
  const each: (readonly number[])[] = [];
  for (const { name, reward } of rewards) {
    const scores = await reward(replies, call);
    requireScores(scores, replies.length, { name, step: call.step });
    each.push(scores);
  }
  const total = replies.map((_, at) =>
    rewards.reduce((sum, { weight }, which) => sum + weight * each[which]![at]!, 0),
  );
  return { each, total };
};
