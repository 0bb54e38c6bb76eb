// The brief meta-prompts beside critique: their exact texts, which a model is made with, and the strict reading of the replies.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { briefForms } from "./brief-forms.ts";
import { type MetaReading, readMeta, referredTo } from "./meta-reading.ts";
import { episodeWordings } from "./wordings.ts";

const { metaPrompts } = episodeWordings.brief;
const comments = ["Be discreet.", "Keep it short."];

describe("the brief meta-prompts", () => {
  it("show what stands with letters that count on from the principles to the clauses", () => {
    const asked = (name: keyof typeof metaPrompts, clauses: readonly string[]) =>
      briefForms.meta({ name, principles: ["Be calm."], clauses, comments })[0]!.content;
    const said = "Comments:\n[1] Be discreet.\n[2] Keep it short.\n\n";
    expect(asked("rewrite", [])).toBe(
      `System message so far:\nA. Be calm.\n\n${said}Write the system message anew.`,
    );
    expect(asked("contract", ["Be brief.", "Leave nothing out."])).toBe(
      `Principles so far:\nA. Be calm.\n\nContract so far:\nB. Be brief.\nC. Leave nothing out.\n\n${said}Write the principles and the contract anew.`,
    );
    expect(asked("contract-five", [])).toBe(
      `Principles so far:\nA. Be calm.\n\nContract so far:\nnone yet\n\n${said}Write five principles and five clauses anew.`,
    );
  });

  it("are asked in a run as a model was made with them", () => {
    const { brief } = episodeWordings;
    const documentOf = (...titles: readonly string[]) => ({
      ...{ name: "d", version: "1", description: "", source: "test", licence: "none" },
      principles: titles.map((title, at) => ({
        ...{ id: `one-${at}`, title, weight: 1, critique: "c", revision: "r", preference: "p" },
      })),
    });
    const given = { constitution: documentOf("Be calm."), contract: documentOf("Be brief."), message: false };
    expect([brief.current(given), brief.clauses(given)]).toEqual(["A. Be calm.", "B. Be brief."]);
    const message = { constitution: documentOf("Be calm. Be brief."), contract: null, message: true };
    expect(brief.current(message)).toBe("A. Be calm.\nB. Be brief.");
  });
});

describe("replies that point", () => {
  const word = fc.stringMatching(/^[A-Z][a-z]{1,8}( [a-z]{1,8}){0,4}\.$/);
  const distinct = fc.uniqueArray(word, {
    ...{ minLength: 14, maxLength: 14 },
    selector: (text) => text.toLowerCase(),
  });
  type Written = { readonly standing: number | null; readonly from: readonly number[] };
  /** Four that stand and ten comments of users 1 to 5, of which some are cited for each of the items. */
  const items = fc
    .record({
      kept: fc.subarray([0, 1, 2, 3]),
      groups: fc.array(fc.constantFrom(0, 1, 2, 3, 4, 5, null), { minLength: 10, maxLength: 10 }),
      clauses: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    })
    .map(({ kept, groups, clauses }) => {
      const from = (group: number): number[] => groups.flatMap((one, at) => (one === group ? [at + 1] : []));
      const old = kept.map((standing): Written => ({ standing, from: from(standing) }));
      const fresh = [4, 5]
        .map((group): Written => ({ standing: null, from: from(group) }))
        .filter((one) => one.from.length > 0);
      const all = [...old, ...fresh];
      return {
        all,
        principles: all.filter((_, at) => !clauses[at]),
        clauses: all.filter((_, at) => clauses[at]),
      };
    })
    .filter(({ all }) => all.length > 0);
  const speakers = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5];
  const standingUsers = [[], [2], [3, 4], []];
  const boundsOf = (texts: readonly string[]) => ({
    ...{ users: 5, comments: 10 },
    referred: referredTo(texts.slice(0, 4), texts.slice(4), { standing: standingUsers, comments: speakers }),
  });
  const textOf = (texts: readonly string[], { standing, from }: Written): string =>
    standing === null ? texts[3 + from[0]!]! : texts[standing]!;
  const usersOf = ({ standing, from }: Written): number[] =>
    [
      ...new Set([
        ...(standing === null ? [] : standingUsers[standing]!),
        ...from.map((number) => speakers[number - 1]!),
      ]),
    ].sort((one, other) => one - other);

  it("become the sentences of a message", () => {
    fc.assert(
      fc.property(distinct, items, (texts, { all }) => {
        fc.pre(all.length <= 4);
        const reply = { text: briefForms.messageAnswer(all), finish: "stop" } as const;
        expect(readMeta(reply, metaPrompts.rewrite, boundsOf(texts))).toEqual({
          ...{ type: "read", critique: null, contract: [] },
          constitution: all.map((one) => ({ text: textOf(texts, one), users: [], from: one.from })),
        });
      }),
    );
  });

  it("become principles, and clauses for those who said it and those whom it was for", () => {
    fc.assert(
      fc.property(distinct, items, (texts, { principles, clauses }) => {
        const reply = { text: briefForms.contractAnswer(principles, clauses), finish: "stop" } as const;
        expect(readMeta(reply, metaPrompts.contract, boundsOf(texts))).toEqual({
          ...{ type: "read", critique: null },
          constitution: principles.map((one) => ({ text: textOf(texts, one), users: [], from: one.from })),
          contract: clauses.map((one) => ({
            text: textOf(texts, one),
            users: usersOf(one),
            from: one.from,
          })),
        });
      }),
    );
  });
});

