// The data half of the pipeline as stages: answers, critique and revision, pairs and labels. Items and results stream from
// file to file; each stage resumes at the chunk that it broke off in. What a model is asked is feedback's part.

import { hashConstitution } from "../../constitution/index.ts";
import { counted, hashEach, inStep, mapped, type Sequence, sequence } from "../../core/index.ts";
import {
  callsEach,
  paceOf,
  pairOf,
  type ReplyChunk,
  type ReplyPair,
  type RequestedProtocol,
  type RevisionEvent,
  type RevisionItem,
  reviseBatch,
  revisionItem,
  sampleReplies,
} from "../../feedback/index.ts";
import {
  type Constitution,
  type LabelRecord,
  labelRecordSchema,
  type PromptRecord,
  type ReplyRecord,
  type RevisionRecord,
  replyRecordSchema,
  revisionRecordSchema,
} from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { protocolAsInput } from "../settings/judge-protocol.ts";
import type { SamplingSettings } from "../settings/settings.ts";
import { type Asking, askInto, askingStage, idsOf, isOf, recordsOf } from "./asking.ts";
import { checkLabels, judgePairs, tryJudge } from "./judging.ts";
import { nameInRun } from "./models.ts";
import { type RevisionExtras, revisionExtras } from "./revising.ts";
import { requireReplies, watchReplies } from "./silence.ts";
import type { Pipeline } from "./stage-model.ts";
import { type ReplyTally, tallyReplies } from "./tallies.ts";
import { type Watch, watchedFile } from "./watched-file.ts";

export type { Pipeline } from "./stage-model.ts";

/** Warns when most replies of a stage were cut by the token limit: they are of little use. */
const warnOfCuts = (stage: StageContext, { count, finishes: ends }: ReplyTally, maxTokens: number): void => {
  if (ends.length * 2 <= count) return;
  stage.warn(
    "replies-cut",
    `${ends.length} of ${counted(count, "reply", "replies")} ${ends.length === 1 ? "was" : "were"} cut at ${maxTokens} tokens. Raise sampling.maxTokens.`,
  );
};

/** Throws CovenantError where no reply can be gone on with; warns where most are cut. */
const checkReplies = async (
  stage: StageContext,
  replies: AsyncIterable<ReplyRecord>,
  model: string,
  { maxTokens }: SamplingSettings,
): Promise<void> => {
  const tally = await tallyReplies(replies);
  requireReplies(tally, model);
  warnOfCuts(stage, tally, maxTokens);
};

/** How a model is asked for replies to prompts. seedStage: what seeds derive from, where it is not the stage. */
const samplingOf = (
  sampling: SamplingSettings,
  samples: number,
  seedStage?: string,
): Pick<Asking<PromptRecord, ReplyChunk>, "rows" | "paceFor" | "work" | "counts"> => ({
  rows: samples,
  paceFor: (model) => paceOf(model, samples),
  work: (model, { items, ...work }) =>
    sampleReplies({
      ...work,
      model,
      prompts: items,
      samples,
      ...(seedStage === undefined ? {} : { seedStage }),
      ...sampling,
    }),
  counts: ({ cuts }) => cuts,
});

export type AnswerStageOptions = {
  readonly name: string;
  readonly after: readonly string[];
  readonly model: string;
  readonly prompts: Sequence<PromptRecord>;
  readonly sampling: SamplingSettings;
  readonly seedStage?: string;
  /** What is found out before anything is asked. */
  readonly before?: (stage: StageContext) => Promise<void>;
};

/** <name>/answers.jsonl: the model's reply to each prompt. */
export const answerStage = async (
  pipeline: Pipeline,
  { name, after, model, prompts, sampling, seedStage, before }: AnswerStageOptions,
): Promise<Sequence<ReplyRecord>> =>
  askingStage(pipeline, {
    ...samplingOf(sampling, 1, seedStage),
    name,
    after,
    inputs: { model, sampling, samples: 1, prompts: await idsOf(prompts) },
    file: "answers.jsonl",
    schema: replyRecordSchema,
    model,
    items: prompts,
    unit: "replies",
    ...(before === undefined ? {} : { begin: before }),
    watch: (): Watch<ReplyRecord> => watchReplies(model),
    check: (stage, replies) => checkReplies(stage, replies, model, sampling),
  });

export type ReviseStageOptions = {
  readonly name: string;
  readonly after: readonly string[];
  readonly model: string;
  readonly constitution: Constitution;
  /** All that were answered, and which of them are revised. */
  readonly prompts: Sequence<PromptRecord>;
  readonly answers: Sequence<ReplyRecord>;
  readonly isRevised: (prompt: PromptRecord) => boolean;
  readonly rounds: number;
  readonly mode: "critique" | "direct";
  readonly sampling: SamplingSettings;
  readonly seedStage?: string;
} & RevisionExtras;

async function* itemsToRevise(
  { prompts, answers, isRevised }: ReviseStageOptions,
  onLeftOut: () => void = () => {},
): AsyncGenerator<RevisionItem> {
  for await (const [prompt, [answer]] of inStep(prompts, answers, isOf)) {
    if (!isRevised(prompt)) continue;
    const item = revisionItem(prompt, answer);
    if (item === null) onLeftOut();
    else yield item;
  }
}

