// Testing a reply against every principle of a constitution: the question in both orders, by log-probabilities where the
// model gives them, else by a strictly read answer. What cannot be read, or differs between the orders, is unknown.

import { comparisonOptions, readRecheck, renderRecheck } from "../constitution/index.ts";
import { deriveSeed, throwIfAborted } from "../core/index.ts";
import type { LanguageModel } from "../models/index.ts";
import type { Constitution, Message, PrincipleVerdict, Usage } from "../records/index.ts";
import { chunksOf, expectCount } from "./chunk.ts";
import { normaliseChoice } from "./labels/reading.ts";

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

/** A letter and a few words at most; a model that writes more gives no answer. */
const answerTokens = 16;

type Question = { readonly messages: Message[]; readonly seed: number; readonly order: 0 | 1 };

/** What one order of the question gave: P(kept), or yes and no as 1 and 0; null: no answer. */
type Given = { readonly kept: number | null; readonly usage: Usage };

const byScore = async (
  model: LanguageModel,
  questions: readonly Question[],
  signal: AbortSignal | undefined,
): Promise<Given[]> => {
  const requests = questions.map(({ messages }) => ({ messages, continuations: comparisonOptions }));
  const scores = await model.score(requests, signal === undefined ? {} : { signal });
  return expectCount(model.id, requests.length, scores).map((score, at) => {
    const first = normaliseChoice(score);
    const kept = first === null ? null : questions[at]!.order === 0 ? first : 1 - first;
    return { kept, usage: score.usage };
  });
};

const byReply = async (
  model: LanguageModel,
  questions: readonly Question[],
  signal: AbortSignal | undefined,
): Promise<Given[]> => {
  const requests = questions.map(({ messages, seed }) => ({
    messages,
    seed,
    maxTokens: answerTokens,
    temperature: 0,
  }));
  const replies = await model.generate(requests, signal === undefined ? {} : { signal });
  return expectCount(model.id, requests.length, replies).map((reply, at) => {
    const kept = reply.finish === "stop" ? readRecheck(reply.text, questions[at]!.order) : null;
    return { kept: kept === null ? null : Number(kept), usage: reply.usage };
  });
};

/** Asks one chunk of questions. Endpoints find out only when they are asked whether they give log-probabilities. */
const ask = async (
  model: LanguageModel,
  questions: readonly Question[],
  signal: AbortSignal | undefined,
): Promise<{ readonly given: Given[]; readonly scored: boolean }> => {
  throwIfAborted(signal);
  if (model.capabilities.scores) {
    const given = await byScore(model, questions, signal);
    if (model.capabilities.scores) return { given, scored: true };
  }
  return { given: await byReply(model, questions, signal), scored: false };
};

const verdictOf = (
  principle: string,
  orders: readonly [number | null, number | null],
  scored: boolean,
): PrincipleVerdict => {
  const [one, other] = orders;
  if (one === null || other === null) return { principle, verdict: "unknown" };
  // A model whose answer turns with the order of the options answers by their place.
  const agreed = one > 0.5 === other > 0.5;
  const verdict = !agreed ? "unknown" : one > 0.5 ? "kept" : "violated";
  return { principle, verdict, ...(scored ? { kept: (one + other) / 2 } : {}) };
};

/** Tests replies against every principle of a constitution. */
export const recheckReplies = async (
  model: LanguageModel,
  replies: readonly TestedReply[],
  { principles }: Constitution,
  signal?: AbortSignal,
): Promise<RecheckOutcome> => {
  const questions = replies.flatMap(({ messages, reply, seed }) =>
    principles.flatMap((principle) =>
      ([0, 1] as const).map((order) => ({
        messages: renderRecheck({ messages, reply, principle, order }),
        seed: deriveSeed(seed, principle.id, order),
        order,
      })),
    ),
  );
  const given: (Given & { readonly scored: boolean })[] = [];
  for (const chunk of chunksOf(questions, model.capabilities.batch)) {
    const answered = await ask(model, chunk, signal);
    given.push(...answered.given.map((one) => ({ ...one, scored: answered.scored })));
  }
  const verdicts = replies.map((_, reply) =>
    principles.map(({ id }, at) => {
      const place = 2 * (reply * principles.length + at);
      const [one, other] = [given[place]!, given[place + 1]!];
      return verdictOf(id, [one.kept, other.kept], one.scored && other.scored);
    }),
  );
  return { verdicts, usages: given.map(({ usage }) => usage) };
};
