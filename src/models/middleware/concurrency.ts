// How many calls are in flight at once, found out while calling, much as TCP does it: every answer opens more places
// while answers take no longer than before (slow start); a server with too much to do (429, 5xx, no answer in time, no
// connection) gets half as many, and then more by small steps. Calls wait for their turn here. Deviations from TCP: growth
// is fourfold after the first round, steps are a share of the number, and troubles that come at any number are followed by
// no steps. What other ways cost is in docs/experiments.md ("Calls.").

import PQueue from "p-queue";
import type { Clock } from "../../core/index.ts";
import { mapRequests } from "../batch.ts";
import { isBusy, isOverload, isTimeout } from "../failure.ts";
import type { LanguageModel } from "../specification.ts";

/** start: calls in flight at first. */
export type ConcurrencyBounds = { readonly start: number; readonly least: number; readonly most: number };

/** There is no growth where answers take so many times as long as the quickest rounds did. */
const latencyFactor = 2;
/** The memory of the quickest round fades by so much a round: longer prompts are no trouble. */
const fading = 1.05;
/** How often the number is multiplied a round trip: before it is known how long answers take, and after. */
const firstGrowth = 2;
const laterGrowth = 4;
/** So many of the last calls say how long answers take now, and how many calls are in trouble. */
const recentCalls = 16;
/** From half of the number at the last cut on a round adds no more than this part of the number, or one call. */
const steps = 16;
/**
 * The share of the last calls beyond which troubles are the server's load, and not chance. Below half of it the server is
 * well again. Troubles at less than this part of what was too much show that it was not too much; at less than the other
 * part where only one trouble had said so.
 */
const many = 1 / 3;
const fewer = 2 / 3;

/** The number at first where none is given: a share of the most, so that a large one is reached soon; 16 up to 256. */
const firstNumber = (most: number): number => Math.max(16, Math.floor(most / 16));

/** How a call ended that was no answer: turned down by a busy server, not answered in time, or failed otherwise. */
export type Trouble = "refused" | "late" | "failed";

const troubleOf = (thrown: unknown): Trouble => {
  if (isBusy(thrown)) return "refused";
  return isTimeout(thrown) ? "late" : "failed";
};

/** How many calls at once a server was found to bear. tooMuch: at how many it had too much to do; infinite where never. */
export type Borne = { readonly number: number; readonly tooMuch: number };

/**
 * Finds the number. begin: how many troubles there were before a call; answered, troubled, ended: how it ended, the last
 * where that says nothing of the number. borne: what is known of the server; undefined where neither the most nor a
 * trouble was reached.
 */
export type ConcurrencyControl = {
  limit(): number;
  begin(): number;
  answered(milliseconds: number): void;
  troubled(begun: number, trouble: Trouble): void;
  ended(): void;
  borne(): Borne | undefined;
};

/** How long answers take, as against the quickest rounds. */
const createLatencies = () => {
  let recent: number | undefined;
  let quickest = Number.POSITIVE_INFINITY;
  return {
    add(milliseconds: number): void {
      recent = recent === undefined ? milliseconds : recent + (milliseconds - recent) / recentCalls;
    },
    /** Takes a round's mean; says whether it was quick enough for a higher number. */
    endRound(mean: number): boolean {
      quickest = Math.min(mean, quickest * fading);
      return mean <= quickest * latencyFactor;
    },
    /** 1 where answers take no longer than in the quickest rounds, 0 where they take too long; undefined before a round. */
    room(): number | undefined {
      if (recent === undefined || quickest === Number.POSITIVE_INFINITY) return undefined;
      return Math.min(1, Math.max(0, (latencyFactor - recent / quickest) / (latencyFactor - 1)));
    },
  };
};

/** The share of calls that ended in trouble lately. */
const createTroubles = () => {
  let share = 0;
  let isWell = true;
  return {
    answered(): void {
      share -= share / recentCalls;
      isWell ||= share < many / 2;
    },
    /** Says whether troubles are too many for chance, and whether the server was well since they last were. */
    add(): { readonly isMany: boolean; readonly wasWell: boolean } {
      share += (1 - share) / recentCalls;
      const isMany = share > many;
      const wasWell = isWell;
      if (isMany) isWell = false;
      return { isMany, wasWell };
    },
  };
};

/** What is known of how many calls are too many. found: what was found before; infinite where nothing was. */
const createTooMuch = (found: number) => {
  let tooMuch = found;
  /** From here on the number grows by steps; up to twice of what was too much. */
  let careful = found / 2;
  /** Whether it was seen to be load, and not only trouble at that number. */
  let cameWithLoad = true;
  /** Whether troubles were found to come at any number: they say nothing then. */
  let isChance = false;
  const isKnown = (): boolean => tooMuch < Number.POSITIVE_INFINITY;
  return {
    isKnown,
    number: (): number => tooMuch,
    isNear: (number: number): boolean => number >= careful && number < tooMuch * 2,
    /**
     * Takes a trouble at a number. isMany: whether there were many lately; isLoad: whether something shows that it was
     * load; isTold: whether it says something of the number.
     */
    learn(number: number, isMany: boolean, isLoad: boolean, isTold: boolean): void {
      if (isMany) isChance = false;
      else if (!isLoad && isKnown() && number < tooMuch * (cameWithLoad ? many : fewer)) {
        isChance = true;
        tooMuch = careful = Number.POSITIVE_INFINITY;
      }
      if (isChance) return;
      if (isTold && (isLoad || !isKnown())) {
        tooMuch = number;
        cameWithLoad = isLoad;
      }
      if (!isLoad || isTold) careful = number / 2;
    },
  };
};

