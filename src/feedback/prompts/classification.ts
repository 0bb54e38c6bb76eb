// Closed-set classification of prompts into areas by a model: several prompts a call, an answer of a fixed form, read
// strictly. What a pack does not settle (a refusal, a wrong count, an area outside of the set) is asked again in smaller
// packs, down to single prompts, and then counted as unclassified. Prompts stand in the question as JSON texts, so that
// nothing in them can be taken for a part of it.

import { z } from "zod";
import { loadTemplate, renderConversation, renderTemplate } from "../../constitution/index.ts";
import { deriveSeed, throwIfAborted } from "../../core/index.ts";
import {
  type AnsweredBy,
  answeredByOf,
  type GenerateRequest,
  type LanguageModel,
  type Reply,
} from "../../models/index.ts";
import type { AreaRecord, PromptRecord, StageName, UnclassifiedReason, Usage } from "../../records/index.ts";
import {
  chunksOf,
  expectCount,
  inOrder,
  isAnswered,
  type Pace,
  paceOf,
  piecesOf,
  type Stream,
  sumUsage,
} from "../chunk.ts";
import { type Area, describeArea } from "./areas.ts";
import { answerForm, answerToShow, readAnswer, whyUnread } from "./json-answer.ts";

/**
 * pack: prompts a call. chunk: prompts whose calls are made together, a multiple of pack; window: such chunks at a time
 * (default: the model's). An answer has answerTokens at most, and tokensEach more for each prompt.
 */
export type ClassifyOptions = Partial<Pace> & {
  readonly model: LanguageModel;
  readonly prompts: Stream<PromptRecord>;
  readonly areas: readonly Area[];
  readonly pack: number;
  readonly runSeed: number;
  readonly stage: StageName;
  readonly answerTokens: number;
  readonly tokensEach: number;
  readonly signal?: AbortSignal;
};

/** again: prompts that were asked about once more in a smaller pack, summed over the packs. */
export type AreaChunk = {
  readonly records: readonly AreaRecord[];
  readonly again: number;
  readonly usage: Usage;
};

const template = loadTemplate(new URL("./texts/classify.txt", import.meta.url), [
  "areas",
  "requests",
  "count",
  "first",
]);

const answerSchema = z.strictObject({
  answers: z.array(z.strictObject({ number: z.int(), area: z.string() })),
});

/** The form with the areas as the only ones there are, in the few words of JSON schema that all servers know. */
const formOf = (areas: readonly Area[]) =>
  answerForm(
    "areas",
    z.strictObject({
      answers: z.array(z.strictObject({ number: z.int(), area: z.enum(areas.map(({ name }) => name)) })),
    }),
  );

const textOf = ({ messages }: PromptRecord): string =>
  messages.length === 1 ? messages[0]!.content : renderConversation(messages);

/** A prompt as the question has it; number: its place in the pack, from 1. */
export const classifiedLine = (prompt: PromptRecord, number: number): string =>
  JSON.stringify({ number, request: textOf(prompt) });

/** The question about some prompts. */
export const renderClassification = (prompts: readonly PromptRecord[], areas: readonly Area[]): string =>
  renderTemplate(template, {
    areas: areas.map((area) => `- ${describeArea(area)}`).join("\n"),
    requests: prompts.map((prompt, at) => classifiedLine(prompt, at + 1)).join("\n"),
    count: String(prompts.length),
    first: areas[0]!.name,
  });

type Outcome = { readonly area: string } | { readonly reason: UnclassifiedReason };

const sameForAll = (count: number, reason: UnclassifiedReason): Outcome[] =>
  Array.from({ length: count }, () => ({ reason }));

/** What a reply says of each prompt of a pack. Numbers that are missing, there twice or foreign make all of it void. */
const readPack = (reply: Reply, count: number, areas: readonly Area[]): Outcome[] => {
  const answer = isAnswered(reply) ? readAnswer(answerSchema, reply.text) : null;
  if (answer === null) return sameForAll(count, whyUnread(reply));
  const byNumber = new Map(answer.answers.map(({ number, area }) => [number, area]));
  const isWhole =
    answer.answers.length === count &&
    byNumber.size === count &&
    [...byNumber.keys()].every((one) => one >= 1 && one <= count);
  if (!isWhole) return sameForAll(count, "unreadable");
  return Array.from({ length: count }, (_, at): Outcome => {
    const named = byNumber
      .get(at + 1)!
      .trim()
      .toLowerCase();
    const area = areas.find(({ name }) => name.toLowerCase() === named);
    return area === undefined ? { reason: "outside" } : { area: area.name };
  });
};

/** What is asked again of a pack of which these are not settled: all of it in halves, a part of it together. */
const smallerPacks = (open: readonly number[], size: number): readonly (readonly number[])[] =>
  open.length === 0 || size === 1
    ? []
    : [...chunksOf(open, open.length === size ? Math.ceil(size / 2) : open.length)];

