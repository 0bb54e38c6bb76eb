// `covenant revise`: answers of a model to prompts, and n rounds of critique and revision under a constitution.

import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import type { RevisionRecord } from "../records/index.ts";
import { openStages } from "./open-stages.ts";
import type { Recipe } from "./recipe.ts";
import {
  constitutionSetting,
  modelSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  reviseSettings,
  samplingSettings,
  seedSetting,
} from "./settings.ts";
import { constitutionUnder } from "./stages/arms.ts";
import { answerStage, promptStage, reviseStage } from "./stages/data.ts";

export const reviseSchema = z.strictObject({
  out: z.string().min(1).default("runs/revise").describe("run folder"),
  seed: seedSetting,
  model: modelSetting,
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("use the constitution's inversion"),
  prompts: promptsSetting,
  kind: promptKindSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts of the file"),
  counts: promptCounts(20, 0, 0),
  sampling: samplingSettings,
  revise: reviseSettings,
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
    limit: { path: "limit", description: "at most so many prompts of the file", placeholder: "number" },
    rounds: { path: "revise.rounds", description: "rounds of critique and revision", placeholder: "number" },
  },
  async plan(config) {
    const prompts = config.limit ?? config.counts.harmful + config.counts.harmless + config.counts.lookalike;
    const calls = config.revise.mode === "direct" ? config.revise.rounds : 2 * config.revise.rounds;
    const size = config.sampling.maxTokens;
    return {
      steps: [
        { stage: "answer", what: `up to ${prompts} answers`, calls: prompts, tokens: prompts * size },
        {
          stage: "revise",
          what: `${config.revise.rounds} rounds`,
          calls: prompts * calls,
          tokens: prompts * calls * 3 * size,
        },
      ],
      seconds: null,
      dollars: null,
    };
  },
  async run(config, context) {
    const constitution = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
    await using pipeline = await openStages(
      "revise",
      config,
      context,
      ["prompts", "answer", "revise"],
      constitution,
    );
    const prompts = await promptStage(pipeline, {
      source: config.prompts,
      train: config.counts,
      test: { harmful: 0, harmless: 0, lookalike: 0 },
      ...(config.limit === undefined ? {} : { limit: config.limit }),
      ...(config.kind === undefined ? {} : { kind: config.kind }),
    });
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
    const file = `${pipeline.run.folder}/revise/revisions.jsonl`;
    return {
      lines: [...revisions.slice(0, 3).flatMap(showChain), "", `${revisions.length} chains: ${file}`],
      document: { folder: pipeline.run.folder, revisions: file, chains: revisions.length },
    };
  },
};
