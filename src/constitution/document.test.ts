import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { type Constitution, constitutionSchema } from "../records/index.ts";
import { formatConstitution, hashConstitution, parseConstitution } from "./document.ts";

const yaml = `name: small
source: written for this test
licence: CC0-1.0
principles:
  - id: kind
    title: Be kind
    critique: Is the reply kind?
    revision: >
      Make the
      reply kind.
    preference: "Which reply is kinder?"
  - id: brief
    title: Be brief
    weight: 2
    critique: Is it brief?
    revision: Make it brief.
    preference: Which is briefer?
`;

const faultOf = (text: string): UserError => {
  try {
    parseConstitution(text, "mine.yaml");
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(UserError);
    return thrown as UserError;
  }
  throw new Error("the document was accepted");
};

const head = yaml.slice(0, yaml.indexOf("principles:"));

describe("reading a constitution", () => {
  it("gives the document with the defaults filled in", () => {
    const constitution = parseConstitution(yaml, "small.yaml");
    expect(constitution).toMatchObject({ name: "small", version: "1", description: "" });
    expect(constitution.principles.map(({ id, weight }) => [id, weight])).toEqual([
      ["kind", 1],
      ["brief", 2],
    ]);
    expect(constitution.principles[0]?.revision).toBe("Make the reply kind.");
  });

  it("keeps how groups voted on a principle, in one order of fields", () => {
    const support = `    support:
      - {group: "0", pass: 1, disagree: 2, agree: 90}
      - {group: "1", agree: 40, disagree: 0, pass: 3}
`;
    const read = parseConstitution(yaml + support, "mine.yaml");
    expect(read.principles[1]?.support?.[0]).toEqual({ group: "0", agree: 90, disagree: 2, pass: 1 });
    const written = formatConstitution(read);
    expect(written).toMatch(/group: "0"\s+agree: 90\s+disagree: 2\s+pass: 1/);
    expect(parseConstitution(written, "again.yaml")).toEqual(read);
    expect(faultOf(yaml + support.replace("agree: 90", "agre: 90")).message).toContain(
      "line 19: principles[1].support[0].agre: unknown key (did you mean agree?)",
    );
  });

  it("keeps what argued for a principle, in one order of fields", () => {
    const grounds = `    grounds:
      - {by: cited, said: "Name {sources}: all of them.", speaker: user-2, record: run-1/talk-2/turn-1/rating}
`;
    const read = parseConstitution(yaml + grounds, "mine.yaml");
    expect(read.principles[1]?.grounds?.[0]?.said).toBe("Name {sources}: all of them.");
    const written = formatConstitution(read);
    expect(written).toMatch(/record: run-1\/talk-2\/turn-1\/rating\s+speaker: user-2\s+said: .*\s+by: cited/);
    expect(parseConstitution(written, "again.yaml")).toEqual(read);
    expect(faultOf(yaml + grounds.replace("by: cited", "by: heard")).message).toContain("line 19");
  });

  it("takes principles that say only how to revise, or only how to compare", () => {
    const judging = parseConstitution(yaml.replace(/ {4}critique: Is it brief\?\n.*\n/, ""), "mine.yaml");
    expect(judging.principles[1]).toMatchObject({
      critique: "",
      revision: "",
      preference: "Which is briefer?",
    });
    const revising = parseConstitution(yaml.replace("    preference: Which is briefer?\n", ""), "mine.yaml");
    expect(revising.principles[1]).toMatchObject({ critique: "Is it brief?", preference: "" });
    expect(parseConstitution(formatConstitution(revising), "again.yaml")).toEqual(revising);
  });

  it("reads a file that begins with a byte order mark or has Windows line ends", () => {
    const changed = `\uFEFF${yaml.replaceAll("\n", "\r\n")}`;
    expect(parseConstitution(changed, "mine.yaml")).toEqual(parseConstitution(yaml, "mine.yaml"));
  });

  it.each([
    [
      "an unknown field of the document",
      yaml.replace("licence:", "license:"),
      /mine\.yaml, line 3: license: unknown key \(did you mean licence\?\)/,
    ],
    [
      "the missing field beside it",
      yaml.replace("licence:", "license:"),
      /mine\.yaml, line 1: licence: got nothing, expected a string/,
    ],
    [
      "an unknown field of a principle",
      yaml.replace("critique: Is it", "critiqe: Is it"),
      /mine\.yaml, line 15: principles\[1\]\.critiqe: unknown key \(did you mean critique\?\)/,
    ],
    [
      "a missing text",
      yaml.replace("    critique: Is it brief?\n", ""),
      /mine\.yaml, line 12: principles\[1\]\.critique: got nothing/,
    ],
    [
      "a revision without its critique's",
      yaml.replace("    revision: Make it brief.\n", ""),
      /mine\.yaml, line 12: principles\[1\]\.revision: got nothing, but critique and revision come together/,
    ],
    [
      "no text at all",
      yaml.replace(/ {4}critique: Is it brief\?\n.*\n.*\n/, ""),
      /mine\.yaml, line 12: principles\[1\]: got an object, but a principle needs critique and revision, or a preference/,
    ],
    [
      "an opposite that lacks a text",
      `${yaml}    opposite: {title: Be long, critique: Is it too brief?, revision: Make it long.}\n`,
      /mine\.yaml, line 18: principles\[1\]\.opposite\.preference: got nothing, but the principle itself has a preference/,
    ],
    [
      "an empty text",
      yaml.replace("Is it brief?", '"  "'),
      /mine\.yaml, line 15: principles\[1\]\.critique: got " {2}", but it must hold text/,
    ],
    [
      "a number for text",
      yaml.replace("name: small", "name: 7"),
      /mine\.yaml, line 1: name: got 7, expected a string/,
    ],
    [
      "a version without quotes",
      `version: 1.0\n${yaml}`,
      /mine\.yaml, line 1: version: got a number, expected a text; put it in quotes: version: "1\.0"/,
    ],
    [
      "a weight that is no weight",
      yaml.replace("weight: 2", "weight: 0"),
      /mine\.yaml, line 14: principles\[1\]\.weight: got 0, expected more than 0/,
    ],
    [
      "an id with a space",
      yaml.replace("id: brief", "id: so brief"),
      /mine\.yaml, line 12: principles\[1\]\.id: got "so brief", but an id holds only lower-case/,
    ],
    [
      "the same id twice",
      yaml.replace("id: brief", "id: kind"),
      /mine\.yaml, line 12: principles\[1\]\.id: got "kind", which line 5 uses already/,
    ],
    [
      "no principles",
      `${head}principles: []\n`,
      /mine\.yaml, line 4: principles: got an empty list, but a constitution needs at least one principle/,
    ],
    [
      "no list of principles",
      `${head}principles:\n`,
      /mine\.yaml, line 4: principles: got null, expected a list/,
    ],
    [
      "an opposite without its texts",
      yaml.replace("weight: 2", "opposite: { title: Ramble, revisoin: Ramble. }"),
      /mine\.yaml, line 14: principles\[1\]\.opposite\.revisoin: unknown key \(did you mean revision\?\)/,
    ],
    [
      "text that is not YAML",
      yaml.replace("title: Be kind", 'title: "Be kind'),
      /mine\.yaml, line \d+: not valid YAML/,
    ],
    [
      "a colon within a text",
      yaml.replace("title: Be kind", "title: Be kind: always"),
      /mine\.yaml, line \d+: not valid YAML \(.*put texts with a colon in quotes\)/,
    ],
    ["an alias that leads nowhere", `${yaml}source2: *missing\n`, /mine\.yaml, line \d+: not valid YAML/],
    ["an empty file", "", /mine\.yaml, line 1: got nothing, expected the fields name, version/],
    ["a list", "- a\n- b\n", /mine\.yaml, line 1: got a list of 2, expected the fields/],
    [
      "rows of JSON behind a byte order mark, with an empty line between",
      '\uFEFF{"id": "a"}\r\n\r\n{"id": "b"}\n',
      /mine\.yaml, line 1: got rows of JSON/,
    ],
    [
      "rows of JSON",
      '{"id": "a", "text": "one"}\n{"id": "b", "text": "two"}\n',
      /^.*\n {2}mine\.yaml, line 1: got rows of JSON, one a line, expected one YAML document with the fields name, .*\nCorrect/,
    ],
  ])("rejects %s, with file, line and field", (_what, text, message) => {
    expect(faultOf(text).message).toMatch(message);
    expect(faultOf(text).code).toBe("constitution-invalid");
  });

  it("names every fault at once", () => {
    const error = faultOf(yaml.replace("    title: Be kind\n", "").replace("weight: 2", "weight: heavy"));
    expect(error.facts["faults"]).toHaveLength(2);
  });

  it("prints no page of faults: the first of YAML's, and twelve of the fields'", () => {
    const torn = faultOf("{[}\n".repeat(40)).message.split("\n");
    expect(torn).toHaveLength(3);
    const many = Array.from({ length: 40 }, (_, at) => `  - { id: p${at}, title: P, wieght: 1 }\n`);
    const error = faultOf(`${head}principles:\n${many.join("")}`);
    expect((error.facts["faults"] as unknown[]).length).toBeGreaterThanOrEqual(40);
    const printed = error.message.split("\n");
    expect(printed).toHaveLength(1 + 12 + 1 + 1);
    expect(printed.at(-2)).toMatch(/^ {2}and \d+ more$/);
  });
});

