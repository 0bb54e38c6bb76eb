// `covenant score`: the log-probabilities that a language model gives to continuations of prompts, plain text on both
// sides, or what a reward model makes of replies. Rows that have their prompt in common read it together once.

import { resolve } from "node:path";
import { z } from "zod";
import { checkValue, counted, UserError } from "../core/index.ts";
import { scoreOfLogit } from "../training/index.ts";
import {
  createScorer,
  encodeContinuation,
  frozenState,
  itemLength,
  type ModelFolder,
  type PackedItem,
  type Scorer,
} from "../transformer/index.ts";
import {
  openResults,
  type PlacedRow,
  type Results,
  type ResultsPlace,
  readPlainRows,
  requireResultsFile,
  resultsContinue,
  resultsPlace,
  tableRows,
} from "./inputs/plain-rows.ts";
import { rewardItem, rewardRowSchema } from "./inputs/score-rewards.ts";
import { planOf, planTexts } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { plainFlags } from "./settings/flags.ts";
import { fileSetting, folderModelSetting, loadSetting, resultsSetting } from "./settings/settings.ts";
import { hereFile } from "./stages/data-files.ts";
import { loadLanguageModel, speedOf } from "./stages/model-checks.ts";

const scoreSchema = z.strictObject({
  model: folderModelSetting,
  load: loadSetting,
  data: fileSetting("a file with rows {prompt, continuation} is needed (--data rows.jsonl)").describe(
    "file of rows {prompt, continuation}, for a reward model {prompt, completion} or {messages}: JSONL, JSON, CSV, TSV, Parquet (.gz too), or hf:datasets/...",
  ),
  results: resultsSetting,
});
type ScoreConfig = z.output<typeof scoreSchema>;

const rowSchema = z.object({ prompt: z.string(), continuation: z.string().min(1) });

const parseAs =
  <Row>(schema: z.ZodType<Row>) =>
  ({ place, row }: PlacedRow): Row =>
    checkValue(schema, row, place);

/**
 * What is said of a row: natural logarithms, of the whole continuation and of each of its tokens; of a reward model its
 * head's number, and that as a score from 0 to 1.
 */
type ScoredRow =
  | {
      readonly logprob: number;
      readonly tokens: readonly { readonly id: number; readonly logprob: number }[];
    }
  | { readonly logit: number; readonly score: number };

const isReward = ({ task }: ModelFolder): boolean => task === "sequence-classification";

const prepare = async ({ model: name, data, results, load }: ScoreConfig, context: RecipeContext) => {
  await requireResultsFile(results, data);
  const file = await hereFile(data, context);
  const given = (onFault: (fault: UserError) => void) => tableRows(file, onFault);
  const model = await loadLanguageModel(name, context, load, "any");
  const { maxPositions } = model.config;
  const inContext = (item: PackedItem, fields: string, most: number): PackedItem => {
    if (itemLength(item) <= most) return item;
    throw new UserError(
      "sequence-too-long",
      `${fields}: got ${itemLength(item)} tokens, expected at most the ${most} that the model's context holds.`,
    );
  };
  const rows = isReward(model)
    ? await readPlainRows(data, given, parseAs(rewardRowSchema), (row) =>
        inContext(rewardItem(model, row), Object.keys(row).join(", "), maxPositions),
      )
    : await readPlainRows(data, given, parseAs(rowSchema), ({ prompt, continuation }) =>
        // a continuation's last token needs no position of its own
        inContext(
          encodeContinuation(model.tokenizer, prompt, continuation),
          "prompt, continuation",
          maxPositions + 1,
        ),
      );
  return { model, rows, file };
};

const shownLetters = 60;

/** What was scored, as the model reads it, on one line. */
const shownText = ({ tokenizer }: ModelFolder, { branches: [ids = []] }: PackedItem): string => {
  const text = tokenizer.decode(ids, { skipSpecial: true });
  return JSON.stringify(text.length > shownLetters ? `${text.slice(0, shownLetters)}…` : text);
};

/** Rows that are computed before the first of them is written, and again where they were not all written. */
const rowsAtOnce = 128;

type Joined = { readonly item: PackedItem; readonly rows: readonly number[] };

