// `covenant persona generate`: a model writes personas from what is to be known of each, into a YAML file that is to be looked
// through and edited before they take part. A file that is there already is never overwritten.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { CovenantError, counted, expandHome, formatYaml, UserError, writeFileAtomic } from "../core/index.ts";
import { priceOfModel } from "../models/index.ts";
import {
  libraryName,
  loadTasks,
  personaMessages,
  withIds,
  wordings,
  writePersonas,
} from "../simulation/index.ts";
import { requireKnownWords } from "./inputs/fluency.ts";
import { checkInputs } from "./inputs/open-stages.ts";
import { planCalls, planOf, planWriting, tokensOf } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { budgetFlag, modelFlag } from "./settings/flags.ts";
import { readModelName } from "./settings/names.ts";
import { callSettings, outSetting, samplingSettings } from "./settings/settings.ts";
import { sandboxName } from "./settings/stakeholders.ts";
import { withCalledModel } from "./stages/called-model.ts";
import { openCalls } from "./stages/calls.ts";
import { createWordWatch } from "./stages/vocabulary.ts";
import { nextCommands } from "./summaries/next-command.ts";

const needed = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) => (input === undefined ? what : undefined),
});

/** Whom people talk with in the brief wording: an embedded model that makes persons knows no replies. */
const talkingModel = (model: string): string =>
  model.startsWith("embedded:") ? "embedded:covenant-assembly" : model;

const schema = z.strictObject({
  out: outSetting("personas.yaml")
    .refine(
      (file) => /\.ya?ml$/i.test(file),
      "personas are written as YAML and read by their file's ending: expected a name that ends with .yaml",
    )
    .describe("file to write"),
  model: z
    .string(needed("a model is needed that writes the personas (--model openai:name)"))
    .min(1)
    .overwrite(readModelName)
    .describe("model that writes the personas"),
  traits: z
    .string(
      needed('what is known of each person is needed (--traits "a young beekeeper; a sailor, retired")'),
    )
    .transform((text) =>
      text
        .split(";")
        .map((one) => one.trim())
        .filter(Boolean),
    )
    .refine((traits) => traits.length > 0, "it must hold text")
    .describe("what is known of each person; semicolons between persons"),
  wording: z
    .enum(wordings)
    .default("full")
    .describe(
      "full: for models that follow instructions; brief: a name and a description alone, for a model that was made with them",
    ),
  tasks: z
    .string()
    .min(1)
    .overwrite(expandHome)
    .default(libraryName)
    .describe(`tasks to have views on: "${libraryName}", or a file`),
  task: z
    .array(z.string().min(1))
    .optional()
    .describe("ids of these tasks; default: all; none in the brief wording"),
  // Not "seed": that is the key of commands that write a run folder.
  answerSeed: z.number().int().nonnegative().default(0).describe("seed of the model's answers"),
  temperature: z.number().nonnegative().default(0.9).describe("0: always the likeliest token"),
  topP: samplingSettings.unwrap().shape.topP,
  maxTokens: z.number().int().positive().default(800).describe("tokens a persona at most"),
  attempts: z.number().int().positive().default(3).describe("answers for a persona at most"),
  ...callSettings,
});
type GenerateConfig = z.output<typeof schema>;

