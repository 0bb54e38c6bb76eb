import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CovenantError } from "../core/index.ts";
import { loadTemplate, parseTemplate, renderTemplate } from "./template.ts";

describe("templates", () => {
  it("fills every hole, also one that occurs twice", () => {
    const template = parseTemplate("greeting", "{name} and {name}, {verb}!", ["name", "verb"]);
    expect(renderTemplate(template, { name: "Ann", verb: "sing" })).toBe("Ann and Ann, sing!");
  });

  it("names unknown and missing holes when it is checked", () => {
    expect(() => parseTemplate("note", "{one} {too}", ["one", "two"])).toThrowError(
      /note.*unknown holes: \{too\}.*missing holes: \{two\}/s,
    );
  });

  it("keeps braces that enclose no name", () => {
    const template = parseTemplate("code", 'f() { return {}; } // {"a": 1} {hole}', ["hole"]);
    expect(renderTemplate(template, { hole: "x" })).toBe('f() { return {}; } // {"a": 1} x');
  });

  it("never reads inserted text as template, whatever it holds", () => {
    const template = parseTemplate("pair", "<{first}|{second}>", ["first", "second"]);
    const piece = fc.constantFrom("{first}", "{second}", "{", "}", "{{", "$&", "$1", "$'", "%s", "\n", "a");
    const text = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(text, text, (first, second) => {
        expect(renderTemplate(template, { first, second })).toBe(`<${first}|${second}>`);
      }),
    );
  });

  it("says which template file cannot be read", () => {
    const load = (): unknown => loadTemplate(new URL("./prompts/absent.txt", import.meta.url), []);
    expect(load).toThrowError(CovenantError);
    expect(load).toThrowError(/absent\.txt/);
  });
});
