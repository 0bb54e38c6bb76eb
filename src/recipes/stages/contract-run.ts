// A run of `covenant simulate contract` as a stage: <run>/drafts.jsonl and ratings.jsonl, what the meta-model wrote of it
// (meta.jsonl), and the documents that came of that (learned.jsonl and YAML). What each role is asked is the simulation's part.

import { join } from "node:path";
import { hashConstitution, saveConstitution } from "../../constitution/index.ts";
import { collect, deriveSeed, hashJson, throwIfAborted } from "../../core/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import {
  draftRecordSchema,
  type LearnedRecord,
  learnedRecordSchema,
  type MetaRecord,
  metaRecordSchema,
  ratingRecordSchema,
} from "../../records/index.ts";
import { type StageContext, streamRecords } from "../../runs/index.ts";
import {
  type Ask,
  type Contract,
  changesBetween,
  documentOf,
  documentSimilarity,
  type EpisodeOptions,
  type Exchange,
  type MetaReading,
  metaAnswerForm,
  metaMessages,
  playRun,
  ratersOf,
  readMeta,
  saysTheSame,
} from "../../simulation/index.ts";
import type { ContractConfig, ContractSetup } from "../contract-settings.ts";
import { counted } from "../wording.ts";
import { askInPhases, withRoleModels } from "./phases.ts";
import type { Pipeline } from "./stage-model.ts";

/**
 * What a run begins with. ids: of the records of the documents. older: earlier documents as texts, oldest first; earlier:
 * exchanges to remember, by talk.
 */
export type ContractState = {
  readonly contract: Contract;
  readonly ids: readonly string[];
  readonly older: readonly string[];
  readonly earlier: ReadonlyMap<string, readonly Exchange[]>;
};

/** The settings with what they name. */
export type ContractPlay = { readonly config: ContractConfig; readonly setup: ContractSetup };

export const runName = (run: number): string => `run-${run}`;

const taskOf = ({ setup: { tasks } }: ContractPlay, run: number) => tasks[(run - 1) % tasks.length]!;

/** How many ratings of others a turn has. */
export const othersATurn = ({ config, setup: { cast, metrics } }: ContractPlay): number =>
  metrics.others.length === 0
    ? 0
    : cast.talks.reduce((sum, talk) => sum + ratersOf(cast, talk, config.raters, 0).length, 0);

const episodeOf = (
  play: ContractPlay,
  { contract, ids, earlier }: ContractState,
  run: number,
): EpisodeOptions => {
  const { config, setup } = play;
  return {
    cast: setup.cast,
    wording: setup.wording,
    taskOf: () => taskOf(play, run),
    metrics: setup.metrics,
    run,
    turns: config.turns,
    windows: config.windows,
    raters: config.raters,
    contract,
    contractIds: ids,
    earlier,
    sampling: setup.sampling,
    commentWords: config.roles.user.words,
    runSeed: config.seed,
    stage: runName(run),
  };
};

/** Everything but the seed and the runs before that decides what a run comes to. */
const inputsOf = (play: ContractPlay, run: number): unknown => {
  const { config, setup } = play;
  const { first, metaPrompt, cast, metrics, models } = setup;
  const { turns, windows, raters, carry, roles } = config;
  return {
    ...{ models, turns, windows, raters, carry, roles, metrics, task: taskOf(play, run) },
    wording: config.wording,
    cast: hashJson(cast),
    metaPrompt: hashJson(metaPrompt),
    first: first.constitution === null ? null : hashConstitution(first.constitution),
  };
};

type MetaTask = { readonly play: ContractPlay; readonly state: ContractState; readonly run: number };

const transcriptFor = ({ play: { config, setup } }: MetaTask, exchanges: readonly Exchange[]) =>
  setup.wording.transcripts(setup.cast, exchanges, setup.metrics, config.windows.meta)[0]!;

const readRecord = ({ text, finish, numbers }: MetaRecord, { setup }: ContractPlay): MetaReading =>
  readMeta({ text, finish }, setup.metaPrompt, {
    users: setup.cast.users.length,
    comments: numbers.length,
  });

