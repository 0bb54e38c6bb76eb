// An AI judge as a reward: replies are turned into text and compared with each other by the judge, under a constitution:
// those to a prompt among themselves, to learn from, or each with one that another model gave, to look at a policy. What
// it is asked is counted as in any stage; a judge that only keeps to one letter stops the run.

import { judgeGroups, watchJudge } from "../../feedback/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import type { Constitution, PromptRecord } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import type { NamedReward, SampledReply } from "../../training/index.ts";
import type { TrainableModel } from "./models.ts";
import type { CountUsage } from "./stage-model.ts";

export type JudgeRewardOptions = {
  readonly judge: LanguageModel;
  readonly countUsage: CountUsage;
  readonly constitution: Constitution;
  readonly weight: number;
  /** Whose replies are judged. */
  readonly model: { readonly tokenizer: Pick<TrainableModel["tokenizer"], "decode"> };
  readonly stage: Pick<StageContext, "name" | "seed" | "signal">;
};

/** Replies to one prompt. id: unique in the stage, for what is drawn; the same id draws the same again. */
type Compared = {
  readonly id: string;
  readonly prompt: PromptRecord;
  readonly replies: readonly SampledReply[];
};

/** Compares the replies of each group; gives how often each was preferred, from 0 (never) to 1 (always). */
const comparing = ({ judge, countUsage, constitution, model, stage }: JudgeRewardOptions) => {
  const watch = watchJudge();
  const textOf = ({ branches: [ids], ended }: SampledReply): string =>
    model.tokenizer.decode(ended ? ids!.slice(0, -1) : ids!, { skipSpecial: true }).trim();
  return async (compared: readonly Compared[]): Promise<readonly (readonly number[])[]> => {
    const groups = compared.map(({ id, prompt, replies }) => ({
      id,
      prompt: prompt.id,
      messages: prompt.messages,
      replies: replies.map((reply, place) => ({
        id: `${id}/reply-${place}`,
        text: textOf(reply),
        finish: reply.ended ? ("stop" as const) : ("length" as const),
      })),
    }));
    const { scores, labels } = await judgeGroups({
      judge,
      groups,
      constitution,
      runSeed: stage.seed,
      stage: stage.name,
      signal: stage.signal,
    });
    countUsage();
    for (const label of labels) watch.see(label);
    watch.check();
    return scores;
  };
};

/**
 * The judge as a named reward of replies that are held against each other. prompts: that replies name by their index.
 * group: replies to each of them, which stand together.
 */
export const judgeReward = (
  options: JudgeRewardOptions & { readonly prompts: readonly PromptRecord[]; readonly group: number },
): NamedReward => {
  const { weight, prompts, group } = options;
  const compare = comparing(options);
  return {
    name: "judge",
    weight,
    async reward(replies, { step }) {
      const groups = Array.from({ length: replies.length / group }, (_, at) => {
        const own = replies.slice(at * group, (at + 1) * group);
        const id = `step-${String(step).padStart(5, "0")}/${at}`;
        return { id, prompt: prompts[own[0]!.prompt]!, replies: own };
      });
      return (await compare(groups)).flat();
    },
  };
};

/**
 * The judge as a named reward of one reply to each prompt, held against another model's, under the same principle every
 * time: the share of them that it prefers. opponents: that model's replies, one to each of the prompts; asked for once.
 */
export const judgeAgainst = (
  options: JudgeRewardOptions & {
    readonly prompts: readonly PromptRecord[];
    opponents(): Promise<readonly SampledReply[]>;
  },
): NamedReward => {
  const { weight, prompts } = options;
  const compare = comparing(options);
  let sampled: Promise<readonly SampledReply[]> | undefined;
  return {
    name: "judge",
    weight,
    async reward(replies) {
      sampled ??= options.opponents();
      const opponents = new Map((await sampled).map((reply) => [reply.prompt, reply]));
      const groups = replies.map((reply, at) => {
        const id = `evaluation/${at}`;
        return { id, prompt: prompts[reply.prompt]!, replies: [reply, opponents.get(reply.prompt)!] };
      });
      return (await compare(groups)).map(([own]) => own!);
    },
  };
};
