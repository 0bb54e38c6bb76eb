// The oracle's best constitution: what it is where everybody wants the same, that the majority wins where they do not, and
// that it is as large as was asked.

import { describe, expect, it } from "vitest";
import { bestWishes } from "./best.ts";
import { sandboxPersonas } from "./persona.ts";
import { sandboxTasks } from "./task.ts";
import { nameOf, topicOf } from "./wish.ts";

const requests = sandboxTasks({ seed: 3, split: "test", count: 80 }).map(({ question }) => question);
const names = (descriptions: readonly string[], count: number): string[] =>
  bestWishes(descriptions, requests, count).map(nameOf);

describe("the best constitution", () => {
  it("is what everybody wants, and what the majority wants where people differ", () => {
    const hater = "You hate spying. You have little time.";
    expect(new Set(names([hater, hater], 2))).toEqual(new Set(["protect privacy", "brief"]));
    expect(names([hater, hater, "You enjoy spying. You have a lot of time."], 1)).toEqual(["brief"]);
    expect(names(["You hate spying.", "You hate spying.", "You enjoy spying."], 1)).toEqual([
      "protect privacy",
    ]);
  });

  it("says one thing on each topic, as many as asked for or all", () => {
    const people = sandboxPersonas({ seed: 1, count: 6 }).map(({ description }) => description);
    for (const count of [1, 2, 3, 4, 5, 9]) {
      const wishes = bestWishes(people, requests, count);
      expect(wishes).toHaveLength(Math.min(count, 5));
      expect(new Set(wishes.map(topicOf)).size).toBe(wishes.length);
    }
  });
});
