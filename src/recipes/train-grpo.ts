// `covenant train grpo`: GRPO or RLOO of a policy against a reward model, an AI judge under a constitution, or both, as a
// run of its own. Prompts that are marked for testing are left out.

import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { expandHome, UserError } from "../core/index.ts";
import { loadElsewhere, priceOfModel, runsHere } from "../models/index.ts";
import { looksOf } from "../training/index.ts";
import { policySize } from "./costs/policy-size.ts";
import { foreignNotices } from "./inputs/foreign-principles.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./inputs/open-stages.ts";
import { lengthsOf, readPrompts } from "./inputs/policy-reading.ts";
import { planComparisons, planOf } from "./plans/plan.ts";
import { lettersBy } from "./plans/plan-letters.ts";
import { planPolicy } from "./plans/plan-training.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { constitutionUnder } from "./settings/arms.ts";
import {
  constitutionFlag,
  formatFlag,
  kindFlag,
  loadFlag,
  modelFlag,
  promptsFlag,
  runFlags,
  textsFlag,
} from "./settings/flags.ts";
import { readModelName } from "./settings/names.ts";
import { grpoSettings } from "./settings/policy-settings.ts";
import { formatSetting } from "./settings/prompt-settings.ts";
import {
  callSettings,
  chatTemplateSetting,
  constitutionSetting,
  fileSetting,
  loadSetting,
  modelName,
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
import { grpoStage } from "./stages/grpo.ts";
import { requireSameTokens } from "./stages/model-checks.ts";
import { gatherOneSide, oneSidedStage } from "./stages/prompts.ts";
import { templateFile } from "./stages/text-reading.ts";
import { requireConsistent } from "./stages/training-parts.ts";
import { finishPolicy } from "./summaries/policy-outcome.ts";

const weight = z.number().default(1);

const schema = z.strictObject({
  out: outSetting("runs/grpo"),
  seed: seedSetting,
  model: modelSetting.describe("policy to start from, and reference"),
  reward: fileSetting("a folder")
    .overwrite((name) => readModelName(expandHome(name)))
    .optional()
    .describe("reward model's folder"),
  rewardLoad: rewardLoadSetting,
  judge: modelName.optional().describe("model that compares the replies to a prompt, under the constitution"),
  judgeLoad: loadSetting.describe(
    "hold the judge's projections in so few bits: 4bit (NF4), an eighth of the memory; 8bit (int8), faster",
  ),
  weights: z
    .strictObject({
      reward: weight.describe("weight of the reward model's score"),
      judge: weight.describe("weight of the judge's"),
    })
    .prefault({}),
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("judge under the constitution's inversion"),
  prompts: promptsSetting,
  texts: textsSetting,
  chatTemplate: chatTemplateSetting,
  kind: promptKindSetting,
  format: formatSetting,
  counts: promptCounts(200, 100, 100),
  sampling: replySettings,
  grpo: grpoSettings,
  ...callSettings,
});
type GrpoConfig = z.output<typeof schema>;

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: GrpoConfig, context: RecipeContext) => {
  const { model, reward, rewardLoad, judge, judgeLoad } = config;
  if (reward === undefined && judge === undefined) {
    throw new UserError(
      "reward-needed",
      "Nothing gives a reward. Expected a reward model (--reward ./runs/reward/reward/model), a judge (--judge embedded:covenant-tiny), or both.",
    );
  }
  if (rewardLoad !== undefined && reward === undefined)
    throw new UserError(
      "reward-needed",
      `rewardLoad is ${rewardLoad}, and there is no reward model. Name one: --reward.`,
    );
  if (judgeLoad !== undefined && (judge === undefined || !runsHere(judge)))
    throw judge === undefined
      ? new UserError("judge-needed", `judgeLoad is ${judgeLoad}, and there is no judge. Name one: --judge.`)
      : loadElsewhere([judge], judgeLoad);
  const constitution = constitutionUnder(
    await loadConstitution(config.constitution),
    config.inverted,
    "judge",
  );
  requireConsistent(config.grpo, "grpo");
  const given = await gatherOneSide(config, "train", context);
  const inputs = await checkInputs(
    {
      models: {
        model: [model, "trained-bare"],
        ...(reward === undefined ? {} : { reward: [reward, "rewards"] as const }),
        ...(judge === undefined ? {} : { judge: [judge, "asked"] as const }),
      },
      files: { ...promptFile(given), ...templateFile(config.chatTemplate) },
      calls: config,
      ...(judge === undefined ? {} : { constitution }),
      load: judgeLoad,
      training: config.grpo,
    },
    context,
  );
  if (reward !== undefined) requireSameTokens(model, reward, inputs.tokens);
  const foreign = judge === undefined ? [] : foreignNotices(constitution, judge, inputs.languages["judge"]);
  const prompts = { ...given, notices: [...given.notices, ...foreign] };
  const reading = await readPrompts(config, prompts, inputs, ["grpo", config.grpo]);
  const request = { name: "train grpo", config, stages: ["prompts", "rl"], inputs };
  return { prompts, reading, inputs, constitution, request };
};

