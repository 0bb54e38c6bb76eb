// The settings of `covenant simulate contract`, and what they name, loaded and checked: who talks with whom about what, what is
// rated, and how a constitution is made of it.

import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { createRandom, deriveSeed, expandHome, UserError } from "../core/index.ts";
import type { Metric, Persona } from "../records/index.ts";
import {
  type Contract,
  castOf,
  libraryName,
  loadMetrics,
  loadPersonas,
  loadTasks,
  metaPromptNames,
  metaPrompts,
  withIds,
  withOwnText,
} from "../simulation/index.ts";
import { readModelName } from "./names.ts";
import {
  askedLoadSetting,
  callSettings,
  modelName,
  outSetting,
  samplingSettings,
  seedSetting,
} from "./settings.ts";

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();
const name = z.string().trim().min(1);
const file = (what: string) =>
  z
    .string()
    .min(1)
    .overwrite(expandHome)
    .default(libraryName)
    .describe(`"${libraryName}", or a file of ${what}`);

const role = (temperature: number, maxTokens: number) => ({
  temperature: z.number().nonnegative().default(temperature).describe("0: always the likeliest token"),
  topP: samplingSettings.unwrap().shape.topP,
  maxTokens: positive.default(maxTokens).describe("tokens a reply at most, whatever the role is told"),
});
const ownModel = modelName.optional().describe("model of this role; default: model");

/** Several names, as a list or with commas between. */
const names = z.string().transform((text) =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean),
);

export const contractSchema = z.strictObject({
  out: outSetting("runs/contract"),
  seed: seedSetting,
  model: z
    .string({
      error: ({ input }) =>
        input === undefined
          ? "a model is needed that can take these parts (--model openai:name, hf:owner/name, http://host/v1#name, scripted:file.yaml)"
          : undefined,
    })
    .min(1)
    .overwrite(readModelName)
    .describe("model of the assistants, and of the other roles where they name none"),
  personas: file("personas (YAML, JSON, JSONL, CSV, TSV, Parquet)"),
  users: z
    .union([positive, z.literal("all"), z.array(name).min(1), names], {
      error: 'expected a number, "all", or ids of personas',
    })
    .default(4)
    .describe("how many personas take part, drawn by the seed; or their ids; or all"),
  tasks: file("tasks"),
  task: z.array(name).min(1).default(["rights-by-place"]).describe("ids of tasks; runs take them by turns"),
  metrics: z
    .strictObject({
      file: file("metrics"),
      own: z.array(name).min(1).default(["satisfaction"]).describe("what users rate in their own talk"),
      others: z.array(name).default(["harmlessness"]).describe("what they rate in the talks of others"),
    })
    .prefault({}),
  assistants: positive.optional().describe("seats of assistants; default: one for each user"),
  graph: z
    .union([z.enum(["even", "all"]), z.array(z.tuple([positive, positive])).min(1)], {
      error: 'expected "even", "all", or pairs [user, assistant]',
    })
    .default("even")
    .describe("who talks with whom: even, all, or pairs of a user's and an assistant's number"),
  runs: positive.default(5).describe("runs; after each a constitution is made, which the next begins with"),
  turns: positive.default(2).describe("drafts in every talk of a run"),
  raters: z
    .union([z.literal("all"), count], { error: 'expected "all" or a number' })
    .default("all")
    .describe("how many others rate each draft, drawn by the seed; all: n(n-1) calls a turn"),
  metaPrompt: z
    .enum(metaPromptNames as [(typeof metaPromptNames)[number]])
    .default("contract")
    .describe("how a constitution is asked for"),
  metaText: z
    .string()
    .min(1)
    .overwrite(expandHome)
    .optional()
    .describe("file with a text of one's own in place of the meta-prompt's, with the same holes"),
  constitution: z
    .string()
    .min(1)
    .overwrite(expandHome)
    .optional()
    .describe("what assistants keep to in the first run: a library name or a file; default: nothing"),
  windows: z
    .strictObject({
      assistant: count.default(5).describe("earlier turns of its talk that an assistant is shown"),
      user: count.default(5).describe("earlier turns of the own talk that a user is shown"),
      meta: positive
        .optional()
        .describe("last turns of each talk that the meta-model is shown; default: all"),
      documents: count
        .default(0)
        .describe("older constitutions that the meta-model is shown beside the current one"),
    })
    .prefault({}),
  carry: z.boolean().default(false).describe("talks go on from run to run, instead of beginning anew"),
  converge: z
    .union([z.enum(["off", "same"]), z.number().gt(0).max(1)], {
      error: 'expected "off", "same" or a similarity above 0 and at most 1',
    })
    .default("off")
    .describe("stop after a run whose constitution is the same as before, or at least so similar"),
  roles: z
    .strictObject({
      assistant: z.strictObject(role(0, 300)).prefault({}),
      user: z
        .strictObject({
          model: ownModel,
          ...role(0, 150),
          words: positive.default(30).describe("words of a comment at most, as users are told"),
        })
        .prefault({}),
      meta: z
        .strictObject({
          model: ownModel,
          ...role(0.5, 1500),
          words: positive.default(150).describe("words of a document at most, as the meta-model is told"),
          attempts: positive.default(3).describe("how often it is asked where its reply cannot be read"),
        })
        .prefault({}),
    })
    .prefault({}),
  load: askedLoadSetting,
  ...callSettings,
});
export type ContractConfig = z.output<typeof contractSchema>;

