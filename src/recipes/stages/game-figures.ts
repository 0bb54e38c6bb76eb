// What the stages of games left, as figures: means over repetitions with their 95 % intervals for every experiment and
// iteration, what principles ask for as the sandbox reads them, and tables for other programs. Games stream; sums alone
// are kept of them.

import { join } from "node:path";
import { collect, deriveSeed } from "../../core/index.ts";
import { mean } from "../../evaluation/index.ts";
import {
  type ExperimentFigure,
  type GameFigure,
  type GameRecord,
  gameFigureSchema,
  gamePrincipleRecordSchema,
  gameRecordSchema,
  type ProbeRecord,
  probeRecordSchema,
} from "../../records/index.ts";
import { streamRecords } from "../../runs/index.ts";
import { type Norm, readNorm } from "../../sandbox/index.ts";
import {
  addGame,
  learns,
  type Measures,
  meanOf,
  readThings,
  type SeatMeasures,
  shareOfProbe,
  type Who,
} from "../../simulation/index.ts";
import { type TableColumn, type TableRecord, writeTable } from "../../tables/index.ts";
import { experimentsOf, type GamesConfig } from "../settings/game-settings.ts";
import { gameStages, hasProbes, iterationStage } from "./games.ts";
import type { Pipeline } from "./stage-model.ts";

/** A figure of probes: what is offered of a thing by principles of an experiment. */
export type ProbeFigure = Pick<ProbeRecord, "experiment" | "heldOut" | "prior" | "reasons"> & {
  readonly unit: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
  readonly asked: number;
  /** Questions that were asked before an answer, on average; null where none could be. */
  readonly questions: number | null;
};

/** How many principles ask for which norm, as the sandbox reads them: each line of one that has a line for each thing. */
export type NormCounts = Readonly<Record<Norm | "unread", number>>;

/**
 * moves: how all moves of models and scripts ended; principles: the last one of every experiment's first repetition, where a seat
 * holds to it; in the brief wording with the norms of the last ones of all repetitions.
 */
export type GameFigures = {
  readonly figures: readonly GameFigure[];
  readonly probes: readonly ProbeFigure[];
  readonly principles: readonly {
    readonly experiment: string;
    readonly text: string;
    readonly norms?: NormCounts;
  }[];
  readonly moves: Readonly<Record<"made" | "unparseable" | "missing", number>>;
};

const shareOfMoves = ({ moves }: SeatMeasures, state: "unparseable" | "missing"): number | null => {
  const all = moves.made + moves.unparseable + moves.missing;
  return all === 0 ? null : moves[state] / all;
};

/** Figures of a seat in one repetition, by their names. */
const measured: Readonly<Record<string, (seats: SeatMeasures) => number | null>> = {
  given: ({ given }) => meanOf(given),
  accepted: ({ accepted }) => meanOf(accepted),
  income: ({ income }) => meanOf(income),
  questions: ({ questions }) => meanOf(questions),
  unparseable: (seats) => shareOfMoves(seats, "unparseable"),
  missing: (seats) => shareOfMoves(seats, "missing"),
};

const whos: readonly Who[] = ["fixed", "flexible", "buyer", "seller"];

/** How far flexible seats are above fixed ones in what they give, in one repetition. */
const distance = (measures: Measures): number | null => {
  const [fixed, flexible] = [measures.get("fixed"), measures.get("flexible")];
  const one = fixed === undefined ? null : meanOf(fixed.given);
  const other = flexible === undefined ? null : meanOf(flexible.given);
  return one === null || other === null ? null : other - one;
};

type Named = {
  readonly measure: string;
  readonly who: Who;
  readonly of: (measures: Measures) => number | null;
};

const allNamed: readonly Named[] = [
  ...Object.entries(measured).flatMap(([measure, take]) =>
    whos.map((who) => ({
      ...{ measure, who },
      of: (measures: Measures) => {
        const seats = measures.get(who);
        return seats === undefined ? null : take(seats);
      },
    })),
  ),
  { measure: "distance", who: "flexible", of: distance },
];

