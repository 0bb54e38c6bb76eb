// Faults of YAML documents: what is told, and where.

import { describe, expect, it } from "vitest";
import { parseYaml, parseYamlWithLines } from "./yaml.ts";

describe("a YAML document", () => {
  it("is refused with the line where a tag stands that nobody knows, for it would be read as a mere text", () => {
    expect(() => parseYaml("a: 1\nb: !include other.yaml\n", { file: "x.yaml" })).toThrow(
      /^x\.yaml, line 2: .*Unresolved tag: !include.*\. Put a text that begins with ! in quotes, or leave the tag out\.$/,
    );
  });

  it("is told apart by the lines of its parts, and read as without them", () => {
    const text = "- id: a\n  words: 3\n- id: b\n";
    const { value, lineOf } = parseYamlWithLines(text, { file: "x.yaml" });
    expect(value).toEqual(parseYaml(text, { file: "x.yaml" }));
    expect([lineOf([0, "words"]), lineOf([1])]).toEqual([2, 3]);
  });

  it("is refused where names refer to each other without end", () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [${"*a, ".repeat(10)}]\nc: [${"*b, ".repeat(10)}]\n`;
    expect(() => parseYaml(bomb, { file: "x.yaml" })).toThrow(
      /^x\.yaml: not valid YAML \(Excessive alias count/,
    );
  });
});
