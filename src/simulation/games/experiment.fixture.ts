// A whole experiment in memory: repetitions with their iterations, by scripts or by a given model. For tests.
// Knows no file; what a command makes of the same parts is tested with the command.

import type { GamePrincipleRecord, GameRecord } from "../../records/index.ts";
import {
  addGame,
  countingLearner,
  drawPrior,
  type Experiment,
  type Learner,
  type LearningVariant,
  learnFrom,
  type Measures,
  meanOf,
  type PlayOptions,
  type Prior,
  planGames,
  playGames,
  type Sight,
  type Who,
  type World,
} from "./index.ts";

export const scriptedWorld: World = {
  game: "ultimatum",
  interactions: 10,
  currencies: ["dollars", "apples", "blankets"],
  least: 10,
  most: 100,
  resources: 1,
  variance: 0,
  strict: false,
  publicGoods: { players: 4, multiplier: 1.6 },
  trade: { rewards: [0, 10], costs: [1, 9], markup: 1, levelsBy: "script" },
  fixedBy: "script",
  flexibleBy: "script",
};

export type Setting = {
  readonly world?: Partial<World>;
  readonly repetitions?: number;
  readonly iterations?: number;
  readonly priors?: readonly Prior[];
  readonly variant?: LearningVariant;
  readonly sight?: Sight;
  readonly learner?: Learner;
  readonly seed?: number;
  readonly play?: Partial<PlayOptions>;
};

/** What a group of one policy is. */
export const groupOf = (
  name: string,
  flexible: number,
  members: Experiment["members"] = [{ weight: 1, policy: "fair" }],
): Experiment => ({ name, flexible, members });

/** Everything that happened: games by iteration, and every principle. */
export const playExperiment = async (experiment: Experiment, setting: Setting = {}) => {
  const { repetitions = 20, iterations = 5, priors = ["altruistic", "fair", "selfish"] } = setting;
  const { variant = "imitation", sight = "all", seed: runSeed = 0 } = setting;
  const world = { ...scriptedWorld, ...setting.world };
  const learner = setting.learner ?? countingLearner({ priorWeight: 1 });
  const options = {
    ...{ model: null, maxTokens: 100, temperature: 0, questions: 0, wording: "full" as const },
    ...setting.play,
  };
  let before: GamePrincipleRecord[] = Array.from({ length: repetitions }, (_, repetition) =>
    drawPrior(experiment, repetition, priors, { runSeed, stage: "priors" }),
  );
  const principles = [before];
  const games: GameRecord[][] = [];
  for (let iteration = 1; iteration <= iterations; iteration++) {
    const stage = `iteration-${iteration}`;
    const played: GameRecord[] = [];
    for (const one of before) {
      const planned = planGames(experiment, world, one, { runSeed, stage });
      played.push(...(await playGames(planned, { ...options, game: world.game, stage })));
    }
    const lessons = before.map((one) => ({
      before: one,
      games: played.filter(({ repetition }) => repetition === one.repetition),
    }));
    before = await learnFrom(lessons, learner, { runSeed, stage, sight, variant });
    games.push(played);
    principles.push(before);
  }
  return { games, principles };
};

/** The mean over all games of an iteration. */
export const meansOf = (
  games: readonly GameRecord[],
  who: Who,
  what: "given" | "accepted" | "income" = "given",
): number | null => {
  const measures: Measures = new Map();
  for (const game of games) addGame(measures, game);
  const found = measures.get(who);
  return found === undefined ? null : meanOf(found[what]);
};