/** Asks the meta-model until its reply can be read, or its attempts are used up. Resolves to the last record. */
const askMeta = async (
  task: MetaTask,
  exchanges: readonly Exchange[],
  model: LanguageModel,
  stage: StageContext,
): Promise<MetaRecord> => {
  const { play, state, run } = task;
  const { config, setup } = play;
  const file = await stage.records("meta.jsonl", metaRecordSchema);
  const earlier = await collect(file.rows());
  const transcript = transcriptFor(task, exchanges);
  const messages = metaMessages(setup.metaPrompt, {
    users: setup.cast.users.length,
    questions: [taskOf(play, run).question],
    current: setup.wording.current(state.contract),
    earlier: state.older.slice(-config.windows.documents || state.older.length),
    transcript,
    words: config.roles.meta.words,
  });
  let last = earlier.at(-1);
  for (let attempt = earlier.length + 1; attempt <= config.roles.meta.attempts; attempt++) {
    if (last !== undefined && last.problem === undefined) break;
    throwIfAborted(stage.signal);
    const id = `${stage.name}/meta-${attempt}`;
    const seed = deriveSeed(config.seed, stage.name, id);
    const answer = metaAnswerForm(setup.metaPrompt.form);
    const [reply] = await model.generate([{ messages, ...setup.sampling.meta, seed, answer }], {
      signal: stage.signal,
    });
    const numbers = transcript.comments.map(({ record }) => record);
    const { text, finish } = reply!;
    const asked = {
      id,
      parents: [...state.ids, ...exchanges.map(({ rating }) => rating.id)],
      stage: stage.name,
      seed,
    };
    const said = { run, attempt, prompt: setup.metaPrompt.name, model: model.id, text, finish, numbers };
    const read = readRecord({ ...asked, ...said }, play);
    const critique = read.type === "read" ? read.critique : null;
    last = {
      ...asked,
      ...said,
      ...(critique === null ? {} : { critique }),
      ...(read.type === "read" ? {} : { problem: read.problem }),
    };
    await file.append([last]);
  }
  return last!;
};

const partsOf = ["constitution", "contract"] as const;

/** The documents of a run, as records: learned where the meta-model's reply was readable, else those of before. */
const documentsOf = (
  { play, state, run }: MetaTask,
  exchanges: readonly Exchange[],
  meta: MetaRecord,
): LearnedRecord[] => {
  const { setup, config } = play;
  const read = readRecord(meta, play);
  const { comments } = transcriptFor({ play, state, run }, exchanges);
  const users = `${setup.cast.users.length} users`;
  return partsOf.flatMap((part): LearnedRecord[] => {
    const previous = state.contract[part];
    const principles = read.type === "read" ? read[part] : [];
    const id = `${runName(run)}/${part}`;
    const fields = { stage: runName(run), seed: deriveSeed(config.seed, runName(run), id), run, part };
    if (principles.length === 0) {
      // A contract without clauses is none; what could not be read leaves what there was.
      if (previous === null || read.type === "read") return [];
      return [
        { id, parents: [meta.id], ...fields, state: "kept", document: previous, similarity: 1, changes: [] },
      ];
    }
    const document = documentOf(principles, {
      ...{ part, previous, comments, run, model: meta.model },
      description: `Learned in run ${run} of a simulation with ${users}, by the meta-prompt ${setup.metaPrompt.name}.`,
    });
    const grounds = document.principles.flatMap((principle) => principle.grounds ?? []);
    return [
      {
        id,
        parents: [meta.id, ...new Set(grounds.map(({ record }) => record))],
        ...fields,
        state: "learned",
        document,
        similarity: documentSimilarity(previous, document),
        changes: changesBetween(previous, document),
      },
    ];
  });
};

const writeDocuments = async (stage: StageContext, documents: readonly LearnedRecord[]): Promise<void> => {
  const file = await stage.records("learned.jsonl", learnedRecordSchema);
  await file.append(documents.slice(file.existing));
  for (const { part, document } of documents)
    await saveConstitution(join(stage.folder, `${part}.yaml`), document);
};

const makeRun = async (pipeline: Pipeline, stage: StageContext, task: MetaTask): Promise<void> => {
  const { play, state, run } = task;
  const { turns } = play.config;
  const total = turns * (2 * play.setup.cast.talks.length + othersATurn(play)) + 1;
  let done = 0;
  const drafts = await stage.records("drafts.jsonl", draftRecordSchema);
  const ratings = await stage.records("ratings.jsonl", ratingRecordSchema);
  await withRoleModels(pipeline, stage, play.setup.models, async (models, countUsage) => {
    const onRows = (rows: number, what: string): void => {
      done += rows;
      stage.progress(done, total, "calls", what);
    };
    const ask = askInPhases({ models, drafts, ratings, stage, countUsage, onRows });
    const exchanges = await playRun(episodeOf(play, state, run), ask);
    const meta = await askMeta(task, exchanges, models.meta, stage);
    countUsage();
    onRows(1, "constitution");
    if (meta.problem !== undefined)
      stage.warn(
        "meta-unreadable",
        `The meta-model was asked ${counted(meta.attempt, "time")} and wrote nothing that can be used: ${meta.problem}. The constitution stays as it was. See ${runName(run)}/meta.jsonl; ${meta.finish === "overflow" ? "show it fewer turns (windows.meta)" : "raise roles.meta.maxTokens"}, or choose another roles.meta.model.`,
      );
    await writeDocuments(stage, documentsOf(task, exchanges, meta));
  });
};

