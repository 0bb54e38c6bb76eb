// What the page of a social contract shows, gathered from the settings and from what the runs left. How it is shown is the
// report's part.

import type { Metric } from "../../records/index.ts";
import type { ContractDocuments, ContractMetric, ContractPageData } from "../../report/index.ts";
import { documentText, mostCompared, similarityTable } from "../../simulation/index.ts";
import type { Speaking } from "../settings/stakeholders.ts";
import type { ContractPlay, DoneRun } from "../stages/contract-run.ts";
import type { Satisfaction } from "../stages/satisfaction.ts";
import { countCitations } from "../stages/statements.ts";
import {
  byRun,
  type ContractFigures,
  metricName,
  overUsers,
  readContractFigures,
} from "./contract-figures.ts";
import { remarksOn, unreadPeople } from "./contract-summary.ts";
import { benefitFigures } from "./satisfaction-figures.ts";
import { speakersOf } from "./speakers.ts";
import { arguedRemarks, describeCitations } from "./statement-words.ts";

const metricOf = ({ id, name, low, high }: Metric, of: ContractMetric["of"]): ContractMetric => ({
  ...{ id, name, of, low, high },
});

/** The documents; of each part those of the last runs are compared. */
const documentsOf = (
  { documents }: ContractFigures,
  speaking: Speaking,
  nameOf: (speaker: string) => string,
): ContractDocuments[] =>
  (["constitution", "contract"] as const).flatMap((part) => {
    const all = documents.filter((one) => one.part === part);
    const own = all.slice(-mostCompared);
    const last = own.at(-1)?.document.principles;
    if (last === undefined) return [];
    return [
      {
        ...{ part, all: all.length },
        runs: own.map(({ run }) => run),
        similarity: similarityTable(own.map(({ document }) => documentText(document))),
        last: last.map(({ title, area }) =>
          part === "contract" ? `For ${area ?? "all users"}: ${title}` : title,
        ),
        argued: arguedRemarks(last, speaking, nameOf),
      },
    ];
  });

const taskNames = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");

const sortedRemark =
  "The meta-model wrote none of it: it answered short questions about the comments (stances.jsonl), and a rule sorted them by that; the words are those of comments, or of what stood.";

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
  const scales = new Map(metrics.map((metric) => [metricName(metric.of, metric.id), metric]));
  const means = overUsers(byRun(figures.turns), (metric) => scales.get(metric));
  const { assistant, user, meta } = setup.models;
  const { users, nameOf } = speakersOf(setup.cast.users);
  const citations = countCitations(
    last.documents.flatMap(({ document }) => document.principles),
    setup.speaking,
  );
  return {
    runs: last.run,
    turnsPerRun: config.turns,
    users,
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
      const metric = scales.get(name);
      return metric === undefined ? [] : [{ run, metric, estimate }];
    }),
    documents: documentsOf(figures, setup.speaking, nameOf),
    benefit: benefitFigures(benefit, config.sandbox.requests),
    remarks: [
      ...(setup.metaPrompt.sorts === true ? [sortedRemark] : []),
      ...remarksOn(last, setup),
      ...(benefit === null ? unreadPeople({ config, setup }) : []),
      ...describeCitations(citations),
    ],
    facts: [
      ["Seed", String(config.seed)],
      ["Task", taskNames(setup.tasks.map(({ name }) => name))],
      ["Assistants", assistant],
      ...(user === assistant ? [] : [["Users", user] as const]),
      ...(meta === assistant ? [] : [["Meta-model", meta] as const]),
    ],
  };
};
