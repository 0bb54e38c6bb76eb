// The stages of games: what flexible players begin with, one stage for each iteration (all its games, then what is learned
// from them), and questions about things that nobody learned on. Scripts and models take the same way; an interrupted
// stage keeps the rows that are there and makes those that are missing.

import { join } from "node:path";
import { collect, inStep, type Sequence, sequence, throwIfAborted } from "../../core/index.ts";
import { inOrder, paceOf, piecesOf } from "../../feedback/index.ts";
import type { LanguageModel } from "../../models/index.ts";
import {
  type GamePrincipleRecord,
  type GameRecord,
  gamePrincipleRecordSchema,
  gameRecordSchema,
  type ProbeRecord,
  probeRecordSchema,
} from "../../records/index.ts";
import { type RecordSchema, type StageContext, streamRecords } from "../../runs/index.ts";
import {
  askingLearner,
  askProbes,
  countingLearner,
  drawPrior,
  type Experiment,
  gamesOf,
  type Lesson,
  learnFrom,
  learns,
  needsModel,
  type PlannedProbe,
  planGames,
  playGames,
  type World,
} from "../../simulation/index.ts";
import {
  experimentsOf,
  type Games,
  type GamesConfig,
  learnedOn,
  worldOf,
} from "../settings/game-settings.ts";
import { askInto } from "./asking.ts";
import type { Rejectable } from "./rejections.ts";
import type { Pipeline } from "./stage-model.ts";

/** Items that scripts work on at a time. */
const scriptedAtOnce = 200;

/** The stage of an iteration, counted from 1. */
export const iterationStage = (iteration: number): string => `iteration-${iteration}`;

/** Names of all stages, in order. */
export const gameStages = (config: GamesConfig): string[] => [
  "priors",
  ...Array.from({ length: config.iterations }, (_, at) => iterationStage(at + 1)),
  ...(hasProbes(config) ? ["held-out"] : []),
  "figures",
];

/** Whether anything is asked at the end. A trader's strategy offers nothing, and nor does a principle that nobody holds to. */
export const hasProbes = (config: GamesConfig): boolean =>
  config.game !== "buyer-seller" &&
  config.heldOut.currencies.length > 0 &&
  experimentsOf(config).some(learns);

/** What decides all stages of a run but its model: settings without names of folders and of calls. */
const decisive = ({
  out: _o,
  endpoint: _e,
  budget: _b,
  prices: _p,
  cache: _c,
  record: _r,
  iterations: _i,
  heldOut: _h,
  ...rest
}: GamesConfig) => rest;

/** make: rows of items, one each, with the model where there is one. */
type RowsOf<Item, Row> = {
  readonly file: string;
  readonly schema: RecordSchema<Row>;
  readonly items: (stage: StageContext) => Sequence<Item>;
  readonly model: string | undefined;
  readonly unit: string;
  readonly make: (items: readonly Item[], model: LanguageModel | null) => Promise<Row[]>;
  readonly isUnreadable: (row: Row) => boolean;
};

/** Writes a row for each item, but for those that are there already. */
const writeRows = async <Item, Row extends Rejectable>(
  pipeline: Pipeline,
  stage: StageContext,
  { file: name, schema, items: itemsOf, model, unit, make, isUnreadable }: RowsOf<Item, Row>,
): Promise<void> => {
  const file = await stage.records(name, schema);
  const items = itemsOf(stage);
  const onChunk = (rows: number): void => stage.progress(rows, items.count, unit);
  if (model !== undefined) {
    await askInto(pipeline, stage, file, {
      model,
      items,
      paceFor: paceOf,
      async *work(opened, { items: left, chunk, window }) {
        const pieces = piecesOf(left, chunk);
        for await (const ready of inOrder(pieces, window, (some) => make(some, opened)))
          yield { records: ready.flat() };
      },
      counts: ({ records }) => ({ unparseable: records.filter(isUnreadable).length }),
      onChunk,
      asked: { unit },
    });
    return;
  }
  let rows = 0;
  for await (const piece of piecesOf(items, scriptedAtOnce)) {
    throwIfAborted(stage.signal);
    const missing = (await make(piece, null)).slice(Math.max(0, file.existing - rows));
    rows += piece.length;
    await file.append(missing);
    onChunk(rows);
  }
};

/** What a run of games is made of. */
type Play = Games & {
  readonly pipeline: Pipeline;
  readonly world: World;
  readonly experiments: readonly Experiment[];
};

const readPrinciples = ({ pipeline }: Play, stage: string): Promise<GamePrincipleRecord[]> =>
  collect(streamRecords(join(pipeline.run.folder, stage, "principles.jsonl"), gamePrincipleRecordSchema));

const priorStage = async (games: Play): Promise<void> => {
  const { pipeline, config, experiments } = games;
  const { run } = pipeline;
  const inputs = decisive(config);
  await run.stage({ name: "priors", inputs }, async (stage) => {
    const places = experiments.flatMap((experiment) =>
      Array.from({ length: config.repetitions }, (_, repetition) => ({ experiment, repetition })),
    );
    await writeRows(pipeline, stage, {
      file: "principles.jsonl",
      schema: gamePrincipleRecordSchema,
      items: () => sequence(places.length, () => places),
      model: undefined,
      unit: "repetitions",
      make: async (some) =>
        some.map(({ experiment, repetition }) =>
          drawPrior(experiment, repetition, config.priors, { runSeed: run.seed, stage: stage.name }),
        ),
      isUnreadable: () => false,
    });
  });
};

