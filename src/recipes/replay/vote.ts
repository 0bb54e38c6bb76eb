// A stored vote as messages, in the order in which they were said: proposals, what stood for choice, everybody's ballot, what
// each rule chose, and what was decided; then, round by round, what users criticised and what a mediator drafted of it. Reads
// the run folder; asks nobody.

import { join } from "node:path";
import { z } from "zod";
import { counted } from "../../core/index.ts";
import {
  type CandidateRecord,
  type ChoiceRecord,
  candidateRecordSchema,
  choiceRecordSchema,
  type DecidedRecord,
  decidedRecordSchema,
  type MediationRecord,
  mediationRecordSchema,
  type Persona,
  type ProposalRecord,
  proposalRecordSchema,
  type ReplaySpeaker,
  type SupportRecord,
  supportRecordSchema,
} from "../../records/index.ts";
import { type RecordSchema, type RunReading, streamRecords } from "../../runs/index.ts";
import { numbered } from "../../simulation/index.ts";
import { chosen } from "../settings/stakeholders.ts";
import { votePersonas } from "../settings/vote-settings.ts";
import { standingName } from "../stages/vote-rounds.ts";
import { decidingStages } from "../summaries/vote-figures.ts";
import type { ReplaySource, Said } from "./replay.ts";

const settings = z.looseObject({
  rule: z.string(),
  rounds: z.number(),
  personas: z.string(),
  users: chosen("personas"),
  seed: z.number(),
  sandbox: z.looseObject({ minority: z.number().default(0) }).prefault({}),
});

const mediator: ReplaySpeaker = { id: "mediator", name: "mediator", role: "meta-model", about: "" };
const result: ReplaySpeaker = { id: "result", name: "the constitution", role: "meta-model", about: "" };

/** People that a note names one by one. */
const namedPeople = 6;

type Files = Pick<RunReading, "folder" | "has">;

/** A stage as somebody tells it: its number, what it is called, and how those who vote are named. */
type Telling = Files & {
  readonly stage: string;
  readonly step: number;
  readonly title: string;
  readonly people: (ids: readonly string[]) => string;
};

const peopleOf =
  (speakers: readonly ReplaySpeaker[]): Telling["people"] =>
  (ids) =>
    ids.length > namedPeople
      ? counted(ids.length, "user")
      : ids.map((id) => speakers.find((one) => one.id === id)?.name ?? id).join("; ");

/** What is the same in all messages of a part of a stage. */
const placeOf = ({ step, title }: Telling, part: string) => ({
  ...{ step, turn: null, scene: `${title}, ${part}`, to: [], values: {}, note: "" },
});

const proposalSaid = ({ id, user, number, statement, text, problem }: ProposalRecord): Said => ({
  ...{ step: 0, turn: number, scene: "proposals", kind: "proposal", from: user, to: [], values: {} },
  ...{ text: statement ?? text, note: problem === undefined ? "" : `not used: ${problem}`, record: id },
});

const commentSaid = (telling: Telling, { id, user, comment, support, missing }: SupportRecord): Said => ({
  ...{ ...placeOf(telling, "what should change"), kind: "comment", from: user, text: comment, record: id },
  ...{ values: { support }, note: missing === undefined ? "" : `support: missing, ${missing}` },
});

/** What the mediator thought, and what of its replies could not be used; the drafts themselves stand for choice. */
const mediationSaid = (telling: Telling, row: MediationRecord): Said[] => {
  const { id, draft, part, attempt, text, critique, problem } = row;
  if (critique === undefined && problem === undefined) return [];
  const which = [
    draft,
    ...(part > 1 ? [`part ${part}`] : []),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
  ].join(", ");
  return [
    {
      ...{ ...placeOf(telling, "the mediator"), kind: "critique", from: mediator.id, record: id },
      ...{ text: critique ?? text, note: problem === undefined ? which : `${which}; not used: ${problem}` },
    },
  ];
};

const listed = (statements: readonly string[]): string =>
  statements.length === 1 ? statements[0]! : numbered(statements);

const candidateSaid = (
  telling: Telling,
  { id, candidate, statements, said, source }: CandidateRecord,
): Said => {
  const proposers = [...new Set(said.map(({ speaker }) => speaker))];
  const note =
    proposers.length > 0
      ? `proposed by ${telling.people(proposers)}`
      : candidate === standingName
        ? "the document so far"
        : (source ?? "");
  return {
    ...{ ...placeOf(telling, "what stands for choice"), kind: "candidate", from: candidate, record: id },
    ...{ text: listed(statements), note },
  };
};

/** All that a user supports, and by how much, as one message. */
const ballotSaid = (telling: Telling, rows: readonly SupportRecord[]): Said => ({
  ...{ ...placeOf(telling, "ballots"), kind: "ballot", from: rows[0]!.user, text: "", record: rows[0]!.id },
  values: Object.fromEntries(rows.map(({ candidate, support }) => [candidate, support])),
  note: rows
    .flatMap(({ candidate, missing }) => (missing === undefined ? [] : [`${candidate}: missing, ${missing}`]))
    .join("; "),
});

