// Whether what people argued for is a statement that an assistant could keep to, or a remark that slipped in ("I still do not
// know what to do."). Told after the fact; nothing is left out for it. Exact where people speak the sandbox's language, whose
// statements are known; elsewhere what asks something, thanks, or speaks of oneself is told, and may be a statement all the same.
// And whether a comment that was cited for a statement says it.

import { counted } from "../../core/index.ts";
import type { Ground, Principle } from "../../records/index.ts";
import type { ArguedPrinciple } from "../../report/index.ts";
import { nameOf, readComment, readStatement } from "../../sandbox/index.ts";
import { sandboxName } from "../settings/stakeholders.ts";

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

/** What came of looking at a comment that a principle points to; "may": it shares a word, and nobody can tell more. */
type Look = "similar" | "same" | "may" | NonNullable<Ground["doubtful"]>;

const lookAt = (title: string, { by, said, doubtful }: Ground, speaking: Speaking): Look => {
  if (by === "similar") return "similar";
  return doubtful ?? (saysSame(speaking)(title, said) === true ? "same" : "may");
};

/**
 * How many comments were cited for these principles; how many of them say what their principle says, as far as that can be
 * told; how many share a word with it, where it cannot; and how many say something else. Of the rest nothing is known.
 */
export const countCitations = (
  principles: readonly Pick<Principle, "title" | "grounds">[],
  speaking: Speaking,
) => {
  const looks = principles.flatMap(({ title, grounds = [] }) =>
    grounds.filter(({ by }) => by === "cited").map((ground) => lookAt(title, ground, speaking)),
  );
  const countOf = (wanted: Look): number => looks.filter((look) => look === wanted).length;
  return {
    cited: looks.length,
    saying: countOf("same"),
    sharing: countOf("may"),
    sayingOther: countOf("says-other"),
  };
};

/** A line about them; none where none was cited. */
export const describeCitations = ({
  cited,
  saying,
  sharing,
  sayingOther,
}: ReturnType<typeof countCitations>): string[] => {
  if (cited === 0) return [];
  const says = saying === 1 ? "says what its principle says" : "say what their principle says";
  const shares = sharing === 1 ? "shares a word with its principle" : "share a word with their principle";
  const told = [
    ...(saying > 0 || sharing === 0 ? [`${saying} ${says}`] : []),
    ...(sharing > 0 ? [`${sharing} ${shares}, and so may say the same`] : []),
  ];
  const left = cited - saying - sharing;
  const where =
    sayingOther === 0
      ? ": look at them"
      : sayingOther === left
        ? ", and count in no lineage"
        : `; ${sayingOther} of them ${sayingOther === 1 ? "says something else and counts" : "say something else and count"} in no lineage`;
  const others = left > 0 ? `; the others are marked in the file (doubtful)${where}` : "";
  return [`Of ${counted(cited, "citation")} ${told.join("; ")}${others}.`];
};

const lookTexts: Readonly<Record<Look, string>> = {
  similar: "not cited; the most similar in its words",
  same: "cited; says the same",
  may: "cited; shares a word with it",
  "says-other": "cited; says something else",
  "shares-no-word": "cited; shares no word with it",
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
        told: lookTexts[lookAt(title, ground, speaking)],
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