const experimentNamed = ({ experiments }: Play, name: string): Experiment =>
  experiments.find((experiment) => experiment.name === name)!;

const playAll = (games: Play, stage: StageContext, before: readonly GamePrincipleRecord[]): Promise<void> => {
  const { pipeline, config, world } = games;
  const at = { runSeed: pipeline.run.seed, stage: stage.name };
  const { maxTokens, temperature, questions, wording } = config;
  return writeRows(pipeline, stage, {
    file: "games.jsonl",
    schema: gameRecordSchema,
    items: () =>
      sequence(before.length * gamesOf(world), function* () {
        for (const one of before) yield* planGames(experimentNamed(games, one.experiment), world, one, at);
      }),
    model: needsModel(world) ? config.model : undefined,
    unit: "games",
    make: (some, model) =>
      playGames(some, {
        ...{ model, maxTokens, temperature, questions, wording, signal: stage.signal },
        ...{ game: world.game, stage: stage.name },
      }),
    isUnreadable: ({ moves }) => moves.some(({ state }) => state === "unparseable"),
  });
};

const belongsTo = (game: GameRecord, { experiment, repetition }: GamePrincipleRecord): boolean =>
  game.experiment === experiment && game.repetition === repetition;

const learnAll = (
  games: Play,
  stage: StageContext,
  before: readonly GamePrincipleRecord[],
): Promise<void> => {
  const { pipeline, config, prompts } = games;
  const { variant, sight, learner: named, model: players, priorWeight } = config;
  const { temperature, learnerTokens } = config;
  const played = () => streamRecords(join(stage.folder, "games.jsonl"), gameRecordSchema);
  const options = { runSeed: pipeline.run.seed, stage: stage.name, sight, variant, signal: stage.signal };
  return writeRows<Lesson, GamePrincipleRecord>(pipeline, stage, {
    file: "principles.jsonl",
    schema: gamePrincipleRecordSchema,
    items: () =>
      sequence(before.length, async function* () {
        const principles = sequence(before.length, () => before);
        for await (const [one, own] of inStep(principles, played(), belongsTo))
          yield { before: one, games: own };
      }),
    model: named ?? players,
    unit: "principles",
    make: (lessons, model) =>
      learnFrom(
        lessons,
        model === null
          ? countingLearner({ priorWeight })
          : askingLearner(model, { maxTokens: learnerTokens, temperature, prompts }),
        options,
      ),
    isUnreadable: ({ state }) => state === "unparseable",
  });
};

/** The probes of an experiment's repetition: trained things and held-out ones, with and without prior and reasons. */
const probesOf = (games: Play, last: GamePrincipleRecord): PlannedProbe[] => {
  const { currencies, heldOut, amounts } = games.config;
  const amount = Math.round((amounts.least + amounts.most) / 2);
  const experiment = experimentNamed(games, last.experiment);
  return [...currencies, ...heldOut.currencies].flatMap((unit) =>
    heldOut.prior.flatMap((prior) =>
      heldOut.reasons.map((reasons) => ({
        ...{ resource: { unit, amount }, heldOut: heldOut.currencies.includes(unit), prior, reasons },
        ...{ last, experiment },
      })),
    ),
  );
};

const probeStage = async (
  games: Play,
  last: readonly GamePrincipleRecord[],
  after: string,
): Promise<void> => {
  const { pipeline, config, world } = games;
  const { heldOut, maxTokens, temperature, questions, wording } = config;
  const by = world.flexibleBy;
  const options = { maxTokens, temperature, questions, wording, runSeed: pipeline.run.seed, by };
  const perLast = probesOf(games, last[0]!).length;
  await pipeline.run.stage(
    { name: "held-out", inputs: { ...decisive(config), heldOut }, after: [after] },
    (stage) =>
      writeRows<PlannedProbe, ProbeRecord>(pipeline, stage, {
        file: "probes.jsonl",
        schema: probeRecordSchema,
        items: () =>
          sequence(last.length * perLast, function* () {
            for (const one of last) yield* probesOf(games, one);
          }),
        model: world.flexibleBy === "model" ? config.model : undefined,
        unit: "questions",
        make: (some, model) =>
          askProbes(some, {
            ...options,
            ...{ model, stage: stage.name, learned: learnedOn(config), signal: stage.signal },
          }),
        isUnreadable: ({ answer }) => answer.state === "unparseable",
      }),
  );
};

/** All stages of play. Figures are made of what they leave. */
export const playStages = async (pipeline: Pipeline, loaded: Games): Promise<void> => {
  const { config } = loaded;
  const games: Play = { ...loaded, pipeline, world: worldOf(config), experiments: experimentsOf(config) };
  await priorStage(games);
  let last = "priors";
  for (let iteration = 1; iteration <= config.iterations; iteration++) {
    const name = iterationStage(iteration);
    const before = await readPrinciples(games, last);
    await pipeline.run.stage({ name, inputs: decisive(config), after: [last] }, async (stage) => {
      await playAll(games, stage, before);
      await learnAll(games, stage, before);
    });
    last = name;
  }
  if (!hasProbes(config)) return;
  const held = (await readPrinciples(games, last)).filter(({ experiment }) =>
    learns(experimentNamed(games, experiment)),
  );
  await probeStage(games, held, last);
};
