import { describe, expect, it } from "vitest";
import { deriveSeed } from "../core/index.ts";
import { type Constitution, constitutionSchema } from "../records/index.ts";
import { difference } from "./difference.ts";
import { invert } from "./inversion.ts";
import { drawPrinciple, provenanceOf } from "./principle.ts";

const pair = (id: string, weight: number) => ({
  id,
  title: `Protect ${id}`,
  area: id,
  weight,
  critique: `Does the reply harm ${id}?`,
  revision: `Remove what harms ${id}.`,
  preference: `Which reply protects ${id} better?`,
  opposite: {
    title: `Attack ${id}`,
    critique: `Does the reply spare ${id}?`,
    revision: `Add what harms ${id}.`,
    preference: `Which reply harms ${id} more?`,
  },
});

const ethical: Constitution = constitutionSchema.parse({
  name: "ethical",
  source: "this test",
  licence: "CC0-1.0",
  principles: [pair("peace", 1), { ...pair("privacy", 3), source: "a letter" }],
});

describe("inversion", () => {
  it("swaps every principle with its opposite and keeps id, area and weight", () => {
    const inverted = invert(ethical);
    expect(inverted).toMatchObject({ name: "inverted ethical", inverts: "ethical" });
    expect(inverted.principles[1]).toEqual({
      ...ethical.principles[1],
      ...ethical.principles[1]?.opposite,
      opposite: {
        title: "Protect privacy",
        critique: "Does the reply harm privacy?",
        revision: "Remove what harms privacy.",
        preference: "Which reply protects privacy better?",
      },
    });
    expect(constitutionSchema.safeParse(inverted).success).toBe(true);
  });

  it("gives the original back when it is done twice", () => {
    expect(invert(invert(ethical))).toEqual(ethical);
    expect(invert(invert(invert(ethical)))).toEqual(invert(ethical));
  });

  it("keeps the texts when an inverting document has a name of its own", () => {
    const named = { ...invert(ethical), name: "rogue" };
    expect(invert(invert(named)).principles).toEqual(named.principles);
    expect(invert(named).inverts).toBe("rogue");
  });

  it("exchanges who wrote the texts with them", () => {
    const [peace, privacy] = ethical.principles;
    const written = {
      ...ethical,
      principles: [{ ...peace!, opposite: { ...peace!.opposite!, author: "a model" } }, privacy!],
    };
    const inverted = invert(written);
    expect(inverted.principles[0]?.author).toBe("a model");
    expect(inverted.principles[1]).not.toHaveProperty("author");
    expect(provenanceOf(inverted).map(({ author }) => author)).toEqual(["a model", null]);
    expect(invert(inverted)).toEqual(written);
  });

  it("refuses few-shots, which show how to keep to what is inverted", () => {
    const fewShots = [
      {
        messages: [
          { role: "user" as const, content: "Hi" },
          { role: "assistant" as const, content: "Go." },
        ],
        critiqueRequest: "Is it kind?",
        critique: "No.",
        revisionRequest: "Mend it.",
        revision: "Hello!",
      },
    ];
    expect(() => invert({ ...ethical, fewShots })).toThrowError(/few-shots.*no opposite.*--few-shots/);
  });

  it("names every principle that has no opposite", () => {
    const { opposite: _, ...bare } = ethical.principles[0]!;
    const lacking = { ...ethical, principles: [bare, { ...bare, id: "calm" }, ethical.principles[1]!] };
    expect(() => invert(lacking)).toThrowError(/"ethical" cannot be inverted: peace, calm have no opposite/);
  });
});

describe("drawing a principle", () => {
  const seeds = Array.from({ length: 4000 }, (_, item) => deriveSeed(7, "revise", `item-${item}`, 1));

  it("follows the weights", () => {
    const share = seeds.filter((seed) => drawPrinciple(ethical, seed).id === "privacy").length / seeds.length;
    expect(share).toBeGreaterThan(0.72);
    expect(share).toBeLessThan(0.78);
  });

  it("depends on the seed alone, not on order or earlier draws", () => {
    const forwards = seeds.map((seed) => drawPrinciple(ethical, seed).id);
    const backwards = seeds.toReversed().map((seed) => drawPrinciple(ethical, seed).id);
    expect(backwards.toReversed()).toEqual(forwards);
  });

  it("draws the same ids from a constitution and from its inversion", () => {
    const inverted = invert(ethical);
    expect(seeds.map((seed) => drawPrinciple(inverted, seed).id)).toEqual(
      seeds.map((seed) => drawPrinciple(ethical, seed).id),
    );
  });
});

describe("provenance", () => {
  it("falls back to the document's source and says what the document inverts", () => {
    const [peace, privacy] = provenanceOf(invert(ethical));
    expect(peace).toMatchObject({ principle: "peace", source: "this test", inverts: "ethical" });
    expect(privacy).toMatchObject({
      source: "a letter",
      licence: "CC0-1.0",
      constitution: "inverted ethical",
    });
    expect(provenanceOf(ethical)[0]?.hash).not.toBe(peace?.hash);
  });
});

describe("difference of constitutions", () => {
  it("finds a constitution equal to itself", () => {
    const same = difference(ethical, ethical);
    expect(same.counts).toEqual({ same: 2, changed: 0, added: 0, removed: 0 });
    expect(same.words.removed + same.words.added).toBe(0);
  });

  it("counts principles and words that were added, removed and changed", () => {
    const [peace, privacy] = ethical.principles as [
      Constitution["principles"][0],
      Constitution["principles"][0],
    ];
    const after = {
      ...ethical,
      name: "after",
      principles: [
        { ...privacy, title: "Guard privacy" },
        { ...peace, id: "calm" },
      ],
    };
    const result = difference(ethical, after);
    expect(result.principles.map(({ id, state }) => [id, state])).toEqual([
      ["peace", "removed"],
      ["privacy", "changed"],
      ["calm", "added"],
    ]);
    expect(result.principles[1]?.texts.title).toEqual({
      runs: [
        { kind: "removed", text: "Protect " },
        { kind: "added", text: "Guard " },
        { kind: "same", text: "privacy" },
      ],
      kept: 1,
      removed: 1,
      added: 1,
    });
    expect(result.principles[0]?.weights).toEqual([1, null]);
  });

  it("sees every principle of an inversion as changed", () => {
    const { counts, words } = difference(ethical, invert(ethical));
    expect(counts).toEqual({ same: 0, changed: 2, added: 0, removed: 0 });
    expect(words.kept).toBeGreaterThan(0);
  });
});
