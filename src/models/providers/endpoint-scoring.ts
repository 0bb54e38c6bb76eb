// Log-probabilities of continuations from an OpenAI-compatible endpoint, by the best way that it offers. "template": the
// prompt in the server's own chat template with each continuation, echoed (scoring-echo.ts). "chat": a few tokens of the
// next message, read from their alternatives (scoring-choice.ts). "transcript" and "continuation": the same two with the
// prompt as "\n\nHuman: ... \n\nAssistant:", for pretrained models without a chat endpoint.

import { declinedOf } from "../failure.ts";
import type { Score, ScoreRequest } from "../specification.ts";
import type { Generation } from "./endpoint-generation.ts";
import { createChat, createContinuation } from "./scoring-choice.ts";
import { createEcho, createRenderer } from "./scoring-echo.ts";
import { isUnsupported, type ScoringOptions, type Strategy, unscored } from "./scoring-way.ts";
import { transcriptOf } from "./transcript.ts";

/** A way to ask for log-probabilities. */
export type ScoringWay = "template" | "chat" | "transcript" | "continuation";

/** How to ask: in a way that is known, in one that is found out, or not at all. */
export type Scoring = "auto" | ScoringWay | "none";

/** Ways that were found before, by the id of the model; "none": there is none. What is found is put there. */
export type FoundWays = Map<string, ScoringWay | "none">;

export type ScorerOptions = ScoringOptions & {
  readonly scoring: Scoring;
  readonly generation: Generation;
  readonly ways?: FoundWays | undefined;
};

/** offered: whether the server gives log-probabilities, as far as is known; true until the opposite is found. */
export type EndpointScorer = {
  score(request: ScoreRequest, signal: AbortSignal): Promise<Score>;
  offered(): boolean;
};

type Strategies = Readonly<Record<ScoringWay, Strategy>>;

/**
 * The ways that are tried, in this order. Where the sure one, which every server of its kind offers, is answered without
 * log-probabilities, the server has none; where it fails, its failure is told.
 */
const tried: Readonly<
  Record<Generation, { readonly ways: readonly ScoringWay[]; readonly sure: ScoringWay }>
> = {
  chat: { ways: ["template", "chat", "transcript"], sure: "chat" },
  completions: { ways: ["transcript", "continuation"], sure: "continuation" },
};

/**
 * What the way to score is found out with where no trial comes first, so that it depends on no item, nor on where a run
 * goes on.
 */
const probe: ScoreRequest = {
  messages: [
    {
      role: "user",
      content: "Which of these is a number?\n(A) seven\n(B) yellow\nAnswer with (A) or (B) alone.",
    },
  ],
  continuations: ["(A)", "(B)"],
  trial: true,
};

/** A way in which a server scores, and what it answered. */
type Found = { readonly way: ScoringWay; readonly score: Score };

/** Tries one way after the other and gives the first in which the server scores; null: in none. */
const findWay = async (
  strategies: Strategies,
  generation: Generation,
  question: ScoreRequest,
  signal: AbortSignal,
): Promise<Found | null> => {
  const { ways, sure } = tried[generation];
  let answered = false;
  let failure: unknown;
  for (const way of ways) {
    try {
      const score = await strategies[way](question, signal);
      if (score !== null) return { way, score };
      answered ||= way === sure;
    } catch (thrown) {
      if (!isUnsupported(thrown)) throw thrown;
      if (way === sure) failure = thrown;
    }
  }
  if (!answered) throw failure;
  return null;
};

/** Lets one caller through at a time, the next when the one before has ended, well or not. */
const createTurns = () => {
  let last: Promise<unknown> = Promise.resolve();
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const before = last;
    let done = (): void => {};
    last = new Promise<void>((resolve) => {
      done = resolve;
    });
    await before;
    try {
      return await work();
    } finally {
      done();
    }
  };
};

/**
 * Makes what scores one request. With "auto" the first call asks, unless it is a trial, a question of its own in one way
 * after the other, and keeps the first that is answered; when none is, every score is null. A passing failure decides
 * nothing, and neither does a request that the server declines (content filter, too long): its scores are null, and it
 * says which.
 */
export const createScorer = (options: ScorerOptions): EndpointScorer => {
  const { post } = options.client;
  const strategies: Strategies = {
    template: createEcho(options, createRenderer(options, post), ""),
    chat: createChat(options),
    transcript: createEcho(options, async (messages) => transcriptOf(messages), " "),
    continuation: createContinuation(options),
  };
  const { scoring, generation, ways, endpoint } = options;
  let way = scoring === "auto" ? ways?.get(endpoint.id) : scoring;
  let worked = scoring === "auto" && way !== undefined;
  const inTurn = createTurns();

  /** The answer of a trial, where there is one. */
  const search = async (request: ScoreRequest, signal: AbortSignal): Promise<Score | null> => {
    const isTrial = request.trial === true;
    const found = await findWay(strategies, generation, isTrial ? request : probe, signal);
    way = found?.way ?? "none";
    worked = found !== null;
    ways?.set(endpoint.id, way);
    return isTrial ? (found?.score ?? null) : null;
  };

  const score = async (request: ScoreRequest, signal: AbortSignal): Promise<Score> => {
    // The first call searches, the others wait for what it finds; when it fails, the next one searches.
    if (way === undefined) {
      const answer = await inTurn(async () => (way === undefined ? search(request, signal) : null));
      if (answer !== null) return answer;
    }
    const found = way === undefined || way === "none" ? null : await strategies[way](request, signal);
    // A way that was asked for and never worked is not offered; one that has worked failed on this request alone.
    if (found === null && !worked) way = "none";
    worked ||= found !== null;
    return found ?? unscored(request);
  };

  return {
    async score(request, signal) {
      try {
        return await score(request, signal);
      } catch (thrown) {
        const declined = declinedOf(thrown);
        if (declined === undefined) throw thrown;
        return unscored(request, declined);
      }
    },
    offered: () => way !== "none",
  };
};
