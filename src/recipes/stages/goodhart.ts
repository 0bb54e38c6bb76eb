// The Goodhart curve (Gao et al. 2022): now and then during PPO, before the first step too, the policy answers held-out
// harmful prompts, and the same replies are scored by the reward model, held against the reference and judged by the
// oracle. The oracle's verdicts are written down and go nowhere else.

import { collect, total } from "../../core/index.ts";
import { type GoodhartRecord, goodhartRecordSchema, type PromptRecord } from "../../records/index.ts";
import { parseReply } from "../../sandbox/index.ts";
import { encodePrompt } from "../../training/index.ts";
import { requestOf } from "./evaluation.ts";
import type { MeasuredPolicy } from "./ppo.ts";

export type GoodhartOptions = {
  readonly name: string;
  readonly prompts: readonly PromptRecord[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  /** Steps to measure at, beside the first and the last. */
  readonly every: number;
  readonly steps: number;
};

const measure = async (policy: MeasuredPolicy, options: GoodhartOptions): Promise<GoodhartRecord> => {
  const { stage, step, model } = policy;
  const call = { signal: stage.signal };
  const prompts = options.prompts.map(({ messages }) => encodePrompt(model.codec, messages));
  const replies = await policy.generator.generate(
    prompts.map((prompt, at) => ({
      prompt,
      maxTokens: options.maxTokens,
      temperature: options.temperature,
      topP: options.topP,
      seed: options.prompts[at]!.seed,
    })),
    call,
  );
  const items = replies.map(({ ids, ended }, at) => ({
    trunk: prompts[at]!,
    branches: [ended || ids.length === 0 ? [...ids, policy.endToken] : ids],
  }));
  const now = await policy.policy.tokens(items, call);
  const before = await policy.reference.tokens(items, call);
  return {
    id: `${options.name}/measure-${String(step).padStart(5, "0")}`,
    parents: options.prompts.map(({ id }) => id),
    stage: options.name,
    seed: stage.seed,
    step,
    rewards: [...(await policy.reward(items, stage.signal))],
    logRatios: now.map((branches, at) => total(branches[0]!) - total(before[at]![0]!)),
    verdicts: options.prompts.map((prompt, at) => ({
      ...(prompt.kind === undefined ? {} : { kind: prompt.kind }),
      verdict: parseReply(
        model.tokenizer.decode(replies[at]!.ids, { skipSpecial: true }).trim(),
        requestOf(prompt),
      ),
    })),
  };
};

/** How many points the curve has. */
export const goodhartPoints = ({
  steps,
  measureEvery: every,
}: {
  readonly steps: number;
  readonly measureEvery: number;
}): number => (every === 0 ? 0 : 1 + Math.ceil(steps / every));

/** Measures at step 0, every so many steps, and at the end; writes <stage>/goodhart.jsonl. */
export const goodhartMeasure =
  (options: GoodhartOptions) =>
  async (policy: MeasuredPolicy): Promise<void> => {
    const { step, stage } = policy;
    if (options.every === 0 || (step % options.every !== 0 && step !== options.steps)) return;
    const file = await stage.records("goodhart.jsonl", goodhartRecordSchema);
    if (!(await collect(file.rows())).some((record) => record.step === step))
      await file.append([await measure(policy, options)]);
    file.close();
  };
