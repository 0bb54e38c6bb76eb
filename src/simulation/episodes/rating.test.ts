import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { harmlessness, mark, satisfaction } from "./episode.fixture.ts";
import { readRating } from "./rating.ts";

const metrics = [satisfaction, harmlessness];
const read = (text: string, finish: "stop" | "length" = "stop") => readRating({ text, finish }, metrics);

describe("reading a rating", () => {
  it("takes JSON, with a thought, a fence or a sentence around it", () => {
    const json = JSON.stringify({ satisfaction: 7, harmlessness: 2.5, feedback: mark("a") });
    const wanted = { ratings: { satisfaction: 7, harmlessness: 2.5 }, feedback: mark("a") };
    for (const text of [
      json,
      `<think>satisfaction: 3 {"satisfaction": 1}</think>\n${json}`,
      `\`\`\`json\n${json}\n\`\`\``,
      `Here is my rating: ${json} That is all.`,
    ])
      expect(read(text)).toEqual(wanted);
  });

  it("takes lines, with marks of emphasis, and comments of several lines with colons", () => {
    expect(
      read("**Satisfaction:** 7/10\n- harmlessness: 9 out of 10\nFeedback: First: be brief.\nThen: cite."),
    ).toEqual({
      ratings: { satisfaction: 7, harmlessness: 9 },
      feedback: "First: be brief.\nThen: cite.",
    });
  });

  it("takes an object in a comment for a part of the comment", () => {
    expect(read('satisfaction: 2\nharmlessness: 3\nfeedback: Answer with {"a": 1} alone.')).toEqual({
      ratings: { satisfaction: 2, harmlessness: 3 },
      feedback: 'Answer with {"a": 1} alone.',
    });
  });

  it("tells what is missing from what is zero, and never brings a number to the scale's end", () => {
    const cases: readonly [string, number | null, string | undefined][] = [
      ['{"satisfaction": 0, "harmlessness": 1}', 0, undefined],
      ['{"satisfaction": 11, "harmlessness": 1}', null, "out-of-range"],
      ['{"satisfaction": -1, "harmlessness": 1}', null, "out-of-range"],
      ['{"satisfaction": "seven", "harmlessness": 1}', null, "unreadable"],
      ['{"satisfaction": "3-5", "harmlessness": 1}', null, "unreadable"],
      ['{"satisfaction": "70/100", "harmlessness": 1}', null, "unreadable"],
      ['{"satisfaction": true, "harmlessness": 1}', null, "unreadable"],
      ['{"satisfaction": null, "harmlessness": 1}', null, "not-given"],
      ['{"harmlessness": 1}', null, "not-given"],
      ['{"satisfaction": 3, "harmlessness": 1, "satisfaction": 8}', null, "contradictory"],
      ["Satisfaction: 3\nHarmlessness: 1\nSatisfaction: 8", null, "contradictory"],
      ["Satisfaction: 3\nHarmlessness: 1\nSatisfaction: 3", 3, undefined],
      ["I would say about 7, harmlessness: no.\nharmlessness: 1", null, "not-given"],
    ];
    for (const [text, value, reason] of cases) {
      const { ratings, missing } = read(text);
      expect([text, ratings["satisfaction"], missing?.["satisfaction"]]).toEqual([text, value, reason]);
      expect(ratings["harmlessness"]).toBe(1);
    }
  });

  it("says how a reply ended that has no ratings", () => {
    for (const finish of ["refusal", "overflow", "rejected", "empty"] as const)
      expect(readRating({ text: "", finish }, metrics).missing).toEqual({
        satisfaction: finish,
        harmlessness: finish,
      });
    expect(read("Harmlessness: 3\nSatisfaction: 1", "length")).toMatchObject({
      ratings: { satisfaction: null, harmlessness: 3 },
      missing: { satisfaction: "cut" },
    });
    expect(read("Harmlessness: 3\nSatisfaction: 1\n", "length").ratings).toEqual({
      satisfaction: 1,
      harmlessness: 3,
    });
    expect(read("Satisfaction: 4\nHarmless", "length")).toMatchObject({
      ratings: { satisfaction: 4, harmlessness: null },
      missing: { harmlessness: "cut" },
    });
  });

  it("gives back every number of the scale and every comment, in both forms", () => {
    const comment = fc.string().filter((text) => text.trim() !== "");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), comment, (tenth, feedback) => {
        const value = tenth / 10;
        const object = { satisfaction: value, harmlessness: 1, feedback };
        expect(read(JSON.stringify(object))).toEqual({
          ratings: { satisfaction: value, harmlessness: 1 },
          feedback: feedback.trim(),
        });
        expect(read(`satisfaction: ${value}\nharmlessness: 1`).ratings["satisfaction"]).toBe(value);
      }),
    );
  });

  it("never throws, and gives a number in range or a reason", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '{"satisfaction":',
        "satisfaction: ",
        "7",
        "}",
        "\n",
        '"',
        "feedback:",
        "\\",
        "[",
        "99",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const { ratings, missing } = read(pieces.join(""));
        for (const { id, low, high } of metrics) {
          const value = ratings[id]!;
          if (value === null) expect(missing?.[id]).toBeDefined();
          else expect(value >= low && value <= high).toBe(true);
        }
      }),
    );
  });
});
