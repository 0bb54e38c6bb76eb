// What a person reads of games in the terminal: shares over iterations for fixed and flexible seats, what came of it, what
// principles offer of things they were not learned on, and how many moves could not be read.

import { alignColumns, counted, groupBy, mean } from "../../core/index.ts";
import type { GameFigure } from "../../records/index.ts";
import type { GamesConfig } from "../settings/game-settings.ts";
import type { GameFigures, NormCounts, ProbeFigure } from "../stages/game-figures.ts";

const two = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : value.toFixed(2);

const interval = ({ low, high }: Pick<GameFigure, "low" | "high">): string =>
  low === null || high === null ? "" : `[${two(low)}, ${two(high)}]`;

type Line = {
  readonly experiment: string;
  readonly who: GameFigure["who"];
  readonly cells: readonly GameFigure[];
};

const linesOf = (figures: readonly GameFigure[], measure: string): Line[] => {
  const found = new Map<string, GameFigure[]>();
  for (const figure of figures)
    if (figure.measure === measure) {
      const key = `${figure.experiment}\n${figure.who}`;
      found.set(key, [...(found.get(key) ?? []), figure]);
    }
  return [...found.values()].map((cells) => ({
    experiment: cells[0]!.experiment,
    who: cells[0]!.who,
    cells,
  }));
};

const cellAt = ({ cells }: Line, iteration: number): string =>
  two(cells.find((cell) => cell.iteration === iteration)?.value).padStart(7);

/** A table of a measure: one line for each experiment's seats, one column for each iteration. */
const measureTable = (
  title: string,
  figures: readonly GameFigure[],
  measure: string,
  iterations: number,
): string[] => {
  const lines = linesOf(figures, measure);
  if (lines.length === 0) return [];
  const width = Math.max(10, ...lines.map(({ experiment }) => experiment.length)) + 2;
  const all = Array.from({ length: iterations }, (_, at) => at + 1);
  const head = `${"experiment".padEnd(width)}seats   ${all.map((at) => String(at).padStart(7)).join("")}`;
  const rows = lines.map((line, at) => {
    const name = lines[at - 1]?.experiment === line.experiment ? "" : line.experiment;
    const last = line.cells.find(({ iteration }) => iteration === iterations);
    const end = last === undefined ? "" : `  ${interval(last)}`;
    return `${name.padEnd(width)}${line.who.padEnd(8)}${all.map((one) => cellAt(line, one)).join("")}${end}`;
  });
  return [title, head, ...rows, ""];
};

/** The mean share over things, each counting alike, with the answers that could not be read. */
const overThings = (probes: readonly ProbeFigure[]): string => {
  const values = probes.flatMap(({ value }) => (value === null ? [] : [value]));
  const lost = probes.reduce((sum, { asked, n }) => sum + asked - n, 0);
  const middle = values.length === 0 ? null : mean(values);
  return `${two(middle)}${lost === 0 ? "" : ` (${lost} lost)`}`;
};

/** One line for each experiment and way of asking, one column for what was learned on and for each thing held out. */
const probeTable = (probes: readonly ProbeFigure[]): string[] => {
  if (probes.length === 0) return [];
  const unitsHeldOut = [...new Set(probes.filter(({ heldOut }) => heldOut).map(({ unit }) => unit))];
  const ways = groupBy(probes, ({ experiment, prior, reasons }) =>
    JSON.stringify([experiment, prior, reasons]),
  );
  const rows = [...ways.values()].map((own) => {
    const { experiment, prior, reasons } = own[0]!;
    return [
      experiment,
      `${prior ? "told" : "not told"}${reasons ? ", reason first" : ""}`,
      overThings(own.filter(({ heldOut }) => !heldOut)),
      ...unitsHeldOut.map((unit) => overThings(own.filter((probe) => probe.unit === unit))),
    ];
  });
  const table = [["experiment", "prior", "learned on", ...unitsHeldOut], ...rows];
  return ["What would you offer of it? Share by the last principle", ...alignColumns(table), ""];
};

/** The table of acceptance, or one line where nobody refused anything. */
const acceptance = (figures: readonly GameFigure[], iterations: number): string[] => {
  const own = figures.filter(({ measure }) => measure === "accepted");
  if (own.length === 0) return [];
  return own.every(({ value }) => value === 1)
    ? ["Every offer was accepted.", ""]
    : measureTable("Share of offers that were accepted", figures, "accepted", iterations);
};

const describeMoves = ({ made, unparseable, missing }: GameFigures["moves"]): string => {
  const all = made + unparseable + missing;
  const lost = [
    ...(unparseable === 0 ? [] : [`${unparseable} that could not be read`]),
    ...(missing === 0 ? [] : [`${missing} that never came`]),
  ];
  const told =
    lost.length === 0
      ? "all of them legal"
      : `${lost.join(" and ")}; those games pay nobody, and what could be read in them still counts as given`;
  const advice =
    2 * made < all
      ? " Choose a model that follows instructions: every move has a form that it has to keep."
      : "";
  return `${counted(all, "move")}: ${told}.${advice}`;
};

const normLine = (norms: NormCounts): string =>
  Object.entries(norms)
    .flatMap(([norm, count]) => (count === 0 ? [] : [`${norm} ${count}`]))
    .join(", ");

/** The first repetition's last principle of every experiment, as an example, with the norms of all where they are read. */
const principleLines = (principles: GameFigures["principles"]): string[] => {
  if (principles.length === 0) return [];
  const width = Math.max(10, ...principles.map(({ experiment }) => experiment.length)) + 2;
  const read = principles.flatMap(({ experiment, norms }) =>
    norms === undefined ? [] : [`${experiment.padEnd(width)}${normLine(norms)}`],
  );
  return [
    "Principles at the end, of the first repetition",
    ...principles.map(
      ({ experiment, text }) =>
        `${experiment.padEnd(width)}${text === "" ? "(none)" : text.replaceAll(/\s+/g, " ")}`,
    ),
    "",
    ...(read.length === 0
      ? []
      : ["What they ask for in all repetitions, as the sandbox reads them", ...read, ""]),
  ];
};

/** The whole of it, a line each. */
export const describeGames = (
  { figures, probes, moves, principles }: GameFigures,
  { game, iterations, repetitions }: Pick<GamesConfig, "game" | "iterations" | "repetitions">,
): string[] => {
  const isOfPots = game === "public-goods";
  const givenTitle = isOfPots ? "Share put into the pot" : "Share given";
  const incomeTitle =
    game === "buyer-seller"
      ? "Points"
      : isOfPots
        ? "Income, in endowments"
        : "Income: share of what was at stake";
  const over = `mean of ${counted(repetitions, "repetition")} by iteration; at the end with its 95 % interval`;
  return [
    ...measureTable(`${givenTitle}: ${over}`, figures, "given", iterations),
    ...acceptance(figures, iterations),
    ...measureTable(incomeTitle, figures, "income", iterations),
    ...measureTable("Questions an offer", figures, "questions", iterations),
    ...principleLines(principles),
    ...probeTable(probes),
    describeMoves(moves),
  ];
};
