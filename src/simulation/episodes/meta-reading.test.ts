import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mark } from "./episode.fixture.ts";
import { metaPrompts } from "./meta-prompt.ts";
import { type MetaReading, readMeta, referredTo } from "./meta-reading.ts";

const bounds = { users: 3, comments: 6 };
const read = (text: string, name: keyof typeof metaPrompts = "contract"): MetaReading =>
  readMeta({ text, finish: "stop" }, metaPrompts[name], bounds);
const problemOf = (reading: MetaReading): string | null => (reading.type === "read" ? null : reading.problem);

const item = (text: string, from: number[] = []) => ({ text, from });

describe("reading what the meta-model wrote", () => {
  it("takes the three forms as JSON, texts with colons, braces and line breaks whole", () => {
    expect(
      read(JSON.stringify({ critique: "c: d", message: mark("m"), from: [2, 2, 1] }), "rewrite"),
    ).toEqual({
      type: "read",
      critique: "c: d",
      constitution: [{ text: mark("m"), users: [], from: [1, 2] }],
      contract: [],
    });
    expect(
      read(JSON.stringify({ critique: "c", principles: [item("a: b", [6])] }), "critique"),
    ).toMatchObject({
      type: "read",
      constitution: [{ text: "a: b", from: [6] }],
    });
    const contract = { constitution: [item("One.")], contract: [{ text: "Two.", users: [3, 1], from: [4] }] };
    expect(read(`Here it is:\n${JSON.stringify(contract)}`)).toEqual({
      type: "read",
      critique: null,
      constitution: [{ text: "One.", users: [], from: [] }],
      contract: [{ text: "Two.", users: [1, 3], from: [4] }],
    });
  });

  it("takes headings with lists", () => {
    const text = [
      "**Constitution:**",
      "1. Name sources: all of them. [1, 4]",
      "2. Be brief,",
      "   and kind.",
      "**Contract:**",
      "- For users 1 and 3: No jokes. [2]",
      "- For all users: Use lists.",
    ].join("\n");
    expect(read(text)).toEqual({
      type: "read",
      critique: null,
      constitution: [
        { text: "Name sources: all of them.", users: [], from: [1, 4] },
        { text: "Be brief, and kind.", users: [], from: [] },
      ],
      contract: [
        { text: "No jokes.", users: [1, 3], from: [2] },
        { text: "Use lists.", users: [], from: [] },
      ],
    });
    expect(read("Critique: c\nMessage: Be kind.\nAlways.\nFrom: 2", "rewrite")).toMatchObject({
      constitution: [{ text: "Be kind.\nAlways.", from: [2] }],
    });
  });

  it.each([
    ["**For user 1:** Be brief.", [1]],
    ["**For user 1**: Be brief.", [1]],
    ["For users 1 & 3: Be brief.", [1, 3]],
    ["For users 1, 2, and 3: Be brief.", [1, 2, 3]],
    ["For user 1 and user 2: Be brief.", [1, 2]],
    ["For user 2 only: Be brief.", [2]],
    ["For all users: Be brief.", []],
    ["Be brief.", []],
  ])("reads whom a clause is for: %s", (clause, users) => {
    expect(read(`Constitution:\n1. a\nContract:\n1. ${clause}`)).toMatchObject({
      contract: [{ text: "Be brief.", users }],
    });
  });

  it("makes no clause for everybody of one whose users it cannot read", () => {
    const clause = (text: string) => read(`Constitution:\n1. a\nContract:\n1. ${text}`);
    expect(problemOf(clause("For users 1 to 3: Be brief."))).toMatch(
      /clause 1 begins with "For users 1 to 3:"/,
    );
    expect(problemOf(clause("For users who code: Be brief."))).toBeNull();
    expect(problemOf(clause("For users under 18: Be brief."))).toBeNull();
    // one that is endless is read in no time
    expect(problemOf(clause(`For users ${"1".repeat(60)} x: Be brief.`))).not.toBeNull();
  });

  it("takes one wish of several users for one clause, before it counts them", () => {
    const text = (last: string) =>
      `Constitution:\n1. a\nContract:\n1. For user 3: Be brief. [4]\n2. No jokes.\n3. ${last}`;
    expect(read(text("For users 1 and 3: be brief. [2]"))).toMatchObject({
      contract: [
        { text: "Be brief.", users: [1, 3], from: [2, 4] },
        { text: "No jokes.", users: [], from: [] },
      ],
    });
    // For everybody where a part of it is.
    expect(read(text("For all users: Be brief."))).toMatchObject({
      contract: [{ users: [], from: [4] }, {}],
    });
    expect(problemOf(read(text("For user 3: Be brief.")))).toBe("clause 3 says what one before it says");
    const five = (clauses: object[]) =>
      read(
        JSON.stringify({
          constitution: [1, 2, 3, 4, 5].map((number) => item(`p${number}`)),
          contract: clauses,
        }),
        "contract-five",
      );
    const clauses = ["a", "b", "c", "d", "e"].map((clause) => ({ text: clause, users: [1] }));
    expect(five([...clauses, { text: "a", users: [2] }])).toMatchObject({
      type: "read",
      contract: [{ text: "a", users: [1, 2] }, {}, {}, {}, {}],
    });
    expect(problemOf(five([...clauses.slice(1), { text: "b", users: [2] }]))).toMatch(
      /4 clauses, expected exactly 5/,
    );
  });

  it("takes a citation with the point behind it", () => {
    const text = "Principles:\n1. Be brief [2].\n2. Be kind. [1, 3];";
    expect(read(text, "critique")).toMatchObject({
      constitution: [
        { text: "Be brief.", from: [2] },
        { text: "Be kind.", from: [1, 3] },
      ],
    });
  });

  it("says what is wrong with everything else", () => {
    const five = (count: number) => ({
      constitution: Array.from({ length: 5 }, (_, at) => item(`p${at}`)),
      contract: Array.from({ length: count }, (_, at) => ({ ...item(`c${at}`), users: [] })),
    });
    const many = { critique: "", principles: Array.from({ length: 11 }, (_, at) => item(`p${at}`)) };
    const cases: readonly [string, keyof typeof metaPrompts, RegExp][] = [
      ["I would rather not.", "contract", /"constitution" is missing/],
      ["Constitution:\n1. a\nContract:\n1. b\nConstitution:\n1. c", "contract", /more than once/],
      ['{"constitution": [], "contract": []}', "contract", /no principle/],
      [
        '{"constitution": [{"text": " ", "from": []}], "contract": []}',
        "contract",
        /principle 1 has no text/,
      ],
      [
        '{"constitution": [{"text": "a"}, {"text": "A"}], "contract": []}',
        "contract",
        /principle 2 says what/,
      ],
      [
        '{"constitution": [{"text": "a", "from": [7]}], "contract": []}',
        "contract",
        /cites comment 7, and there are 6/,
      ],
      [
        '{"constitution": [{"text": "a", "from": ["1"]}], "contract": []}',
        "contract",
        /constitution\.0\.from\.0/,
      ],
      [
        '{"constitution": [{"text": "a"}], "contract": [{"text": "b", "users": [4]}]}',
        "contract",
        /user 4, and there are 3/,
      ],
      ['{"constitution": [{"text": "a"}], "constitution": [], "contract": []}', "contract", /more than once/],
      [JSON.stringify(five(4)), "contract-five", /4 clauses, expected exactly 5/],
      [JSON.stringify(many), "critique", /11 principles, expected at most 10/],
    ];
    for (const [text, name, problem] of cases) expect(problemOf(read(text, name))).toMatch(problem);
    expect(problemOf(read(JSON.stringify(five(5)), "contract-five"))).toBeNull();
    const cut = readMeta({ text: "{", finish: "length" }, metaPrompts.contract, bounds);
    expect(problemOf(cut)).toMatch(/cut at its limit/);
  });

  it("gives back what was written, and never throws", () => {
    const text = fc.string({ minLength: 1 }).filter((one) => one.trim() !== "" && one.trim() !== "...");
    const principles = fc.uniqueArray(
      fc.record({ text, from: fc.uniqueArray(fc.integer({ min: 1, max: 6 })) }),
      { minLength: 1, maxLength: 10, selector: (one) => one.text.trim().toLowerCase() },
    );
    fc.assert(
      fc.property(principles, (given) => {
        const reading = read(JSON.stringify({ critique: "", principles: given }), "critique");
        expect(reading.type === "read" && reading.constitution.map((one) => one.text)).toEqual(
          given.map((one) => one.text.trim()),
        );
      }),
    );
    fc.assert(fc.property(fc.string(), (any) => ["read", "unreadable"].includes(read(any).type)));
  });

  it("takes references where they are asked for, one text once, and says what they do not name", () => {
    const referred = { principles: ["Be kind.", "Be brief."], comments: ["Be calm.", "Be calm.", "Fine."] };
    const refer = (text: string, given: object = { referred }): MetaReading =>
      readMeta({ text, finish: "stop" }, metaPrompts.critique, { users: 3, comments: 3, ...given });
    const text = "principles:\n1. B [3]\n2. [1]\n3. [2]\n4. Be wise. [3]";
    expect(refer(text)).toMatchObject({
      constitution: [
        { text: "Be brief.", from: [3] },
        { text: "Be calm.", from: [1, 2] },
        { text: "Be wise.", from: [3] },
      ],
    });
    expect(problemOf(refer(text, {}))).toBe("principle 2 has no text");
    expect(problemOf(refer("principles:\n1. [4]"))).toBe("principle 1 cites comment 4, and there are 3");
    expect(problemOf(refer("principles:\n1. A [4]"))).toBe("principle 1 cites comment 4, and there are 3");
    for (const letter of ["C", "b", "B.", "(B)", "A, B"])
      expect(problemOf(refer(`principles:\n1. Be wise.\n2. ${letter}`))).toBe(
        `principle 2 is "${letter}", and of the principles so far there are A to B`,
      );
  });

  it("takes one principle for one, however it is named, and texts as they were shown", () => {
    const referred = referredTo(["Be\nkind."], ["be kind. ", "Be\nwise."]);
    const said = (text: string): MetaReading =>
      readMeta({ text, finish: "stop" }, metaPrompts.critique, { users: 1, comments: 2, referred });
    expect(said("principles:\n1. A\n2. Be KIND.\n3. [1]\n4. [2]")).toMatchObject({
      constitution: [
        { text: "Be kind.", from: [1] },
        { text: "Be wise.", from: [2] },
      ],
    });
    expect(problemOf(said("principles:\n1. Be calm.\n2. be calm."))).toMatch(/^principle 2 says what/);
  });
});
