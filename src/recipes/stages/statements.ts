// Whether what people argued for is a statement that an assistant could keep to, or a remark that slipped in ("I still do not
// know what to do."). Told after the fact; nothing is left out for it. Exact where people speak the sandbox's language, whose
// statements are known; elsewhere what asks something, thanks, or speaks of oneself is told, and may be a statement all the same.
// And whether a comment that was cited for a statement says it.

import type { Ground, Principle } from "../../records/index.ts";
import { nameOf, readComment, readStatement } from "../../sandbox/index.ts";
import { sentencesIn } from "../../simulation/index.ts";
import { type Speaking, sandboxName } from "../settings/stakeholders.ts";

const remark = /^["“]?(?:i|i['’]m|i['’]d|thanks|thank you)\b|\?["”]?$/iu;
/** What somebody wants of an assistant tells it something. */
const wanted =
  /^["“]?i(?:['’]d (?:like|prefer)| (?:want|expect|need|wish|prefer|would like))(?: that)? (?:(?:the|an?|any|every|all|my|our) )?(?:ai|assistants?|chatbots?|models?|systems?|it|answers?|replies|responses?)\b.*[^?]$/isu;

const isRemark = (text: string): boolean => remark.test(text) && !wanted.test(text);

/** Whether people speak the language whose statements are known. */
export const speaksSandbox = ({ personas, wording }: Speaking): boolean =>
  personas === sandboxName && wording === "brief";

/** Those of the texts that are no statements. */
export const noStatements = (texts: readonly string[], speaking: Speaking): string[] =>
  texts.filter((text) =>
    speaksSandbox(speaking)
      ? sentencesIn(text).some((sentence) => readStatement(sentence) === null)
      : isRemark(text.trim()),
  );

/**
 * Whether a comment says what a principle says, or one sentence of it where it is a whole system message: exact in the sandbox's
 * language, and null where that cannot be told.
 */
export const saysSame =
  (speaking: Speaking) =>
  (principle: string, comment: string): boolean | null => {
    if (!speaksSandbox(speaking)) return null;
    const said = readComment(comment.trim());
    const wanted = sentencesIn(principle).map(readStatement);
    if (wanted.length === 0 || said === null || wanted.includes(null)) return null;
    return typeof said !== "string" && wanted.some((wish) => wish !== null && nameOf(wish) === nameOf(said));
  };

/** What came of looking at a comment that a principle points to; "may": it shares a word, and nobody can tell more. */
export type Look = "similar" | "same" | "may" | NonNullable<Ground["doubtful"]>;

/** Looks at one ground of a principle. */
export const lookAt = (title: string, { by, said, doubtful }: Ground, speaking: Speaking): Look => {
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
