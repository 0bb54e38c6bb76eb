// What `covenant simulate vote` came to: how much is supported by whom, what each rule made of it and how that serves the users,
// and what came of the rounds: figures, and the closing lines.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { alignColumns, counted } from "../../core/index.ts";
import {
  type CandidateRecord,
  type ChoiceRecord,
  type Constitution,
  type MissingReason,
  mediationRecordSchema,
  supportRecordSchema,
} from "../../records/index.ts";
import { streamRecords } from "../../runs/index.ts";
import { ballotsOf, type SupportTable } from "../../simulation/index.ts";
import { isScripted, type Vote, type VoteConfig } from "../settings/vote-settings.ts";
import { countCitations, noStatements } from "../stages/statements.ts";
import { isHeldBack, standingName } from "../stages/vote-rounds.ts";
import { decisiveOf, type Voted } from "../stages/vote-run.ts";
import { describeMissing } from "./contract-summary.ts";
import { describeCitations, describeNoStatements } from "./statement-words.ts";
import { filledOf, textOf } from "./vote-tables.ts";

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

/**
 * What the mediator of a round was given, and what of its drafts was left out. made: comments; heldBack: those that it was
 * not shown, being thanks; cut: principles beyond as many as a draft may have.
 */
export type RoundComments = {
  readonly stage: string;
  readonly made: number;
  readonly heldBack: number;
  readonly cut: number;
};

/** What is counted in the stages' files. */
export type VoteCounts = {
  readonly missing: Partial<Record<MissingReason, number>>;
  readonly comments: readonly RoundComments[];
};

/** The figures of a vote, for metrics.json and --json. */
export const figuresOf = (
  { config, setup }: Vote,
  votes: Voted,
  rounds: readonly Voted[],
  { missing, comments }: VoteCounts,
) => {
  const last = rounds.at(-1) ?? votes;
  const principles = last.decided.document.principles.map(({ title }) => title);
  return {
    seed: config.seed,
    rule: config.rule,
    users: Object.fromEntries(setup.users.map(({ id, persona }) => [id, persona.id])),
    candidates: supportsOf(votes),
    noStatement: noStatements(
      votes.candidates.flatMap(({ statements }) => statements),
      setup.speaking,
    ),
    rules: Object.fromEntries(votes.choices.map((choice) => [choice.rule, choiceFigures(choice)])),
    unheard: ballotsOf(votes.table, config.approveFrom).unheard,
    missing,
    rounds: rounds.map((round) => ({
      ...{ stage: round.stage, comments: comments.find(({ stage }) => stage === round.stage) ?? null },
      documents: supportsOf(round),
      ...choiceFigures(round.choices[0]!),
      decided: round.decided.candidate,
      citations: countCitations(round.decided.document.principles, setup.speaking),
    })),
    decided: {
      ...{ stage: last.stage, principles, noStatement: noStatements(principles, setup.speaking) },
      citations: countCitations(last.decided.document.principles, setup.speaking),
    },
  };
};

/** How many numbers are missing, by their reasons, in all stages. */
const countMissing = async (
  folder: string,
  stages: readonly string[],
): Promise<Partial<Record<MissingReason, number>>> => {
  const counts: Partial<Record<MissingReason, number>> = {};
  for (const stage of stages)
    for await (const { missing } of streamRecords(join(folder, stage, "support.jsonl"), supportRecordSchema))
      if (missing !== undefined) counts[missing] = (counts[missing] ?? 0) + 1;
  return counts;
};

const countRound = async (folder: string, stage: string, config: VoteConfig): Promise<RoundComments> => {
  const counts = { made: 0, heldBack: 0, cut: 0 };
  const file = (name: string): string => join(folder, stage, name);
  if (existsSync(file("comments.jsonl")))
    for await (const { comment, support } of streamRecords(file("comments.jsonl"), supportRecordSchema)) {
      if (comment === "") continue;
      counts.made++;
      if (isHeldBack(config, support)) counts.heldBack++;
    }
  for await (const { cut = [] } of streamRecords(file("drafts.jsonl"), mediationRecordSchema))
    counts.cut += cut.length;
  return { stage, ...counts };
};

