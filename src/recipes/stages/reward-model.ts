// A reward model as what rewards a policy: how it reads replies, how much of them it can read, and whether it reads the
// format that the policy writes. How it is trained is in preferences.ts.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseYaml, quotedWord, readText, UserError } from "../../core/index.ts";
import type { LoadFormat } from "../../models/index.ts";
import { type Message, rewardPairRecordSchema } from "../../records/index.ts";
import { readRecords, stageFileName } from "../../runs/index.ts";
import { closingTokens, type RewardFunction, scoreOfLogit, type TextForm } from "../../training/index.ts";
import {
  adapterFiles,
  type ChatTemplate,
  createModelState,
  createScorer,
  type ModelConfig,
  type ModelDescription,
  type PackedItem,
} from "../../transformer/index.ts";
import { chanceDoubt, heldOutName } from "./chance.ts";
import type { Pipeline } from "./data.ts";
import type { Notice } from "./learned-rows.ts";
import { loadLanguageModel, type ModelLanguage } from "./model-checks.ts";
import { codecOf } from "./models.ts";

type Reader = Pick<ModelLanguage, "tokenizer" | "chatTemplate" | "generationConfig">;

/**
 * How a reward model reads replies. closing: what it reads behind their end token, where its template puts more there;
 * context: tokens that prompt and reply may have for it.
 */
export const rewardReading = (
  reader: Reader,
  { maxPositions }: Pick<ModelConfig, "maxPositions">,
  folder: string,
  texts: TextForm,
) => {
  const endTokens: ReadonlySet<number> = new Set(reader.generationConfig.endTokenIds);
  const isPlain = texts === "plain" || reader.chatTemplate === null;
  const closing = isPlain ? [] : closingTokens(codecOf(reader, folder), endTokens);
  return { endTokens, closing, context: maxPositions - closing.length };
};

/** A reward model as a reward. context: tokens that prompt and reply may have for it. release it when done. */
export type OpenReward = {
  readonly reward: RewardFunction;
  readonly context: number;
  readonly chatTemplate: ChatTemplate | null;
  release(): Promise<void>;
};

/**
 * A reward model as a reward: the sigmoid of its logit, 0 to 1, at a reply's end, where it was trained to give it: behind
 * what its chat template puts after the end token; of plain texts, at the end token itself. load: hold its projections in
 * so few bits; adapters that were trained over such stay beside them.
 */
export const openReward = async (
  folder: string,
  context: Pipeline["context"],
  texts: TextForm = "chat",
  load?: LoadFormat,
): Promise<OpenReward> => {
  const model = await loadLanguageModel(folder, context, load, "any");
  if (model.task !== "sequence-classification") {
    throw new UserError(
      "not-a-reward-model",
      `${folder} is not a reward model: it has no score head. Point to the model that \`covenant train reward\` wrote (reward/model in the folder of its run).`,
      { folder },
    );
  }
  const { config, weights, task, quantised } = model;
  const scorer = createScorer(createModelState(config, weights, { task, quantised }));
  const { endTokens, closing, context: room } = rewardReading(model, config, folder, texts);
  const closed = (item: PackedItem): PackedItem => ({
    trunk: item.trunk,
    branches: item.branches.map((reply) => (endTokens.has(reply.at(-1)!) ? [...reply, ...closing] : reply)),
  });
  return {
    reward: async (items, signal) => {
      const logits = await scorer.scores(items.map(closed), signal === undefined ? {} : { signal });
      return logits.map(([logit]) => scoreOfLogit(logit!));
    },
    context: room,
    chatTemplate: model.chatTemplate,
    release: () => scorer.release(),
  };
};

const asked: readonly Message[] = [
  { role: "user", content: "Hello." },
  { role: "assistant", content: "Good day." },
  { role: "user", content: "How are you?" },
];

/** A short chat as a template shows it, asked and answered; undefined where the template refuses it. */
const shownBy = ({ render }: ChatTemplate): readonly string[] | undefined => {
  try {
    const whole = [...asked, { role: "assistant" as const, content: "Well." }];
    return [render(asked, { addGenerationPrompt: true }), render(whole, { addGenerationPrompt: false })];
  } catch {
    return undefined;
  }
};

const isSameFormat = (one: ChatTemplate, other: ChatTemplate): boolean => {
  if (one.source === other.source) return true;
  const [here, there] = [shownBy(one), shownBy(other)];
  return here?.every((text, at) => text === there?.[at]) === true;
};

const trainedSettings = z.looseObject({ reward: z.looseObject({ load: z.string().optional() }) });

/** Told where an adapter of a reward model was trained over fewer bits, as its run says, and is to be read in full. */
const loadNotices = async (folder: string, load: LoadFormat | undefined): Promise<Notice[]> => {
  const file = join(folder, "..", "..", "config.yaml");
  if (load !== undefined || !existsSync(join(folder, adapterFiles.config)) || !existsSync(file)) return [];
  const found = trainedSettings.safeParse(parseYaml(await readText(file), { file }));
  const trained = found.data?.reward.load;
  if (trained === undefined) return [];
  const text = `The reward model ${folder} was trained over weights in fewer bits (${trained}), and is read in full: its scores are somewhat other ones. --reward-load ${trained} reads it as it was trained.`;
  return [{ code: "reward-load", text }];
};

/** Told where a reward model does not order the pairs that its own training kept out, or nobody knows whether it does. */
const chanceNotices = async (folder: string): Promise<Notice[]> => {
  const file = join(folder, "..", heldOutName);
  if (!existsSync(file) || !existsSync(join(folder, "..", stageFileName))) return [];
  const doubt = chanceDoubt(await readRecords(file, rewardPairRecordSchema));
  if (doubt === undefined) return [];
  return [{ code: doubt.code, text: `Of the reward model ${folder} its training says: ${doubt.told}` }];
};

/** What the run that trained a reward model says of it. folder: the model's; load: how it is to be read. */
export const trainedNotices = async (folder: string, load: LoadFormat | undefined): Promise<Notice[]> => [
  ...(await loadNotices(folder, load)),
  ...(await chanceNotices(folder)),
];

type Formatted = Pick<ModelDescription, "chatTemplate"> & { readonly name: string };

/** Told where a reward model reads replies in another format than it was trained to score. texts: what prompts are. */
export const formatNotices = (policy: Formatted, reward: Formatted, texts: TextForm): Notice[] => {
  const [own, other] = [policy.chatTemplate, reward.chatTemplate];
  const remedy = `Train one on replies in the policy's format: \`covenant train reward --model ${quotedWord(policy.name)}\`.`;
  const told = (text: string): Notice[] => [{ code: "reward-format", text: `${text} ${remedy}` }];
  if (texts === "plain")
    return own === null && other !== null
      ? told(
          `The policy ${policy.name} has no chat template and writes plain texts, but the reward model ${reward.name} has one: if it was trained on chats, its scores of plain texts mean little.`,
        )
      : [];
  if (own === null) return [];
  if (other === null)
    return told(
      `The reward model ${reward.name} has no chat template, so it was trained on plain texts, and its scores of chats in the format of the policy ${policy.name} mean little.`,
    );
  return isSameFormat(own, other)
    ? []
    : told(
        `The reward model ${reward.name} has another chat template than the policy ${policy.name}: it scores replies in a format that it was not trained on, and such scores mean little.`,
      );
};
