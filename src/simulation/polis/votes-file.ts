// The votes of a Polis export, in either of its two forms: a matrix with a row for each participant and a column for each
// statement (participants-votes.csv, with the opinion groups as Polis saw them), or a row for each vote (votes.csv), of
// which the latest one counts. Which of the two a file is, its first row says.

import { collectFaults, describePlace, UserError } from "../../core/index.ts";
import type { GroupId, StatementId, VoterId } from "../../records/index.ts";
import { readRows } from "../../tables/index.ts";
import {
  createFieldReader,
  type FieldReader,
  fieldFault,
  lackingFields,
  requiredField,
} from "./row-fields.ts";

/** matrix: participants-votes.csv; log: votes.csv. */
export type VotesForm = "matrix" | "log";

/** of: votes by the statement's id: 1, 0 or -1, with the sign that the file has. group: null where none is said. */
export type VoterVotes = {
  readonly id: VoterId;
  readonly group: GroupId | null;
  readonly of: ReadonlyMap<StatementId, number>;
};

/** replaced: votes that a later one of the same voter on the same statement took the place of. */
export type ReadVotes = {
  readonly form: VotesForm;
  readonly voters: readonly VoterVotes[];
  readonly replaced: number;
};

const expected =
  "participant and a column for each statement (participants-votes.csv of a Polis export), or comment-id, voter-id and vote (votes.csv)";

const readVote = (text: string, name: string, { place }: FieldReader): number | null => {
  if (text === "") return null;
  const vote = Number(text);
  if (vote === 1 || vote === 0 || vote === -1) return vote;
  throw fieldFault(place, name, text, "1, 0 or -1 (agree, pass, disagree), or nothing");
};

/** "0.0" and "0" are the same group. */
const groupOf = (text: string | undefined): GroupId | null => {
  if (text === undefined || text === "") return null;
  return Number.isInteger(Number(text)) ? String(Number(text)) : text;
};

/** A column is a statement's when the statements have its name; what else is numbered is one that they lack. */
const matrixReader = (known: ReadonlySet<StatementId>) => {
  const voters = new Map<VoterId, VoterVotes>();
  return {
    add(row: FieldReader): void {
      const id = requiredField(row, "participant", "the number of a participant");
      if (voters.has(id))
        throw fieldFault(row.place, "participant", id, "each participant once, but an earlier row has it");
      const of = new Map<StatementId, number>();
      for (const [name, text] of row.named) {
        if (text === "" || (!known.has(name) && !/^\d+$/.test(name))) continue;
        const vote = readVote(text, name, row);
        if (vote !== null) of.set(name, vote);
      }
      voters.set(id, { id, group: groupOf(row.of("group-id")), of });
    },
    end: (): ReadVotes => ({ form: "matrix", voters: [...voters.values()], replaced: 0 }),
  };
};

const timeOf = (row: FieldReader): number => {
  const text = row.of("timestamp") ?? "";
  const time = Number(text);
  if (Number.isFinite(time)) return time;
  throw fieldFault(row.place, "timestamp", text, "milliseconds as a number");
};

const logReader = () => {
  type Cast = { readonly time: number; readonly vote: number };
  const voters = new Map<VoterId, Map<StatementId, Cast>>();
  let replaced = 0;
  return {
    add(row: FieldReader): void {
      const id = requiredField(row, "voter-id", "the number of a voter");
      const statement = requiredField(row, "comment-id", "the number of a statement");
      const vote = readVote(requiredField(row, "vote", "1, 0 or -1"), "vote", row)!;
      const time = timeOf(row);
      const own = voters.get(id) ?? new Map<StatementId, Cast>();
      voters.set(id, own);
      const earlier = own.get(statement);
      if (earlier !== undefined) replaced++;
      if (earlier === undefined || earlier.time <= time) own.set(statement, { time, vote });
    },
    end: (): ReadVotes => ({
      form: "log",
      voters: Array.from(voters, ([id, own]) => ({
        id,
        group: null,
        of: new Map(Array.from(own, ([statement, { vote }]) => [statement, vote])),
      })),
      replaced,
    }),
  };
};

const readerOf = (first: FieldReader, file: string, known: ReadonlySet<StatementId>) => {
  const has = (...names: readonly string[]): boolean => names.every((name) => first.of(name) !== undefined);
  if (has("participant")) return matrixReader(known);
  if (has("voter-id", "comment-id", "vote")) return logReader();
  throw lackingFields(first, file, expected);
};

/** The votes of a file, voter by voter. known: ids of statements. Throws UserError with every fault by file, line and field. */
export const readVotes = async (file: string, known: ReadonlySet<StatementId>): Promise<ReadVotes> => {
  const faults = collectFaults(file);
  const fieldsOf = createFieldReader(expected);
  let reader: ReturnType<typeof readerOf> | undefined;
  for await (const row of readRows(file, { onFault: faults.add })) {
    const fields = fieldsOf(row);
    reader ??= readerOf(fields, file, known);
    const { add } = reader;
    faults.attempt(() => add(fields));
  }
  faults.end();
  if (reader !== undefined) return reader.end();
  throw new UserError("polis-empty", `${describePlace({ file })} holds no votes. Expected ${expected}.`, {
    file,
  });
};
