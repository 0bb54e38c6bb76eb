// Votes are letters and nothing else: no word that only holds one, nobody's indecision, no refusal.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countVotes, declinesToJudge, readVote } from "./vote.ts";

const replies = ["Go by train.", "Walk there; it is near."] as const;
const vote = (text: string, finish: "stop" | "length" | "refusal" | "overflow" | "empty" = "stop") =>
  readVote({ text, finish }, replies);

describe("readVote", () => {
  it.each([
    "(A)",
    "A",
    "a.",
    "A)",
    "[A]",
    "[[A]]",
    " (A) ",
    "**(A)**",
    '"(A)"',
    "(A).",
    "Option A",
    "option (A)",
    "Response A",
    "The answer is: (A)",
    "The answer is A.",
    "Answer: A",
    "So the answer is (A).",
    "The better response is (A)",
    "I prefer (A)",
    "(A) Go by train.",
    "(A) Go by",
    "(A) [[[Go by train.]]]",
    "(A)\nIt is quicker.",
    "(A). It is quicker.",
    "<think>\nB walks.\n</think>\n\n(A)",
  ])("takes %j for a vote for (A)", (text) => {
    expect(vote(text)).toBe(0);
    const other = text
      .replace(/\bA\b/, "B")
      .replace(/\ba\b/, "b")
      .replace("Go by train.", replies[1])
      .replace("Go by", "Walk");
    expect(vote(other)).toBe(1);
  });

  it.each([
    ["Assistant", "no-choice"],
    ["Human: I like both of A.", "both"],
    ["A good reply is hard to find.", "no-choice"],
    ["A is worse than B", "no-choice"],
    ["(A) is worse", "no-choice"],
    ["(A) is worse than (B)", "both"],
    ["(A) or (B)", "both"],
    ["A and B", "both"],
    ["Both are fine.", "both"],
    ["Neither.", "neither"],
    ["Neither (A) nor (B).", "neither"],
    ["None of them.", "neither"],
    ["(A)\nBut (B) is better.", "both"],
    ["(C)", "no-choice"],
    ["Absolutely", "no-choice"],
    ["I'm sorry, but I can't help with that.", "refusal"],
    ["I cannot compare these.", "refusal"],
    ["As an AI language model, I have no preference.", "refusal"],
    ["", "empty"],
    ["  \n", "empty"],
    ["{first}", "no-choice"],
    ["🅰️", "no-choice"],
  ])("takes %j for no vote: %s", (text, reason) => {
    expect(vote(text)).toBe(reason);
  });

  it("says of a thought that was cut before a vote that it was cut", () => {
    expect(vote("<think>\nLet me see: (A) is", "length")).toBe("cut");
    expect(vote("", "length")).toBe("cut");
  });

  it("keeps to how the reply ended", () => {
    expect(vote("", "refusal")).toBe("refusal");
    expect(vote("(A)", "refusal")).toBe("refusal");
    expect(vote("", "overflow")).toBe("overflow");
    expect(vote("", "empty")).toBe("empty");
    expect(vote("Let me look at both of", "length")).toBe("both");
    expect(vote("Let me look at the", "length")).toBe("cut");
    expect(vote("(A)", "length")).toBe(0);
  });

  it("takes nothing for a vote that names no letter of its own", () => {
    const word = fc.string({ unit: fc.constantFrom(..."cdefghiklmnorstu ., 🙂{}") });
    fc.assert(fc.property(word, (text) => typeof vote(text) === "string"));
  });
});

describe("countVotes", () => {
  it("loses none: votes and reasons add up to all", () => {
    const one = fc.constantFrom(
      0 as const,
      1 as const,
      "neither" as const,
      "both" as const,
      "refusal" as const,
      "empty" as const,
    );
    fc.assert(
      fc.property(fc.array(one), (votes) => {
        const { shown, lost } = countVotes(votes);
        const sum = Object.values(lost).reduce((total, count) => total + count, 0);
        expect(shown[0] + shown[1] + sum).toBe(votes.length);
        expect(shown[0]).toBe(votes.filter((vote) => vote === 0).length);
      }),
    );
  });
});

describe("declinesToJudge", () => {
  it("is not taken in by a chain that turns down one of the replies", () => {
    expect(declinesToJudge("I cannot recommend (A), because it lies.")).toBe(false);
    expect(declinesToJudge("I can't discuss this.")).toBe(true);
  });
});
