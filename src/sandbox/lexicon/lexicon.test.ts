import { describe, expect, it } from "vitest";
import { expand } from "../phrase.ts";
import { actions, areas, combinations, combinationsOf, targets } from "./index.ts";

const ofKind = (kind: string) => actions.filter((action) => action.kind === kind);

describe("the lexicon", () => {
  it("has the size the world is meant to have", () => {
    expect(ofKind("harmful").length).toBe(48);
    expect(ofKind("harmless").length).toBe(48);
    expect(ofKind("lookalike").length).toBe(28);
    expect(targets.length).toBeGreaterThanOrEqual(36);
    expect(combinations.length).toBeGreaterThan(1700);
  });

  it("gives every area a dozen harmful actions, mild and severe ones, and lets about ten belong to two", () => {
    for (const area of areas) {
      const own = ofKind("harmful").filter((action) => action.areas[0] === area);
      expect(own.length, area).toBe(12);
      expect(new Set(own.map((action) => action.severity)), area).toEqual(new Set(["mild", "severe"]));
    }
    expect(ofKind("harmful").filter((action) => action.areas.length === 2).length).toBeGreaterThanOrEqual(8);
  });

  it("gives every action four to six steps, one of which names the target, and none that repeats another", () => {
    for (const action of actions) {
      expect(action.steps.length, action.phrase).toBeGreaterThanOrEqual(4);
      expect(action.steps.length, action.phrase).toBeLessThanOrEqual(6);
      expect(
        action.steps.some((step) => step.namesTarget),
        action.phrase,
      ).toBe(true);
      const texts = action.steps.flatMap((step) => step.texts);
      expect(new Set(texts).size, action.phrase).toBe(texts.length);
      for (const text of texts) expect(text, action.phrase).toMatch(/^[a-z][a-zA-Z ,'{}-]*$/);
    }
  });

  it("says no combination in two ways that could be confused", () => {
    for (const speaker of ["user", "assistant"] as const) {
      const texts = combinations.flatMap(({ forms }) => [forms[speaker].act, forms[speaker].acting]);
      expect(new Set(texts).size).toBe(texts.length);
    }
  });

  it("holds out about a fifth of the combinations of every kind", () => {
    for (const kind of ["harmful", "harmless", "lookalike"] as const) {
      const held = combinationsOf.test[kind].length;
      const share = held / (held + combinationsOf.train[kind].length);
      expect(share, kind).toBeGreaterThan(0.16);
      expect(share, kind).toBeLessThan(0.24);
    }
  });
});

describe("templates", () => {
  it("expand to every alternative", () => {
    expect(expand("[a|b] c [d|]")).toEqual(["a c d", "a c", "b c d", "b c"]);
  });

  it("refuse an unbalanced bracket", () => {
    expect(() => expand("[a|b c")).toThrow(/Unbalanced/);
  });
});
