// `covenant invert`: the opposite of a constitution, by rule where a principle is paired with its opposite, and
// by a model otherwise; and shows what changed, word by word. Without a file to write to nothing is written, and a file
// that is there already is never overwritten.

import { existsSync } from "node:fs";
import { z } from "zod";
import {
  type ComparedField,
  type ConstitutionDifference,
  difference,
  invert,
  loadConstitution,
  saveConstitution,
  withoutOpposite,
} from "../constitution/index.ts";
import { CovenantError, counted, UserError } from "../core/index.ts";
import { type MissingOpposite, type OppositesOutcome, writeOpposites } from "../feedback/index.ts";
import { priceOfModel } from "../models/index.ts";
import type { Constitution } from "../records/index.ts";
import type { Speed } from "./costs/model-time.ts";
import { checkInputs } from "./inputs/open-stages.ts";
import { planCalls, planOf, planWriting, tokensOf } from "./plans/plan.ts";
import type { PlannedStep, Recipe, RecipeContext } from "./recipe.ts";
import { budgetFlag, constitutionFlag, modelFlag } from "./settings/flags.ts";
import { asModelName } from "./settings/names.ts";
import { callSettings, constitutionSetting, modelName, resultsSetting } from "./settings/settings.ts";
import { withCalledModel } from "./stages/called-model.ts";
import { openCalls } from "./stages/calls.ts";
import { nextCommands } from "./summaries/next-command.ts";
import { isReadable, markDifference } from "./summaries/word-difference.ts";

const schema = z.strictObject({
  constitution: constitutionSetting,
  out: resultsSetting.describe("file to write; without it nothing is written"),
  model: modelName.optional().describe("model that writes the opposites that the document lacks"),
  allowMissing: z
    .boolean()
    .default(false)
    .describe("leave out principles whose opposite no model would write, instead of failing"),
  // Not "seed": that is the key of commands that write a run folder.
  answerSeed: z.number().int().nonnegative().default(0).describe("seed of the model's answers"),
  temperature: z.number().nonnegative().default(0.7).describe("0: always the likeliest token"),
  maxTokens: z.number().int().positive().default(400).describe("tokens an answer at most"),
  attempts: z.number().int().positive().default(3).describe("answers to a principle at most"),
  ...callSettings,
});
type InvertConfig = z.output<typeof schema>;

/** Everything that can be wrong with the input, found before anything is asked or written. */
const prepare = async (config: InvertConfig, context: RecipeContext) => {
  const { constitution, model, out } = config;
  const document = await loadConstitution(constitution);
  const lacking = withoutOpposite(document);
  if (lacking.length === 0 || model === undefined) invert(document);
  if (out === undefined && lacking.length > 0 && model !== undefined)
    throw new UserError(
      "out-missing",
      `${model} is to write ${counted(lacking.length, "opposite")}, and they would be lost. Say where to: --out opposite.yaml.`,
    );
  if (out !== undefined && existsSync(out)) {
    throw new UserError(
      "file-exists",
      `${out} is there already and is not overwritten. Choose another --out, or remove the file.`,
      { file: out },
    );
  }
  const speed =
    model === undefined || lacking.length === 0
      ? null
      : (await checkInputs({ models: { model: [model, "asked"] }, calls: config }, context)).speeds["model"]!;
  return { document, lacking, speed };
};

const describeMissing = ({ principle, state, problem }: MissingOpposite): string =>
  `  ${principle}: ${state === "unreadable" ? `not readable (${problem})` : problem}`;

/** The document without the principles whose opposites are missing. Throws when that is not allowed, or leaves none. */
const withoutMissing = (
  document: Constitution,
  missing: readonly MissingOpposite[],
  { model, allowMissing }: InvertConfig,
): Constitution => {
  const lacking = new Set(missing.map(({ principle }) => principle));
  const principles = document.principles.filter(({ id }) => !lacking.has(id));
  if (missing.length === 0) return document;
  if (allowMissing && principles.length > 0) return { ...document, principles };
  const advice = allowMissing
    ? "No principle is left. Name another --model."
    : "Nothing was written. Name another --model, write these opposites yourself, or leave the principles out with --allow-missing.";
  throw new CovenantError(
    "opposites-missing",
    `${model} gave no opposite of ${counted(missing.length, "principle")}:\n${missing.map(describeMissing).join("\n")}\n${advice}`,
    { model, missing },
  );
};

/** A document with all its opposites, and what it took to get them. */
type Completed = Omit<OppositesOutcome, "constitution"> & { readonly document: Constitution };

