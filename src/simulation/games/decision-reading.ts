// Reads a decision out of a text, strictly: a clause that holds "accept" or "reject" decides only as it is plainly said.
// "cannot accept" is a refusal, "would accept if" is none of both, and a text that says both has no decision.

import { withoutThought } from "../reply-text.ts";
import { type ReadMove, statements } from "./statements.ts";

const verbs =
  /\b(?:(accept|accepts|accepted)|(reject|rejects|rejected|refuse|refuses|refused|decline|declines|declined))\b/g;

const negation =
  /\b(?:not|never|no|nor|neither|nobody|none|cannot|without|unable|unwilling|hardly|impossible)\b|n't\b|\b(?:dont|wont|cant|couldnt|wouldnt|shouldnt|isnt|didnt)\b/;

const condition =
  /\b(?:if|would|could|should|might|may|unless|whether|until|perhaps|maybe|had|were|want|like|tempted|whoever|anyone|everyone|others?|you|they|he|she|please|consider|considering|able|willing|ought|or)\b|['’]d\b/;

/** true: accepts; false: does not; null: neither is plainly said. */
type Said = boolean | null;

const readClause = (clause: string): Said | undefined => {
  const found = [...clause.matchAll(verbs)];
  if (found.length === 0) return undefined;
  const refusing = found.filter(([, , refusal]) => refusal !== undefined);
  const [first] = found;
  const before = clause.slice(0, first!.index);
  if (condition.test(clause)) return null;
  // "refuse to accept" is one refusal; any other two in one clause are no plain words.
  if (
    found.length === 2 &&
    refusing.length === 1 &&
    /^(?:refuse|decline)s?\b.*\bto accept\b/.test(clause.slice(first!.index))
  )
    return negation.test(before) ? null : false;
  if (found.length > 1) return null;
  const isNegated =
    negation.test(before) ||
    /^\W*(?:not|nothing|neither|none)\b/.test(clause.slice(first!.index + first![0].length));
  if (first![1] !== undefined) return !isNegated;
  return isNegated ? null : false;
};

const clausesOf = (text: string): string[] =>
  text
    .toLowerCase()
    .replaceAll("’", "'")
    .split(/[.;:!?\n,()"“”]|\b(?:but|and|because|since|so|yet|although|though|however)\b|\s[-–—]\s/);

/**
 * Every clause of a text that speaks of a decision. With an answer in the form that was asked for, clauses that only weigh
 * what could be decided say nothing; without one, they leave the decision open.
 */
const readAll = (texts: readonly string[]): Said[] =>
  texts.flatMap(clausesOf).flatMap((clause) => {
    const said = readClause(clause);
    return said === undefined ? [] : [said];
  });

/** A decision. Faults: decision-missing, decision-unclear, decision-contradictory. */
export const readDecision = (reply: string): ReadMove => {
  const text = withoutThought(reply);
  const { inForm, others } = statements(text, "decision");
  const formal = readAll(inForm);
  const free = readAll(others);
  const plain = [...formal, ...free].filter((said) => said !== null);
  if (inForm.length > 0 ? formal.includes(null) || formal.length < inForm.length : free.includes(null))
    return { fault: "decision-unclear" };
  if (plain.length === 0) return { fault: "decision-missing" };
  if (new Set(plain).size > 1) return { fault: "decision-contradictory" };
  return { move: { type: "decision", accepts: plain[0]! } };
};