/**
 * What a pack of so many prompts takes at most: calls, and how often a prompt of it is asked about on average, where
 * every answer leaves as much open as makes most of the packs after it.
 */
export const mostAsked = (size: number): { readonly calls: number; readonly times: number } => {
  const most = [{ calls: 0, asked: 0 }];
  for (let count = 1; count <= size; count++) {
    const [half, rest] = [most[Math.ceil(count / 2)], most[Math.floor(count / 2)]];
    const fewer = most[count - 1]!;
    const isAgain = count > 1;
    const halves = { calls: (half?.calls ?? 0) + rest!.calls, asked: (half?.asked ?? 0) + rest!.asked };
    most.push({
      calls: 1 + (isAgain ? Math.max(fewer.calls, halves.calls) : 0),
      asked: count + (isAgain ? Math.max(fewer.asked, halves.asked) : 0),
    });
  }
  return { calls: most[size]!.calls, times: size === 0 ? 0 : most[size]!.asked / size };
};

type Settled = AnsweredBy & {
  readonly outcome: Outcome;
  readonly asked: number;
  readonly pack: number;
  readonly answer: string | undefined;
};

const settleChunk = async (prompts: readonly PromptRecord[], options: ClassifyOptions) => {
  const { model, areas, runSeed, stage, answerTokens, tokensEach, signal } = options;
  const answer = formOf(areas);
  const settled: (Settled | undefined)[] = prompts.map(() => undefined);
  const usages: Usage[] = [];
  let again = 0;
  let packs: readonly (readonly number[])[] = [...chunksOf([...prompts.keys()], options.pack)];
  while (packs.length > 0) {
    throwIfAborted(signal);
    const requests = packs.map((pack): GenerateRequest => {
      const some = pack.map((at) => prompts[at]!);
      return {
        messages: [{ role: "user", content: renderClassification(some, areas) }],
        maxTokens: answerTokens + tokensEach * pack.length,
        temperature: 0,
        seed: deriveSeed(runSeed, stage, some[0]!.id, pack.length),
        answer,
      };
    });
    const given = await model.generate(requests, signal === undefined ? {} : { signal });
    const replies = expectCount(model.id, requests.length, given);
    usages.push(...replies.map(({ usage }) => usage));
    packs = packs.flatMap((pack, index) => {
      const reply = replies[index]!;
      const outcomes = readPack(reply, pack.length, areas);
      for (const [place, at] of pack.entries()) {
        const asked = (settled[at]?.asked ?? 0) + 1;
        const outcome = outcomes[place]!;
        const answer = "reason" in outcome ? answerToShow(reply) : undefined;
        settled[at] = { outcome, asked, pack: pack.length, answer, ...answeredByOf([reply]) };
      }
      const open = pack.filter((_, place) => "reason" in outcomes[place]!);
      const smaller = smallerPacks(open, pack.length);
      again += smaller.reduce((sum, { length }) => sum + length, 0);
      return smaller;
    });
  }
  return { settled: settled.map((one) => one!), again, usage: sumUsage(usages) };
};

/** How packs of prompts are best given to a model: as paceOf, with packs in place of items. */
export const packPace = (model: LanguageModel, pack: number): Pace => {
  const { chunk, window } = paceOf(model);
  return { chunk: chunk * pack, window };
};

const classifyChunk = async (
  chunk: readonly PromptRecord[],
  options: ClassifyOptions,
): Promise<AreaChunk> => {
  const { model, runSeed, stage } = options;
  const { settled, again, usage } = await settleChunk(chunk, options);
  const records = chunk.map(({ id }, at): AreaRecord => {
    const { outcome, asked, pack, answer, ...others } = settled[at]!;
    return {
      id: `${stage}/${id}`,
      parents: [id],
      stage,
      seed: deriveSeed(runSeed, stage, id),
      prompt: id,
      model: model.id,
      ...answeredByOf([others]),
      area: "area" in outcome ? outcome.area : null,
      ...("reason" in outcome ? { reason: outcome.reason } : {}),
      ...(answer === undefined ? {} : { answer }),
      asked,
      pack,
    };
  });
  return { records, again, usage };
};

/**
 * Classifies prompts in their order. A prompt's area does not depend on the chunk, since packs begin at multiples of their
 * size. To resume after whole chunks, leave out the prompts that they covered.
 */
export async function* classifyPrompts(options: ClassifyOptions): AsyncGenerator<AreaChunk> {
  const { chunk, window } = { ...packPace(options.model, options.pack), ...options };
  const chunks = piecesOf(options.prompts, chunk);
  for await (const ready of inOrder(chunks, window, (prompts) => classifyChunk(prompts, options))) {
    yield {
      records: ready.flatMap(({ records }) => records),
      again: ready.reduce((sum, { again }) => sum + again, 0),
      usage: sumUsage(ready.map(({ usage }) => usage)),
    };
  }
}