/** Counts what the summary tells of all stages. */
export const countVote = async (
  folder: string,
  config: VoteConfig,
  { votes, rounds }: { readonly votes: Voted; readonly rounds: readonly Voted[] },
): Promise<VoteCounts> => {
  const comments: RoundComments[] = [];
  for (const { stage } of rounds) comments.push(await countRound(folder, stage, config));
  const stages = [votes, ...rounds].map(({ stage }) => stage);
  return { missing: await countMissing(folder, stages), comments };
};

const shownCandidates = 20;
const shownCharacters = 64;

const short = (said: string): string =>
  said.length > shownCharacters ? `${said.slice(0, shownCharacters - 1)}…` : said;

const one = (value: number | null | undefined): string =>
  (value ?? null) === null ? "–" : value!.toFixed(1);

/** Who, with the name of the person that is played: a few of them. */
export const whoIs = ({ setup }: Vote, ids: readonly string[]): string => {
  const names = ids.slice(0, 2).map((id) => {
    const seat = setup.users.find((user) => user.id === id)!;
    return `${seat.label}, ${seat.persona.name}`;
  });
  return `${names.join("; ")}${ids.length > 2 ? ` and ${ids.length - 2} more` : ""}`;
};

/** Candidates with their support: those that were chosen first, then the most supported. */
export const sortedCandidates = (votes: Voted): CandidateSupport[] => {
  const chosen = decisiveOf(votes.choices).chosen;
  const place = (name: string): number => {
    const at = chosen.indexOf(name);
    return at < 0 ? chosen.length : at;
  };
  return supportsOf(votes).sort(
    (a, b) =>
      place(a.candidate) - place(b.candidate) ||
      (b.mean ?? -1) - (a.mean ?? -1) ||
      votes.table.candidates.indexOf(a.candidate) - votes.table.candidates.indexOf(b.candidate),
  );
};

const describeCandidates = (vote: Vote, votes: Voted): string[] => {
  const chosen = decisiveOf(votes.choices).chosen;
  const sorted = sortedCandidates(votes);
  const missingOf = ({ support }: CandidateSupport): number =>
    Object.values(support).filter((value) => value === null).length;
  const isMissing = sorted.some((candidate) => missingOf(candidate) > 0);
  const rows = sorted
    .slice(0, Math.max(shownCandidates, chosen.length))
    .map((candidate) => [
      chosen.includes(candidate.candidate) ? "*" : "",
      short(textOf(candidate.statements)),
      one(candidate.mean),
      one(candidate.lowest),
      candidate.lowest === null || candidate.lowest === 10 ? "" : whoIs(vote, candidate.lowestOf),
      ...(isMissing ? [missingOf(candidate) === 0 ? "" : `${missingOf(candidate)} missing`] : []),
    ]);
  const hidden = sorted.length - rows.length;
  return [
    `Support of ${counted(vote.setup.users.length, "user")} for ${counted(sorted.length, "candidate")}, 0 to 10; a star: chosen by ${vote.config.rule}:`,
    ...alignColumns(
      [["", "principle", "mean", "lowest", "of", ...(isMissing ? ["numbers"] : [])], ...rows],
      [2, 3],
    ).map((line) => `  ${line}`),
    ...(hidden > 0 ? [`  and ${counted(hidden, "more candidate")}, in tables/support.csv`] : []),
  ];
};

