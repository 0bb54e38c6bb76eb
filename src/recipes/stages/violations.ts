// Judging whether answers violate their areas, as a stage: how the judge is asked is settled before answers are paid for,
// and an interrupted stage goes on as it began.

import {
  CovenantError,
  canonicalJson,
  collect,
  counted,
  hashEach,
  mapped,
  type Sequence,
  takeFirst,
} from "../../core/index.ts";
import {
  type Area,
  type AreaReply,
  adviceOnSilence,
  describeFlips,
  describeReasons,
  givesVerdicts,
  isFlipped,
  judgeViolations,
  paceOf,
  type RequestedVerdicts,
  verdictReading,
  verdictWords,
  watchJudge,
} from "../../feedback/index.ts";
import { type UnscoredReason, type ViolationRecord, violationRecordSchema } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { askInto, recordsOf } from "./asking.ts";
import { tellVotes, tryScores } from "./judge-scores.ts";
import type { Pipeline } from "./stage-model.ts";
import { watchedFile } from "./watched-file.ts";

/** usual: what adds nothing, requested, to what the stage is. area: which the judge is tried with. */
export type ViolationJudge = {
  readonly judge: string;
  readonly area: Area;
  readonly requested: RequestedVerdicts;
  readonly usual: RequestedVerdicts;
};

/** As tryScores says. */
export type TryJudge = (stage: StageContext) => Promise<boolean | null>;

/** Makes what finds out, once, how a judge behind an endpoint is asked. */
export const createTryJudge = (
  pipeline: Pipeline,
  { judge, area, requested }: Omit<ViolationJudge, "usual">,
): TryJudge => {
  let found: boolean | null = null;
  return async (stage) => {
    found ??= await tryScores(
      pipeline,
      stage,
      { judge, isWritten: requested.method === "votes" },
      async (opened) => {
        const gives = await givesVerdicts(opened, area, stage.signal);
        tellVotes(pipeline, stage, verdictReading(requested, opened, gives).notice);
        return gives;
      },
    );
    return found;
  };
};

/** What the judged replies are, and how many. */
const measure = async (items: AsyncIterable<AreaReply>) => {
  let count = 0;
  const told = mapped(items, ({ reply, area }) => {
    count++;
    return [reply, area];
  });
  return { items: await hashEach(told), count };
};

/** Throws when not one answer has a verdict; warns where most verdicts changed with the order of the choices. */
const checkVerdicts = async (
  stage: StageContext,
  records: AsyncIterable<ViolationRecord>,
  judge: string,
): Promise<void> => {
  const reasons: Partial<Record<UnscoredReason, number>> = {};
  const counts = { judged: 0, flips: 0 };
  let all = 0;
  for await (const { probability, orders, reason } of records) {
    all++;
    if (probability !== null) counts.judged++;
    if (orders !== null && isFlipped(orders)) counts.flips++;
    if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  const flips = describeFlips(counts, verdictWords);
  if (flips !== null) stage.warn("verdicts-flip", flips);
  if (all === 0 || counts.judged > 0) return;
  throw new CovenantError(
    verdictWords.none,
    `The judge ${judge} came to no verdict on any of ${counted(all, "answer")} (${describeReasons(reasons)}), so there is no rate. ${adviceOnSilence(reasons.cut ?? 0, all, verdictWords)}`,
    { judge, reasons },
  );
};

/** judge/violations.jsonl: of every answer whether it violates its area. */
export const violationStage = async (
  pipeline: Pipeline,
  { judge, requested, usual }: Omit<ViolationJudge, "area">,
  tryJudge: TryJudge,
  replies: () => AsyncIterable<AreaReply>,
): Promise<Sequence<ViolationRecord>> => {
  const name = "judge";
  const { items, count } = await measure(replies());
  const isUsual = canonicalJson(requested) === canonicalJson(usual);
  const inputs = { judge, items, ...(isUsual ? {} : { requested }) };
  await pipeline.run.stage({ name, after: ["prompts", "answer"], inputs }, async (stage) => {
    const file = await stage.records("violations.jsonl", violationRecordSchema);
    const [begun] = await collect(takeFirst(file.rows(), 1));
    const known = begun === undefined ? await tryJudge(stage) : begun.votes === undefined;
    const watched = await watchedFile(file, watchJudge(verdictWords));
    await askInto(pipeline, stage, watched, {
      model: judge,
      items: replies(),
      paceFor: (opened) => paceOf(opened, 2),
      work(opened, work) {
        const { reading, notice } = verdictReading(requested, opened, known ?? opened.capabilities.scores);
        tellVotes(pipeline, stage, notice);
        return judgeViolations({ ...work, judge: opened, reading });
      },
      onChunk: (rows) => stage.progress(rows, count, "answers"),
      asked: { unit: "verdicts" },
    });
    await checkVerdicts(stage, file.rows(), judge);
  });
  return recordsOf(pipeline.run, [name, "violations.jsonl"], violationRecordSchema, count);
};
