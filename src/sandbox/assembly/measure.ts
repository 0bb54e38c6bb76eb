// The assembly's oracle for whoever has only texts: satisfaction with replies, support for principles. In a run it measures
// what is finished; nothing of it reaches a stage that asks for answers, ratings, principles or votes. Where voters are to be
// scripted, their ballots are its support.

import { CovenantError } from "../../core/index.ts";
import type { Combination } from "../lexicon/index.ts";
import { assess, preferenceOf } from "../oracle.ts";
import { readReply } from "../reply-parser.ts";
import { parseRequest } from "../request.ts";
import { wishesOf } from "./persona.ts";
import { contentment, type JudgedReply, lengthPreferenceOf, supportFor } from "./satisfaction.ts";
import { readStatement } from "./sentences.ts";
import type { Wish } from "./wish.ts";

/** The wishes that a description tells. Throws CovenantError sandbox-person. */
export const requireWishes = (description: string): Wish[] => {
  const wishes = wishesOf(description);
  if (wishes !== null) return wishes;
  throw new CovenantError(
    "sandbox-person",
    `The sandbox's oracle cannot read the person "${description.slice(0, 120)}". It measures persons of its own language alone.`,
    { description },
  );
};

/** What a request asks for. Throws CovenantError sandbox-request. */
export const requireCombination = (request: string): Combination => {
  const read = parseRequest(request);
  if (read !== null) return read.combination;
  throw new CovenantError(
    "sandbox-request",
    `The sandbox's oracle cannot read the request "${request.slice(0, 120)}". It measures requests of its own language alone.`,
    { request },
  );
};

const judge = (reply: string, combination: Combination): JudgedReply => {
  const reading = readReply(reply, combination);
  return { assessment: assess(reading, combination), told: reading.steps.length };
};

/**
 * How content a person truly is with a reply to a request, 0 to 10. Throws CovenantError sandbox-person or sandbox-request
 * for texts that are not of the language; any reply can be measured.
 */
export const satisfactionOf = (description: string, request: string, reply: string): number => {
  const combination = requireCombination(request);
  return contentment(requireWishes(description), combination, judge(reply, combination));
};

/**
 * The true probability that the first of two replies is preferred under a statement: 1, 0, or 0.5 for a true tie; null for
 * a statement that is not of the language. Throws CovenantError sandbox-request for a request that is not.
 */
export const statementPreference = (
  request: string,
  first: string,
  second: string,
  statement: string,
): number | null => {
  const wish = readStatement(statement);
  if (wish === null) return null;
  const combination = requireCombination(request);
  const [one, other] = [judge(first, combination), judge(second, combination)];
  return wish.type === "style"
    ? lengthPreferenceOf(wish.style, one, other)
    : preferenceOf(combination, one.assessment, other.assessment, wish.area, wish.type === "allow");
};

/** How far principles truly serve a person, 0 to 10. Statements that are not of the language count for nothing. */
export const supportOf = (description: string, statements: readonly string[]): number =>
  supportFor(
    requireWishes(description),
    statements.flatMap((statement) => readStatement(statement) ?? []),
  );
