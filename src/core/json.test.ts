// JSON with places, its canonical form and the redaction of secrets: what is refused and how it is told, and what holds
// for any value.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  canonicalJson,
  checkValue,
  createRedact,
  describeFields,
  formatYaml,
  nearestWord,
  parseJson,
  parseYaml,
  UserError,
} from "./index.ts";

const messageFrom = (work: () => unknown): string => {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(UserError);
    return (thrown as UserError).message;
  }
  throw new Error("nothing was thrown");
};

describe("parsing", () => {
  it("JSON names the place and shows what was there", () => {
    expect(parseJson('{"a":[1]}', { file: "x.json" })).toEqual({ a: [1] });
    const message = messageFrom(() => parseJson('{"a":', { file: "x.json", line: 4 }));
    expect(message).toMatch(/^x\.json, line 4: not valid JSON .*Got "\{"a":", expected/);
    const told = messageFrom(() => parseJson('{"a": 1 2}', { file: "x.jsonl", line: 7 }));
    expect(told).toMatch(/^x\.jsonl, line 7: not valid JSON \([^)]* at column 9\)\./);
    expect(messageFrom(() => parseJson("", { file: "x.json" }))).toContain("Got nothing");
  });

  it("YAML names the line, and gives back what was written", () => {
    expect(messageFrom(() => parseYaml("a: 1\nb: [1,\nc: 2\n", { file: "x.yaml" }))).toMatch(
      /^x\.yaml, line \d/,
    );
    expect(messageFrom(() => parseYaml("a: 1\na: 2\n", { file: "x.yaml" }))).toContain("line 2");
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        expect(parseYaml(formatYaml(plain), { file: "x" })).toEqual(plain);
      }),
    );
  });

  it("canonical JSON does not depend on the order of keys and loses nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(canonicalJson({ b: { d: 1, c: [{ f: 1, e: 2 }] }, a: 0 })).toBe(
      '{"a":0,"b":{"c":[{"e":2,"f":1}],"d":1}}',
    );
  });
});

describe("checkValue", () => {
  const schema = z.strictObject({
    count: z.int().min(1),
    name: z.string().min(2),
    title: z.string().min(1),
    list: z.array(z.strictObject({ kind: z.enum(["a", "b"]) })).min(1, "the list needs one at least"),
    either: z.union([z.string(), z.number()]),
    content: z.union([z.string(), z.array(z.string())], "it must be a text or a list of messages"),
    shape: z.discriminatedUnion("type", [
      z.object({ type: z.literal("circle"), radius: z.number() }),
      z.object({ type: z.literal("square"), side: z.number() }),
    ]),
  });
  const right = {
    count: 1,
    name: "ab",
    title: "a",
    list: [{ kind: "a" }],
    either: 1,
    content: "c",
    shape: { type: "circle", radius: 1 },
  };
  const check = (changes: object): string =>
    messageFrom(() => checkValue(schema, { ...right, ...changes }, { file: "f" }));

  it.each([
    [{ count: "1" }, 'f: count: got "1", expected a number'],
    [{ count: 1.5 }, "f: count: got 1.5, expected an integer"],
    [{ count: 0 }, "f: count: got 0, expected at least 1"],
    [{ name: undefined }, "f: name: got nothing, expected a string"],
    [{ name: "a" }, 'f: name: got "a", expected at least 2 characters'],
    [{ title: "" }, 'f: title: got "", but it must hold text'],
    [{ list: [{ kind: "c" }] }, 'f: list[0].kind: got "c", expected one of a, b'],
    [{ list: [] }, "f: list: got an empty list, but the list needs one at least"],
    [{ list: [{ kind: "a", x: 1 }] }, "f: list[0].x: unknown key"],
    [{ either: null }, "f: either: got null, expected a string or a number"],
    [{ content: 3 }, "f: content: got 3, but it must be a text or a list of messages"],
    [{ shape: { type: "circle", radius: "1" } }, 'f: shape.radius: got "1", expected a number'],
  ])("words %j as field, what was got and what was expected", (changes, message) => {
    expect(check(changes)).toBe(message);
  });

  it.each([
    [[1, 2], "got a list, expected an object with a and b"],
    ["x", 'got "x", expected an object with a and b'],
    [{}, "got the fields: none; expected a and b"],
    [{ c: 1, d: 2 }, "got the fields: c, d; expected a and b"],
    [{ "a;b": 1 }, "got the fields: a;b; expected a and b, separated by commas (not by semicolons)"],
  ])("says what %j is where a row was expected", (row, message) => {
    expect(describeFields(row, "a and b")).toBe(message);
  });

  it("lists every problem and suggests keys it is told of", () => {
    expect(check({ count: 0, name: "" }).split("\n")).toHaveLength(3);
    const suggest = (): unknown =>
      checkValue(schema, { ...right, nmae: "x" }, { file: "f" }, () => Object.keys(schema.shape));
    expect(messageFrom(suggest)).toBe("f: nmae: unknown key (did you mean name?)");
    expect(checkValue(schema, right, { file: "f" })).toEqual(right);
  });
});

describe("nearestWord", () => {
  it("finds what one slip made of a word", () => {
    const words = ["learningRate", "batch", "epochs", "seed"];
    const slip = fc.tuple(fc.constantFrom(...words), fc.nat(), fc.constantFrom("drop", "swap", "double"));
    fc.assert(
      fc.property(slip, ([word, where, kind]) => {
        const at = where % (word.length - 1);
        const [one, other] = [word[at]!, word[at + 1]!];
        const middle = kind === "drop" ? other : kind === "swap" ? other + one : one + one + other;
        expect(nearestWord(word.slice(0, at) + middle + word.slice(at + 2), words)).toBe(word);
      }),
    );
  });

  it("finds nothing when nothing is near", () => {
    expect(nearestWord("zzzzzz", ["seed", "batch"])).toBeUndefined();
    expect(nearestWord("seed", [])).toBeUndefined();
  });
});

describe("secrets", () => {
  const redact = createRedact({ A_KEY: "abcdefgh", B_TOKEN: "abcdefghij", HOME: "/home/abc", C_KEY: "abc" });

  it("are replaced by their names, the longest first; short values and other variables are not", () => {
    expect(redact("x abcdefghij y abcdefgh z /home/abc")).toBe("x [B_TOKEN] y [A_KEY] z /home/abc");
  });
});
