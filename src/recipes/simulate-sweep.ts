// `covenant simulate sweep`: a grid of settings over a simulation, every cell with several seeds as an ordinary run folder below
// the sweep's own, and the figures of all of them as one long table, means with intervals, charts and a page.

import { join, resolve } from "node:path";
import { checkValue, counted, createRedact, UserError } from "../core/index.ts";
import { type Budget, runsHere } from "../models/index.ts";
import type { SimulationKind } from "../records/index.ts";
import { groupsPage } from "../report/index.ts";
import { checkRunFolder, openRun, readRun } from "../runs/index.ts";
import { thereCodes } from "./inputs/open-stages.ts";
import { budgetNotices } from "./plans/dry-run.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { PlannedStep, Recipe, RecipeContext, RecipePlan } from "./recipe.ts";
import { runFlags } from "./settings/flags.ts";
import { runsOf, type SweepConfig, sweepSchema } from "./settings/sweep-settings.ts";
import { chartStage, chartsOf, pageName } from "./stages/experiment-charts.ts";
import { resultsOf, resultsStage } from "./stages/experiment-results.ts";
import { decidedGroups, type Source } from "./stages/experiment-sources.ts";
import { type ReadyRun, sweepFailure, sweepRuns, sweepStage } from "./stages/sweep-runs.ts";
import { describeGroups, likenessOf } from "./summaries/experiment-summary.ts";
import { levelsLabel, sourceOf } from "./summaries/run-sources.ts";
import { type Simulation, simulationOf } from "./summaries/simulations.ts";

/** The verbs that can be swept. A new one is a line here, and one in summaries/simulations.ts. */
const verbs: Readonly<Record<SimulationKind, () => Promise<Recipe>>> = {
  contract: async () => (await import("./simulate-contract.ts")).recipe,
  games: async () => (await import("./simulate-games.ts")).recipe,
  vote: async () => (await import("./simulate-vote.ts")).recipe,
};

/** Every run with its settings, checked as its own command checks them. Throws UserError with the cell's name. */
const readyRuns = async (
  config: SweepConfig,
): Promise<{ simulation: Simulation; recipe: Recipe; all: ReadyRun[] }> => {
  const simulation = simulationOf(config.command);
  const recipe = await verbs[config.command]();
  const all = runsOf(config).map((run) => ({
    run,
    config: checkValue(
      recipe.schema,
      { ...run.cell.settings, out: join(config.out, run.folder), seed: run.seed },
      { file: `simulate ${config.command}, cell ${run.cell.name}` },
    ),
  }));
  return { simulation, recipe, all };
};

/** A cell with the plan of its first run, and how many of its runs are still to be made. */
type PlannedCell = {
  readonly name: string;
  readonly plan: RecipePlan;
  readonly runs: number;
  readonly left: number;
  /** Of each run. */
  readonly budget: Budget;
};

const isFinished = async (folder: string): Promise<boolean> => {
  const reading = await readRun(folder).catch(() => null);
  return reading !== null && reading.manifest !== null;
};

/**
 * Looks at all that the runs name, as their own command would before it begins: one run of each cell, and every run that is
 * there already, which may be another one. Throws UserError with the cell's name.
 */
const planCells = async (
  { recipe, all }: { readonly recipe: Recipe; readonly all: readonly ReadyRun[] },
  config: SweepConfig,
  context: RecipeContext,
): Promise<PlannedCell[]> => {
  const planned = new Map<string, PlannedCell & { runs: number; left: number }>();
  // which cells are there is told by how many are left
  const besideFolders: RecipeContext["emit"] = (event) => {
    if (event.type !== "warning" || !thereCodes.includes(event.code)) context.emit(event);
  };
  const planOne = async ({ run, config: own }: ReadyRun): Promise<RecipePlan> => {
    try {
      return await recipe.plan(own, { ...context, emit: besideFolders });
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      throw new UserError(thrown.code, `Cell ${run.name}: ${thrown.message}`, thrown.facts);
    }
  };
  for (const ready of all) {
    const { name } = ready.run.cell;
    const finished = context.fresh !== true && (await isFinished(join(config.out, ready.run.folder)));
    const known = planned.get(name);
    const plan = known === undefined || finished ? await planOne(ready) : known.plan;
    const { budget = {} } = ready.config as { readonly budget?: Budget };
    const into = known ?? { name, plan, budget, runs: 0, left: 0 };
    planned.set(name, into);
    into.runs++;
    if (!finished) into.left++;
  }
  return [...planned.values()];
};

const timesOf = ({ runs, left }: PlannedCell): string =>
  left === runs ? counted(runs, "run") : left === 0 ? "finished" : `${left} of ${counted(runs, "run")}`;

const stepsOf = (cells: readonly PlannedCell[]): PlannedStep[] =>
  cells.flatMap((cell) => {
    const { name, plan, left } = cell;
    const steps = plan.steps.filter(({ calls }) => calls > 0);
    return (steps.length === 0 ? plan.steps.slice(0, 1) : steps).map((step) => ({
      stage: `${name}: ${step.stage}`,
      what: `${timesOf(cell)}: ${step.what}`,
      calls: left * step.calls,
      tokens: left * step.tokens,
      seconds: step.seconds === null ? null : left * step.seconds,
      ...(step.dollars === undefined ? {} : { dollars: left * step.dollars }),
    }));
  });

