// What the page of a social contract shows, gathered from the settings and from what the runs left. How it is shown is the
// report's part.

import type { Estimate, Metric } from "../records/index.ts";
import type { ContractDocuments, ContractMetric, ContractPageData } from "../report/index.ts";
import { similarityTable } from "../simulation/index.ts";
import {
  byRun,
  type ContractFigures,
  documentText,
  metricName,
  overUsers,
  readContractFigures,
} from "./contract-figures.ts";
import type { ContractPlay, DoneRun } from "./stages/contract-run.ts";
import type { Satisfaction } from "./stages/satisfaction.ts";

const metricOf = ({ id, name, low, high }: Metric, of: ContractMetric["of"]): ContractMetric => ({
  ...{ id, name, of, low, high },
});

const documentsOf = ({ documents }: ContractFigures): ContractDocuments[] =>
  (["constitution", "contract"] as const).flatMap((part) => {
    const own = documents.filter((one) => one.part === part);
    if (own.length === 0) return [];
    return [
      {
        part,
        runs: own.map(({ run }) => run),
        similarity: similarityTable(own.map(documentText)),
        last: own
          .at(-1)!
          .document.principles.map(({ title, area }) =>
            part === "contract" ? `For ${area ?? "all users"}: ${title}` : title,
          ),
      },
    ];
  });

const taskNames = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");

/** An interval no wider than the scale that its values are on. */
const within = ({ low, high, ...rest }: Estimate, scale: ContractMetric): Estimate => ({
  ...rest,
  low: low === null ? null : Math.max(low, scale.low),
  high: high === null ? null : Math.min(high, scale.high),
});

/** The data of the page. last: of the runs that were played; benefit: what the oracle tells, where it was asked. */
export const readContractPage = async (
  folder: string,
  { config, setup }: ContractPlay,
  last: DoneRun,
  benefit: Readonly<Record<string, Satisfaction>> | null,
): Promise<ContractPageData> => {
  const figures = await readContractFigures(folder, last.run);
  const metrics = [
    ...setup.metrics.own.map((metric) => metricOf(metric, "own")),
    ...setup.metrics.others.map((metric) => metricOf(metric, "others")),
  ];
  const means = overUsers(byRun(figures.turns));
  const { assistant, user, meta } = setup.models;
  return {
    runs: last.run,
    turnsPerRun: config.turns,
    users: setup.cast.users.map(({ id, label, persona }) => ({ id, name: `${label}, ${persona.name}` })),
    metrics,
    turns: figures.turns.flatMap(({ run, turn, of, user: one, metric, ratings }) =>
      ratings.n === 0
        ? []
        : [
            {
              ...{ run, turn, user: one, metric: { id: metric, of } },
              ...{ value: ratings.sum / ratings.n, n: ratings.n },
            },
          ],
    ),
    means: means.flatMap(({ run, metric: name, estimate }) => {
      const metric = metrics.find(({ id, of }) => metricName(of, id) === name);
      return metric === undefined ? [] : [{ run, metric, estimate: within(estimate, metric) }];
    }),
    documents: documentsOf(figures),
    benefit:
      benefit === null
        ? null
        : {
            requests: config.sandbox.requests,
            rows: Object.entries(benefit).map(
              ([
                constitution,
                {
                  principles: { length: principles },
                  worst,
                  users: _,
                  ...estimate
                },
              ]) => ({
                constitution,
                principles,
                estimate,
                worst,
              }),
            ),
          },
    facts: [
      ["Seed", String(config.seed)],
      ["Task", taskNames(setup.tasks.map(({ name }) => name))],
      ["Assistants", assistant],
      ...(user === assistant ? [] : [["Users", user] as const]),
      ...(meta === assistant ? [] : [["Meta-model", meta] as const]),
    ],
  };
};
