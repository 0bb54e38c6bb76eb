// `covenant evaluate ratings`: which models win, from battles that others had judged: arena votes, with conversations or
// without, and MT-Bench's verdicts on pairs. Reads a file, asks no model and writes nothing.

import { resolve } from "node:path";
import { z } from "zod";
import { alignColumns, counted, firstOf, nearestWord, oneLine, UserError } from "../core/index.ts";
import {
  type BattleCounts,
  type BattleRatings,
  countBattles,
  leftOutBattles,
  type RatedModel,
  rateBattles,
  type Standing,
} from "../evaluation/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { fileSetting } from "./settings/settings.ts";
import { hereFile } from "./stages/data-files.ts";

const ratingsSchema = z.strictObject({
  data: fileSetting(
    "a file of battles {model_a, model_b, winner} is needed (`covenant evaluate ratings battles.jsonl`)",
  ).describe(
    "file of battles {model_a, model_b, winner}, or with winner_model_a, winner_model_b, winner_tie, or of MT-Bench's verdicts {question_id, model_1, model_2, g1_winner, g2_winner}",
  ),
  anchor: z
    .string()
    .min(1)
    .optional()
    .describe("model whose rating is 0; default: the first by name of the largest group that is comparable"),
  by: z
    .enum(["auto", "battles", "questions"])
    .default("auto")
    .describe(
      "what is drawn again for the intervals: battles, or questions (question_id) with all their battles; auto: questions of MT-Bench's verdicts, else battles",
    ),
  prior: z
    .number()
    // with less, beside a million wins, the fit is at the end of what its numbers can tell apart
    .refine((ties) => ties === 0 || (ties >= 0.1 && ties <= 1000), "it must be 0, or between 0.1 and 1,000")
    .default(0)
    .describe("virtual ties added to every pair of models, 0.1 and more; all ratings are finite then"),
  resamples: z
    .number()
    .int()
    .positive()
    .max(100_000)
    .default(1000)
    .describe("times that the battles are drawn again for the intervals"),
  seed: z.number().int().nonnegative().default(0).describe("seed of what is drawn again"),
});
type RatingsConfig = z.output<typeof ratingsSchema>;

/** Counts the battles of the file, and sees that the anchor is among the models. */
const readBattles = async ({ data, by, anchor }: RatingsConfig, context: RecipeContext) => {
  const counts = await countBattles(await hereFile(data, context), by);
  if (anchor === undefined || counts.models.includes(anchor)) return counts;
  const near = nearestWord(anchor, counts.models);
  throw new UserError(
    "anchor-unknown",
    `anchor: no battle of ${data} is of "${anchor}"${near === undefined ? "" : ` (did you mean ${near}?)`}. Expected one of ${firstOf(counts.models)}.`,
    { file: data, anchor },
  );
};

/** Rows that were left out, as warnings: those who read JSON are to know of them, too. */
const noticesOf = (data: string, counts: BattleCounts) => {
  const text = leftOutBattles(data, counts);
  return text === null ? [] : [{ code: "rows-left-out", text }];
};

/** "12.3", "-∞"; a rating of less than half a tenth below zero is zero. */
const signed = (rating: number): string => {
  if (!Number.isFinite(rating)) return rating > 0 ? "+∞" : "-∞";
  return rating.toFixed(1).replace(/^-0\.0$/, "0.0");
};

const whole = (count: number): string => count.toLocaleString("en-US");

const rowOf = ({ model, standing, rating, low, high, n, wins, losses, ties }: RatedModel, anchor: string) => {
  const range = model === anchor ? "anchor" : `[${signed(low)}, ${signed(high)}]`;
  return [
    oneLine(model),
    standing === "apart" ? "?" : signed(rating),
    standing === "rated" ? range : standing,
    ...[n, wins, losses, ties].map(whole),
  ];
};

const named = (models: readonly RatedModel[], standing: Standing): string =>
  firstOf(models.filter((one) => one.standing === standing).map(({ model }) => oneLine(model)));

