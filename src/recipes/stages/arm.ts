// One arm of a run: from a constitution (as it is written, or inverted) to its three models, as stages of a run that is
// open, here or in a process of the arm's own. What comes before and after the arms, run.ts knows.

import { join } from "node:path";
import { constitutionFor, saveConstitution } from "../../constitution/index.ts";
import { collect, sequenceOf } from "../../core/index.ts";
import {
  mixSftRows,
  preferenceRows,
  type RequestedProtocol,
  sftRowsFromReplies,
  sftRowsFromRevisions,
} from "../../feedback/index.ts";
import {
  type ArmId,
  type Constitution,
  type GoodhartRecord,
  goodhartRecordSchema,
  type LabelRecord,
  type PromptRecord,
  type ReplyRecord,
  type RevisionExample,
  rewardPairRecordSchema,
  type StageName,
} from "../../records/index.ts";
import { readRecords } from "../../runs/index.ts";
import { type ArmName, keptConstitution } from "../settings/arms.ts";
import { readProtocol } from "../settings/judge-protocol.ts";
import type { RunConfig } from "../settings/run-config.ts";
import { labelStage, type Pipeline, reviseStage } from "./data.ts";
import { goodhartMeasure, goodhartPoints } from "./goodhart.ts";
import { sumLeftOut } from "./left-out.ts";
import type { ArmRecords } from "./measures.ts";
import { ppoStage } from "./ppo.ts";
import { dpoStage, rewardStage } from "./preferences.ts";
import { revisedBy } from "./revising.ts";
import { sftStage } from "./sft.ts";

/** Names of an arm's stages, in order. */
export const armStages = (arm: ArmId): StageName[] =>
  ["revise", "sl", "label", "reward", "dpo", "rl"].map((stage) => `${arm}/${stage}`);

/** What all arms of a run start from: plain data. */
export type SharedByArms = {
  readonly config: RunConfig;
  readonly train: readonly PromptRecord[];
  readonly test: readonly PromptRecord[];
  readonly answers: readonly ReplyRecord[];
  /** Worked examples of revision from a file, where one is named. */
  readonly examples: readonly RevisionExample[] | undefined;
};

/** Replies that each point of the Goodhart curve is made of. */
const goodhartPrompts = 64;

/** Whether a prompt asks for harm: those are revised, and the Goodhart curve is of them. */
export const asksForHarm = ({ kind }: PromptRecord): boolean => kind === "harmful";

/** Prompts of the Goodhart curve. */
const measuredPrompts = (test: readonly PromptRecord[]): PromptRecord[] =>
  test.filter(asksForHarm).slice(0, goodhartPrompts);

/** Replies of an arm's whole Goodhart curve. */
export const measuredReplies = ({ ppo }: RunConfig, test: readonly PromptRecord[]): number =>
  measuredPrompts(test).length * goodhartPoints(ppo);

/** An arm at work: where it writes, under which constitution. */
type Arm = {
  readonly pipeline: Pipeline;
  readonly shared: SharedByArms;
  readonly constitution: Constitution;
  readonly requested: RequestedProtocol;
  /** The full name of one of its stages. */
  stage(name: string): string;
};

/** Critique and revision, then SL-CAI; resolves to the chains and the model. */
const learnSupervised = async ({ pipeline, shared, constitution, stage }: Arm) => {
  const { config, train, answers, examples } = shared;
  const options = { runSeed: pipeline.run.seed, stage: stage("sl"), seedStage: "sl" };
  const revised = await reviseStage(pipeline, {
    name: stage("revise"),
    after: ["answer"],
    model: config.model,
    constitution: revisedBy(constitution, config.revise, config.seed),
    prompts: sequenceOf(train),
    answers: sequenceOf(answers),
    isRevised: asksForHarm,
    ...config.revise,
    examples,
    sampling: config.sampling,
    seedStage: "revise",
  });
  const revisions = await collect(revised);
  const learned = sftRowsFromRevisions(revisions, { ...options, which: config.sft.revisions });
  const helpful = sftRowsFromReplies(train, answers, options);
  const model = await sftStage(pipeline, {
    name: stage("sl"),
    after: [stage("revise")],
    model: config.model,
    rows: mixSftRows(learned.rows, helpful.rows, options),
    leftOut: sumLeftOut(learned.leftOut, helpful.leftOut),
    settings: config.sft,
  });
  return { revisions, model };
};

/** Labels of pairs of the SL-CAI model's replies, by the judge. */
const labelPairs = async ({ pipeline, shared, constitution, requested, stage }: Arm, policy: string) => {
  const { config, train } = shared;
  const labelled = await labelStage(pipeline, {
    name: stage("label"),
    after: [stage("sl")],
    policy,
    judge: config.judge ?? config.model,
    constitution: constitutionFor(constitution, "judge"),
    prompts: sequenceOf(train),
    sampling: { ...config.sampling, temperature: config.label.temperature },
    samples: config.label.samples,
    requested,
    seedStage: "label",
  });
  return collect(labelled.labels);
};

/** Reward model, DPO-CAI and RL-CAI, all from the SL-CAI model. */
const learnFromLabels = async (arm: Arm, model: string, labels: readonly LabelRecord[]): Promise<void> => {
  const { pipeline, shared, stage } = arm;
  const { config, train, test } = shared;
  const learning = (name: string) => {
    const { hard } = config.label;
    const learned = preferenceRows(labels, { runSeed: pipeline.run.seed, stage: name, hard });
    return { name, after: [stage("sl"), stage("label")], model, ...learned };
  };
  const reward = { ...learning(stage("reward")), settings: config.reward };
  const rewardModel = await rewardStage(pipeline, reward);
  await dpoStage(pipeline, { ...learning(stage("dpo")), settings: config.dpo });
  const { maxTokens, temperature, topP } = config.sampling;
  await ppoStage(pipeline, {
    name: stage("rl"),
    after: [stage("sl"), stage("reward")],
    model,
    rewardModel,
    rewardLoad: config.reward.load,
    prompts: train,
    maxTokens,
    settings: config.ppo,
    measure: goodhartMeasure({
      name: stage("rl"),
      prompts: measuredPrompts(test),
      ...{ maxTokens, temperature, topP },
      every: config.ppo.measureEvery,
      steps: config.ppo.steps,
    }),
  });
};

/** One arm's work: plain data, so that another process can do it. */
export type ArmJob = {
  readonly shared: SharedByArms;
  readonly name: ArmName;
  readonly constitution: Constitution;
};

/** One arm from its constitution to its three models; gives what the figures are made of. */
export const runArm = async (
  pipeline: Pipeline,
  { shared, name, constitution }: ArmJob,
): Promise<ArmRecords> => {
  const requested = await readProtocol(shared.config.label, constitution);
  const arm: Arm = { pipeline, shared, constitution, requested, stage: (stage) => `${name}/${stage}` };
  const folder = join(pipeline.run.folder, name);
  await saveConstitution(join(folder, keptConstitution), constitution);
  const { revisions, model } = await learnSupervised(arm);
  const labels = await labelPairs(arm, model);
  await learnFromLabels(arm, model, labels);
  const goodhart: GoodhartRecord[] =
    shared.config.ppo.measureEvery === 0
      ? []
      : await readRecords(join(folder, "rl", "goodhart.jsonl"), goodhartRecordSchema);
  const heldOut = await readRecords(join(folder, "reward", "held-out.jsonl"), rewardPairRecordSchema);
  return { constitution, revisions, labels, heldOut, goodhart };
};
