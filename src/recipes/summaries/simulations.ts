// The simulations that can be swept and joined, as a table: which command each is, which models its settings name, and
// where its figures are to be read from a run folder. A new one is a line here, and one in simulate-sweep.ts.

import { join } from "node:path";
import { z } from "zod";
import { collect, sha256File } from "../../core/index.ts";
import { type ExperimentFigure, learnedRecordSchema, type SimulationKind } from "../../records/index.ts";
import { type RunReading, streamRecords } from "../../runs/index.ts";
import { documentText, loadMetrics } from "../../simulation/index.ts";
import { isFile } from "../settings/stakeholders.ts";
import { runName } from "../stages/contract-run.ts";
import { gameRows } from "../stages/game-figures.ts";
import {
  contractScales,
  gameScales,
  type MetricScale,
  type ScaleOf,
  voteScales,
} from "../stages/measure-scales.ts";
import { contractRows } from "./contract-figures.ts";
import { decidingStages, readDecided, voteRows } from "./vote-figures.ts";

/** How figures of a run are read. steps: runs, or iterations, that its settings ask for. */
export type Simulation = {
  readonly kind: SimulationKind;
  /** Names of models that checked settings hold. */
  readonly models: (settings: unknown) => readonly string[];
  readonly rows: (reading: Pick<RunReading, "folder" | "config">) => AsyncIterable<ExperimentFigure>;
  /** The text of the constitution that the run ended with; null where there is none. */
  readonly document: (reading: Pick<RunReading, "folder" | "config" | "has">) => Promise<string | null>;
  /** The scales of its measures, as far as they are known; metrics: those that its settings name, which lie elsewhere. */
  readonly scales: (
    reading: Pick<RunReading, "config" | "events">,
  ) => Promise<{ readonly scaleOf: ScaleOf; readonly metrics: readonly MetricScale[] }>;
  /** What a step is called. */
  readonly step: string;
  /** Measures that a person wants to see first. */
  readonly shown: RegExp;
};

const contractSettings = z.looseObject({
  model: z.string(),
  runs: z.number(),
  metrics: z.looseObject({ file: z.string() }),
  roles: z
    .looseObject({
      user: z.looseObject({ model: z.string().optional() }),
      meta: z.looseObject({ model: z.string().optional() }),
    })
    .optional(),
});
const gamesSettings = z.looseObject({
  iterations: z.number(),
  game: z.string(),
  model: z.string().optional(),
  learner: z.string().optional(),
});

const voteSettings = z.looseObject({
  model: z.string(),
  rule: z.string(),
  rounds: z.number(),
  roles: z
    .looseObject({
      user: z.looseObject({ model: z.string().optional() }),
      mediator: z.looseObject({ model: z.string().optional() }),
    })
    .optional(),
});

const named = (names: readonly (string | undefined)[]): string[] => [
  ...new Set(names.filter((name) => name !== undefined)),
];

const lastDocument: Simulation["document"] = async ({ folder, config, has }) => {
  for (let run = contractSettings.parse(config).runs; run > 0; run--) {
    const file = `${runName(run)}/learned.jsonl`;
    if (!has(file)) continue;
    const rows = await collect(streamRecords(join(folder, file), learnedRecordSchema));
    const found = rows.find(({ part }) => part === "constitution");
    if (found !== undefined) return documentText(found.document);
  }
  return null;
};

/** The scales of a contract's metrics; none where their file is gone, or is another one than when the contract began. */
const metricsOf = async ({
  config,
  events,
}: Pick<RunReading, "config" | "events">): Promise<MetricScale[]> => {
  const { file } = contractSettings.parse(config).metrics;
  const begun = events.findLast(({ type }) => type === "run-start");
  const known = begun?.type === "run-start" ? begun.contents?.["metrics"] : undefined;
  if (isFile(file)) {
    const now = await sha256File(file).catch(() => null);
    if (now === null || (known !== undefined && now.sha256 !== known)) return [];
  }
  return (await loadMetrics(file)).map(({ id, low, high }) => ({ id, low, high }));
};

export const simulations: readonly Simulation[] = [
  {
    kind: "contract",
    models(settings) {
      const { model, roles } = contractSettings.parse(settings);
      return named([model, roles?.user.model, roles?.meta.model]);
    },
    rows: ({ folder, config }) => contractRows(folder, contractSettings.parse(config).runs),
    document: lastDocument,
    async scales(reading) {
      const metrics = await metricsOf(reading);
      return { scaleOf: contractScales(metrics), metrics };
    },
    step: "Run",
    shown: /^(own|others|similarity)\.|^satisfaction/,
  },
  {
    kind: "games",
    models(settings) {
      const { model, learner } = gamesSettings.parse(settings);
      return named([model, learner]);
    },
    rows: ({ folder, config }) => gameRows(folder, gamesSettings.parse(config).iterations),
    document: async () => null,
    scales: async ({ config }) => ({ scaleOf: gameScales(gamesSettings.parse(config).game), metrics: [] }),
    step: "Iteration",
    shown: /^(given|accepted|income)$/,
  },
  {
    kind: "vote",
    models(settings) {
      const { model, roles } = voteSettings.parse(settings);
      return named([model, roles?.user.model, roles?.mediator.model]);
    },
    rows: ({ folder, config }) => voteRows(folder, voteSettings.parse(config)),
    async document({ folder, config }) {
      const last = decidingStages(voteSettings.parse(config)).at(-1)!;
      return documentText((await readDecided(folder, last)).document);
    },
    scales: async () => ({ scaleOf: voteScales, metrics: [] }),
    step: "Stage",
    shown: /^(document\.)?(utilitarian|rawlsian|leftOut|satisfaction)/,
  },
];

/** The simulation of a kind. */
export const simulationOf = (kind: SimulationKind): Simulation =>
  simulations.find((one) => one.kind === kind)!;

/** The simulation that a run folder's command was; undefined where it was another command. */
export const simulationOfRun = (name: string): Simulation | undefined =>
  simulations.find(({ kind }) => name === `simulate ${kind}`);
