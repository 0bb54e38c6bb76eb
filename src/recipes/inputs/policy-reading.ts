// The prompts of `covenant train ppo|grpo` before anything is begun: as tokens, so that what does not fit is told first.
// What is learned of them is the stages' part.

import type { LoadFormat } from "../../models/index.ts";
import type { TextForm } from "../../training/index.ts";
import { type PromptLengths, promptLengths } from "../costs/prompt-lengths.ts";
import type { TrainingSettings } from "../settings/settings.ts";
import { mergedNotices } from "../stages/adapter-start.ts";
import { type Notice, warmupNotices } from "../stages/learned-rows.ts";
import {
  type EncodedPrompts,
  encodePrompts,
  type PromptSplit,
  splitNotices,
  splitPrompts,
} from "../stages/policy-prompts.ts";
import type { OneSidedPrompts } from "../stages/prompts.ts";
import { formatNotices, rewardReading, trainedNotices } from "../stages/reward-model.ts";
import { readingOf, type TextSettings } from "../stages/text-reading.ts";
import type { CheckedInputs } from "./open-stages.ts";

/** notices: of which a run warns, or would. encoded: null where the model is not here yet. */
export type PromptReading = {
  readonly texts: TextForm;
  readonly notices: readonly Notice[];
  readonly encoded: EncodedPrompts | null;
  readonly prompts: OneSidedPrompts;
  /** How many prompts are learned from, and how many are kept out. */
  readonly counts: { readonly learned: number; readonly heldOut: number };
};

type PolicySettings = Pick<TrainingSettings, "schedule" | "warmupSteps"> &
  PromptSplit[1] & { readonly steps: number; readonly lora?: unknown };

/** Prompts as the policy reads them. Throws UserError when none leaves room for a reply. */
export const readPrompts = async (
  config: TextSettings & {
    readonly model: string;
    readonly reward?: string | undefined;
    readonly rewardLoad?: LoadFormat | undefined;
  },
  prompts: OneSidedPrompts,
  { languages, configs }: CheckedInputs,
  [block, settings]: readonly [string, PolicySettings],
): Promise<PromptReading> => {
  const warmup = warmupNotices(block, settings, settings.steps);
  const reading = await readingOf(config, languages["model"]);
  const shape = configs["model"];
  const isMerged = languages["model"]?.isAdapter === true && settings.lora === undefined;
  const own = [...warmup, ...mergedNotices(config.model, isMerged, block)];
  const notices = [...prompts.notices, ...own];
  if (reading === null || shape == null) {
    const { learned, heldOut } = splitPrompts(prompts.used, ({ messages }) => messages, [block, settings]);
    const counts = { learned: learned.length, heldOut: heldOut.length };
    const none = splitNotices([block, settings], { held: heldOut.length, of: prompts.used.length });
    return { texts: "chat", notices: [...notices, ...none], encoded: null, prompts, counts };
  }
  const { codec, texts, chatTemplate } = reading;
  const [rewarding, rewardShape] = [languages["reward"], configs["reward"]];
  const { reward = "" } = config;
  const isHere = rewarding != null && rewardShape != null;
  const rewardContext = isHere ? rewardReading(rewarding, rewardShape, reward, texts).context : undefined;
  const encoded = encodePrompts(
    prompts.used,
    { codec, config: shape, rewardContext },
    texts,
    [block, settings],
    prompts.placeOf,
  );
  return {
    texts,
    notices: [
      ...prompts.notices,
      ...encoded.notices,
      ...(isHere
        ? formatNotices({ name: config.model, chatTemplate }, { ...rewarding, name: reward }, texts)
        : []),
      ...(isHere ? await trainedNotices(reward, config.rewardLoad) : []),
      ...own,
    ],
    encoded,
    prompts,
    counts: { learned: encoded.tokens.length, heldOut: encoded.heldOut.tokens.length },
  };
};

/** How long the prompts are; estimated where the model is not here yet. */
export const lengthsOf = ({ encoded, prompts }: PromptReading): PromptLengths => {
  if (encoded === null) return promptLengths(prompts.used);
  const lengths = [...encoded.tokens, ...encoded.heldOut.tokens].map(({ length }) => length);
  return {
    mean: lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
    longest: lengths.reduce((most, length) => Math.max(most, length), 0),
  };
};
