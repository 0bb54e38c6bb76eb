// The settings of `covenant run`: one schema, with all its defaults.

import { z } from "zod";
import {
  constitutionSetting,
  dpoSettings,
  labelSettings,
  modelSetting,
  ppoSettings,
  promptCounts,
  promptsSetting,
  reviseSettings,
  rewardSettings,
  samplingSettings,
  seedSetting,
  sftSettings,
} from "./settings.ts";
import { armNames } from "./stages/arms.ts";

export const runSchema = z.strictObject({
  out: z.string().min(1).default("runs/default").describe("run folder"),
  seed: seedSetting,
  model: modelSetting,
  judge: z.string().min(1).optional().describe("model that labels; default: the model itself"),
  constitution: constitutionSetting,
  prompts: promptsSetting,
  train: promptCounts(400, 250, 200),
  test: promptCounts(200, 120, 120),
  arms: z
    .array(z.enum(armNames))
    .min(1)
    .default([...armNames]),
  sampling: samplingSettings,
  revise: reviseSettings,
  sft: sftSettings,
  label: labelSettings,
  reward: rewardSettings,
  dpo: dpoSettings,
  ppo: ppoSettings,
});
export type RunConfig = z.output<typeof runSchema>;
