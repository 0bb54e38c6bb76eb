// Principles with a line for each thing: made, read back, and changed in one line at a time by learners who are asked about one
// thing at a time.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GenerateRequest, scriptedModel } from "../../models/index.ts";
import { askingLearner } from "./learner.ts";
import { learnerPrompts } from "./learner-prompts.ts";
import type { Observation } from "./observation.ts";
import { ofThing, readThings, withThing } from "./thing-principle.ts";

describe("principles by thing", () => {
  const unit = fc.constantFrom("dollars", "pints of blood", "hot {soup}");
  const norm = fc.string({ minLength: 1 }).map((text) => `Give ${text.replaceAll(/[\n\r]/g, " ")}`);

  it("are read back as they were made, and change in one line", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(unit, norm), { minLength: 1 }), (lines) => {
        const made = lines.reduce((text, [thing, of]) => withThing(text, thing, of), "Share evenly.");
        expect(readThings(made)).toEqual(new Map(lines));
        for (const [thing, of] of new Map(lines)) expect(ofThing(made, thing)).toBe(of);
        expect(ofThing(made, "lamps")).toBe("");
      }),
    );
  });

  it("are not what has another line, and then hold for any thing", () => {
    for (const text of ["", "Share evenly.", "Share.\nOf apples: keep all.", "Of apples keep all."]) {
      expect(readThings(text)).toBeNull();
      expect(ofThing(text, "apples")).toBe(text);
    }
    expect(withThing("", "apples", "Give half,\n or less.")).toBe("Of apples: Give half, or less.");
  });
});

describe("a learner in the brief wording who learns things apart", () => {
  const resources = [
    { unit: "dollars", amount: 10 },
    { unit: "apples", amount: 20 },
  ];
  const observation: Observation = {
    kind: "mixed",
    setup: { type: "split", power: "ultimatum", resources },
    seats: ["fixed", "flexible"],
    moves: [
      { seat: 0, move: { type: "offer", given: [1, 20] }, state: "made" },
      { seat: 1, move: { type: "decision", accepts: false }, state: "made" },
    ],
  };
  const learn = async (reply: (asked: string) => string, text: string) => {
    const model = scriptedModel({ reply: ({ messages }) => reply(messages[0]!.content) });
    const learner = askingLearner(model, { maxTokens: 40, temperature: 0, prompts: learnerPrompts.brief });
    const task = { seed: 1, principle: { text }, observations: [observation] };
    const [learned] = await learner([{ ...task, variant: "resource-specific" }]);
    return {
      learned: learned!,
      asked: model.calls.flatMap(({ requests }) => requests as readonly GenerateRequest[]),
    };
  };
  const isOfApples = (asked: string): boolean => asked.includes("apples");

  it("is asked about each thing with that thing's norm and plays alone, by another seed", async () => {
    const { asked, learned } = await learn(
      (text) => `Principle: ${isOfApples(text) ? "Give all." : "Keep all."}`,
      "Of lamps: Give half.\nOf dollars: Give half.",
    );
    expect(asked.map(({ messages }) => messages[0]!.content)).toEqual([
      "Principle so far: Give half.\nWhat players did:\nfixed kept 9 and gave 1 dollars, refused by flexible\nWrite the principle of the fixed players.\nPrinciple: ...",
      "Principle so far: (none yet)\nWhat players did:\nfixed kept 0 and gave 20 apples, refused by flexible\nWrite the principle of the fixed players.\nPrinciple: ...",
    ]);
    expect(new Set(asked.map(({ seed }) => seed)).size).toBe(2);
    expect(learned).toEqual({
      principle: { text: "Of lamps: Give half.\nOf dollars: Keep all.\nOf apples: Give all." },
      state: "learned",
    });
  });

  it("keeps the line of a thing of which nothing could be read, and says so where nothing could be at all", async () => {
    const before = "Of dollars: Give half.";
    const some = await learn((text) => (isOfApples(text) ? "Principle: Give all." : "No idea."), before);
    expect(some.learned.principle.text).toBe("Of dollars: Give half.\nOf apples: Give all.");
    const none = await learn(() => "No idea.", before);
    expect(none.learned).toEqual({
      ...{ principle: { text: before }, state: "unparseable", reason: "principle-missing" },
    });
    const same = await learn((text) => (isOfApples(text) ? "" : "Principle: unchanged"), before);
    expect(same.learned.state).toBe("kept");
  });
});
