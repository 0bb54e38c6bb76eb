// Run folders of `revise`, `label` and `run` with records that a test writes down, made by runs/ as commands make them,
// so that nobody has to ask a model.

import {
  mixSftRows,
  preferenceRows,
  sftRowsFromReplies,
  sftRowsFromRevisions,
} from "../../feedback/index.ts";
import {
  type LabelRecord,
  labelRecordSchema,
  type Message,
  type PromptRecord,
  preferenceRowSchema,
  promptRecordSchema,
  type ReplyRecord,
  type RevisionRecord,
  type RevisionStep,
  replyRecordSchema,
  revisionRecordSchema,
  sftRowSchema,
} from "../../records/index.ts";
import { openRun, type RecordSchema, type Run, type StageContext } from "../../runs/index.ts";

/** A prompt with all that becomes of it. revisions: "" stands for one that was cut. */
export type Item = {
  readonly id: string;
  readonly messages: readonly Message[];
  readonly kind?: PromptRecord["kind"];
  readonly answer: string;
  readonly revisions: readonly string[];
  /** Rounds of which the revision was turned down. */
  readonly turnedDown?: readonly number[];
  readonly replies?: readonly [string, string];
  /** Another model, which gave the first reply, the last step of revision and an answer of the judge. */
  readonly answeredBy?: string;
  /** That the first reply is better; null: the judge gave none. */
  readonly probability?: number | null;
};

const seed = 7;
const books = (stage: string, id: string, parents: readonly string[] = []) => ({
  ...{ id: stage === "" ? id : `${stage}/${id}`, parents: [...parents], stage: stage || "prompts", seed },
});

const other = ({ answeredBy }: Item, isOther = true): { answeredBy?: string[] } =>
  answeredBy === undefined || !isOther ? {} : { answeredBy: [answeredBy] };

const promptOf = ({ id, messages, kind }: Item): PromptRecord => ({
  ...books("", id),
  messages: [...messages],
  ...(kind === undefined ? {} : { kind }),
  split: "train",
});

const replyOf = (stage: string, item: Item, text: string, sample?: number): ReplyRecord => ({
  ...books(stage, sample === undefined ? item.id : `${item.id}/${sample}`, [item.id]),
  ...other(item, sample === 0),
  ...{ prompt: item.id, model: "tests", text, finish: text.endsWith("…") ? "length" : "stop" },
});

const chainOf = (stage: string, item: Item): RevisionRecord => {
  const { id, messages, answer, revisions, turnedDown = [] } = item;
  let before = answer;
  return {
    ...books(stage, id, [id, `answer/${id}`]),
    ...{ prompt: id, messages: [...messages], answer },
    steps: revisions.map((revision, at): RevisionStep => {
      const isDown = turnedDown.includes(at + 1);
      if (revision !== "" && !isDown) before = revision;
      return {
        round: at + 1,
        principle: at === 0 ? "be-kind" : `be-kind-${at + 1}`,
        critiqueRequest: "Was that kind?",
        critique: `Critique ${at + 1}.`,
        revisionRequest: "Be kind.",
        revision: before,
        finish: revision === "" ? "length" : "stop",
        ...(isDown ? { rejected: revision } : {}),
        ...other(item, at === revisions.length - 1),
      };
    }),
  };
};

const labelOf = (stage: string, item: Item, judge = "http://10.0.0.7:8000/v1#judge"): LabelRecord => {
  const { id, messages, replies = ["", ""], probability: stated = null } = item;
  const isCut = replies.some((text, at) => replyOf(stage, item, text, at).finish === "length");
  const probability = isCut ? null : stated;
  const judged = probability !== null;
  return {
    ...books(stage, id, [id, `${stage}/${id}/0`, `${stage}/${id}/1`]),
    ...{ prompt: id, messages: [...messages], replies: [...replies], principle: "be-kind" },
    judge,
    ...other(item),
    state: replies[0] === replies[1] ? "identical" : judged ? "judged" : "unscored",
    ...(judged || replies[0] === replies[1]
      ? {}
      : { reason: isCut ? ("reply-cut" as const) : ("refusal" as const) }),
    probability,
    orders: judged ? [probability, probability] : null,
    flipped: judged ? false : null,
  };
};

const countCalls = (context: StageContext): void =>
  context.emit({
    ...{ type: "stage-usage", stage: context.name, calls: 3, promptTokens: 100, completionTokens: 20 },
    ...{ repeats: 0, counts: {} },
  });

const write = async <Row>(
  run: Run,
  stage: string,
  files: readonly (readonly [file: string, schema: RecordSchema<Row>, rows: readonly Row[]])[],
): Promise<void> => {
  await run.stage({ name: stage, inputs: {}, after: [] }, async (context) => {
    for (const [file, schema, rows] of files) await (await context.records(file, schema)).append(rows);
    countCalls(context);
  });
};

