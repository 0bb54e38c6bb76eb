// Where the figures of an experiment come from: runs of simulations, each with the group that it belongs to. Sums of groups,
// so that figures may come one by one, and their means with intervals.

import { deriveSeed } from "../../core/index.ts";
import { addValue, noValues, type Scale, studentMean, type Values } from "../../evaluation/index.ts";
import {
  decidedName,
  type ExperimentFigure,
  type GroupFigure,
  type SimulationKind,
} from "../../records/index.ts";
import type { MetricScale, ScaleOf } from "./measure-scales.ts";

/**
 * A run to be read. name: unique in the experiment; cell: of its sweep, or what else tells its group; label: the cell as
 * people read it; content: hash of what it left; rows: its figures in long form; document: the text it ended with; scaleOf:
 * the scale of a measure, where it has one; metrics: what the settings name for that, and what lies elsewhere.
 */
export type Source = {
  readonly name: string;
  readonly kind: SimulationKind;
  readonly cell: string;
  readonly label: string;
  readonly repetition: number;
  readonly seed: number;
  readonly content: string;
  readonly rows: () => AsyncIterable<ExperimentFigure>;
  readonly document: () => Promise<string | null>;
  readonly scaleOf: ScaleOf;
  readonly metrics: readonly MetricScale[];
};

/** Between a cell and an experiment in a group's name. */
const separator = " · ";

/** Groups of what votes decided, beside those of what every rule would have chosen. */
export const decidedGroups = (figures: readonly GroupFigure[]): string[] => [
  ...new Set(figures.filter(({ experiment }) => experiment === decidedName).map(({ group }) => group)),
];

/** The figures of each group and measure at the last step that has any. */
export const atTheirEnd = (figures: readonly GroupFigure[]): GroupFigure[] => {
  const keyOfFigure = ({ group, metric }: GroupFigure): string => JSON.stringify([group, metric]);
  const ends = new Map<string, number>();
  for (const one of figures) ends.set(keyOfFigure(one), Math.max(one.step, ends.get(keyOfFigure(one)) ?? 0));
  return figures.filter((one) => ends.get(keyOfFigure(one)) === one.step);
};

type Place = { readonly cell: string; readonly experiment: string | null };
type Sums = Place & {
  readonly step: number;
  readonly user: string;
  readonly metric: string;
  readonly values: Values;
  readonly scale: Scale | undefined;
  /** Values are of whole simulations, of games' repetitions, or of single users. */
  readonly of: "simulation" | "trial" | "user";
};

const keyOf = ({ cell, experiment, step, user, metric, of }: Omit<Sums, "values" | "scale">): string =>
  JSON.stringify([cell, experiment, step, user, metric, of]);

/** Who a figure of a group is of: a user by seat and persona. */
const userName = ({ user, persona }: ExperimentFigure): string =>
  persona === null ? user : `${user}, ${persona}`;

/** Collects figures, one by one. */
export const createGroups = () => {
  const sums = new Map<string, Sums>();
  const cells = new Map<string, Set<string | null>>();
  const labels = new Map<string, string>();
  const take = (place: Omit<Sums, "values">, value: number): void => {
    const key = keyOf(place);
    const into = sums.get(key) ?? { ...place, values: noValues() };
    sums.set(key, into);
    addValue(into.values, value);
  };
  /** The cell, where there are several; the experiment, where a cell has several or is the only one. */
  const nameOf = ({ cell, experiment }: Place): string => {
    const isOne = cells.size === 1;
    const hasMany = [...cells.values()].some((experiments) => experiments.size > 1);
    const label = labels.get(cell)!;
    const isTaken = [...labels].some(([other, one]) => other !== cell && one === label);
    const parts = [
      ...(isOne && experiment !== null ? [] : [isTaken ? cell : label]),
      ...(experiment !== null && (isOne || hasMany) ? [experiment] : []),
    ];
    return parts.join(separator);
  };
  return {
    add({ cell, label, scaleOf }: Pick<Source, "cell" | "label" | "scaleOf">, row: ExperimentFigure): void {
      const { experiment, step, metric, trial, value, user } = row;
      labels.set(cell, label);
      cells.set(cell, (cells.get(cell) ?? new Set()).add(experiment));
      if (row.statistic !== "mean") return;
      const place = { cell, experiment, step, metric, user: userName(row), scale: scaleOf(metric) };
      take({ ...place, of: trial === null ? "simulation" : "trial" }, value);
      if (trial === null && user !== "all") take({ ...place, user: "all", of: "user" }, value);
    },
    /**
     * Means, group by group; what votes decided before what single rules chose, since long lists are cut. A group of one
     * simulation has the interval over its users.
     */
    figures(runSeed: number, stage: string): GroupFigure[] {
      const single = [...sums.values()].filter(({ of }) => of !== "user");
      const isDecided = ({ experiment }: Place): boolean => experiment === decidedName;
      const all = [...single.filter(isDecided), ...single.filter((one) => !isDecided(one))];
      return all.flatMap((one): GroupFigure[] => {
        const users = sums.get(keyOf({ ...one, of: "user" }));
        const isAlone = one.of === "simulation" && one.values.n === 1 && users !== undefined;
        const { value, ...rest } = studentMean(isAlone ? users.values : one.values, one.scale);
        if (value === null) return [];
        const group = nameOf(one);
        const id = `${stage}/${group}/${one.step}/${one.user}/${one.metric}`;
        const { step, user, metric, experiment } = one;
        return [
          {
            ...{ id, parents: [], stage, seed: deriveSeed(runSeed, id), group },
            ...(experiment === null ? {} : { experiment }),
            ...{ step, user, metric },
            over: isAlone ? "users" : one.of === "trial" ? "repetitions" : "simulations",
            ...{ value, ...rest },
          },
        ];
      });
    },
  };
};
