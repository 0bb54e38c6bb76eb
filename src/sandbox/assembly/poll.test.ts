// Polls: people vote by their wishes, as support says, descriptions say what the shown votes say, and what is kept out of
// training is in no poll of it.

import { describe, expect, it } from "vitest";
import { supportOf } from "./measure.ts";
import { wishesOf } from "./persona.ts";
import { createPolls, type PollScene, type PollVote, plainDescription } from "./poll.ts";
import { readStatement, sentencesOf } from "./sentences.ts";
import { nameOf, oppositeOf, topicOf, type Wish } from "./wish.ts";

const drawn = (oneWishShare: number, split: "train" | "test" = "train"): PollScene[] => {
  const polls = createPolls({ seed: 7, split, oneWishShare });
  return Array.from({ length: 2000 }, (_, at) => polls.scene(at));
};

/** What votes show their person to want, by topic. */
const shownBy = (votes: readonly PollVote[]): ReadonlyMap<string, Wish> => {
  const found = new Map<string, Wish>();
  for (const { text, vote } of votes) {
    const wish = readStatement(text)!;
    if (vote !== "pass") found.set(topicOf(wish), vote === "agree" ? wish : oppositeOf(wish));
  }
  return found;
};

describe("polls", () => {
  it("by a description are votes by true support", () => {
    let count = 0;
    for (const scene of drawn(0.3)) {
      if (scene.kind !== "by-persona") continue;
      const support = supportOf(scene.persona, [scene.statement]);
      expect(scene.vote).toBe(support > 5 ? "agree" : support < 5 ? "disagree" : "pass");
      count++;
    }
    expect(count).toBeGreaterThan(300);
  });

  it("by votes mostly follow from those that are shown, and never contradict them", () => {
    let [told, all] = [0, 0];
    for (const scene of drawn(0.3)) {
      if (scene.kind !== "by-votes") continue;
      const wish = readStatement(scene.statement)!;
      const shown = shownBy(scene.shown).get(topicOf(wish));
      if (scene.vote !== "pass") all++;
      if (shown === undefined) continue;
      expect(scene.vote).toBe(nameOf(shown) === nameOf(wish) ? "agree" : "disagree");
      told++;
    }
    expect(all).toBeGreaterThan(200);
    expect(told / all).toBeGreaterThan(0.85);
  });

  it("describe a person by what the shown votes say, in one sentence a wish", () => {
    let count = 0;
    for (const scene of drawn(0.3)) {
      if (scene.kind !== "description") continue;
      const wishes = wishesOf(scene.persona)!;
      expect(wishes.map(nameOf).sort()).toEqual([...shownBy(scene.shown).values()].map(nameOf).sort());
      expect(scene.persona).toBe(plainDescription(wishes));
      count++;
    }
    expect(count).toBeGreaterThan(300);
  });

  it("have all answers often, so that the statement alone tells none", () => {
    for (const share of [0, 1]) {
      const votes = drawn(share).flatMap((scene) => (scene.kind === "description" ? [] : [scene.vote]));
      for (const kind of ["agree", "disagree", "pass"])
        expect(votes.filter((vote) => vote === kind).length / votes.length).toBeGreaterThan(0.25);
    }
  });

  it("hold statements of their split alone", () => {
    for (const split of ["train", "test"] as const)
      for (const scene of drawn(0.1, split)) {
        const texts = [
          ...("shown" in scene ? scene.shown.map(({ text }) => text) : []),
          ...("statement" in scene ? [scene.statement] : []),
        ];
        for (const text of texts)
          expect(sentencesOf(readStatement(text)!, "statement", split)).toContain(text);
      }
  });
});