describe("what is read strictly", () => {
  const referred = referredTo(["Be calm."], comments, { standing: [[]], comments: [2, null] });
  const read = (text: string, name: keyof typeof metaPrompts = "contract"): MetaReading =>
    readMeta({ text, finish: "stop" }, metaPrompts[name], { users: 3, comments: 2, referred });
  const problemOf = (text: string, name?: keyof typeof metaPrompts) => {
    const reading = read(text, name);
    return reading.type === "unreadable" ? reading.problem : null;
  };

  it("lets one of the two documents be none, and says so where both are, or one is no list", () => {
    expect(read("constitution: none\ncontract:\n1. [1]")).toMatchObject({
      constitution: [],
      contract: [{ text: "Be discreet.", users: [2] }],
    });
    expect(read("constitution:\n1. A\ncontract: none")).toMatchObject({ contract: [] });
    expect(problemOf("constitution: none\ncontract: none")).toBe("there is no principle");
    expect(problemOf("constitution:\n1. A\ncontract: [1]")).toBe(
      '"contract" is "[1]", expected a numbered list, or none',
    );
    expect(problemOf("constitution:\n1. A")).toBe('"contract" is missing');
    const full = readMeta(
      { text: "constitution: none\ncontract:\n1. Be brief. [1]", finish: "stop" },
      episodeWordings.full.metaPrompts.contract,
      { users: 3, comments: 2 },
    );
    expect(full).toMatchObject({ problem: "there is no principle" });
  });

  it("takes nothing for a principle and a clause at once, and no letter or number that is not there", () => {
    expect(problemOf("constitution:\n1. A\ncontract:\n1. [1]\n2. A [2]")).toBe(
      "clause 2 says what a principle says",
    );
    expect(problemOf("constitution:\n1. A\ncontract:\n1. B")).toMatch(/^clause 1 is "B"/);
    expect(problemOf("constitution:\n1. A\ncontract:\n1. [3]")).toBe("clause 1 cites comment 3, and there are 2");
    expect(problemOf("message:\n1. C", "rewrite")).toMatch(/^principle 1 is "C"/);
  });

  it("makes a clause of somebody unknown one for all, and keeps whom a reply names", () => {
    expect(read("constitution:\n1. A\ncontract:\n1. [2]\n2. For user 3: [1]")).toMatchObject({
      contract: [
        { text: "Keep it short.", users: [] },
        { text: "Be discreet.", users: [3] },
      ],
    });
  });

  it("takes at most five of each with contract-five, and four sentences", () => {
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, at) => `${at + 1}. Be ${"x".repeat(at + 2)}.`).join("\n");
    expect(problemOf(`constitution:\n1. A\ncontract:\n${lines(6)}`, "contract-five")).toBe(
      "6 clauses, expected at most 5",
    );
    expect(problemOf(`constitution:\n1. A\ncontract:\n${lines(6)}`)).toBeNull();
    expect(problemOf("constitution:\n1. A\ncontract: none", "contract-five")).toBeNull();
    expect(problemOf(`message:\n${lines(5)}`, "rewrite")).toBe("5 principles, expected at most 4");
  });

  it("takes a message in words, too, as one sentence with what it cites", () => {
    expect(read("message: Be wise.\nfrom: [1, 2]", "rewrite")).toMatchObject({
      constitution: [{ text: "Be wise.", from: [1, 2] }],
    });
  });
});
