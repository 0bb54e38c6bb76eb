// What `covenant simulate contract` came to: mean ratings of every user by run, tables of messages and ratings, and the
// closing lines. Walks the files of the runs once.

import { join } from "node:path";
import { alignColumns, counted } from "../../core/index.ts";
import { addValue, noValues, type Values } from "../../evaluation/index.ts";
import {
  draftRecordSchema,
  type Ground,
  type MissingReason,
  type RatingRecord,
  ratingRecordSchema,
} from "../../records/index.ts";
import { streamRecords } from "../../runs/index.ts";
import { openTable, type TableColumn } from "../../tables/index.ts";
import { describeUnread, sandboxName } from "../settings/stakeholders.ts";
import { countSentence } from "../stages/contract-count.ts";
import { type ContractPlay, type DoneRun, runName } from "../stages/contract-run.ts";
import { countCitations, noStatements } from "../stages/statements.ts";
import { overUsers } from "./contract-figures.ts";
import { describeCitations, describeNoStatements } from "./statement-words.ts";

/** A mean of ratings, or of users' means. n: how many there were; missing: how many were not to be had, by their reasons. */
export type MeanRating = {
  readonly value: number | null;
  readonly n: number;
  readonly missing: Readonly<Partial<Record<MissingReason, number>>>;
};

type Means = Readonly<Record<string, MeanRating>>;

/** own: what a user rated in the own talks; others: what those who do not talk there rated of the user's drafts. */
export type UserRatings = { readonly own: Means; readonly others: Means };

/** made: comments on drafts of the own talk; heldBack: those that the meta-model was not shown, being thanks. */
export type RunComments = { readonly made: number; readonly heldBack: number };

/** all: means over the users of their own means, so that users count alike, as on the page; n: of so many users. */
export type RunRatings = {
  readonly run: number;
  readonly comments: RunComments;
  readonly users: Readonly<Record<string, UserRatings>>;
  readonly all: UserRatings;
};

type Missing = Partial<Record<MissingReason, number>>;
type Tally = { readonly values: Values; readonly missing: Missing };

const noTally = (): Tally => ({ values: noValues(), missing: {} });

const createTallies = () => {
  const tallies = new Map<string, Tally>();
  return {
    add(key: readonly string[], value: number | null, reason: MissingReason | undefined): void {
      const name = key.join("\n");
      const tally = tallies.get(name) ?? noTally();
      tallies.set(name, tally);
      if (value !== null) addValue(tally.values, value);
      else if (reason !== undefined) tally.missing[reason] = (tally.missing[reason] ?? 0) + 1;
    },
    of: (...key: readonly string[]): Tally => tallies.get(key.join("\n")) ?? noTally(),
  };
};

const meanOf = ({ values: { n, sum }, missing }: Tally): MeanRating => ({
  value: n === 0 ? null : sum / n,
  ...{ n, missing },
});

/** Counts of what is missing, by reason, added up. */
export const sumMissing = (counts: readonly Missing[]): Missing => {
  const sum: Missing = {};
  for (const missing of counts)
    for (const [reason, count] of Object.entries(missing) as [MissingReason, number][])
      sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
};

/** The mean over users of their means; tallies: of one metric, a user each. */
const meanOverUsers = (tallies: readonly Tally[]): MeanRating => {
  const figures = tallies.map(({ values }) => ({
    run: 0,
    user: "",
    metric: "",
    ratings: values,
    missing: 0,
  }));
  const { value = null, n = 0 } = overUsers(figures)[0]?.estimate ?? {};
  return { value, n, missing: sumMissing(tallies.map(({ missing }) => missing)) };
};

const ratingsOf = (folder: string, run: number): AsyncGenerator<RatingRecord> =>
  streamRecords(join(folder, runName(run), "ratings.jsonl"), ratingRecordSchema);

const draftsOf = (folder: string, run: number) =>
  streamRecords(join(folder, runName(run), "drafts.jsonl"), draftRecordSchema);

