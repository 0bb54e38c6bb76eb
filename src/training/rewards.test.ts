// Scores of a reward: one number for each reply, or an error that says what to return.

import { expect, it } from "vitest";
import { requireScores } from "./rewards.ts";

it("are as many as the replies, and numbers", () => {
  const place = { name: "kindness", step: 2 };
  expect(() => requireScores([1, 0.5], 2, place)).not.toThrow();
  expect(() => requireScores([1], 2, place)).toThrow(
    'Step 3: the reward "kindness" gave 1 scores for 2 replies; expected one each. Let it return a list with a score',
  );
  expect(() => requireScores([1, Number.NaN], 2, place)).toThrow(
    /reply 2 of 2 with NaN; expected a finite number\. Look at/,
  );
});
