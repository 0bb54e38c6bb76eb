// An iteration of many repetitions side by side: every game that is to be played as a place with its own seed, and what
// comes of places, learning and probes as records. The places of an iteration depend on principles and seeds alone, so an
// iteration that broke off is gone on with, in whatever pieces. Knows no file.

import { deriveSeed } from "../../core/index.ts";
import type {
  GamePrinciple,
  GamePrincipleRecord,
  GameRecord,
  ProbeRecord,
  SeatMove,
} from "../../records/index.ts";
import type { Wording } from "../stakeholders/persona-text.ts";
import { policyPrinciple } from "./counting.ts";
import type { GameState } from "./game.ts";
import type { Learned, Learner, LearningTask } from "./learner.ts";
import type { LearningVariant } from "./learner-prompts.ts";
import { isSeen, observe, type Sight } from "./observation.ts";
import { type PlayOptions, playTables, type Table } from "./play.ts";
import type { FlexiblePlayer, Player, Policy } from "./player.ts";
import { drawInteractions, type Experiment, type Interaction, learns, type World } from "./population.ts";
import { rulesOf } from "./rules.ts";
import { strategyPrinciple } from "./trade-wording.ts";
import { type LearnedOn, transferText } from "./wording.ts";

/** Where a record belongs. */
export type Place = { readonly experiment: string; readonly repetition: number; readonly iteration: number };

const placeId = ({ experiment, repetition }: Place): string => `${experiment}/${repetition + 1}`;

/** A principle to begin with. "none": the flexible players have nothing to go by. */
export type Prior = Policy | "none";

const priorPrinciple = (prior: Prior, { match }: Experiment): GamePrinciple => {
  if (match !== undefined) return strategyPrinciple(match.seller === "flexible" ? "none" : "honest");
  return prior === "none" ? { text: "", rules: [] } : policyPrinciple(prior);
};

/** Why there is no principle where every seat is fixed. */
export const nobodyLearns = "nobody learns";

/** The principle that a repetition begins with: a prior drawn by its seed; an empty one where nobody follows it. */
export const drawPrior = (
  experiment: Experiment,
  repetition: number,
  priors: readonly Prior[],
  { runSeed, stage }: { readonly runSeed: number; readonly stage: string },
): GamePrincipleRecord => {
  const place: Place = { experiment: experiment.name, repetition, iteration: 0 };
  const seed = deriveSeed(runSeed, stage, placeId(place));
  const prior = priors[deriveSeed(seed, "prior") % priors.length]!;
  return {
    ...{ id: `${stage}/${placeId(place)}`, parents: [], stage, seed, ...place, prior },
    ...(learns(experiment)
      ? { principle: priorPrinciple(prior, experiment) }
      : { principle: { text: "" }, reason: nobodyLearns }),
    state: "prior",
  };
};

/** What a repetition's flexible players began with, as its records tell. */
const priorOf = ({ prior }: GamePrincipleRecord, experiment: Experiment): GamePrinciple =>
  priorPrinciple(prior as Prior, experiment);

/** A game to be played, with where it belongs. */
export type PlannedGame = Interaction &
  Place & { readonly id: string; readonly seed: number; readonly parents: readonly string[] };

/** All games of an iteration of a repetition. before: what its flexible players follow. */
export const planGames = (
  experiment: Experiment,
  world: World,
  before: GamePrincipleRecord,
  { runSeed, stage }: { readonly runSeed: number; readonly stage: string },
): PlannedGame[] => {
  const { repetition, iteration } = before;
  const place: Place = { experiment: experiment.name, repetition, iteration: iteration + 1 };
  const seed = deriveSeed(runSeed, stage, placeId(place));
  const follows = { principle: before.principle, prior: priorOf(before, experiment) };
  return drawInteractions(experiment, world, follows, seed).map((interaction, at) => {
    const id = `${stage}/${placeId(place)}/${at + 1}`;
    const parents = interaction.kind === "fixed" ? [] : [before.id];
    return { ...interaction, ...place, id, seed: deriveSeed(runSeed, stage, id), parents };
  });
};

const seatRecord = (player: Player): GameRecord["seats"][number] => {
  if (player.type === "flexible") return { type: "flexible" };
  if (player.type === "trading") return { type: "fixed", policy: `level ${player.level}` };
  const { policy, byUnit = {}, manner } = player;
  const own = Object.entries(byUnit).map(([unit, of]) => `, ${of} with ${unit}`);
  return { type: "fixed", policy: `${policy}${own.join("")}`, ...(manner === undefined ? {} : { manner }) };
};

const payoffsOf = (state: GameState): number[] | null => {
  const payoffs = rulesOf(state.setup).payoffs(state);
  return payoffs === null ? null : [...payoffs];
};

const faultOf = (moves: readonly SeatMove[]): { reason?: string } => {
  const { fault } = moves.find(({ move }) => move === null) ?? {};
  return fault === undefined ? {} : { reason: fault };
};

