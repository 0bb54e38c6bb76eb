// `covenant simulate combine`: several finished runs or sweeps of one simulation as one table of means with intervals, and one
// page of charts. Asks no model.

import { join, resolve } from "node:path";
import { z } from "zod";
import { counted, createRedact, expandHome, UserError } from "../core/index.ts";
import { groupsPage } from "../report/index.ts";
import { checkRunFolder, openRun } from "../runs/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { outSetting, seedSetting } from "./settings/settings.ts";
import { chartStage, chartsOf, pageName } from "./stages/experiment-charts.ts";
import { resultsOf, resultsStage } from "./stages/experiment-results.ts";
import { decidedGroups, type Source } from "./stages/experiment-sources.ts";
import { describeGroups, likenessOf } from "./summaries/experiment-summary.ts";
import { folderNames, isSweep, readSimulation, sourcesOf } from "./summaries/run-sources.ts";
import { simulationOf } from "./summaries/simulations.ts";

const schema = z.strictObject({
  out: outSetting("runs/combined"),
  folders: z
    .array(z.string().min(1).overwrite(expandHome), {
      error: ({ input }) =>
        input === undefined
          ? "folders are needed (`covenant simulate combine runs/one runs/two`)"
          : "expected a list of folders",
    })
    .min(1)
    .describe("run folders of simulate contract, games, vote or sweep; all of one kind"),
  labels: z.array(z.string().min(1)).optional().describe("names for the folders; default: their last parts"),
  seed: seedSetting,
});
type CombineConfig = z.output<typeof schema>;

/** All sources of the folders. Throws UserError for folders that cannot be joined. */
const prepare = async ({ folders, labels }: CombineConfig) => {
  const twice = folders.find(
    (folder, at) => folders.findIndex((one) => resolve(one) === resolve(folder)) < at,
  );
  if (twice !== undefined)
    throw new UserError("folder-twice", `${twice} is named twice; expected each folder once.`, {
      folder: twice,
    });
  if (labels !== undefined && (labels.length !== folders.length || new Set(labels).size < labels.length))
    throw new UserError(
      "labels-count",
      `labels has ${labels.join(", ")}; expected ${counted(folders.length, "name")}, each once, one for each folder.`,
    );
  const read = [];
  for (const folder of folders) read.push(await readSimulation(folder));
  const [first] = read;
  const other = read.find(({ kind }) => kind !== first!.kind);
  if (other !== undefined)
    throw new UserError(
      "kinds-differ",
      `${first!.folder} holds simulate ${first!.kind}, and ${other.folder} simulate ${other.kind}: their figures mean different things. Join folders of one kind.`,
      { folders: [first!.folder, other.folder] },
    );
  const names = labels ?? folderNames(folders);
  const sources: Source[] = [];
  for (const [at, one] of read.entries())
    sources.push(...(await sourcesOf(one, read.length === 1 && isSweep(one) ? "" : names[at]!)));
  return { simulation: simulationOf(first!.kind), sources, names };
};

const identityOf = (
  { out, ...decisive }: CombineConfig,
  sources: readonly Source[],
  fresh: boolean | undefined,
) => ({
  ...{ folder: out, name: "simulate combine", seed: decisive.seed, fresh, config: decisive },
  contents: Object.fromEntries(sources.map(({ name, content }) => [name, content])),
});

const execute = async (config: CombineConfig, context: RecipeContext) => {
  const { simulation, sources, names } = await prepare(config);
  await using run = await openRun({
    ...identityOf(config, sources, context.fresh),
    ...{ stages: [resultsStage, chartStage], clock: context.clock, onEvent: context.emit },
    ...{ signal: context.signal, redact: createRedact(context.environment) },
  });
  const figures = await resultsOf(run, sources, []);
  const groups = new Set(figures.map(({ group }) => group)).size;
  const page = groupsPage({
    eyebrow: `simulations of ${simulation.kind}, joined`,
    headline: `${counted(sources.length, "simulation")} in ${counted(groups, "group")}`,
    standfirst: `Joined from ${names.join(", ")}. All figures are in ${resultsStage}/results.csv.`,
    step: simulation.step,
    figures,
    first: decidedGroups(figures),
    likeness: await likenessOf(sources, ({ name }) => name),
    failures: [],
    facts: [["Folders", names.join(", ")]],
  });
  await chartsOf(run, page, [resultsStage]);
  await run.finish();
  const file = (...path: readonly string[]): string => join(config.out, ...path);
  return {
    lines: [
      ...describeGroups(figures, simulation),
      `Joined: ${counted(sources.length, "run")} of ${counted(names.length, "folder")}`,
      `All figures: ${file(resultsStage, "results.csv")}; means of groups: ${file(resultsStage, "groups.csv")}`,
      `Page: ${file(pageName)}; its charts: ${file(chartStage)}`,
    ],
    document: {
      folder: run.folder,
      page: join(run.folder, pageName),
      results: join(run.folder, resultsStage, "results.csv"),
      groups: figures,
    },
  };
};

/** `covenant simulate combine`. */
export const recipe: Recipe<typeof schema> = {
  command: ["simulate", "combine"],
  summary: "join runs or sweeps of simulations into one table and one page",
  schema,
  flags: {
    out: { path: "out", description: "folder for tables and page", placeholder: "folder" },
    labels: {
      path: "labels",
      description: "names for the folders, with commas between",
      placeholder: "list",
    },
  },
  positional: "folders",
  async plan(config, context) {
    const { sources, names } = await prepare(config);
    await checkRunFolder(identityOf(config, sources, context.fresh));
    return planOf([
      planWriting(resultsStage, `${counted(sources.length, "run")} of ${counted(names.length, "folder")}`, 2),
    ]);
  },
  run: execute,
};
