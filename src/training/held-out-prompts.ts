// The look at prompts kept out, for policies that learn by reward: when it is due, and the replies that it is about. They
// are sampled, as in training, since a divergence is measured on replies that the policy draws itself; but with the same
// seeds at every look, which depend on no step, so that looks differ by the policy and by little else. Knows no reward.

import { deriveSeed } from "../core/index.ts";
import type { SampledReply } from "./rewards.ts";
import { type SamplingParts, sampleReplies } from "./rollouts.ts";

/** Prompts to look at, never to learn from: after every so many steps, and after the last. */
export type HeldOutPrompts = {
  readonly prompts: readonly (readonly number[])[];
  readonly every: number;
};

/** Whether a look is due after a step, counted from 0. */
export const isLookDue = (
  { prompts, every }: HeldOutPrompts,
  { step, steps }: { readonly step: number; readonly steps: number },
): boolean => prompts.length > 0 && ((step + 1) % every === 0 || step + 1 === steps);

/** How many looks a training takes. */
export const looksOf = (every: number, steps: number): number => Math.ceil(steps / every);

/** One reply to each of the prompts, by the policy as it is behind a step. */
export const sampleHeldOut = (
  parts: SamplingParts,
  prompts: HeldOutPrompts["prompts"],
  step: number,
): Promise<SampledReply[]> =>
  sampleReplies(
    { ...parts, prompts },
    prompts.map((_, at) => at),
    step,
    (at) => deriveSeed(parts.seed, "evaluation", at),
  );

/** Share of replies that ended by themselves. */
export const endedShare = (replies: readonly SampledReply[]): number =>
  replies.filter(({ ended }) => ended).length / Math.max(1, replies.length);
