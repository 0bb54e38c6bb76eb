// Judging as a part of stages: how the judge is asked is settled before anything is sampled, pairs are judged in pieces
// that an interrupted stage continues with, and a judge whose labels say nothing stops the run on the way.

import { join } from "node:path";
import { hashConstitution } from "../../constitution/index.ts";
import { CovenantError } from "../../core/index.ts";
import {
  describeFlips,
  isPlain,
  type Judging,
  type JudgingWishes,
  judgeGivesScores,
  judgingFor,
  labelBatch,
  methodOf,
  paceOf,
  type ReplyPair,
  watchJudge,
} from "../../feedback/index.ts";
import { isEndpoint, type LanguageModel } from "../../models/index.ts";
import { type Constitution, type LabelRecord, labelRecordSchema } from "../../records/index.ts";
import { type RecordFile, readRecords, type StageContext } from "../../runs/index.ts";
import { wishesAsInput } from "../judging.ts";
import { appendChunks, resumePoint } from "./chunks.ts";
import { type Pipeline, withStageModel } from "./stage-model.ts";

/** Who judges, by what and how. */
export type JudgeOptions = {
  readonly judge: string;
  readonly constitution: Constitution;
  readonly wishes: JudgingWishes;
};

/**
 * Whether a judge behind an endpoint gives log-probabilities: asked once, before anything else is done. null: the model
 * itself knows, when it is open. labels: what an interrupted attempt left, which goes on as it began. Throws UserError
 * where the wished method needs them and they are not given.
 */
export const tryJudge = async (
  pipeline: Pipeline,
  stage: StageContext,
  { judge, constitution, wishes }: JudgeOptions,
  labels: readonly LabelRecord[],
): Promise<boolean | null> => {
  const begun = methodOf(labels[0]);
  if (begun !== undefined && wishes.method !== "reasoning") return begun === "choice";
  if (!isEndpoint(judge) || wishes.method === "votes") return null;
  let gives = true;
  await withStageModel(pipeline, stage, judge, async (opened) => {
    const { signal } = stage;
    gives = await judgeGivesScores({ judge: opened, constitution, runSeed: pipeline.run.seed, signal });
    judgingFor(wishes, opened, gives);
  });
  return gives;
};

const settle = (
  { calls }: Pipeline,
  stage: StageContext,
  { judge: name, wishes }: JudgeOptions,
  judge: LanguageModel,
  givesScores: boolean | null,
): Judging => {
  const { judging, notice } = judgingFor(wishes, judge, givesScores ?? judge.capabilities.scores);
  if (notice !== null) stage.warn("judge-votes", notice);
  const price = isEndpoint(name) ? calls?.priceOf(name) : undefined;
  return {
    ...judging,
    tellsUsage: isEndpoint(name) || !isPlain(judging),
    ...(price === undefined ? {} : { price }),
  };
};

export type JudgePairsOptions = JudgeOptions & {
  readonly pairs: readonly ReplyPair[];
  readonly seedStage?: string;
  /** As tryJudge said. */
  readonly givesScores: boolean | null;
  readonly onProgress: (labels: number) => void;
};

/** Judges pairs into a file of labels. Throws CovenantError as soon as the judge is seen to keep to one letter. */
export const judgePairs = async (
  pipeline: Pipeline,
  stage: StageContext,
  options: JudgePairsOptions,
  file: RecordFile<LabelRecord>,
): Promise<void> => {
  const { judge, constitution, pairs, seedStage = stage.name, givesScores, onProgress } = options;
  const watch = watchJudge();
  watch(file.existing);
  await withStageModel(pipeline, stage, judge, async (opened, countUsage) => {
    const judging = settle(pipeline, stage, options, opened, givesScores);
    const pace = paceOf(opened, 2);
    const { skipItems, skipRows } = resumePoint(file.existing.length, pace.chunk);
    const chunks = labelBatch({
      judge: opened,
      pairs: pairs.slice(skipItems),
      constitution,
      judging,
      runSeed: pipeline.run.seed,
      stage: stage.name,
      seedStage,
      ...pace,
      signal: stage.signal,
    });
    let seen = skipItems;
    await appendChunks(file, chunks, skipRows, (rows, { records, bounded }) => {
      countUsage({ bounded });
      onProgress(rows);
      watch(records.slice(Math.max(0, file.existing.length - seen)));
      seen += records.length;
    });
  });
};

const withoutLabel = (labels: readonly LabelRecord[]): string => {
  const counts = new Map<string, number>();
  for (const { state, reason } of labels)
    if (state === "unscored") counts.set(reason ?? "no-choice", (counts.get(reason ?? "no-choice") ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ");
};

/** Throws when not one comparison has a label; warns of what makes labels few, or says that they say little. */
export const checkLabels = (stage: StageContext, labels: readonly LabelRecord[], judge: string): void => {
  const count = (wanted: LabelRecord["state"]): number =>
    labels.filter(({ state }) => state === wanted).length;
  const identical = count("identical");
  if (labels.length > 0 && count("judged") === 0) {
    throw new CovenantError(
      "labels-none",
      `None of ${labels.length} comparisons has a label: ${identical} are of twice the same reply, and for ${count("unscored")} the judge ${judge} came to no verdict or a reply is missing (${withoutLabel(labels) || "none"}). ${identical * 2 > labels.length ? "Choose a server that samples: this one seems to ignore the temperature." : "Choose another judge."}`,
      { judge },
    );
  }
  if (identical * 2 > labels.length) {
    stage.warn(
      "replies-identical",
      `In ${identical} of ${labels.length} comparisons both replies are the same text. The server may ignore the temperature.`,
    );
  }
  const flips = describeFlips(labels);
  if (flips !== null) stage.warn("labels-flip", flips);
};

/** <name>/labels.jsonl: comparisons that are there already, judged. */
export const comparisonStage = async (
  pipeline: Pipeline,
  options: JudgeOptions & { readonly name: string; readonly pairs: readonly ReplyPair[] },
): Promise<LabelRecord[]> => {
  const { run } = pipeline;
  const { name, judge, constitution, wishes, pairs } = options;
  const inputs = {
    judge,
    constitution: hashConstitution(constitution),
    pairs: pairs.map(({ id }) => id),
    ...wishesAsInput(wishes),
  };
  await run.stage({ name, inputs }, async (stage) => {
    const file = await stage.records("labels.jsonl", labelRecordSchema);
    const givesScores = await tryJudge(pipeline, stage, options, file.existing);
    const onProgress = (labels: number) => stage.progress(labels, pairs.length, "labels");
    await judgePairs(pipeline, stage, { judge, constitution, wishes, pairs, givesScores, onProgress }, file);
    checkLabels(stage, await readRecords(file.path, labelRecordSchema), judge);
  });
  return readRecords(join(run.folder, name, "labels.jsonl"), labelRecordSchema);
};
