// `covenant simulate games`: groups of simulated players share things by a policy, and some among them, who do not know it,
// learn a principle from what they see of play. By scripts without any model, or with models for players and learning.

import { join } from "node:path";
import { counted } from "../core/index.ts";
import { estimateTokens, priceOfModel } from "../models/index.ts";
import { type ExperimentTable, gamesPage } from "../report/index.ts";
import { gamesOf, learns, type Match } from "../simulation/index.ts";
import { requireFluentGames } from "./inputs/fluency.ts";
import { checkFolder, checkRequest, openStages } from "./inputs/open-stages.ts";
import { requireTaughtMoves } from "./inputs/taught-moves.ts";
import { planCalls, planOf, planWriting } from "./plans/plan.ts";
import type { PlannedStep, Recipe, RecipeContext } from "./recipe.ts";
import { budgetFlag, modelFlag, runFlags } from "./settings/flags.ts";
import {
  experimentsOf,
  type GamesConfig,
  gamesSchema,
  loadGames,
  worldOf,
} from "./settings/game-settings.ts";
import { chartStage, chartsOf, pageName } from "./stages/experiment-charts.ts";
import { figureStage, type GameFigures } from "./stages/game-figures.ts";
import { firstQuestion, learningQuestion } from "./stages/game-questions.ts";
import { gameStages, hasProbes, playStages } from "./stages/games.ts";
import { describeSpent, spentInRun } from "./summaries/data-summary.ts";
import { describeGames } from "./summaries/game-summary.ts";

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: GamesConfig, context: RecipeContext) => {
  const games = await loadGames(config);
  requireTaughtMoves(config);
  const { model, learner, prompts } = config;
  const models = {
    ...(model === undefined ? {} : { model: [model, "asked"] as const }),
    ...(learner === undefined ? {} : { learner: [learner, "asked"] as const }),
  };
  const stages = [...gameStages(config), chartStage];
  const files = prompts === undefined ? {} : { prompts };
  const checked = await checkRequest("simulate games", stages, config, { models, files }, context);
  requireFluentGames(games, checked.inputs);
  return { ...checked, games };
};

const probeHead = [
  ...[
    "experiment",
    "thing",
    "it was",
    "prior",
    "reason",
    "share by the last principle",
    "answers",
    "questions",
  ],
];

const probeTables = ({ probes }: GameFigures): ExperimentTable[] => {
  if (probes.length === 0) return [];
  const rows = probes.map(
    ({ experiment, unit, heldOut, prior, reasons, value, low, high, n, asked, questions }) => [
      ...[
        experiment,
        unit,
        heldOut ? "held out" : "learned on",
        prior ? "told" : "not told",
        reasons ? "asked for" : "–",
      ],
      value === null ? "–" : `${value.toFixed(2)} [${low!.toFixed(2)}, ${high!.toFixed(2)}]`,
      `${n} of ${asked}`,
      questions === null ? "–" : questions.toFixed(2),
    ],
  );
  return [{ caption: "What would you offer of it?", head: probeHead, names: 5, rows }];
};

const titles: Readonly<Record<GamesConfig["game"], string>> = {
  ultimatum: "Ultimatum game",
  dictator: "Dictator game",
  "public-goods": "Public goods game",
  "buyer-seller": "Buyer and seller",
};

const execute = async (config: GamesConfig, context: RecipeContext) => {
  const { request, games } = await prepare(config, context);
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  await playStages(pipeline, games);
  const found = await figureStage(pipeline, config);
  const lines = describeGames(found, config);
  const experiments = experimentsOf(config).map(({ name }) => name);
  const page = gamesPage({
    title: `${titles[config.game]}: ${config.game === "buyer-seller" ? counted(experiments.length, "match", "matches") : counted(experiments.length, "experiment")}, ${counted(config.repetitions, "repetition")} each`,
    game: config.game,
    experiments,
    figures: found.figures,
    tables: probeTables(found),
    principles: found.principles,
    notes: [lines.at(-1)!],
    facts: [
      ["Seed", String(config.seed)],
      ["Players", config.model ?? "scripts"],
      ["Learning", config.learner ?? config.model ?? "by counting"],
    ],
  });
  await chartsOf(run, page, gameStages(config));
  await run.finish();
  const asked = config.model !== undefined;
  const spent = await spentInRun(run.folder, gameStages(config));
  return {
    lines: [
      ...lines,
      ...(asked ? describeSpent(spent) : []),
      `Page: ${join(config.out, pageName)}; its charts: ${join(config.out, chartStage)}`,
      `Figures: ${join(config.out, "figures", "figures.csv")}; every move: ${join(config.out, "figures", "moves.csv")}`,
    ],
    document: {
      folder: run.folder,
      page: join(run.folder, pageName),
      figuresFile: join(run.folder, "figures", "figures.csv"),
      movesFile: join(run.folder, "figures", "moves.csv"),
      experiments,
      ...found,
      ...(asked ? { spent } : {}),
    },
  };
};

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Moves of a game at most. */
const movesOf = ({ game, publicGoods }: GamesConfig): number =>
  ({ dictator: 1, ultimatum: 2, "buyer-seller": 3, "public-goods": publicGoods.players })[game];

