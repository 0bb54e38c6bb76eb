// What charts of games and of groups show: every figure that they are given, under the name and in the colour of the seats
// that it is of, and in the panel of its group. How a chart is drawn is tested with the pages.

import { describe, expect, it } from "vitest";
import type { GameFigure, GroupFigure } from "../records/index.ts";
import type { ChartRequest } from "./chart-book.ts";
import { palette } from "./charts/index.ts";
import type { ExperimentPage } from "./experiment-page.ts";
import { gamesPage } from "./games-page.ts";
import { groupsPage } from "./groups-page.ts";

type Row = { readonly panel: string; readonly series: string; readonly at: number; readonly value: number };
type Scale = { readonly domain: string[]; readonly range: string[] };
type Panels = {
  readonly data: { readonly values: readonly Row[] };
  readonly facet: { readonly sort: readonly string[] };
  readonly spec: {
    readonly layer: readonly { readonly encoding: { readonly color: { readonly scale: Scale } } }[];
  };
};

const chartOf = (page: ExperimentPage, id: string): ChartRequest | undefined =>
  page.sections.flatMap(({ figures }) => figures).find((figure) => figure.id === id);
/** The specification of a chart that is there. */
const panelsOf = (page: ExperimentPage, id: string) =>
  chartOf(page, id)!.build({ width: 740, height: 130 }) as unknown as Panels;
const told = (rows: readonly Row[]) =>
  rows.map(({ panel, series, at, value }) => [panel, series, at, value]).sort();

const learners = "flexible players, who learn";

describe("the charts of games", () => {
  const figure = (
    experiment: string,
    measure: string,
    who: GameFigure["who"],
    values: readonly number[],
  ): GameFigure[] =>
    values.map((value, at) => ({
      ...{ id: `${experiment}/${measure}/${who}/${at}`, parents: [], stage: "figures", seed: 0 },
      ...{ experiment, measure, who, iteration: at + 1, value, low: value, high: value, n: 3 },
    }));
  const experiments = ["selfish-10", "fair-90"];
  const page = (accepted: number, game: "ultimatum" | "public-goods" = "ultimatum") =>
    gamesPage({
      ...{ title: "t", game, experiments, tables: [], principles: [], notes: [], facts: [] },
      figures: experiments.flatMap((experiment, at) => [
        ...figure(experiment, "given", "flexible", [0.4 + at / 10, 0.1 + at / 10]),
        ...figure(experiment, "given", "fixed", [0.03, 0.02]),
        ...figure(experiment, "accepted", "flexible", [1, accepted]),
        ...figure(experiment, "accepted", "fixed", [1, 1]),
        ...figure(experiment, "income", "flexible", [0.6, 0.9]),
      ]),
    });

  it.each(["ultimatum", "public-goods"] as const)(
    "show in %s what flexible players gave as theirs, and what fixed ones gave in grey as the target",
    (game) => {
      const { data, facet, spec } = panelsOf(page(1, game), "share-given");
      const target = "fixed players: the target";
      expect(facet.sort).toEqual(experiments);
      expect(told(data.values)).toEqual(
        [
          ["selfish-10", learners, 1, 0.4],
          ["selfish-10", learners, 2, 0.1],
          ["fair-90", learners, 1, 0.5],
          ["fair-90", learners, 2, 0.2],
          ...experiments.flatMap((experiment) => [
            [experiment, target, 1, 0.03],
            [experiment, target, 2, 0.02],
          ]),
        ].sort(),
      );
      for (const { encoding } of spec.layer) {
        expect(encoding.color.scale.domain).toEqual([learners, target]);
        expect(encoding.color.scale.range.indexOf(palette.neutral.light)).toBe(1);
      }
    },
  );

  it("show whose offers were accepted, where some were refused", () => {
    expect(chartOf(page(1), "accepted")).toBeUndefined();
    const { data } = panelsOf(page(0.25), "accepted");
    const ofFair = data.values.filter(({ panel }) => panel === "fair-90");
    expect(told(ofFair)).toEqual(
      [
        ["fair-90", learners, 1, 1],
        ["fair-90", learners, 2, 0.25],
        ["fair-90", "fixed players", 1, 1],
        ["fair-90", "fixed players", 2, 1],
      ].sort(),
    );
    expect(data.values).toHaveLength(8);
  });
});

describe("the charts of groups", () => {
  const groups = ["first · fair-10", "second: fair", "second: selfish"];
  const figures = groups.flatMap((group, at) =>
    [1, 2].flatMap((step) =>
      (["flexible", "fixed"] as const).flatMap((user) =>
        ["given", "accepted"].map(
          (metric): GroupFigure => ({
            ...{ id: "i", parents: [], stage: "results", seed: 0, over: "repetitions", group, step, user },
            ...{ metric, value: (at + 1) / 10 + step / 100 + (user === "fixed" ? 0.5 : 0) },
            ...{ standardError: null, low: null, high: null, n: 1 },
          }),
        ),
      ),
    ),
  );
  const page = groupsPage({
    ...{ eyebrow: "e", headline: "h", standfirst: "s", step: "Iteration", figures, first: [] },
    ...{ likeness: null, failures: [], facts: [] },
  });

  it.each(["given", "accepted"])(
    "by step hold a panel for every group with its own figures: %s",
    (metric) => {
      const { data, facet } = panelsOf(page, `${metric}-by-step`);
      expect(facet.sort).toEqual(groups);
      const names: Readonly<Record<string, string>> = { flexible: learners, fixed: "fixed players" };
      expect(told(data.values)).toEqual(
        figures
          .filter((figure) => figure.metric === metric)
          .map(({ group, user, step, value }) => [group, names[user], step, value])
          .sort(),
      );
    },
  );

  it("at the end hold every group, too", () => {
    const { data } = panelsOf(page, "given-at-the-end");
    const last = figures.filter(({ metric, step }) => metric === "given" && step === 2);
    expect(data.values.map(({ value }) => value).sort()).toEqual(last.map(({ value }) => value).sort());
  });
});
