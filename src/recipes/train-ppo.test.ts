// What training by reward refuses before it begins.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
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
const place = mkdtempSync(join(tmpdir(), "covenant-train-ppo-"));
afterAll(() => rmSync(place, { recursive: true }));
const counts = { harmful: 1, harmless: 0, lookalike: 0 };

type Asked = {
  readonly model: string;
  readonly reward: string;
  readonly counts?: typeof counts;
  readonly prompts?: string;
  readonly chatTemplate?: string;
  readonly rewardLoad?: "4bit";
};

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

  const policy = `${golden}/llama-random/tied`;
  /** A reward model like the golden one, changed. */
  const rewardWith = (own: string, change: (folder: string) => void): string => {
    const folder = join(place, `${name}-${own}`);
    cpSync(`${golden}/llama-random/scored`, folder, { recursive: true });
    change(folder);
    return folder;
  };

  it("leaves out prompts that the reward model cannot read with a reply, and says so", async () => {
    const prompts = join(place, `${name}.jsonl`);
    const rows = ["the river", "the river ".repeat(40)].map((prompt) => JSON.stringify({ prompt }));
    writeFileSync(prompts, rows.join("\n"));
    const reward = rewardWith("narrow", (folder) => {
      const file = join(folder, "config.json");
      const config = JSON.parse(readFileSync(file, "utf8")) as object;
      writeFileSync(file, JSON.stringify({ ...config, max_position_embeddings: 40 }));
    });
    const codes = async (asked: Asked) =>
      ((await plan({ ...asked, prompts })).notices ?? []).map(({ text }) => text);
    const wide = await codes({ model: policy, reward: `${golden}/llama-random/scored` });
    expect(wide.filter((text) => text.includes("left out"))).toEqual([]);
    const narrow = await codes({ model: policy, reward });
    expect(narrow.filter((text) => text.includes("left out"))).toEqual([
      expect.stringMatching(
        /^1 of 2 prompts leaves .* the reward model's context of \d\d tokens .*, line 2 /,
      ),
    ]);
  });

  it("warns where the reward model reads another chat format than the policy writes", async () => {
    const formats = async (asked: Asked) =>
      ((await plan(asked)).notices ?? [])
        .filter(({ code }) => code === "reward-format")
        .map(({ text }) => text);
    const reward = `${golden}/llama-random/scored`;
    expect(await formats({ model: policy, reward })).toEqual([]);
    const source = readFileSync(join(policy, "chat_template.jinja"), "utf8");
    const same = join(place, "same.jinja");
    writeFileSync(same, `{# the same in other words #}${source}`);
    expect(await formats({ model: policy, reward, chatTemplate: same })).toEqual([]);
    const other = join(place, "other.jinja");
    writeFileSync(other, source.replace("<|end|>", "<|end|>\n"));
    expect(await formats({ model: policy, reward, chatTemplate: other })).toEqual([
      expect.stringContaining(`${reward} has another chat template than the policy ${policy}`),
    ]);
    const bare = rewardWith("bare", (folder) => rmSync(join(folder, "chat_template.jinja")));
    expect(await formats({ model: policy, reward: bare })).toEqual([
      expect.stringMatching(/-bare has no chat template, so it was trained on plain texts/),
    ]);
  });

  it("takes less memory with a reward model in fewer bits", async () => {
    const memory = async (asked: Partial<Asked>) =>
      (await plan({ model: policy, reward: `${golden}/llama-random/scored`, ...asked })).steps.at(-1)!.size!
        .memory;
    expect(await memory({ rewardLoad: "4bit" })).toBeLessThan(await memory({}));
  });
});
