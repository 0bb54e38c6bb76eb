// Polls to learn to play voters from: people who vote on statements, told by the votes that they cast before or by a
// description, and descriptions made of votes. A person votes by the own wishes: agrees with what serves them, disagrees with
// the contrary, passes on what they do not care about. How a vote is put to a model is not known here.

import { createRandom, deriveSeed, type Random } from "../../core/index.ts";
import type { VoteKind } from "../../records/index.ts";
import { drawSides } from "./ballot.ts";
import { describePerson, drawWishes } from "./persona.ts";
import { supportFor } from "./satisfaction.ts";
import { type SceneSplit, say } from "./scene-source.ts";
import { sentencesOf } from "./sentences.ts";
import { allWishes, oppositeOf, topicOf, type Wish } from "./wish.ts";

/** A statement with what a person voted on it. */
export type PollVote = { readonly text: string; readonly vote: VoteKind };

/** A vote by votes or by a description (persona), or the description that votes amount to. */
export type PollScene =
  | {
      readonly kind: "by-votes";
      readonly shown: readonly PollVote[];
      readonly statement: string;
      readonly vote: VoteKind;
    }
  | {
      readonly kind: "by-persona";
      readonly persona: string;
      readonly statement: string;
      readonly vote: VoteKind;
    }
  | { readonly kind: "description"; readonly shown: readonly PollVote[]; readonly persona: string };

const kinds = ["by-votes", "by-persona", "description"] as const;
const kindShares = [0.25, 0.35, 0.4];

/** Shares of statements that a person wants, of which the contrary is wanted, and that the person does not care about. */
const sideShares = [0.35, 0.35, 0.3] as const;

/**
 * The same of votes that are shown of people with one wish, who come first in training: mostly agreement, as most of their
 * wishes are to protect. What holds for all sides alike is a puzzle of two or three yes or no, of which no part helps alone;
 * with one side more frequent, its parts are learned one after the other.
 */
const firstShares = [0.52, 0.18, 0.3] as const;

/** How often something that is on the statement's topic was voted on before, where the person cares about it. */
const toldShare = 0.9;

/** What a person of these wishes votes on a statement that says this one. */
export const voteOn = (wishes: readonly Wish[], wish: Wish): VoteKind => {
  const support = supportFor(wishes, [wish]);
  if (support === 5) return "pass";
  return support > 5 ? "agree" : "disagree";
};

/** Wishes of a person: one, of which as many are to protect as in an assembly, or several, as of ballots. */
const drawVoter = (random: Random, oneWishShare: number): Wish[] =>
  random.next() < oneWishShare ? [random.pick(drawWishes(random))] : drawSides(random, 0);

const drawStatement = (
  random: Random,
  wishes: readonly Wish[],
  shares: readonly [number, number, number],
): Wish => {
  const side = random.weighted(shares);
  if (side === 0) return random.pick(wishes);
  if (side === 1) return oppositeOf(random.pick(wishes));
  const topics = wishes.map(topicOf);
  return random.pick(allWishes.filter((wish) => !topics.includes(topicOf(wish))));
};

/** Something on the topic of a statement that a person cares about: what the person wants there, or the contrary. */
const drawTold = (
  random: Random,
  wishes: readonly Wish[],
  asked: Wish,
  [wanted, contrary]: readonly [number, number, number],
): Wish => {
  const own = wishes.find((wish) => topicOf(wish) === topicOf(asked))!;
  return random.next() * (wanted + contrary) < wanted ? own : oppositeOf(own);
};

/** The wishes that votes show, in their order. */
const shownWishes = (voted: readonly { readonly wish: Wish; readonly vote: VoteKind }[]): Wish[] => {
  const found: Wish[] = [];
  for (const { wish, vote } of voted) {
    const meant = vote === "pass" ? null : vote === "agree" ? wish : oppositeOf(wish);
    if (meant !== null && !found.some((one) => topicOf(one) === topicOf(meant))) found.push(meant);
  }
  return found;
};

/** A description in one sentence for each wish, always the same. */
export const plainDescription = (wishes: readonly Wish[]): string =>
  wishes.map((wish) => sentencesOf(wish, "description", "train")[0]!).join(" ");

/** oneWishShare: share of the people who have one wish alone; split as of an assembly's scenes. */
export type PollOptions = {
  readonly seed: number;
  readonly split: SceneSplit;
  readonly oneWishShare: number;
};

/** Polls by number: poll i depends on (seed, i) alone. */
export const createPolls = ({ seed, split, oneWishShare }: PollOptions) => ({
  scene(index: number): PollScene {
    const random = createRandom(deriveSeed(seed, `polls-${split}`, index));
    const source = { random, split };
    const wishes = drawVoter(random, oneWishShare);
    const shownShares = wishes.length === 1 ? firstShares : sideShares;
    const kind = kinds[random.weighted(kindShares)]!;
    const asked = drawStatement(random, wishes, sideShares);
    const voted = (wish: Wish) => ({ wish, text: say(source, wish), vote: voteOn(wishes, wish) });
    const { text: statement, vote } = voted(asked);
    if (kind === "by-persona")
      return { kind, persona: describePerson(random, wishes, split), statement, vote };
    const others = Array.from({ length: wishes.length + random.integer(4) }, () =>
      voted(drawStatement(random, wishes, shownShares)),
    );
    const isTold = vote !== "pass" && (kind === "description" || random.next() < toldShare);
    const shown = random.shuffle([
      ...others,
      ...(isTold ? [voted(drawTold(random, wishes, asked, shownShares))] : []),
    ]);
    const told = shown.map(({ text, vote: own }) => ({ text, vote: own }));
    const found = shownWishes(shown);
    if (kind === "description" && found.length > 0)
      return { kind, shown: told, persona: plainDescription(found) };
    return { kind: "by-votes", shown: told, statement, vote };
  },
});
