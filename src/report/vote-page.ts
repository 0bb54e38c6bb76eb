// The page of one vote: how much who supports which principle, what each rule makes of the same support, what the rounds of
// criticism came to, and the constitution. Numbers that nobody gave are marked wherever they count. The figures are given by
// whoever has read the run.

import { type ArguedPrinciple, arguedTable } from "./argued-table.ts";
import type { ChartRequest } from "./chart-book.ts";
import { estimateRowsChart, type Interval } from "./charts/index.ts";
import type {
  ExperimentCell,
  ExperimentPage,
  ExperimentSection,
  ExperimentTable,
} from "./experiment-page.ts";
import { type SatisfactionFigures, satisfactionSections } from "./satisfaction-section.ts";

/** A number that a user gave a candidate; null with what it counts as instead, which is null without a ballot. */
export type GivenSupport =
  | { readonly value: number }
  | { readonly value: null; readonly counts: number | null };

/** support: by user, in the users' order; estimate: the mean of what was given, over users. */
export type VoteCandidate = {
  readonly text: string;
  readonly chosen: boolean;
  readonly estimate: Interval;
  readonly support: readonly GivenSupport[];
};

/** What a rule makes of the support; null where it could not choose. filled: numbers of its set that were filled in. */
export type VoteRule = {
  readonly rule: string;
  readonly decides: boolean;
  readonly worth: {
    readonly estimate: Interval;
    readonly nash: number | null;
    readonly least: number;
    readonly worstOff: string;
    readonly leftOut: string;
    readonly filled: number;
    readonly principles: readonly string[];
  } | null;
};

/** A document that stood for choice in a round. */
export type VoteDocument = {
  readonly round: string;
  readonly name: string;
  readonly stands: boolean;
  readonly estimate: Interval;
  readonly principles: readonly string[];
};

/**
 * scripted: support is what truly serves users, as the sandbox's oracle tells, and nobody was asked for it; lots, remarks:
 * what else is to be said of what was chosen, and of what holds, a sentence or two each.
 */
export type VotePageData = {
  readonly scripted: boolean;
  readonly rule: string;
  readonly approveFrom: number;
  readonly scale: { readonly low: number; readonly high: number };
  readonly users: readonly { readonly id: string; readonly name: string }[];
  readonly candidates: readonly VoteCandidate[];
  readonly lots: readonly string[];
  readonly rules: readonly VoteRule[];
  readonly documents: readonly VoteDocument[];
  readonly rounds: readonly string[];
  readonly principles: readonly string[];
  readonly remarks: readonly string[];
  /** What a mediator cited for the principles; none where it wrote none of them. */
  readonly argued: readonly ArguedPrinciple[];
  readonly benefit: SatisfactionFigures;
  readonly facts: ExperimentPage["facts"];
};

/** Candidates with a line of their own in the chart, and in the table. */
const shownCandidates = 24;
/** Users with a column of their own in the table. */
const shownUsers = 12;

const one = (value: number): string => value.toFixed(1).replace("-", "−");
const orNone = (value: number | null): string => (value === null ? "–" : one(value));

type Row = { readonly name: string; readonly series: string; readonly estimate: Interval };

/** A chart of rows with their intervals on the scale of support. */
const rowsFigure = (
  { scale }: VotePageData,
  {
    rows,
    series,
    measure,
    ...words
  }: Pick<ChartRequest, "id" | "title" | "seen" | "reading"> & {
    readonly rows: readonly Row[];
    readonly series: readonly string[];
    readonly measure: string;
  },
): ChartRequest => {
  const lines = new Set(rows.map(({ name }) => name)).size;
  const height = 70 + 26 * lines;
  return {
    ...words,
    wide: { width: 740, height },
    narrow: { width: 360, height },
    build: (size) =>
      estimateRowsChart({ ...size, measure, series, rows, scale: { ...scale, share: false }, write: one }),
  };
};

const overUsers =
  "The line through a mark is the 95 % interval of the mean over users (Student's t, no wider than the scale). It says how these users differ, and nothing of how another vote would end.";

/** Texts that are told apart though their first words are the same. */
const numberedName = ({ text }: VoteCandidate, at: number): string => `${at + 1}. ${text}`;