/** What there is to revise: how many answers, which, and how many prompts have none. */
const measureItems = async (options: ReviseStageOptions) => {
  let count = 0;
  let leftOut = 0;
  const replies = mapped(
    itemsToRevise(options, () => leftOut++),
    ({ reply }) => {
      count++;
      return reply;
    },
  );
  return { replies: await hashEach(replies), count, leftOut };
};

/** <name>/revisions.jsonl: n rounds of critique and revision of every answer, all intermediate replies kept. */
export const reviseStage = async (
  pipeline: Pipeline,
  options: ReviseStageOptions,
): Promise<Sequence<RevisionRecord>> => {
  const { name, after, model, constitution, rounds, mode, sampling, seedStage = name } = options;
  const extras = revisionExtras(options);
  const { replies, count, leftOut } = await measureItems(options);
  const how = { model, constitution: hashConstitution(constitution), rounds, mode, sampling, ...extras };
  return askingStage(pipeline, {
    name,
    after,
    inputs: { ...how, items: replies },
    file: "revisions.jsonl",
    schema: revisionRecordSchema,
    model,
    items: sequence(count, () => itemsToRevise(options)),
    unit: mode === "direct" ? "revisions" : "critiques and revisions",
    parts: mode === "direct" ? rounds : 2 * rounds,
    note: counted(rounds, "round"),
    begin(stage) {
      if (leftOut === 0) return;
      stage.warn(
        "answers-left-out",
        `${leftOut} of ${counted(count + leftOut, "prompt")} ${leftOut === 1 ? "has" : "have"} no answer to revise (refused by the provider, too long for the model, rejected by the server, or without text) and ${leftOut === 1 ? "was" : "were"} left out.`,
      );
    },
    work: (opened, { onPart, ...work }) => {
      // further rounds of a recheck are as many as they turn out to be
      const onEvent = (event: RevisionEvent): void => {
        if (event.type === "critique-written" && event.round <= rounds) onPart();
        if (event.type === "revision-written" && event.step.round <= rounds) onPart();
      };
      const how = { constitution, rounds, mode, ...extras, seedStage, ...sampling, onEvent };
      return reviseBatch({ ...work, model: opened, ...how });
    },
    counts: ({ cuts }) => cuts,
  });
};

export type LabelStageOptions = {
  readonly name: string;
  readonly after: readonly string[];
  /** Whose samples are compared, and who judges them. */
  readonly policy: string;
  readonly judge: string;
  readonly constitution: Constitution;
  readonly prompts: Sequence<PromptRecord>;
  readonly sampling: SamplingSettings;
  /** Replies a prompt, at least two, two of which are compared. */
  readonly samples: number;
  readonly seedStage?: string;
  /** How the judge is asked. */
  readonly requested: RequestedProtocol;
};

/** samples: the policy's replies, those of each prompt together; labels: one for each prompt. */
export type Labelled = {
  readonly samples: Sequence<ReplyRecord>;
  readonly labels: Sequence<LabelRecord>;
};

async function* pairsOf(
  prompts: AsyncIterable<PromptRecord>,
  samples: AsyncIterable<ReplyRecord>,
): AsyncGenerator<ReplyPair> {
  for await (const [prompt, own] of inStep(prompts, samples, isOf)) {
    const pair = pairOf(prompt, own);
    if (pair !== null) yield pair;
  }
}

/**
 * <name>/samples.jsonl and labels.jsonl: samples of each prompt from the policy, the two least alike of which the judge
 * compares under one drawn principle, in both orders.
 */
export const labelStage = async (pipeline: Pipeline, options: LabelStageOptions): Promise<Labelled> => {
  const { run } = pipeline;
  const { name, after, policy, judge, constitution, prompts, sampling, samples, seedStage, requested } =
    options;
  const policyName = nameInRun(run.folder, policy);
  const inputs = {
    policy: policyName,
    judge,
    constitution: hashConstitution(constitution),
    sampling,
    samples,
    prompts: await idsOf(prompts),
    ...protocolAsInput(requested),
  };
  const sampled = prompts.count * samples;
  await run.stage({ name, inputs, after }, async (stage) => {
    const sampleFile = await stage.records("samples.jsonl", replyRecordSchema);
    const labelFile = await stage.records("labels.jsonl", labelRecordSchema);
    const asked = { judge, constitution, requested };
    const givesScores = await tryJudge(pipeline, stage, asked, labelFile);
    // a comparison takes as many calls as it does, where a reply takes one: else the time left would be told too short
    const each = callsEach(requested, givesScores);
    const tell = (calls: number): void =>
      stage.progress(calls, sampled + each * prompts.count, "replies and judgements");
    const watched = await watchedFile(sampleFile, watchReplies(policyName));
    await askInto(pipeline, stage, watched, {
      ...samplingOf(sampling, samples, seedStage),
      model: policy,
      modelId: policyName,
      items: prompts,
      onChunk: tell,
      asked: { unit: "replies" },
    });
    await checkReplies(stage, sampleFile.rows(), policyName, sampling);
    const judged = {
      ...asked,
      pairs: pairsOf(prompts, sampleFile.rows()),
      ...(seedStage === undefined ? {} : { seedStage }),
      givesScores,
      onProgress: (rows: number) => tell(sampled + each * rows),
    };
    await judgePairs(pipeline, stage, judged, labelFile);
    await checkLabels(stage, labelFile.rows(), options);
  });
  return {
    samples: recordsOf(run, [name, "samples.jsonl"], replyRecordSchema, sampled),
    labels: recordsOf(run, [name, "labels.jsonl"], labelRecordSchema, prompts.count),
  };
};
