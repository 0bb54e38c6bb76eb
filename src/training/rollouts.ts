// Sampling for policy gradients: which prompts a step takes, the replies to them, and what can be said of these at a
// glance. Replies are sampled at temperature 1, where ratios and divergences are exact. Which prompts and which random
// numbers a step has depends on (seed, step) alone.

import { CovenantError, createRandom, deriveSeed, mean } from "../core/index.ts";
import type { Generator, TokenReply, TokenRequest } from "../transformer/index.ts";
import type { SampledReply } from "./rewards.ts";

/** What sampling takes of a loop's options. */
export type SamplingParts = {
  readonly generator: Generator;
  readonly prompts: readonly (readonly number[])[];
  readonly maxTokens: number;
  /** Tokens that prompt and reply may have together, with what is read at a reply's end. Not given: no limit. */
  readonly context?: number;
  readonly endToken: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
};

/** Indices of a step's prompts: all prompts in a shuffled order, then all in another one, and so on without a gap. */
export const promptsOfStep = (prompts: number, perStep: number, seed: number, step: number): number[] => {
  const orders = new Map<number, number[]>();
  const orderOf = (epoch: number): number[] => {
    const order =
      orders.get(epoch) ??
      createRandom(deriveSeed(seed, "prompts", epoch)).shuffle(
        Array.from({ length: prompts }, (_, at) => at),
      );
    orders.set(epoch, order);
    return order;
  };
  return Array.from({ length: perStep }, (_, at) => {
    const place = step * perStep + at;
    return orderOf(Math.floor(place / prompts))[place % prompts]!;
  });
};

/** Replies to requests. Throws CovenantError, naming the step, where no token has a probability: weights are broken. */
const generate = async (
  { generator, signal }: Pick<SamplingParts, "generator" | "signal">,
  requests: readonly TokenRequest[],
  step: number,
): Promise<TokenReply[]> => {
  try {
    return await generator.generate(requests, signal === undefined ? {} : { signal });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CovenantError(
      "training-diverged",
      `Step ${step + 1}: the policy gives no token a probability that is a number. Lower the learning rate, or look at the model's weights.`,
      { step },
      cause,
    );
  }
};

/**
 * A step's replies, one to each of the chosen prompts (repeat a prompt for several). seedOf: of the reply at a place; not
 * given: another one at every step.
 */
export const sampleReplies = async (
  { prompts, maxTokens, context = Number.POSITIVE_INFINITY, endToken, seed, ...parts }: SamplingParts,
  chosen: readonly number[],
  step: number,
  seedOf = (at: number): number => deriveSeed(seed, "rollout", step, at),
): Promise<SampledReply[]> => {
  const requests = chosen.map((prompt, at) => ({
    prompt: prompts[prompt]!,
    // one token at least, also where a prompt takes all of the context
    maxTokens: Math.max(1, Math.min(maxTokens, context - prompts[prompt]!.length)),
    temperature: 1,
    seed: seedOf(at),
  }));
  const replies = await generate(parts, requests, step);
  return replies.map(({ ids, ended, end = endToken }, at) => ({
    trunk: prompts[chosen[at]!]!,
    // a reply cut at once still needs one token to be scored at
    branches: [ended ? [...ids, end] : ids.length > 0 ? ids : [endToken]],
    prompt: chosen[at]!,
    ended,
  }));
};

/** Does an update; one that diverges is told by the loop's step, too, since a step takes several. */
export const updateOfStep = async <Result>(step: number, update: () => Promise<Result>): Promise<Result> => {
  try {
    return await update();
  } catch (cause) {
    if (!(cause instanceof CovenantError) || cause.code !== "training-diverged") throw cause;
    const text = cause.message.replace(/^Step (\d+)/, `Step ${step + 1}, update $1`);
    throw new CovenantError(cause.code, text, { step }, cause);
  }
};

/** A reply's tokens, end token included. */
export const tokensOf = ({ branches }: SampledReply): readonly number[] => branches[0]!;

/** How many tokens make an opening: long enough that different answers differ in it. */
const openingTokens = 12;
/** Fewer prompts than this have too little to differ in. */
const fewestPrompts = 4;

/**
 * Share of different prompts that got a reply with the most frequent opening: 1 when all replies begin alike; undefined for
 * so few prompts that it says nothing.
 */
export const openingShare = (replies: readonly SampledReply[]): number | undefined => {
  const asked = new Map<string, Set<string>>();
  const everyone = new Set<string>();
  for (const reply of replies) {
    const prompt = reply.trunk.join(" ");
    const opening = tokensOf(reply).slice(0, openingTokens).join(" ");
    everyone.add(prompt);
    asked.set(opening, (asked.get(opening) ?? new Set()).add(prompt));
  }
  if (everyone.size < fewestPrompts) return undefined;
  return Math.max(...[...asked.values()].map(({ size }) => size)) / everyone.size;
};

/** openingShare as a metric of a step, where it was measured. */
export const openingMetric = (name: string, replies: readonly SampledReply[]): Record<string, number> => {
  const share = openingShare(replies);
  return share === undefined ? {} : { [name]: share };
};

/** Means of metrics over several updates. */
export const meanMetrics = (all: readonly Readonly<Record<string, number>>[]): Record<string, number> =>
  Object.fromEntries(
    Object.keys(all[0] ?? {}).map((name) => [name, mean(all.map((metrics) => metrics[name]!))]),
  );

/** The indices of so many items in parts of equal size (the last may be smaller), in their order. */
export const inParts = (count: number, parts: number): number[][] => {
  const size = Math.ceil(count / parts);
  return Array.from({ length: Math.ceil(count / size) }, (_, part) =>
    Array.from({ length: Math.min(size, count - part * size) }, (_, at) => part * size + at),
  );
};

/** The indices of a batch in a seeded order, in parts of equal size (the last may be smaller). */
export const minibatches = (count: number, parts: number, seed: number): number[][] => {
  const order = createRandom(seed).shuffle(Array.from({ length: count }, (_, at) => at));
  return inParts(count, parts).map((part) => part.map((at) => order[at]!));
};