/** What is in and what is out only because the seed said so. */
export const describeLots = ({ choices, candidates }: Voted): string[] => {
  const { chosen, lots } = decisiveOf(choices);
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
  const filledIn = (choice: ChoiceRecord): number => {
    const of = filledOf(votes.table, choice);
    return (choice.welfare?.users ?? []).reduce((sum, { voter }) => sum + of(voter), 0);
  };
  const isFilled = votes.choices.some((choice) => filledIn(choice) > 0);
  const rows = votes.choices.map((choice) => {
    const { rule, decides, welfare, leftOut } = choice;
    const name = [decides ? "*" : "", rule];
    if (welfare === null) return [...name, "–", "–", "–", "too many sets to compare", ""];
    const { utilitarian, nash, rawlsian, worstOff, users } = welfare;
    return [
      ...[...name, one(utilitarian), one(nash), one(rawlsian)],
      worstOff.length === users.length ? "everybody" : whoIs(vote, worstOff),
      leftOut.length === 0 ? "nobody" : whoIs(vote, leftOut),
      ...(isFilled ? [String(filledIn(choice))] : []),
    ];
  });
  return [
    "What each rule chooses from the same support: mean support of its principles over users, their geometric mean, the worst-off user:",
    ...alignColumns(
      [["", "rule", "mean", "Nash", "least", "who", "left out", ...(isFilled ? ["filled in"] : [])], ...rows],
      [2, 3, 4],
    ).map((line) => `  ${line}`),
    ...(isFilled
      ? [
          "Filled in: numbers behind a row that nobody gave, each the mean of its user's other numbers; tables/support.csv and welfare.csv have which.",
        ]
      : []),
    `Left out: who supports something with at least ${vote.config.approveFrom}, but nothing that was chosen.`,
  ];
};

/** What the mediator was given in each round, as sentences. */
export const describeRoundComments = (config: VoteConfig, comments: readonly RoundComments[]): string[] =>
  comments.flatMap(({ stage, made, heldBack, cut }) => {
    const by = isScripted(config) ? ", by the support that the sandbox's oracle tells" : "";
    const told = [
      ...(heldBack === 0
        ? []
        : [
            `${heldBack} of ${counted(made, "comment")} held back from the mediator as thanks (contentFrom${by})`,
          ]),
      ...(cut === 0 ? [] : [`${counted(cut, "principle")} left out of drafts, which had more than seats`]),
    ];
    return told.length === 0 ? [] : [`${stage}: ${told.join("; ")}.`];
  });

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

/** What is to be said of what holds: principles that are no statements. */
export const remarksOnVote = ({ setup }: Vote, { decided }: Voted): string[] => {
  const texts = decided.document.principles.map(({ title }) => title);
  return describeNoStatements(noStatements(texts, setup.speaking), texts.length, setup.speaking, {
    what: "principle",
    advice: "Look at them before you go on with the file; what is none can be taken out of it.",
  });
};

const describeCandidatesWithout = ({ setup }: Vote, { candidates }: Voted): string[] => {
  const texts = candidates.flatMap(({ statements }) => statements);
  return describeNoStatements(noStatements(texts, setup.speaking), texts.length, setup.speaking, {
    what: "candidate",
    advice: "They stood for choice all the same.",
  });
};

const shownSpeakers = 6;

const speakers = (names: readonly string[]): string =>
  names.length > shownSpeakers ? counted(names.length, "user") : names.join(", ");

const describeDocument = (document: Constitution): string[] =>
  document.principles.flatMap(({ title, grounds = [] }, at) => {
    const right = grounds.filter(({ doubtful }) => doubtful !== "says-other");
    const wrong = grounds.length - right.length;
    const by = (how: string): string[] => [
      ...new Set(right.flatMap((ground) => (ground.by === how ? [ground.speaker] : []))),
    ];
    const told = [
      ...(by("proposed").length > 0 ? [`proposed by ${speakers(by("proposed"))}`] : []),
      ...(by("cited").length > 0 ? [`from what ${speakers(by("cited"))} said`] : []),
      ...(by("cited").length === 0 && wrong > 0
        ? [`what is cited for it (${counted(wrong, "remark")}) says something else`]
        : []),
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
  const comments = figures.rounds.flatMap((round) => round.comments ?? []);
  const last = rounds.at(-1) ?? votes;
  return [
    ...describeCandidates(vote, votes),
    ...describeLots(votes),
    ...describeCandidatesWithout(vote, votes),
    ...describeMissing("Numbers that are missing, and speak neither for nor against anything", missing),
    ...(unheard.length === 0
      ? []
      : [`Without a vote, for no number of theirs could be read: ${whoIs(vote, unheard)}.`]),
    "",
    ...describeRules(vote, votes),
    ...describeRounds(vote, rounds),
    ...describeRoundComments(vote.config, comments).map((line) => `  ${line}`),
    "",
    "The constitution:",
    ...describeDocument(last.decided.document),
    ...remarksOnVote(vote, last),
    ...describeCitations(figures.decided.citations),
  ];
};