const supportFigure = (data: VotePageData): ChartRequest => {
  const shown = data.candidates.slice(0, shownCandidates);
  const hidden = data.candidates.length - shown.length;
  return rowsFigure(data, {
    id: "support",
    title: "Support of every principle",
    seen: `First what ${data.rule} chose, then the others, the most supported first.${hidden > 0 ? ` The first ${shownCandidates} of ${data.candidates.length}; all are in tables/support.csv.` : ""}`,
    reading: `Means of the numbers that were given. ${overUsers}`,
    measure: "Support",
    series: ["chosen", "not chosen"],
    rows: shown.map((candidate, at) => ({
      ...{ name: numberedName(candidate, at), estimate: candidate.estimate },
      series: candidate.chosen ? "chosen" : "not chosen",
    })),
  });
};

const supportCell = (given: GivenSupport | undefined): ExperimentCell => {
  if (given === undefined) return "–";
  if (given.value !== null) return one(given.value);
  return given.counts === null ? "–" : { text: "–", note: `counts as ${one(given.counts)}` };
};

const supportTable = ({ users, candidates, rule }: VotePageData): ExperimentTable => {
  const columns = users.slice(0, shownUsers);
  const rows = candidates.slice(0, shownCandidates);
  const hidden = users.length - columns.length;
  return {
    caption: `Who supports what${hidden > 0 ? `: the first ${shownUsers} of ${users.length} users` : ""}`,
    head: ["principle", ...columns.map(({ name }) => name)],
    names: 1,
    rows: rows.map((candidate, at): ExperimentCell[] => [
      candidate.chosen
        ? { text: numberedName(candidate, at), note: `chosen by ${rule}` }
        : numberedName(candidate, at),
      ...columns.map((_, place) => supportCell(candidate.support[place])),
    ]),
  };
};

const missingWords = (data: VotePageData): string => {
  const all = data.candidates.flatMap(({ support }) => support);
  const missing = all.filter(({ value }) => value === null).length;
  return missing === 0
    ? ""
    : ` ${missing} of ${all.length} numbers are missing. Where one counts, it counts as the mean of its user's other numbers, which the table has beneath the dash, and approves nothing.`;
};

/** Where numbers of support come from. */
const supportLead = (data: VotePageData): string => {
  const { scale, scripted } = data;
  return scripted
    ? `Nobody was asked: voters are scripted, so each number, ${scale.low} to ${scale.high}, says how well a principle truly serves a user, as the sandbox's oracle tells.`
    : `Every user was asked of every principle how much to support it, ${scale.low} to ${scale.high}, each time in a call of its own.${missingWords(data)}`;
};

const supportSection = (data: VotePageData): ExperimentSection => ({
  id: "support",
  title: "What do they support?",
  lead: `${supportLead(data)}${data.lots.map((lot) => ` ${lot}`).join("")}`,
  figures: data.candidates.length === 0 ? [] : [supportFigure(data)],
  tables: [supportTable(data)],
});

const rulesTable = ({ rules }: VotePageData): ExperimentTable => {
  const filled = rules.some(({ worth }) => (worth?.filled ?? 0) > 0);
  return {
    caption: "What each rule chooses from the same support",
    head: ["rule", "worst-off", "left out", "mean", "Nash", "least", ...(filled ? ["filled in"] : [])],
    names: 3,
    rows: rules.map(({ rule, decides, worth }): ExperimentCell[] => {
      const name = decides ? { text: rule, note: "decides" } : rule;
      if (worth === null)
        return [name, "too many sets to compare", "–", "–", "–", "–", ...(filled ? ["–"] : [])];
      const { worstOff, leftOut, estimate, nash, least } = worth;
      return [
        ...[name, worstOff, leftOut, orNone(estimate.value), orNone(nash), one(least)],
        ...(filled ? [String(worth.filled)] : []),
      ];
    }),
  };
};

