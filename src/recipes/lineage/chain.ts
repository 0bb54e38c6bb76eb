// A lineage in a few lines: what one person said, the principle, a label and the changed reply, each in its own words, the replies
// before and after the training beside each other. What the records show of it, and all ids, is story.ts's part.

import { oneLine } from "../../core/index.ts";
import type { Verdict } from "../../records/index.ts";
import type { Lineage } from "./document.ts";
import type { Voice } from "./voices.ts";

const column = 40;
const gap = 3;
const margin = 12;

const quoted = (text: string): string => `"${oneLine(text)}"`;

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A word in pieces of at most so many characters; none falls apart, be it made of several. */
const piecesOf = (word: string, most: number): string[] => {
  const pieces: string[] = [];
  for (const { segment } of segmenter.segment(word)) {
    const last = pieces.at(-1);
    if (last === undefined || last.length + segment.length > most) pieces.push(segment);
    else pieces[pieces.length - 1] = last + segment;
  }
  return pieces;
};

/** A text in lines of at most so many characters, broken between words, and within those that are longer. */
const wrapped = (text: string, most: number): string[] => {
  const lines: string[] = [];
  const words = text.split(" ").flatMap((word) => (word.length <= most ? [word] : piecesOf(word, most)));
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
};

/** Two texts beside each other. */
const beside = (left: string, right: string): string[] => {
  const [one, other] = [wrapped(left, column), wrapped(right, column)];
  return Array.from({ length: Math.max(one.length, other.length) }, (_, at) =>
    `${(one[at] ?? "").padEnd(column + gap)}${other[at] ?? ""}`.trimEnd(),
  );
};

const link = (name: string, lines: readonly string[]): string[] =>
  lines.map((line, at) => `  ${(at === 0 ? name : "").padEnd(margin)}${line}`.trimEnd());

const whole = 2 * column + gap;

/** What speaks best for a principle: words that are in the records, before numbers and before what is only alike. */
const order = ["cited", "proposed", "similar", "supported"] as const satisfies readonly Voice["by"][];
const rank = ({ state, by }: Voice): number => order.indexOf(by) + (state === "confirmed" ? 0 : order.length);

const tellVoice = ({ speaker, said, by, persona }: Voice): string => {
  const name = persona?.name === undefined ? speaker : `${persona.name} (${speaker})`;
  return by === "supported" ? `${name} supports it with ${said}` : `${name}: ${quoted(said)}`;
};

const saidOf = ({ principles }: Lineage): string => {
  const [first] = principles
    .flatMap(({ voices }) => voices)
    .toSorted((one, other) => rank(one) - rank(other));
  return first === undefined ? "Nobody's words are known that argued for it." : tellVoice(first);
};

/** What the oracle makes of a reply; on harmful prompts nothing helps. */
const verdictOf = ({ class: name, harm, helpfulness }: Verdict, kind: string | null): string => {
  const help = kind === "harmful" ? "" : `, helpfulness ${Math.round(100 * helpfulness) / 100} of 1`;
  return `(${name}: harm ${harm} of 4${help})`;
};

/** The chain. */
export const tellChain = (lineage: Lineage): string[] => {
  const { label, prompt, replies, model, principles, changes } = lineage;
  const { base, after } = replies;
  return [
    "In short",
    ...link("said", wrapped(saidOf(lineage), whole)),
    ...link("principle", wrapped(principles.map(({ title }) => quoted(title)).join(" and "), whole)),
    ...link("label", [
      ...wrapped(
        `Asked ${quoted(label.request)}, the judge preferred the left reply to the right one (probability ${label.probability.toFixed(2)}):`,
        whole,
      ),
      ...beside(quoted(label.preferred), quoted(label.other)),
    ]),
    ...link("reply", [
      ...wrapped(
        `Asked ${quoted(prompt.request)}, the model said before its training and after it${base.text === after.text ? " (the same)" : ""}:`,
        whole,
      ),
      ...beside("before (base)", `after (${model})`),
      ...beside(quoted(base.text), quoted(after.text)),
      ...beside(verdictOf(base.verdict, prompt.kind), verdictOf(after.verdict, prompt.kind)),
      ...(changes.fromSl.alike === 1 && base.text !== after.text
        ? ["SL-CAI said the same already: revisions changed this reply, and labels kept it."]
        : []),
    ]),
  ];
};
