// The brief meta-prompts beside critique: their exact texts, which a model is made with, and what is made of the replies.

import { describe, expect, it } from "vitest";
import { briefForms } from "./brief-forms.ts";
import { type MetaReading, readMeta, referredTo } from "./meta-reading.ts";
import { episodeWordings } from "./wordings.ts";

const { brief } = episodeWordings;
type Name = keyof typeof brief.metaPrompts;

describe("the brief meta-prompts", () => {
  it("show what stands with letters behind it that count on from the principles to the clauses, and numbers behind comments", () => {
    const comments = ["Be discreet.", "Keep it\nshort."];
    const asked = (name: Name, clauses: readonly string[]) =>
      briefForms.meta({ name, principles: ["Be calm."], clauses, comments })[0]!.content;
    const said = "Comments:\nBe discreet. [1]\nKeep it short. [2]\n\n";
    expect(asked("rewrite", [])).toBe(
      `System message so far:\nBe calm. [A]\n\n${said}Sort the comments for a new system message.`,
    );
    expect(asked("contract", ["Be brief.", "Leave nothing out."])).toBe(
      `Principles so far:\nBe calm. [A]\n\nContract so far:\nBe brief. [B]\nLeave nothing out. [C]\n\n${said}Sort the comments for new principles and a new contract.`,
    );
    expect(asked("contract-five", [])).toBe(
      `Principles so far:\nBe calm. [A]\n\nContract so far:\nnone yet\n\n${said}Sort the comments for five principles and five clauses.`,
    );
  });

  it("are asked in a run as a model was made with them", () => {
    const documentOf = (...titles: readonly string[]) => ({
      ...{ name: "d", version: "1", description: "", source: "test", licence: "none" },
      principles: titles.map((title, at) => ({
        ...{ id: `one-${at}`, title, weight: 1, critique: "c", revision: "r", preference: "p" },
      })),
    });
    const given = { constitution: documentOf("Be calm."), contract: documentOf("Be brief."), message: false };
    expect([brief.current(given, true), brief.clauses(given)]).toEqual(["Be calm. [A]", "Be brief. [B]"]);
    expect(brief.current(given)).toBe("A. Be calm.");
    const message = { constitution: documentOf("Be calm. Be brief."), contract: null, message: true };
    expect(brief.current(message, true)).toBe("Be calm. [A]\nBe brief. [B]");
    const said = { number: 1, record: "r", speaker: "user-4", said: "Be wise." };
    expect(brief.referred(given, [said])).toEqual({
      ...{ principles: ["Be calm."], clauses: ["Be brief."], users: [[], []] },
      ...{ comments: ["Be wise."], speakers: [4] },
    });
  });
});

describe("what is made of a reply that sorts comments", () => {
  const said = ["Be discreet.", "Keep it short.", "Be nosy.", "be discreet.", "Thank you.", "Be kind."];
  const referred = referredTo(["Be calm.", "Be wise."], said, {
    clauses: ["Tell all."],
    users: [[1], [], [2, 3]],
    speakers: [4, 1, null, 5, 6, 1],
  });
  const read = (name: Name, ...lines: readonly string[]): MetaReading =>
    readMeta({ text: lines.join("\n"), finish: "stop" }, brief.metaPrompts[name], {
      ...{ users: 6, comments: 6, referred },
    });
  const sorting = ["1. new", "2. C for", "3. [1] against", "4. [1] for", "5. nothing", "6. A against"];

  it("is in a contract what nobody speaks against, and both sides of all else for those who take them", () => {
    expect(read("contract", ...sorting)).toEqual({
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
    const five = read("contract-five", ...sorting);
    expect(five).toEqual(read("contract", ...sorting));
  });

  it("has at most five clauses with contract-five: those that most said", () => {
    const lines = ["1. new", "2. A against", "3. [1] against", "4. [1] for", "5. nothing", "6. B against"];
    const clausesOf = (name: Name) => {
      const reading = read(name, ...lines);
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

  it("is in a system message the side with more votes, at most four of them", () => {
    const lines = ["1. new", "2. new", "3. [1] against", "4. [1] for", "5. nothing", "6. new"];
    expect(read("rewrite", ...lines)).toMatchObject({
      constitution: [
        { text: "Be calm.", from: [] },
        { text: "Be wise.", from: [] },
        { text: "Tell all.", from: [] },
        { text: "Be discreet.", from: [1, 4] },
      ],
      contract: [],
    });
  });

  it("is nothing where words that are the same are sorted apart, a line is no line, or nothing is left", () => {
    const problemOf = (...lines: readonly string[]) => {
      const reading = read("contract", ...lines);
      return reading.type === "unreadable" ? reading.problem : null;
    };
    expect(problemOf(...sorting.with(3, "4. new"))).toBe(
      "comments 1 and 4 say the same and are sorted apart",
    );
    expect(problemOf(...sorting.with(3, "4. [1] against"))).toMatch(/^comments 1 and 4 say the same/);
    expect(problemOf(...sorting.with(5, "6. D for"))).toBe("comment 6 is for D, and there are A to C");
    expect(problemOf("constitution:", "1. A")).toMatch(/^2 lines, expected one for each of 6/);
    const one = (text: string, principles: readonly string[]) =>
      readMeta({ text, finish: "stop" }, brief.metaPrompts.contract, {
        ...{ users: 1, comments: 1, referred: referredTo(principles, ["Be calm."]) },
      });
    expect(one("1. nothing", [])).toMatchObject({ problem: "there is no principle" });
    expect(one("1. new", ["Be wise.", "Be calm."])).toMatchObject({
      problem: "comment 1 says what B says, and is not for it",
    });
    expect(one("1. B for", ["Be wise.", "Be calm."])).toMatchObject({ type: "read" });
  });
});