/** Mean ratings of a run. */
const countRun = async (
  folder: string,
  { config, setup: { cast, metrics, wording } }: ContractPlay,
  run: number,
): Promise<RunRatings> => {
  const comments = { made: 0, heldBack: 0 };
  // comments of earlier turns are not shown, whoever made them
  const shownFrom = config.turns - (config.windows.meta ?? config.turns);
  const ownerOf = new Map(cast.talks.map(({ id, user }) => [id, cast.users[user]!.id]));
  const tallies = createTallies();
  for await (const { of, talk, turn, ratings, missing, feedback } of ratingsOf(folder, run)) {
    if (of === "own" && feedback !== "" && turn > shownFrom) {
      comments.made++;
      if (wording.holdsBack(ratings, metrics.own, config.contentFrom)) comments.heldBack++;
    }
    for (const [metric, value] of Object.entries(ratings))
      tallies.add([of, ownerOf.get(talk)!, metric], value, missing?.[metric]);
  }
  type Of = RatingRecord["of"];
  const both = (mean: (of: Of, metric: string) => MeanRating): UserRatings => {
    const means = (of: Of): Means => Object.fromEntries(metrics[of].map(({ id }) => [id, mean(of, id)]));
    return { own: means("own"), others: means("others") };
  };
  return {
    ...{ run, comments },
    users: Object.fromEntries(
      cast.users.map(({ id }) => [id, both((of, metric) => meanOf(tallies.of(of, id, metric)))]),
    ),
    all: both((of, metric) => meanOverUsers(cast.users.map(({ id }) => tallies.of(of, id, metric)))),
  };
};

/** Mean ratings of all runs. */
export const countRuns = async (
  folder: string,
  play: ContractPlay,
  runs: readonly DoneRun[],
): Promise<RunRatings[]> => {
  const counts: RunRatings[] = [];
  for (const { run } of runs) counts.push(await countRun(folder, play, run));
  return counts;
};

const text = (name: string): TableColumn => ({ name, type: "text" });
const integer = (name: string): TableColumn => ({ name, type: "integer" });
const place = [integer("run"), integer("turn"), text("talk")];

const messageColumns = [
  ...place,
  text("role"),
  text("speaker"),
  text("persona"),
  text("text"),
  text("finish"),
];
const ratingColumns = [
  ...[...place, text("draft"), text("user"), text("persona"), text("of"), text("metric")],
  ...[{ name: "value", type: "number" } as const, text("missing")],
];

/** messages.csv (drafts, then comments, run by run) and ratings.csv (a line a number). Resolves to their rows. */
export const writeTables = async (
  folder: string,
  into: string,
  runs: readonly DoneRun[],
): Promise<{ readonly messages: number; readonly ratings: number }> => {
  const messages = await openTable(join(into, "messages.csv"), messageColumns);
  const ratings = await openTable(join(into, "ratings.csv"), ratingColumns);
  try {
    for (const { run } of runs) {
      for await (const { assistant, ...draft } of draftsOf(folder, run))
        await messages.write({ ...draft, role: "assistant", speaker: assistant });
      for await (const rating of ratingsOf(folder, run)) {
        const { user, of, feedback } = rating;
        if (of === "own" && rating.reason === undefined)
          await messages.write({ ...rating, role: "user", speaker: user, text: feedback });
        for (const [metric, value] of Object.entries(rating.ratings))
          await ratings.write({ ...rating, metric, value, missing: rating.missing?.[metric] });
      }
    }
    return { messages: (await messages.finish()).rows, ratings: (await ratings.finish()).rows };
  } catch (thrown) {
    await messages.discard();
    await ratings.discard();
    throw thrown;
  }
};

const shownUsers = 12;

const cell = ({ value, n }: MeanRating): string => (value === null ? "– (0)" : `${value.toFixed(1)} (${n})`);

