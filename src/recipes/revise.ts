// `covenant revise`: answers of a model to prompts, and n rounds of critique and revision under a constitution.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import type { RevisionRecord } from "../records/index.ts";
import { planAnswers, planOf, planRevisions } from "./data-plan.ts";
import { countFinishes, describeFinishes, describeSpent, spentInRun } from "./data-summary.ts";
import { openStages } from "./open-stages.ts";
import type { Recipe } from "./recipe.ts";
import {
  constitutionSetting,
  endpointSettings,
  modelSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  reviseSettings,
  samplingSettings,
  seedSetting,
} from "./settings.ts";
import { constitutionUnder } from "./stages/arms.ts";
import { answerStage, reviseStage } from "./stages/data.ts";
import { gatherTrainPrompts, trainPromptStage } from "./stages/prompts.ts";

export const reviseSchema = z.strictObject({
  out: z.string().min(1).default("runs/revise").describe("run folder"),
  seed: seedSetting,
  model: modelSetting,
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("use the constitution's inversion"),
  prompts: promptsSetting,
  kind: promptKindSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts"),
  counts: promptCounts(20, 0, 0),
  sampling: samplingSettings,
  revise: reviseSettings,
  endpoint: endpointSettings,
});

/** One chain as a person reads it. */
const showChain = ({ messages, answer, steps }: RevisionRecord): string[] => [
  "",
  `Prompt:    ${messages.at(-1)?.content ?? ""}`,
  `Answer:    ${answer}`,
  ...steps.flatMap(({ round, principle, critique, revision }) => [
    `Round ${round} (${principle})`,
    ...(critique === "" ? [] : [`  Critique: ${critique}`]),
    `  Revision: ${revision}`,
  ]),
];

/** `covenant revise`. */
export const recipe: Recipe<typeof reviseSchema> = {
  command: ["revise"],
  summary: "answer prompts, then criticise and revise the answers by a constitution",
  schema: reviseSchema,
  flags: {
    out: { path: "out", description: "run folder (the same folder again continues)", placeholder: "folder" },
    seed: { path: "seed", description: "seed", placeholder: "number" },
    model: { path: "model", description: "model that answers and revises", placeholder: "name" },
    constitution: { path: "constitution", description: "library name or YAML file", placeholder: "name" },
    inverted: { path: "inverted", description: "use the constitution's inversion", placeholder: "true" },
    prompts: { path: "prompts", description: 'JSONL file (.gz too), or "sandbox"', placeholder: "file" },
    limit: { path: "limit", description: "at most so many prompts", placeholder: "number" },
    "max-tokens": { path: "sampling.maxTokens", description: "tokens a reply", placeholder: "number" },
    concurrency: {
      path: "endpoint.concurrency",
      description: "calls in flight at an endpoint",
      placeholder: "number",
    },
    rounds: { path: "revise.rounds", description: "rounds of critique and revision", placeholder: "number" },
  },
  async plan(config) {
    const constitution = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
    const { prompts } = await gatherTrainPrompts(config);
    const { maxTokens } = config.sampling;
    return planOf(
      [
        planAnswers(prompts, maxTokens),
        planRevisions(prompts, constitution, { ...config.revise, maxTokens }),
      ],
      [config.model],
    );
  },
  async run({ endpoint, ...config }, context) {
    const constitution = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
    const stages = ["prompts", "answer", "revise"];
    await using opened = await openStages("revise", config, context, stages, constitution);
    const pipeline = { ...opened, endpoint };
    const prompts = await trainPromptStage(pipeline, config);
    const { model, sampling } = config;
    const answers = await answerStage(pipeline, {
      name: "answer",
      after: ["prompts"],
      model,
      prompts,
      sampling,
    });
    const revisions = await reviseStage(pipeline, {
      name: "revise",
      after: ["answer"],
      model,
      constitution,
      prompts,
      answers,
      ...config.revise,
      sampling,
    });
    await pipeline.run.finish();
    const { folder } = pipeline.run;
    const file = join(folder, "revise", "revisions.jsonl");
    const answered = countFinishes(answers);
    const revised = countFinishes(revisions.flatMap(({ steps }) => steps));
    const spent = await spentInRun(folder, stages);
    return {
      lines: [
        ...revisions.slice(0, 3).flatMap(showChain),
        "",
        describeFinishes("answers", answered, sampling.maxTokens),
        describeFinishes("revisions", revised, sampling.maxTokens),
        ...describeSpent(spent),
        `${revisions.length} chains: ${file}`,
      ],
      document: {
        folder,
        revisions: file,
        prompts: prompts.length,
        chains: revisions.length,
        finishes: { answers: answered, revisions: revised },
        spent,
      },
    };
  },
};
