// The prompts of a training by reward as tokens: turns of a chat through the model's template, or plain texts to continue.
// Those that leave no room for a reply are left out and told; a share may be kept out, to look at the policy with.

import { UserError } from "../../core/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import { type ChatCodec, encodePromptAs, type TextForm } from "../../training/index.ts";
import { fitsContext, type ModelConfig } from "../../transformer/index.ts";
import { counted } from "../summaries/wording.ts";
import { isKeptOut, type Notice, nothingHeldOut, placed, shownRows } from "./learned-rows.ts";
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
      `${block}.evaluationShare is ${share} and keeps out all ${prompts.length} prompts, so none is left to learn from. Lower it, or give more prompts.`,
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

/**
 * Prompts as a policy reads them. placeOf: where one stands; by default its id. Throws UserError when none is left, for one that the template cannot hold, and like
 * splitPrompts.
 */
export const encodePrompts = (
  prompts: readonly PromptRecord[],
  { codec, config }: { readonly codec: ChatCodec; readonly config: ModelConfig },
  texts: TextForm,
  split: PromptSplit,
  placeOf: PromptPlace = ({ id }) => id,
): EncodedPrompts => {
  const encoded = prompts.map((record) => ({
    record,
    ids: placed(placeOf(record), () => encodePromptAs(codec, record.messages, texts)),
  }));
  const fits = ({ length }: readonly number[]): boolean => length > 0 && fitsContext(config, length);
  const kept = encoded.filter(({ ids }) => fits(ids));
  const left = encoded.flatMap(({ ids }, row) => (fits(ids) ? [] : [{ row, tokens: ids.length }]));
  const context = `the model's context of ${config.maxPositions} tokens`;
  if (kept.length === 0) {
    throw new UserError(
      "prompts-too-long",
      `All ${prompts.length} prompts are too long for ${context}. Give shorter ones, or a model with a longer context.`,
    );
  }
  const text = `${left.length} of ${counted(prompts.length, "prompt")} ${left.length === 1 ? "leaves" : "leave"} no room for a reply in ${context} and ${left.length === 1 ? "was" : "were"} left out: ${shownRows(left, (row) => placeOf(prompts[row]!))}.`;
  const parts = (some: readonly (typeof encoded)[number][]): PromptTokens => ({
    records: some.map(({ record }) => record),
    tokens: some.map(({ ids }) => ids),
  });
  const { learned, heldOut } = splitPrompts(kept, ({ record }) => record.messages, split);
  return {
    ...parts(learned),
    heldOut: parts(heldOut),
    notices: [
      ...(left.length === 0 ? [] : [{ code: "prompts-too-long", text }]),
      ...vocabularyNotices(codec.tokenizer, parts(kept).tokens, "the prompts"),
    ],
  };
};