/** What stands before a setting's key where it is one of the runs' own. */
const runSettings = "settings.";

/** A run of the cell that takes more than its budget at most. */
const overBudget = ({ name, plan, budget, left }: PlannedCell) =>
  left === 0
    ? []
    : budgetNotices(budget, plan.steps, runSettings).map(({ code, text }) => ({
        code,
        text: `A run of cell ${name}: ${text}`,
      }));

const sweepName = "simulate sweep";

const identityOf = ({ out, parallel: _, ...decisive }: SweepConfig, fresh: boolean | undefined) => ({
  ...{ folder: out, name: sweepName, seed: decisive.seed, fresh },
  config: decisive,
});

/** Runs side by side: one at a time where a model runs here, which takes all threads and its memory by itself. */
const parallelOf = ({ parallel }: SweepConfig, { models }: Simulation, all: readonly ReadyRun[]): number =>
  all.some(({ config }) => models(config).some(runsHere)) ? 1 : Math.min(parallel, all.length);

const labelOf = ({ label, seed, repetition }: Source): string =>
  `${label === "all" ? "" : `${label}, `}seed ${seed}${repetition === 1 ? "" : ` (repetition ${repetition})`}`;

const execute = async (config: SweepConfig, context: RecipeContext) => {
  const ready = await readyRuns(config);
  const { simulation, recipe, all } = ready;
  const cells = await planCells(ready, config, context);
  await using run = await openRun({
    ...identityOf(config, context.fresh),
    ...{ stages: [sweepStage, resultsStage, chartStage], clock: context.clock, onEvent: context.emit },
    ...{ signal: context.signal, redact: createRedact(context.environment) },
  });
  const parallel = parallelOf(config, simulation, all);
  const { done, failed } = await sweepRuns(run, all, { recipe, context, parallel });
  if (done.length === 0) throw sweepFailure(failed, all.length);
  const sources = [];
  for (const { id, cell, levels, repetition, folder } of done)
    sources.push(
      await sourceOf(await readRun(join(run.folder, folder)), config.command, {
        ...{ name: id, cell, label: levelsLabel(levels), repetition },
      }),
    );
  const figures = await resultsOf(run, sources, failed.length === 0 ? [sweepStage] : []);
  const page = groupsPage({
    eyebrow: `report of a sweep over simulate ${config.command}`,
    headline: `${counted(cells.length, "cell")}, ${counted(done.length, "simulation")}`,
    standfirst: `Axes: ${Object.keys(config.grid).join(", ") || "none"}. Each cell of the grid was simulated with ${counted((config.seeds ?? [config.seed]).length * config.repetitions, "seed")}; all figures are in ${resultsStage}/results.csv.`,
    step: simulation.step,
    figures,
    first: decidedGroups(figures),
    likeness: await likenessOf(sources, labelOf),
    failures: failed.map(({ name, message }) => `${name}: ${message}`),
    facts: [
      ["Seeds", (config.seeds ?? [config.seed]).join(", ")],
      ["Models", [...new Set(all.flatMap((one) => simulation.models(one.config)))].join(", ") || "scripts"],
    ],
  });
  await chartsOf(run, page, [resultsStage]);
  if (failed.length > 0) throw sweepFailure(failed, all.length);
  await run.finish();
  const file = (...path: readonly string[]): string => join(config.out, ...path);
  return {
    lines: [
      ...describeGroups(figures, simulation),
      `${counted(cells.length, "cell")}, ${counted(done.length, "run")}: ${file("cells")}`,
      `All figures: ${file(resultsStage, "results.csv")}; means of groups: ${file(resultsStage, "groups.csv")}`,
      `Page: ${file(pageName)}; its charts: ${file(chartStage)}`,
    ],
    document: {
      folder: run.folder,
      page: resolve(run.folder, pageName),
      results: resolve(run.folder, resultsStage, "results.csv"),
      runs: done,
      groups: figures,
    },
  };
};

/** `covenant simulate sweep`. */
export const recipe: Recipe<typeof sweepSchema> = {
  command: ["simulate", "sweep"],
  summary: "a grid of settings over a simulation: every cell with several seeds, tables, charts, one page",
  schema: sweepSchema,
  flags: {
    out: runFlags["out"]!,
    parallel: {
      path: "parallel",
      description: "runs side by side, where no model runs here",
      placeholder: "number",
    },
  },
  async plan(config, context) {
    const ready = await readyRuns(config);
    await checkRunFolder(identityOf(config, context.fresh));
    const cells = await planCells(ready, config, context);
    const left = cells.reduce((sum, one) => sum + one.left, 0);
    const notices = cells.flatMap((cell) => [...(cell.plan.notices ?? []), ...overBudget(cell)]);
    const plan = planOf(
      [
        ...stepsOf(cells),
        planWriting(
          resultsStage,
          `${counted(cells.length, "cell")}, ${counted(ready.all.length, "run")}${left === ready.all.length ? "" : `, ${left} of them still to be made`}`,
        ),
      ],
      notices.filter(({ text }, at) => notices.findIndex((one) => one.text === text) === at),
    );
    return { ...plan, settingsUnder: runSettings };
  },
  run: execute,
};
