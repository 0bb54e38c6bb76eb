// What is said of a learned constitution beside a random one.

import { expect, it } from "vitest";
import { learnedBesideRandom } from "./satisfaction-section.ts";

const row = (constitution: string, low: number, high: number) => ({
  constitution,
  estimate: { value: (low + high) / 2, low, high, n: 40 },
});

it("is better, worse or not told apart, by intervals, and nothing where one was not measured", () => {
  const told = (low: number, high: number) =>
    learnedBesideRandom([row("blank", 1, 2), row("random", 4, 5), row("learned", low, high)]);
  expect(told(5.1, 6)).toMatchObject({ verdict: "better", text: expect.stringContaining("better off") });
  expect(told(2, 3.9)).toMatchObject({ verdict: "worse", text: expect.stringContaining("worse off") });
  expect(told(4.9, 6)).toMatchObject({ verdict: "unclear", text: expect.stringContaining("cannot be told") });
  expect(learnedBesideRandom([row("learned", 1, 2)])).toBeNull();
});
