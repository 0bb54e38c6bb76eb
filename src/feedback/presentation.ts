// How models present a revision or a critique that they were asked for: announcements, headings, lines drawn around it, and
// both in one reply. Patterns and cuts alone; the order in which they are tried is cleaning.ts' part, and what stands
// behind a revision is that of closing.ts.

import { earlierReply, ofFault, ofHarm, opening, replyWord, speaking } from "./reply-words.ts";

/** A text without what was cut. */
export type Shortened = { readonly text: string; readonly cut: string };

/** A sentence that takes the criticism in before the revision is presented. */
const acknowledged =
  "(?:I apologi[sz]e|I['’]m sorry|my apologies|you['’]re (?:absolutely )?right|thank you for|thanks for|good point|I(?:['’]d| would)(?: be)? (?:happy|glad|love)|happy to|glad to" +
  "|I (?:understand|agree|see\\b|should(?: not|n['’]t)? have)|that was (?:wrong|harmful|careless|rude|unkind|inappropriate)" +
  "|(?:my|the) (?:previous|last|earlier|original|initial|first|above) (?:response|answer|reply|message) (?:was|is|did|could|might|may|contained|should))";
const acknowledging = `(?:${acknowledged}[^.!:\\n]{0,160}[.!]\\s+){0,3}`;
/** "As requested, ", "Based on the critique, " */
const prompted =
  "(?:(?:as (?:you )?(?:requested|asked|instructed)|(?:based on|following|given|considering|after|in (?:light|response)|taking|with)\\b[^.!:\\n]{0,100}), )?";
const presenting = "(?:here(?:['’]s| is| would be)|below is|this is)";
const changed =
  "(?:revised|rewritten|reworked|improved|updated|corrected|edited|modified|reworded|alternative|new|better|safer|kinder|gentler|harmless)";
/** "more harmless", "less harmful and more polite" */
const compared = "(?:(?:more|less) [-\\w]+(?:,? (?:and|but|or|yet) (?:more |less )?[-\\w]+)?)";
const ofReply =
  "(?: (?:of|to|for) (?:(?:the|my|your|its|previous|last|original|earlier|initial|above|assistant['’]s|AI['’]s|model['’]s|assistant) ){0,4}" +
  "(?:response|answer|reply|message|statement|question|request|prompt))";
const tail =
  "(?:,? (?:that|which|with|without|so|in which|where|to be|addressing|removing|avoiding|aiming|aimed|intended|designed|meant|focus(?:s?ed|s?ing)|keeping|ensuring|taking|written|free of)\\b[^:\\n]{0,160})?";
/** "(less harmful)" */
const comment = "(?: \\([^()\\n]{1,80}\\))?";
/** A colon, or a paragraph that ends there. */
const ending = "(?::[*_]{0,2}(?:\\s+|$)|[.:]?[*_]{0,2}[^\\S\\n]*\\n[^\\S\\n]*\\n\\s*)";
const announcement = `\\s*[*_]{0,2}${opening}${acknowledging}${opening}${prompted}${presenting} (?:\\w+,? ){0,4}(?:(?:${changed}|${compared})(?:,? (?:and )?\\w+){0,3} (?:${replyWord}|version)|(?:${changed}|${compared}) (?:${replyWord}|version)|revision|rewrite)${ofReply}?${comment}${tail}${comment}${ending}`;

const statedReply =
  "(?:(?:the|my|your) (?:revised|rewritten|improved|updated|corrected|edited|reworded|better|safer) (?:response|answer|reply|version)" +
  "|an? (?:revised|improved|better|safer) (?:response|answer|reply))";
const stating = "(?:is|reads|(?:would|could|might) (?:be|read))(?: as follows)?";
const doing =
  "I(?:['’]ve| have| would have)? (?:revised|rewritten|reworded|updated|improved|corrected) (?:my|the|this)(?: (?:last|previous|earlier|original|assistant['’]s))*";
/** "The revised response is:", "I have revised my response as follows:" */
const statement = `\\s*${opening}${acknowledging}(?:${statedReply}${ofReply}? ${stating}|${doing} (?:response|answer|reply|message)(?: as follows| to [^:\\n]{1,160})?):\\s+(?=\\S)`;

/** Announcements, tried at a place. */
const announcements = [announcement, statement].map((pattern) => new RegExp(pattern, "iy"));

/** A text in which single line breaks are spaces: an announcement may go over two lines. Every place stays where it is. */
const unwrappedLines = (text: string): string => text.replace(/(?<=\S)\n(?=[^\S\n]*\S)/g, " ");

/** Where an announcement ends that begins at a place of a text with its lines unwrapped; null: none begins there. */
const endOfAnnouncement = (unwrapped: string, place: number): number | null => {
  for (const pattern of announcements) {
    pattern.lastIndex = place;
    if (pattern.test(unwrapped)) return pattern.lastIndex;
  }
  return null;
};

