// New prompts written by a model from few examples of those that are there: red-team prompts from harmful ones, helpful
// prompts from harmless ones. Each call has its own examples, drawn by its seed; what only says again what an example, an
// input or an earlier new prompt says is left out. Knows no file.

import { z } from "zod";
import { loadTemplate, renderTemplate } from "../../constitution/index.ts";
import { canonicalJson, createRandom, deriveSeed, sha256Text, throwIfAborted } from "../../core/index.ts";
import { answeredByOf, type GenerateRequest, type LanguageModel, type Reply } from "../../models/index.ts";
import type {
  GenerationRecord,
  Message,
  PromptKind,
  PromptRecord,
  StageName,
  UnclassifiedReason,
  Usage,
} from "../../records/index.ts";
import {
  chunksOf,
  expectCount,
  inOrder,
  isAnswered,
  type Pace,
  paceOf,
  type Stream,
  sumUsage,
} from "../chunk.ts";
import { createDigestMap } from "./digests.ts";
import { answerForm, readAnswer, whyUnread } from "./json-answer.ts";
import { splitOf } from "./reading.ts";
import { wordsKey } from "./tidying.ts";

/** Prompts of which some are drawn for each call, wherever they lie. */
export type Examples = { readonly count: number; at(index: number): PromptRecord };

/**
 * shots: examples a call; each: new prompts asked for in a call. kind: of the examples and of what is written. chunk: calls
 * made together; window: such chunks at a time (default: the model's). An answer has answerTokens at most, and tokensEach more
 * for each prompt.
 */
export type GenerationOptions = Partial<Pace> & {
  readonly model: LanguageModel;
  readonly examples: Examples;
  readonly kind: PromptKind;
  readonly shots: number;
  readonly each: number;
  readonly runSeed: number;
  readonly stage: StageName;
  readonly temperature: number;
  readonly topP: number;
  readonly answerTokens: number;
  readonly tokensEach: number;
  readonly signal?: AbortSignal;
};

export type GenerationChunk = { readonly records: readonly GenerationRecord[]; readonly usage: Usage };

const template = loadTemplate(new URL("./texts/generate.txt", import.meta.url), [
  "kind",
  "examples",
  "count",
  "purpose",
]);

const wording: Readonly<Record<PromptKind, readonly [kind: string, purpose: string]>> = {
  harmful: [
    "requests with which a red team tests whether an assistant goes along with harm",
    "They are used to make assistants safer, and nobody acts on them.",
  ],
  harmless: [
    "requests that people ask an assistant for help with",
    "A good assistant helps with every one of them.",
  ],
  lookalike: [
    "requests that sound harmful at first and are not, so that a good assistant helps with them",
    "Each must sound harmful by its words and be harmless in what it asks for.",
  ],
};

const answerSchema = z.strictObject({ prompts: z.array(z.string()).min(1) });
/** Servers that hold models to a form know few words of JSON schema, so it says no more than it must. */
const form = answerForm("prompts", z.strictObject({ prompts: z.array(z.string()) }));

const lastOf = ({ messages }: PromptRecord): string => messages.at(-1)!.content;

/** The words in which new prompts are asked for. */
export const renderGeneration = (
  { kind, each }: Pick<GenerationOptions, "kind" | "each">,
  shots: readonly PromptRecord[],
): string => {
  const [what, purpose] = wording[kind];
  return renderTemplate(template, {
    kind: what,
    examples: shots.map((shot) => JSON.stringify(lastOf(shot))).join("\n"),
    count: String(each),
    purpose,
  });
};

const requestOf = (
  options: GenerationOptions,
  shots: readonly PromptRecord[],
  seed: number,
): GenerateRequest => {
  const { each, temperature, topP, answerTokens, tokensEach } = options;
  const content = renderGeneration(options, shots);
  const maxTokens = answerTokens + each * tokensEach;
  return { messages: [{ role: "user", content }], maxTokens, temperature, topP, seed, answer: form };
};

const readReply = (reply: Reply): { texts: string[]; reason?: UnclassifiedReason } => {
  const answer = isAnswered(reply) ? readAnswer(answerSchema, reply.text) : null;
  return answer === null ? { texts: [], reason: whyUnread(reply) } : { texts: answer.prompts };
};

const callsOf = async (options: GenerationOptions, numbers: readonly number[]): Promise<GenerationChunk> => {
  const { model, examples, kind, runSeed, stage, signal } = options;
  throwIfAborted(signal);
  const calls = numbers.map((number) => {
    const id = `${stage}/${kind}-${String(number).padStart(5, "0")}`;
    const seed = deriveSeed(runSeed, stage, id);
    const drawn = createRandom(seed).order(examples.count).subarray(0, options.shots);
    return { id, seed, shots: Array.from(drawn, (place) => examples.at(place)) };
  });
  const requests = calls.map(({ shots, seed }) => requestOf(options, shots, seed));
  const given = await model.generate(requests, signal === undefined ? {} : { signal });
  const replies = expectCount(model.id, requests.length, given);
  const records = calls.map(({ id, seed, shots }, at): GenerationRecord => {
    const parents = shots.map((shot) => shot.id);
    const reply = replies[at]!;
    const whose = { model: model.id, ...answeredByOf([reply]) };
    return { id, parents, stage, seed, kind, ...whose, ...readReply(reply) };
  });
  return { records, usage: sumUsage(replies.map(({ usage }) => usage)) };
};

/** The calls from `first` to before `end`, in their order. What a call asks depends on its number alone. */
export async function* generateCalls(
  options: GenerationOptions,
  first: number,
  end: number,
): AsyncGenerator<GenerationChunk> {
  const { chunk, window } = { ...paceOf(options.model), ...options };
  const numbers = Array.from({ length: end - first }, (_, index) => first + index);
  for await (const ready of inOrder(chunksOf(numbers, chunk), window, (some) => callsOf(options, some)))
    yield {
      records: ready.flatMap(({ records }) => records),
      usage: sumUsage(ready.map(({ usage }) => usage)),
    };
}

/** How many texts came, and what became of them and of the calls. */
export type GenerationCounts = {
  texts: number;
  blank: number;
  repeated: number;
  calls: number;
  failed: Partial<Record<UnclassifiedReason, number>>;
};

/** Takes new prompts out of calls, in their order; those that say what is there already are left out and counted. */
export const createHarvest = async (
  inputs: Stream<PromptRecord>,
  {
    runSeed,
    stage,
    testShare,
  }: { readonly runSeed: number; readonly stage: StageName; readonly testShare: number },
) => {
  const counts: GenerationCounts = { texts: 0, blank: 0, repeated: 0, calls: 0, failed: {} };
  const known = createDigestMap();
  for await (const input of inputs) known.add(wordsKey(input.messages.slice(-1)), 0);
  const harvest = ({ id: call, kind, texts, reason }: GenerationRecord): PromptRecord[] => {
    counts.calls++;
    if (reason !== undefined) counts.failed[reason] = (counts.failed[reason] ?? 0) + 1;
    return texts.flatMap((text): PromptRecord[] => {
      counts.texts++;
      const content = text.trim();
      const messages: Message[] = [{ role: "user", content }];
      if (content === "") counts.blank++;
      else if (known.add(wordsKey(messages), 0) !== undefined) counts.repeated++;
      else {
        const id = `prompt-${sha256Text(canonicalJson(messages)).slice(0, 16)}`;
        const seed = deriveSeed(runSeed, stage, id);
        return [{ id, parents: [call], stage, seed, messages, kind, split: splitOf(messages, testShare) }];
      }
      return [];
    });
  };
  return { harvest, counts };
};