/** A row for each user and metric, a column for each run. */
const describeRatings = (
  { setup: { cast, metrics } }: ContractPlay,
  counts: readonly RunRatings[],
): string[] => {
  const rows: string[][] = [["", "rated", ...counts.map(({ run }) => `run ${run}`)]];
  for (const { id, label, persona } of cast.users.slice(0, shownUsers))
    for (const metric of metrics.own)
      rows.push([
        `${label}, ${persona.name}`,
        metric.name,
        ...counts.map(({ users }) => cell(users[id]!.own[metric.id]!)),
      ]);
  for (const metric of metrics.own)
    rows.push(["all users", metric.name, ...counts.map(({ all }) => cell(all.own[metric.id]!))]);
  for (const metric of metrics.others)
    rows.push(["others", metric.name, ...counts.map(({ all }) => cell(all.others[metric.id]!))]);
  const hidden = cast.users.length - shownUsers;
  return [
    "Mean ratings, and how many they are of; all users and others: means over users, who count alike:",
    ...alignColumns(rows).map((line) => `  ${line}`),
    ...(hidden > 0 ? [`  and ${counted(hidden, "more user")}, in metrics.json`] : []),
  ];
};

const missingIn = (counts: readonly RunRatings[]): Missing =>
  sumMissing(
    counts
      .flatMap(({ all }) => [...Object.values(all.own), ...Object.values(all.others)])
      .map(({ missing }) => missing),
  );

const reasonWords: Readonly<Record<MissingReason, string>> = {
  "not-given": "not given",
  unreadable: "not a number",
  "out-of-range": "outside of the scale",
  contradictory: "contradictory",
  cut: "cut at the limit of tokens",
  "reply-missing": "without a draft",
  refusal: "refused by the provider",
  overflow: "too long for the model's context",
  rejected: "rejected by the server",
  empty: "empty",
};

/** A line with how many numbers are missing and why; none where none is. what: which numbers, and what comes of that. */
export const describeMissing = (what: string, missing: Missing): string[] => {
  const all = Object.entries(missing) as [MissingReason, number][];
  const told = all.map(([reason, count]) => `${count.toLocaleString("en-US")} ${reasonWords[reason]}`);
  return told.length === 0 ? [] : [`${what}: ${told.join(", ")}.`];
};

const shownCharacters = 70;

/**
 * Who argued for a principle: the first with what was said, then the others, each once; "?" where nobody cited them. Those who
 * were cited and said something else did not.
 */
const describeGrounds = (all: readonly Ground[]): string => {
  const rank = ({ doubtful }: Ground): number => (doubtful === undefined ? 0 : 1);
  const grounds = all
    .filter(({ doubtful }) => doubtful !== "says-other")
    .sort((one, other) => rank(one) - rank(other));
  const [first] = grounds;
  if (first === undefined)
    return all.length === 0
      ? "nobody"
      : `nobody: what is cited (${counted(all.length, "comment")}) says something else`;
  const cited = new Set(grounds.filter(({ by }) => by === "cited").map(({ speaker }) => speaker));
  const nameOf = ({ speaker }: Ground): string => (cited.has(speaker) ? speaker : `${speaker}?`);
  const others = new Set(grounds.map(nameOf).filter((name) => name !== nameOf(first)));
  const said = first.said.replaceAll(/\s+/g, " ");
  const shown = said.length > shownCharacters ? `${said.slice(0, shownCharacters)}…` : said;
  const also = others.size === 0 ? "" : `, and by ${[...others].join(", ")}`;
  const doubt = first.doubtful === undefined ? "" : " (which may say something else)";
  return `${nameOf(first)}: "${shown}"${doubt}${also}`;
};

/** A constitution without principles is not taken, so it is a contract that is gone. */
const describeDropped = ({ dropped, run }: DoneRun): string[] =>
  dropped.map(
    ({ changes }) =>
      `Contract after run ${run}: none any more; ${counted(changes.length, "clause")} of the run before ${changes.length === 1 ? "is" : "are"} gone.`,
  );