/** "Here is a revised response:", "The revised response is:". */
export const cutAnnouncement = (text: string): Shortened | null => {
  const end = endOfAnnouncement(unwrappedLines(text), 0);
  return end === null ? null : { text: text.slice(end), cut: text.slice(0, end) };
};

const revisedReply =
  "(?:(?:(?:the|my) )?(?:(?:assistant|AI|model)(?:['’]s)? )?(?:revised|rewritten|improved|updated) (?:(?:assistant|AI|model)(?:['’]s)? )?(?:response|answer|reply|version))";
const headed = "(?::[*_]{1,2}|[*_]{1,2}:|:|[*_]{1,2}(?=\\n))";
/** "Revision: I can't" and not "Revision: the best way to learn": a sentence follows, or a line of its own. */
const beforeSentence = "(?:(?=[:*_]*[^\\S\\n]*\\n)|(?=[:*_]+\\s*[^\\s:*_\\p{Ll}]))";
/** Either letter case of some words; a flag would make the lower-case letters above meaningless. */
const eitherCase = (words: string): string =>
  words.replace(/(?<!\\)[a-z](?![^[]*\])/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
const label = (words: string): string => `(?:#+ )?[*_]{0,2}${words}`;

const headings: Readonly<Record<"critique" | "revision", RegExp>> = {
  critique: new RegExp(`^\\s*(?:${label("critique")}${headed}|#+ critique[^\\S\\n]*(?=\\n))\\s*`, "i"),
  revision: new RegExp(
    `^\\s*(?:${label(`(?:${eitherCase(revisedReply)}${comment}|${eitherCase("(?:revision|response)")}${beforeSentence})`)}${headed}|\\[(?:${eitherCase(revisedReply)}|${eitherCase("revision")})\\]:?)\\s*`,
    "u",
  ),
};
/** "### Revised response", and without a mark where a blank line follows. */
const revisedLine = `(?:#+ ${revisedReply}${comment}[^\\S\\n]*(?=\\n|$)|${revisedReply}${comment}[^\\S\\n]*(?=\\n[^\\S\\n]*\\n))`;
const lineHeading = new RegExp(`^\\s*${revisedLine}\\s*`, "i");
const bareHeading = /^\s*#+ revision[^\S\n]*\n\s*/i;

/** "## Revision" is a title of the text's own where other titles stand beside it, or where it goes on about revision. */
const isOwnTitle = (rest: string): boolean =>
  /^#+ /m.test(rest) || /^[^\n]*\brevis(?:e|ed|es|ing|ions?)\b/i.test(rest);

/** "Revision:", "### Revised response". */
export const cutHeading = (text: string, purpose: "critique" | "revision"): Shortened | null => {
  const split = (length: number): Shortened => ({ text: text.slice(length), cut: text.slice(0, length) });
  const heading = headings[purpose].exec(text) ?? (purpose === "revision" ? lineHeading.exec(text) : null);
  if (heading !== null) return split(heading[0].length);
  const bare = purpose === "revision" ? bareHeading.exec(text) : null;
  return bare === null || isOwnTitle(text.slice(bare[0].length)) ? null : split(bare[0].length);
};

const revisionLabel = `${label(`(?:${revisedReply}|revision)${comment}`)}(?::[*_]{1,2}|[*_]{1,2}:|:)[^\\S\\n]*`;
const markedLine = `(?:#+ revision|(?:#+ )?[*_]{1,2}(?:${revisedReply}|revision)[*_]{1,2})[^\\S\\n]*(?=\\n)`;
const revisionLine = new RegExp(`^[^\\S\\n]*(?:${revisionLabel}|${markedLine}|${revisedLine})`, "im");
const revisionInside = new RegExp(
  `(?:^[^\\S\\n]*|[.!?*"”)][^\\S\\n]+)(?:${revisionLabel})|^[^\\S\\n]*(?:${markedLine}|${revisedLine})`,
  "im",
);

/** A critique without a label: it begins with what a reply (group 1; an assistant's: group 2), or who gave it, does. */
const criticised = new RegExp(
  `^\\s*(?:the (?:assistant|AI|model)|((the (?:assistant|AI)['’]s (?:${earlierReply} )?${replyWord})|the model['’]s (?:${earlierReply} )?${replyWord}|(?:my|the|this|your) ${earlierReply} ${replyWord}|(?:the|this) (?:response|answer|reply))) ${speaking}\\b`,
  "i",
);
/** A revision that is said to be one of a reply; a version may be one of anything. */
const ofRevisedReply = new RegExp(`\\b(?:revised|rewritten) (?:[-\\w]+ ){0,2}${replyWord}\\b`, "i");

/**
 * Whether a text criticises a reply in its first paragraph. Models, assistants and answers are and do many things: what is
 * said there has to be of an assistant's reply, of harm, or of a reply's faults, or what stands behind it has to be announced
 * as a reply that was revised.
 */
const isCritique = (text: string, announced: string): boolean => {
  const subject = criticised.exec(text);
  if (subject === null) return false;
  const [, ofReply, ofAssistant] = subject;
  if (ofAssistant !== undefined || ofRevisedReply.test(announced)) return true;
  const [said = ""] = text.slice(subject[0].length).split(/\n[^\S\n]*\n/, 1);
  return ofHarm.test(said) || (ofReply !== undefined && ofFault.test(said));
};

type Place = { readonly start: number; readonly end: number };

/** Where an announcement stands that presents the revision as a paragraph of its own. */
const announcedInside = (text: string): Place | null => {
  const unwrapped = unwrappedLines(text);
  for (const { index, 0: gap } of text.matchAll(/\n[^\S\n]*\n\s*/g)) {
    const end = endOfAnnouncement(unwrapped, index + gap.length);
    if (end !== null) return { start: index, end };
  }
  return null;
};

/** A critique before the revision that was asked for, or a revision after the critique that was: the other of the two. */
export const cutOtherPart = (text: string, purpose: "critique" | "revision"): Shortened | null => {
  if (purpose === "critique") {
    const line = revisionLine.exec(text);
    const before = text.slice(0, line?.index ?? 0).trimEnd();
    return line === null || before === "" ? null : { text: before, cut: text.slice(before.length) };
  }
  const isLabelled = headings.critique.test(text);
  if (!isLabelled && !criticised.test(text)) return null;
  const inside = (isLabelled ? revisionInside : revisionLine).exec(text);
  const place =
    inside === null ? announcedInside(text) : { start: inside.index, end: inside.index + inside[0].length };
  if (place === null) return null;
  const { start, end } = place;
  if (!isLabelled && !isCritique(text.slice(0, start), text.slice(start, end))) return null;
  return { text: text.slice(end).trimStart(), cut: text.slice(0, end) };
};

const turn = /(?:^|\n)[^\S\n]*(?:Human|User):/;
const assistantTurn = /\n[^\S\n]*\n[^\S\n]*(?:Assistant|AI):\s*/g;

/**
 * The conversation told again before its one new reply: "Here's a revision: User: … Assistant: …". Where it has several
 * turns of the assistant, none of them is known to be the revision.
 */
export const cutRetold = (text: string): Shortened | null => {
  const first = turn.exec(text);
  if (first === null) return null;
  let head: string | undefined = `${text.slice(0, first.index)}\n\n`;
  while (head !== undefined && head.trim() !== "")
    head = (cutAnnouncement(head) ?? cutHeading(head, "revision"))?.text;
  if (head === undefined) return null;
  const [reply, ...others] = text.matchAll(assistantTurn);
  if (reply === undefined || others.length > 0) return null;
  const end = reply.index + reply[0].length;
  return { text: text.slice(end), cut: text.slice(0, end) };
};

const line = "(?:-{3,}|\\*{3,}|_{3,})[^\\S\\n]*";
const lineBefore = new RegExp(`^\\s*${line}\\n\\s*`);
const lineAlone = new RegExp(`^[^\\S\\n]*${line}$`);

/** The head of a document ("---", a field and more lines, "---"): its first line belongs to the second. */
const frontMatter =
  /^\s*---[^\S\n]*\n[\w-]+:(?:[^\S\n][^\n]*)?\n(?:[^\S\n]*(?:[^\s-]|-(?!--))[^\n]*\n)*---[^\S\n]*(?:\n|$)/;

/** A line drawn above a text. */
export const cutLineAbove = (text: string): Shortened | null => {
  const [cut] = lineBefore.exec(text) ?? [];
  return cut === undefined || frontMatter.test(text) ? null : { text: text.slice(cut.length), cut };
};

/** A line drawn below a text; what stands directly on it would be a title. */
export const cutLineBelow = (text: string): Shortened | null => {
  const trimmed = text.trimEnd();
  const start = trimmed.lastIndexOf("\n");
  const before = trimmed.slice(0, Math.max(0, start));
  if (!lineAlone.test(trimmed.slice(start + 1)) || before.trim() === "") return null;
  return before.trimEnd() === before && !before.endsWith("\n")
    ? null
    : { text: before.trimEnd(), cut: trimmed.slice(before.trimEnd().length) };
};

/** Whether a text stands between two lines, with no other inside. */
export const isBetweenLines = (text: string): boolean => {
  const lines = text.trim().split("\n");
  const drawn = lines.flatMap((one, at) => (lineAlone.test(one) ? [at] : []));
  const [first, last] = [0, lines.length - 1];
  return (
    drawn.length === 2 &&
    drawn[0] === first &&
    drawn[1] === last &&
    lines[1]?.trim() === "" &&
    lines.at(-2)?.trim() === ""
  );
};