/** Makes a control that starts anew, or from what was borne. Has no clock: it is told how long answers took. */
export const createConcurrencyControl = (
  { start, least, most }: ConcurrencyBounds,
  borne?: Borne,
): ConcurrencyControl => {
  const bounded = (wanted: number): number => Math.min(most, Math.max(least, wanted));
  const latencies = createLatencies();
  const lately = createTroubles();
  // Grows by fractions; only whole calls are let through.
  let number = bounded(borne?.number ?? start);
  const tooMuch = createTooMuch(borne?.tooMuch ?? Number.POSITIVE_INFINITY);
  // isQuick: whether the last round took no longer than it may.
  let [troubles, inFlight, isQuick] = [0, 0, true];
  let [answers, sum, size, wasFull] = [0, 0, 0, false];
  const limit = (): number => Math.floor(number);
  const beginRound = (): void => {
    [answers, sum, size, wasFull] = [0, 0, limit(), inFlight >= limit()];
  };
  /** Places that an answer opens beside its own. */
  const opened = (): number => {
    const room = latencies.room();
    const growth = room === undefined || tooMuch.isKnown() ? firstGrowth : laterGrowth;
    return (growth - 1) * (room ?? 1);
  };
  beginRound();
  return {
    limit,
    begin() {
      inFlight++;
      wasFull ||= inFlight >= limit();
      return troubles;
    },
    answered(milliseconds) {
      // A clock of milliseconds tells no shorter ones apart, and may be set back.
      const took = Math.max(1, milliseconds);
      inFlight--;
      answers++;
      sum += took;
      lately.answered();
      latencies.add(took);
      // A bound that was not reached says nothing about a higher one.
      if (wasFull && !tooMuch.isNear(number)) number = bounded(number + opened());
      if (answers < size) return;
      isQuick = latencies.endRound(sum / answers);
      if (wasFull && isQuick && tooMuch.isNear(number))
        number = bounded(number + Math.max(1, number / steps));
      beginRound();
    },
    troubled(begun, trouble) {
      inFlight--;
      const { isMany, wasWell } = lately.add();
      // those on their way at the last cut say nothing of what is left
      if (begun !== troubles) return;
      troubles++;
      const isLoad = isMany || !isQuick || trouble === "late";
      // Failures upon failures are one, an outage, and say no more of the number than the first of them.
      tooMuch.learn(number, isMany, isLoad, wasWell || trouble === "refused");
      number = bounded(Math.floor(number / 2));
      beginRound();
    },
    ended() {
      inFlight--;
    },
    borne() {
      const isFound = tooMuch.isKnown() || limit() === most;
      return isFound ? { number: limit(), tooMuch: tooMuch.number() } : undefined;
    },
  };
};

/** What servers were found to bear, by their models' ids: for those that are opened again. */
export type BorneNumbers = Map<string, Borne>;

/**
 * most: default the model's own batch. between: what a call goes through when its turn has come and before it counts as
 * begun; it may wait there (for a budget) without looking like a server that answers slowly. borne: what is known of the
 * server, and is kept of it when the model is closed. control: another way to find the number.
 */
export type ConcurrencyOptions = Partial<ConcurrencyBounds> & {
  readonly clock: Clock;
  readonly between?: (begun: LanguageModel) => LanguageModel;
  readonly borne?: BorneNumbers | undefined;
  readonly control?: ConcurrencyControl;
};

/** A model whose calls in flight adapt to what it bears. */
export const withAdaptiveConcurrency = (model: LanguageModel, options: ConcurrencyOptions): LanguageModel => {
  const { most = Math.max(1, model.capabilities.batch), least = 1, clock, between, borne } = options;
  const { start = firstNumber(most) } = options;
  const { id, capabilities } = model;
  const { control = createConcurrencyControl({ start, least, most }, borne?.get(id)) } = options;
  const queue = new PQueue({ concurrency: control.limit() });
  const adapt = (): void => {
    const limit = control.limit();
    if (queue.concurrency !== limit) queue.concurrency = limit;
  };
  const observed = async <Result>(ask: () => Promise<Result[]>): Promise<Result> => {
    const begun = control.begin();
    const start = clock.now();
    try {
      const [result] = await ask();
      control.answered(clock.now() - start);
      return result as Result;
    } catch (thrown) {
      if (isOverload(thrown)) control.troubled(begun, troubleOf(thrown));
      else control.ended();
      throw thrown;
    } finally {
      adapt();
    }
  };
  const close = async (): Promise<void> => {
    const found = control.borne();
    if (found !== undefined) borne?.set(id, found);
    await model.close();
  };
  const base = { id, capabilities, close };
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
