// MT-Bench's files: its questions, and verdicts on pairs of answers, which hold question and answers in what the judge was
// asked. Its other files, one model's answers or grades, hold no comparison, and are told for what they are.

import { z } from "zod";
import { checkValue, describePlace, type TextPlace, UserError } from "../../core/index.ts";
import { gameWords, outcomeIn } from "../../tables/index.ts";
import { asked, faultsOf, fieldFault, hasFields, labelOf, type PromptFormat, text } from "./format.ts";

const questionRow = z.object({ category: text, turns: z.array(text).min(1) });

const questions: PromptFormat = {
  name: "mt-bench",
  what: "MT-Bench: question_id, category, turns (harmless; the first turn, since the second needs a reply)",
  recognises: (row) => hasFields(row, "question_id", "turns"),
  read(row, place) {
    const { category, turns } = checkValue(questionRow, row, place);
    return { messages: asked(turns[0]!), labels: { kind: "harmless", area: labelOf(category) } };
  },
};

/** g1 has the first model's answer as A, g2 as B; winners are models, "tie" or "error". */
const verdictRow = z.object({ g1_winner: text, g2_winner: text, g1_user_prompt: text });

/** What the judge was asked in the first game, with a reference answer where the question has one. */
const whole =
  /(?:^|\n\n)\[User Question\]\n([\s\S]*?)\n\n(?:\[The Start of Reference Answer\]\n[\s\S]*?\n\[The End of Reference Answer\]\n\n)?\[The Start of Assistant A's Answer\]\n([\s\S]*?)\n\[The End of Assistant A's Answer\]\n\n\[The Start of Assistant B's Answer\]\n([\s\S]*?)\n\[The End of Assistant B's Answer\]\s*$/;

const refuseOne = (row: unknown, place: TextPlace): UserError =>
  new UserError(
    "prompt-row",
    `${describePlace(place)}: these are ${hasFields(row, "choices") ? "one model's answers to MT-Bench's questions (question_id, model_id, choices), which hold no comparison of two; `covenant prompts pair` makes comparisons of two models' answers" : "MT-Bench's grades of one model's answers (question_id, model, score), which hold no comparison of two"}. Expected verdicts on pairs (model_1, model_2, g1_winner, g2_winner, g1_user_prompt), or for prompts MT-Bench's question.jsonl (question_id, category, turns).`,
    { ...place },
  );

const readVerdict = (row: unknown, place: TextPlace) => {
  const { g1_winner: first, g2_winner: second, g1_user_prompt } = checkValue(verdictRow, row, place);
  const [, question, ...answers] = whole.exec(g1_user_prompt) ?? [];
  if (question === undefined)
    throw fieldFault(
      place,
      "g1_user_prompt",
      "expected [User Question] with the answers of Assistant A and Assistant B, as MT-Bench asks its judge.",
    );
  const outcomes = [
    outcomeIn(gameWords, first, faultsOf(place, "g1_winner")),
    outcomeIn(gameWords, second, faultsOf(place, "g2_winner")),
  ];
  return { question, answers, outcomes };
};

const verdicts: PromptFormat = {
  name: "mt-bench-verdicts",
  what: "MT-Bench's verdicts on pairs: model_1, model_2, g1_winner, g2_winner, g1_user_prompt (a comparison where both orders agree on one; first turns alone)",
  recognises: (row) =>
    hasFields(row, "question_id", "g1_winner", "g2_winner") ||
    hasFields(row, "question_id", "choices") ||
    hasFields(row, "question_id", "user_prompt", "score"),
  // Second turns answer different first replies, so they are no comparison, and their prompts are those of the first.
  // What no judge compared is told of the file, once, not of each of its rows.
  rows(row, place) {
    if (hasFields(row, "choices") || hasFields(row, "score")) throw refuseOne(row, place);
    return hasFields(row, "g1_winner") && row["turn"] === 2 ? [] : [row];
  },
  read: (row, place) => ({
    messages: asked(readVerdict(row, place).question),
    labels: { kind: "harmless" },
  }),
  comparison(row, place) {
    const { question, answers, outcomes } = readVerdict(row, place);
    const [first, second] = outcomes;
    if (first !== second || (first !== 1 && first !== 0)) return null;
    const correct = first === 1 ? 0 : 1;
    return { messages: asked(question), options: answers, correct, prompt: question };
  },
};

/** The sets of this file. */
export const mtBenchFormats: readonly PromptFormat[] = [questions, verdicts];
