// The settings of `covenant run`: one schema, with all its defaults.
// Commands of single stages have schemas of their own, made of the same pieces.

import { z } from "zod";
import { armNames } from "./arms.ts";
import { labelSettings } from "./judge-protocol-settings.ts";
import { ppoSettings } from "./policy-settings.ts";
import { formatSetting } from "./prompt-settings.ts";
import {
  askedLoadSetting,
  callSettings,
  constitutionSetting,
  dpoSettings,
  modelName,
  modelSetting,
  outSetting,
  promptCounts,
  promptsSetting,
  reviseSettings,
  rewardSettings,
  samplingSettings,
  seedSetting,
  sftSettings,
} from "./settings.ts";

export const runSchema = z.strictObject({
  out: outSetting("runs/default"),
  seed: seedSetting,
  model: modelSetting,
  judge: modelName.optional().describe("model that labels; default: the model itself"),
  constitution: constitutionSetting,
  prompts: promptsSetting,
  format: formatSetting,
  counts: z
    .strictObject({
      train: promptCounts(320, 200, 160, "to train on"),
      test: promptCounts(200, 120, 120, "to measure on"),
    })
    .prefault({}),
  arms: z
    .array(z.enum(armNames))
    .min(1)
    .refine((arms) => new Set(arms).size === arms.length, "an arm is named twice; name each arm once")
    .default([...armNames])
    .describe("ethical: under the constitution as it is written; inverted: under its opposite"),
  sampling: samplingSettings,
  revise: reviseSettings,
  sft: sftSettings,
  label: labelSettings(0.6, 8),
  reward: rewardSettings,
  dpo: dpoSettings,
  ppo: ppoSettings,
  load: askedLoadSetting,
  ...callSettings,
});
export type RunConfig = z.output<typeof runSchema>;