const describeDocuments = ({ documents, run }: DoneRun): string[] =>
  documents.flatMap(({ part, document, state, similarity, changes }) => {
    const count = (wanted: string): number => changes.filter((change) => change.state === wanted).length;
    const since =
      similarity === null || state === "kept"
        ? ""
        : `; since the run before ${count("added")} new, ${count("changed")} reworded, ${count("removed")} gone, similarity ${similarity.toFixed(2)}`;
    return [
      `${part === "constitution" ? "Constitution" : "Contract"} after run ${run}${state === "kept" ? ", kept from before" : since}:`,
      ...document.principles.flatMap(({ title, area, grounds = [] }, at) => {
        const whom = part === "contract" ? `For ${area ?? "all users"}: ` : "";
        return [`  ${at + 1}. ${whom}${title}`, `     argued for by ${describeGrounds(grounds)}`];
      }),
    ];
  });

const describeComments = (
  { config, setup: { wording } }: ContractPlay,
  counts: readonly RunRatings[],
): string[] => {
  const made = counts.reduce((sum, { comments }) => sum + comments.made, 0);
  const heldBack = counts.reduce((sum, { comments }) => sum + comments.heldBack, 0);
  if (wording.showsDrafts || config.contentFrom === "off") return [];
  return [
    `Of ${counted(made, "comment")} ${heldBack.toLocaleString("en-US")} ${heldBack === 1 ? "was" : "were"} held back from the meta-model as thanks of users who rate ${Math.round(100 * config.contentFrom)} % of the scale or more (contentFrom).`,
  ];
};

/** What is to be said of the last documents: how many principles there are of an exact number, and which are no statements. */
export const remarksOn = (
  { run, documents, dropped }: Pick<DoneRun, "run" | "documents" | "dropped">,
  { speaking }: Pick<ContractPlay["setup"], "speaking">,
): string[] => {
  const count = [...documents, ...dropped].find((one) => one.count !== undefined)?.count;
  const texts = documents.flatMap(({ document }) => document.principles.map(({ title }) => title));
  return [
    ...(count === undefined ? [] : [`Run ${run} has ${countSentence(count)}`]),
    ...describeNoStatements(noStatements(texts, speaking), texts.length, speaking, {
      what: documents.some(({ part }) => part === "constitution") ? "principle" : "clause",
      advice: "Look at them before you go on with the file; what is none can be taken out of it.",
    }),
  ];
};

/** Why true satisfaction was not measured, where people of a file and requests of the sandbox let one expect it. */
export const unreadPeople = ({ config, setup }: ContractPlay): string[] =>
  config.tasks === sandboxName && config.sandbox.requests > 0
    ? describeUnread(
        config,
        setup.cast.users.map(({ persona }) => persona),
      )
    : [];

/** The closing lines but for what the run took and where things lie. */
export const describeContract = (
  play: ContractPlay,
  counts: readonly RunRatings[],
  runs: readonly DoneRun[],
): string[] => {
  const last = runs.at(-1)!;
  const { config, setup } = play;
  const similar = runs.some(({ documents }) =>
    documents.some(({ document }) =>
      document.principles.some(({ grounds = [] }) => grounds.some(({ by }) => by === "similar")),
    ),
  );
  return [
    ...describeRatings(play, counts),
    ...describeMissing("Ratings that are missing, and count in no mean", missingIn(counts)),
    ...describeComments(play, counts),
    "",
    ...describeDocuments(last),
    ...describeDropped(last),
    ...remarksOn(last, setup),
    ...describeCitations(
      countCitations(
        last.documents.flatMap(({ document }) => document.principles),
        setup.speaking,
      ),
    ),
    ...(similar
      ? ["A question mark: not cited by the model; the comment is the most similar in its words."]
      : []),
    ...(last.converged && last.run < config.runs
      ? [`Converged after run ${last.run}: ${counted(config.runs - last.run, "run")} less.`]
      : []),
  ];
};