/** Every experiment's measures in an iteration, by repetition. onGame: called with every game. */
export const readMeasures = async (
  folder: string,
  iteration: number,
  onGame: (game: GameRecord) => void = () => undefined,
): Promise<Map<string, Measures[]>> => {
  const found = new Map<string, Measures[]>();
  const games = streamRecords(join(folder, iterationStage(iteration), "games.jsonl"), gameRecordSchema);
  for await (const game of games) {
    const repetitions = found.get(game.experiment) ?? [];
    found.set(game.experiment, repetitions);
    repetitions[game.repetition] ??= new Map();
    addGame(repetitions[game.repetition]!, game);
    onGame(game);
  }
  return found;
};

/** All figures of a run of games, in long form: one for every repetition, without those of nothing. */
export async function* gameRows(folder: string, iterations: number): AsyncGenerator<ExperimentFigure> {
  for (let iteration = 1; iteration <= iterations; iteration++)
    for (const [experiment, repetitions] of await readMeasures(folder, iteration))
      for (const [repetition, measures] of repetitions.entries())
        for (const { measure, who, of } of allNamed) {
          const value = of(measures);
          if (value === null) continue;
          const place = { experiment, trial: repetition + 1, step: iteration, user: who, persona: null };
          yield { ...place, metric: measure, statistic: "mean", value };
        }
}

const figuresOf = (
  experiment: string,
  iteration: number,
  repetitions: readonly Measures[],
  { runSeed, stage }: { readonly runSeed: number; readonly stage: string },
): GameFigure[] =>
  allNamed.flatMap(({ measure, who, of }) => {
    const values = repetitions.map(of).filter((value) => value !== null);
    if (values.length === 0) return [];
    const id = `${stage}/${experiment}/${iteration}/${who}/${measure}`;
    const seed = deriveSeed(runSeed, id);
    return [
      {
        ...{ id, parents: [iterationStage(iteration)], stage, seed, experiment, iteration, measure, who },
        ...mean(values, seed),
      },
    ];
  });

const numbers: readonly string[] = [
  "repetition",
  "iteration",
  "seat",
  "amount",
  "given",
  "share",
  "payoff",
  "questions",
  "value",
  "low",
  "high",
  "n",
];

/** Columns by their names. */
const columnsOf = (names: readonly string[]): TableColumn[] =>
  names.map((name) => ({ name, type: numbers.includes(name) ? "number" : "text" }));

const gameColumns = [
  "id",
  "experiment",
  "repetition",
  "iteration",
  "game",
  "kind",
  "role",
  "seat",
  "type",
  "policy",
  "manner",
  "move",
  "state",
  "fault",
  "payoff",
];
const figureColumns = ["experiment", "iteration", "who", "measure", "value", "low", "high", "n"];
const probeColumns = [
  "experiment",
  "repetition",
  "unit",
  "amount",
  "heldOut",
  "prior",
  "reasons",
  "share",
  "questions",
  "state",
  "fault",
];

/** A row for every move. */
const moveRows = ({
  id,
  experiment,
  repetition,
  iteration,
  game,
  kind,
  seats,
  moves,
  payoffs,
}: GameRecord): TableRecord[] =>
  moves.map(({ seat, move, state, fault }) => ({
    ...{ id, experiment, repetition: repetition + 1, iteration, game, kind, seat, ...seats[seat]! },
    move: move === null ? null : JSON.stringify(move),
    ...{ state, fault: fault ?? null, payoff: payoffs?.[seat] ?? null },
  }));

const probeFigures = (probes: readonly ProbeRecord[], runSeed: number): ProbeFigure[] => {
  const groups = new Map<string, ProbeRecord[]>();
  for (const probe of probes) {
    const key = JSON.stringify([probe.experiment, probe.resource.unit, probe.prior, probe.reasons]);
    groups.set(key, [...(groups.get(key) ?? []), probe]);
  }
  return [...groups].map(([key, own]) => {
    const { experiment, heldOut, prior, reasons, resource } = own[0]!;
    const shares = own.map(shareOfProbe).filter((share) => share !== null);
    const figure = mean(shares, deriveSeed(runSeed, "held-out", key));
    const questions = own.flatMap(({ answer }) => answer.questions ?? []);
    const rate = questions.reduce((sum, count) => sum + count, 0) / questions.length;
    return {
      ...{ experiment, unit: resource.unit, heldOut, prior, reasons, ...figure, asked: own.length },
      questions: questions.length === 0 ? null : rate,
    };
  });
};

