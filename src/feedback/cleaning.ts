// Takes out of a reply what a model wrote around it: thoughts, role markers, the next speaker's turn, end tokens, and in
// revisions and critiques the announcement ("Here is a revised response:"), the closing remark on what was changed, the
// critique before a revision and quotes around the whole. Every cut is told with its rule. Ordinary text passes unchanged
// but for white space at both ends. The forms of revisions are in presentation.ts and closing.ts.

import { codeIn, leadingThought } from "../models/index.ts";
import { cutClosing } from "./closing.ts";
import {
  cutAnnouncement,
  cutHeading,
  cutLineAbove,
  cutLineBelow,
  cutOtherPart,
  cutRetold,
  isBetweenLines,
  type Shortened,
} from "./presentation.ts";

/** Where the text comes from; announcements, headings and quotes are cut from critiques and revisions alone. */
export type ReplyPurpose = "answer" | "critique" | "revision";

/**
 * thought: what stands in <think>; next-turn: everything from the next speaker's turn on; inner-turn: the same in a reply
 * that ended by itself, so that it may have been part of the answer (replies.ts tells them apart); other-part: the
 * critique, or the conversation told again, before a revision, and the revision after a critique; announcement, closing:
 * also a line drawn above or below the text; critique: the whole of what was written in the place of a revision, where that
 * is a critique (whole-critique.ts). The others are what their names say.
 */
export const cleaningRules = [
  "thought",
  "end-token",
  "next-turn",
  "inner-turn",
  "role-marker",
  "announcement",
  "heading",
  "other-part",
  "closing",
  "quotes",
  "critique",
] as const;
export type CleaningRule = (typeof cleaningRules)[number];

/** One piece of text that was cut, and the rule that cut it. */
export type Cut = { readonly rule: CleaningRule; readonly text: string };

/** How often each rule cut something. */
export type CutCounts = Readonly<Record<CleaningRule, number>>;

type Step = { readonly rule: CleaningRule; readonly text: string; readonly cut: string };

const told = (rule: CleaningRule, shortened: Shortened | null): Step | null =>
  shortened === null ? null : { rule, ...shortened };

const cutMatch = (rule: CleaningRule, pattern: RegExp, text: string): Step | null => {
  const match = pattern.exec(text);
  if (match === null || match[0].trim() === "") return null;
  return {
    rule,
    cut: match[0],
    text: text.slice(0, match.index) + text.slice(match.index + match[0].length),
  };
};

const endTokens = "(?:<EOT>|<\\|(?:im_end|endoftext|eot_id|end_of_text|end|eom_id)\\|>|<end_of_turn>|</s>)";
const endToken = new RegExp(`${endTokens}$`);
const roleMarker =
  /^\s*(?:<\|assistant\|>|<\|im_start\|>assistant\b|<\|start_header_id\|>assistant<\|end_header_id\|>|<start_of_turn>model\b|\[\/INST\]|\*\*(?:Assistant|AI):\*\*|(?:Assistant|AI):)\s*/;
/** What a template puts before a turn. Whose turn it is does not matter, since the reply ends there. */
const templateTurn = /<\|(?:im_start|start_header_id|user|system|assistant)\|>|<start_of_turn>|\[INST\]/g;
/** The end of the turn before it, where templates put no line break between the two. */
const turnEnd = new RegExp(`${endTokens}\\s*(?:<s>)?$`);
const longestTurnEnd = 32;

/** Whether a line or a turn begins at a place: a token in the middle of a line is one that somebody writes about. */
const beginsTurn = (text: string, place: number): boolean => {
  let start = place;
  while (start > 0 && (text[start - 1] === " " || text[start - 1] === "\t")) start--;
  if (start === 0 || text[start - 1] === "\n") return true;
  return turnEnd.test(text.slice(Math.max(0, start - longestTurnEnd), start));
};

const speakerTurn =
  /\n[^\S\n]*(?:Human|User|Assistant|CritiqueRequest|RevisionRequest|Critique Request|Revision Request):/g;

const cutThought = (text: string): Step | null => {
  const found = leadingThought(text);
  return found === null ? null : { rule: "thought", cut: found.thought, text: found.rest };
};

const quotePairs: readonly (readonly [string, string])[] = [
  ['"', '"'],
  ["“", "”"],
  ["«", "»"],
];

/** Quotes count as surrounding only when they enclose the whole and none of their kind stands inside. */
const unquote = (text: string): string | null => {
  for (const [open, close] of quotePairs) {
    if (text.length < 3 || !text.startsWith(open) || !text.endsWith(close)) continue;
    const inner = text.slice(1, -1);
    if (!inner.includes(open) && !inner.includes(close)) return inner.trim();
  }
  return null;
};

