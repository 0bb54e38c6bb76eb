// How many calls are in flight at once, found out while calling (additive increase, multiplicative decrease, as TCP
// does it): more while answers take no longer than before, half as many when a server says that it has too much to do
// (429, 5xx), does not answer in time, or cannot be reached. Calls wait for their turn here.

import PQueue from "p-queue";
import type { Clock } from "../../core/index.ts";
import { mapRequests } from "../batch.ts";
import { isOverload } from "../failure.ts";
import type { LanguageModel } from "../specification.ts";

/** start: calls in flight at first; it is doubled with each round of answers until the first trouble. */
export type ConcurrencyBounds = { readonly start: number; readonly least: number; readonly most: number };

/** Answers may take so many times as long as the quickest rounds did before growth stops. */
const latencyFactor = 2;
/** The memory of the quickest round fades by so much a round: longer prompts are no trouble. */
const fading = 1.05;
/** Steps in which the upper bound is reached from nothing after a trouble. */
const additiveSteps = 50;

/** Finds the number. begin: the round that a call belongs to; answered, troubled: how it ended. */
export type ConcurrencyControl = {
  limit(): number;
  begin(): number;
  answered(milliseconds: number): void;
  troubled(round: number): void;
};

/** Makes a control that starts anew. Has no clock: it is told how long answers took. */
export const createConcurrencyControl = ({ start, least, most }: ConcurrencyBounds): ConcurrencyControl => {
  let limit = Math.min(most, Math.max(least, start));
  let isDoubling = true;
  let halvings = 0;
  let inFlight = 0;
  let wasFull = false;
  let answers = 0;
  let sum = 0;
  let quickest = Number.POSITIVE_INFINITY;
  const beginRound = (): void => {
    answers = 0;
    sum = 0;
    wasFull = inFlight >= limit;
  };
  return {
    limit: () => limit,
    begin() {
      inFlight++;
      wasFull ||= inFlight >= limit;
      return halvings;
    },
    answered(milliseconds) {
      inFlight--;
      answers++;
      sum += milliseconds;
      if (answers < limit) return;
      const mean = sum / answers;
      quickest = Math.min(mean, quickest * fading);
      // A bound that was not reached says nothing about a higher one.
      if (wasFull && mean <= quickest * latencyFactor)
        limit = Math.min(
          most,
          isDoubling ? limit * 2 : limit + Math.max(1, Math.round(most / additiveSteps)),
        );
      beginRound();
    },
    troubled(round) {
      inFlight--;
      // Calls that were on their way at the last halving tell of the same trouble.
      if (round !== halvings) return;
      halvings++;
      isDoubling = false;
      limit = Math.max(least, Math.floor(limit / 2));
      beginRound();
    },
  };
};

/**
 * most: default the model's own batch. between: what a call goes through when its turn has come and before it counts as
 * begun; it may wait there (for a budget) without looking like a server that answers slowly.
 */
export type ConcurrencyOptions = Partial<ConcurrencyBounds> & {
  readonly clock: Clock;
  readonly between?: (begun: LanguageModel) => LanguageModel;
};

/** A model whose calls in flight adapt to what it bears. */
export const withAdaptiveConcurrency = (model: LanguageModel, options: ConcurrencyOptions): LanguageModel => {
  const { most = Math.max(1, model.capabilities.batch), least = 1, start = 16, clock, between } = options;
  const control = createConcurrencyControl({ start, least, most });
  const queue = new PQueue({ concurrency: control.limit() });
  const adapt = (): void => {
    const limit = control.limit();
    if (queue.concurrency !== limit) queue.concurrency = limit;
  };
  const observed = async <Result>(ask: () => Promise<Result[]>): Promise<Result> => {
    const round = control.begin();
    const start = clock.now();
    try {
      const [result] = await ask();
      control.answered(clock.now() - start);
      return result as Result;
    } catch (thrown) {
      if (isOverload(thrown)) control.troubled(round);
      else control.answered(clock.now() - start);
      throw thrown;
    } finally {
      adapt();
    }
  };
  const { id, capabilities } = model;
  const base = { id, capabilities, close: () => model.close() };
  const begun: LanguageModel = {
    ...base,
    generate: (requests, callOptions) =>
      mapRequests(requests, callOptions, null, (request, signal) =>
        observed(() => model.generate([request], { signal })),
      ),
    score: (requests, callOptions) =>
      mapRequests(requests, callOptions, null, (request, signal) =>
        observed(() => model.score([request], { signal })),
      ),
  };
  const inner = between?.(begun) ?? begun;
  return {
    ...base,
    generate: (requests, callOptions) =>
      mapRequests(requests, callOptions, queue, async (request, signal) => {
        const [reply] = await inner.generate([request], { signal });
        return reply!;
      }),
    score: (requests, callOptions) =>
      mapRequests(requests, callOptions, queue, async (request, signal) => {
        const [score] = await inner.score([request], { signal });
        return score!;
      }),
  };
};
