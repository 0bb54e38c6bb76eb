// What `covenant evaluate tournament` says at its end: who stands where, on which kind of prompts, and which battles count
// in nothing.

import { alignColumns, counted, oneLine, percent, percentRange } from "../../core/index.ts";
import type { Tournament } from "../../evaluation/index.ts";
import type { Estimate } from "../../records/index.ts";
import { withoutVerdict } from "../stages/judging.ts";
import type { LabelCounts, ReplyTally } from "../stages/tallies.ts";
import { describeMissing } from "./data-summary.ts";

/** "+31", "-26"; "?" for what has no value. */
const points = (value: number | null): string => {
  if (value === null) return "?";
  const whole = Math.round(value);
  return whole > 0 ? `+${whole}` : String(whole === 0 ? 0 : whole);
};

const range = ({ low, high }: Estimate): string =>
  low === null ? "[?]" : `[${points(low)}, ${points(high)}]`;

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
    name === standings.anchor || rating.value === null
      ? points(rating.value)
      : `${points(rating.value)} ${range(rating)}`;
  const counts: Readonly<Record<string, number>> = standings.kindCounts;
  const header = ["ratings on prompts that are", ...kinds.map(([kind]) => `${kind}, n ${counts[kind]}`)];
  const rows = names.map((name) => [
    oneLine(name),
    ...kinds.map(([, ratings]) => cell(name, ratings[name]!)),
  ]);
  return ["", ...alignColumns([header, ...rows])];
};

/** What is to be told of the battles beside who won. maxTokens: of an answer; ownJudge: whether the judge is among the models. */
export type TournamentNotes = {
  readonly judge: string;
  readonly constitution: string;
  readonly ownJudge: boolean;
  readonly maxTokens: number;
  readonly answers: Readonly<Record<string, ReplyTally>>;
  readonly labels: LabelCounts;
};

/** Whose replies were no answers, or were cut, and how many battles have no verdict, for that or by the judge. */
const describeLeftOut = ({ answers, labels, maxTokens }: TournamentNotes): string[] => {
  const ends = Object.entries(answers).flatMap(([name, { count, missing, finishes }]) => {
    const none = Object.values(missing).reduce((sum, one) => sum + one, 0);
    const of = `${counted(count, "reply", "replies")} of ${oneLine(name)}`;
    return [
      ...(none === 0 ? [] : [`No answers: ${none} of ${of}${describeMissing(missing)}.`]),
      ...(finishes.length === 0
        ? []
        : [
            `Cut at ${maxTokens} tokens, and judged as they are: ${finishes.length} of ${of} (--max-tokens).`,
          ]),
    ];
  });
  const reasons = [
    ...(labels.missing === 0 ? [] : [`${labels.missing} for want of an answer`]),
    ...(withoutVerdict(labels) === "" ? [] : [withoutVerdict(labels)]),
  ];
  const { judged, flips: _, identical, ...others } = labels;
  const unjudged = Object.values(others).reduce((sum, one) => sum + one, 0);
  const count = unjudged === 1 ? "counts" : "count";
  return [
    ...ends,
    ...(unjudged === 0
      ? []
      : [
          `${counted(unjudged, "battle")} of ${judged + identical + unjudged} without a verdict, which ${count} for nobody: ${reasons.join(", ")}.`,
        ]),
  ];
};

const noInterval =
  "[?]: every prompt came out alike, or there is one alone, so drawing prompts again says nothing of the rating's interval.";

/** The standings as lines. */
export const describeTournament = (standings: Tournament, notes: TournamentNotes): string[] => {
  const names = byRating(standings);
  const { anchor, models, kinds } = standings;
  const ratings = Object.fromEntries(Object.entries(models).map(([name, { rating }]) => [name, rating]));
  const unbound = [ratings, ...Object.values(kinds)].some((found) =>
    Object.values(found).some(({ value, low }) => value !== null && low === null),
  );
  const counts = ["won", "lost", "tied"];
  const header = ["model", "rating", "95 % interval", ...counts, "win rate"];
  return [
    ...alignColumns([header, ...names.map((name) => rowOf(name, standings))], [1, 3, 4, 5]),
    ...describeKinds(standings, names),
    "",
    `${counted(standings.prompts, "prompt")}, judged by ${oneLine(notes.judge)} under "${oneLine(notes.constitution)}".`,
    `400 points are odds of 10 to 1; win rates are against ${oneLine(anchor)}; intervals are over prompts. A tie is half a win for each: the same text twice, or no preference in both orders of the replies.`,
    ...(unbound ? [noInterval] : []),
    ...describeLeftOut(notes),
    ...(notes.ownJudge
      ? [
          `${oneLine(notes.judge)} judged its own replies among others, and models tend to prefer their own: name another --judge to rule that out.`,
        ]
      : []),
  ];
};
