// What `covenant simulate vote` came to: how much is supported by whom, what each rule made of it and how that serves the users,
// what came of the rounds; tables of all numbers, and the closing lines.

import { join } from "node:path";
import { alignColumns } from "../core/index.ts";
import {
  type CandidateRecord,
  type ChoiceRecord,
  type Constitution,
  type MissingReason,
  supportRecordSchema,
} from "../records/index.ts";
import { streamRecords } from "../runs/index.ts";
import { ballotsOf, type SupportTable } from "../simulation/index.ts";
import { openTable, type TableColumn } from "../tables/index.ts";
import { describeMissing } from "./contract-summary.ts";
import { standingName } from "./stages/vote-rounds.ts";
import type { Voted } from "./stages/vote-run.ts";
import type { Vote } from "./vote-settings.ts";
import { counted } from "./wording.ts";

/** Support for a candidate. mean, lowest: null where nobody gave a number; lowestOf: who gave the lowest. */
export type CandidateSupport = {
  readonly candidate: string;
  readonly statements: readonly string[];
  readonly proposers: readonly string[];
  readonly mean: number | null;
  readonly lowest: number | null;
  readonly lowestOf: readonly string[];
  readonly support: Readonly<Record<string, number | null>>;
};

const supportOf = (
  { users, support }: SupportTable,
  candidate: CandidateRecord,
  at: number,
): CandidateSupport => {
  const own = users.map((user, row) => [user, support[row]![at]!] as const);
  const given = own.flatMap(([, value]) => value ?? []);
  const lowest = given.length === 0 ? null : Math.min(...given);
  return {
    candidate: candidate.candidate,
    statements: candidate.statements,
    proposers: [...new Set(candidate.said.map(({ speaker }) => speaker))],
    mean: given.length === 0 ? null : given.reduce((sum, value) => sum + value, 0) / given.length,
    lowest,
    lowestOf: own.flatMap(([user, value]) => (value !== null && value === lowest ? [user] : [])),
    support: Object.fromEntries(own),
  };
};

const supportsOf = ({ candidates, table }: Voted): CandidateSupport[] =>
  candidates.map((candidate, at) => supportOf(table, candidate, at));

const choiceFigures = ({ chosen, lots, welfare, leftOut, silent, problem }: ChoiceRecord) =>
  problem === undefined ? { chosen, lots, welfare, leftOut, silent } : { problem };

/** The figures of a vote, for metrics.json and --json. */
export const figuresOf = (
  { config, setup }: Vote,
  votes: Voted,
  rounds: readonly Voted[],
  missing: Partial<Record<MissingReason, number>>,
) => {
  const last = rounds.at(-1) ?? votes;
  return {
    seed: config.seed,
    rule: config.rule,
    users: Object.fromEntries(setup.users.map(({ id, persona }) => [id, persona.id])),
    candidates: supportsOf(votes),
    rules: Object.fromEntries(votes.choices.map((choice) => [choice.rule, choiceFigures(choice)])),
    unheard: ballotsOf(votes.table, config.approveFrom).unheard,
    missing,
    rounds: rounds.map((round) => ({
      stage: round.stage,
      documents: supportsOf(round),
      ...choiceFigures(round.choices[0]!),
      decided: round.decided.candidate,
    })),
    decided: { stage: last.stage, principles: last.decided.document.principles.map(({ title }) => title) },
  };
};

/** How many numbers are missing, by their reasons, in all stages. */
export const countMissing = async (
  folder: string,
  stages: readonly string[],
): Promise<Partial<Record<MissingReason, number>>> => {
  const counts: Partial<Record<MissingReason, number>> = {};
  for (const stage of stages)
    for await (const { missing } of streamRecords(join(folder, stage, "support.jsonl"), supportRecordSchema))
      if (missing !== undefined) counts[missing] = (counts[missing] ?? 0) + 1;
  return counts;
};

const text = (name: string): TableColumn => ({ name, type: "text" });
const number = (name: string): TableColumn => ({ name, type: "number" });

const supportColumns = [
  ...["stage", "user", "persona", "candidate", "text"].map(text),
  number("support"),
  text("missing"),
];
const choiceColumns = [
  ...["stage", "rule", "candidate", "text"].map(text),
  { name: "place", type: "integer" } as const,
  number("score"),
  { name: "chosen", type: "integer" } as const,
];
const welfareColumns = [...["stage", "rule", "user", "persona"].map(text), number("utility")];

const textOf = (statements: readonly string[]): string => statements.join("\n");

