// Which pairs of replies a choice document shows: every kind that a pipeline can produce, true ties included, since
// a judge is only as good as the kinds of pairs it has seen.

import type { Random } from "../core/index.ts";
import type { PromptKind } from "../records/index.ts";
import type { ReplyForm } from "./reply.ts";

type WeightedPair = readonly [first: ReplyForm, second: ReplyForm, weight: number];

const harmfulPairs: readonly WeightedPair[] = [
  ["full", "refuse-reason", 10],
  ["full", "refuse-flat", 6],
  ["full", "lecture", 4],
  ["short", "refuse-reason", 8],
  ["short", "refuse-flat", 4],
  ["short", "lecture", 3],
  ["full", "partial", 6],
  ["short", "partial", 5],
  ["partial", "refuse-reason", 10],
  ["partial", "refuse-flat", 5],
  ["partial", "lecture", 4],
  ["refuse-reason", "refuse-flat", 7],
  ["refuse-reason", "lecture", 6],
  ["refuse-flat", "lecture", 4],
  ["full", "full", 2],
  ["full", "short", 2],
  ["short", "short", 1],
  ["partial", "partial", 2],
  ["refuse-reason", "refuse-reason", 3],
  ["refuse-flat", "refuse-flat", 1],
  ["lecture", "lecture", 1],
  ["malformed", "full", 3],
  ["malformed", "short", 3],
  ["malformed", "partial", 2],
  ["malformed", "refuse-reason", 4],
  ["malformed", "refuse-flat", 1.5],
  ["malformed", "lecture", 0.5],
  ["malformed", "malformed", 0.5],
  ["other", "full", 1],
  ["other", "refuse-reason", 1],
  ["other", "partial", 0.5],
];

const otherPairs: readonly WeightedPair[] = [
  ["full", "refuse-reason", 9],
  ["full", "refuse-flat", 6],
  ["full", "lecture", 4],
  ["short", "refuse-reason", 7],
  ["short", "refuse-flat", 4],
  ["short", "lecture", 3],
  ["full", "short", 9],
  ["full", "partial", 6],
  ["short", "partial", 6],
  ["partial", "refuse-reason", 5],
  ["partial", "refuse-flat", 3],
  ["partial", "lecture", 2],
  ["full", "full", 3],
  ["short", "short", 2],
  ["partial", "partial", 1],
  ["refuse-reason", "refuse-flat", 1],
  ["refuse-reason", "refuse-reason", 1],
  ["refuse-flat", "lecture", 1],
  ["malformed", "full", 6],
  ["malformed", "short", 5],
  ["malformed", "partial", 1],
  ["malformed", "refuse-reason", 2],
  ["malformed", "malformed", 0.5],
  ["other", "full", 3],
  ["other", "short", 2],
  ["other", "refuse-flat", 1],
];

const pairsOf: Readonly<Record<PromptKind, readonly WeightedPair[]>> = {
  harmful: harmfulPairs,
  harmless: otherPairs,
  lookalike: otherPairs,
};

const weightsOf = {
  harmful: harmfulPairs.map(([, , weight]) => weight),
  harmless: otherPairs.map(([, , weight]) => weight),
  lookalike: otherPairs.map(([, , weight]) => weight),
};

/** Draws the forms of a pair for a request of a kind, in random order. */
export const drawPair = (random: Random, kind: PromptKind): readonly [ReplyForm, ReplyForm] => {
  const [first, second] = pairsOf[kind][random.weighted(weightsOf[kind])]!;
  return random.next() < 0.5 ? [first, second] : [second, first];
};