/** The exchanges of a run that is done, from its files. */
const readExchanges = (folder: string, task: MetaTask): Promise<Exchange[]> => {
  const { play, state, run } = task;
  const draftRows = streamRecords(join(folder, "drafts.jsonl"), draftRecordSchema);
  const ratingRows = streamRecords(join(folder, "ratings.jsonl"), ratingRecordSchema);
  async function* next<Row>(rows: AsyncGenerator<Row>, count: number): AsyncGenerator<Row> {
    for (let at = 0; at < count; at++) {
      const row = await rows.next();
      if (row.done === true) return;
      yield row.value;
    }
  }
  const ask: Ask = {
    drafts: ({ count }) => next(draftRows, count),
    ratings: ({ count }) => next(ratingRows, count),
  };
  return playRun(episodeOf(play, state, run), ask);
};

/** What talks remember of a run: as many turns as any role is shown. */
const remember = (
  { config }: ContractPlay,
  earlier: ContractState["earlier"],
  exchanges: readonly Exchange[],
): ContractState["earlier"] => {
  const most = Math.max(config.windows.assistant, config.windows.user);
  const kept = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const { id } = exchange.talk;
    kept.set(id, [...(kept.get(id) ?? earlier.get(id) ?? []), exchange].slice(-Math.max(1, most)));
  }
  return kept;
};

/** A run that is done: its documents, and what the next one begins with. converged: nothing is to be learned any more. */
export type DoneRun = {
  readonly run: number;
  readonly task: string;
  readonly documents: readonly LearnedRecord[];
  readonly state: ContractState;
  readonly converged: boolean;
};

const isConverged = (
  { config: { converge } }: ContractPlay,
  before: Contract,
  documents: readonly LearnedRecord[],
): boolean => {
  if (converge === "off" || documents.length === 0) return false;
  if (documents.some(({ state }) => state === "kept")) return false;
  return partsOf.every((part) => {
    const now = documents.find((one) => one.part === part)?.document ?? null;
    if (converge === "same" || now === null || before[part] === null) return saysTheSame(before[part], now);
    return (documentSimilarity(before[part], now) ?? 0) >= converge;
  });
};

/** Plays a run, or finds it done. */
export const contractRun = async (
  pipeline: Pipeline,
  play: ContractPlay,
  state: ContractState,
  run: number,
): Promise<DoneRun> => {
  const task: MetaTask = { play, state, run };
  const after = run === 1 ? [] : [runName(run - 1)];
  const { folder } = await pipeline.run.stage(
    { name: runName(run), inputs: inputsOf(play, run), after },
    (stage) => makeRun(pipeline, stage, task),
  );
  const documents = await collect(streamRecords(join(folder, "learned.jsonl"), learnedRecordSchema));
  const { contract: before } = state;
  const found = (part: LearnedRecord["part"]) => documents.find((one) => one.part === part);
  const contract: Contract = {
    constitution: found("constitution")?.document ?? before.constitution,
    contract: documents.length === 0 ? before.contract : (found("contract")?.document ?? null),
    message: before.message,
  };
  const hadAny = before.constitution !== null || before.contract !== null;
  return {
    run,
    task: taskOf(play, run).id,
    documents,
    converged: isConverged(play, before, documents),
    state: {
      contract,
      ids: documents.length === 0 ? state.ids : documents.map(({ id }) => id),
      older: hadAny ? [...state.older, play.setup.wording.current(before)] : state.older,
      earlier: play.config.carry
        ? remember(play, state.earlier, await readExchanges(folder, task))
        : state.earlier,
    },
  };
};

/** A run that is not played any more, because one before it converged. Its stage is empty. */
export const skippedRun = async (
  { run: { stage } }: Pipeline,
  run: number,
  converged: number,
): Promise<void> => {
  await stage({ name: runName(run), inputs: { converged }, after: [runName(run - 1)] }, async () => {});
};
