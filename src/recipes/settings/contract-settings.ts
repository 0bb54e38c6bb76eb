// The settings of `covenant simulate contract`, and what they name, loaded and checked: who talks with whom about what, what is
// rated, and how a constitution is made of it.

import { z } from "zod";
import { loadConstitution } from "../../constitution/index.ts";
import { expandHome, UserError } from "../../core/index.ts";
import type { Metric, Task } from "../../records/index.ts";
import {
  type Contract,
  castOf,
  type EpisodeWording,
  episodeWordings,
  libraryName,
  loadMetrics,
  metaPromptNames,
  withIds,
  withOwnMetaTexts,
  wordings,
} from "../../simulation/index.ts";
import { readModelName } from "./names.ts";
import {
  contentSetting,
  promptsSetting,
  roleSampling,
  samplingOf,
  userRole,
  writerRole,
} from "./role-settings.ts";
import { askedLoadSetting, callSettings, outSetting, seedSetting } from "./settings.ts";
import { choosePersonas, chooseTasks, chosen, isFile, sandboxName, speakingOf } from "./stakeholders.ts";

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();
const name = z.string().trim().min(1);
const file = (what: string) =>
  z
    .string()
    .min(1)
    .overwrite(expandHome)
    .default(libraryName)
    .describe(`"${libraryName}", "${sandboxName}" (in its language, made by the seed), or a file of ${what}`);

/** Tasks where none are named: of the library, or how many of the sandbox. */
const usualTasks = { library: ["rights-by-place"], sandbox: 48, file: 1 } as const;

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
  wording: z
    .enum(wordings)
    .default("full")
    .describe(
      "full: for models that follow instructions; brief: what embedded:covenant-assembly was made with",
    ),
  personas: file("personas (YAML, JSON, JSONL, CSV, TSV, Parquet)"),
  users: chosen("personas")
    .default(4)
    .describe("how many personas take part, drawn by the seed; or their ids; or all"),
  tasks: file("tasks"),
  task: chosen("tasks")
    .optional()
    .describe(
      `ids of tasks, how many, drawn by the seed, or all; default: ${usualTasks.library.join(", ")}, ${usualTasks.sandbox} of the sandbox's, or one of a file`,
    ),
  tasksPer: z
    .enum(["run", "talk"])
    .default("run")
    .describe("run: runs take tasks by turns; talk: every talk of a run has its own, dealt by the seed"),
  sandbox: z
    .strictObject({
      split: z
        .enum(["train", "test"])
        .default("test")
        .describe("requests of the sandbox that talks are about; test: held out of training"),
      requests: count
        .default(100)
        .describe(
          "held-out requests that show in the end how content its people truly are under the constitution, beside none, a random one and the best; 0: none",
        ),
    })
    .prefault({})
    .describe("where personas and tasks are the sandbox's"),
  metrics: z
    .strictObject({
      file: z
        .string()
        .min(1)
        .overwrite(expandHome)
        .default(libraryName)
        .describe(`"${libraryName}", or a file of metrics`),
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
  prompts: promptsSetting,
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
  contentFrom: contentSetting("meta-model"),
  carry: z.boolean().default(false).describe("talks go on from run to run, instead of beginning anew"),
  converge: z
    .union([z.enum(["off", "same"]), z.number().gt(0).max(1)], {
      error: 'expected "off", "same" or a similarity above 0 and at most 1',
    })
    .default("off")
    .describe("stop after a run whose constitution is the same as before, or at least so similar"),
  roles: z
    .strictObject({
      assistant: z.strictObject(roleSampling(0, 300)).prefault({}),
      user: userRole,
      meta: writerRole("meta-model", { temperature: 0.5, words: 150 }),
    })
    .prefault({}),
  load: askedLoadSetting,
  ...callSettings,
});
export type ContractConfig = z.output<typeof contractSchema>;

const chooseMetrics = (all: readonly Metric[], ids: readonly string[], field: string): Metric[] => {
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice === undefined) return withIds(all, ids, `metric for ${field}`);
  throw new UserError("metric-twice", `${field}: got "${twice}" twice; expected each metric once.`, {
    field,
  });
};

/** What the talks of a contract are about. Throws UserError as chooseTasks does. */
export const contractTasks = ({ tasks: source, task, sandbox, seed }: ContractConfig): Promise<Task[]> =>
  chooseTasks({
    ...{ tasks: source, split: sandbox.split, seed },
    task: task ?? usualTasks[isFile(source) ? "file" : source === sandboxName ? "sandbox" : "library"],
  });

/** Everything that the settings name, loaded. Throws UserError for what is missing or does not fit. */
export const loadContract = async (config: ContractConfig) => {
  const personas = await choosePersonas(config);
  const tasks = await contractTasks(config);
  const allMetrics = await loadMetrics(config.metrics.file);
  const metrics = {
    own: chooseMetrics(allMetrics, config.metrics.own, "metrics.own"),
    others: chooseMetrics(allMetrics, config.metrics.others, "metrics.others"),
  };
  const cast = castOf(personas, config.assistants ?? personas.length, config.graph);
  const wording: EpisodeWording = episodeWordings[config.wording];
  const known = wording.metaPrompts[config.metaPrompt];
  const metaPrompt = config.prompts === undefined ? known : await withOwnMetaTexts(known, config.prompts);
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
    assistant: samplingOf(assistant),
    user: samplingOf(user),
    meta: samplingOf(meta),
  };
  const speaking = speakingOf(config, personas);
  return { wording, tasks, metrics, cast, metaPrompt, first, models, sampling, speaking };
};
export type ContractSetup = Awaited<ReturnType<typeof loadContract>>;

/** The files that the settings name, by the part they play. */
export const contractFiles = ({
  personas,
  tasks,
  metrics,
  prompts,
}: ContractConfig): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ personas, tasks, metrics: metrics.file, prompts }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && isFile(entry[1]),
    ),
  );

/** Whether everybody and everything is of the sandbox's language, so that its oracle can tell afterwards what came of it. */
export const isMeasured = (
  { tasks, sandbox }: ContractConfig,
  { speaking }: Pick<ContractSetup, "speaking">,
): boolean => speaking.personas === sandboxName && tasks === sandboxName && sandbox.requests > 0;