/** A user's numbers stand one after the other. */
async function* ballots(rows: AsyncIterable<SupportRecord>): AsyncGenerator<SupportRecord[]> {
  let own: SupportRecord[] = [];
  for await (const row of rows) {
    if (own.length > 0 && own[0]!.user !== row.user) {
      yield own;
      own = [];
    }
    own.push(row);
  }
  if (own.length > 0) yield own;
}

const choiceSaid = (
  telling: Telling,
  choice: ChoiceRecord,
  statements: ReadonlyMap<string, readonly string[]>,
): Said => {
  const { id, rule, decides, chosen: names, welfare, leftOut, problem } = choice;
  const told = [
    ...(decides ? ["decides"] : []),
    ...(names.length === 0 ? [] : [`chooses ${names.join(", ")}`]),
    ...(leftOut.length === 0 ? [] : [`leaves out ${telling.people(leftOut)}`]),
    ...(problem === undefined ? [] : [problem]),
  ];
  const { utilitarian, nash, rawlsian } = welfare ?? {};
  return {
    ...{ ...placeOf(telling, "what each rule chooses"), kind: "choice", from: rule, record: id },
    ...{ text: listed(names.flatMap((name) => statements.get(name) ?? [])), note: told.join("; ") },
    values:
      utilitarian === undefined || rawlsian === undefined
        ? {}
        : { utilitarian, nash: nash ?? null, rawlsian },
  };
};

const decidedSaid = (telling: Telling, { id, candidate, document }: DecidedRecord): Said => ({
  ...{ ...placeOf(telling, "what holds now"), kind: "document", from: result.id, record: id },
  text: numbered(document.principles.map(({ title }) => title)),
  note: candidate === standingName ? "as before" : "",
});

/** Rows of a stage's file; none where there is no such file. */
async function* rowsOf<Row>(
  { folder, has, stage }: Files & Pick<Telling, "stage">,
  file: string,
  schema: RecordSchema<Row>,
): AsyncGenerator<Row> {
  if (has(`${stage}/${file}`)) yield* streamRecords(join(folder, stage, file), schema);
}

const proposalsOf = ({ folder, has }: Files): AsyncGenerator<ProposalRecord> =>
  rowsOf({ folder, has, stage: "proposals" }, "proposals.jsonl", proposalRecordSchema);

async function* sayStage(telling: Telling): AsyncGenerator<Said> {
  for await (const row of rowsOf(telling, "comments.jsonl", supportRecordSchema))
    yield commentSaid(telling, row);
  for await (const row of rowsOf(telling, "drafts.jsonl", mediationRecordSchema))
    yield* mediationSaid(telling, row);
  const statements = new Map<string, readonly string[]>();
  for await (const row of rowsOf(telling, "candidates.jsonl", candidateRecordSchema)) {
    statements.set(row.candidate, row.statements);
    yield candidateSaid(telling, row);
  }
  for await (const own of ballots(rowsOf(telling, "support.jsonl", supportRecordSchema)))
    yield ballotSaid(telling, own);
  for await (const row of rowsOf(telling, "choices.jsonl", choiceRecordSchema))
    yield choiceSaid(telling, row, statements);
  for await (const row of rowsOf(telling, "decided.jsonl", decidedRecordSchema))
    yield decidedSaid(telling, row);
}

/** Who votes, by seat, from what they proposed or supported. */
const readSpeakers = async (
  reading: Files,
  personas: ReadonlyMap<string, Persona>,
): Promise<ReplaySpeaker[]> => {
  const seats = new Map<string, string>();
  for await (const { user, persona } of proposalsOf(reading)) seats.set(user, persona);
  const support = rowsOf({ ...reading, stage: "votes" }, "support.jsonl", supportRecordSchema);
  for await (const { user, persona } of support) seats.set(user, persona);
  return [...seats].map(([id, persona]) => {
    const known = personas.get(persona);
    const name = `${id.replace("-", " ")}, ${known?.name ?? persona}`;
    return { id, name, role: "user", about: known?.description ?? "" };
  });
};

/** "the vote", "the opening", "round 2": what a stage is called. */
const titleOf = (stage: string): string =>
  stage === "votes" ? "the vote" : stage === "opening" ? "the opening" : stage.replace("-", " ");

/** A vote's folder as a replay. Where its personas' file is gone, they go by their ids. */
export const voteReplay = async (reading: RunReading): Promise<ReplaySource> => {
  const { folder, config, has } = reading;
  const { rule, ...shape } = settings.parse(config);
  const personas = await votePersonas(shape).catch(() => []);
  const users = await readSpeakers(reading, new Map(personas.map((one) => [one.id, one])));
  const played = decidingStages(shape).filter((stage) => has(`${stage}/decided.jsonl`));
  const rounds = played.filter((stage) => stage.startsWith("round-")).length;
  const people = peopleOf(users);
  return {
    title: `A vote of ${counted(users.length, "user")}, decided by ${rule}${shape.rounds === 0 ? "" : `, with ${rounds} of ${counted(shape.rounds, "round")} of criticism`}`,
    steps: played.length,
    stepName: "Stage",
    speakers: [...users, ...(shape.rounds === 0 ? [] : [mediator]), result],
    async *said() {
      for await (const row of proposalsOf(reading)) yield proposalSaid(row);
      for (const [at, stage] of played.entries())
        yield* sayStage({ folder, has, stage, step: at + 1, title: titleOf(stage), people });
    },
  };
};
