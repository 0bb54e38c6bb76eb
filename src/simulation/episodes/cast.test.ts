// Who talks with whom, by the graph: dealt out evenly, everybody with everybody, or the pairs that are named.

import { describe, expect, it } from "vitest";
import { castOf, type Graph } from "./cast.ts";
import { personaOf } from "./episode.fixture.ts";

/** Pairs of a user's and an assistant's number, from 1, in the talks' order. */
const pairs = (users: number, assistants: number, graph: Graph): string[] => {
  const personas = Array.from({ length: users }, (_, at) => personaOf(at + 1));
  return castOf(personas, assistants, graph).talks.map(
    ({ user, assistant }) => `${user + 1}-${assistant + 1}`,
  );
};

describe("who talks with whom", () => {
  it("is everybody with every assistant where the graph is all", () => {
    expect(pairs(2, 3, "all")).toEqual(["1-1", "1-2", "1-3", "2-1", "2-2", "2-3"]);
  });

  it("is dealt out by turns where it is even, until all users and all assistants have a talk", () => {
    expect(pairs(2, 3, "even")).toEqual(["1-1", "2-2", "1-3"]);
    expect(pairs(3, 2, "even")).toEqual(["1-1", "2-2", "3-1"]);
  });

  it("is whom pairs name", () => {
    expect(
      pairs(2, 3, [
        [2, 1],
        [1, 3],
      ]),
    ).toEqual(["2-1", "1-3"]);
  });
});
