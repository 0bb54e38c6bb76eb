// Reads a decision out of a text, strictly. What was asked for is the line "Decision: accept" or "Decision: reject".
// What stands in it, or the whole text where there is no such line, has to be a plain clause of a short list ("I accept the
// offer."): there are too many ways of not accepting with that word in it. All else is no decision.

import { withoutThought } from "../reply-text.ts";
import { type ReadMove, statements } from "./statements.ts";

const what = "(?: (?:it|this|that|(?:the|this|that|your) (?:offer|split|deal|proposal|division)))?";
const gladly = "(?:(?:gladly|happily|hereby|therefore|thus) )?";
const cannot =
  "(?:cannot|can not|can't|could not|couldn't|do not|don't|will not|won't|would not|wouldn't|(?:am|are) (?:unable|unwilling) to)";

const acceptance = new RegExp(`^(?:(?:i|we) ${gladly}accept${what}|accept|accepted)$`);
const refusal = new RegExp(
  `^(?:(?:i|we) (?:${gladly}(?:reject|refuse|decline)${what}|(?:refuse|decline) to accept${what}|${cannot} accept${what})|reject|rejected)$`,
);
const courtesy = /^(?:thank you|thanks|very well|all right|alright|okay|ok|fine)(?: (?:very|so) much)?$/;

const speaks = /accept|reject|refus|declin/;
const refuses =
  /\b(?:reject|refuse|decline)\b|(?:\b(?:not|never|no|nor|neither|cannot|unable|unwilling)|n't)(?: \w+){0,2} accept\b(?! (?:less|more|anything|any)\b)|\baccept (?:no|nothing|none|neither)\b/;
/** What is only weighed, not said. */
const weighs =
  /\b(?:if|would|could|should|might|may|unless|whether|until|perhaps|maybe|had|were|or|to reject|to refuse)\b/;

const plainOf = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll("’", "'")
    .replace(/^["'“\s]+|["'”\s.!]+$/g, "")
    .replaceAll(/\s+/g, " ");

/** The sentences of a text; a question keeps its mark, and so is no plain clause. */
const sentencesOf = (text: string): string[] =>
  text
    .split(/(?<=[.!?;])\s+|\n/)
    .map((sentence) => sentence.replace(/;$/, ""))
    .map(plainOf)
    .filter((sentence) => sentence !== "");

/** A sentence, or what follows a courtesy in it: "Thank you, I accept." */
const clausesOf = (sentence: string): string[] => {
  const [first, ...others] = sentence.split(", ");
  return others.length > 0 && courtesy.test(first!) ? [others.join(", ")] : [sentence];
};

/** true: accepts; false: does not; null: neither is plainly said. */
type Said = boolean | null;

const readClause = (clause: string): Said => {
  if (acceptance.test(clause)) return true;
  return refusal.test(clause) ? false : null;
};

/** A decision. Faults: decision-missing, decision-unclear, decision-contradictory. */
export const readDecision = (reply: string): ReadMove => {
  const { inForm, others } = statements(withoutThought(reply), "decision");
  const formal = inForm.map((value): Said => readClause(plainOf(value)));
  if (formal.includes(null)) return { fault: "decision-unclear" };
  const clauses = others.flatMap(sentencesOf).flatMap(clausesOf);
  const free = clauses.map(readClause);
  const plain = [...formal, ...free].filter((said) => said !== null);
  const isTakenBack =
    plain.includes(true) && clauses.some((clause) => refuses.test(clause) && !weighs.test(clause));
  if (new Set(plain).size > 1 || isTakenBack) return { fault: "decision-contradictory" };
  if (formal.length === 0) {
    const isPlain = clauses.every((clause, at) => free[at] !== null || courtesy.test(clause));
    if (!isPlain && clauses.some((clause) => speaks.test(clause))) return { fault: "decision-unclear" };
  }
  return plain.length === 0
    ? { fault: "decision-missing" }
    : { move: { type: "decision", accepts: plain[0]! } };
};
