// The prompts of a training by reward as tokens: turns of a chat through the model's template, or plain texts to continue.
// Those that leave no room for a reply are left out and told; a share may be kept out, to look at the policy with.

import { counted, firstOf, UserError } from "../../core/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import { type ChatCodec, encodePromptAs, type TextForm } from "../../training/index.ts";
import type { ModelConfig } from "../../transformer/index.ts";
import { heldOutNotices, isKeptOut, type Notice, nothingHeldOut, placed, shownRows } from "./learned-rows.ts";
import { vocabularyNotices } from "./vocabulary.ts";

/** Prompts as records and as tokens. */
type PromptTokens = {
  readonly records: readonly PromptRecord[];
  readonly tokens: readonly (readonly number[])[];
};

/** Prompts that leave room for a reply: those to learn from, and those kept out. */
export type EncodedPrompts = PromptTokens & {
  readonly heldOut: PromptTokens;
  readonly notices: readonly Notice[];
};

/** Where a prompt stands, as a person finds it ("prompts.csv, line 3"). */
export type PromptPlace = (prompt: Pick<PromptRecord, "id">) => string;

/** Which prompts are kept out. block: the key of the settings. */
export type PromptSplit = readonly [
  block: string,
  settings: { readonly evaluationShare: number; readonly keepBest: boolean },
];

/**
 * Prompts to learn from, and prompts kept out. Throws UserError when none is left to learn from, and when none is kept
 * out to choose the best policy by.
 */
export const splitPrompts = <Prompt>(
  prompts: readonly Prompt[],
  messagesOf: (prompt: Prompt) => PromptRecord["messages"],
  [block, { evaluationShare: share, keepBest }]: PromptSplit,
): { readonly learned: readonly Prompt[]; readonly heldOut: readonly Prompt[] } => {
  const isHeldOut = (prompt: Prompt): boolean => isKeptOut(messagesOf(prompt), share);
  const learned = prompts.filter((prompt) => !isHeldOut(prompt));
  const heldOut = prompts.filter(isHeldOut);
  if (learned.length === 0 && heldOut.length > 0)
    throw new UserError(
      "nothing-to-learn",
      `${block}.evaluationShare is ${share} and keeps out all ${counted(prompts.length, "prompt")}, so none is left to learn from. Lower it, or give more prompts.`,
    );
  if (keepBest && heldOut.length === 0)
    throw nothingHeldOut(
      block,
      ["evaluationShare", share],
      "the policy with the highest objective",
      "prompt",
    );
  return { learned, heldOut };
};

/** Told where prompts are to be kept out and none is. */
export const splitNotices = (
  [block, { evaluationShare }]: PromptSplit,
  counts: { readonly held: number; readonly of: number },
): Notice[] => heldOutNotices(block, ["evaluationShare", evaluationShare], { ...counts, what: "prompt" });

/** What reads prompts: the policy, and what rewards it. rewardContext: tokens that prompt and reply may have for that. */
export type PromptReaders = {
  readonly codec: ChatCodec;
  readonly config: Pick<ModelConfig, "maxPositions">;
  readonly rewardContext?: number | undefined;
};

/** Tokens that prompt and reply may have together. */
export const contextOf = ({
  config: { maxPositions },
  rewardContext = maxPositions,
}: Omit<PromptReaders, "codec">): number => Math.min(maxPositions, rewardContext);

/** Whose context it is that limits prompts, and how it is told. */
const limitOf = (readers: PromptReaders): { readonly limit: number; readonly whose: string } => {
  const limit = contextOf(readers);
  return { limit, whose: limit < readers.config.maxPositions ? "reward model" : "model" };
};

/** Notices of prompts that are left out, naming where they stand; throws UserError where none is left. */
const leftOutNotices = (
  prompts: readonly { readonly place: string; readonly tokens: number }[],
  { limit, whose }: ReturnType<typeof limitOf>,
): Notice[] => {
  const left = prompts.map(({ tokens }, row) => ({ row, tokens }));
  const long = left.filter(({ tokens }) => tokens >= limit);
  const empty = left.filter(({ tokens }) => tokens === 0);
  const context = `the ${whose}'s context of ${limit} tokens`;
  if (long.length + empty.length === prompts.length) {
    const others = empty.length === 0 ? "" : `, and the other ${empty.length} are empty`;
    if (long.length > 0)
      throw new UserError(
        "prompts-too-long",
        `${empty.length === 0 ? "All" : `${long.length} of`} ${prompts.length} prompts are too long for ${context}${others}. Give shorter ones, or a ${whose} with a longer context.`,
      );
    throw new UserError(
      "prompts-empty",
      `All ${prompts.length} prompts are empty: they have no token. Give some with text.`,
    );
  }
  const told = (
    code: string,
    some: typeof left,
    [one, several]: readonly [string, string],
    shown: string,
  ) => {
    if (some.length === 0) return [];
    const [does, was] = some.length === 1 ? [one, "was"] : [several, "were"];
    const text = `${some.length} of ${counted(prompts.length, "prompt")} ${does} and ${was} left out: ${shown}.`;
    return [{ code, text }];
  };
  const placeAt = (row: number): string => prompts[row]!.place;
  const noRoom = `no room for a reply in ${context}`;
  return [
    ...told("prompts-too-long", long, [`leaves ${noRoom}`, `leave ${noRoom}`], shownRows(long, placeAt)),
    ...told("prompts-empty", empty, ["is empty", "are empty"], firstOf(empty.map(({ row }) => placeAt(row)))),
  ];
};

/**
 * Prompts as a policy reads them. placeOf: where one stands; by default its id. Throws UserError when none is left, for
 * one that the template cannot hold, and like splitPrompts.
 */
export const encodePrompts = (
  prompts: readonly PromptRecord[],
  readers: PromptReaders,
  texts: TextForm,
  split: PromptSplit,
  placeOf: PromptPlace = ({ id }) => id,
): EncodedPrompts => {
  const { codec } = readers;
  const encoded = prompts.map((record) => ({
    record,
    ids: placed(placeOf(record), () => encodePromptAs(codec, record.messages, texts)),
  }));
  const limited = limitOf(readers);
  const kept = encoded.filter(({ ids: { length } }) => length > 0 && length < limited.limit);
  const measured = encoded.map(({ record, ids }) => ({ place: placeOf(record), tokens: ids.length }));
  const leftOut = leftOutNotices(measured, limited);
  const parts = (some: readonly (typeof encoded)[number][]): PromptTokens => ({
    records: some.map(({ record }) => record),
    tokens: some.map(({ ids }) => ids),
  });
  const { learned, heldOut } = splitPrompts(kept, ({ record }) => record.messages, split);
  return {
    ...parts(learned),
    heldOut: parts(heldOut),
    notices: [
      ...leftOut,
      ...splitNotices(split, { held: heldOut.length, of: kept.length }),
      ...vocabularyNotices(codec.tokenizer, parts(kept).tokens, "the prompts"),
    ],
  };
};