/** Which personas take part. Throws UserError where there are too few. */
export const choosePersonas = (
  all: readonly Persona[],
  { users, seed, personas }: Pick<ContractConfig, "users" | "seed" | "personas">,
): Persona[] => {
  if (users === "all") return [...all];
  if (Array.isArray(users)) return withIds(all, users, "persona");
  if (users <= all.length) return createRandom(deriveSeed(seed, "users")).shuffle(all).slice(0, users);
  throw new UserError(
    "personas-too-few",
    `users is ${users}, and ${personas === libraryName ? "the library" : personas} has ${all.length} personas. Give a smaller number, or a file with more (--personas).`,
    { users, personas: all.length },
  );
};

const chooseMetrics = (all: readonly Metric[], ids: readonly string[], field: string): Metric[] => {
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice === undefined) return withIds(all, ids, "metric");
  throw new UserError("metric-twice", `${field}: got "${twice}" twice; expected each metric once.`, {
    field,
  });
};

/** Everything that the settings name, loaded. Throws UserError for what is missing or does not fit. */
export const loadContract = async (config: ContractConfig) => {
  const personas = choosePersonas(await loadPersonas(config.personas), config);
  const tasks = withIds(await loadTasks(config.tasks), config.task, "task");
  const allMetrics = await loadMetrics(config.metrics.file);
  const metrics = {
    own: chooseMetrics(allMetrics, config.metrics.own, "metrics.own"),
    others: chooseMetrics(allMetrics, config.metrics.others, "metrics.others"),
  };
  const cast = castOf(personas, config.assistants ?? personas.length, config.graph);
  const known = metaPrompts[config.metaPrompt];
  const metaPrompt = config.metaText === undefined ? known : await withOwnText(known, config.metaText);
  const first: Contract = {
    constitution: config.constitution === undefined ? null : await loadConstitution(config.constitution),
    contract: null,
    message: metaPrompt.form === "rewrite",
  };
  const { assistant, user, meta } = config.roles;
  const models = {
    assistant: config.model,
    user: user.model ?? config.model,
    meta: meta.model ?? config.model,
  };
  const sampling = {
    assistant: { temperature: assistant.temperature, topP: assistant.topP, maxTokens: assistant.maxTokens },
    user: { temperature: user.temperature, topP: user.topP, maxTokens: user.maxTokens },
    meta: { temperature: meta.temperature, topP: meta.topP, maxTokens: meta.maxTokens },
  };
  return { tasks, metrics, cast, metaPrompt, first, models, sampling };
};
export type ContractSetup = Awaited<ReturnType<typeof loadContract>>;

/** The files that the settings name, by the part they play. */
export const contractFiles = ({
  personas,
  tasks,
  metrics,
  metaText,
}: ContractConfig): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ personas, tasks, metrics: metrics.file, metaText }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== libraryName,
    ),
  );
