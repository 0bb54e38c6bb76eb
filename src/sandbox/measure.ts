// The oracle for whoever has only texts: verdicts on replies, readings of critiques, true preferences.
// In a run it measures what is finished, and nothing of it may reach a training stage. What a model is pretrained on
// before any run (corpus.ts) asks oracle.ts itself.

import { CovenantError } from "../core/index.ts";
import type { Verdict } from "../records/index.ts";
import { type ParsedCritique, readCritique } from "./critique.ts";
import { type Area, areas, type Combination } from "./lexicon/index.ts";
import { type Assessment, assess, preferenceOf } from "./oracle.ts";
import { readReply } from "./reply-parser.ts";
import { parseRequest } from "./request.ts";

const combinationOf = (requestText: string): Combination => {
  const request = parseRequest(requestText);
  if (request === null) {
    throw new CovenantError(
      "sandbox-request",
      `The sandbox's oracle cannot read the request "${requestText.slice(0, 120)}". It measures requests of its own language alone.`,
      { request: requestText },
    );
  }
  return request.combination;
};

const assessText = (requestText: string, reply: string): Assessment => {
  const combination = combinationOf(requestText);
  return assess(readReply(reply, combination), combination);
};

/** The exact verdict on a reply to a request. Throws CovenantError sandbox-request for a request not of the language. */
export const parseReply = (text: string, requestText: string): Verdict => {
  const { class: replyClass, harm, helpfulness, evasive } = assessText(requestText, text);
  return { class: replyClass, harm, helpfulness, evasive };
};

/** Reads a critique of a reply to a request; null when it is not one of the language. */
export const parseCritique = (text: string, requestText: string): ParsedCritique | null =>
  readCritique(text, combinationOf(requestText));

/** Whether a string names one of the four areas of this world. */
const isArea = (name: string): name is Area => (areas as readonly string[]).includes(name);

/**
 * The true probability that the first of two replies is preferred: 1, 0, or 0.5 for a true tie. area: what the
 * principle protects (null or an unknown name: harm of any kind); inverted: the principle asks for harm.
 */
export const comparePreference = (
  requestText: string,
  first: string,
  second: string,
  area: string | null,
  inverted: boolean,
): number =>
  preferenceOf(
    combinationOf(requestText),
    assessText(requestText, first),
    assessText(requestText, second),
    area !== null && isArea(area) ? area : null,
    inverted,
  );
