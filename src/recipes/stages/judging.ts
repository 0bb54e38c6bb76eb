// Judging as a part of stages: how the judge is asked is settled before anything is sampled, pairs are judged in pieces
// that an interrupted stage continues with, and a judge whose labels say nothing stops the run on the way.

import { hashConstitution } from "../../constitution/index.ts";
import { CovenantError, collect, counted, type Sequence, takeFirst } from "../../core/index.ts";
import {
  adviceOnSilence,
  describeFlips,
  describeLikedPlace,
  describeReasons,
  firstPlacesIn,
  type JudgeProtocol,
  judgeGivesScores,
  labelBatch,
  methodOf,
  paceOf,
  protocolFor,
  type ReplyPair,
  type RequestedProtocol,
  watchJudge,
} from "../../feedback/index.ts";
import { isEndpoint, type LanguageModel } from "../../models/index.ts";
import {
  type Constitution,
  type LabelRecord,
  labelRecordSchema,
  type StageName,
} from "../../records/index.ts";
import type { RecordFile, StageContext } from "../../runs/index.ts";
import { protocolAsInput } from "../settings/judge-protocol.ts";
import { askInto, idsOf, recordsOf } from "./asking.ts";
import { tellVotes, tryScores } from "./judge-scores.ts";
import type { Pipeline } from "./stage-model.ts";
import { countLabels, type LabelCounts, sumOver } from "./tallies.ts";
import { watchedFile } from "./watched-file.ts";

/**
 * Who judges, by what and how. rates: comparisons rate models, and nobody learns from them: replies that were cut at the token
 * limit are judged as well, and the same text twice is a tie.
 */
export type JudgeOptions = {
  readonly judge: string;
  readonly constitution: Constitution;
  readonly requested: RequestedProtocol;
  readonly rates?: boolean;
};

/**
 * Whether a judge behind an endpoint, or recorded, gives log-probabilities (tryScores). labels: what an interrupted
 * attempt left, which goes on as it began. Throws UserError where the requested method needs them and they are not
 * given.
 */
export const tryJudge = async (
  pipeline: Pipeline,
  stage: StageContext,
  { judge, constitution, requested }: JudgeOptions,
  labels: Pick<RecordFile<LabelRecord>, "rows">,
): Promise<boolean | null> => {
  const [first] = await collect(takeFirst(labels.rows(), 1));
  const begun = methodOf(first);
  if (begun !== undefined && requested.method !== "reasoning") return begun === "choice";
  return tryScores(pipeline, stage, { judge, isWritten: requested.method === "votes" }, async (opened) => {
    const { signal } = stage;
    const question = { judge: opened, constitution, runSeed: pipeline.run.seed, signal };
    const gives = await judgeGivesScores(question);
    // told here, before anything is sampled and paid for
    tellVotes(pipeline, stage, protocolFor(requested, opened, gives).notice);
    return gives;
  });
};

const settle = (
  pipeline: Pipeline,
  stage: StageContext,
  { judge: name, requested }: JudgeOptions,
  judge: LanguageModel,
  givesScores: boolean | null,
): JudgeProtocol => {
  const { protocol, notice } = protocolFor(requested, judge, givesScores ?? judge.capabilities.scores);
  tellVotes(pipeline, stage, notice);
  const price = isEndpoint(name) ? pipeline.calls?.priceOf(name) : undefined;
  return { ...protocol, ...(price === undefined ? {} : { price }) };
};

export type JudgePairsOptions = JudgeOptions & {
  readonly pairs: AsyncIterable<ReplyPair>;
  readonly seedStage?: string;
  /** As tryJudge said. */
  readonly givesScores: boolean | null;
  readonly onProgress: (labels: number) => void;
};

/** Judges pairs into a file of labels. Throws CovenantError as soon as the judge is seen to keep to one letter, or to none. */
export const judgePairs = async (
  pipeline: Pipeline,
  stage: StageContext,
  options: JudgePairsOptions,
  file: RecordFile<LabelRecord>,
): Promise<void> => {
  const { judge, constitution, rates, pairs, seedStage = stage.name, givesScores, onProgress } = options;
  const watched = await watchedFile(file, watchJudge());
  await askInto(pipeline, stage, watched, {
    model: judge,
    items: pairs,
    paceFor: (opened) => paceOf(opened, 2),
    work: (opened, { items, ...work }) =>
      labelBatch({
        ...work,
        judge: opened,
        pairs: items,
        constitution,
        ...(rates && { judgesCut: true }),
        protocol: settle(pipeline, stage, options, opened, givesScores),
        seedStage,
      }),
    counts: ({ bounded }) => ({ bounded }),
    onChunk: onProgress,
    asked: { unit: "comparisons" },
  });
};

