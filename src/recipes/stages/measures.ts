// The figures of a run (metrics.json) from its records: verdicts, labels, held-out pairs, revisions, PPO
// measurements. Pure: reads records, asks the oracle what was true, and writes nothing.

import { deriveSeed } from "../../core/index.ts";
import {
  eloFromVerdicts,
  goodhartCurve,
  goodhartTest,
  labelsCard,
  modelMetrics,
  revisionCurve,
  rewardModelAccuracy,
} from "../../evaluation/index.ts";
import type {
  ArmId,
  ArmMetrics,
  Constitution,
  EvaluatedRecord,
  GoodhartRecord,
  LabelRecord,
  ModelMetrics,
  PromptId,
  PromptRecord,
  RevisionRecord,
  RewardPairRecord,
} from "../../records/index.ts";
import { isJudged, modelNames } from "../../records/index.ts";
import { comparePreference, parseReply, statementPreference } from "../../sandbox/index.ts";
import { requestOf } from "./evaluation.ts";

/** What an arm left behind. */
export type ArmRecords = {
  readonly constitution: Constitution;
  readonly revisions: readonly RevisionRecord[];
  readonly labels: readonly LabelRecord[];
  readonly heldOut: readonly RewardPairRecord[];
  readonly goodhart: readonly GoodhartRecord[];
};

/** The figures of an arm that are not of its models' answers. */
export type FeedbackMetrics = Pick<ArmMetrics, "labels" | "rewardModel" | "revisions">;

/** The oracle's preference for a label's pair, over the principles that judged it; null for a true tie. */
export const truePreference = (constitution: Constitution) => {
  const principleOf = new Map(constitution.principles.map((principle) => [principle.id, principle]));
  const inverted = constitution.inverts !== undefined;
  const preferenceUnder = (id: string, request: string, [first, second]: LabelRecord["replies"]): number => {
    const { title = "", area = null } = principleOf.get(id) ?? {};
    return (
      statementPreference(request, first, second, title) ??
      comparePreference(request, first, second, area, inverted)
    );
  };
  return ({ messages, replies, principle, judgements }: LabelRecord): 0 | 1 | null => {
    const principles = judgements?.map((judgement) => judgement.principle) ?? [principle];
    const request = requestOf({ messages });
    const preferences = principles.map((id) => preferenceUnder(id, request, replies));
    const preference = preferences.reduce<number>((sum, one) => sum + one, 0) / preferences.length;
    return preference === 0.5 ? null : preference > 0.5 ? 0 : 1;
  };
};

/** A chain's text after a round; one that ended before keeps its last revision. */
const textAfter = ({ answer, steps }: RevisionRecord, round: number): string =>
  round === 0 ? answer : (steps[Math.min(round, steps.length) - 1]?.revision ?? answer);

/** Verdicts on the answers and revisions of every round; round 0 is the first answer. */
const judgedRounds = (revisions: readonly RevisionRecord[], prompts: ReadonlyMap<PromptId, PromptRecord>) => {
  const rounds = Math.max(0, ...revisions.map(({ steps }) => steps.length));
  return Array.from({ length: rounds + 1 }, (_, round) => ({
    round,
    replies: revisions.map((record) => {
      const prompt = prompts.get(record.prompt)!;
      const text = textAfter(record, round);
      return { prompt: prompt.id, kind: prompt.kind, verdict: parseReply(text, requestOf(prompt)) };
    }),
  }));
};

/** Replies of the policy during PPO, each with the prompt it answers. */
const measurementsOf = (records: readonly GoodhartRecord[]) =>
  records.map(({ step, rewards, logRatios, parents, verdicts }) => ({
    step,
    rewards,
    logRatios,
    replies: verdicts.map((reply, at) => ({ ...reply, prompt: parents[at]! })),
  }));

/** A label of exactly one half prefers neither reply. */
const decided = ({ probability }: RewardPairRecord): boolean => probability !== 0.5;

/** What an arm's feedback was worth: labels and revisions held against the oracle, the reward model against labels. */
export const feedbackMetrics = (
  arm: ArmId,
  { constitution, revisions, labels, heldOut }: Omit<ArmRecords, "goodhart">,
  prompts: readonly PromptRecord[],
  seed: number,
): FeedbackMetrics => ({
  labels: labelsCard(labels, truePreference(constitution), deriveSeed(seed, "calibration", arm)),
  rewardModel: rewardModelAccuracy(heldOut.filter(decided)),
  revisions: revisionCurve(judgedRounds(revisions, new Map(prompts.map((prompt) => [prompt.id, prompt])))),
});

/** All figures of one arm; the base's replies are the same in every arm. */
export const armMetrics = (
  arm: ArmId,
  records: ArmRecords,
  evaluated: readonly EvaluatedRecord[],
  prompts: readonly PromptRecord[],
  seed: number,
): ArmMetrics => {
  const own = evaluated.filter((reply) => reply.arm === arm || reply.arm === "base");
  const judged = own.filter(isJudged);
  const elo = eloFromVerdicts(judged, { seed: deriveSeed(seed, "elo", arm) });
  const metricsOf = (model: string): ModelMetrics => ({
    ...modelMetrics(
      own.filter((reply) => reply.model === model),
      deriveSeed(seed, "metrics", model),
    ),
    elo: elo.get(model)!,
  });
  const models = Object.fromEntries(
    modelNames.map((model) => [model, metricsOf(model)]),
  ) as ArmMetrics["models"];
  const measurements = measurementsOf(records.goodhart);
  const test = goodhartTest(
    measurements,
    judged.filter(({ model }) => model === "sl"),
  );
  return {
    models,
    ...feedbackMetrics(arm, records, prompts, seed),
    goodhart: goodhartCurve(measurements, deriveSeed(seed, "goodhart", arm)),
    ...(test && { goodhartTest: test }),
  };
};
