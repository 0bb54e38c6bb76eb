// What a language model is to the rest of Covenant: something that replies to messages and, where it can, scores
// continuations. Requests come in batches, because the embedded engine lives off batches and endpoints off
// concurrency; each request has its own seed, so a reply does not depend on its neighbours. Knows no provider.

import type { Finish, Message, ModelId, Usage } from "../records/index.ts";
import type { AnswerForm } from "./answer-form.ts";
import type { AnsweredBy } from "./answered-by.ts";

export type { AnswerForm } from "./answer-form.ts";

/**
 * One reply asked for. temperature 0 is greedy. stop: strings that end the reply (not part of it). answer: a form that the
 * reply is to have, where the provider can hold the model to one.
 */
export type GenerateRequest = {
  readonly messages: readonly Message[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP?: number;
  readonly seed: number;
  readonly stop?: readonly string[];
  readonly answer?: AnswerForm;
};

/**
 * cached: the answer was there already, and nothing was asked; its usage is what it once took. answeredBy: the other model
 * that gave it, as the server says.
 */
export type Reply = AnsweredBy & {
  readonly text: string;
  readonly finish: Finish;
  readonly usage: Usage;
  readonly cached?: true;
};

/**
 * Log-probabilities asked for: each continuation is read as the beginning of the assistant's next message. trial: the
 * question is no item of any work and asks whether, and how, they are to be had; it changes no answer.
 */
export type ScoreRequest = {
  readonly messages: readonly Message[];
  readonly continuations: readonly string[];
  readonly trial?: true;
};

/** Why there is no score: the provider declined, the conversation does not fit the context, or the server rejects it. */
export type Declined = Extract<Finish, "refusal" | "overflow" | "rejected">;

/**
 * logProbabilities[i]: natural log of P(continuation i | messages), summed over its tokens. null: not to be had.
 * bounded[i]: true where the model told only that continuation i is at most that probable; left out when none is.
 * declined: why all of them are null, where it is this one request that was declined. said: what the model wrote instead
 * of any of them, where they are null because it came to no choice. cached, answeredBy: as of a reply; of the second there
 * may be several, since a score may take several calls.
 */
export type Score = AnsweredBy & {
  readonly logProbabilities: readonly (number | null)[];
  readonly bounded?: readonly boolean[];
  readonly declined?: Declined;
  readonly said?: string;
  readonly usage: Usage;
  readonly cached?: true;
};

export type Capabilities = {
  /** Whether score() gives log-probabilities at all. */
  readonly scores: boolean;
  /** How many requests one call should hold: the embedded engine's batch, or an endpoint's concurrency. */
  readonly batch: number;
  /** Whether the requests of a call go their own ways, so that a slow one delays no other: an endpoint's do. */
  readonly independentRequests?: boolean;
};

export type CallOptions = { readonly signal?: AbortSignal };

/**
 * A language model. Replies come in the order of the requests. A conversation that does not fit the model's context is
 * never cut: its reply ends as "overflow", its score is declined. Throws UserError for what the user must change.
 */
export type LanguageModel = {
  readonly id: ModelId;
  readonly capabilities: Capabilities;
  generate(requests: readonly GenerateRequest[], options?: CallOptions): Promise<Reply[]>;
  score(requests: readonly ScoreRequest[], options?: CallOptions): Promise<Score[]>;
  close(): Promise<void>;
};