const opened = (
  folder: string,
  name: string,
  stages: readonly string[],
  settings: object,
  contents: Readonly<Record<string, string>> = {},
): Promise<Run> => {
  const config = {
    seed,
    model: "embedded:covenant-tiny",
    prompts: "sandbox",
    sampling: { maxTokens: 50 },
    ...settings,
  };
  return openRun({ folder, name, stages, seed, config, contents, clock: { now: () => 0 } });
};

const prompts = (run: Run, items: readonly Item[]) =>
  write(run, "prompts", [["prompts.jsonl", promptRecordSchema, items.map(promptOf)]]);

const isRevised = ({ kind }: Item): boolean => kind === undefined || kind === "harmful";

/** Answers, chains and rows of one arm, or of `revise`. */
const supervised = async (
  run: Run,
  items: readonly Item[],
  chains: string,
  rows: readonly [string, string],
) => {
  const revisions = items.filter(isRevised).map((item) => chainOf(chains, item));
  await write(run, chains, [["revisions.jsonl", revisionRecordSchema, revisions]]);
  const options = { runSeed: seed, stage: rows[0] };
  const learned = sftRowsFromRevisions(revisions, { ...options, which: "last" });
  const answers = items.map((item) => replyOf("answer", item, item.answer));
  const kept = sftRowsFromReplies(items.map(promptOf), answers, options);
  await write(run, rows[0], [[rows[1], sftRowSchema, mixSftRows(learned.rows, kept.rows, options)]]);
};

const labelled = async (
  run: Run,
  items: readonly Item[],
  stage: string,
  rows: readonly [string, string],
  judge?: string,
) => {
  const samples = items.flatMap((item) =>
    (item.replies ?? ["", ""]).map((text, at) => replyOf(stage, item, text, at)),
  );
  const labels = items.map((item) => labelOf(stage, item, judge));
  await run.stage({ name: stage, inputs: {}, after: [] }, async (context) => {
    await (await context.records("samples.jsonl", replyRecordSchema)).append(samples);
    await (await context.records("labels.jsonl", labelRecordSchema)).append(labels);
    countCalls(context);
  });
  const made = preferenceRows(labels, { runSeed: seed, stage: rows[0] });
  await write(run, rows[0], [[rows[1], preferenceRowSchema, made.rows]]);
};

/** The folder of a run of `revise`. settings: more of its configuration; contents: hashes of what that names. */
export const makeReviseRun = async (
  folder: string,
  items: readonly Item[],
  settings = {},
  contents: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const stages = ["prompts", "answer", "revise", "rows"];
  const config = { constitution: "ethical", ...settings };
  await using run = await opened(folder, "revise", stages, config, contents);
  await prompts(run, items);
  const answers = items.map((item) => replyOf("answer", item, item.answer));
  await write(run, "answer", [["answers.jsonl", replyRecordSchema, answers]]);
  await supervised(run, items, "revise", ["rows", "sft.jsonl"]);
  await run.finish();
};

/** The folder of a run of `label`. unfinished: without its rows; judge: as its labels name it. */
export const makeLabelRun = async (
  folder: string,
  items: readonly Item[],
  settings = {},
  { unfinished = false, judge }: { readonly unfinished?: boolean; readonly judge?: string } = {},
): Promise<void> => {
  const stages = ["prompts", "label", "rows"];
  await using run = await opened(folder, "label", stages, { constitution: "ethical", ...settings });
  await prompts(run, items);
  if (unfinished) return;
  await labelled(run, items, "label", ["rows", "preferences.jsonl"], judge);
  await run.finish();
};

/** The folder of a run of `run` with the arms that are named, as far as its rows go. */
export const makeWholeRun = async (
  folder: string,
  arms: Readonly<Record<string, readonly Item[]>>,
): Promise<void> => {
  const [items = []] = Object.values(arms);
  const names = Object.keys(arms);
  const stages = ["prompts", "answer", ...names.flatMap((arm) => [`${arm}/revise`, `${arm}/sl`])];
  stages.push(...names.flatMap((arm) => [`${arm}/label`, `${arm}/reward`]));
  await using run = await opened(folder, "run", stages, { constitution: "ethical", arms: names });
  await prompts(run, items);
  const answers = items.map((item) => replyOf("answer", item, item.answer));
  await write(run, "answer", [["answers.jsonl", replyRecordSchema, answers]]);
  for (const [arm, own] of Object.entries(arms)) {
    await supervised(run, own, `${arm}/revise`, [`${arm}/sl`, "rows.jsonl"]);
    await labelled(run, own, `${arm}/label`, [`${arm}/reward`, "rows.jsonl"]);
  }
  await run.finish();
};
