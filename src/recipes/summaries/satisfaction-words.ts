// What is said of how content people of the sandbox truly are: a table for the terminal, and which replies are in no figure.
// The page has the same sentences.

import { alignColumns, listText } from "../../core/index.ts";
import { countMissing } from "../../evaluation/index.ts";
import type { Estimate } from "../../records/index.ts";
import { clauseNames } from "../stages/contract-benefit.ts";
import type { Satisfaction } from "../stages/satisfaction.ts";
import { describeMissing } from "./data-summary.ts";

type Figures = Readonly<Record<string, Satisfaction>>;

/** How many replies under a constitution are no answers. */
export const unansweredIn = ({ unanswered = {} }: Pick<Satisfaction, "unanswered">): number =>
  countMissing(unanswered);

/** Constitutions under which each user is answered alone, and a request counts where all are. */
const answeredAlone: readonly string[] = clauseNames;

/**
 * Which replies count in no figure, and why: a sentence for each constitution that has some, which is told once where several
 * names have one and the same figures; none where all were answered.
 */
export const unansweredRemarks = (figures: Figures): string[] => {
  const named = new Map<Satisfaction, string[]>();
  for (const [name, one] of Object.entries(figures)) named.set(one, [...(named.get(one) ?? []), name]);
  const told = [...named].flatMap(([one, names]) => {
    const left = unansweredIn(one);
    if (left === 0) return [];
    const what = names.some((name) => answeredAlone.includes(name)) ? "requests" : "replies";
    const verb = left === 1 ? "is no answer and counts" : "are no answers and count";
    return [
      `${left} of ${left + one.n} ${what} under ${listText(names)} ${verb} in no figure${describeMissing(one.unanswered!)}.`,
    ];
  });
  if (told.length === 0) return [];
  return [
    ...told,
    "Figures are of the requests that were answered, which need not be the same under each constitution.",
  ];
};

/** What constitutions with clauses for single users are, where there are any. */
export const clauseRemarks = (figures: Figures): string[] =>
  Object.hasOwn(figures, "clauses")
    ? [
        "Clauses and swapped are what was learned with clauses for single users, of whom each is answered alone: with the own ones, and with those of the next user. Their number of principles is the first user's.",
      ]
    : [];

const shown = ({ value, low, high }: Estimate): string =>
  value === null ? "–" : `${value.toFixed(2)} [${low!.toFixed(2)}, ${high!.toFixed(2)}]`;

/** A table for a person. labelOf: how a user is told. knew: what of the run knew what the oracle knows; nothing by default. */
export const describeSatisfaction = (
  figures: Figures,
  requests: number,
  labelOf: (user: string) => string,
  knew = "no part of the runs knew of it",
): string[] => {
  const remarks = unansweredRemarks(figures);
  const counts = (one: Satisfaction): string[] =>
    remarks.length === 0 ? [] : [`${one.n} of ${one.n + unansweredIn(one)}`];
  const rows = [
    [
      ...["constitution", "principles", ...(remarks.length === 0 ? [] : ["answers"])],
      ...["mean of users [95 %]", "worst-off user"],
    ],
    ...Object.entries(figures).map(([name, one]) => [
      name,
      String(one.principles.length),
      ...counts(one),
      shown(one),
      one.worst === null ? "–" : `${one.worst.value.toFixed(2)}  ${labelOf(one.worst.user)}`,
    ]),
  ];
  return [
    `True satisfaction, 0 to 10, with answers to ${requests} held-out requests under each constitution. The sandbox's oracle tells it afterwards; ${knew}.`,
    ...alignColumns(rows).map((line) => `  ${line}`),
    ...clauseRemarks(figures),
    ...remarks,
  ];
};
