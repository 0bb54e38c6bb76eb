// What the sandbox's oracle tells of people under several constitutions, as a section of a simulation's page. It is given the
// figures, and knows nothing of how the constitutions came about.

import type { Difference } from "../records/index.ts";
import { directionOf, doubtText } from "./changes.ts";
import { type Interval, known } from "./charts/index.ts";
import type { ExperimentCell, ExperimentSection, ExperimentTable } from "./experiment-page.ts";

/**
 * How content people truly are under one constitution, 0 to 10. principles: how many it has. estimate: over the n requests that
 * were answered; worst: null where none was. unanswered: how many were not.
 */
export type TrueSatisfaction = {
  readonly constitution: string;
  readonly principles: number;
  readonly estimate: Interval;
  readonly worst: { readonly user: string; readonly value: number } | null;
  readonly unanswered: number;
  /** How much more it is than under principles drawn at random, request by request. */
  readonly besideRandom?: Difference;
};

/** remarks: on replies that are no answers, and in no figure. null where no oracle knows these people. */
export type SatisfactionFigures = {
  readonly requests: number;
  readonly rows: readonly TrueSatisfaction[];
  readonly remarks: readonly string[];
} | null;

const two = (value: number): string => value.toFixed(2).replace("-", "−");

/**
 * Whether people are truly better off under what was learned ("learned") than under principles drawn at random: request by
 * request, by the rule that the report's other changes go by; null where one of them was not measured.
 */
export const learnedBesideRandom = (
  rows: readonly Pick<TrueSatisfaction, "constitution" | "besideRandom">[],
): { readonly verdict: "better" | "worse" | "unclear"; readonly text: string } | null => {
  const difference = rows.find(({ constitution }) => constitution === "learned")?.besideRandom;
  const direction = difference === undefined ? null : directionOf(difference);
  if (difference === undefined || direction === null) return null;
  const { value, low, high, n } = difference;
  const range = (value ?? 0) < 0 ? [-(high ?? 0), -(low ?? 0)] : [low ?? 0, high ?? 0];
  const told = (verdict: "better" | "worse") => ({
    verdict,
    text: `Under what was learned people are truly ${verdict} off than under as many principles drawn at random: by ${two(Math.abs(value ?? 0))} on the same ${n} requests (95 % interval ${range.map(two).join(" to ")}).`,
  });
  if (direction !== "unclear") return told(direction === "higher" ? "better" : "worse");
  return {
    verdict: "unclear",
    text: `That what was learned serves people better than as many principles drawn at random cannot be told from this run: the difference on the same ${n} requests is ${two(value ?? 0)} (95 % interval ${two(low ?? 0)} to ${two(high ?? 0)})${doubtText(difference)}.`,
  };
};

/** How many requests were answered is told where some were not. */
const satisfactionTable = (
  rows: readonly TrueSatisfaction[],
  nameOf: (user: string) => string,
): ExperimentTable => {
  const isCounted = rows.some(({ unanswered }) => unanswered > 0);
  return {
    caption: "True satisfaction, 0 to 10, over its 95 % interval",
    head: [
      ...["constitution", "principles", ...(isCounted ? ["answers"] : [])],
      ...["mean of users", "worst-off user"],
    ],
    names: 1,
    rows: rows.map(({ constitution, principles, estimate, worst, unanswered }): ExperimentCell[] => {
      const found = known(estimate);
      return [
        ...[constitution, String(principles)],
        ...(isCounted ? [`${estimate.n} of ${estimate.n + unanswered}`] : []),
        found === null ? "–" : { text: two(found.value), note: `${two(found.low)} to ${two(found.high)}` },
        worst === null ? "–" : { text: two(worst.value), note: nameOf(worst.user) },
      ];
    }),
  };
};

/**
 * The section; none where nothing was measured. said: a sentence on what people say of it themselves; lead: what is compared,
 * behind what the oracle is.
 */
export const satisfactionSections = (
  figures: SatisfactionFigures,
  users: readonly { readonly id: string; readonly name: string }[],
  { said, lead }: { readonly said: string; readonly lead: string },
): ExperimentSection[] => {
  if (figures === null) return [];
  const besideRandom = learnedBesideRandom(figures.rows);
  const nameOf = (id: string): string => users.find((user) => user.id === id)?.name ?? id;
  return [
    {
      id: "benefit",
      title: "How content are they truly?",
      lead: `${said} These people are of the sandbox's language, so its oracle knows how content each of them is with an answer: here with answers to ${figures.requests} requests ${lead}${besideRandom === null ? "" : ` ${besideRandom.text}`}${figures.remarks.map((remark) => ` ${remark}`).join("")}`,
      figures: [],
      tables: [satisfactionTable(figures.rows, nameOf)],
    },
  ];
};
