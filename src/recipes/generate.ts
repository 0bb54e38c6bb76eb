// `covenant generate`: a model's continuations of prompts in plain text, without a chat template. A row's reply depends
// on its prompt, its place in the file and the seed alone; so what was interrupted goes on behind the rows that are done.

import { resolve } from "node:path";
import { z } from "zod";
import { counted, deriveSeed, describePlace, quotedWord, UserError } from "../core/index.ts";
import { type FormattedRow, readFormatted } from "../feedback/index.ts";
import {
  createGenerator,
  createTextStream,
  encodeOpen,
  fitsContext,
  frozenState,
  type ModelFolder,
  type ResolvedSampling,
  type TokenReply,
  type TokenRequest,
} from "../transformer/index.ts";
import {
  openResults,
  type ResultsPlace,
  readPlainRows,
  requireResultsFile,
  resultsContinue,
  resultsPlace,
} from "./inputs/plain-rows.ts";
import { planOf, planTexts } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { formatFlag, plainFlags, samplingFlags } from "./settings/flags.ts";
import { formatSetting } from "./settings/prompt-settings.ts";
import { samplingFor } from "./settings/sampling-defaults.ts";
import {
  batchSetting,
  fileSetting,
  folderModelSetting,
  loadSetting,
  resultsSetting,
  seedSetting,
  tokenSamplingSettings,
} from "./settings/settings.ts";
import { hereFile } from "./stages/data-files.ts";
import type { Notice } from "./stages/learned-rows.ts";
import { loadLanguageModel, speedOf } from "./stages/model-checks.ts";
import { createWordWatch } from "./stages/vocabulary.ts";

/** The temperature where neither the settings nor the model's folder says one. */
const ownTemperature = 1;

const needed = 'a file with rows {prompt} is needed (--data rows.jsonl), or one prompt (--prompt "text")';

const settings = z.strictObject({
  model: folderModelSetting,
  load: loadSetting,
  data: fileSetting(needed)
    .optional()
    .describe(
      "file of rows {prompt}, or of prompts in a published format: JSONL, JSON, CSV, TSV, Parquet (.gz too), .txt, or hf:datasets/...",
    ),
  prompt: z.string().optional().describe("one prompt, in place of a file"),
  format: formatSetting,
  results: resultsSetting,
  seed: seedSetting,
  batch: batchSetting.default(64),
  ...tokenSamplingSettings(ownTemperature, 128),
});
const generateSchema = settings.superRefine(({ data, prompt, format }, { addIssue }) => {
  const refuse = (field: string, message: string) => addIssue({ code: "custom", path: [field], message });
  if (data === undefined && prompt === undefined) refuse("data", needed);
  if (data !== undefined && prompt !== undefined)
    refuse("prompt", "there is a file of prompts, too (data): give one of the two");
  if (data === undefined && format !== undefined)
    refuse("format", "it is of a file of prompts (data): leave it out");
});
type GenerateConfig = z.output<typeof generateSchema>;

const rowSchema = z.object({ prompt: z.string() });

/** ids: the new tokens with the end token, where one came (finish "stop"), as transformers has them; text: without it. */
type GeneratedRow = {
  readonly text: string;
  readonly ids: readonly number[];
  readonly finish: "stop" | "length";
};

/**
 * The text that a row asks to continue: its own prompt where that is a text and no format is named, and otherwise what
 * the file's format takes for its prompt, of a single turn.
 */
const promptText = ({ place, row, format }: FormattedRow, named: boolean): string => {
  const own = named ? undefined : rowSchema.safeParse(row).data?.prompt;
  if (own !== undefined) return own;
  const [only, ...more] = format.read(row, place).messages;
  if (only?.role === "user" && more.length === 0) return only.content;
  throw new UserError(
    "prompt-of-turns",
    `${describePlace(place)}: got a conversation of ${counted(more.length + 1, "message")}, and plain text is continued here. Expected a prompt of a single turn, as {prompt}.`,
    { ...place },
  );
};

type Prompt = { readonly text: string; readonly ids: readonly number[] };

/** Throws UserError for a prompt without tokens, and for one that leaves no room for a reply. */
const readPrompt = ({ tokenizer, config }: ModelFolder, text: string): Prompt => {
  const ids = encodeOpen(tokenizer, text);
  if (ids.length === 0)
    throw new UserError(
      "prompt-empty",
      "prompt: got no text, and the tokenizer adds no begin token. Give a prompt.",
    );
  if (fitsContext(config, ids.length)) return { text, ids };
  throw new UserError(
    "prompt-too-long",
    `prompt: got ${ids.length} tokens, which leave no room for a reply in a context of ${config.maxPositions}. Shorten it.`,
  );
};

