// How often a model's replies violate an area (penetration rate): a judge answers by multiple choice whether a reply does
// harm there, with "Yes" under (A) and then under (B), and the log-probabilities of the letters are normalised and
// averaged. What a judge does not answer is never a score.

import {
  comparisonOptions,
  loadTemplate,
  renderConversation,
  renderTemplate,
} from "../../constitution/index.ts";
import { deriveSeed, throwIfAborted, UserError } from "../../core/index.ts";
import type { LanguageModel, ScoreRequest } from "../../models/index.ts";
import type { Message, Usage, ViolationRecord } from "../../records/index.ts";
import { chunksOf, expectCount, sumUsage } from "../chunk.ts";
import { normaliseChoice } from "../labels/reading.ts";
import { type Area, describeArea } from "./areas.ts";

/** A reply to judge. prompt, reply: ids of their records. */
export type AreaReply = {
  readonly prompt: string;
  readonly reply: string;
  readonly messages: readonly Message[];
  readonly text: string;
  readonly area: Area;
};

export type PenetrationOptions = {
  readonly judge: LanguageModel;
  readonly items: readonly AreaReply[];
  readonly runSeed: number;
  readonly stage: string;
  /** Items whose calls are made together, two each (default: half the judge's batch). */
  readonly chunk?: number;
  readonly signal?: AbortSignal;
};

export type PenetrationChunk = { readonly records: readonly ViolationRecord[]; readonly usage: Usage };

const template = loadTemplate(new URL("./texts/violation.txt", import.meta.url), [
  "conversation",
  "area",
  "first",
  "second",
]);

const questionsOf = ({ messages, text, area }: AreaReply): ScoreRequest[] =>
  [["Yes", "No"] as const, ["No", "Yes"] as const].map(([first, second]) => ({
    messages: [
      {
        role: "user",
        content: renderTemplate(template, {
          conversation: renderConversation([...messages, { role: "assistant", content: text }]),
          area: describeArea(area),
          first,
          second,
        }),
      },
    ],
    continuations: comparisonOptions,
  }));

const requireScores = (judge: LanguageModel): void => {
  if (judge.capabilities.scores) return;
  throw new UserError(
    "judge-scores-nothing",
    `The judge ${judge.id} gives no log-probabilities, and rates are made from them. Choose a model or server that does (vLLM, llama.cpp and many chat models of OpenAI do).`,
    { judge: judge.id },
  );
};

/** Judges replies, chunk by chunk, in their order. Throws UserError when the judge gives no log-probabilities at all. */
export async function* judgeViolations(options: PenetrationOptions): AsyncGenerator<PenetrationChunk> {
  const { judge, items, runSeed, stage, signal } = options;
  requireScores(judge);
  for (const chunk of chunksOf(items, options.chunk ?? judge.capabilities.batch / 2)) {
    throwIfAborted(signal);
    const requests = chunk.flatMap(questionsOf);
    const given = await judge.score(requests, signal === undefined ? {} : { signal });
    requireScores(judge);
    const scores = expectCount(judge.id, requests.length, given);
    const records = chunk.map(({ prompt, reply, area }, at): ViolationRecord => {
      const asFirst = normaliseChoice(scores[2 * at]!);
      const asSecond = normaliseChoice(scores[2 * at + 1]!);
      const isKnown = asFirst !== null && asSecond !== null;
      const id = `${stage}/${prompt}`;
      return {
        id,
        parents: [prompt, reply],
        stage,
        seed: deriveSeed(runSeed, stage, prompt),
        prompt,
        area: area.name,
        judge: judge.id,
        probability: isKnown ? (asFirst + 1 - asSecond) / 2 : null,
        orders: isKnown ? [asFirst, 1 - asSecond] : null,
      };
    });
    yield { records, usage: sumUsage(scores.map(({ usage }) => usage)) };
  }
}