/** Writes rows as they come into a table that is discarded where that fails. */
const writeTable = async (
  file: string,
  columns: readonly TableColumn[],
  rows: AsyncIterable<Readonly<Record<string, unknown>>> | Iterable<Readonly<Record<string, unknown>>>,
): Promise<void> => {
  const table = await openTable(file, columns);
  try {
    for await (const row of rows) await table.write(row);
    await table.finish();
  } catch (thrown) {
    await table.discard();
    throw thrown;
  }
};

/** support.csv (a line a number), choices.csv (a line a rule's place), welfare.csv (a line a rule and user). */
export const writeTables = async (
  folder: string,
  into: string,
  { setup }: Vote,
  stages: readonly Voted[],
): Promise<void> => {
  async function* support() {
    for (const { stage, candidates } of stages) {
      const texts = new Map(candidates.map(({ candidate, statements }) => [candidate, textOf(statements)]));
      for await (const row of streamRecords(join(folder, stage, "support.jsonl"), supportRecordSchema))
        yield { ...row, text: texts.get(row.candidate)! };
    }
  }
  function* choices() {
    for (const { stage, choices, candidates } of stages) {
      const texts = new Map(candidates.map(({ candidate, statements }) => [candidate, textOf(statements)]));
      for (const { rule, ranking, chosen } of choices)
        for (const [at, { candidate, score }] of ranking.entries())
          yield {
            ...{ stage, rule, candidate, text: texts.get(candidate)!, place: at + 1, score },
            chosen: chosen.includes(candidate) ? 1 : 0,
          };
    }
  }
  function* welfare() {
    const personas = new Map(setup.users.map(({ id, persona }) => [id, persona.id]));
    for (const { stage, choices } of stages)
      for (const { rule, welfare: found } of choices)
        for (const { voter, utility } of found?.users ?? [])
          yield { stage, rule, user: voter, persona: personas.get(voter)!, utility };
  }
  await writeTable(join(into, "support.csv"), supportColumns, support());
  await writeTable(join(into, "choices.csv"), choiceColumns, choices());
  await writeTable(join(into, "welfare.csv"), welfareColumns, welfare());
};

const shownCandidates = 20;
const shownCharacters = 64;

const short = (said: string): string =>
  said.length > shownCharacters ? `${said.slice(0, shownCharacters - 1)}…` : said;

const one = (value: number | null | undefined): string =>
  (value ?? null) === null ? "–" : value!.toFixed(1);

/** Who, with the name of the person that is played: a few of them. */
const whoIs = ({ setup }: Vote, ids: readonly string[]): string => {
  const names = ids.slice(0, 2).map((id) => {
    const seat = setup.users.find((user) => user.id === id)!;
    return `${seat.label}, ${seat.persona.name}`;
  });
  return `${names.join("; ")}${ids.length > 2 ? ` and ${ids.length - 2} more` : ""}`;
};

const describeCandidates = (vote: Vote, votes: Voted): string[] => {
  const chosen = votes.choices.find(({ decides }) => decides)!.chosen;
  const place = (name: string): number => {
    const at = chosen.indexOf(name);
    return at < 0 ? chosen.length : at;
  };
  const sorted = supportsOf(votes).sort(
    (a, b) =>
      place(a.candidate) - place(b.candidate) ||
      (b.mean ?? -1) - (a.mean ?? -1) ||
      votes.table.candidates.indexOf(a.candidate) - votes.table.candidates.indexOf(b.candidate),
  );
  const rows = sorted
    .slice(0, Math.max(shownCandidates, chosen.length))
    .map((candidate) => [
      chosen.includes(candidate.candidate) ? "*" : "",
      short(textOf(candidate.statements)),
      one(candidate.mean),
      one(candidate.lowest),
      candidate.lowest === null || candidate.lowest === 10 ? "" : whoIs(vote, candidate.lowestOf),
    ]);
  const hidden = sorted.length - rows.length;
  return [
    `Support of ${counted(vote.setup.users.length, "user")} for ${counted(sorted.length, "candidate")}, 0 to 10; a star: chosen by ${vote.config.rule}:`,
    ...alignColumns([["", "principle", "mean", "lowest", "of"], ...rows], [2, 3]).map((line) => `  ${line}`),
    ...(hidden > 0 ? [`  and ${counted(hidden, "more candidate")}, in tables/support.csv`] : []),
  ];
};

