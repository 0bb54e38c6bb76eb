// What lineage reads of a folder of `covenant run`: replies to held-out prompts before and after training, and the labels that
// a model of an arm learned from, told by the rows of its training and by nothing else. What follows from them is not known here.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../../constitution/index.ts";
import { checkValue, quotedWord, UserError } from "../../core/index.ts";
import {
  type ArmId,
  type Constitution,
  evaluatedRecordSchema,
  isJudged,
  type LabelId,
  type LabelRecord,
  labelRecordSchema,
  type PrincipleId,
  type PromptId,
  type PromptRecord,
  promptRecordSchema,
  type RowId,
  recordSchema,
  revisionRecordSchema,
  type StageName,
  type VerdictRecord,
} from "../../records/index.ts";
import { type RunReading, readRun, streamRecords } from "../../runs/index.ts";
import { type ArmName, armNames } from "../settings/arms.ts";

/** Models that learn from labels. dpo: from the labels themselves; rl: from a reward model that learned from them. */
export const labelled = ["dpo", "rl"] as const;
export type Labelled = (typeof labelled)[number];

/** A label that a training had as a row. */
export type LearnedLabel = { readonly row: RowId; readonly label: LabelRecord };

/** The same held-out prompt, answered before and after: the model that all starts from, SL-CAI, and what came of labels. */
export type Answers = {
  readonly base: VerdictRecord;
  readonly sl: VerdictRecord;
  readonly after: VerdictRecord;
};

export type LineageRecords = {
  readonly folder: string;
  readonly arm: ArmName;
  readonly model: Labelled;
  readonly constitution: Constitution;
  /** What the run's settings name as its constitution: a name of the library, or a path. */
  readonly source: string;
  readonly prompts: ReadonlyMap<PromptId, PromptRecord>;
  readonly answers: readonly Answers[];
  readonly learned: readonly LearnedLabel[];
  /** Comparisons in all, those that no training learned from among them. */
  readonly compared: number;
  /** Chains of revision that SL-CAI came from, as the principles of their rounds. */
  readonly revised: readonly (readonly PrincipleId[])[];
  /** Of DPO's rows the share that was not learned from, but measured on. */
  readonly keptOut: number;
};

const settingsSchema = z.looseObject({
  constitution: z.string(),
  arms: z.array(z.enum(armNames)).min(1),
  dpo: z.looseObject({ evaluationShare: z.number().default(0) }).default({ evaluationShare: 0 }),
});

const requireRun = ({ folder, name }: RunReading): void => {
  if (name === "run") return;
  throw new UserError(
    "lineage-not-run",
    `${folder} was written by \`covenant ${name}\`. A lineage is told of the folders that \`covenant run\` writes (runs/default, unless --out named another), which hold labels, trained models and their replies.`,
    { folder, command: name },
  );
};

const requireArm = (folder: string, arms: readonly ArmName[], wanted: ArmName | undefined): ArmName => {
  const arm = wanted ?? arms[0]!;
  if (arms.includes(arm)) return arm;
  throw new UserError("lineage-arm", `${folder} has no arm "${arm}", only ${arms.join(" and ")}.`, {
    folder,
    arm,
  });
};

/** Throws UserError for a stage that has not finished. */
const requireStages = ({ folder, stages }: RunReading, wanted: readonly StageName[]): void => {
  const lacking = wanted.find((name) => stages.every(({ stage }) => stage !== name));
  if (lacking === undefined) return;
  throw new UserError(
    "lineage-unfinished",
    `${folder} has not finished its stage ${lacking}. Finish the run with \`covenant run --resume ${quotedWord(folder)}\` first.`,
    { folder, stage: lacking },
  );
};

/** Ids of records that a file's records were made from. */
const parentsIn = async (path: string): Promise<Set<string>> => {
  const found = new Set<string>();
  for await (const { parents } of streamRecords(path, recordSchema)) for (const id of parents) found.add(id);
  return found;
};