/** Why the judge came to no verdict on what it was asked. */
export const withoutVerdict = (counts: LabelCounts): string =>
  describeReasons({
    overflow: counts.tooLong,
    rejected: counts.rejected,
    refusal: counts.refused,
    "no-choice": counts.undecided,
    neither: counts.neither,
    both: counts.both,
    empty: counts.silent,
    cut: counts.cut,
  });

/** What became of comparisons of which none has a label; whether the judge was asked at all. */
const describeUnlabelled = (counts: LabelCounts, all: number, judge: string): string => {
  const { identical, missing, replyCut } = counts;
  const asked = all - identical - missing - replyCut;
  const parts: [number, string][] = [
    [replyCut, "a reply was cut at the token limit"],
    [missing, "a reply is missing"],
    [identical, "both replies are the same"],
    [asked, `the judge ${judge} came to no verdict (${withoutVerdict(counts)})`],
  ];
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `in ${count} ${what}`);
  return `${told.join(", ")}${asked > 0 ? "" : "; the judge was not asked"}`;
};

/** What to do where no comparison has a label. */
const adviceFor = ({ identical, missing, replyCut, cut }: LabelCounts, all: number): string => {
  if (missing * 2 > all)
    return "Most replies are missing: look at the model whose replies are compared, not at the judge.";
  if (replyCut * 2 > all)
    return "Most replies were cut at the token limit: raise --max-tokens (sampling.maxTokens).";
  if (identical * 2 > all) return "Choose a server that samples: this one seems to ignore the temperature.";
  return adviceOnSilence(cut, all);
};

/** Throws when not one comparison has a label; warns of what makes labels few, or says that they say little. */
export const checkLabels = async (
  stage: Pick<StageContext, "warn">,
  labels: AsyncIterable<Pick<LabelRecord, "state" | "reason" | "flipped" | "orders">>,
  {
    judge,
    requested,
    rates = false,
  }: Pick<JudgeOptions, "judge" | "rates"> & { readonly requested: Pick<RequestedProtocol, "method"> },
): Promise<void> => {
  const none = { ...countLabels([]), all: 0, firsts: 0 };
  const counts = await sumOver(labels, none, (label) => ({
    ...countLabels([label]),
    ...{ all: 1, firsts: firstPlacesIn(label) },
  }));
  const { all, judged, identical } = counts;
  if (all > 0 && judged === 0 && !(rates && identical > 0)) {
    throw new CovenantError(
      "labels-none",
      `None of ${counted(all, "comparison")} has a label: ${describeUnlabelled(counts, all, judge)}. ${adviceFor(counts, all)} With other settings give another --out, or --fresh.`,
      { judge },
    );
  }
  if (identical * 2 > all && !rates) {
    stage.warn(
      "replies-identical",
      `In ${identical} of ${counted(all, "comparison")} both replies are the same text. The server may ignore the temperature.`,
    );
  }
  const watched = { ...counts, reasons: requested.method === "reasoning" };
  const flips = describeFlips(watched);
  if (flips !== null) stage.warn("labels-flip", flips);
  // one that mostly flips likes a place as well, or nothing
  const liked = flips === null ? describeLikedPlace(watched) : null;
  if (liked !== null) stage.warn("labels-place", liked);
};

/** after: the stages that made the replies, where stages of this run did. */
export type JudgedStageOptions = JudgeOptions & {
  readonly name: string;
  readonly after?: readonly StageName[];
  readonly pairs: Sequence<ReplyPair>;
};

/** <name>/labels.jsonl: comparisons that are there already, judged. */
export const judgedStage = async (
  pipeline: Pipeline,
  options: JudgedStageOptions,
): Promise<Sequence<LabelRecord>> => {
  const { run } = pipeline;
  const { name, after, judge, constitution, requested, rates, pairs } = options;
  const inputs = {
    judge,
    constitution: hashConstitution(constitution),
    pairs: await idsOf(pairs),
    ...protocolAsInput(requested),
  };
  await run.stage({ name, inputs, ...(after && { after }) }, async (stage) => {
    const file = await stage.records("labels.jsonl", labelRecordSchema);
    const givesScores = await tryJudge(pipeline, stage, options, file);
    const onProgress = (labels: number) => stage.progress(labels, pairs.count, "labels");
    await judgePairs(
      pipeline,
      stage,
      { judge, constitution, requested, ...(rates && { rates }), pairs, givesScores, onProgress },
      file,
    );
    await checkLabels(stage, file.rows(), options);
  });
  return recordsOf(run, [name, "labels.jsonl"], labelRecordSchema, pairs.count);
};
