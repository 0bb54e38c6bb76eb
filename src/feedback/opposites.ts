// Opposites of principles that have none in their document, written by a model (constitution/opposite.ts). An answer that
// cannot be read is asked for again under another seed; a refusal is not. What stays missing is named with its reason.

import { readOpposite, renderOpposite } from "../constitution/index.ts";
import { deriveSeed, throwIfAborted } from "../core/index.ts";
import type { LanguageModel, Reply } from "../models/index.ts";
import type { Constitution, Finish, Principle, PrincipleId } from "../records/index.ts";
import { chunksOf, expectCount } from "./chunk.ts";

/** A principle that has no opposite still: the provider's refusal, another end without text, or what was unreadable. */
export type MissingOpposite = {
  readonly principle: PrincipleId;
  readonly state: Exclude<Finish, "stop"> | "unreadable";
  readonly problem: string;
};

/** constitution: the document with what was written; written: the ids of these principles; calls: what it took. */
export type OppositesOutcome = {
  readonly constitution: Constitution;
  readonly written: readonly PrincipleId[];
  readonly missing: readonly MissingOpposite[];
  readonly calls: number;
};

/** attempts: calls a principle at most. */
export type OppositesOptions = {
  readonly model: LanguageModel;
  readonly constitution: Constitution;
  readonly seed: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly attempts: number;
  readonly signal?: AbortSignal;
};

const problems = {
  length: "the answer was cut by its limit of tokens",
  refusal: "the provider refused",
  overflow: "it is too long for the model's context",
  rejected: "the server rejected the request",
  empty: "the answer was empty",
} satisfies Record<Exclude<Finish, "stop">, string>;

/** The principle with its opposite, or why there is none. */
const read = (principle: Principle, reply: Reply, model: string): Principle | MissingOpposite => {
  const { finish, text } = reply;
  if (finish !== "stop") return { principle: principle.id, state: finish, problem: problems[finish] };
  const reading = readOpposite(text, principle);
  return reading.type === "read"
    ? { ...principle, opposite: { ...reading.opposite, author: model } }
    : { principle: principle.id, state: "unreadable", problem: reading.problem };
};

/** What asking again does not change. */
const settled: readonly MissingOpposite["state"][] = ["refusal", "overflow", "rejected"];

const isMissing = (result: Principle | MissingOpposite): result is MissingOpposite => "problem" in result;

/** Lets a model write the opposites that a constitution lacks. */
export const writeOpposites = async (options: OppositesOptions): Promise<OppositesOutcome> => {
  const { model, constitution, seed, maxTokens, temperature, signal } = options;
  const results = new Map<PrincipleId, Principle | MissingOpposite>();
  let open = constitution.principles.filter(({ opposite }) => opposite === undefined);
  let calls = 0;
  for (let attempt = 0; attempt < options.attempts && open.length > 0; attempt++) {
    for (const chunk of chunksOf(open, model.capabilities.batch)) {
      throwIfAborted(signal);
      const requests = chunk.map((principle) => ({
        messages: renderOpposite(principle),
        maxTokens,
        temperature,
        seed: deriveSeed(seed, "opposite", principle.id, attempt),
      }));
      const given = await model.generate(requests, signal === undefined ? {} : { signal });
      const replies = expectCount(model.id, requests.length, given);
      calls += requests.length;
      for (const [at, principle] of chunk.entries())
        results.set(principle.id, read(principle, replies[at]!, model.id));
    }
    open = open.filter(({ id }) => {
      const result = results.get(id)!;
      return isMissing(result) && !settled.includes(result.state);
    });
  }
  const made = [...results.values()];
  const principles = constitution.principles.map((principle) => {
    const result = results.get(principle.id);
    return result === undefined || isMissing(result) ? principle : result;
  });
  return {
    constitution: { ...constitution, principles },
    written: made.filter((one): one is Principle => !isMissing(one)).map(({ id }) => id),
    missing: made.filter(isMissing),
    calls,
  };
};
