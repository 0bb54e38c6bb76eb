// A written vote read strictly: a letter alone, in the ways in which judges write it, or a letter with the reply that it
// stands for. Everything else is a state of its own and never a vote: "neither", both letters, refusals, silence. Words
// such as "Assistant" or "A good reply" hold letters and are no votes.

import { unwrapped, withoutLead, withoutLeadingThought } from "../../models/index.ts";
import type { Finish, UnscoredReason } from "../../records/index.ts";
import { beginsToDecline } from "../refusal-words.ts";

/** What a reply says: 0 for (A), 1 for (B), or why it is no vote. */
export type Vote = 0 | 1 | UnscoredReason;

/** The letter itself: in brackets, with one behind it, or bare. */
const letterPattern =
  /^(?:(?:option|response|reply)\s+)?(?:\(([AB])\)|\[{1,2}([AB])\]{1,2}|([AB])\)|([AB])(?=$|[.:\n]))/i;

const letterAt = (text: string): { readonly vote: 0 | 1; readonly rest: string } | null => {
  const match = letterPattern.exec(text);
  if (match === null) return null;
  const letter = match.slice(1).find((group) => group !== undefined);
  return { vote: letter?.toUpperCase() === "A" ? 0 : 1, rest: text.slice(match[0].length) };
};

const namesLetter = (text: string, letter: "A" | "B"): boolean =>
  new RegExp(`\\(${letter}\\)|\\[${letter}\\]|\\b(?:option|response|reply|answer) ${letter}\\b`, "i").test(
    text,
  );

/**
 * Whether what follows a letter leaves it a vote: nothing, the reply that it stands for, whole or begun, or a sentence of
 * its own that does not speak of the other letter.
 */
const isClosed = (rest: string, vote: 0 | 1, reply: string): boolean => {
  const said = unwrapped(rest.replace(/^[\s.:,;\])–—-]+/, "")).replace(/^\[+|\]+$/g, "");
  if (said === "") return true;
  const shown = unwrapped(reply);
  if (shown !== "" && (shown.startsWith(said) || said.startsWith(shown))) return true;
  return /^\s*(?:\.|\n)/.test(rest) && !namesLetter(rest, vote === 0 ? "B" : "A");
};

/** Whether a text declines to judge. One that speaks of a letter judges. */
export const declinesToJudge = (text: string): boolean =>
  beginsToDecline(unwrapped(text)) && !namesLetter(text, "A") && !namesLetter(text, "B");

/** Why a text without a vote has none. */
const reasonOf = (text: string, finish: Finish): UnscoredReason => {
  if (declinesToJudge(text)) return "refusal";
  if (/\b(?:neither|none of (?:them|these|the))\b/i.test(text)) return "neither";
  const isBoth = namesLetter(text, "A") && namesLetter(text, "B");
  if (isBoth || /^[\s([]*A[)\]]?\s*(?:and|or|,|\/|&)\s*[([]?B\b/.test(text) || /\bboth\b/i.test(text))
    return "both";
  return finish === "length" ? "cut" : "no-choice";
};

/** Why a few words that a judge wrote are no choice. */
export const whyNoChoice = (text: string): UnscoredReason => {
  const said = unwrapped(text).replace(/^[([]+/, "");
  return said === "" ? "empty" : reasonOf(said, "stop");
};

/** Reads a vote. replies: the two that were shown, as (A) and as (B). */
export const readVote = (
  { text, finish }: { readonly text: string; readonly finish: Finish },
  replies: readonly [string, string],
): Vote => {
  if (finish === "refusal" || finish === "overflow" || finish === "rejected") return finish;
  const said = unwrapped(withoutLeadingThought(text));
  if (said === "" && finish === "length") return "cut";
  if (finish === "empty" || said === "") return "empty";
  for (const candidate of [said, withoutLead(said)]) {
    const found = letterAt(candidate);
    if (found !== null && isClosed(found.rest, found.vote, replies[found.vote])) return found.vote;
  }
  return reasonOf(said, finish);
};

/** Votes counted as they stand: for (A), for (B), and the others by their reason. */
export type VoteCount = {
  readonly shown: readonly [number, number];
  readonly lost: Readonly<Partial<Record<UnscoredReason, number>>>;
};

/** Counts votes. */
export const countVotes = (votes: readonly Vote[]): VoteCount => {
  const lost: Partial<Record<UnscoredReason, number>> = {};
  for (const vote of votes) if (typeof vote === "string") lost[vote] = (lost[vote] ?? 0) + 1;
  return {
    shown: [votes.filter((vote) => vote === 0).length, votes.filter((vote) => vote === 1).length],
    lost,
  };
};

/** The reason that most of the lost votes have; the first of several. */
export const commonestReason = (lost: VoteCount["lost"]): UnscoredReason =>
  (Object.entries(lost) as [UnscoredReason, number][]).reduce<[UnscoredReason, number]>(
    (most, one) => (one[1] > most[1] ? one : most),
    ["no-choice", 0],
  )[0];
