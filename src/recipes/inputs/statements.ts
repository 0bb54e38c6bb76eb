// Whether what people argued for is a statement that an assistant could keep to, or a remark that slipped in ("I still do not
// know what to do."). Told after the fact; nothing is left out for it. Exact where people speak the sandbox's language, whose
// statements are known; elsewhere what asks something, thanks, or speaks of oneself is told, and may be a statement all the same.
// And whether a comment that was cited for a statement says it.

import type { Ground, Principle } from "../../records/index.ts";
import type { ArguedPrinciple } from "../../report/index.ts";
import { nameOf, readComment, readStatement } from "../../sandbox/index.ts";
import { counted } from "../summaries/wording.ts";
import { sandboxName } from "./stakeholders.ts";

/** The settings that tell in which language people speak. */
type Speaking = { readonly personas: string; readonly wording: string };

const remark = /^["“]?(?:i|i['’]m|i['’]d|thanks|thank you)\b|\?["”]?$/iu;
/** What somebody wants of an assistant tells it something. */
const wanted =
  /^["“]?i(?:['’]d (?:like|prefer)| (?:want|expect|need|wish|prefer|would like))(?: that)? (?:(?:the|an?|any|every|all|my|our) )?(?:ai|assistants?|chatbots?|models?|systems?|it|answers?|replies|responses?)\b.*[^?]$/isu;

const isRemark = (text: string): boolean => remark.test(text) && !wanted.test(text);

const speaksSandbox = ({ personas, wording }: Speaking): boolean =>
  personas === sandboxName && wording === "brief";

/** Those of the texts that are no statements. */
export const noStatements = (texts: readonly string[], speaking: Speaking): string[] =>
  texts.filter((text) =>
    speaksSandbox(speaking) ? readStatement(text.trim()) === null : isRemark(text.trim()),
  );

/** Whether a comment says what a principle says: exact in the sandbox's language, and null where that cannot be told. */
export const saysSame =
  (speaking: Speaking) =>
  (principle: string, comment: string): boolean | null => {
    if (!speaksSandbox(speaking)) return null;
    const [wanted, said] = [readStatement(principle.trim()), readComment(comment.trim())];
    if (wanted === null || said === null) return null;
    return typeof said !== "string" && nameOf(said) === nameOf(wanted);
  };

/** How many comments were cited for these principles, and how many of them say what their principle says. */
export const countCitations = (principles: readonly Pick<Principle, "grounds">[]) => {
  const cited = principles.flatMap(({ grounds = [] }) => grounds.filter(({ by }) => by === "cited"));
  return { cited: cited.length, saying: cited.filter(({ doubtful }) => doubtful === undefined).length };
};

/** A line about them; none where none was cited. */
export const describeCitations = (
  { cited, saying }: ReturnType<typeof countCitations>,
  speaking: Speaking,
): string[] => {
  if (cited === 0) return [];
  const what = speaksSandbox(speaking)
    ? saying === 1
      ? "says what its principle says"
      : "say what their principle says"
    : saying === 1
      ? "shares a word with its principle, and so may say the same"
      : "share a word with their principle, and so may say the same";
  const left = speaksSandbox(speaking) ? ", and count in no lineage" : ": look at them";
  const others = saying < cited ? `; the others are marked in the file (doubtful)${left}` : "";
  return [`Of ${counted(cited, "citation")} ${saying} ${what}${others}.`];
};

/** What came of looking at a remark that a principle points to. */
const describeLook = ({ by, doubtful }: Ground, speaking: Speaking): string => {
  if (by === "similar") return "not cited; the most similar in its words";
  if (doubtful === "says-other") return "cited; says something else";
  if (doubtful === "shares-no-word") return "cited; shares no word with it";
  return speaksSandbox(speaking) ? "cited; says the same" : "cited; shares a word with it";
};

/** Remarks that principles point to, for a page; votes and proposals are none. nameOf: a speaker's, by id. */
export const arguedRemarks = (
  principles: readonly Pick<Principle, "title" | "grounds">[],
  speaking: Speaking,
  nameOf: (speaker: string) => string,
): ArguedPrinciple[] =>
  principles.map(({ title, grounds = [] }) => ({
    principle: title,
    remarks: grounds
      .filter(({ by }) => by === "cited" || by === "similar")
      .map((ground) => ({
        ...{ speaker: nameOf(ground.speaker), said: ground.said },
        told: describeLook(ground, speaking),
      })),
  }));

const shownTexts = 3;

/** A line about them; none where there is none. what: what the texts are; advice: what to do about it. */
export const describeNoStatements = (
  found: readonly string[],
  all: number,
  speaking: Speaking,
  { what, advice }: { readonly what: string; readonly advice: string },
): string[] => {
  if (found.length === 0) return [];
  const named = found.slice(0, shownTexts).map((text) => `"${text}"`);
  const more = found.length > shownTexts ? ` and ${found.length - shownTexts} more` : "";
  const kind = speaksSandbox(speaking)
    ? `${found.length === 1 ? "is" : "are"} no statement of the sandbox's language (a remark, or words that it does not put together), which tells an assistant nothing for certain`
    : "may be no statement to keep to, being worded as a remark or a question";
  return [`${found.length} of ${counted(all, what)} ${kind}: ${named.join(", ")}${more}. ${advice}`];
};
