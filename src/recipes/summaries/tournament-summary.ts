// What `covenant evaluate tournament` says at its end: who stands where, on which kind of prompts, and which battles count
// in nothing.

import { alignColumns, counted, oneLine, percent, percentRange } from "../../core/index.ts";
import type { Tournament } from "../../evaluation/index.ts";
import type { Estimate } from "../../records/index.ts";
import type { ReplyTally } from "../stages/tallies.ts";
import { describeMissing } from "./data-summary.ts";

/** "+31", "-26"; "?" for what has no value. */
const points = (value: number | null): string => {
  if (value === null) return "?";
  const whole = Math.round(value);
  return whole > 0 ? `+${whole}` : String(whole === 0 ? 0 : whole);
};

/** Where every prompt came out alike, drawing them again gives the same, whatever the rating is worth. */
const isBound = ({ low, high }: Estimate): boolean => low !== null && low !== high;

const range = (rating: Estimate): string =>
  isBound(rating) ? `[${points(rating.low)}, ${points(rating.high)}]` : "[?]";

const rowOf = (name: string, { anchor, models }: Tournament): string[] => {
  const { rating, winRate, wins, losses, ties } = models[name]!;
  const isAnchor = name === anchor;
  return [
    oneLine(name),
    points(rating.value),
    isAnchor ? "anchor" : range(rating),
    ...[wins, losses, ties].map(String),
    isAnchor ? "" : `${percent(winRate.value)} ${percentRange(winRate)}`,
  ];
};

const byRating = ({ models }: Tournament): string[] =>
  Object.keys(models).sort(
    (one, other) => (models[other]!.rating.value ?? -Infinity) - (models[one]!.rating.value ?? -Infinity),
  );

const describeKinds = (standings: Tournament, names: readonly string[]): string[] => {
  const kinds = Object.entries(standings.kinds);
  if (kinds.length === 0) return [];
  const cell = (name: string, rating: Estimate): string =>
    name === standings.anchor ? "0" : `${points(rating.value)} ${range(rating)}`;
  const header = ["ratings on prompts that are", ...kinds.map(([kind]) => kind)];
  const rows = names.map((name) => [
    oneLine(name),
    ...kinds.map(([, ratings]) => cell(name, ratings[name]!)),
  ]);
  return ["", ...alignColumns([header, ...rows])];
};

/** Whose replies were no answers, and how many battles have no verdict, for that or by the judge. */
const describeLeftOut = ({ models }: Tournament, tallies: Readonly<Record<string, ReplyTally>>): string[] => {
  const missing = Object.entries(tallies).flatMap(([name, { count, missing }]) => {
    const told = describeMissing(missing);
    return told === ""
      ? []
      : [`No answers among the ${counted(count, "reply", "replies")} of ${oneLine(name)}:${told}.`];
  });
  // each is one of two models' battles
  const unjudged = Object.values(models).reduce((sum, one) => sum + one.unjudged, 0) / 2;
  return [
    ...missing,
    ...(unjudged === 0
      ? []
      : [
          `${counted(unjudged, "battle")} without a verdict, which ${unjudged === 1 ? "counts" : "count"} for nobody.`,
        ]),
  ];
};

const noInterval =
  "[?]: every prompt came out alike, so drawing prompts again says nothing of the interval. More prompts would; the win rate has one.";

/** The standings as lines. */
export const describeTournament = (
  standings: Tournament,
  { judge, tallies }: { readonly judge: string; readonly tallies: Readonly<Record<string, ReplyTally>> },
): string[] => {
  const names = byRating(standings);
  const { anchor, models, kinds } = standings;
  const ratings = [...Object.entries(models).map(([name, { rating }]) => [name, rating] as const)];
  const all = [...ratings, ...Object.values(kinds).flatMap((ofKind) => Object.entries(ofKind))];
  const unbound = all.some(([name, rating]) => name !== anchor && rating.value !== null && !isBound(rating));
  const header = [
    "model",
    "rating",
    "95 % interval",
    "won",
    "lost",
    "tied",
    `wins against ${oneLine(standings.anchor)}`,
  ];
  return [
    ...alignColumns([header, ...names.map((name) => rowOf(name, standings))], [1, 3, 4, 5]),
    ...describeKinds(standings, names),
    "",
    "400 points are odds of 10 to 1; intervals are over prompts. A tie is half a win for each: the same text twice, or a preference that went with the order of the replies.",
    ...(unbound ? [noInterval] : []),
    ...describeLeftOut(standings, tallies),
    ...(judge in standings.models
      ? [
          `${oneLine(judge)} judged its own replies among others, and models tend to prefer their own: name another --judge to rule that out.`,
        ]
      : []),
  ];
};
