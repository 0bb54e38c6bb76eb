// What generation is asked for and what comes back, in token ids: a prompt with its own sampling and seed, the tokens
// of its reply. Shapes only.

import type { SamplingOptions, TokenProbability } from "./sampling.ts";

/** A token of a reply; with its probability and the likeliest tokens at its place where they were asked for. */
export type SampledToken = {
  readonly id: number;
  readonly logProbability?: number;
  readonly alternatives?: readonly TokenProbability[];
};

/** A prompt to continue, with its own sampling and seed. */
export type TokenRequest = SamplingOptions & {
  /** At least one token, and fewer than the model has positions (see fitsContext). */
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly seed: number;
  /** Log-probabilities of the tokens are wanted, with those of so many likeliest ones at each place (0: none). */
  readonly probabilities?: number;
  /** Told every token as it comes, but for the end token; true ends the reply with it. */
  readonly until?: (token: SampledToken) => boolean;
  /** Aborted: nobody waits for this reply any more. It ends as it is, and its neighbours go on. */
  readonly signal?: AbortSignal;
};

/**
 * ids: the new tokens without the end token; ended: an end token came, which is `end` (false: cut by maxTokens, the
 * context, `until` or the signal). tokens: as asked for with `probabilities`.
 */
export type TokenReply = {
  readonly ids: readonly number[];
  readonly ended: boolean;
  readonly end?: number;
  readonly tokens?: readonly SampledToken[];
};

/** How generation goes on; nothing here changes what is sampled. */
export type GenerateOptions = {
  readonly signal?: AbortSignal;
  /** Rows decoded at a time; default 96. */
  readonly batch?: number;
  readonly onReply?: (index: number, reply: TokenReply) => void;
  /** Asked before every step for requests that join the batch; they are numbered on from the given ones. */
  readonly more?: () => readonly TokenRequest[];
};
