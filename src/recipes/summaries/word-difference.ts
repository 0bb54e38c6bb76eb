// What distinguishes two texts, for a person to read: words in colours on a terminal, in git's marks elsewhere.
// Which words differ is constitution/difference.ts's part.

import type { TextDifference, WordRun } from "../../constitution/index.ts";
import { counted } from "../../core/index.ts";

const escapeCode = "\u001b[";
const removed = [`${escapeCode}31;9m`, `${escapeCode}0m`] as const;
const added = [`${escapeCode}32m`, `${escapeCode}0m`] as const;

const marksOf = (kind: WordRun["kind"], colours: boolean): readonly [string, string] => {
  if (kind === "same") return ["", ""];
  if (kind === "removed") return colours ? removed : ["[-", "-]"];
  return colours ? added : ["{+", "+}"];
};

/** The second text with what was removed from the first: `Which [-more-]{+less+} kind?`, or in colours. */
export const markDifference = ({ runs }: TextDifference, colours = false): string => {
  let text = "";
  for (const run of runs) {
    const [open, close] = marksOf(run.kind, colours);
    const words = run.text.trimEnd();
    const space = run.text.slice(words.length);
    // The text between the marks has the second text's spaces; what was removed from its middle had one before it.
    const gap =
      run.kind === "removed" && /[\p{L}\p{N}]$/u.test(text) && /^[\p{L}\p{N}]/u.test(words) ? " " : "";
    text += words === "" ? space : `${gap}${open}${words}${close}${space}`;
  }
  return text.trimEnd();
};

/** "3 words removed, 5 added, 20 kept"; "nothing" where the texts are the same. */
export const countDifference = ({ runs, removed: lost, added: gained, kept }: TextDifference): string =>
  runs.every(({ kind }) => kind === "same")
    ? "nothing"
    : `${counted(lost, "word")} removed, ${gained} added, ${kept} kept`;

/** Below this share of kept words a marked text is harder to read than the new one alone. */
const readableShare = 0.3;

/** Whether so much stayed that the marked text is worth showing. */
export const isReadable = ({ kept, removed: lost, added: gained }: TextDifference): boolean =>
  lost + gained > 0 && kept >= readableShare * Math.max(kept + lost, kept + gained);
