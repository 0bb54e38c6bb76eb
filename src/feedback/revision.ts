// Critique and revision (Bai et al. 2022, section 3.1): n rounds, one principle drawn for each, every intermediate
// revision kept; or direct revision without critique (section 3.5). All items of a chunk take a step in one call.
// Deviation: chat messages instead of a transcript, and no few-shot examples.

import { drawPrinciple, renderCritique, renderRevision } from "../constitution/index.ts";
import { deriveSeed, throwIfAborted, UserError } from "../core/index.ts";
import type { GenerateRequest, LanguageModel, Reply } from "../models/index.ts";
import type {
  Constitution,
  Finish,
  Message,
  Principle,
  PromptRecord,
  ReplyRecord,
  RevisionRecord,
  RevisionStep,
  Usage,
} from "../records/index.ts";
import { chunksOf, expectCount, inOrder, isAnswered, type Pace, paceOf, sumUsage } from "./chunk.ts";
import { type Cut, type CutCounts, countCuts, sumCuts } from "./cleaning.ts";
import { cleanAnswer } from "./replies.ts";

/** An answer to revise. prompt, reply: ids of their records. */
export type RevisionItem = {
  readonly prompt: string;
  readonly reply: string;
  readonly messages: readonly Message[];
  readonly answer: string;
};

/** mode "direct" leaves out the critique. seedStage, chunk, window: as for samples. */
export type RevisionOptions = Partial<Pace> & {
  readonly model: LanguageModel;
  readonly items: readonly RevisionItem[];
  readonly constitution: Constitution;
  readonly rounds: number;
  readonly runSeed: number;
  readonly stage: string;
  readonly seedStage?: string;
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly mode?: "critique" | "direct";
  readonly signal?: AbortSignal;
};

/** Chains that are ready, what cleaning cut from their texts, and the tokens that they took. */
export type RevisionChunk = {
  readonly records: readonly RevisionRecord[];
  readonly cuts: CutCounts;
  readonly usage: Usage;
};

type Chain = { readonly item: RevisionItem; text: string; readonly steps: RevisionStep[] };
type Said = { readonly text: string; readonly finish: Finish };

/** Sends what a chunk asks in one step, cleans the replies, and counts. */
const createAsk = (options: RevisionOptions) => {
  const { model, runSeed, stage, seedStage = stage, maxTokens, signal } = options;
  const cuts: Cut[] = [];
  const usages: Usage[] = [];
  const ask = async (
    questions: readonly { readonly prompt: string; readonly messages: readonly Message[] }[],
    round: number,
    purpose: "critique" | "revision",
  ): Promise<Said[]> => {
    if (questions.length === 0) return [];
    throwIfAborted(signal);
    const requests = questions.map(
      ({ prompt, messages }): GenerateRequest => ({
        messages,
        maxTokens,
        temperature: options.temperature ?? 1,
        ...(options.topP === undefined ? {} : { topP: options.topP }),
        seed: deriveSeed(runSeed, seedStage, prompt, round, purpose),
      }),
    );
    const given = await model.generate(requests, signal === undefined ? {} : { signal });
    const replies: readonly Reply[] = expectCount(model.id, requests.length, given);
    return replies.map((reply) => {
      const cleaned = cleanAnswer(reply, purpose);
      cuts.push(...cleaned.cuts);
      usages.push(reply.usage);
      return cleaned;
    });
  };
  return { ask, totals: () => ({ cuts: countCuts(cuts), usage: sumUsage(usages) }) };
};

type Ask = ReturnType<typeof createAsk>["ask"];