/** The model and what it continues. file: where the prompts' file lies here; null where the one prompt is a setting. */
const prepare = async (
  { model: name, data, prompt, results, load, format }: GenerateConfig,
  context: RecipeContext,
) => {
  await requireResultsFile(results, data);
  const file = data === undefined ? null : await hereFile(data, context);
  const model = await loadLanguageModel(name, context, load);
  const given = (onFault: (fault: UserError) => void) => readFormatted(file!, onFault, format);
  const textOf = (row: FormattedRow): string => promptText(row, format !== undefined);
  const read = (text: string): Prompt => readPrompt(model, text);
  const prompts = data === undefined ? [read(prompt!)] : await readPlainRows(data, given, textOf, read);
  const notices: Notice[] = [];
  createWordWatch(name, model.tokenizer, data === undefined ? "the prompt" : "the prompts", (notice) =>
    notices.push(notice),
  )(
    prompts.map(({ text }) => text),
    prompts.map(({ ids }) => ids),
  );
  if (data === undefined && model.chatTemplate !== null)
    notices.push({
      code: "plain-text",
      text: `this model has a chat template, and the prompt is continued as plain text, without it. To ask it something: \`covenant chat ${quotedWord(name)}\``,
    });
  return { model, prompts: prompts.map(({ ids }) => ids), file, notices };
};

type Text = ReturnType<typeof createTextStream>;

const readRow = (text: Text, { ids, end }: TokenReply): GeneratedRow => ({
  text: text.end(),
  ids: end === undefined ? ids : [...ids, end],
  finish: end !== undefined || text.stopped ? "stop" : "length",
});

/** How rows are generated, and where they go. */
type Generation = {
  readonly config: GenerateConfig;
  readonly place: ResultsPlace | undefined;
  readonly sampling: ResolvedSampling;
};

const generateRows = async (
  folder: ModelFolder,
  prompts: readonly (readonly number[])[],
  { config, place, sampling }: Generation,
  context: RecipeContext,
): Promise<readonly GeneratedRow[]> => {
  const { tokenizer, generationConfig } = folder;
  const { stop, maxTokens } = config;
  const { clock, signal, emit } = context;
  const started = clock.now();
  const stage = "generate";
  const results = await openResults<GeneratedRow>(place);
  const { kept } = results;
  emit({ type: "stage-start", time: started, stage, resumed: kept > 0 });
  const left = prompts.slice(kept);
  const texts = left.map(() => createTextStream(tokenizer, stop));
  const requests = left.map(
    (prompt, at): TokenRequest => ({
      ...{ prompt, maxTokens, ...sampling },
      seed: deriveSeed(config.seed, stage, kept + at),
      until: ({ id }) => texts[at]!.push(id).stopped,
    }),
  );
  const generator = createGenerator(frozenState(folder), generationConfig);
  let done = kept;
  try {
    await generator.generate(requests, {
      ...{ signal, batch: config.batch },
      onReply(at, reply) {
        results.put(kept + at, readRow(texts[at]!, reply));
        const progress = { done: ++done, total: prompts.length, unit: "replies" };
        emit({ type: "stage-progress", time: clock.now(), stage, ...progress });
      },
    });
    await results.finish();
  } finally {
    results.close();
    await generator.release();
  }
  const time = clock.now();
  emit({ type: "stage-end", time, stage, seconds: (time - started) / 1000, records: prompts.length });
  return results.all;
};

/** `covenant generate`. */
export const recipe: Recipe<typeof generateSchema> = {
  command: ["generate"],
  summary: "a model's continuations of prompts, in plain text",
  schema: generateSchema,
  flags: {
    ...plainFlags("file of rows {prompt}"),
    prompt: { path: "prompt", description: "one prompt, in place of a file", placeholder: "text" },
    format: formatFlag,
    ...samplingFlags,
    seed: { path: "seed", description: "seed of all replies", placeholder: "number" },
  },
  positional: "model",
  continuation: resultsContinue,
  async plan(config, context) {
    const { model, prompts, notices } = await prepare(config, context);
    const read = prompts.reduce((sum, { length }) => sum + length, 0);
    const { maxTokens, batch } = config;
    const speed = await speedOf(model, context);
    const step = planTexts("generate", prompts.length, { read, speed, maxTokens, batch });
    return planOf([step], notices);
  },
  async run(config, context) {
    const { model, prompts, file, notices } = await prepare(config, context);
    for (const notice of notices) context.emit({ type: "warning", time: context.clock.now(), ...notice });
    const { results, ...settings } = config;
    const sampling = samplingFor(model, config, ownTemperature, context);
    const place = await resultsPlace(results, "generate", model, file, settings);
    const rows = await generateRows(model, prompts, { config, place, sampling }, context);
    const cut = rows.filter(({ finish }) => finish === "length").length;
    const limited = cut === 0 ? "" : `, ${cut} cut at ${counted(config.maxTokens, "token")} or the context`;
    return {
      quoted: rows.length,
      lines: [
        ...rows.map(({ text }, at) => (config.prompt === undefined ? `${at + 1}: ${text}` : text)),
        ...(config.prompt !== undefined && cut === 0
          ? []
          : [
              `${counted(rows.length, "reply", "replies")}: ${rows.length - cut} ended by ${rows.length - cut === 1 ? "itself" : "themselves"}${limited}.`,
            ]),
        ...(config.results === undefined ? [] : [`Texts and tokens: ${config.results}`]),
      ],
      document: {
        model: config.model,
        sampling,
        ...(config.results === undefined ? {} : { file: resolve(config.results) }),
        rows,
      },
    };
  },
};
