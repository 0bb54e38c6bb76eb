// The brief meta-prompts beside critique: the exact questions, which a model is made with, and what is made of sorted comments.

import { describe, expect, it } from "vitest";
import { briefForms } from "./brief-forms.ts";
import { type MetaReading, referredTo } from "./meta-reading.ts";
import { documentsOfSorted } from "./sorted-documents.ts";
import type { Sorted } from "./sorting.ts";
import { episodeWordings } from "./wordings.ts";

const { brief } = episodeWordings;
type Name = keyof typeof brief.metaPrompts;

describe("the questions that sort comments", () => {
  it("are short, and show texts in a line each", () => {
    expect(briefForms.demand("Keep it\nshort.")).toEqual([
      { role: "user", content: "Comment: Keep it short.\n\nDoes it ask for a change?" },
    ]);
    expect(briefForms.stance("Be calm.", "Keep it\nshort.")).toEqual([
      {
        role: "user",
        content: "First: Be calm.\nSecond: Keep it short.\n\nIs the second for the first or against it?",
      },
    ]);
  });

  it("are about principles, then clauses, and who stands behind them is known and not shown", () => {
    const documentOf = (...titles: readonly string[]) => ({
      ...{ name: "d", version: "1", description: "", source: "test", licence: "none" },
      principles: titles.map((title, at) => ({
        ...{ id: `one-${at}`, title, weight: 1, critique: "c", revision: "r", preference: "p" },
      })),
    });
    const given = { constitution: documentOf("Be calm."), contract: documentOf("Be brief."), message: false };
    expect(brief.current(given)).toBe("A. Be calm.");
    const said = { number: 1, record: "r", speaker: "user-4", said: "Be wise." };
    expect(brief.referred(given, [said])).toEqual({
      ...{ principles: ["Be calm."], clauses: ["Be brief."], users: [[], []] },
      ...{ comments: ["Be wise."], speakers: [4] },
    });
  });
});

describe("what is made of sorted comments", () => {
  const said = ["Be discreet.", "Keep it short.", "Be nosy.", "be discreet.", "Thank you.", "Be kind."];
  const referred = referredTo(["Be calm.", "Be wise."], said, {
    clauses: ["Tell all."],
    users: [[1], [], [2, 3]],
    speakers: [4, 1, null, 5, 6, 1],
  });
  const made = (name: Name, ...sorted: readonly Sorted[]): MetaReading =>
    documentsOfSorted(sorted, brief.metaPrompts[name], referred);
  const on = (standing: number, side: "for" | "against"): Sorted => ({ standing, side });
  const like = (comment: number, side: "for" | "against"): Sorted => ({ comment, side });
  const sorting = ["new", on(2, "for"), like(1, "against"), like(1, "for"), "nothing"] as const;

  it("is in a contract what nobody speaks against, and both sides of all else for those who take them", () => {
    const contract = made("contract", ...sorting, on(0, "against"));
    expect(contract).toEqual({
      ...{ type: "read", critique: null },
      constitution: [{ text: "Be wise.", users: [], from: [] }],
      contract: [
        { text: "Be calm.", users: [1], from: [] },
        { text: "Tell all.", users: [1, 2, 3], from: [2] },
        { text: "Be discreet.", users: [4, 5], from: [1, 4] },
        { text: "Be nosy.", users: [], from: [3] },
        { text: "Be kind.", users: [1], from: [6] },
      ],
    });
    expect(made("contract-five", ...sorting, on(0, "against"))).toEqual(contract);
  });

  it("has at most five clauses with contract-five: those that most said", () => {
    const sorted = [
      ...["new", on(0, "against"), like(1, "against"), like(1, "for"), "nothing", on(1, "against")],
    ] as const;
    const clausesOf = (name: Name) => {
      const reading = made(name, ...sorted);
      return reading.type === "read" ? reading.contract.map(({ text }) => text) : [];
    };
    const all = [
      "Be calm.",
      "Be wise.",
      "Tell all.",
      "Be discreet.",
      "Keep it short.",
      "Be nosy.",
      "Be kind.",
    ];
    expect(clausesOf("contract")).toEqual(all);
    expect(clausesOf("contract-five")).toEqual([...all.slice(0, 4), "Keep it short."]);
  });

  it("has exactly five principles with contract-five where there are more, and says how many were left out", () => {
    const wishes = ["a", "b", "c", "d", "e", "f", "g"].map((letter) => `Be ${letter}.`);
    const named = (name: Name) =>
      documentsOfSorted(Array(7).fill("new"), brief.metaPrompts[name], referredTo([], wishes));
    expect(named("contract-five")).toMatchObject({
      constitution: wishes.slice(0, 5).map((text, at) => ({ text, from: [at + 1] })),
      leftOut: 2,
    });
    expect(named("contract")).not.toHaveProperty("leftOut");
  });

  it("is in a system message the side with more votes, at most four of them", () => {
    expect(made("rewrite", "new", "new", like(1, "against"), like(1, "for"), "nothing", "new")).toMatchObject(
      {
        constitution: [
          { text: "Be calm.", from: [] },
          { text: "Be wise.", from: [] },
          { text: "Tell all.", from: [] },
          { text: "Be discreet.", from: [1, 4] },
        ],
        contract: [],
      },
    );
  });

  it("is nothing where nothing stands and nobody asks for a change", () => {
    expect(
      documentsOfSorted(["nothing"], brief.metaPrompts.contract, referredTo([], ["Be calm."])),
    ).toMatchObject({ type: "unreadable", problem: "there is no principle" });
  });
});
