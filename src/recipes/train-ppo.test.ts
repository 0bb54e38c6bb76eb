// What training by reward refuses before it begins.

import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { recipe as grpo } from "./train-grpo.ts";
import { recipe as ppo } from "./train-ppo.ts";

const golden = fileURLToPath(new URL("../../test/golden", import.meta.url));
const context = {
  emit: () => {},
  signal: new AbortController().signal,
  clock: manualClock(),
  environment: {},
  dry: true,
};
const counts = { harmful: 1, harmless: 0, lookalike: 0 };

type Asked = { readonly model: string; readonly reward: string; readonly counts?: typeof counts };

describe.each([
  ["ppo", (asked: Asked, own = {}) => ppo.plan!(ppo.schema.parse({ counts, ppo: own, ...asked }), context)],
  [
    "grpo",
    (asked: Asked, own = {}) => grpo.plan!(grpo.schema.parse({ counts, grpo: own, ...asked }), context),
  ],
])("train %s", (name, plan) => {
  it("takes a reward model with the policy's tokens, and refuses one that would read other words", async () => {
    const reward = `${golden}/llama-random/scored`;
    await plan({ model: `${golden}/llama-random/tied`, reward });
    await expect(plan({ model: "embedded:covenant-tiny", reward })).rejects.toMatchObject({
      code: "reward-tokens",
    });
  });

  it("counts looks at prompts kept out, and refuses to keep the best policy without any", async () => {
    const model = `${golden}/llama-random/tied`;
    const asked = { model, reward: `${golden}/llama-random/scored`, counts: { ...counts, harmful: 40 } };
    const looked = await plan(asked, { steps: 7, evaluateEvery: 3, evaluationShare: 0.25, keepBest: true });
    expect(looked.steps[0]!.what).toMatch(/^7 steps of 64 replies, and 3 looks at \d+ kept out$/);
    const plain = await plan(asked, { steps: 7 });
    expect(looked.steps[0]!.calls - plain.steps[0]!.calls).toBe(
      3 * Number(/at (\d+) kept/.exec(looked.steps[0]!.what)![1]),
    );
    await expect(plan(asked, { keepBest: true })).rejects.toMatchObject({
      code: "nothing-held-out",
      message: expect.stringContaining(`${name}.evaluationShare is 0`),
    });
  });
});
