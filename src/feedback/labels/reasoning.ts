// Chains of thought: the judge reasons about a comparison in writing, and the letter is read after each chain (Bai et
// al. 2022, section 4.1). A chain that is refused, cut or empty has no verdict and is never a score. Deviation: each
// reading is clamped and then averaged over the chains; the paper averages in its evaluation alone.

import { deriveSeed, mean } from "../../core/index.ts";
import { answeredByOf, type CallOptions, type LanguageModel, type Reply } from "../../models/index.ts";
import type { ReasoningChain, UnscoredReason } from "../../records/index.ts";
import { expectCount, sumUsage } from "../chunk.ts";
import { clampTo, type JudgeProtocol } from "./judge-protocol.ts";
import { type Question, type Reading, readLetters } from "./reading.ts";
import { declinesToJudge } from "./vote.ts";

/** As a reading, over all chains. clamped: mean of the clamped probabilities; chains: as they are shown, (A) first. */
export type ReasonedReading = Reading & {
  readonly clamped: number | null;
  readonly chains: readonly ReasoningChain[];
};

/** Why a chain leads to no verdict; null: it may. */
const failureOf = ({ text, finish }: Reply): UnscoredReason | null => {
  if (finish === "refusal" || finish === "overflow" || finish === "rejected") return finish;
  if (finish === "length") return "cut";
  if (finish === "empty" || text.trim() === "") return "empty";
  return declinesToJudge(text) ? "refusal" : null;
};

/** null: of none. */
const meanOf = (values: readonly number[]): number | null => (values.length === 0 ? null : mean(values));

/** What was written, and what was read after it where there was anything to read after. */
type Verdict = { readonly reply: Reply; readonly failure: UnscoredReason | null; readonly reading?: Reading };

const chainOf = ({ reply, failure, reading }: Verdict): ReasoningChain => {
  const reason = failure ?? reading?.reason;
  return {
    text: reply.text.trim(),
    finish: reply.finish,
    probability: reading?.probability ?? null,
    ...(reason === undefined ? {} : { reason }),
  };
};

const together = (verdicts: readonly Verdict[], { clamp, reading: how }: JudgeProtocol): ReasonedReading => {
  const chains = verdicts.map(chainOf);
  const read = chains.flatMap(({ probability }) => (probability === null ? [] : [probability]));
  const reason = chains.find((chain) => chain.reason !== undefined)?.reason;
  const lost: Partial<Record<UnscoredReason, number>> = {};
  for (const chain of chains)
    if (chain.reason !== undefined) lost[chain.reason] = (lost[chain.reason] ?? 0) + 1;
  const given = verdicts.flatMap(({ reply, reading }) => (reading ? [reply, reading] : [reply]));
  const forFirst = read.filter((probability) => probability === 1).length;
  return {
    probability: meanOf(read),
    clamped: meanOf(read.map((probability) => clampTo(clamp, probability))),
    ...(read.length === 0 && reason !== undefined ? { reason } : {}),
    ...(how === "votes" ? { votes: { shown: [forFirst, read.length - forFirst] as const, lost } } : {}),
    chains,
    bounded: verdicts.some(({ reading }) => reading?.bounded === true),
    usage: sumUsage(given.map(({ usage }) => usage)),
    ...answeredByOf(given),
  };
};

/** Lets the judge reason about each question `chains` times and reads a letter after every whole chain. */
export const readReasoning = async (
  judge: LanguageModel,
  questions: readonly Question[],
  protocol: JudgeProtocol,
  call: CallOptions,
): Promise<ReasonedReading[]> => {
  const { chains, temperature, maxTokens, form } = protocol;
  const asked = questions.flatMap((question) =>
    Array.from({ length: chains }, (_, chain) => ({
      question,
      seed: deriveSeed(question.seed, "chain", chain),
    })),
  );
  const stop = form.stop.length === 0 ? {} : { stop: form.stop };
  const requests = asked.map(({ question, seed }) => ({
    messages: question.messages,
    maxTokens,
    temperature,
    seed,
    ...stop,
  }));
  const given = requests.length === 0 ? [] : await judge.generate(requests, call);
  const written = expectCount(judge.id, requests.length, given).map((reply) => ({
    reply,
    failure: failureOf(reply),
  }));
  const followed = asked.flatMap(({ question, seed }, at): Question[] => {
    const { reply, failure } = written[at]!;
    return failure === null
      ? [
          {
            ...question,
            messages: form.verdict(question.messages, reply.text.trim()),
            seed: deriveSeed(seed, "verdict"),
          },
        ]
      : [];
  });
  // One letter after each chain: several would only repeat what the chain says.
  const readings = (await readLetters(judge, followed, { ...protocol, votes: 1 }, call)).values();
  const verdicts = written.map((one): Verdict => {
    const reading = one.failure === null ? readings.next().value : undefined;
    return reading === undefined ? one : { ...one, reading };
  });
  return questions.map((_, at) => together(verdicts.slice(at * chains, (at + 1) * chains), protocol));
};