/** How often a model moves in an iteration of all experiments, at most. */
const modelMoves = (config: GamesConfig): number => {
  const world = worldOf(config);
  const perGame = movesOf(config);
  const moves = experimentsOf(config).map(({ flexible, match }) => {
    if (match !== undefined) {
      const isAsked = (seat: Match["buyer" | "seller"]): boolean =>
        seat === "flexible" || world.trade.levelsBy === "model";
      return (isAsked(match.buyer) ? 2 : 0) + (isAsked(match.seller) ? 1 : 0);
    }
    const all = perGame * gamesOf(world);
    return world.fixedBy === "model" ? all : Math.min(all, Math.ceil(perGame * flexible * gamesOf(world)));
  });
  return moves.reduce((sum, one) => sum + one, 0) * config.repetitions;
};

const questionTokens = (config: GamesConfig): number =>
  firstQuestion(config).reduce((sum, { content }) => sum + estimateTokens(content), 0);

const planPlay = (config: GamesConfig, { inputs }: Prepared): PlannedStep => {
  const { model, prices, maxTokens, iterations, questions } = config;
  const calls = modelMoves(config) * iterations * (1 + questions);
  const question = questionTokens(config);
  return planCalls(
    "games",
    `${counted(calls, "move")} at most, ${counted(iterations, "iteration")}`,
    { speed: inputs.speeds["model"] ?? null, maxTokens, price: priceOfModel(prices, model!) },
    (reply) => ({ calls, read: calls * (question + questions * reply), written: calls * reply }),
  );
};

const planLearning = (config: GamesConfig, { inputs, games }: Prepared): PlannedStep => {
  const { model, learner = model, prices, learnerTokens, iterations, repetitions, maxTokens } = config;
  const { wording, variant, resources } = config;
  // In brief, things that are learned apart are asked about apart.
  const each = wording === "brief" && variant === "resource-specific" ? resources : 1;
  const calls = experimentsOf(config).filter(learns).length * repetitions * iterations * each;
  const frame = estimateTokens(learningQuestion(config, games.prompts)[0]!.content);
  const spoken = worldOf(config).fixedBy === "model" ? maxTokens : 30;
  const shown = gamesOf(worldOf(config)) * movesOf(config) * (spoken + 12);
  return planCalls(
    "principles",
    counted(calls, "principle"),
    {
      speed: inputs.speeds[config.learner === undefined ? "model" : "learner"] ?? null,
      maxTokens: learnerTokens,
      price: priceOfModel(prices, learner!),
    },
    (reply) => ({ calls, read: calls * (frame + shown + reply), written: calls * reply }),
  );
};

const planProbes = (config: GamesConfig, { inputs }: Prepared): PlannedStep => {
  const { model, prices, maxTokens, heldOut, currencies, repetitions, questions } = config;
  const each =
    (currencies.length + heldOut.currencies.length) * heldOut.prior.length * heldOut.reasons.length;
  const calls = experimentsOf(config).filter(learns).length * repetitions * each * (1 + questions);
  const question = questionTokens(config);
  return planCalls(
    "held-out",
    counted(calls, "question"),
    { speed: inputs.speeds["model"] ?? null, maxTokens, price: priceOfModel(prices, model!) },
    (reply) => ({ calls, read: calls * (question + reply), written: calls * reply }),
  );
};

const planAll = (config: GamesConfig, prepared: Prepared): PlannedStep[] => {
  const experiments = experimentsOf(config);
  const games = experiments.length * config.repetitions * config.iterations * gamesOf(worldOf(config));
  const what = `${counted(experiments.length, "experiment")}, ${counted(games, "game")} in all`;
  if (config.model === undefined)
    return [planWriting("games", `${what}, by scripts`, Math.ceil(games / 2000))];
  return [
    planPlay(config, prepared),
    ...(experiments.some(learns) ? [planLearning(config, prepared)] : []),
    ...(hasProbes(config) ? [planProbes(config, prepared)] : []),
    planWriting("figures", what),
  ];
};

const number = (path: string, description: string) => ({ path, description, placeholder: "number" });
const list = (path: string, description: string) => ({ path, description, placeholder: "list" });

/** `covenant simulate games`. */
export const recipe: Recipe<typeof gamesSchema> = {
  command: ["simulate", "games"],
  summary: "games between simulated players, of whom some learn a norm from what they see of play",
  schema: gamesSchema,
  flags: {
    ...runFlags,
    game: { path: "game", description: "what is played", placeholder: "name" },
    groups: list("groups", "policies of the fixed players, e.g. fair,altruistic:80+selfish:20"),
    flexible: list("flexible", "shares of seats that learn, e.g. 0.1,0.9"),
    repetitions: number("repetitions", "how often each experiment is repeated"),
    iterations: number("iterations", "rounds of play, with learning after each"),
    variant: { path: "variant", description: "what is learned", placeholder: "name" },
    model: modelFlag("model that moves for the players; default: scripts"),
    wording: { path: "wording", description: "full, or brief for embedded models", placeholder: "name" },
    learner: { path: "learner", description: "model that writes principles", placeholder: "name" },
    concurrency: number("endpoint.concurrency", "calls in flight at an endpoint at most"),
    budget: budgetFlag,
  },
  async plan(config, context) {
    const prepared = await prepare(config, context);
    await checkFolder(prepared.request, context);
    return planOf(planAll(config, prepared));
  },
  run: execute,
};