/** In what sense models have no finite rating, and intervals no end; nothing where all have both. */
const describeInfinite = ({ models, anchor, groups }: BattleRatings): string[] => {
  const at = oneLine(anchor);
  const [above, below, apart] = [named(models, "above"), named(models, "below"), named(models, "apart")];
  const isOpen = models.some(
    ({ standing, low, high }) => standing === "rated" && !(Number.isFinite(low) && Number.isFinite(high)),
  );
  return [
    ...(above === ""
      ? []
      : [
          `+∞ (${above}): a chain of wins or ties leads from each to ${at}, and none back. The higher its rating, the likelier the battles, without end.`,
        ]),
    ...(below === ""
      ? []
      : [
          `-∞ (${below}): a chain of wins or ties leads from ${at} to each, and none back. The lower its rating, the likelier the battles, without end.`,
        ]),
    ...(apart === ""
      ? []
      : [
          `? (${apart}): no chain of wins or ties leads from any to ${at}, nor back. The battles say nothing of its rating towards ${at}.`,
        ]),
    ...groups.map((group) => {
      const names = group.map(oneLine);
      return `Rated towards each other: ${firstOf(names)} (--anchor ${names[0]}).`;
    }),
    ...(isOpen
      ? [
          `An interval that ends in ∞ is not bounded there: in more than 2.5 % of the samples drawn again its model is above ${at}, below it or apart from it: no chains of wins or ties lead both ways.`,
        ]
      : []),
    ...(above + below + apart === "" && !isOpen
      ? []
      : [
          "With --set prior=1, a virtual tie between every two models, all ratings and intervals are finite.",
        ]),
  ];
};

const describe = (counts: BattleCounts, ratings: BattleRatings, { data, prior }: RatingsConfig): string[] => {
  const { battles, models, units, by } = counts;
  const drawn = by === "questions" ? counted(units.length, "question") : "battles";
  const virtual =
    prior === 0 ? "" : `, with ${prior} virtual ${prior === 1 ? "tie" : "ties"} between every two models`;
  return [
    `${counted(battles, "battle")} of ${counted(models.length, "model")} in ${data}. Bradley-Terry ratings${virtual}: 400 points are odds of 10 to 1, a tie is half a win for each, ${oneLine(ratings.anchor)} is 0.`,
    `The 95 % intervals are of a bootstrap over ${drawn}.`,
    "",
    ...alignColumns(
      [
        ["model", "rating", "95 % interval", "battles", "won", "lost", "tied"],
        ...ratings.models.map((one) => rowOf(one, ratings.anchor)),
      ],
      [1, 3, 4, 5, 6],
    ),
    ...describeInfinite(ratings).flatMap((line, at) => (at === 0 ? ["", line] : [line])),
  ];
};

/** JSON knows no infinity: null, with the standing to say why. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const documentOf = (counts: BattleCounts, ratings: BattleRatings, config: RatingsConfig) => ({
  file: resolve(config.data),
  rows: counts.rows,
  battles: counts.battles,
  leftOut: Object.fromEntries(Object.entries(counts.leftOut).map(([reason, { count }]) => [reason, count])),
  anchor: ratings.anchor,
  scale: 400,
  prior: config.prior,
  intervals: { by: counts.by, units: counts.by === "questions" ? counts.units.length : counts.battles },
  models: ratings.models.map((one) => ({
    ...one,
    rating: finite(one.rating),
    low: finite(one.low),
    high: finite(one.high),
  })),
  groups: ratings.groups,
});

/** Rates the models, which takes seconds where there are many, and tells how far it is. */
const rateWithProgress = async (
  counts: BattleCounts,
  config: RatingsConfig,
  { emit, clock, signal }: RecipeContext,
): Promise<BattleRatings> => {
  const stage = "ratings";
  const total = config.resamples;
  const started = clock.now();
  emit({ type: "stage-start", time: started, stage, resumed: false });
  const onProgress = (done: number): void =>
    emit({ type: "stage-progress", time: clock.now(), stage, done, total, unit: "samples drawn again" });
  const ratings = await rateBattles(counts, { ...config, signal, onProgress });
  const time = clock.now();
  const seconds = (time - started) / 1000;
  emit({ type: "stage-end", time, stage, seconds, records: counts.models.length });
  return ratings;
};

/** `covenant evaluate ratings`. */
export const recipe: Recipe<typeof ratingsSchema> = {
  command: ["evaluate", "ratings"],
  summary: "Bradley-Terry ratings of models from battles: arena votes, or MT-Bench's verdicts on pairs",
  schema: ratingsSchema,
  flags: {
    data: { path: "data", description: "file of battles", placeholder: "file" },
    anchor: { path: "anchor", description: "model whose rating is 0", placeholder: "name" },
    seed: { path: "seed", description: "seed of what is drawn again", placeholder: "number" },
  },
  positional: "data",
  async plan(config, context) {
    const counts = await readBattles(config, context);
    const what = `${counted(counts.battles, "battle")} of ${counted(counts.models.length, "model")}`;
    return planOf([planWriting("ratings", what)], noticesOf(config.data, counts));
  },
  async run(config, context) {
    const counts = await readBattles(config, context);
    const { emit, clock } = context;
    for (const notice of noticesOf(config.data, counts))
      emit({ type: "warning", time: clock.now(), ...notice });
    const ratings = await rateWithProgress(counts, config, context);
    return { lines: describe(counts, ratings, config), document: documentOf(counts, ratings, config) };
  },
};
