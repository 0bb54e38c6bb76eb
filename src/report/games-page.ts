// The page of games between simulated players: the share that flexible seats gave over iterations beside that of fixed ones,
// which is their target, what was accepted, what everybody came to (in trades, points of buyer and seller), and tables of all
// figures. What was played is told by whoever has it.

import { groupBy } from "../core/index.ts";
import type { GameFigure, GameName } from "../records/index.ts";
import type { ChartRequest } from "./chart-book.ts";
import { known, type PanelScale, panelsChart } from "./charts/index.ts";
import type {
  ExperimentCell,
  ExperimentPage,
  ExperimentSection,
  ExperimentTable,
} from "./experiment-page.ts";

/** principles: what flexible players of an experiment held to at its end; notes: paragraphs below. */
export type GamesPage = {
  readonly title: string;
  readonly game: GameName;
  readonly experiments: readonly string[];
  readonly figures: readonly GameFigure[];
  readonly tables: readonly ExperimentTable[];
  readonly principles: readonly { readonly experiment: string; readonly text: string }[];
  readonly notes: readonly string[];
  readonly facts: ExperimentPage["facts"];
};

/** What a measure is where nothing happened that is worth a drawing or a row. */
const uneventful: Readonly<Record<string, number>> = { accepted: 1, unparseable: 0, missing: 0 };

const isUneventful = (figures: readonly GameFigure[]): boolean =>
  figures.every(({ measure, value }) => value === uneventful[measure]);

/** Experiments with panels of their own in one chart. */
const shownPanels = 24;

/** Two decimals; shares and incomes need no more, and columns stand under each other. */
const shortText = (value: number): string => (Math.round(value * 100) / 100).toFixed(2).replace("-", "−");

/** Words for the seats, as a key has them. */
const seatNames: Readonly<Record<GameFigure["who"], string>> = {
  flexible: "flexible players, who learn",
  fixed: "fixed players",
  buyer: "buyer",
  seller: "seller",
};

type Drawn = {
  readonly id: string;
  readonly measure: string;
  readonly title: string;
  readonly reading: string;
  /** What fixed seats are called, where flexible ones are held to them. */
  readonly target?: string;
};

type GameWords = {
  readonly standfirst: string;
  readonly given: Drawn;
  readonly income: Drawn;
  /** What players came to, in a sentence. */
  readonly brought: string;
  /** Measures that a row of figures calls by another word. */
  readonly rows: Readonly<Record<string, string>>;
};

const bands = "Bands are 95 % intervals of the mean over repetitions.";

const learnt =
  "Fixed players hold to a policy; flexible ones follow one principle, which is written anew after every iteration from what was seen of play. Can a norm be learned from watching how people share?";

const splitWords: GameWords = {
  standfirst: learnt,
  given: {
    ...{ id: "share-given", measure: "given", title: "Share offered, by iteration" },
    reading: `What fixed players offer is the target: flexible ones are to learn it from what they see. ${bands}`,
    target: "fixed players: the target",
  },
  income: {
    ...{ id: "income", measure: "income", title: "Income, by iteration" },
    reading: `What a seat came to on average, as a share of what was at stake. ${bands}`,
  },
  brought: "What players came to, whoever made the offer.",
  rows: {},
};

const potWords: GameWords = {
  standfirst: learnt,
  given: {
    ...{ id: "share-given", measure: "given", title: "Share put into the pot, by iteration" },
    reading: `What fixed players put in is the target: flexible ones are to learn it from what they see. ${bands}`,
    target: "fixed players: the target",
  },
  income: {
    ...{ id: "income", measure: "income", title: "Income, by iteration" },
    reading: `What a seat came to on average, in endowments: above 1 where giving paid. ${bands}`,
  },
  brought: "What players kept, and what they got back from the pot.",
  rows: {},
};

const tradeWords: GameWords = {
  standfirst:
    "A buyer picks one of two items, the seller sets both prices anew, and the buyer picks again. Each match names a buyer and a seller by their levels (a higher one sees through a lower one), or a flexible side, which follows one principle that is written anew after every iteration from the deals that it saw. Can the answer to a level be learned from prices and picks?",
  given: splitWords.given,
  income: {
    ...{ id: "income", measure: "income", title: "Points of a trade, by iteration" },
    reading: `The buyer's are what both picks were worth, less their prices; the seller's, the price of the last pick. ${bands}`,
  },
  brought: "Which prices the buyer was led to pay, and what the seller got by them.",
  rows: { income: "points" },
};

const wordsOf: Readonly<Record<GameName, GameWords>> = {
  ultimatum: splitWords,
  dictator: splitWords,
  "public-goods": potWords,
  "buyer-seller": tradeWords,
};

const accepted: Drawn = {
  ...{ id: "accepted", measure: "accepted", title: "Share of offers accepted, by iteration" },
  reading: `Whose offers were accepted. ${bands}`,
};

/** Shares from 0 % to 100 %; points on an axis that holds them. */
const scaleOf = (figures: readonly GameFigure[]): PanelScale => {
  const all = figures.flatMap(({ value, low, high }) => [value ?? 0, low ?? 0, high ?? 0]);
  const [low, high] = [Math.min(0, ...all), Math.max(1, ...all)];
  return high === 1 && low === 0
    ? { low, high, share: true }
    : { low: Math.floor(low), high: Math.ceil(high), share: false };
};