/** `covenant train grpo`. */
export const recipe: Recipe<typeof schema> = {
  command: ["train", "grpo"],
  summary: "optimise a model against a reward model or a judge with GRPO or RLOO",
  schema,
  flags: {
    ...runFlags,
    model: modelFlag("policy to start from"),
    reward: { path: "reward", description: "reward model's folder", placeholder: "folder" },
    "reward-load": {
      ...loadFlag("rewardLoad"),
      description: "hold the reward model's projections in so few bits",
    },
    judge: { path: "judge", description: "model that compares replies", placeholder: "name" },
    "judge-load": { ...loadFlag("judgeLoad"), description: "hold the judge's projections in so few bits" },
    constitution: constitutionFlag,
    load: loadFlag("grpo.load"),
    estimator: { path: "grpo.estimator", description: "grpo or rloo", placeholder: "name" },
    prompts: promptsFlag,
    texts: textsFlag,
    kind: kindFlag,
    format: formatFlag,
    steps: { path: "grpo.steps", description: "steps of sampling and learning", placeholder: "number" },
  },
  async plan(config, context) {
    const { prompts, reading, inputs, constitution, request } = await prepare(config, context);
    await checkFolder(request, context);
    const { grpo: settings, judge } = config;
    const { maxTokens } = config.sampling;
    const { steps, batch, group, iterations, beta } = settings;
    const prompt = lengthsOf(reading);
    const { heldOut } = reading.counts;
    const shared = { replies: batch * group, maxTokens, hasReference: beta > 0, heldOut };
    const { model, reward, judge: judging } = inputs.configs;
    const helpers = [[reward, config.rewardLoad] as const, [judging, config.judgeLoad] as const];
    // a model that is to be fetched first has no shape yet
    const size =
      model == null
        ? undefined
        : policySize(model, {
            ...shared,
            // a judge holds replies to prompts kept out against the starting model's
            hasReference: shared.hasReference || (judge !== undefined && heldOut > 0),
            prompt: prompt.longest,
            helpers: helpers.flatMap(([one, load]) => (one == null ? [] : [{ config: one, load }])),
            settings,
          });
    const { speeds } = inputs;
    const learning = planPolicy("rl", prompt, {
      ...{ ...settings, ...shared, epochs: iterations, speed: speeds["model"]!, size },
      ...(judge === undefined ? {} : { compared: heldOut }),
      ...(config.reward === undefined ? {} : { reward: speeds["reward"]! }),
    });
    if (judge === undefined) return planOf(learning, reading.notices);
    const looked = looksOf(settings.evaluateEvery, steps) * heldOut;
    const comparisons = steps * batch * (group > 2 ? group : 1) + looked;
    const compared = Array.from({ length: comparisons }, (_, at) => prompts.used[at % prompts.used.length]!);
    const asked = {
      ...{ method: "choice" as const, ...lettersBy(judge) },
      ...{ speed: speeds["judge"]!, maxTokens, price: priceOfModel(config.prices, judge) },
    };
    const judged = planComparisons("rl", compared, constitution, asked);
    return planOf([...learning, judged], reading.notices);
  },
  async run(config, context) {
    const { prompts: gathered, reading, constitution, request } = await prepare(config, context);
    await using pipeline = await openStages(request, context);
    const { reward, rewardLoad: load, judge, judgeLoad, weights } = config;
    const model = await grpoStage(pipeline, {
      name: "rl",
      after: ["prompts"],
      model: config.model,
      ...(reward === undefined ? {} : { rewardModel: { folder: reward, weight: weights.reward, load } }),
      ...(judge === undefined
        ? {}
        : { judge: { model: judge, constitution, weight: weights.judge, load: judgeLoad } }),
      prompts: await oneSidedStage(pipeline, gathered),
      placeOf: gathered.placeOf,
      maxTokens: config.sampling.maxTokens,
      settings: config.grpo,
      texts: reading.texts,
      chatTemplate: config.chatTemplate,
    });
    const { texts, counts } = reading;
    return await finishPolicy(pipeline, config, { model, counts, texts, settings: config.grpo });
  },
};
