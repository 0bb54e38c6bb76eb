// Which of a prompt's samples are compared: the two that are least alike in their words. Two samples that say nearly
// the same leave a judge nothing to prefer, and its label is chance. Knows no judge and nothing of what is good.

import type {
  Finish,
  LabelRecord,
  Message,
  PromptId,
  PromptRecord,
  ReplyId,
  ReplyRecord,
} from "../records/index.ts";
import { isAnswered } from "./chunk.ts";

/** One of the two replies of a comparison. A ReplyRecord is one. */
export type PairReply = { readonly id: ReplyId; readonly text: string; readonly finish: Finish };

/**
 * Two replies to compare. id: of the item, unique among the pairs of a stage (the prompt's id where one pair each).
 * correct: which of them is known to be better, where somebody knows.
 */
export type ReplyPair = {
  readonly id: string;
  readonly prompt: PromptId;
  readonly messages: readonly Message[];
  readonly replies: readonly [PairReply, PairReply];
  readonly correct?: 0 | 1;
};

/** Whether a label has the replies of its pair in the pair's order: a record may have them the other way round. */
export const hasOrderOf = (
  { parents }: Pick<LabelRecord, "parents">,
  { replies }: Pick<ReplyPair, "replies">,
): boolean => parents[1] === replies[0].id;

const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);

/** Jaccard similarity of two sets, 0 to 1; two empty ones are alike. */
const similarity = (one: ReadonlySet<string>, other: ReadonlySet<string>): number => {
  const shared = [...one].filter((word) => other.has(word)).length;
  const all = one.size + other.size - shared;
  return all === 0 ? 1 : shared / all;
};

/**
 * The two samples whose sets of words overlap least (Jaccard), in the order they were drawn; the earliest such two
 * where several overlap as little. Samples that are cut by length are taken only where fewer than two are whole, and
 * those that are no answer only where fewer than two are. Null for fewer than two samples.
 */
export const leastAlike = <Reply extends PairReply>(
  samples: readonly Reply[],
): readonly [Reply, Reply] | null => {
  const answered = samples.filter(isAnswered);
  const whole = answered.filter(({ finish }) => finish === "stop");
  const usable = [whole, answered].find(({ length }) => length >= 2) ?? samples;
  const words = usable.map(({ text }) => wordsOf(text));
  let best: readonly [Reply, Reply] | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (let first = 0; first < usable.length; first++) {
    for (let second = first + 1; second < usable.length; second++) {
      const alike = similarity(words[first]!, words[second]!);
      if (alike >= least) continue;
      least = alike;
      best = [usable[first]!, usable[second]!];
    }
  }
  return best;
};

/** The pair of a prompt's samples, which stand as they were drawn; null where there are fewer than two. */
export const pairOf = ({ id, messages }: PromptRecord, samples: readonly ReplyRecord[]): ReplyPair | null => {
  const replies = leastAlike(samples);
  return replies === null ? null : { id, prompt: id, messages, replies };
};
