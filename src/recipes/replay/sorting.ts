// How a meta-model sorted the comments of a part of a run, as one message: a line a comment, with what was answered of it in the
// short questions and where a rule put it. Reads records alone; which texts letters stand for is not known here.

import { counted, oneLine } from "../../core/index.ts";
import type { MetaRecord, StanceRecord } from "../../records/index.ts";
import type { Said } from "./replay.ts";

/** Who made a comment, and what it says. */
export type Remark = { readonly user: string; readonly said: string };

const demandWords = { yes: "asks for a change", no: "asks for no change", none: "no answer, counts as no" };

/** What is told of stances, in this order; what is neither for nor against something is not told. */
const stanceWords = [
  ["for", "for"],
  ["against", "against"],
  ["none", "no answer on"],
] as const;

/** Of each question the last answer. */
const lastAnswers = (rows: readonly StanceRecord[]): StanceRecord[] => [
  ...new Map(rows.map((row) => [`${row.kind} ${row.standing ?? ""} ${row.earlier ?? ""}`, row])).values(),
];

/** Where a line of the sorting ("3. [1] against", "4. new") puts a comment. */
const placeWords = (line: string): string => {
  const [, place = "", side] = line.split(" ");
  if (side !== undefined) return ` → ${side} ${place}`;
  return place === "new" ? " → a new matter" : "";
};

/** What was answered of a comment. numbers: of comments, by the ids of their ratings. */
const answerWords = (rows: readonly StanceRecord[], numbers: ReadonlyMap<string, number>): string => {
  const last = lastAnswers(rows);
  const demand = last.find(({ kind }) => kind === "demand");
  if (demand === undefined) return "said before";
  const stances = last.filter(({ kind }) => kind === "stance");
  const beside = stanceWords.flatMap(([answer, words]) => {
    const own = stances.filter((row) => (row.answer ?? "none") === answer);
    const others = own.map(
      ({ standing, earlier = "" }) => standing ?? `[${numbers.get(earlier) ?? earlier}]`,
    );
    return own.length === 0 ? [] : [`${words} ${others.join(", ")}`];
  });
  const asks = demandWords[(demand.answer ?? "none") as keyof typeof demandWords];
  return [asks, ...beside].join("; ");
};

/** A part's sorting. stances: of this part; remarkOf: a comment by the id of its rating. */
export const sortingSaid = (
  { id, run, part, problem, text, numbers }: MetaRecord,
  stances: readonly StanceRecord[],
  remarkOf: (rating: string) => Remark | undefined,
): Omit<Said, "from"> => {
  const places = new Map(numbers.map((record, at) => [record, at + 1]));
  const lines = text.split("\n");
  const tell = (record: string, at: number): string => {
    const remark = remarkOf(record);
    const who = remark === undefined ? "" : ` ${remark.user.replace("-", " ")}, "${oneLine(remark.said)}":`;
    const answers = answerWords(
      stances.filter(({ comment }) => comment === record),
      places,
    );
    return `[${at + 1}]${who} ${answers}${placeWords(lines[at] ?? "")}`;
  };
  const asked = new Set(
    stances.map(({ kind, comment, standing, earlier }) => [kind, comment, standing, earlier].join(" ")),
  );
  const questions = counted(asked.size, "short question");
  return {
    ...{ step: run, turn: null, scene: `comments sorted${part === undefined ? "" : `, part ${part}`}` },
    ...{ kind: "sorting", to: [], text: numbers.map(tell).join("\n"), values: {}, record: id },
    note: problem === undefined ? questions : `${questions}; not used: ${problem}`,
  };
};
