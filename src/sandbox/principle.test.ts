import { describe, expect, it } from "vitest";
import { loadConstitution } from "../constitution/index.ts";
import { createRandom } from "../core/index.ts";
import { createCorpus } from "./corpus.ts";
import { areas } from "./lexicon/index.ts";
import { allTrainingTexts, drawPrincipleTexts, isHeldOutText } from "./principle.ts";

const library = await loadConstitution("ethical");
const libraryTexts = library.principles.flatMap(({ critique, revision, preference, opposite }) => [
  { critique, revision, preference },
  opposite!,
]);
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z'-]+/g) ?? [];

describe("the principles of training", () => {
  it("are hundreds of texts, none of them held out", () => {
    const texts = allTrainingTexts();
    expect(texts.size).toBeGreaterThan(800);
    for (const text of texts) expect(isHeldOutText(text)).toBe(false);
    const random = createRandom(1);
    for (let draw = 0; draw < 2000; draw++) {
      const { critique, revision, preference } = drawPrincipleTexts(random, 0.5);
      for (const text of [critique, revision, preference]) expect(texts.has(text), text).toBe(true);
    }
  });

  it("ask for harm in the asked share, and speak of every area", () => {
    const random = createRandom(2);
    const drawn = Array.from({ length: 4000 }, () => drawPrincipleTexts(random, 0.4));
    const inverted = drawn.filter((principle) => principle.inverted).length / drawn.length;
    expect(inverted).toBeGreaterThan(0.37);
    expect(inverted).toBeLessThan(0.43);
    expect(new Set(drawn.map(({ area }) => area))).toEqual(new Set([...areas, null]));
  });
});

describe("the library's ethical constitution", () => {
  it("has three paired principles for each area", () => {
    for (const area of areas) {
      const own = library.principles.filter((principle) => principle.area === area);
      expect(own.length).toBe(3);
      for (const principle of own) expect(principle.opposite, principle.id).toBeDefined();
    }
    expect(library.principles.length).toBe(12);
  });

  it("puts its principles in sentences that training has never held", () => {
    const texts = allTrainingTexts();
    const known = libraryTexts.flatMap((principle) =>
      [principle.critique, principle.revision, principle.preference].filter((text) => texts.has(text)),
    );
    expect(known).toEqual([]);
  });

  it("uses only words that training holds", () => {
    const corpus = createCorpus({ seed: 1, split: "train", invertedShare: 0.5 });
    const words = new Set<string>();
    for (let index = 0; index < 20000; index++) {
      for (const { content } of corpus.document(index).segments)
        for (const word of wordsOf(content)) words.add(word);
    }
    const unknown = libraryTexts.flatMap(({ critique, revision, preference }) =>
      wordsOf(`${critique} ${revision} ${preference}`).filter((word) => !words.has(word)),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });
});