/** "flexible at the end .99, fixed 1.00" of the first experiments. */
const endsOf = (figures: readonly GameFigure[], experiments: readonly string[]): string => {
  const said = experiments.slice(0, 3).flatMap((experiment) => {
    const ends = [...groupBy(figures, ({ who }) => who)].flatMap(([who, own]) => {
      const end = known(own.findLast((figure) => figure.experiment === experiment));
      return end === null ? [] : [`${who} ${shortText(end.value)}`];
    });
    return ends.length === 0 ? [] : [`${experiment}: ${ends.join(", ")}`];
  });
  return `At the end, ${said.join("; ")}${experiments.length > 3 ? "; and so on" : ""}.`;
};

const figureOf = (
  { experiments, figures }: GamesPage,
  { id, measure, title, reading, target }: Drawn,
): ChartRequest | null => {
  const own = figures.filter((figure) => figure.measure === measure);
  const panels = experiments
    .filter((one) => own.some(({ experiment }) => experiment === one))
    .slice(0, shownPanels);
  if (panels.length === 0 || isUneventful(own)) return null;
  const nameOf = (who: GameFigure["who"]): string =>
    who === "fixed" && target !== undefined ? target : seatNames[who];
  const seats = (["flexible", "buyer", "seller", "fixed"] as const).filter((who) =>
    own.some((figure) => figure.who === who),
  );
  const context = seats.includes("flexible") && seats.includes("fixed") ? nameOf("fixed") : undefined;
  const points = own.map(({ experiment, who, iteration, value, low, high, n }) => ({
    ...{ panel: experiment, series: nameOf(who), at: iteration },
    estimate: { value, low, high, n },
  }));
  const hidden = experiments.length - panels.length;
  return {
    ...{ id, title, reading },
    seen: `${endsOf(own, panels)}${hidden > 0 ? ` The first ${shownPanels} of ${experiments.length} experiments; the others are in the tables.` : ""}`,
    wide: { width: 740, height: 130 },
    narrow: { width: 360, height: 130 },
    build: (size) =>
      panelsChart({
        ...{ ...size, measure: title, along: "Iteration", panels, context, points, write: shortText },
        series: seats.map(nameOf).filter((name) => name !== context),
        scale: scaleOf(own),
        columns: size.width < 500 ? 1 : 3,
      }),
  };
};

const cell = ({ value, low, high }: GameFigure): ExperimentCell => {
  if (value === null) return "–";
  if (low === null || high === null || (low === value && high === value)) return shortText(value);
  return { text: shortText(value), note: `${shortText(low)} to ${shortText(high)}` };
};

const figureTable = (experiment: string, { figures, game }: GamesPage): ExperimentTable => {
  const { rows: named } = wordsOf[game];
  const own = figures.filter((figure) => figure.experiment === experiment);
  const iterations = [...new Set(own.map(({ iteration }) => iteration))].sort((one, other) => one - other);
  return {
    caption: `${experiment}: means over repetitions by iteration, over their 95 % intervals`,
    head: ["", ...iterations.map(String)],
    names: 1,
    rows: [...groupBy(own, ({ who, measure }) => `${named[measure] ?? measure}, ${who}`)].flatMap(
      ([row, all]) =>
        isUneventful(all)
          ? []
          : [
              [
                row,
                ...iterations.map((at) => {
                  const found = all.find(({ iteration }) => iteration === at);
                  return found === undefined ? "–" : cell(found);
                }),
              ],
            ],
    ),
  };
};

const section = (
  page: GamesPage,
  wanted: Drawn,
  words: Pick<ExperimentSection, "title" | "lead">,
): ExperimentSection[] => {
  const figure = figureOf(page, wanted);
  return figure === null ? [] : [{ id: wanted.id, ...words, figures: [figure], tables: [] }];
};

/** None where every seat is fixed. */
const principleSections = ({ principles, tables }: GamesPage): ExperimentSection[] =>
  principles.length === 0
    ? []
    : [
        {
          id: "principles",
          title: "What they hold to now",
          lead: "The last principle of every first repetition where a seat learns, as an example.",
          figures: [],
          tables: [
            {
              caption: "Principles at the end",
              head: ["experiment", "principle"],
              names: 2,
              rows: principles.map(({ experiment, text }) => [experiment, text === "" ? "(none)" : text]),
            },
            ...tables,
          ],
        },
      ];

/** What the page of games says. */
export const gamesPage = (page: GamesPage): ExperimentPage => {
  const { standfirst, given, income, brought } = wordsOf[page.game];
  return {
    eyebrow: "report of games between simulated players",
    headline: page.title,
    standfirst,
    facts: page.facts,
    sections: [
      ...section(page, given, {
        title: "Did they learn the norm?",
        lead: "The nearer the coloured line comes to the grey one, the better the group's norm was learned.",
      }),
      ...section(page, accepted, {
        title: "Was it accepted?",
        lead: "An offer that is refused leaves both without anything.",
      }),
      ...section(page, income, { title: "What did it bring?", lead: brought }),
      ...principleSections(page),
      {
        id: "figures",
        title: "All figures",
        lead: page.notes.join(" "),
        figures: [],
        tables: page.experiments.map((experiment) => figureTable(experiment, page)),
      },
    ],
  };
};