/**
 * The rows that a training learned from, by the label that each was made of. DPO's reference has seen each of its rows; a
 * reward model has learned from those that it was not measured on.
 */
const rowsByLabel = async (folder: string, arm: ArmId, model: Labelled): Promise<Map<LabelId, RowId>> => {
  const stage = join(folder, arm, model === "dpo" ? "dpo" : "reward");
  const told = await parentsIn(join(stage, model === "dpo" ? "reference.jsonl" : "held-out.jsonl"));
  const rows = new Map<LabelId, RowId>();
  for await (const { id, parents } of streamRecords(join(stage, "rows.jsonl"), recordSchema))
    if (told.has(id) === (model === "dpo")) for (const label of parents) rows.set(label, id);
  return rows;
};

const readLabels = async (folder: string, arm: ArmId, model: Labelled) => {
  const rows = await rowsByLabel(folder, arm, model);
  const learned: LearnedLabel[] = [];
  let compared = 0;
  for await (const label of streamRecords(join(folder, arm, "label", "labels.jsonl"), labelRecordSchema)) {
    compared++;
    const row = rows.get(label.id);
    if (row !== undefined && label.probability !== null) learned.push({ row, label });
  }
  return { learned, compared };
};

/** Prompts that all three models answered. */
const readAnswers = async (folder: string, arm: ArmId, model: Labelled): Promise<Answers[]> => {
  const found = { base: new Map<PromptId, VerdictRecord>(), sl: new Map<PromptId, VerdictRecord>() };
  const after: VerdictRecord[] = [];
  for await (const verdict of streamRecords(
    join(folder, "evaluate", "verdicts.jsonl"),
    evaluatedRecordSchema,
  )) {
    if (verdict.split === "train" || !isJudged(verdict)) continue;
    if (verdict.arm === "base") found.base.set(verdict.prompt, verdict);
    else if (verdict.arm !== arm) continue;
    else if (verdict.model === "sl") found.sl.set(verdict.prompt, verdict);
    else if (verdict.model === model) after.push(verdict);
  }
  return after.flatMap((one) => {
    const [base, sl] = [found.base.get(one.prompt), found.sl.get(one.prompt)];
    return base === undefined || sl === undefined ? [] : [{ base, sl, after: one }];
  });
};

/** Reads a run. Throws UserError for what is none, is not finished, or has no such arm. */
export const readLineageRecords = async (
  folder: string,
  { arm: wanted, model }: { readonly arm?: ArmName | undefined; readonly model: Labelled },
): Promise<LineageRecords> => {
  const run = await readRun(folder);
  requireRun(run);
  const settings = checkValue(settingsSchema, run.config, { file: join(folder, "config.yaml") });
  const arm = requireArm(folder, settings.arms, wanted);
  const own = ["revise", "label", model === "dpo" ? "dpo" : "reward", model].map((name) => `${arm}/${name}`);
  requireStages(run, ["prompts", ...own, "evaluate"]);
  const prompts = new Map<PromptId, PromptRecord>();
  for await (const prompt of streamRecords(join(folder, "prompts", "prompts.jsonl"), promptRecordSchema))
    prompts.set(prompt.id, prompt);
  const revised: PrincipleId[][] = [];
  const chains = streamRecords(join(folder, arm, "revise", "revisions.jsonl"), revisionRecordSchema);
  for await (const { steps } of chains) revised.push(steps.map(({ principle }) => principle));
  const { learned, compared } = await readLabels(folder, arm, model);
  if (learned.length === 0)
    throw new UserError(
      "lineage-no-labels",
      `None of the ${compared} comparisons of ${folder} became a row that ${model} learned from, so no label can be shown.`,
      { folder },
    );
  return {
    ...{ folder, arm, model, prompts, revised, learned, compared },
    constitution: await loadConstitution(join(folder, arm, "constitution.yaml")),
    source: settings.constitution,
    answers: await readAnswers(folder, arm, model),
    keptOut: model === "dpo" ? settings.dpo.evaluationShare : 0,
  };
};
