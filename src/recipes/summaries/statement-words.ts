// What is said of the statements that people argued for, and of the comments that were cited for them: lines for a person, and
// remarks for a page. Whether a comment says what it was cited for is looked up in stages/statements.ts.

import { counted } from "../../core/index.ts";
import type { Principle } from "../../records/index.ts";
import type { ArguedPrinciple } from "../../report/index.ts";
import type { Speaking } from "../settings/stakeholders.ts";
import { type countCitations, type Look, lookAt, speaksSandbox } from "../stages/statements.ts";

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