/** Rows with the same prompt as one item, as long as it does not get much longer than its prompt. */
const joinPrompts = (items: readonly PackedItem[]): Joined[] => {
  type Open = { trunk: readonly number[]; branches: (readonly number[])[]; rows: number[]; length: number };
  const joined: Open[] = [];
  const open = new Map<string, Open>();
  for (const [row, { trunk, branches }] of items.entries()) {
    const key = trunk.join(" ");
    const [branch] = branches as [readonly number[]];
    const found = open.get(key);
    if (found !== undefined && found.length + branch.length <= Math.max(256, 3 * trunk.length)) {
      found.branches.push(branch);
      found.rows.push(row);
      found.length += branch.length;
      continue;
    }
    const fresh = { trunk, branches: [branch], rows: [row], length: trunk.length + branch.length };
    joined.push(fresh);
    open.set(key, fresh);
  }
  return joined.map(({ trunk, branches, rows }) => ({ item: { trunk, branches }, rows }));
};

/** What a model says of the branches of each item: [item][branch]. */
const readItems = async (
  scorer: Scorer,
  rewards: boolean,
  items: readonly PackedItem[],
  signal: AbortSignal,
): Promise<ScoredRow[][]> => {
  if (rewards)
    return (await scorer.scores(items, { signal })).map((logits) =>
      [...logits].map((logit) => ({ logit, score: scoreOfLogit(logit) })),
    );
  const found = await scorer.tokens(items, { signal });
  return items.map(({ branches }, at) =>
    branches.map((ids, branch) => {
      const tokens = ids.map((id, place) => ({ id, logprob: found[at]![branch]![place]! }));
      return { logprob: tokens.reduce((sum, { logprob }) => sum + logprob, 0), tokens };
    }),
  );
};

const scoreRows = async (
  scorer: Scorer,
  rewards: boolean,
  items: readonly PackedItem[],
  results: Results<ScoredRow>,
  context: RecipeContext,
): Promise<void> => {
  for (let start = results.kept; start < items.length; start += rowsAtOnce) {
    const joined = joinPrompts(items.slice(start, start + rowsAtOnce));
    const read = joined.map(({ item }) => item);
    const found = await readItems(scorer, rewards, read, context.signal);
    for (const [at, { rows }] of joined.entries())
      for (const [branch, row] of rows.entries()) results.put(start + row, found[at]![branch]!);
    context.emit({
      ...{ type: "stage-progress", time: context.clock.now(), stage: "score", unit: "rows" },
      ...{ done: results.all.length, total: items.length },
    });
  }
};

const scoreFile = async (
  folder: ModelFolder,
  items: readonly PackedItem[],
  place: ResultsPlace | undefined,
  context: RecipeContext,
): Promise<readonly ScoredRow[]> => {
  const results = await openResults<ScoredRow>(place && { ...place, chunk: rowsAtOnce });
  const scorer = createScorer(frozenState(folder));
  const started = context.clock.now();
  context.emit({ type: "stage-start", time: started, stage: "score", resumed: results.kept > 0 });
  try {
    await scoreRows(scorer, isReward(folder), items, results, context);
    await results.finish();
  } finally {
    results.close();
    await scorer.release();
  }
  const time = context.clock.now();
  const seconds = (time - started) / 1000;
  context.emit({ type: "stage-end", time, stage: "score", seconds, records: items.length });
  return results.all;
};

/** `covenant score`. */
export const recipe: Recipe<typeof scoreSchema> = {
  command: ["score"],
  summary: "log-probabilities of continuations in plain text, or a reward model's scores of replies",
  schema: scoreSchema,
  flags: plainFlags("file of rows {prompt, continuation}"),
  positional: "model",
  continuation: resultsContinue,
  async plan(config, context) {
    const { model, rows } = await prepare(config, context);
    const read = rows.reduce((sum, item) => sum + itemLength(item), 0);
    return planOf([planTexts("score", rows.length, { read, speed: await speedOf(model, context) })]);
  },
  async run(config, context) {
    const { model, rows, file } = await prepare(config, context);
    const { results, ...settings } = config;
    const place = await resultsPlace(results, "score", model, file, settings);
    const scored = await scoreFile(model, rows, place, context);
    const lines = scored.map((row, at) => {
      const figures =
        "logit" in row
          ? `${row.score.toFixed(4)} (logit ${row.logit.toFixed(4)})`
          : `${row.logprob.toFixed(4)} (${counted(row.tokens.length, "token")})`;
      return `${at + 1}: ${figures}: ${shownText(model, rows[at]!)}`;
    });
    const where = isReward(model) ? "Results" : "Every token";
    return {
      quoted: lines.length,
      lines: [...lines, ...(config.results === undefined ? [] : [`${where}: ${config.results}`])],
      document: {
        model: config.model,
        ...(config.results === undefined ? {} : { file: resolve(config.results) }),
        rows: scored,
      },
    };
  },
};