/** Everything from the next speaker's name on a line after a blank one, or from the next turn of a template. */
const cutNextTurn = (text: string): Step | null => {
  // By hand and not by one expression, which would take quadratic time on long runs of line breaks.
  const isCode = codeIn(text);
  for (const { index } of text.matchAll(speakerTurn)) {
    const before = text.slice(0, index).trimEnd();
    if (before !== "" && !text.slice(before.length, index).includes("\n")) continue;
    if (!isCode(index)) return { rule: "next-turn", text: before, cut: text.slice(before.length) };
  }
  for (const { index } of text.matchAll(templateTurn))
    if (beginsTurn(text, index) && !isCode(index)) {
      // The beginning of the text that the turn belongs to, where the one before has its end.
      const before = text
        .slice(0, index)
        .trimEnd()
        .replace(/(?<=<\/s>\s?)<s>$/, "");
      return { rule: "next-turn", text: before, cut: text.slice(before.length) };
    }
  return null;
};

const cutEndToken = (text: string): Step | null => {
  const trimmed = text.trimEnd();
  // </s> is also HTML's end of struck-out text, so it is an end token only where nothing opened it.
  if (trimmed.endsWith("</s>") && trimmed.includes("<s>")) return null;
  return cutMatch("end-token", endToken, trimmed);
};

/** A line drawn above or below a revision. isFramed: something was cut around it before. */
const cutLine = (text: string, isFramed: boolean): Step | null => {
  if (!isFramed && !isBetweenLines(text)) return null;
  return told("announcement", cutLineAbove(text)) ?? told("closing", cutLineBelow(text));
};

const cutAroundRevision = (text: string, isFramed: boolean): Step | null =>
  told("other-part", cutOtherPart(text, "revision")) ??
  told("announcement", cutAnnouncement(text)) ??
  told("heading", cutHeading(text, "revision")) ??
  told("closing", cutClosing(text)) ??
  cutLine(text, isFramed);

const cutAroundCritique = (text: string): Step | null =>
  told("other-part", cutOtherPart(text, "critique")) ?? told("heading", cutHeading(text, "critique"));

const nextStep = (text: string, purpose: ReplyPurpose, isFramed: boolean): Step | null => {
  // Role marker before next turn: a reply may begin with a blank line and its own "Assistant:".
  const outer =
    cutThought(text) ??
    cutEndToken(text) ??
    cutMatch("role-marker", roleMarker, text) ??
    (purpose === "revision" ? told("other-part", cutRetold(text)) : null) ??
    cutNextTurn(text);
  if (outer !== null || purpose === "answer") return outer;
  const around = purpose === "revision" ? cutAroundRevision(text, isFramed) : cutAroundCritique(text);
  if (around !== null) return around;
  const unquoted = unquote(text.trim());
  return unquoted === null
    ? null
    : { rule: "quotes", cut: `${text.trim()[0]}${text.trim().at(-1)}`, text: unquoted };
};

/** Rules after which lines drawn around a revision are part of how it was presented. */
const framing: readonly CleaningRule[] = ["announcement", "heading", "other-part", "closing"];

/** Cleans a reply until no rule applies any more, and says what was cut. The text may come out empty. */
export const cleanReply = (
  text: string,
  purpose: ReplyPurpose,
): { readonly text: string; readonly cuts: readonly Cut[] } => {
  const cuts: Cut[] = [];
  let left = text;
  let isFramed = false;
  for (;;) {
    const step = nextStep(left, purpose, isFramed);
    if (step === null) break;
    cuts.push({ rule: step.rule, text: step.cut.trim() });
    left = step.text;
    isFramed ||= framing.includes(step.rule);
  }
  return { text: left.trim(), cuts };
};

/** Adds up cuts by rule. */
export const countCuts = (cuts: readonly Cut[]): CutCounts => {
  const counts = Object.fromEntries(cleaningRules.map((rule) => [rule, 0])) as Record<CleaningRule, number>;
  for (const { rule } of cuts) counts[rule]++;
  return counts;
};

/** Counts of several chunks added up. */
export const sumCuts = (counts: readonly CutCounts[]): CutCounts =>
  Object.fromEntries(
    cleaningRules.map((rule) => [rule, counts.reduce((sum, count) => sum + count[rule], 0)]),
  ) as Record<CleaningRule, number>;
