// What training learns from feedback: supervised rows from revisions and helpful answers, preference rows from
// labels. What carries nothing to learn is left out and counted. Knows no file and no trainer.

import { createRandom, deriveSeed } from "../core/index.ts";
import type {
  CompletionRow,
  LabelRecord,
  PreferenceRow,
  PromptRecord,
  ReplyRecord,
  RevisionRecord,
  StageName,
  StepFinish,
} from "../records/index.ts";

/** runSeed, stage: as in the records that are made. seedStage: what their order is drawn by; default: the stage. */
export type RowOptions = {
  readonly runSeed: number;
  readonly stage: StageName;
  readonly seedStage?: StageName;
};

/** How many texts were left out because they did not end as a whole reply, or are none. */
export type LeftOut = Readonly<Record<Exclude<StepFinish, "stop">, number>>;

const countLeftOut = (finishes: readonly StepFinish[]): LeftOut => {
  const counts = { length: 0, refusal: 0, overflow: 0, rejected: 0, empty: 0, critique: 0 };
  for (const finish of finishes) if (finish !== "stop") counts[finish]++;
  return counts;
};

/**
 * Which revisions of a chain are learned: of all rounds (Bai et al. 2022, section 3.1), of all up to the n-th (SL-CAI-n,
 * section 3.4), or the last whole one.
 */
export type LearnedRevisions = "all" | "last" | number;

/**
 * Rows from revisions. Replies cut by length would teach the model not to end, so they are left out; a revision that
 * was turned down is none.
 */
export const sftRowsFromRevisions = (
  revisions: readonly RevisionRecord[],
  options: RowOptions & { readonly which?: LearnedRevisions },
): { readonly rows: readonly CompletionRow[]; readonly leftOut: LeftOut } => {
  const { runSeed, stage, which = "all" } = options;
  const finishes: StepFinish[] = [];
  const rows = revisions.flatMap((revision) => {
    const steps = revision.steps.filter(
      ({ round, rejected }) => rejected === undefined && (typeof which === "string" || round <= which),
    );
    const whole = steps.filter((step) => step.finish === "stop");
    if (which !== "last" || whole.length === 0) finishes.push(...steps.map((step) => step.finish));
    return (which === "last" ? whole.slice(-1) : whole).map((step): CompletionRow => {
      const id = `${stage}/${revision.prompt}/revision-${step.round}`;
      return {
        id,
        parents: [revision.id],
        stage,
        seed: deriveSeed(runSeed, stage, id),
        prompt: revision.messages,
        completion: step.revision,
      };
    });
  });
  return { rows, leftOut: countLeftOut(finishes) };
};

/** Rows from answers as they are, for prompts of the kinds where a good reply helps. */
export const sftRowsFromReplies = (
  prompts: readonly PromptRecord[],
  replies: readonly ReplyRecord[],
  { runSeed, stage }: RowOptions,
): { readonly rows: readonly CompletionRow[]; readonly leftOut: LeftOut } => {
  const wanted = new Map(
    prompts
      .filter(({ kind }) => kind === "harmless" || kind === "lookalike")
      .map((prompt) => [prompt.id, prompt]),
  );
  const meant = replies.filter((reply) => wanted.has(reply.prompt));
  const rows = meant
    .filter((reply) => reply.finish === "stop")
    .map((reply): CompletionRow => {
      const id = `${stage}/${reply.id}`;
      const seed = deriveSeed(runSeed, stage, id);
      const prompt = [...(wanted.get(reply.prompt)?.messages ?? [])];
      return { id, parents: [reply.id], stage, seed, prompt, completion: reply.text };
    });
  return { rows, leftOut: countLeftOut(meant.map((reply) => reply.finish)) };
};

/** The seeded order of rows of two sources, those of revisions counted first: their places. */
export const mixedOrder = (count: number, { runSeed, stage, seedStage = stage }: RowOptions): Uint32Array =>
  createRandom(deriveSeed(runSeed, seedStage, "mix")).order(count);

/** Rows of two sources in one seeded order. */
export const mixSftRows = (
  revised: readonly CompletionRow[],
  helpful: readonly CompletionRow[],
  options: RowOptions,
): CompletionRow[] => {
  const rows = [...revised, ...helpful];
  return Array.from(mixedOrder(rows.length, options), (place) => rows[place]!);
};

/** What a label is of, without the stage that made it: the same in every stage that learns from it. */
const itemOf = ({ id, stage }: LabelRecord): string =>
  id.startsWith(`${stage}/`) ? id.slice(stage.length + 1) : id;

/**
 * Preference rows from judged labels: chosen is the more probable reply. Identical and unscored ones are counted, and by
 * themselves those with a reply that was cut, which would teach an end that the model never wrote. hard: chosen is
 * better for certain (an ablation of the paper's section 4.3); a label of exactly one half then chooses neither and is
 * left out as undecided.
 */
export const preferenceRows = (
  labels: readonly LabelRecord[],
  options: RowOptions & { readonly hard?: boolean },
): {
  readonly rows: readonly PreferenceRow[];
  readonly leftOut: Readonly<
    Record<"identical" | "unscored" | "cut", number> & Partial<Record<"undecided", number>>
  >;
} => {
  const { runSeed, stage, hard = false } = options;
  const leftOut = { identical: 0, unscored: 0, cut: 0 };
  let undecided = 0;
  const rows = labels.flatMap((label): PreferenceRow[] => {
    if (label.state !== "judged" || label.probability === null) {
      const { state, reason } = label;
      leftOut[state === "identical" ? "identical" : reason === "reply-cut" ? "cut" : "unscored"]++;
      return [];
    }
    if (hard && label.probability === 0.5) {
      undecided++;
      return [];
    }
    const [one, other] = label.replies;
    const first = label.probability >= 0.5;
    const id = `${stage}/${itemOf(label)}/pair`;
    return [
      {
        id,
        parents: [label.id],
        stage,
        seed: deriveSeed(runSeed, stage, id),
        prompt: label.messages,
        chosen: first ? one : other,
        rejected: first ? other : one,
        probability: hard ? 1 : first ? label.probability : 1 - label.probability,
      },
    ];
  });
  return { rows, leftOut: hard ? { ...leftOut, undecided } : leftOut };
};
