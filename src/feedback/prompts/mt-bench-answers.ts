// MT-Bench's answers, a file a model and no question in it, as comparisons: every two models' answers to a question that both
// have, of the first turn, since second turns answer different first replies. Nobody has judged them, so none is known to be
// better. The answers are held in memory: that set has eighty questions. Asks no model.

import { z } from "zod";
import {
  checkValue,
  collectFaults,
  counted,
  describeFields,
  describePlace,
  firstPlaces,
  type TextPlace,
  UserError,
} from "../../core/index.ts";
import type { Message } from "../../records/index.ts";
import { readRows } from "../../tables/index.ts";
import { asked, hasFields, text } from "./format.ts";

/** A row as `label --comparisons` takes it; models: who gave the replies, in their order. */
export type AnsweredPair = {
  readonly id: string;
  readonly prompt: readonly Message[];
  readonly replies: readonly [string, string];
  readonly models: readonly [string, string];
};

/** models: in alphabetical order. unpaired: questions of two models of which one has no answer. notes: rows left out. */
export type AnsweredPairs = {
  readonly pairs: readonly AnsweredPair[];
  readonly models: readonly string[];
  readonly unpaired: number;
  readonly notes: readonly string[];
};

const filled = text.refine((value) => value.trim() !== "", "it must hold text");
const questionId = z.union([z.number(), filled]).transform(String);
const questionRow = z.object({ question_id: questionId, turns: z.array(filled).min(1) });
const answersRow = z.object({
  question_id: questionId,
  model_id: filled,
  choices: z.array(z.object({ turns: z.array(text).min(1) })).min(1),
});

const reasons = {
  unasked: "on a question that the questions' file has not",
  blank: "without text",
  error: "with $ERROR$ in place of an answer",
} as const;
type Reason = keyof typeof reasons;

const refuse = (place: TextPlace, problem: string): UserError =>
  new UserError("answers-row", `${describePlace(place)}: ${problem}.`, { ...place });

/** Calls back with every row of a file. Throws UserError with every fault, or at once where the first row is another's. */
const eachRow = async (
  file: string,
  fields: readonly string[],
  what: string,
  take: (row: unknown, place: TextPlace) => void,
): Promise<void> => {
  const faults = collectFaults(file);
  let isFirst = true;
  for await (const { place, value } of readRows(file, { onFault: faults.add })) {
    if (isFirst && !hasFields(value, ...fields))
      throw refuse(place, describeFields(value, `${what}: ${fields.join(", ")}`));
    isFirst = false;
    faults.attempt(() => take(value, place));
  }
  faults.end();
};

const readQuestions = async (file: string): Promise<Map<string, string>> => {
  const questions = new Map<string, string>();
  await eachRow(file, ["question_id", "turns"], "MT-Bench's questions", (row, place) => {
    const { question_id: id, turns } = checkValue(questionRow, row, place);
    if (questions.has(id))
      throw refuse(place, `question_id: got ${id}, which an earlier row has already; expected each once`);
    questions.set(id, turns[0]!);
  });
  return questions;
};

type Answers = Map<string, Map<string, string>>;

/** Takes the answers of a file, and tells of the rows that give none. */
const readAnswers = async (
  file: string,
  questions: ReadonlyMap<string, string>,
  answers: Answers,
): Promise<readonly string[]> => {
  const left = new Map<Reason, TextPlace[]>();
  let rows = 0;
  await eachRow(file, ["question_id", "model_id", "choices"], "a model's answers", (row, place) => {
    rows++;
    const { question_id: id, model_id: model, choices } = checkValue(answersRow, row, place);
    const answer = choices[0]!.turns[0]!;
    const said = answer.trim();
    const reason = !questions.has(id)
      ? "unasked"
      : said === ""
        ? "blank"
        : said === "$ERROR$"
          ? "error"
          : undefined;
    if (reason !== undefined) {
      const places = left.get(reason) ?? [];
      places.push(place);
      left.set(reason, places);
      return;
    }
    const own = answers.get(model) ?? new Map<string, string>();
    if (own.has(id))
      throw refuse(
        place,
        `question_id: ${model} has answered ${id} already; expected one answer of a model to each question`,
      );
    answers.set(model, own.set(id, answer));
  });
  const told = (Object.keys(reasons) as Reason[]).flatMap((reason) => {
    const places = left.get(reason) ?? [];
    return places.length === 0 ? [] : [`${places.length} ${reasons[reason]} (${firstPlaces(places)})`];
  });
  const count = [...left.values()].flat().length;
  if (count === 0) return [];
  return [
    `${file}: ${count} of ${counted(rows, "answer")} ${count === 1 ? "was" : "were"} left out: ${told.join(", ")}.`,
  ];
};

/**
 * The comparisons of answer files, by pairs of models and in the questions' order. Throws UserError with every fault of a
 * file as line and field, when a model answers a question twice, and when there are not two models with a question that both
 * answer.
 */
export const pairAnswers = async (questionFile: string, files: readonly string[]): Promise<AnsweredPairs> => {
  const questions = await readQuestions(questionFile);
  const answers: Answers = new Map();
  const notes: string[] = [];
  for (const file of files) notes.push(...(await readAnswers(file, questions, answers)));
  const models = [...answers.keys()].sort();
  const pairs: AnsweredPair[] = [];
  let unpaired = 0;
  for (const [at, one] of models.entries())
    for (const other of models.slice(at + 1))
      for (const [id, question] of questions) {
        const [first, second] = [answers.get(one)!.get(id), answers.get(other)!.get(id)];
        if (first !== undefined && second !== undefined)
          pairs.push({
            id: `${id}/${one}/${other}`,
            prompt: asked(question),
            replies: [first, second],
            models: [one, other],
          });
        else if (first !== second) unpaired++;
      }
  if (pairs.length > 0) return { pairs, models, unpaired, notes };
  const had = models.length === 0 ? "no answers" : `answers of ${models.join(", ")}`;
  throw new UserError(
    "answers-unpaired",
    `${files.join(", ")}: got ${had}${models.length > 1 ? ", and no question that two of them answer" : ""}; expected answers of two models to the same questions.${notes.map((note) => `\n  ${note}`).join("")}`,
    { files },
  );
};
