// Who sits where and who talks with whom: seats of users and assistants, and talks, each of one user and one assistant. All
// ids are of seats, so that the same persona, or the same name, may sit twice. What is said in a talk is not known here.

import { createRandom, deriveSeed, UserError } from "../../core/index.ts";
import type { Persona } from "../../records/index.ts";

/** id: "user-3"; label: "user 3", as others are told of the seat. */
export type UserSeat = { readonly id: string; readonly label: string; readonly persona: Persona };

/** A talk of a user and an assistant, by their places. */
export type Talk = { readonly id: string; readonly user: number; readonly assistant: number };

export type Cast = {
  readonly users: readonly UserSeat[];
  /** Ids of the assistants' seats. */
  readonly assistants: readonly string[];
  readonly talks: readonly Talk[];
};

/**
 * Who talks with whom. even: as many talks as there are users or assistants, whichever is more, dealt out by turns (one
 * assistant for each user where both are as many); all: everybody with everybody; pairs: of a user's and an
 * assistant's number, from 1.
 */
export type Graph = "even" | "all" | readonly (readonly [user: number, assistant: number])[];

const pairsOf = (users: number, assistants: number, graph: Graph): (readonly [number, number])[] => {
  if (graph === "even")
    return Array.from({ length: Math.max(users, assistants) }, (_, at) => [at % users, at % assistants]);
  if (graph === "all")
    return Array.from({ length: users * assistants }, (_, at) => [
      Math.floor(at / assistants),
      at % assistants,
    ]);
  return graph.map(([user, assistant]) => [user - 1, assistant - 1]);
};

const checkPairs = (
  pairs: readonly (readonly [number, number])[],
  users: number,
  assistants: number,
): void => {
  const seen = new Set<string>();
  for (const [user, assistant] of pairs) {
    const told = `[${user + 1}, ${assistant + 1}]`;
    if (user < 0 || user >= users || assistant < 0 || assistant >= assistants)
      throw new UserError(
        "talk-unknown",
        `graph: got ${told}, expected a user from 1 to ${users} and an assistant from 1 to ${assistants}.`,
        { user: user + 1, assistant: assistant + 1 },
      );
    if (seen.has(told))
      throw new UserError("talk-twice", `graph: got ${told} twice; expected each pair once.`);
    seen.add(told);
  }
  const silent = Array.from({ length: users }, (_, user) => user).find(
    (user) => !pairs.some(([one]) => one === user),
  );
  if (silent !== undefined)
    throw new UserError(
      "user-silent",
      `graph: user ${silent + 1} talks with nobody. Give every user a pair, or leave the user out.`,
      { user: silent + 1 },
    );
};

/** The cast of an episode. Throws UserError for a graph that names seats that are not there, or leaves a user out. */
export const castOf = (personas: readonly Persona[], assistants: number, graph: Graph): Cast => {
  const pairs = pairsOf(personas.length, assistants, graph);
  checkPairs(pairs, personas.length, assistants);
  return {
    users: personas.map((persona, at) => ({ id: `user-${at + 1}`, label: `user ${at + 1}`, persona })),
    assistants: Array.from({ length: assistants }, (_, at) => `assistant-${at + 1}`),
    talks: pairs.map(([user, assistant], at) => ({ id: `talk-${at + 1}`, user, assistant })),
  };
};

/** Which users, by place, rate a talk's draft that is not their own. raters: all of them, or so many drawn by the seed. */
export const ratersOf = (
  { users, talks }: Cast,
  talk: Talk,
  raters: "all" | number,
  seed: number,
): number[] => {
  const own = new Set(talks.filter(({ id }) => id === talk.id).map(({ user }) => user));
  const others = users.map((_, at) => at).filter((at) => !own.has(at));
  if (raters === "all" || raters >= others.length) return others;
  const drawn = createRandom(deriveSeed(seed, "raters", talk.id))
    .order(others.length)
    .subarray(0, raters);
  return Array.from(drawn, (place) => others[place]!).sort((one, other) => one - other);
};
