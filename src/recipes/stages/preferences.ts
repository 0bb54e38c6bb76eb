// Learning from preference rows as stages: the reward model and DPO.
// Where the rows come from is not known here: from labels of a run, or from a file of one's own.

import { join } from "node:path";
import { collect } from "../../core/index.ts";
import {
  type PairRow,
  pairRowSchema,
  referenceRecordSchema,
  rewardPairRecordSchema,
} from "../../records/index.ts";
import { readRecords, type StageContext } from "../../runs/index.ts";
import {
  createDpoTrainer,
  createRewardTrainer,
  type DpoRow,
  loopSteps,
  packedRowOf,
  preferenceItem,
  referenceLogProbabilities,
  rewardModelWeights,
  rowsAPart,
  scoreOfLogit,
  trainDpo,
  trainRewardModel,
} from "../../training/index.ts";
import { createScorer, type ModelState } from "../../transformer/index.ts";
import type { DpoSettings, RewardSettings } from "../settings/settings.ts";
import { withoutWatching } from "../settings/watching.ts";
import { startingState } from "./adapter-start.ts";
import { heldOutName, requireBetterThanChance } from "./chance.ts";
import type { Pipeline } from "./data.ts";
import {
  type EncodedRow,
  heldOutOf,
  keepRows,
  type LearnedRows,
  type RowReading,
  readyRows,
  warnOf,
} from "./learned-rows.ts";
import { loadTrainable, nameInRun } from "./models.ts";
import type { RowModel } from "./sft.ts";
import { releasing, trainStage } from "./train-stage.ts";
import {
  epochsOf,
  fixed,
  optimiserOf,
  type StageBase,
  savePolicy,
  saveTrained,
  stateToTrain,
  trainedFolder,
  trainingSeed,
} from "./training-parts.ts";

/** Pairs as one of these trainings takes them. Throws UserError like readyRows. */
const readyPairs = (
  rows: readonly PairRow[],
  { codec, config }: RowModel,
  reading: Pick<RowReading<PairRow>, "block" | "settings" | "share" | "placeOf" | "leftOut">,
): LearnedRows<PairRow> =>
  readyRows(rows, {
    ...reading,
    config,
    encode: (row) => [preferenceItem(row, codec)],
    answers: ({ prompt }) => prompt,
    what: "comparison",
  });

type PairOptions = Pick<RowReading<PairRow>, "placeOf" | "leftOut">;

/** Pairs as a reward model's training takes them. */
export const readyRewardRows = (
  rows: readonly PairRow[],
  model: RowModel,
  settings: RewardSettings,
  more: PairOptions = {},
): LearnedRows<PairRow> =>
  readyPairs(rows, model, {
    ...more,
    block: "reward",
    settings,
    share: ["heldOutShare", settings.heldOutShare],
  });

/** Pairs as DPO takes them. */
export const readyDpoRows = (
  rows: readonly PairRow[],
  model: RowModel,
  settings: DpoSettings,
  more: PairOptions = {},
): LearnedRows<PairRow> =>
  readyPairs(rows, model, {
    ...more,
    block: "dpo",
    settings,
    share: ["evaluationShare", settings.evaluationShare],
  });

export type PreferenceStageOptions<Settings> = StageBase & {
  readonly model: string;
  readonly rows: readonly PairRow[];
  /** The same rows as tokens, where they are that already. */
  readonly ready?: LearnedRows<PairRow>;
  readonly settings: Settings;
  /** A Jinja file, in place of the model's own template. */
  readonly chatTemplate?: string | undefined;
};

type EncodedPair = EncodedRow<PairRow>;

/** Scores held-out pairs with the trained reward model and writes them down. */
const scoreHeldOut = async (
  stage: StageContext,
  name: string,
  state: ModelState,
  pairs: readonly EncodedPair[],
): Promise<void> => {
  const file = await stage.records(heldOutName, rewardPairRecordSchema);
  const scorer = createScorer(state);
  const items = pairs.map(({ item }) => item);
  const scores = await releasing([scorer], () => scorer.scores(items, { signal: stage.signal }));
  const records = pairs.map(({ row: { id, probability } }, at) => {
    const [chosen, rejected] = scores[at]!;
    return {
      id: `${name}/held-out/${id.startsWith(`${name}/`) ? id.slice(name.length + 1) : id}`,
      parents: [id],
      stage: name,
      seed: stage.seed,
      probability,
      chosen: scoreOfLogit(chosen!),
      rejected: scoreOfLogit(rejected!),
    };
  });
  await file.append(records.slice(file.existing));
};

/**
 * <name>/model: a reward model (LlamaForSequenceClassification) trained on preference rows with soft labels;
 * <name>/held-out.jsonl: its scores on the pairs that were kept out of training. Whether these are better than chance is
 * asked of the finished stage, so that a run that stops there, or goes on all the same, does not train it again.
 */