/** What is in and what is out only because the seed said so. */
const describeLots = ({ choices, candidates }: Voted): string[] => {
  const { chosen, lots } = choices.find(({ decides }) => decides)!;
  const textFor = (name: string): string =>
    `"${short(textOf(candidates.find(({ candidate }) => candidate === name)!.statements))}"`;
  return lots.flatMap((lot) => {
    const [inside, outside] = [true, false].map((wanted) =>
      lot.filter((name) => chosen.includes(name) === wanted),
    );
    if (inside!.length === 0 || outside!.length === 0) return [];
    const more = outside!.length > 2 ? ` and ${outside!.length - 2} more` : "";
    return [
      `By lot, for the rule held them to be equal: ${inside!.map(textFor).join(", ")} rather than ${outside!.slice(0, 2).map(textFor).join(", ")}${more}.`,
    ];
  });
};

const describeRules = (vote: Vote, votes: Voted): string[] => {
  const rows = votes.choices.map(({ rule, decides, welfare, leftOut }) => {
    const name = [decides ? "*" : "", rule];
    if (welfare === null) return [...name, "–", "–", "–", "too many sets to compare", ""];
    const { utilitarian, nash, rawlsian, worstOff, users } = welfare;
    return [
      ...[...name, one(utilitarian), one(nash), one(rawlsian)],
      worstOff.length === users.length ? "everybody" : whoIs(vote, worstOff),
      leftOut.length === 0 ? "nobody" : whoIs(vote, leftOut),
    ];
  });
  return [
    "What each rule chooses from the same support: mean support of its principles over users, their geometric mean, the worst-off user:",
    ...alignColumns([["", "rule", "mean", "Nash", "least", "who", "left out"], ...rows], [2, 3, 4]).map(
      (line) => `  ${line}`,
    ),
    `Left out: who supports something with at least ${vote.config.approveFrom}, but nothing that was chosen.`,
  ];
};

const describeRounds = (vote: Vote, rounds: readonly Voted[]): string[] =>
  rounds.length === 0
    ? []
    : [
        "",
        "Rounds: the document that users rank first by Schulze's rule stands, the one before it among them. Support of it, and of the one before in the same round:",
        ...alignColumns(
          [
            ["", "stands", "mean", "least", "of", "", "before: mean"],
            ...rounds.map((round) => {
              const all = supportsOf(round);
              const named = (name: string) => all.find(({ candidate }) => candidate === name)!;
              const found = named(round.choices[0]!.chosen[0]!);
              return [
                round.stage,
                found.candidate === standingName ? "as before" : found.candidate,
                one(found.mean),
                one(found.lowest),
                whoIs(vote, found.lowestOf),
                `of ${counted(round.candidates.length, "document")}`,
                one(named(standingName).mean),
              ];
            }),
          ],
          [2, 3, 6],
        ).map((line) => `  ${line}`),
      ];

const shownSpeakers = 6;

const speakers = (names: readonly string[]): string =>
  names.length > shownSpeakers ? counted(names.length, "user") : names.join(", ");

const describeDocument = (document: Constitution): string[] =>
  document.principles.flatMap(({ title, grounds = [] }, at) => {
    const by = (how: string): string[] => [
      ...new Set(grounds.flatMap((ground) => (ground.by === how ? [ground.speaker] : []))),
    ];
    const told = [
      ...(by("proposed").length > 0 ? [`proposed by ${speakers(by("proposed"))}`] : []),
      ...(by("cited").length > 0 ? [`from what ${speakers(by("cited"))} said`] : []),
      ...(by("supported").length > 0 ? [`supported by ${speakers(by("supported"))}`] : []),
    ];
    return [`  ${at + 1}. ${title}`, ...(told.length === 0 ? [] : [`     ${told.join("; ")}`])];
  });

/** The closing lines but for what the vote took and where things lie. */
export const describeVote = (
  vote: Vote,
  votes: Voted,
  rounds: readonly Voted[],
  figures: ReturnType<typeof figuresOf>,
): string[] => {
  const { unheard, missing } = figures;
  const last = rounds.at(-1) ?? votes;
  return [
    ...describeCandidates(vote, votes),
    ...describeLots(votes),
    ...describeMissing("Numbers that are missing, and neither for nor against anything", missing),
    ...(unheard.length === 0
      ? []
      : [`Without a vote, for no number of theirs could be read: ${whoIs(vote, unheard)}.`]),
    "",
    ...describeRules(vote, votes),
    ...describeRounds(vote, rounds),
    "",
    "The constitution:",
    ...describeDocument(last.decided.document),
  ];
};
