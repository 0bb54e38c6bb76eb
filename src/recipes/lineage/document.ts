// A lineage as data: one changed reply, a label near it, the principles that judged the label, and what was said for them, with
// the counts that say how little one label is among all that trained the model. How it reads to people is story.ts's part.

import { UserError } from "../../core/index.ts";
import type {
  ArmId,
  GroupSupport,
  LabelId,
  LabelRecord,
  ModelId,
  PrincipleId,
  PromptId,
  RowId,
  Verdict,
  VerdictRecord,
} from "../../records/index.ts";
import type { RunReading } from "../../runs/index.ts";
import {
  type Change,
  changesOf,
  chooseLabel,
  type LabelChoice,
  mostChanged,
  type NearLabel,
  oldOf,
  orderOf,
  principlesOf,
  requestOfLabel,
  speaksOf,
} from "./choice.ts";
import type { Answers, Labelled, LineageRecords } from "./records.ts";
import { type Voice, voicesOf } from "./voices.ts";

type Reply = { readonly record: string; readonly text: string; readonly verdict: Verdict };

export type LineageLabel = {
  readonly record: LabelId;
  readonly row: RowId;
  readonly prompt: PromptId;
  readonly request: string;
  readonly preferred: string;
  readonly other: string;
  readonly probability: number;
  readonly judge: ModelId;
  readonly principles: readonly PrincipleId[];
  /** As measured against the changed reply (choice.ts). */
  readonly nearness: number;
  readonly pull: number;
  readonly weight: number;
};

/**
 * compared: comparisons of the arm; learned: labels that the training had as rows; ofKind: those on prompts of the same kind
 * and area (all where isNarrowed is false); along: of ofKind, those that pull from the old reply to the new one;
 * onMatter: of along, those that were judged under a principle that speaks of the prompt's area, one of which is told;
 * underPrinciples: of learned, those that one of the same principles judged; chains: of revisions, and those of them with a
 * round under one of these principles.
 */
export type LineageCounts = {
  readonly compared: number;
  readonly learned: number;
  readonly ofKind: number;
  readonly isNarrowed: boolean;
  readonly along: number;
  readonly onMatter: number;
  readonly underPrinciples: number;
  readonly chains: number;
  readonly chainsUnderPrinciples: number;
};

export type LineagePrinciple = {
  readonly id: PrincipleId;
  readonly title: string;
  /** The question that the judge was asked. */
  readonly preference: string;
  readonly source?: string;
  readonly support?: readonly GroupSupport[];
  readonly voices: readonly Voice[];
};

export type Lineage = {
  readonly folder: string;
  readonly arm: ArmId;
  readonly model: Labelled;
  readonly constitution: string;
  readonly prompt: {
    readonly id: PromptId;
    readonly kind: string | null;
    readonly area: string | null;
    readonly request: string;
    /** Whether it was named; else its reply is the one that changed most. */
    readonly named: boolean;
    /** Held-out prompts of the run. */
    readonly of: number;
    /** Whether all three replies were drawn with the same seed. */
    readonly sameSeed: boolean;
  };
  readonly replies: Readonly<Record<"base" | "sl" | "after", Reply>>;
  readonly changes: { readonly fromBase: Change; readonly fromSl: Change };
  /** From whose reply to the new one a label's pull is measured. */
  readonly old: "sl" | "base";
  readonly label: LineageLabel;
  readonly counts: LineageCounts;
  readonly principles: readonly LineagePrinciple[];
  /** Where the principles were learned; null: not known, or they point to nobody's words. */
  readonly contract: { readonly folder: string; readonly command: string } | null;
  readonly notices: readonly string[];
};

/** The answer that is asked for. Throws UserError for a prompt that the run did not measure. */
export const answerOf = (
  { folder, answers, model }: LineageRecords,
  prompt: PromptId | undefined,
): Answers => {
  const found =
    prompt === undefined ? mostChanged(answers) : answers.find(({ after }) => after.prompt === prompt);
  if (found !== undefined) return found;
  if (answers.length === 0)
    throw new UserError(
      "lineage-no-answers",
      `${folder} has no prompt that base, sl and ${model} all answered.`,
      {
        folder,
      },
    );
  throw new UserError(
    "lineage-prompt",
    `${folder} has no held-out prompt "${prompt}"; expected one of ${answers.length}, such as ${answers[0]!.after.prompt}. Leave out --prompt for the one whose reply changed most; evaluate/verdicts.jsonl has all.`,
    { folder, prompt: prompt ?? null },
  );
};

const replyOf = ({ id, text, verdict }: VerdictRecord): Reply => ({ record: id, text, verdict });

const labelOf = ({ label, row, nearness, pull, weight }: NearLabel): LineageLabel => ({
  record: label.id,
  row,
  prompt: label.prompt,
  request: requestOfLabel(label),
  ...orderOf(label),
  judge: label.judge,
  principles: principlesOf(label),
  ...{ nearness, pull, weight },
});