export const rewardStage = async (
  { run, context }: Pipeline,
  options: PreferenceStageOptions<RewardSettings>,
): Promise<string> => {
  const { name, after, rows, settings, leftOut = {}, chatTemplate } = options;
  const deciding = withoutWatching(settings);
  await run.stage(
    { name, after, inputs: { model: nameInRun(run.folder, options.model), rows, settings: deciding } },
    async (stage) => {
      const model = await loadTrainable(options.model, context, { ...settings, chatTemplate });
      const seed = trainingSeed(run.seed, name);
      const weights = rewardModelWeights(model.config, model.weights, seed);
      const state = stateToTrain(model, weights, settings, seed, "sequence-classification");
      const { learned, heldOut, notices } =
        options.ready ?? readyRewardRows(rows, model, settings, { leftOut });
      warnOf(stage, notices);
      await keepRows(stage, pairRowSchema, rows);
      const asLearned = ({ item, row: { probability, margin = 0 } }: EncodedPair) => ({
        item,
        probability,
        margin,
      });
      const trainer = createRewardTrainer(state, optimiserOf(settings), settings);
      const rowsOf = { learned: learned.map(asLearned), heldOut: heldOut.map(asLearned) };
      const loop = {
        trainer,
        rows: rowsOf.learned,
        ...packedRowOf(
          state,
          { ...rowsOf, part: rowsAPart(settings), budget: context.stepBudget },
          ({ item }) => item,
        ),
        ...heldOutOf(rowsOf.heldOut, settings),
        ...epochsOf(settings, model, stage, seed),
      };
      await trainStage({
        name,
        stage,
        clock: context.clock,
        state,
        trainer,
        totalSteps: loopSteps(loop),
        keepBest: settings.keepBest,
        note: ({ loss, accuracy }) => `loss ${fixed(loss)}, accuracy ${fixed(accuracy, 2)}`,
        loop: (start) => trainRewardModel({ ...loop, start }),
        save: async () => {
          await scoreHeldOut(stage, name, state, heldOut);
          await saveTrained(stage, model, state);
        },
      });
    },
  );
  const records = await readRecords(join(run.folder, name, heldOutName), rewardPairRecordSchema);
  const warn: StageContext["warn"] = (code, text) => run.emit({ type: "warning", stage: name, code, text });
  requireBetterThanChance({ warn }, records, settings);
  return join(run.folder, name, trainedFolder(settings));
};

/** Pairs that are scored by the reference before the file gets them. */
const referenceChunk = 256;

/**
 * The pairs with what the reference makes of them: the model as it is before the first step.
 * <name>/reference.jsonl keeps it, so that an interrupted stage does not compute it again.
 */
const cachedReference = async (
  stage: StageContext,
  reference: ModelState,
  pairs: readonly EncodedPair[],
): Promise<DpoRow[]> => {
  const file = await stage.records("reference.jsonl", referenceRecordSchema);
  const { existing } = file;
  const done = Math.floor(existing / referenceChunk) * referenceChunk;
  const known = (await collect(file.rows())).slice(0, existing === pairs.length ? pairs.length : done);
  const found = known.map(({ chosen, rejected }) => [chosen, rejected] as [number, number]);
  const scorer = createScorer(reference);
  await releasing([scorer], async () => {
    while (found.length < pairs.length) {
      const chunk = pairs.slice(found.length, found.length + referenceChunk);
      const items = chunk.map(({ item }) => item);
      const values = await referenceLogProbabilities(scorer, items, stage.signal);
      const records = values.map(([chosen, rejected], at) => {
        const id = `${stage.name}/reference/${found.length + at}`;
        return { id, parents: [chunk[at]!.row.id], stage: stage.name, seed: stage.seed, chosen, rejected };
      });
      await file.append(records.slice(Math.max(0, existing - found.length)));
      found.push(...values);
    }
  });
  return pairs.map(({ item, row: { probability } }, at) => ({ item, probability, reference: found[at]! }));
};

/** <name>/model: the policy after DPO on preference rows, with the starting model as reference. */
export const dpoStage = async (
  { run, context }: Pipeline,
  options: PreferenceStageOptions<DpoSettings>,
): Promise<string> => {
  const { name, after, rows, settings, leftOut = {}, chatTemplate } = options;
  await run.stage(
    { name, after, inputs: { model: nameInRun(run.folder, options.model), rows, settings } },
    async (stage) => {
      const model = await loadTrainable(options.model, context, { ...settings, chatTemplate });
      const seed = trainingSeed(run.seed, name);
      const { learned, heldOut, notices } = options.ready ?? readyDpoRows(rows, model, settings, { leftOut });
      warnOf(stage, notices);
      await keepRows(stage, pairRowSchema, rows);
      const state = stateToTrain(model, model.weights, settings, seed);
      const reference = await cachedReference(stage, startingState(model, state), [...learned, ...heldOut]);
      const trainer = createDpoTrainer(state, optimiserOf(settings), settings);
      const rowsOf = {
        learned: reference.slice(0, learned.length),
        heldOut: reference.slice(learned.length),
      };
      const loop = {
        trainer,
        rows: rowsOf.learned,
        ...packedRowOf(
          state,
          { ...rowsOf, part: rowsAPart(settings), budget: context.stepBudget },
          ({ item }) => item,
        ),
        ...heldOutOf(rowsOf.heldOut, settings),
        ...epochsOf(settings, model, stage, seed),
      };
      await trainStage({
        name,
        stage,
        clock: context.clock,
        state,
        trainer,
        totalSteps: loopSteps(loop),
        keepBest: settings.keepBest,
        note: (metrics) => `loss ${fixed(metrics["loss"])}, margin ${fixed(metrics["rewards/margins"], 2)}`,
        loop: (start) => trainDpo({ ...loop, start }),
        save: () => savePolicy(stage, model, state),
      });
    },
  );
  return join(run.folder, name, trainedFolder(settings));
};