const rulesSection = (data: VotePageData): ExperimentSection => {
  const known = data.rules.flatMap(({ rule, worth }) => (worth === null ? [] : [{ rule, ...worth }]));
  const sets = new Map<string, string[]>();
  for (const { rule, principles } of known) {
    const key = [...principles].sort().join("\n");
    sets.set(key, [...(sets.get(key) ?? []), rule]);
  }
  const exact = (value: number): Interval => ({ value, low: value, high: value, n: 1 });
  const filled = data.rules.some(({ worth }) => (worth?.filled ?? 0) > 0);
  return {
    id: "rules",
    title: "What would other rules have chosen?",
    lead: `All rules count the same numbers, and differ in nothing else. ${sets.size === 1 ? "Here all of them choose the same set." : `Here they choose ${sets.size} sets: ${[...sets.values()].map((names) => names.join(", ")).join("; ")}.`} A user is left out who supports something with at least ${data.approveFrom}, but nothing that was chosen.${filled ? " Filled in: how many of the numbers behind a row were not given, and stand for the mean of their user's other numbers." : ""}`,
    figures: [
      rowsFigure(data, {
        id: "rules",
        title: "Support of what each rule chooses",
        seen: "The mean of what the chosen principles are worth to users, and what they are worth to the worst-off user.",
        reading: overUsers,
        measure: "Support of the chosen principles",
        series: ["mean of users", "worst-off user"],
        rows: known.flatMap(({ rule, estimate, least }) => [
          { name: rule, series: "mean of users", estimate },
          { name: rule, series: "worst-off user", estimate: exact(least) },
        ]),
      }),
    ],
    tables: [rulesTable(data)],
  };
};

const roundsSections = (data: VotePageData): ExperimentSection[] => {
  const { documents, rounds, scripted } = data;
  if (documents.length === 0) return [];
  const rows = documents.map(({ round, name, stands, estimate }) => ({
    ...{ name: `${round}, ${name}`, estimate },
    series: stands ? "stands from now on" : "does not",
  }));
  return [
    {
      id: "rounds",
      title: "What did criticism change?",
      lead: `A mediator drafted documents, first from what was proposed, then from what users said of the one that stood; ${scripted ? "how well each as a whole truly serves users was told by the oracle" : "users said how much they support each as a whole"}, and Schulze's rule decided which one stands. Support of a whole document is another measure than that of single principles above.${rounds.map((told) => ` ${told}`).join("")}`,
      figures: [
        rowsFigure(data, {
          id: "documents",
          title: "Support of whole documents, round by round",
          seen: "The document that stood before is among those of each round.",
          reading: overUsers,
          measure: "Support of the document",
          series: ["stands from now on", "does not"],
          rows,
        }),
      ],
      tables: [
        {
          caption: "What stood for choice",
          head: ["document", "principles", "mean support"],
          names: 2,
          rows: documents.map(({ round, name, stands, principles, estimate }): ExperimentCell[] => [
            stands ? { text: `${round}, ${name}`, note: "stands from now on" } : `${round}, ${name}`,
            principles.join(" "),
            orNone(estimate.value),
          ]),
        },
      ],
    },
  ];
};

/** What its people's true satisfaction is beside support. */
const benefitWords = ({ scripted }: VotePageData) => ({
  said: scripted
    ? "Support is told by what serves people, principle by principle."
    : "Support is what people say.",
  lead: `under the set of each rule, without principles (none) and under what the rounds came to. Sets that are the same were measured once. ${scripted ? "The oracle told support as well (sandbox.voters: scripted), and nothing else of the vote." : "No part of the vote knew of it."}`,
});

/** What the page of a vote says. */
export const votePage = (data: VotePageData): ExperimentPage => ({
  eyebrow: "report of a vote",
  headline: `${data.users.length === 1 ? "One simulated person" : `${data.users.length} simulated people`}: ${data.principles.length === 1 ? "one principle" : `${data.principles.length} principles`} of ${data.candidates.length}, by ${data.rule}`,
  standfirst: data.scripted
    ? "A rule of social choice picked the set from what truly serves people of the sandbox, whose oracle stands in for their ballots. It shows how rules behave where everybody's ballot is true, and is no evidence of what people want."
    : "Simulated people said how much they support which principle, and a rule of social choice picked the set. It shows how a method and a model behave, and is no evidence of what people want.",
  facts: data.facts,
  sections: [
    supportSection(data),
    rulesSection(data),
    ...roundsSections(data),
    ...satisfactionSections(data.benefit, data.users, benefitWords(data)),
    {
      id: "constitution",
      title: "The constitution",
      lead: `What holds in the end. constitution.yaml in the run folder also says who proposed each principle and who supports it.${data.remarks.map((remark) => ` ${remark}`).join("")}`,
      figures: [],
      tables: arguedTable(data.argued),
      list: data.principles,
    },
  ],
});