const reviseRound = async (
  chains: readonly Chain[],
  round: number,
  options: RevisionOptions,
  ask: Ask,
): Promise<void> => {
  const { constitution, runSeed, stage, seedStage = stage, mode = "critique" } = options;
  const principles = chains.map(
    ({ item }): Principle => drawPrinciple(constitution, deriveSeed(runSeed, seedStage, item.prompt, round)),
  );
  const critiques: (Said | null)[] =
    mode === "direct"
      ? chains.map(() => null)
      : await ask(
          chains.map(({ item, text }, index) => ({
            prompt: item.prompt,
            messages: renderCritique(item.messages, text, principles[index]!),
          })),
          round,
          "critique",
        );
  // A critique that did not come ends the round for its chain: the reply stays as it was, with the critique's state.
  const going = chains.map((_, index) => critiques[index] === null || isAnswered(critiques[index]!));
  const questions = chains.flatMap(({ item, text }, index) => {
    if (!going[index]) return [];
    const principle = principles[index]!;
    const critique = critiques[index];
    const messages =
      critique === null || critique === undefined
        ? renderCritique(item.messages, text, { critique: principle.revision })
        : renderRevision(item.messages, text, principle, critique.text);
    return [{ prompt: item.prompt, messages }];
  });
  const revisions = (await ask(questions, round, "revision")).values();
  for (const [index, chain] of chains.entries()) {
    const principle = principles[index]!;
    const critique = critiques[index];
    const said: Said = going[index] ? revisions.next().value! : { text: "", finish: critique!.finish };
    if (isAnswered(said)) chain.text = said.text;
    chain.steps.push({
      round,
      principle: principle.id,
      critiqueRequest: mode === "direct" ? "" : principle.critique,
      critique: critique?.text ?? "",
      revisionRequest: principle.revision,
      revision: chain.text,
      finish: said.finish,
    });
  }
};

const reviseChunk = async (
  options: RevisionOptions,
  items: readonly RevisionItem[],
): Promise<RevisionChunk> => {
  const { rounds, runSeed, stage, seedStage = stage } = options;
  const { ask, totals } = createAsk(options);
  const chains = items.map((item): Chain => ({ item, text: item.answer, steps: [] }));
  for (let round = 1; round <= rounds; round++) await reviseRound(chains, round, options, ask);
  const records = chains.map(
    ({ item, steps }): RevisionRecord => ({
      id: `${stage}/${item.prompt}`,
      parents: [item.prompt, item.reply],
      stage,
      seed: deriveSeed(runSeed, seedStage, item.prompt),
      prompt: item.prompt,
      messages: [...item.messages],
      answer: item.answer,
      steps,
    }),
  );
  return { records, ...totals() };
};

/**
 * Revises answers in the items' order. A step whose model refused or said nothing keeps the reply of the step before
 * and says so in `finish`. To resume after whole chunks, leave out the items that they covered. Throws UserError when
 * rounds is below 1.
 */
export async function* reviseBatch(options: RevisionOptions): AsyncGenerator<RevisionChunk> {
  const { rounds } = options;
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new UserError(
      "rounds-invalid",
      `Got ${rounds} rounds of revision, expected a whole number from 1 up.`,
      {
        rounds,
      },
    );
  }
  const { chunk, window } = { ...paceOf(options.model), ...options };
  const chunks = chunksOf(options.items, chunk);
  for await (const ready of inOrder(chunks, window, (items) => reviseChunk(options, items))) {
    yield {
      records: ready.flatMap(({ records }) => records),
      cuts: sumCuts(ready.map(({ cuts }) => cuts)),
      usage: sumUsage(ready.map(({ usage }) => usage)),
    };
  }
}

/** Joins prompts with their replies. Prompts without a reply worth revising are left out and counted. */
export const revisionItems = (
  prompts: readonly PromptRecord[],
  replies: readonly ReplyRecord[],
): { readonly items: readonly RevisionItem[]; readonly leftOut: number } => {
  const replyTo = new Map(replies.map((reply) => [reply.prompt, reply]));
  const items = prompts.flatMap((prompt): RevisionItem[] => {
    const reply = replyTo.get(prompt.id);
    if (reply === undefined || !isAnswered(reply)) return [];
    return [{ prompt: prompt.id, reply: reply.id, messages: prompt.messages, answer: reply.text }];
  });
  return { items, leftOut: prompts.length - items.length };
};
