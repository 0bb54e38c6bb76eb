// A run of `covenant simulate contract` as a stage: <run>/drafts.jsonl and ratings.jsonl, and the documents that came of them
// (learned.jsonl and YAML). What the meta-model makes of a run is contract-meta.ts's part, what each role is asked the
// simulation's.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { hashConstitution, saveConstitution } from "../../constitution/index.ts";
import { collect, createRandom, deriveSeed, hashJson } from "../../core/index.ts";
import {
  draftRecordSchema,
  type LearnedRecord,
  learnedRecordSchema,
  type MetaRecord,
  metaRecordSchema,
  ratingRecordSchema,
  stanceRecordSchema,
  type Task,
} from "../../records/index.ts";
import { type StageContext, streamRecords } from "../../runs/index.ts";
import {
  type Ask,
  type Contract,
  documentSimilarity,
  type EpisodeOptions,
  type Exchange,
  playRun,
  ratersOf,
  saysTheSame,
  windowOf,
} from "../../simulation/index.ts";
import { documentsOf, learnFrom, metaParts } from "./contract-meta.ts";
import {
  type ContractPlay,
  type ContractState,
  learnedParts,
  type MetaTask,
  runName,
} from "./contract-part.ts";
import { askInPhases, withRoleModels } from "./phases.ts";
import type { Pipeline } from "./stage-model.ts";

export { type ContractPlay, type ContractState, runName } from "./contract-part.ts";

/** What each talk of a run is about: all the same, the tasks by turns, or each its own, dealt by the seed. */
const tasksOf = (
  { config, setup: { tasks, cast } }: ContractPlay,
  run: number,
): ReadonlyMap<string, Task> => {
  const dealt =
    config.tasksPer === "run"
      ? [tasks[(run - 1) % tasks.length]!]
      : createRandom(deriveSeed(config.seed, runName(run), "tasks")).shuffle(tasks);
  return new Map(cast.talks.map(({ id }, at) => [id, dealt[at % dealt.length]!]));
};

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
  const tasks = tasksOf(play, run);
  return {
    cast: setup.cast,
    wording: setup.wording,
    taskOf: ({ id }) => tasks.get(id)!,
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
  const { turns, windows, raters, carry, contentFrom, roles } = config;
  return {
    ...{ models, turns, windows, raters, carry, contentFrom, roles, metrics, wording: config.wording },
    tasks: hashJson([...tasksOf(play, run).values()]),
    cast: hashJson(cast),
    metaPrompt: hashJson(metaPrompt),
    first: first.constitution === null ? null : hashConstitution(first.constitution),
  };
};

const writeDocuments = async (stage: StageContext, documents: readonly LearnedRecord[]): Promise<void> => {
  const file = await stage.records("learned.jsonl", learnedRecordSchema);
  await file.append(documents.slice(file.existing));
  for (const { part, document } of documents.filter(({ state }) => state !== "dropped"))
    await saveConstitution(join(stage.folder, `${part}.yaml`), document);
};