/** The document with all its opposites: those it has, and those that a model writes. */
const complete = async (
  document: Constitution,
  config: InvertConfig,
  context: RecipeContext,
): Promise<Completed> => {
  const { model, answerSeed: seed, temperature, maxTokens, attempts } = config;
  if (model === undefined || withoutOpposite(document).length === 0)
    return { document, written: [], missing: [], calls: 0 };
  const { signal } = context;
  await using calls = openCalls(config);
  const { constitution, ...told } = await withCalledModel(model, { context, calls }, (opened) =>
    writeOpposites({
      ...{ model: opened, constitution: document, seed, temperature, maxTokens, attempts },
      signal,
    }),
  );
  return { document: withoutMissing(constitution, told.missing, config), ...told };
};

const shownFields: readonly ComparedField[] = ["title", "critique", "revision", "preference"];

/** Every principle with its texts, the words that changed marked; where hardly any stayed, both texts. */
const describeDifference = (
  before: Constitution,
  after: Constitution,
  { principles }: ConstitutionDifference,
  colours: boolean,
): string[] =>
  principles.flatMap(({ id, texts }) => {
    const one = before.principles.find((principle) => principle.id === id);
    const other = after.principles.find((principle) => principle.id === id);
    return [
      "",
      id,
      ...shownFields.flatMap((field) => {
        const from = one?.[field] ?? "";
        const to = other?.[field] ?? "";
        if (from === to) return [];
        const name = `  ${`${field}:`.padEnd(12)}`;
        if (isReadable(texts[field])) return [`${name}${markDifference(texts[field], colours)}`];
        return [`${name}- ${from}`, `${" ".repeat(name.length)}+ ${to}`];
      }),
    ];
  });

const describeWritten = ({ written, missing, calls }: Completed, model: string | undefined): string[] => [
  ...(written.length === 0
    ? []
    : [
        `${counted(written.length, "opposite")} written by ${model} in ${counted(calls, "call")}: ${written.join(", ")}.`,
      ]),
  ...(missing.length === 0
    ? []
    : [`Left out for want of an opposite: ${counted(missing.length, "principle")}.`]),
  ...missing.map(describeMissing),
];

/** Where the document is, and how to go on. */
const describePlace = ({ constitution, out }: InvertConfig): string[] =>
  out === undefined
    ? ["Nothing is written.", ...nextCommands(["invert", constitution, "--out", "opposite.yaml"])]
    : [`Written: ${out}`, ...nextCommands(["revise", "--constitution", asModelName(out)])];

/** Tokens of what an opposite is asked for with, but for the principle's own. */
const frameTokens = 200;

/** Calls at most: each principle is asked for as often as an answer may be unreadable. */
const planOpposites = (
  asked: Constitution["principles"],
  { model = "", prices, maxTokens, attempts }: InvertConfig,
  speed: Speed,
): PlannedStep => {
  const once = asked.reduce(
    (sum, { critique, revision, preference }) =>
      sum + frameTokens + tokensOf(critique) + tokensOf(revision) + tokensOf(preference),
    0,
  );
  return planCalls(
    "opposites",
    `${counted(asked.length, "opposite")}, each asked for ${counted(attempts, "time")} at most`,
    { speed, price: priceOfModel(prices, model), maxTokens },
    (reply) => ({
      calls: attempts * asked.length,
      read: attempts * once,
      written: attempts * asked.length * reply,
    }),
  );
};

/** `covenant invert`. */
export const recipe: Recipe<typeof schema> = {
  command: ["invert"],
  summary: "show or write the opposite of a constitution",
  schema,
  flags: {
    constitution: constitutionFlag,
    out: { path: "out", description: "file to write; without it nothing is written", placeholder: "file" },
    model: modelFlag("model that writes the opposites that the document lacks"),
    budget: budgetFlag,
    "allow-missing": {
      path: "allowMissing",
      description: "leave out principles whose opposite no model would write",
    },
  },
  positional: "constitution",
  async plan(config, context) {
    const { document, lacking, speed } = await prepare(config, context);
    const asked = document.principles.filter(({ id }) => lacking.includes(id));
    return planOf([
      ...(asked.length === 0 ? [] : [planOpposites(asked, config, speed)]),
      planWriting(
        "invert",
        config.out === undefined ? "nothing: without --out it is shown" : "one YAML file",
      ),
    ]);
  },
  async run(config, context) {
    const { document } = await prepare(config, context);
    const completed = await complete(document, config, context);
    const opposite = invert(completed.document);
    if (config.out !== undefined) await saveConstitution(config.out, opposite);
    const found = difference(completed.document, opposite);
    const { counts, words } = found;
    const texts = [
      ...describeDifference(completed.document, opposite, found, context.colours === true),
      "",
      ...describeWritten(completed, config.model),
    ];
    const lines = [
      ...texts,
      `${counted(counts.changed, "principle")} changed, ${counts.same} kept; ${counted(words.removed, "word")} removed, ${words.added} added, ${words.kept} kept.`,
      ...describePlace(config),
    ];
    return { lines, quoted: texts.length, document: opposite };
  },
};
