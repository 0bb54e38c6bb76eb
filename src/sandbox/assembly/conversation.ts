// A public conversation of the closed world, as Polis exports one: statements of the language and people who vote on them by
// their wishes. For whoever wants to see how well held-out votes are told where it is known what people want.

import { createRandom, deriveSeed } from "../../core/index.ts";
import type { VoteKind } from "../../records/index.ts";
import { sandboxPersonas, wishesOf } from "./persona.ts";
import { voteOn } from "./poll.ts";
import { type SentenceSplit, sentencesOf } from "./sentences.ts";
import { allWishes, type Wish } from "./wish.ts";

/** statements: at most as many of each wish as the language has; seen: share of them that a person votes on. */
export type SandboxConversationOptions = {
  readonly seed: number;
  readonly voters: number;
  readonly statements: number;
  readonly seen: number;
  readonly split: SentenceSplit;
};

/** votes: one for each statement, null where the person has not seen it. */
export type SandboxConversation = {
  readonly statements: readonly string[];
  readonly voters: readonly {
    readonly description: string;
    readonly votes: readonly (VoteKind | null)[];
  }[];
};

type Said = { readonly wish: Wish; readonly text: string };

/** So many statements, of each wish as many as of any other, in chance order. */
const drawStatements = ({ seed, statements: count, split }: SandboxConversationOptions): Said[] => {
  const random = createRandom(deriveSeed(seed, "conversation-statements"));
  const byWish = allWishes.map((wish) => random.shuffle(sentencesOf(wish, "statement", split)));
  const wishes = random.shuffle(allWishes.map((_, at) => at));
  const drawn = Array.from({ length: count }, (_, at): Said => {
    const wish = wishes[at % wishes.length]!;
    const texts = byWish[wish]!;
    return { wish: allWishes[wish]!, text: texts[Math.floor(at / wishes.length) % texts.length]! };
  });
  return random.shuffle(drawn);
};

/** A conversation of so many people; voter i depends on (seed, i) and on the statements alone. */
export const sandboxConversation = (options: SandboxConversationOptions): SandboxConversation => {
  const { seed, voters, seen } = options;
  const statements = drawStatements(options);
  return {
    statements: statements.map(({ text }) => text),
    voters: sandboxPersonas({ seed, count: voters }).map(({ description }, at) => {
      const random = createRandom(deriveSeed(seed, "conversation-votes", at));
      const wishes = wishesOf(description)!;
      const votes = statements.map(({ wish }) => (random.next() < seen ? voteOn(wishes, wish) : null));
      return { description, votes };
    }),
  };
};

const numberOf = { agree: "1", disagree: "-1", pass: "0" } as const satisfies Record<VoteKind, string>;

/** The two files of a Polis export, as CSV: comments.csv and participants-votes.csv. */
export const conversationFiles = ({
  statements,
  voters,
}: SandboxConversation): { readonly comments: string; readonly votes: string } => {
  const lines = (rows: readonly (readonly (string | number)[])[]): string =>
    `${rows.map((row) => row.join(",")).join("\n")}\n`;
  const countOf = (statement: number, kind: VoteKind): number =>
    voters.filter(({ votes }) => votes[statement] === kind).length;
  return {
    comments: lines([
      ["comment-id", "agrees", "disagrees", "moderated", "comment-body"],
      ...statements.map((text, at) => [
        ...[at, countOf(at, "agree"), countOf(at, "disagree"), 1],
        `"${text.replaceAll('"', '""')}"`,
      ]),
    ]),
    votes: lines([
      ["participant", ...statements.map((_, at) => at)],
      ...voters.map(({ votes }, at) => [at, ...votes.map((vote) => (vote === null ? "" : numberOf[vote]))]),
    ]),
  };
};
