// An AI judge as a reward: the replies of a prompt are turned into text and compared with each other by the judge, under
// a constitution. What it is asked is counted as in any stage; a judge that only keeps to one letter stops the run.

import { assertJudgeReads, judgeGroups } from "../../feedback/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import type { Constitution, LabelRecord, PromptRecord } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import type { NamedReward, SampledReply } from "../../training/index.ts";
import type { TrainableModel } from "./models.ts";
import type { CountUsage } from "./stage-model.ts";

export type JudgeRewardOptions = {
  readonly judge: LanguageModel;
  readonly countUsage: CountUsage;
  readonly constitution: Constitution;
  readonly weight: number;
  /** Whose replies are judged, and the prompts that replies name by their index. */
  readonly model: TrainableModel;
  readonly prompts: readonly PromptRecord[];
  /** Replies to each prompt; those of one prompt stand together. */
  readonly group: number;
  readonly stage: StageContext;
};

/** The judge as a named reward, from 0 (never preferred) to 1 (always preferred). */
export const judgeReward = (options: JudgeRewardOptions): NamedReward => {
  const { judge, countUsage, constitution, weight, model, prompts, group, stage } = options;
  const seen: LabelRecord[] = [];
  const textOf = ({ branches: [ids], ended }: SampledReply): string =>
    model.tokenizer.decode(ended ? ids!.slice(0, -1) : ids!, { skipSpecial: true }).trim();
  return {
    name: "judge",
    weight,
    async reward(replies, { step }) {
      const groups = Array.from({ length: replies.length / group }, (_, at) => {
        const id = `step-${String(step).padStart(5, "0")}/${at}`;
        const own = replies.slice(at * group, (at + 1) * group);
        const { id: prompt, messages } = prompts[own[0]!.prompt]!;
        return {
          id,
          prompt,
          messages,
          replies: own.map((reply, place) => ({
            id: `${id}/reply-${place}`,
            text: textOf(reply),
            finish: reply.ended ? ("stop" as const) : ("length" as const),
          })),
        };
      });
      const { scores, labels } = await judgeGroups({
        judge,
        groups,
        constitution,
        runSeed: stage.seed,
        stage: stage.name,
        signal: stage.signal,
      });
      countUsage();
      seen.push(...labels);
      assertJudgeReads(seen);
      return scores.flat();
    },
  };
};
