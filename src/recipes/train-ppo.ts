// `covenant train ppo`: PPO of a policy against a reward model, as a run of its own.

import { z } from "zod";
import { openStages } from "./open-stages.ts";
import type { Recipe } from "./recipe.ts";
import {
  modelSetting,
  ppoSettings,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  seedSetting,
} from "./settings.ts";
import { ppoStage } from "./stages/ppo.ts";
import { trainPromptStage } from "./stages/prompts.ts";

const schema = z.strictObject({
  out: z.string().min(1).default("runs/ppo").describe("run folder"),
  seed: seedSetting,
  model: modelSetting.describe("policy to start from, and reference"),
  reward: z.string().min(1).describe("reward model's folder"),
  prompts: promptsSetting,
  kind: promptKindSetting,
  counts: promptCounts(200, 100, 100),
  maxTokens: z.number().int().positive().default(80),
  settings: ppoSettings,
});

/** `covenant train ppo`. */
export const recipe: Recipe<typeof schema> = {
  command: ["train", "ppo"],
  summary: "optimise a model against a reward model with PPO and a KL penalty",
  schema,
  flags: {
    out: { path: "out", description: "run folder (the same folder again continues)", placeholder: "folder" },
    seed: { path: "seed", description: "seed", placeholder: "number" },
    model: { path: "model", description: "policy to start from", placeholder: "name" },
    reward: { path: "reward", description: "reward model's folder", placeholder: "folder" },
    prompts: { path: "prompts", description: 'JSONL file, or "sandbox"', placeholder: "file" },
    steps: { path: "settings.steps", description: "PPO steps", placeholder: "number" },
  },
  async plan({ settings, maxTokens }) {
    const calls = settings.steps * settings.batch;
    const steps = [
      {
        stage: "rl",
        what: `${settings.steps} steps of ${settings.batch} replies`,
        calls,
        tokens: calls * maxTokens,
      },
    ];
    return { steps, seconds: null, dollars: 0 };
  },
  async run(config, context) {
    await using pipeline = await openStages("train ppo", config, context, ["prompts", "rl"]);
    const prompts = await trainPromptStage(pipeline, config);
    const model = await ppoStage(pipeline, {
      name: "rl",
      after: ["prompts"],
      model: config.model,
      rewardModel: config.reward,
      prompts,
      maxTokens: config.maxTokens,
      settings: config.settings,
    });
    await pipeline.run.finish();
    return { lines: [`Model: ${model}`], document: { folder: pipeline.run.folder, model } };
  },
};