/** Plays games and writes down what came of them, in their order. */
export const playGames = async (
  games: readonly PlannedGame[],
  { game, stage, ...options }: PlayOptions & { readonly game: World["game"]; readonly stage: string },
): Promise<GameRecord[]> => {
  const states = await playTables(games, options);
  return games.map(({ id, parents, seed, experiment, repetition, iteration, kind, setup, players }, at) => {
    const { moves } = states[at]!;
    return {
      ...{ id, parents: [...parents], stage, seed, experiment, repetition, iteration, game, kind, setup },
      seats: players.map(seatRecord),
      moves: [...moves],
      payoffs: payoffsOf({ setup, moves }),
      ...faultOf(moves),
    };
  });
};

/** What a repetition learns from. games: all of its iteration, in order. */
export type Lesson = { readonly before: GamePrincipleRecord; readonly games: readonly GameRecord[] };

const hasLearner = ({ games }: Lesson): boolean =>
  games.some(({ seats }) => seats.some(({ type }) => type === "flexible"));

/** The next principles of repetitions, in their order. Where every seat is fixed, nobody is asked for one. */
export const learnFrom = async (
  lessons: readonly Lesson[],
  learner: Learner,
  {
    runSeed,
    stage,
    sight,
    variant,
    signal,
  }: {
    readonly runSeed: number;
    readonly stage: string;
    readonly sight: Sight;
    readonly variant: LearningVariant;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<GamePrincipleRecord[]> => {
  const seen = lessons.map((lesson) =>
    hasLearner(lesson) ? lesson.games.filter((game) => isSeen(game, sight)) : [],
  );
  const places = lessons.map(({ before }) => {
    const place: Place = { ...before, iteration: before.iteration + 1 };
    const id = `${stage}/${placeId(place)}/principle`;
    return { id, seed: deriveSeed(runSeed, stage, id) };
  });
  const tasks = lessons.map(({ before }, at): LearningTask => {
    const observations = seen[at]!.map(observe);
    return { seed: places[at]!.seed, principle: before.principle, observations, variant };
  });
  const asked = tasks.filter((_, at) => hasLearner(lessons[at]!));
  const answers = (await learner(asked, signal)).values();
  const learned = lessons.map(
    (lesson): Learned =>
      hasLearner(lesson)
        ? answers.next().value!
        : { principle: lesson.before.principle, state: "kept", reason: nobodyLearns },
  );
  return lessons.map(({ before: { experiment, repetition, iteration, prior, id: parent } }, at) => ({
    ...places[at]!,
    parents: [parent, ...seen[at]!.map(({ id }) => id)],
    ...{ stage, experiment, repetition, iteration: iteration + 1, prior },
    ...learned[at]!,
  }));
};

/** A question what a principle offers of a resource. */
export type Probe = Pick<ProbeRecord, "resource" | "heldOut" | "prior" | "reasons">;

/** A probe that is to be asked of a repetition's last principle. */
export type PlannedProbe = Probe & { readonly last: GamePrincipleRecord; readonly experiment: Experiment };

const probeTable = (
  { resource, prior, last, experiment }: PlannedProbe,
  seed: number,
  by: World["flexibleBy"],
  learned: LearnedOn,
  wording: Wording,
): Table => {
  const before = priorOf(last, experiment);
  const player: FlexiblePlayer = {
    ...{ type: "flexible", principle: last.principle, by },
    ...(prior ? { prior: before } : {}),
  };
  const told = prior && before.text !== "" ? before.text : null;
  return {
    seed,
    setup: { type: "split", power: "dictator", resources: [resource] },
    players: [player, player],
    system: transferText(last.principle.text, learned, told, wording),
  };
};

const probeId = ({ resource: { unit }, prior, reasons, last }: PlannedProbe): string =>
  [placeId(last), unit, prior ? "prior" : "no-prior", reasons ? "reasons" : "no-reasons"].join("/");

/** Asks what principles offer of resources, without any game round it. learned: what they were learned on. */
export const askProbes = async (
  probes: readonly PlannedProbe[],
  {
    runSeed,
    stage,
    by,
    learned,
    ...options
  }: Omit<PlayOptions, "reasons"> & {
    readonly runSeed: number;
    readonly stage: string;
    readonly by: World["flexibleBy"];
    readonly learned: LearnedOn;
  },
): Promise<ProbeRecord[]> => {
  const records: ProbeRecord[] = [];
  const asked = new Map<PlannedProbe, ProbeRecord["answer"]>();
  const seedOf = (probe: PlannedProbe): number => deriveSeed(runSeed, stage, probeId(probe));
  for (const reasons of [false, true]) {
    const some = probes.filter((probe) => probe.reasons === reasons);
    const tables = some.map((probe) => probeTable(probe, seedOf(probe), by, learned, options.wording));
    const states = await playTables(tables, { ...options, reasons });
    for (const [at, probe] of some.entries()) asked.set(probe, states[at]!.moves[0]!);
  }
  for (const probe of probes) {
    const { last, experiment: _, ...what } = probe;
    const { experiment, repetition, iteration } = last;
    const id = `${stage}/${probeId(probe)}`;
    const place = { experiment, repetition, iteration };
    const answer = asked.get(probe)!;
    records.push({
      ...{ id, parents: [last.id], stage, seed: seedOf(probe), ...place, ...what, answer },
      ...faultOf([answer]),
    });
  }
  return records;
};

/** Whether any of the games needs a model, which is then opened. */
export const needsModel = ({ game, fixedBy, flexibleBy }: World): boolean =>
  flexibleBy === "model" || (game !== "buyer-seller" && fixedBy === "model");
