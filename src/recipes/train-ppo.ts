// `covenant train ppo`: PPO of a policy against a reward model, as a run of its own.
// Prompts that are marked for testing are left out.

import { z } from "zod";
import { expandHome } from "../core/index.ts";
import { policySize } from "./costs/policy-size.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./inputs/open-stages.ts";
import { lengthsOf, readPrompts } from "./inputs/policy-reading.ts";
import { planOf } from "./plans/plan.ts";
import { planPolicy } from "./plans/plan-training.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import {
  formatFlag,
  kindFlag,
  loadFlag,
  modelFlag,
  promptsFlag,
  runFlags,
  textsFlag,
} from "./settings/flags.ts";
import { readModelName } from "./settings/names.ts";
import { ppoTrainingSettings } from "./settings/policy-settings.ts";
import { formatSetting } from "./settings/prompt-settings.ts";
import {
  chatTemplateSetting,
  fileSetting,
  modelSetting,
  outSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  replySettings,
  rewardLoadSetting,
  seedSetting,
  textsSetting,
} from "./settings/settings.ts";
import { requireSameTokens } from "./stages/model-checks.ts";
import { ppoStage } from "./stages/ppo.ts";
import { gatherOneSide, oneSidedStage } from "./stages/prompts.ts";
import { templateFile } from "./stages/text-reading.ts";
import { requireConsistent } from "./stages/training-parts.ts";
import { finishPolicy } from "./summaries/policy-outcome.ts";

const schema = z.strictObject({
  out: outSetting("runs/ppo"),
  seed: seedSetting,
  model: modelSetting.describe("policy to start from, and reference"),
  reward: fileSetting("a reward model is needed: --reward ./runs/reward/reward/model")
    .overwrite((name) => readModelName(expandHome(name)))
    .describe("reward model's folder"),
  rewardLoad: rewardLoadSetting,
  prompts: promptsSetting,
  texts: textsSetting,
  chatTemplate: chatTemplateSetting,
  kind: promptKindSetting,
  format: formatSetting,
  counts: promptCounts(200, 100, 100),
  sampling: replySettings,
  ppo: ppoTrainingSettings,
});
type PpoConfig = z.output<typeof schema>;

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: PpoConfig, context: RecipeContext) => {
  requireConsistent(config.ppo, "ppo");
  const prompts = await gatherOneSide(config, "train", context);
  const inputs = await checkInputs(
    {
      models: { model: [config.model, "trained-bare"], reward: [config.reward, "rewards"] },
      files: { ...promptFile(prompts), ...templateFile(config.chatTemplate) },
      training: config.ppo,
    },
    context,
  );
  requireSameTokens(config.model, config.reward, inputs.tokens);
  const reading = await readPrompts(config, prompts, inputs, ["ppo", config.ppo]);
  return {
    prompts,
    reading,
    inputs,
    request: { name: "train ppo", config, stages: ["prompts", "rl"], inputs },
  };
};

/** `covenant train ppo`. */
export const recipe: Recipe<typeof schema> = {
  command: ["train", "ppo"],
  summary: "optimise a model against a reward model with PPO and a KL penalty",
  schema,
  flags: {
    ...runFlags,
    model: modelFlag("policy to start from"),
    reward: { path: "reward", description: "reward model's folder", placeholder: "folder" },
    "reward-load": {
      ...loadFlag("rewardLoad"),
      description: "hold the reward model's projections in so few bits",
    },
    prompts: promptsFlag,
    texts: textsFlag,
    kind: kindFlag,
    format: formatFlag,
    steps: { path: "ppo.steps", description: "PPO steps", placeholder: "number" },
    load: loadFlag("ppo.load"),
  },
  async plan(config, context) {
    const { reading, inputs, request } = await prepare(config, context);
    await checkFolder(request, context);
    const settings = config.ppo;
    const { maxTokens } = config.sampling;
    const { model, reward } = inputs.configs;
    const { rewardLoad } = config;
    const prompt = lengthsOf(reading);
    const { heldOut } = reading.counts;
    const shared = { replies: settings.batch, maxTokens, hasReference: true, heldOut };
    // a model that is to be fetched first has no shape yet
    const size =
      model == null || reward == null
        ? undefined
        : policySize(model, {
            ...shared,
            prompt: prompt.longest,
            helpers: [{ config: reward, load: rewardLoad }],
            settings,
          });
    const speeds = { speed: inputs.speeds["model"]!, reward: inputs.speeds["reward"]! };
    return planOf(planPolicy("rl", prompt, { ...settings, ...shared, ...speeds, size }), reading.notices);
  },
  async run(config, context) {
    const { prompts: gathered, reading, request } = await prepare(config, context);
    await using pipeline = await openStages(request, context);
    const model = await ppoStage(pipeline, {
      name: "rl",
      after: ["prompts"],
      model: config.model,
      rewardModel: config.reward,
      rewardLoad: config.rewardLoad,
      prompts: await oneSidedStage(pipeline, gathered),
      placeOf: gathered.placeOf,
      maxTokens: config.sampling.maxTokens,
      settings: config.ppo,
      texts: reading.texts,
      chatTemplate: config.chatTemplate,
    });
    const { texts, counts } = reading;
    return await finishPolicy(pipeline, config, { model, counts, texts, settings: config.ppo });
  },
};