/** Everything that can be wrong with the input, found before anything is asked or written. */
const prepare = async (config: GenerateConfig, context: RecipeContext) => {
  const { wording } = config;
  if (wording === "brief" && config.task !== undefined)
    throw new UserError(
      "persona-views",
      `task: got ${config.task.join(", ")}, but persons of the brief wording have no views on tasks. Leave it out, or take --wording full.`,
      { task: config.task },
    );
  const all = wording === "brief" ? [] : await loadTasks(config.tasks);
  const tasks = config.task === undefined ? all : withIds(all, config.task, "task");
  if (existsSync(config.out))
    throw new UserError(
      "file-exists",
      `${config.out} is there already and is not overwritten. Choose another --out, or remove the file.`,
      { file: config.out },
    );
  const { speeds, languages } = await checkInputs(
    { models: { model: [config.model, "asked"] }, calls: config },
    context,
  );
  const asked = { role: "writer", model: config.model, language: languages["model"] };
  requireKnownWords(
    wording === "brief"
      ? { ...asked, messages: personaMessages(config.traits.join(" "), [], wording) }
      : { ...asked, messages: personaMessages("", [], wording), frame: true },
    `Personas are written by models that follow instructions: name another --model, or, for one that was made with persons of its own language, give --wording brief and traits in that language. People of the sandbox's language need none: \`covenant simulate contract --personas ${sandboxName}\`.`,
  );
  // what it does not know of a trait it makes up, and that need not be kind
  const { model: language } = languages;
  if (language != null)
    createWordWatch(config.model, language.tokenizer, "the traits", (notice) =>
      context.emit({ type: "warning", time: context.clock.now(), ...notice }),
    )(config.traits);
  return { tasks, speed: speeds["model"]! };
};

/** `covenant persona generate`. */
export const recipe: Recipe<typeof schema> = {
  command: ["persona", "generate"],
  summary: "personas from traits, written by a model into a file to edit",
  schema,
  flags: {
    traits: {
      path: "traits",
      description: "what is known of each person; semicolons between",
      placeholder: "text",
    },
    model: modelFlag("model that writes the personas"),
    out: { path: "out", description: "file to write", placeholder: "file" },
    wording: {
      path: "wording",
      description: "full, or brief for a model of the sandbox",
      placeholder: "wording",
    },
    budget: budgetFlag,
  },
  async plan(config, context) {
    const { tasks, speed } = await prepare(config, context);
    const { traits, attempts, maxTokens, model, prices } = config;
    const read = traits.reduce(
      (sum, one) =>
        sum +
        personaMessages(one, tasks, config.wording).reduce((all, { content }) => all + tokensOf(content), 0),
      0,
    );
    const persons = `${counted(traits.length, "persona")}, each asked for ${counted(attempts, "time")} at most`;
    return planOf([
      planCalls("personas", persons, { speed, maxTokens, price: priceOfModel(prices, model) }, (reply) => ({
        calls: attempts * traits.length,
        read: attempts * read,
        written: attempts * traits.length * reply,
      })),
      planWriting("file", "one YAML file"),
    ]);
  },
  async run(config, context) {
    const { tasks } = await prepare(config, context);
    const { model, wording, traits, answerSeed: seed, temperature, topP, maxTokens, attempts, out } = config;
    await using calls = openCalls(config);
    const { personas, missing } = await withCalledModel(model, { context, calls }, (opened) =>
      writePersonas({
        ...{ model: opened, wording, traits, tasks, seed, temperature, topP, maxTokens, attempts },
        signal: context.signal,
      }),
    );
    const told = missing.map((one) => `  ${one.traits}: ${one.problem}`);
    if (personas.length === 0)
      throw new CovenantError("personas-none", `${model} described nobody:\n${told.join("\n")}`, {
        model,
        missing,
      });
    await writeFileAtomic(out, formatYaml(personas));
    const described = [
      ...personas.map(({ id, name, description }) => `${id}: ${name}. ${description}`),
      ...(missing.length === 0
        ? []
        : [`Not described: ${counted(missing.length, "person", "persons")}.`, ...told]),
    ];
    return {
      quoted: described.length,
      lines: [
        ...described,
        `Written: ${out}. Look through it and edit it before use.`,
        ...nextCommands([
          ...["simulate", "contract", "--model", wording === "brief" ? talkingModel(model) : model],
          ...["--personas", out, "--users", "all"],
          ...(wording === "brief"
            ? [
                ...["--wording", wording, "--meta-prompt", "critique", "--tasks", sandboxName],
                ...["--set", "tasksPer=talk", "--set", "windows.user=2"],
              ]
            : []),
        ]),
      ],
      document: { file: resolve(out), personas, missing },
    };
  },
};
