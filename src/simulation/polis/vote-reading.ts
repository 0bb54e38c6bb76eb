// Reading a vote of a model that plays a voter: from the log-probabilities of three letters, or from what it wrote, strictly:
// a letter or the option's word, and nothing that speaks of another option. What cannot be read is no vote and no guess.

import type { Reply, Score } from "../../models/index.ts";
import { unwrapped, withoutLead } from "../../models/index.ts";
import { type MissingReason, type VoteKind, voteKinds } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import type { VoteForecast } from "./held-out.ts";
import type { OptionOrder } from "./voter-wording.ts";

/** Chances of the options from their log-probabilities, normalised over the three; or why there are none. */
export const readChances = (
  { logProbabilities, declined, said }: Score,
  order: OptionOrder,
): VoteForecast | MissingReason => {
  const given = logProbabilities.flatMap((one) => (one === null || Number.isNaN(one) ? [] : [one]));
  const most = Math.max(...given);
  if (given.length < order.length || !Number.isFinite(most)) {
    if (declined !== undefined) return declined;
    if (said === undefined) return "not-given";
    return said.trim() === "" ? "empty" : "unreadable";
  }
  const weights = given.map((one) => Math.exp(one - most));
  const sum = weights.reduce((total, one) => total + one, 0);
  const of = (kind: VoteKind): number => weights[order.indexOf(kind)]! / sum;
  return { agree: of("agree"), disagree: of("disagree"), pass: of("pass") };
};

/** A letter in brackets, with one behind it, or bare before something that is no word. */
const letterPattern = /^(?:option\s+)?(?:\(([ABC])\)|\[([ABC])\]|([ABC])\)|([ABC])(?=\s*(?:$|[.,:;\n])))/i;
/** The option's word, as an answer or as what somebody does. */
const wordPattern =
  /^(?:(?:i|they|(?:the|this) person)\s+(?:would\s+)?(?:vote\s+)?)?(agree|disagree|pass)(?:s|d|es|ed)?\b/i;

/** The kind that a text begins with, and what follows; null: none. */
const beginning = (
  text: string,
  order: OptionOrder,
): { readonly kind: VoteKind; readonly rest: string } | null => {
  const letter = letterPattern.exec(text);
  const word = wordPattern.exec(text);
  if (letter === null)
    return word === null
      ? null
      : {
          kind: voteKinds.find((kind) => kind === word[1]!.toLowerCase())!,
          rest: text.slice(word[0].length),
        };
  const found = letter.slice(1).find((group) => group !== undefined)!;
  const kind = order["ABC".indexOf(found.toUpperCase())]!;
  const rest = text.slice(letter[0].length);
  const behind = rest.replace(/^\s*[.,:–-]?\s*/, "");
  const own = wordPattern.exec(behind);
  return { kind, rest: own?.[1]?.toLowerCase() === kind ? behind.slice(own[0].length) : rest };
};

/** The kinds that a text names by word or letter. */
const namedIn = (text: string, order: OptionOrder): VoteKind[] =>
  order.filter((kind, at) =>
    new RegExp(`\\b${kind}(?:s|d|es|ed)?\\b|[([]${"ABC"[at]}[)\\]]`, "i").test(text),
  );

/** The vote that a reply holds, or why it holds none. */
export const readVoteReply = (
  { text, finish }: Pick<Reply, "text" | "finish">,
  order: OptionOrder,
): VoteKind | MissingReason => {
  if (finish === "refusal" || finish === "overflow" || finish === "rejected") return finish;
  const said = unwrapped(withoutThought(text));
  if (said === "") return finish === "length" ? "cut" : "empty";
  for (const candidate of [said, withoutLead(said)]) {
    const found = beginning(candidate, order);
    if (found === null) continue;
    if (namedIn(candidate, order).some((kind) => kind !== found.kind)) return "contradictory";
    if (/^\s*(?:$|[.,;:!\n])/.test(found.rest)) return found.kind;
  }
  if (namedIn(said, order).length > 1) return "contradictory";
  return finish === "length" ? "cut" : "unreadable";
};

/** The description that a reply holds, or why it holds none. One that was cut is none: its end may say the opposite. */
export const readDescription = ({
  text,
  finish,
}: Pick<Reply, "text" | "finish">): { readonly persona: string } | { readonly reason: MissingReason } => {
  if (finish === "length") return { reason: "cut" };
  if (finish !== "stop") return { reason: finish };
  const persona = withoutThought(text);
  return persona === "" ? { reason: "empty" } : { persona };
};
