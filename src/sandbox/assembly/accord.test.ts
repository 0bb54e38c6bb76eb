// Principles for everybody and clauses: what nobody contradicts, and what people want contrary things on.

import { describe, expect, it } from "vitest";
import { agree, mostOfEach } from "./accord.ts";
import { createConstitutionScenes } from "./constitution-scenes.ts";
import { wishesOf } from "./persona.ts";
import { createPersonaScenes } from "./persona-scenes.ts";
import { readComment, readStatement, sentencesOf } from "./sentences.ts";
import { allWishes, contradict, nameOf, oppositeOf, type Wish } from "./wish.ts";

const protect: Wish = { type: "protect", area: "privacy" };
const allow = oppositeOf(protect);
const brief: Wish = { type: "style", style: "brief" };
const thorough = oppositeOf(brief);

describe("comments that become two documents", () => {
  it("make a principle of what nobody contradicts, and clauses of both sides elsewhere, whoever are more", () => {
    expect(agree([], [brief, protect, "pleased", protect, thorough, brief], 10)).toEqual({
      principles: [{ wish: protect, standing: null, from: [2, 4] }],
      clauses: [
        { wish: brief, standing: null, from: [1, 6] },
        { wish: thorough, standing: null, from: [5] },
      ],
    });
  });

  it("turn a principle into a clause once it is contradicted, and a clause that nobody contradicts into a principle", () => {
    expect(agree([protect, brief], [allow], 10)).toEqual({
      principles: [{ wish: brief, standing: 1, from: [] }],
      clauses: [
        { wish: protect, standing: 0, from: [] },
        { wish: allow, standing: null, from: [1] },
      ],
    });
    expect(agree([allow], ["help"], 10).principles).toEqual([{ wish: allow, standing: 0, from: [] }]);
    expect(agree([protect, allow], ["help"], 10).clauses.map(({ standing }) => standing)).toEqual([0, 1]);
  });

  it("keep the most wanted, and among equals what stands unsaid, then what was said first", () => {
    const wanted = allWishes.filter(({ type }) => type === "protect");
    const remarks = [...wanted, wanted[3]!, brief];
    expect(agree([brief], remarks, 3).principles.map(({ wish, from }) => [nameOf(wish), from])).toEqual([
      ["brief", [6]],
      [nameOf(wanted[0]!), [1]],
      [nameOf(wanted[3]!), [4, 5]],
    ]);
  });
});

const drawn = (split: "train" | "test" = "train") => {
  const { scene } = createConstitutionScenes({ seed: 7, split });
  return Array.from({ length: 900 }, (_, at) => scene(at));
};

describe("scenes of constitutions", () => {
  it("put each wish into one document: a principle that no comment and nothing else contradicts, or a clause", () => {
    let full = 0;
    for (const scene of drawn()) {
      if (scene.kind !== "accord") continue;
      const { comments, current, principles, clauses, five } = scene;
      const standing = [...current.principles, ...current.clauses];
      const wanted = [...standing, ...comments].flatMap((text) => readStatement(text) ?? []);
      const disputed = ({ text }: { readonly text: string }) =>
        wanted.some((one) => contradict(one, readStatement(text)!));
      expect(principles.filter(disputed)).toEqual([]);
      expect(clauses.filter((one) => !disputed(one))).toEqual([]);
      const most = five ? mostOfEach.five : mostOfEach.all;
      expect(Math.max(principles.length, clauses.length)).toBeLessThanOrEqual(most);
      if (clauses.length === mostOfEach.five && five) full++;
      for (const { text, standing: place, from } of [...principles, ...clauses]) {
        expect(text).toBe(place === null ? comments[from[0]! - 1] : standing[place]);
        for (const number of from) expect(readComment(comments[number - 1]!)).toEqual(readStatement(text));
      }
      if (!five) {
        const names = [...principles, ...clauses].map(({ text }) => nameOf(readStatement(text)!));
        expect(new Set(names)).toEqual(new Set(wanted.map(nameOf)));
        expect(new Set(names).size).toBe(names.length);
      }
    }
    expect(full).toBeGreaterThan(10);
  });

  it("are of all kinds and lengths, and depend on their number alone", () => {
    const all = drawn();
    expect(new Set(all.map(({ comments }) => comments.length))).toEqual(
      new Set([2, 3, 4, 5, 6, 7, 8, 9, 10]),
    );
    const kinds = all.map((one) => (one.kind === "accord" ? `${one.kind} ${one.five}` : one.kind));
    expect(new Set(kinds)).toEqual(new Set(["rewrite", "accord true", "accord false"]));
    const { scene } = createConstitutionScenes({ seed: 7, split: "train" });
    expect([899, 0, 450].map(scene)).toEqual([899, 0, 450].map((at) => all[at]));
  });

  it("hold the statements of their split alone", () => {
    for (const split of ["train", "test"] as const) {
      const known = new Set(allWishes.flatMap((wish) => sentencesOf(wish, "statement", split)));
      for (const { comments } of drawn(split))
        for (const text of comments) if (readStatement(text) !== null) expect(known.has(text)).toBe(true);
    }
  });
});

describe("scenes of persons", () => {
  it("describe a person by as many wishes as there are traits, in their order, each in words of its split", () => {
    for (const split of ["train", "test"] as const) {
      const { scene } = createPersonaScenes({ seed: 7, split, oneTraitShare: 0.3 });
      const counts = new Set<number>();
      for (let at = 0; at < 300; at++) {
        const { traits, person } = scene(at);
        const wishes = wishesOf(person.description)!;
        counts.add(wishes.length);
        const said = traits.split(", ");
        expect(said).toHaveLength(wishes.length);
        for (const [place, wish] of wishes.entries())
          expect(sentencesOf(wish, "trait", split)).toContain(said[place]);
      }
      expect(counts).toEqual(new Set([1, 2, 3, 4]));
    }
    const { scene } = createPersonaScenes({ seed: 7, split: "train", oneTraitShare: 1 });
    for (let at = 0; at < 50; at++) expect(scene(at).traits).not.toContain(",");
  });

  it("have traits that no two wishes share, and no comma", () => {
    const traits = allWishes.flatMap((wish) => [...new Set(sentencesOf(wish, "trait"))]);
    expect(new Set(traits).size).toBe(traits.length);
    expect(traits.filter((trait) => /[,;.]/.test(trait))).toEqual([]);
  });
});