const countsOf = (
  { compared, learned, revised }: LineageRecords,
  { chosen, ofKind, isNarrowed, onMatter }: LabelChoice,
): LineageCounts => {
  const own = principlesOf(chosen.label);
  const isOwn = (id: PrincipleId): boolean => own.includes(id);
  return {
    ...{ compared, learned: learned.length, ofKind: ofKind.length, isNarrowed },
    along: ofKind.filter(({ weight }) => weight > 0).length,
    onMatter: onMatter.length,
    underPrinciples: learned.filter(({ label }) => principlesOf(label).some(isOwn)).length,
    chains: revised.length,
    chainsUnderPrinciples: revised.filter((principles) => principles.some(isOwn)).length,
  };
};

const noticesOf = (
  { source, keptOut, constitution }: LineageRecords,
  principles: readonly LineagePrinciple[],
  contract: RunReading | null,
  problem: string | undefined,
): string[] => {
  const voices = principles.flatMap((principle) => principle.voices);
  const count = (state: Voice["state"]): number => voices.filter((voice) => voice.state === state).length;
  const ids = new Set(principles.map(({ id }) => id));
  const doubtful = constitution.principles
    .filter(({ id }) => ids.has(id))
    .flatMap(({ grounds = [] }) => grounds.filter((ground) => ground.doubtful === "says-other")).length;
  const notices: string[] = [];
  if (doubtful > 0)
    notices.push(
      `${doubtful} cited ${doubtful === 1 ? "comment says" : "comments say"} something else than the principle (doubtful in its grounds), and ${doubtful === 1 ? "is" : "are"} left out.`,
    );
  if (voices.length === 0 && doubtful === 0)
    notices.push(
      `The constitution ${constitution.name} names no words of people that argued for this principle (it has no grounds), so the lineage begins with the principle. Constitutions of \`covenant simulate contract\` and \`covenant simulate vote\` have them.`,
    );
  if (voices.length > 0 && contract === null)
    notices.push(
      `What was said is told as the constitution has it: no folder of the simulation lies beside ${source}. Name it with --contract to see its records.`,
    );
  if (count("absent") + count("differs") > 0)
    notices.push(
      `${count("absent")} of ${voices.length} grounds have no record in ${contract!.folder}, and ${count("differs")} have one that says something else: the folder has changed since, or is another one.`,
    );
  if (problem !== undefined) notices.push(`Personas and requests cannot be told any more: ${problem}`);
  if (keptOut > 0)
    notices.push(
      `A share of ${keptOut} of these labels (dpo.evaluationShare) was measured on and not learned from; the records do not say which.`,
    );
  return notices;
};

/** Throws UserError where a folder was named in which none of the words can be found. */
const requireKnown = (principles: readonly LineagePrinciple[], { folder }: RunReading): void => {
  const voices = principles.flatMap((principle) => principle.voices);
  if (voices.length === 0 || voices.some(({ state }) => state === "confirmed")) return;
  throw new UserError(
    "lineage-other-contract",
    `${folder} has none of the ${voices.length} records that the principle points to, such as ${voices[0]!.record} ("${voices[0]!.said}"). Give the folder in which this constitution was made, or leave out --contract.`,
    { folder },
  );
};

/** The lineage of one answer. contract: as findContract gives it; wanted: whether it was named. */
export const lineageOf = async (
  records: LineageRecords,
  prompt: PromptId | undefined,
  { contract, wanted }: { readonly contract: RunReading | null; readonly wanted: boolean },
): Promise<Lineage> => {
  const { folder, arm, model, constitution, prompts, answers, learned } = records;
  const answer = answerOf(records, prompt);
  const { kind, area, request, prompt: id } = answer.after;
  const sameKind = ({ prompt: other }: LabelRecord): boolean => {
    const its = prompts.get(other);
    return its !== undefined && its.kind === kind && its.area === area;
  };
  const speaking = new Set(constitution.principles.filter(speaksOf(area)).map((one) => one.id));
  const choice = chooseLabel(learned, answer, sameKind, (one) => speaking.has(one));
  const label = labelOf(choice.chosen);
  const known = constitution.principles.filter((one) => label.principles.includes(one.id));
  const found = await Promise.all(known.map((one) => voicesOf(one, contract)));
  const principles = known.map(({ id: own, title, preference, source, support }, at): LineagePrinciple => {
    const { voices } = found[at]!;
    return { id: own, title, preference, ...(source && { source }), ...(support && { support }), voices };
  });
  if (contract !== null && wanted) requireKnown(principles, contract);
  const problem = found.find((one) => one.problem !== undefined)?.problem;
  return {
    ...{ folder, arm, model, constitution: constitution.name },
    prompt: {
      ...{ id, kind: kind ?? null, area: area ?? null, request },
      named: prompt !== undefined,
      of: answers.length,
      sameSeed: answer.base.seed === answer.after.seed && answer.sl.seed === answer.after.seed,
    },
    replies: { base: replyOf(answer.base), sl: replyOf(answer.sl), after: replyOf(answer.after) },
    changes: changesOf(answer),
    old: oldOf(answer),
    label,
    counts: countsOf(records, choice),
    principles,
    contract: contract === null ? null : { folder: contract.folder, command: contract.name },
    notices: noticesOf(records, principles, contract, problem),
  };
};
