// Takes out of a reply what a model wrote around it: role markers, the next speaker's turn, end tokens, and in
// revisions and critiques the announcement ("Here is a revised response:") and quotes around the whole. Every cut is
// told with its rule. Ordinary text passes unchanged but for white space at both ends.

/** Where the text comes from; announcements, headings and quotes are cut from critiques and revisions alone. */
export type ReplyPurpose = "answer" | "critique" | "revision";

export const cleaningRules = [
  "end-token",
  "next-turn",
  "role-marker",
  "announcement",
  "heading",
  "quotes",
] as const;
export type CleaningRule = (typeof cleaningRules)[number];

/** One piece of text that was cut, and the rule that cut it. */
export type Cut = { readonly rule: CleaningRule; readonly text: string };

/** How often each rule cut something. */
export type CutCounts = Readonly<Record<CleaningRule, number>>;

const endToken = /(?:<EOT>|<\|(?:im_end|endoftext|eot_id|end_of_text|end|eom_id)\|>|<end_of_turn>|<\/s>)$/;
const roleMarker = /^\s*(?:<\|assistant\|>|\[\/INST\]|\*\*Assistant:\*\*|Assistant:)\s*/;

const opening =
  "(?:(?:sure|certainly|of course|okay|ok|absolutely|yes|understood|thank you)(?: thing)?[,.!:]*\\s+)?";
const presenting = "(?:here(?:['’]s| is| would be)|below is|this is)";
const changed =
  "(?:revised|rewritten|reworked|improved|updated|corrected|edited|modified|reworded|alternative|new|better)";
const replyWord = "(?:response|answer|reply|message|statement)";
const ofReply =
  "(?: (?:of|to|for) (?:(?:the|my|your|its|previous|last|original|earlier|initial|above|assistant['’]s|AI['’]s|model['’]s|assistant) ){0,4}" +
  "(?:response|answer|reply|message|statement|question|request|prompt))";
const tail =
  "(?:,? (?:that|which|with|without|so|in which|where|to be|addressing|removing|avoiding)\\b[^:\\n]{0,160})?";
const announcement = new RegExp(
  `^\\s*${opening}${presenting} (?:\\w+,? ){0,4}(?:${changed}(?:,? (?:and )?\\w+)? (?:${replyWord}|version)|revision|rewrite)${ofReply}?${tail}:\\s+`,
  "i",
);

const headings: Readonly<Record<"critique" | "revision", RegExp>> = {
  critique: /^\s*(?:\*\*|#+ )?critique(?::\*\*|\*\*:|:|\*\*(?=\n))\s*/i,
  revision:
    /^\s*(?:\*\*|#+ )?(?:(?:revised|rewritten|improved|updated) (?:response|answer|reply|version)|revision(?=[:*]*\s*\n))(?::\*\*|\*\*:|:|\*\*(?=\n))\s*/i,
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

type Step = { readonly rule: CleaningRule; readonly text: string; readonly cut: string };

const cutMatch = (rule: CleaningRule, pattern: RegExp, text: string): Step | null => {
  const match = pattern.exec(text);
  if (match === null || match[0].trim() === "") return null;
  return {
    rule,
    cut: match[0],
    text: text.slice(0, match.index) + text.slice(match.index + match[0].length),
  };
};

/** Everything from the first speaker's name that stands at the beginning of a line after a blank one. */
const cutNextTurn = (text: string): Step | null => {
  // By hand and not by one expression, which would take quadratic time on long runs of line breaks.
  for (const match of text.matchAll(/\n[^\S\n]*(?:Human|User|Assistant):/g)) {
    const before = text.slice(0, match.index).trimEnd();
    if (before !== "" && !text.slice(before.length, match.index).includes("\n")) continue;
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

const nextStep = (text: string, purpose: ReplyPurpose): Step | null => {
  // Role marker before next turn: a reply may begin with a blank line and its own "Assistant:".
  const outer = cutEndToken(text) ?? cutMatch("role-marker", roleMarker, text) ?? cutNextTurn(text);
  if (outer !== null || purpose === "answer") return outer;
  const announced = purpose === "revision" ? cutMatch("announcement", announcement, text) : null;
  const inner = announced ?? cutMatch("heading", headings[purpose], text);
  if (inner !== null) return inner;
  const unquoted = unquote(text.trim());
  return unquoted === null
    ? null
    : { rule: "quotes", cut: `${text.trim()[0]}${text.trim().at(-1)}`, text: unquoted };
};

/** Cleans a reply until no rule applies any more, and says what was cut. The text may come out empty. */
export const cleanReply = (
  text: string,
  purpose: ReplyPurpose,
): { readonly text: string; readonly cuts: readonly Cut[] } => {
  const cuts: Cut[] = [];
  let left = text;
  for (let step = nextStep(left, purpose); step !== null; step = nextStep(left, purpose)) {
    cuts.push({ rule: step.rule, text: step.cut.trim() });
    left = step.text;
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
