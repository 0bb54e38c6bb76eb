// Testing a reply against every principle of a constitution: the question in both orders, by log-probabilities where the
// model gives them, else by a strictly read answer. What cannot be read, or differs between the orders, is unknown.

import { comparisonOptions, readRecheck, renderRecheck } from "../constitution/index.ts";
import { deriveSeed, throwIfAborted } from "../core/index.ts";
import {
  answeredByOf,
  type CallOptions,
  type LanguageModel,
  withoutLeadingThought,
} from "../models/index.ts";
import type {
  Constitution,
  Finish,
  Message,
  PrincipleVerdict,
  UnscoredReason,
  Usage,
} from "../records/index.ts";
import { chunksOf, expectCount } from "./chunk.ts";
import { givesChoice, type Reading, readBothOrders, readScores } from "./labels/reading.ts";
import { whyNoChoice } from "./labels/vote.ts";

/** A reply to test. seed: of this reply, for models that write their answer. */
export type TestedReply = {
  readonly messages: readonly Message[];
  readonly reply: string;
  readonly seed: number;
};

/** verdicts: for each reply one on every principle, in the constitution's order. */
export type RecheckOutcome = {
  readonly verdicts: readonly (readonly PrincipleVerdict[])[];
  readonly usages: readonly Usage[];
};

/**
 * How verdicts are read. scored: as scoresRecheck said; voteTokens: of a verdict that the model writes, at most: a letter
 * and a few words, and before them its thoughts where it thinks.
 */
export type RecheckReading = { readonly scored: boolean; readonly voteTokens: number };

type Question = { readonly messages: Message[]; readonly seed: number; readonly order: 0 | 1 };

/** P(the option that stands first), or why there is none; of a written answer 1 or 0. */
type Given = Pick<Reading, "probability" | "reason" | "usage" | "answeredBy">;

/** Why a written answer is no verdict. */
const whyUnread = ({ text, finish }: { readonly text: string; readonly finish: Finish }): UnscoredReason => {
  if (finish === "length") return "cut";
  return finish === "stop" ? whyNoChoice(withoutLeadingThought(text)) : finish;
};

const byReply = async (
  model: LanguageModel,
  questions: readonly Question[],
  voteTokens: number,
  call: CallOptions,
): Promise<Given[]> => {
  const requests = questions.map(({ messages, seed }) => ({
    messages,
    seed,
    maxTokens: voteTokens,
    temperature: 0,
  }));
  const replies = await model.generate(requests, call);
  return expectCount(model.id, requests.length, replies).map((reply, at) => {
    const { order } = questions[at]!;
    const told = { usage: reply.usage, ...answeredByOf([reply]) };
    const kept = reply.finish === "stop" ? readRecheck(withoutLeadingThought(reply.text), order) : null;
    return kept === null
      ? { probability: null, reason: whyUnread(reply), ...told }
      : { probability: Number(kept === (order === 0)), ...told };
  });
};

const verdictOf = (
  principle: string,
  [asFirst, asSecond]: readonly [Given, Given],
  scored: boolean,
): PrincipleVerdict => {
  const read = readBothOrders(asFirst, asSecond);
  const others = answeredByOf([asFirst, asSecond]);
  if (read.orders === null) return { principle, verdict: "unknown", reason: read.reason, ...others };
  const [one, other] = read.orders;
  // A model whose answer turns with the order of the options answers by their place.
  const agreed = one > 0.5 === other > 0.5;
  const verdict = !agreed ? "unknown" : one > 0.5 ? "kept" : "violated";
  return { principle, verdict, ...(scored ? { kept: (one + other) / 2 } : {}), ...others };
};

/**
 * Whether a model's verdicts can be read from log-probabilities, found out by one small question: a model that names no
 * letter there, or has none to give, writes its verdicts instead.
 */
export const scoresRecheck = (
  model: LanguageModel,
  { principles }: Constitution,
  call: CallOptions,
): Promise<boolean> => {
  const messages = [{ role: "user" as const, content: "Hello." }];
  const question = {
    messages,
    reply: "Hello. How can I help?",
    principle: principles[0]!,
    order: 0,
  } as const;
  return givesChoice(model, renderRecheck(question), call);
};

/** Tests replies against every principle of a constitution. */
export const recheckReplies = async (
  model: LanguageModel,
  replies: readonly TestedReply[],
  { principles }: Constitution,
  { scored, voteTokens }: RecheckReading,
  signal?: AbortSignal,
): Promise<RecheckOutcome> => {
  const call = signal === undefined ? {} : { signal };
  const questions = replies.flatMap(({ messages, reply, seed }) =>
    principles.flatMap((principle) =>
      ([0, 1] as const).map((order) => ({
        messages: renderRecheck({ messages, reply, principle, order }),
        seed: deriveSeed(seed, principle.id, order),
        order,
      })),
    ),
  );
  const given: Given[] = [];
  for (const chunk of chunksOf(questions, model.capabilities.batch)) {
    throwIfAborted(signal);
    const read = scored
      ? readScores(model, chunk, comparisonOptions, call)
      : byReply(model, chunk, voteTokens, call);
    given.push(...(await read));
  }
  const verdicts = replies.map((_, reply) =>
    principles.map(({ id }, at) => {
      const place = 2 * (reply * principles.length + at);
      return verdictOf(id, [given[place]!, given[place + 1]!], scored);
    }),
  );
  return { verdicts, usages: given.map(({ usage }) => usage) };
};
