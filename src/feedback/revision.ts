// Critique and revision (Bai et al. 2022, section 3.1): n rounds, one principle drawn for each, every intermediate
// revision kept; or direct revision without critique (section 3.5). All items of a chunk take a step in one call.
// On demand every principle is tested at the end, and rounds are added (further-rounds.ts). Deviation: chat messages by
// default; the transcript of the paper and its worked examples are options.

import { drawPrinciple } from "../constitution/index.ts";
import { deriveSeed, UserError } from "../core/index.ts";
import type { PromptRecord, ReplyRecord, RevisionRecord, Usage } from "../records/index.ts";
import { inOrder, isAnswered, paceOf, piecesOf, sumUsage } from "./chunk.ts";
import { type CutCounts, sumCuts } from "./cleaning.ts";
import { addFurtherRounds, type CheckedChain } from "./further-rounds.ts";
import { plainProtocol } from "./labels/judge-protocol.ts";
import { scoresRecheck } from "./recheck.ts";
import {
  type Chain,
  createRounds,
  type RevisionItem,
  type RevisionOptions,
  takeDraft,
} from "./revision-round.ts";

export type { RevisionEvent, RevisionItem, RevisionOptions } from "./revision-round.ts";

/** Chains that are ready, what cleaning cut from their texts, and the tokens that they took. */
export type RevisionChunk = {
  readonly records: readonly RevisionRecord[];
  readonly cuts: CutCounts;
  readonly usage: Usage;
};

/** The rounds of the method for a chunk, all its chains side by side. */
const reviseChunk = async (
  chunk: readonly RevisionItem[],
  options: RevisionOptions & { readonly scored: boolean },
): Promise<RevisionChunk> => {
  const { constitution, rounds, runSeed, stage, seedStage = stage, onEvent } = options;
  const { recheck, voteTokens = plainProtocol.voteTokens } = options;
  const { drafts, totals, count } = createRounds(options);
  const chains = chunk.map((item): Chain => ({ item, text: item.answer, steps: [] }));
  for (let round = 1; round <= rounds; round++) {
    const tasks = chains.map((chain) => {
      const seed = deriveSeed(runSeed, seedStage, chain.item.prompt, round);
      return { chain, principle: drawPrinciple(constitution, seed) };
    });
    for (const event of (await drafts(tasks, round)).map(takeDraft)) onEvent?.(event);
  }
  const checked =
    recheck === undefined
      ? []
      : await addFurtherRounds(chains, { ...options, recheck, voteTokens, drafts, count });
  const checkOf = new Map<Chain, CheckedChain>(checked.map((one) => [one.chain, one]));
  const records = chains.map((chain): RevisionRecord => {
    const { item, steps } = chain;
    const check = checkOf.get(chain);
    return {
      id: `${stage}/${item.prompt}`,
      parents: [item.prompt, item.reply],
      stage,
      seed: deriveSeed(runSeed, seedStage, item.prompt),
      prompt: item.prompt,
      messages: [...item.messages],
      answer: item.answer,
      steps,
      ...(check === undefined ? {} : { checks: check.checks, failing: check.failing }),
    };
  });
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
  const { model, constitution, recheck, signal } = options;
  const { chunk, window } = { ...paceOf(model), ...options };
  const chunks = piecesOf(options.items, chunk);
  // Asked once for all items, so that no verdict depends on which of them comes first.
  const scored =
    recheck !== undefined &&
    (await scoresRecheck(model, constitution, signal === undefined ? {} : { signal }));
  for await (const ready of inOrder(chunks, window, (items) => reviseChunk(items, { ...options, scored }))) {
    yield {
      records: ready.flatMap(({ records }) => records),
      cuts: sumCuts(ready.map(({ cuts }) => cuts)),
      usage: sumUsage(ready.map(({ usage }) => usage)),
    };
  }
}

/** A prompt joined with its reply; null where there is none that is worth revising. */
export const revisionItem = (
  { id, messages }: PromptRecord,
  reply: ReplyRecord | undefined,
): RevisionItem | null =>
  reply === undefined || !isAnswered(reply)
    ? null
    : { prompt: id, reply: reply.id, messages, answer: reply.text };