const normsOf = (texts: readonly string[]): NormCounts => {
  const counts = { altruistic: 0, fair: 0, selfish: 0, unread: 0 };
  for (const text of texts)
    for (const norm of readThings(text)?.values() ?? [text]) counts[readNorm(norm) ?? "unread"]++;
  return counts;
};

const lastPrinciples = async (folder: string, config: GamesConfig): Promise<GameFigures["principles"]> => {
  const { iterations, wording, game } = config;
  const held = new Set(
    experimentsOf(config)
      .filter(learns)
      .map(({ name }) => name),
  );
  const isOfNorms = wording === "brief" && game !== "buyer-seller";
  const last = await collect(
    streamRecords(join(folder, iterationStage(iterations), "principles.jsonl"), gamePrincipleRecordSchema),
  );
  return last
    .filter(({ experiment, repetition }) => repetition === 0 && held.has(experiment))
    .map(({ experiment, principle }) => {
      const own = last.filter((one) => one.experiment === experiment).map((one) => one.principle.text);
      return { experiment, text: principle.text, ...(isOfNorms ? { norms: normsOf(own) } : {}) };
    });
};

/** figures/: figures.jsonl, figures.csv, moves.csv and probes.csv. */
export const figureStage = async ({ run }: Pipeline, config: GamesConfig): Promise<GameFigures> => {
  const stageNames = gameStages(config).slice(0, -1);
  const moves = { made: 0, unparseable: 0, missing: 0 };
  const figures: GameFigure[] = [];
  const gamesIn = (iteration: number) =>
    streamRecords(join(run.folder, iterationStage(iteration), "games.jsonl"), gameRecordSchema);
  for (let iteration = 1; iteration <= config.iterations; iteration++) {
    const found = await readMeasures(run.folder, iteration, (game) => {
      for (const { state } of game.moves) moves[state]++;
    });
    for (const { name } of experimentsOf(config))
      figures.push(
        ...figuresOf(name, iteration, found.get(name) ?? [], { runSeed: run.seed, stage: "figures" }),
      );
  }
  const probes: ProbeRecord[] = [];
  if (hasProbes(config))
    for await (const probe of streamRecords(join(run.folder, "held-out", "probes.jsonl"), probeRecordSchema))
      probes.push(probe);
  await run.stage({ name: "figures", inputs: {}, after: stageNames }, async (stage) => {
    const file = await stage.records("figures.jsonl", gameFigureSchema);
    await file.append(figures.slice(file.existing));
    await writeTable(join(stage.folder, "figures.csv"), columnsOf(figureColumns), figures);
    await writeTable(
      join(stage.folder, "moves.csv"),
      columnsOf(gameColumns),
      (async function* () {
        for (let iteration = 1; iteration <= config.iterations; iteration++)
          for await (const game of gamesIn(iteration)) yield* moveRows(game);
      })(),
    );
    if (probes.length === 0) return;
    const rows = probes.map((probe) => ({
      ...{ experiment: probe.experiment, repetition: probe.repetition + 1, ...probe.resource },
      ...{
        heldOut: probe.heldOut,
        prior: probe.prior,
        reasons: probe.reasons,
        share: shareOfProbe(probe),
        questions: probe.answer.questions ?? null,
      },
      ...{ state: probe.answer.state, fault: probe.answer.fault ?? null },
    }));
    await writeTable(join(stage.folder, "probes.csv"), columnsOf(probeColumns), rows);
  });
  return {
    figures,
    probes: probeFigures(probes, run.seed),
    principles: await lastPrinciples(run.folder, config),
    moves,
  };
};
