// Replies of a model to the prompts of a run: asked for in chunks, each reply by the seed of its own item, and cleaned
// of what models write around a reply. Knows nothing of principles.

import { deriveSeed, throwIfAborted } from "../core/index.ts";
import { answeredByOf, type LanguageModel } from "../models/index.ts";
import type { Finish, PromptRecord, ReplyRecord, StageName, Usage } from "../records/index.ts";
import {
  expectCount,
  inOrder,
  isAnswered,
  type Pace,
  paceOf,
  piecesOf,
  type Stream,
  sumUsage,
} from "./chunk.ts";
import { type Cut, type CutCounts, cleanReply, countCuts, sumCuts } from "./cleaning.ts";

/**
 * stage: as in the records. seedStage: what seeds are derived from where that is not the stage, e.g. to give two arms
 * the same seeds. samples: replies a prompt. chunk: prompts a call, window: such calls at a time (default: the model's).
 */
export type SampleOptions = Partial<Pace> & {
  readonly model: LanguageModel;
  readonly prompts: Stream<PromptRecord>;
  readonly runSeed: number;
  readonly stage: StageName;
  readonly seedStage?: StageName;
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly samples?: number;
  readonly signal?: AbortSignal;
};

/** Replies that are ready: for each prompt its samples, in order. */
export type ReplyChunk = {
  readonly records: readonly ReplyRecord[];
  readonly cuts: CutCounts;
  readonly usage: Usage;
};

/**
 * The reply's text cleaned, and its state. Text that cleaning leaves empty is no answer. A reply that ran into the limit
 * after it had ended (its end token, or the next speaker's turn, was cut) is whole. Where the reply ended by itself, the
 * next turn in it is cut as an inner turn, since it may have been part of the answer.
 */
export const cleanAnswer = (
  reply: { readonly text: string; readonly finish: Finish },
  purpose: "answer" | "critique" | "revision",
): { readonly text: string; readonly finish: Finish; readonly cuts: readonly Cut[] } => {
  if (!isAnswered(reply))
    return { text: "", finish: reply.finish === "stop" ? "empty" : reply.finish, cuts: [] };
  const cleaned = cleanReply(reply.text, purpose);
  const { text } = cleaned;
  const isCut = reply.finish === "length";
  const cuts = isCut
    ? cleaned.cuts
    : cleaned.cuts.map((cut) => (cut.rule === "next-turn" ? { ...cut, rule: "inner-turn" as const } : cut));
  const isEnded = !isCut || cuts.some(({ rule }) => rule === "next-turn" || rule === "end-token");
  return { text, finish: !isEnded ? "length" : text === "" ? "empty" : "stop", cuts };
};

const sampleChunk = async (options: SampleOptions, chunk: readonly PromptRecord[]): Promise<ReplyChunk> => {
  const { model, runSeed, stage, seedStage = stage, maxTokens, samples = 1, signal } = options;
  throwIfAborted(signal);
  const tasks = chunk.flatMap((prompt) =>
    Array.from({ length: samples }, (_, sample) => ({
      prompt,
      id: samples === 1 ? `${stage}/${prompt.id}` : `${stage}/${prompt.id}/${sample}`,
      seed: deriveSeed(runSeed, seedStage, prompt.id, "sample", sample),
    })),
  );
  const requests = tasks.map(({ prompt, seed }) => ({
    messages: prompt.messages,
    maxTokens,
    temperature: options.temperature ?? 1,
    ...(options.topP === undefined ? {} : { topP: options.topP }),
    seed,
  }));
  const given = await model.generate(requests, signal === undefined ? {} : { signal });
  const replies = expectCount(model.id, requests.length, given);
  const cuts: Cut[] = [];
  const records = replies.map((reply, index): ReplyRecord => {
    const { id, prompt, seed } = tasks[index]!;
    const cleaned = cleanAnswer(reply, "answer");
    cuts.push(...cleaned.cuts);
    const { text, finish } = cleaned;
    const told = cleaned.cuts.length === 0 ? {} : { cuts: [...cleaned.cuts] };
    return {
      id,
      parents: [prompt.id],
      stage,
      seed,
      prompt: prompt.id,
      model: model.id,
      ...answeredByOf([reply]),
      text,
      finish,
      ...told,
    };
  });
  return { records, cuts: countCuts(cuts), usage: sumUsage(replies.map((reply) => reply.usage)) };
};

/**
 * Samples replies in the prompts' order. To resume after n whole chunks, leave out the prompts that they covered.
 * Record ids are `stage/prompt`, or `stage/prompt/sample` where there are several.
 */
export async function* sampleReplies(options: SampleOptions): AsyncGenerator<ReplyChunk> {
  const { chunk, window } = { ...paceOf(options.model, options.samples), ...options };
  const chunks = piecesOf(options.prompts, chunk);
  for await (const ready of inOrder(chunks, window, (prompts) => sampleChunk(options, prompts))) {
    yield {
      records: ready.flatMap(({ records }) => records),
      cuts: sumCuts(ready.map(({ cuts }) => cuts)),
      usage: sumUsage(ready.map(({ usage }) => usage)),
    };
  }
}
