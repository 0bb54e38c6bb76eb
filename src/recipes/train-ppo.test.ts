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

type Asked = { readonly model: string; readonly reward: string };

describe.each([
  ["ppo", (asked: Asked) => ppo.plan!(ppo.schema.parse({ counts, ...asked }), context)],
  ["grpo", (asked: Asked) => grpo.plan!(grpo.schema.parse({ counts, ...asked }), context)],
])("train %s", (_name, plan) => {
  it("takes a reward model with the policy's tokens, and refuses one that would read other words", async () => {
    const reward = `${golden}/llama-random/scored`;
    await plan({ model: `${golden}/llama-random/tied`, reward });
    await expect(plan({ model: "embedded:covenant-tiny", reward })).rejects.toMatchObject({
      code: "reward-tokens",
    });
  });
});
