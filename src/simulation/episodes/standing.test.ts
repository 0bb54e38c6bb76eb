// What stands as a row of texts: sentences of a message, principles with who argued for them, clauses with whom they are for.

import { describe, expect, it } from "vitest";
import type { Constitution, Ground } from "../../records/index.ts";
import { sentencesIn, standingClauses, standingFor, standingPrinciples } from "./standing.ts";

const ground = (speaker: string, by: Ground["by"] = "cited"): Ground => ({
  record: `r-${speaker}`,
  speaker,
  said: "x",
  by,
});

type Given = { readonly title: string; readonly area?: string; readonly grounds?: Ground[] };

const documentOf = (...principles: readonly Given[]): Constitution => ({
  ...{ name: "d", version: "1", description: "", source: "test", licence: "none" },
  principles: principles.map((one, at) => ({
    ...{ id: `one-${at}`, weight: 1, critique: "c", revision: "r", preference: "p" },
    ...one,
  })),
});

const noContract = { constitution: null, contract: null, message: false };

describe("sentences", () => {
  it("end with a mark before a space or the end, and hold no space around them", () => {
    expect(sentencesIn("Be kind. Ask who?  Give 3.5 of it!\nGo on")).toEqual([
      "Be kind.",
      "Ask who?",
      "Give 3.5 of it!",
      "Go on",
    ]);
    expect(sentencesIn(" \n ")).toEqual([]);
    expect(sentencesIn("Wait... what?! Go\non ")).toEqual(["Wait...", "what?!", "Go\non"]);
  });

  it("do not end with an abbreviation that goes on", () => {
    for (const one of [
      "Use e.g. lists.",
      "Speak of a city, i.e. Paris.",
      "Use lists, tables etc. where they help.",
    ])
      expect(sentencesIn(`${one} Be kind.`)).toEqual([one, "Be kind."]);
    expect(sentencesIn("Use lists etc. Be kind.")).toEqual(["Use lists etc.", "Be kind."]);
  });

  it.each(["", "a", " ."])(
    "are found in 100 kB of marks before %j: the limit of the test is what may fail",
    (end) => {
      const marks = ".".repeat(100_000);
      expect(sentencesIn(`Be kind. ${marks}${end}`).slice(0, 2)).toEqual([
        "Be kind.",
        end === "a" ? `${marks}a` : marks,
      ]);
    },
  );

  it.each([" ", "a ", ". ", "e.g. ", "etc. "])("are found in 100 kB of %j", (unit) => {
    const text = unit.repeat(100_000 / unit.length);
    expect(sentencesIn(`${text}x`).join("").replaceAll(" ", "")).toBe(`${text}x`.replaceAll(" ", ""));
  });
});

describe("what stands", () => {
  it("is a message's sentences where the document is one, and its principles elsewhere", () => {
    const constitution = documentOf({ title: "Be kind. Be brief." });
    const texts = (message: boolean) =>
      standingPrinciples({ constitution, contract: null, message }).map(({ text }) => text);
    expect(texts(true)).toEqual(["Be kind.", "Be brief."]);
    expect(texts(false)).toEqual(["Be kind. Be brief."]);
    expect(standingPrinciples(noContract)).toEqual([]);
    expect(standingClauses(noContract)).toEqual([]);
  });

  it("is known with those who were cited for a principle, and with those whom a clause names", () => {
    const grounds = [ground("user-3"), ground("user-12"), ground("user-3"), ground("user-4", "similar")];
    const constitution = documentOf({ title: "Be kind.", grounds }, { title: "Be wise." });
    expect(standingPrinciples({ ...noContract, constitution }).map(({ users }) => users)).toEqual([
      [3, 12],
      [],
    ]);
    const contract = documentOf({ title: "Be brief.", area: "users 1, 2 and 13" }, { title: "Be long." });
    expect(standingClauses({ ...noContract, contract }).map(({ users }) => users)).toEqual([[1, 2, 13], []]);
  });

  it("concerns an assistant as far as it holds for all, or for the user of its talk", () => {
    const given = {
      constitution: documentOf({ title: "Be kind.", grounds: [ground("user-2")] }),
      contract: documentOf(
        { title: "Be brief.", area: "users 1 and 12" },
        { title: "Be long.", area: "user 2" },
      ),
      message: false,
    };
    expect(standingFor(given, "user 1")).toEqual(["Be kind.", "Be brief."]);
    expect(standingFor(given, "user 2")).toEqual(["Be kind.", "Be long."]);
    expect(standingFor(given, "user 12")).toEqual(["Be kind.", "Be brief."]);
    expect(standingFor(given, "user 3")).toEqual(["Be kind."]);
  });
});
