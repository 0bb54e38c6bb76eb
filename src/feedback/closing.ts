// What models write behind a revision about the revision: a remark on what was changed, or a section that lists it and
// says why it is better. Only the end of a text is looked at, and only what speaks of a reply is cut.

import type { Shortened } from "./presentation.ts";
import { ofHarm, ofReply } from "./reply-words.ts";

const mark = "\\(?[*_]{0,2}(?:note:?[*_]{0,2}:?\\s+)?[*_]{0,2}";
/** "This revised response takes out …", "I have removed the harmful advice …". */
const remark = new RegExp(
  `^${mark}(?:(?:in this|this) (?:revised|rewritten|updated|improved) (?:response|version|answer|reply|message)\\b` +
    "|I(?:['’]ve| have)? (?:also )?(?:removed|revised|rewritten|rewrote|changed|avoided|replaced|omitted|edited|modified|adjusted|softened|toned down|left out|taken out|took out)" +
    " (?:the|any|all|some of the|my (?:previous|last|earlier|original))(?: [-\\w'’]+,?){0,5}" +
    " (?:response|answer|reply|advice|information|content|details|instructions|suggestions?|language|wording|tone|remarks?|parts?)\\b)",
  "i",
);
/** "This version avoids harm …": of a version of anything else it says another thing. */
const praise = new RegExp(
  `^${mark}this (?:new )?(?:version|revision|rewrite|response|reply|answer) (?:now )?(?:avoids|removes|omits|eliminates|replaces|maintains|keeps|focus(?:s?es)|acknowledges|emphasi[sz]es|addresses|ensures|respects|promotes|encourages|prioriti[sz]es|redirects|declines|refuses|no longer)\\b`,
  "i",
);
/** "(Note: the response was changed …)" */
const changedNote =
  /^[(*_\s]*note:?[*_]{0,2}:? +(?:the|this|my) (?:(?:original|previous|last|above|assistant['’]s) )?(?:response|reply|answer) (?:was|is|has been|had been) (?:\w+ )?(?:changed|revised|modified|rewritten|edited|adjusted|reworded|updated|altered)\b/i;

/** A letter says of itself what somebody did; only a remark or a section that is set apart speaks of the revision. */
const salutation = /^\s*dear\b[^\n]{0,80},[^\S\n]*\n/i;
const setApart = /^(?:[(*_#]|note:)/i;

const isRemark = (last: string): boolean =>
  remark.test(last) || changedNote.test(last) || (praise.test(last) && ofHarm.test(last));

const thisOne = "(?:this|it|the (?:revised|new)) ?(?:version|revision|response|reply|answer)?";
const changesMade =
  "(?:key |main |specific )?changes (?:that )?(?:I(?:['’]ve| have)? )?made|explanation of (?:the |my )?(?:changes|revisions?|edits)|what (?:I|I['’]ve|I have) changed|revision notes?|notes on the revision";
const whyBetter = `why ${thisOne} ?(?:is|works) (?:better|safer|kinder|preferable|less harmful|more [-\\w]+)|how ${thisOne} ?(?:is (?:better|safer|different)|differs|improves)`;
/** The title of a section: a heading, marked, or with a colon. What stands behind it in its paragraph is group 1. */
const titled = (words: string): RegExp =>
  new RegExp(
    `^(?:#+ [*_]{0,2}(?:${words})[*_:]{0,3}[^\\S\\n]*(?=\\n|$)|[*_]{1,2}(?:${words}):?[*_]{1,2}:?|(?:${words}):)([\\s\\S]*)$`,
    "i",
  );
const changesTitle = titled(changesMade);
const whyTitle = titled(whyBetter);
/** A list of changes that says that there are none. */
const noChange = /^(?:[-*•+]\s+)?(?:none|no changes)\b[^\n]{0,40}$/i;

/** Whether all lines of a paragraph are items of a list, or go on with one. */
const isList = (paragraph: string): boolean =>
  paragraph.split("\n").every((line) => /^\s*(?:[-*•+]|\d+[.)])\s|^\s{2,}\S/.test(line));

/** What was changed, and why it is better, is said of many things; of the reply, where its words are those of replies and harm. */
const isSection = (paragraph: string, behind: readonly string[]): boolean => {
  const match = changesTitle.exec(paragraph) ?? whyTitle.exec(paragraph);
  if (match === null) return false;
  const own = match[1]!.trim();
  const prose = behind.filter((one) => !isList(one));
  if (prose.length > (own === "" ? 1 : 0) || (prose.length === 1 && behind[0] !== prose[0])) return false;
  const body = own === "" ? (behind[0] ?? "") : own;
  return ofReply.test(body) || ofHarm.test(body) || noChange.test(body);
};

/** So many paragraphs at the end may belong to a section. */
const longestSection = 24;

/** Where a last section begins that speaks of the revision: its title and a paragraph, or a list; null where none does. */
const startOfSection = (trimmed: string, isLetter: boolean): number | null => {
  const behind: string[] = [];
  let end = trimmed.length;
  while (behind.length < longestSection) {
    const gap = trimmed.lastIndexOf("\n\n", end - 1);
    const paragraph = trimmed.slice(gap + 1, end).trim();
    if (gap < 0) return null;
    if (isSection(paragraph, behind)) return isLetter && !setApart.test(paragraph) ? null : gap;
    if (!isList(paragraph) && behind.some((one) => !isList(one))) return null;
    if (paragraph !== "") behind.unshift(paragraph);
    end = trimmed.slice(0, gap).trimEnd().length;
  }
  return null;
};

/** A last paragraph or section that speaks of the revision instead of being part of it. */
export const cutClosing = (text: string): Shortened | null => {
  // The patterns are tried on last paragraphs alone, so that long runs of blank lines take no time.
  const trimmed = text.trimEnd();
  const start = trimmed.lastIndexOf("\n\n");
  const last = trimmed.slice(Math.max(0, start)).trimStart();
  const isLetter = salutation.test(text);
  const isLast = isRemark(last) && (!isLetter || setApart.test(last));
  // Code is handed over with a list of its changes.
  const from = isLast ? start : /^[^\S\n]*```/m.test(trimmed) ? null : startOfSection(trimmed, isLetter);
  const before = trimmed.slice(0, Math.max(0, from ?? 0)).trimEnd();
  return before.trim() === "" ? null : { text: before, cut: trimmed.slice(before.length) };
};
