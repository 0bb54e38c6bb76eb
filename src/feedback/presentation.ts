// How models present a revision or a critique that they were asked for: announcements, headings, remarks on what was
// changed, and both in one reply. Patterns and cuts alone; the order in which they are tried is cleaning.ts' part.

/** A text without what was cut. */
export type Shortened = { readonly text: string; readonly cut: string };

/** A sentence that takes the criticism in before the revision is presented. */
const acknowledging =
  "(?:(?:I apologi[sz]e|I['’]m sorry|my apologies|you['’]re (?:absolutely )?right|thank you for|thanks for|good point|I(?:['’]d| would)(?: be)? (?:happy|glad|love)|happy to|glad to)[^.!:\\n]{0,160}[.!]\\s+){0,2}";
const opening =
  "(?:(?:sure|certainly|of course|okay|ok|absolutely|yes|understood|thank you)(?: thing)?[,.!:]*\\s+)?";
const presenting = "(?:here(?:['’]s| is| would be)|below is|this is)";
const changed =
  "(?:revised|rewritten|reworked|improved|updated|corrected|edited|modified|reworded|alternative|new|better|safer|kinder|gentler|harmless)";
/** "more harmless", "less harmful and more polite" */
const compared = "(?:(?:more|less) [-\\w]+(?:,? (?:and|but|or|yet) (?:more |less )?[-\\w]+)?)";
const replyWord = "(?:response|answer|reply|message|statement)";
const ofReply =
  "(?: (?:of|to|for) (?:(?:the|my|your|its|previous|last|original|earlier|initial|above|assistant['’]s|AI['’]s|model['’]s|assistant) ){0,4}" +
  "(?:response|answer|reply|message|statement|question|request|prompt))";
const tail =
  "(?:,? (?:that|which|with|without|so|in which|where|to be|addressing|removing|avoiding)\\b[^:\\n]{0,160})?";
/** A colon, or a paragraph that ends there. */
const ending = "(?::(?:\\s+|$)|[.:]?[^\\S\\n]*\\n[^\\S\\n]*\\n\\s*)";
export const announcement = new RegExp(
  `^\\s*${opening}${acknowledging}${opening}${presenting} (?:\\w+,? ){0,4}(?:(?:${changed}|${compared})(?:,? (?:and )?\\w+){0,3} (?:${replyWord}|version)|(?:${changed}|${compared}) (?:${replyWord}|version)|revision|rewrite)${ofReply}?${tail}${ending}`,
  "i",
);

const statedReply =
  "(?:(?:the|my|your) (?:revised|rewritten|improved|updated|corrected|edited|reworded|better|safer) (?:response|answer|reply|version)" +
  "|an? (?:revised|improved|better|safer) (?:response|answer|reply))";
const stating = "(?:is|reads|(?:would|could|might) (?:be|read))(?: as follows)?";
const doing =
  "I(?:['’]ve| have| would have)? (?:revised|rewritten|reworded|updated|improved|corrected) (?:my|the|this)(?: (?:last|previous|earlier|original|assistant['’]s))*";
/** "The revised response is:", "I have revised my response as follows:" */
export const statement = new RegExp(
  `^\\s*${opening}${acknowledging}(?:${statedReply}${ofReply}? ${stating}|${doing} (?:response|answer|reply|message)(?: as follows| to [^:\\n]{1,160})?):\\s+(?=\\S)`,
  "i",
);

const revisedReply =
  "(?:(?:(?:the|my) )?(?:(?:assistant|AI|model)(?:['’]s)? )?(?:revised|rewritten|improved|updated) (?:response|answer|reply|version))";
const headed = "(?::\\*\\*|\\*\\*:|:|\\*\\*(?=\\n))";
/** "Revision: I can't" and not "Revision: the best way to learn": a sentence follows, or a line of its own. */
const beforeSentence = "(?:(?=[:*]*[^\\S\\n]*\\n)|(?=[:*]+\\s*[^\\s:*\\p{Ll}]))";
/** Either letter case of some words; a flag would make the lower-case letters above meaningless. */
const eitherCase = (words: string): string =>
  words.replace(/(?<!\\)[a-z](?![^[]*\])/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
const label = (words: string): string => `(?:\\*\\*|#+ )?${words}`;

export const headings: Readonly<Record<"critique" | "revision", RegExp>> = {
  critique: new RegExp(`^\\s*${label("critique")}${headed}\\s*`, "i"),
  revision: new RegExp(
    `^\\s*(?:${label(`(?:${eitherCase(revisedReply)}|${eitherCase("(?:revision|response)")}${beforeSentence})`)}${headed}|\\[(?:${eitherCase(revisedReply)}|${eitherCase("revision")})\\]:?)\\s*`,
    "u",
  ),
};

const revisionHeading = `${label(`(?:${revisedReply}|revision)`)}(?::\\*\\*|\\*\\*:|:)[^\\S\\n]*`;
const revisionLine = new RegExp(`^[^\\S\\n]*${revisionHeading}`, "im");
const revisionInside = new RegExp(`(?:^[^\\S\\n]*|[.!?*"”)][^\\S\\n]+)(${revisionHeading})`, "im");

/** A critique before the revision that was asked for, or a revision after the critique that was: the other of the two. */
export const cutOtherPart = (text: string, purpose: "critique" | "revision"): Shortened | null => {
  if (purpose === "critique") {
    const line = revisionLine.exec(text);
    const before = text.slice(0, line?.index ?? 0).trimEnd();
    return line === null || before === "" ? null : { text: before, cut: text.slice(before.length) };
  }
  if (!headings.critique.test(text)) return null;
  const inside = revisionInside.exec(text);
  if (inside === null) return null;
  const end = inside.index + inside[0].length;
  return { text: text.slice(end).trimStart(), cut: text.slice(0, end) };
};

const mark = "\\(?(?:\\*\\*|\\*|_)?(?:note: )?";
/** "This revised response takes out …", "I have removed the harmful advice …". */
const remark = new RegExp(
  `^${mark}(?:(?:in this|this) (?:revised|rewritten|updated|improved) (?:response|version|answer|reply|message)\\b` +
    "|I(?:['’]ve| have)? (?:also )?(?:removed|revised|rewritten|rewrote|changed|avoided|replaced|omitted|edited|modified|adjusted|softened|toned down|left out|taken out|took out)" +
    " (?:the|any|all|some of the|my (?:previous|last|earlier|original))(?: [-\\w'’]+,?){0,5}" +
    " (?:response|answer|reply|advice|information|content|details|instructions|suggestions?|language|wording|tone|remarks?|parts?)\\b)",
  "i",
);

/** A letter says of itself what somebody did; only a remark that is set apart speaks of the revision. */
const salutation = /^\s*dear\b[^\n]{0,80},[^\S\n]*\n/i;
const setApart = /^(?:[(*_]|note:)/i;

/** A last paragraph that speaks of the revision instead of being part of it. */
export const cutClosing = (text: string): Shortened | null => {
  // The pattern is tried on the last paragraph alone, so that long runs of blank lines take no time.
  const trimmed = text.trimEnd();
  const start = trimmed.lastIndexOf("\n\n");
  const before = trimmed.slice(0, Math.max(0, start)).trimEnd();
  const last = trimmed.slice(start).trimStart();
  if (before.trim() === "" || !remark.test(last)) return null;
  if (salutation.test(text) && !setApart.test(last)) return null;
  return { text: before, cut: trimmed.slice(before.length) };
};
