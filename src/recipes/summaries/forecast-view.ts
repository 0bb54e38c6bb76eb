// Chances of held-out votes for a person to read: a line a predictor, what the model is worth beside the baselines in plain
// words, who is told worse, and whether what it was sure of came. Nothing is counted here.

import { alignColumns, counted, percent, percentRange } from "../../core/index.ts";
import type { Estimate, MissingReason } from "../../records/index.ts";
import type { CalibrationBin, ForecastMeasures } from "../../simulation/index.ts";
import {
  baselines,
  type ForecastDifference,
  type ForecastFigures,
  type GroupFigures,
  overlaps,
  type Predictor,
  predictors,
} from "./forecast-figures.ts";

export const forecastHead =
  "                accuracy  95 %           balanced   Brier  log loss  calibration";

/** A predictor's line under the head. */
export const describeForecasts = (name: string, measures: ForecastMeasures): string => {
  const { accuracy, balanced, brier, logLoss, calibration } = measures;
  return `${name.padEnd(16)}${percent(accuracy).padStart(8)}  ${percentRange(measures).padEnd(14)}${percent(balanced).padStart(9)}${brier.toFixed(3).padStart(8)}${logLoss.toFixed(3).padStart(10)}${calibration.toFixed(3).padStart(13)}`;
};

/** Names of predictors as they are told. */
const namesOf = (neighbours: number): Record<Predictor, string> => ({
  model: "model",
  majority: "majority",
  neighbours: `${neighbours} nearest`,
});

const signed = (value: number, digits: number): string => `${value < 0 ? "" : "+"}${value.toFixed(digits)}`;

const verdicts = { better: "better", worse: "worse", undecided: "no clear difference" };

/** "+2.1 points [0.4, 3.9], better". */
const describeDifference = (
  { value, low, high, verdict }: ForecastDifference,
  scale: number,
  digits: number,
  unit: string,
): string =>
  `${signed(scale * value, digits)}${unit} [${(scale * low).toFixed(digits)}, ${(scale * high).toFixed(digits)}], ${verdicts[verdict]}`;

const describeDifferences = ({ differences }: ForecastFigures, names: Record<Predictor, string>): string[] =>
  baselines.flatMap((baseline) => {
    const { accuracy, brier } = differences[baseline];
    return [
      `The model against ${baseline === "majority" ? "the majority" : `the ${names.neighbours}`}: accuracy ${describeDifference(accuracy, 100, 1, " points")}; Brier score ${describeDifference(brier, 1, 3, "")}.`,
      `  The intervals of the two accuracies ${accuracy.overlap ? "overlap" : "do not overlap"}, those of the Brier scores ${brier.overlap ? "overlap" : "do not overlap"}.`,
    ];
  });

const groupName = (id: string | null): string => (id === null ? "in no group" : `group ${id}`);

const shown = ({ value, low, high }: Estimate): string =>
  value === null ? "–" : `${percent(value)} ${percentRange({ low: low!, high: high! })}`;

const describeWorst = (groups: readonly GroupFigures[]): string[] => {
  const sorted = groups
    .filter(({ id }) => id !== null)
    .toSorted((one, other) => one.accuracy.model.value! - other.accuracy.model.value!);
  const [worst, best] = [sorted[0], sorted.at(-1)];
  if (worst === undefined || best === undefined || sorted.length < 2) return [];
  const [low, high] = [worst.accuracy.model, best.accuracy.model];
  if (low.value === high.value) return ["The model tells all groups equally well."];
  const touch = overlaps({ low: low.low!, high: low.high! }, { low: high.low!, high: high.high! });
  return [
    `The model tells ${groupName(worst.id)} worst and ${groupName(best.id)} best; their intervals ${touch ? "overlap, so that may be chance" : "do not overlap"}.`,
  ];
};

/** Fewer voters than these give a bootstrap next to nothing to draw from. */
const fewVoters = 10;

const describeGroups = (groups: readonly GroupFigures[], names: Record<Predictor, string>): string[] => {
  const rows = [
    ["", "voters", "votes", ...predictors.map((name) => `${names[name]}, accuracy 95 %`)],
    ...groups.map(({ id, voters, votes, accuracy }) => [
      groupName(id),
      ...[voters, votes].map((count) => count.toLocaleString("en-US")),
      ...predictors.map((name) => shown(accuracy[name])),
    ]),
  ];
  return [
    "By opinion group:",
    ...alignColumns(rows, [1, 2]).map((line) => `  ${line}`),
    ...describeWorst(groups),
    ...(groups.some(({ voters }) => voters < fewVoters)
      ? [`Intervals over fewer than ${fewVoters} voters say little.`]
      : []),
  ];
};

const describeBins = (bins: readonly CalibrationBin[]): string[] => [
  "How sure the model was of what it took for likeliest, and how often that came:",
  ...bins.map(
    ({ from, to, n, said, came }) =>
      `  ${`${Math.round(100 * from)}–${Math.round(100 * to)} %`.padEnd(9)} ${counted(n, "vote").padStart(11)}: said ${percent(said)}, came ${percent(came)}`,
  ),
];

const reasonWords: Readonly<Record<MissingReason, string>> = {
  "not-given": "without log-probabilities",
  unreadable: "without a vote that can be read",
  "out-of-range": "outside of the options",
  contradictory: "that name several options",
  cut: "cut before a vote (raise answerTokens)",
  "reply-missing": "of voters who could not be described",
  refusal: "refused by the provider",
  overflow: "too long for the model's context",
  rejected: "rejected by the server",
  empty: "empty",
};

/** How many held-out votes the model did not tell, and why: "2 empty, 1 cut before a vote …"; "" where it told all. */
export const describeUntold = (missing: Partial<Record<MissingReason, number>>): string =>
  (Object.entries(missing) as [MissingReason, number][])
    .map(([reason, count]) => `${count.toLocaleString("en-US")} ${reasonWords[reason]}`)
    .join(", ");

/** All figures. what: the line above the table, without its colon. */
export const describeFigures = (figures: ForecastFigures, what: string, neighbours: number): string[] => {
  const names = namesOf(neighbours);
  return [
    `${what}:`,
    forecastHead,
    ...predictors.map((name) => describeForecasts(names[name], figures.predictors[name])),
    "",
    ...describeDifferences(figures, names),
    "",
    ...describeGroups(figures.groups, names),
    "",
    ...describeBins(figures.predictors.model.bins),
  ];
};