const word = fc.stringMatching(/^\S(.*\S)?$/s).filter((text) => text.trim() === text && text !== "");
const text = fc.oneof(
  word,
  fc.constantFrom(
    "yes",
    "null",
    "1.5",
    "- a",
    "a: b",
    "# no",
    "{x}",
    'it\'s "so"',
    "two\nlines",
    "tab\there",
    "&a *b",
  ),
);
const texts = { title: text, critique: text, revision: text, preference: text };
const constitution: fc.Arbitrary<Constitution> = fc
  .record({
    name: text,
    source: text,
    licence: text,
    principles: fc.array(
      fc.record(
        {
          ...texts,
          area: text,
          weight: fc.double({ min: 0.01, max: 50, noNaN: true }),
          opposite: fc.record(texts),
          source: text,
        },
        { requiredKeys: ["title", "critique", "revision", "preference"] },
      ),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map((draft) =>
    constitutionSchema.parse({
      ...draft,
      principles: draft.principles.map((principle, index) => ({ id: `p${index}`, ...principle })),
    }),
  );

describe("writing a constitution", () => {
  it("gives the same document when it is read again, whatever the texts hold", () => {
    fc.assert(
      fc.property(constitution, (document) => {
        const written = formatConstitution(document);
        const again = parseConstitution(written, "again.yaml");
        expect(again).toEqual(document);
        expect(formatConstitution(again)).toBe(written);
        expect(hashConstitution(again)).toBe(hashConstitution(document));
      }),
    );
  });

  it("does not depend on the order of fields", () => {
    const document = parseConstitution(yaml, "small.yaml");
    const reversed = (value: object): object => Object.fromEntries(Object.entries(value).reverse());
    const other = { ...reversed(document), principles: document.principles.map(reversed) } as Constitution;
    expect(formatConstitution(other)).toBe(formatConstitution(document));
    expect(hashConstitution(other)).toBe(hashConstitution(document));
  });

  it("hashes another text to another value", () => {
    const document = parseConstitution(yaml, "small.yaml");
    const changed = parseConstitution(yaml.replace("Is it brief?", "Is it short?"), "small.yaml");
    expect(hashConstitution(changed)).not.toBe(hashConstitution(document));
    expect(hashConstitution(document)).toMatch(/^[0-9a-f]{64}$/);
  });
});