const makeRun = async (pipeline: Pipeline, stage: StageContext, task: MetaTask): Promise<void> => {
  const { play, state, run } = task;
  // How many questions sort comments shows only when these are there; each phase of them is added as it is begun.
  const parts = play.setup.metaPrompt.sorts === true ? 0 : metaParts(play);
  let total = play.config.turns * (2 * play.setup.cast.talks.length + othersATurn(play)) + parts;
  let done = 0;
  const drafts = await stage.records("drafts.jsonl", draftRecordSchema);
  const ratings = await stage.records("ratings.jsonl", ratingRecordSchema);
  await withRoleModels(pipeline, stage, play.setup.models, async (models, countUsage) => {
    const onRows = (rows: number, what: string): void => {
      done += rows;
      stage.progress(done, total, "calls", what);
    };
    const expect = (calls: number): void => {
      total += calls;
    };
    const context = { stage, countUsage, onRows };
    const ask = askInPhases({ models, drafts, ratings, ...context });
    const exchanges = await playRun(episodeOf(play, state, run), ask);
    const learned = await learnFrom(task, exchanges, models.meta, { ...context, expect });
    countUsage();
    onRows(total - done, "constitution");
    await writeDocuments(stage, documentsOf(task, learned));
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

/** What talks remember of a run: as many turns with a draft as any role is shown. */
const remember = (
  { config }: ContractPlay,
  earlier: ContractState["earlier"],
  exchanges: readonly Exchange[],
): ContractState["earlier"] => {
  const most = Math.max(config.windows.assistant, config.windows.user);
  const kept = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const { id } = exchange.talk;
    kept.set(id, [...windowOf([...(kept.get(id) ?? earlier.get(id) ?? []), exchange], most)]);
  }
  return kept;
};

/**
 * A run that is done: ids of its tasks, its documents, and what the next one begins with. dropped: records of documents that
 * are no more. wasAsked: somebody asked for a change, so that the meta-model was; wasRead: one of its answers was; converged: nothing is to be learned any more.
 */
export type DoneRun = {
  readonly run: number;
  readonly tasks: readonly string[];
  readonly documents: readonly LearnedRecord[];
  readonly dropped: readonly LearnedRecord[];
  readonly state: ContractState;
  readonly wasAsked: boolean;
  readonly wasRead: boolean;
  readonly converged: boolean;
};

const isConverged = (
  { config: { converge } }: ContractPlay,
  before: Contract,
  documents: readonly LearnedRecord[],
  wasAsked: boolean,
): boolean => {
  if (converge === "off" || documents.length === 0) return false;
  if (!wasAsked) return true;
  if (documents.some(({ state }) => state === "kept")) return false;
  return learnedParts.every((part) => {
    const now = documents.find((one) => one.part === part)?.document ?? null;
    if (converge === "same" || now === null || before[part] === null) return saysTheSame(before[part], now);
    return (documentSimilarity(before[part], now) ?? 0) >= converge;
  });
};

/** Whether an answer of the meta-model was read in a run: one about a comment where it sorts them, else one of its documents. */
const anyRead = async (folder: string, asked: readonly MetaRecord[]): Promise<boolean> => {
  if (asked.some(({ problem }) => problem === undefined)) return true;
  const file = join(folder, "stances.jsonl");
  if (!existsSync(file)) return false;
  for await (const { problem } of streamRecords(file, stanceRecordSchema))
    if (problem === undefined) return true;
  return false;
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
  const records = await collect(streamRecords(join(folder, "learned.jsonl"), learnedRecordSchema));
  const documents = records.filter((one) => one.state !== "dropped");
  const asked = await collect(streamRecords(join(folder, "meta.jsonl"), metaRecordSchema));
  const { contract: before } = state;
  const found = (part: LearnedRecord["part"]) => documents.find((one) => one.part === part);
  // Of documents that were written, one that is not among them has nothing in it any more.
  const stateOf = (part: LearnedRecord["part"]) =>
    documents.length === 0 ? before[part] : (found(part)?.document ?? null);
  const contract: Contract = {
    constitution: stateOf("constitution"),
    contract: stateOf("contract"),
    message: before.message,
  };
  const hadAny = before.constitution !== null || before.contract !== null;
  return {
    run,
    tasks: [...new Set([...tasksOf(play, run).values()].map(({ id }) => id))],
    documents,
    dropped: records.filter((one) => one.state === "dropped"),
    wasAsked: asked.length > 0,
    wasRead: await anyRead(folder, asked),
    converged: isConverged(play, before, documents, asked.length > 0),
    state: {
      contract,
      ids: documents.length === 0 ? state.ids : documents.map(({ id }) => id),
      given: [
        ...new Set([
          ...state.given,
          ...records.flatMap(({ document }) => document.principles.map(({ id }) => String(id))),
        ]),
      ],
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
