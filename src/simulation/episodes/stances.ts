// What a model says of comments in a word: whether one asks for a change, and whether one text is for another or against it; and
// the rule that sorts comments by it. Of what stands a comment goes to the first that it is for, else to the first that it is
// against; of what others said, to the matter on which it agrees or disagrees most with all who spoke on it. So a wrong word
// about one pair is outvoted by right ones about others.

import type { Reply } from "../../models/index.ts";
import { demandAnswers, stanceAnswers } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import type { Sorted } from "./sorting.ts";

export type Demand = (typeof demandAnswers)[number];
/** What a text is to another one. */
export type Stance = (typeof stanceAnswers)[number];

/** One of the words, alone but for white space and a full stop, in small or capital letters. */
const readWord = <Word extends string>(
  { text, finish }: Pick<Reply, "text" | "finish">,
  words: readonly Word[],
): Word | { readonly problem: string } => {
  if (finish === "length") return { problem: "the reply was cut at its limit of tokens" };
  if (finish !== "stop") return { problem: `the reply ended as ${finish}` };
  const said = withoutThought(text);
  if (said === "") return { problem: "the reply is empty" };
  const plain = said.replace(/\s*\.$/, "").toLowerCase();
  const found = words.find((word) => word === plain);
  const expected = words.map((word) => `"${word}"`).join(" or ");
  return found ?? { problem: `the reply is none of ${expected}` };
};

/** Reads whether a comment asks for a change, strictly. problem: why it cannot be read. */
export const readDemand = (reply: Pick<Reply, "text" | "finish">): Demand | { readonly problem: string } =>
  readWord(reply, demandAnswers);

/** Reads what a text is to another one, strictly. problem: why it cannot be read. */
export const readStance = (reply: Pick<Reply, "text" | "finish">): Stance | { readonly problem: string } =>
  readWord(reply, stanceAnswers);

/** Where a comment goes that is this to each text that stands, in their order; null: nothing stands on its matter. */
export const sortToStanding = (stances: readonly Stance[]): Sorted | null => {
  // of both sides that stand, a comment is for its own
  const own = stances.indexOf("for");
  if (own >= 0) return { standing: own, side: "for" };
  const contrary = stances.indexOf("against");
  return contrary < 0 ? null : { standing: contrary, side: "against" };
};

const signs = { for: 1, against: -1, neither: 0 } as const satisfies Record<Stance, number>;

/** A comment on a matter, and whether it is on the side of the first one (1) or the other (-1). */
type Member = { readonly number: number; readonly sign: number };

/**
 * Where comments go on whose matters nothing stands. numbers: theirs, in order. stanceOf: what a comment is to an earlier one.
 * Of matters on which it agrees or disagrees as much, a comment goes to the earliest; where it does so on none, it is new.
 */
export const sortToEachOther = (
  numbers: readonly number[],
  stanceOf: (earlier: number, number: number) => Stance,
): ReadonlyMap<number, Sorted> => {
  const sorted = new Map<number, Sorted>();
  const matters: Member[][] = [];
  for (const number of numbers) {
    const agreements = matters.map((members) =>
      members.reduce((sum, { number: earlier, sign }) => sum + sign * signs[stanceOf(earlier, number)], 0),
    );
    const most = Math.max(0, ...agreements.map(Math.abs));
    if (most === 0) {
      matters.push([{ number, sign: 1 }]);
      sorted.set(number, "new");
      continue;
    }
    const at = agreements.findIndex((agreement) => Math.abs(agreement) === most);
    const sign = Math.sign(agreements[at]!);
    const members = matters[at]!;
    sorted.set(number, { comment: members[0]!.number, side: sign > 0 ? "for" : "against" });
    members.push({ number, sign });
  }
  return sorted;
};
