// The documents of the embedded model: every kind is there, each by its number alone, none longer than a row, and answers in
// the forms that simulations read.

import { describe, expect, it } from "vitest";
import { hashJson } from "../../core/index.ts";
import { allWishes, heldOutUnits, nameOf, sentencesOf, splitOfRequest } from "../../sandbox/index.ts";
import { readRating } from "../../simulation/index.ts";
import { createTokenizer, trainTokenizer } from "../../transformer/index.ts";
import {
  createDocuments,
  type DocumentMix,
  longestDocument,
  vocabularyText,
} from "./pretraining-documents.ts";

const none: DocumentMix = {
  ...{ chat: 0, critique: 0, choice: 0, assembly: 0, sharing: 0, ballot: 0 },
  ...{ stance: 0, persona: 0, trade: 0, variant: 0, poll: 0, inquiry: 0, manner: 0, rating: 0 },
};
const options = (mix: Partial<DocumentMix>) => ({
  seed: 11,
  mix: { ...none, ...mix },
  invertedShare: 0.4,
  statementShare: 0.25,
  answerWeight: 16,
  oneWishShare: 0.3,
});
const take = (mix: Partial<DocumentMix>, count: number) => {
  const document = createDocuments(options(mix));
  return Array.from({ length: count }, (_, at) => document(at));
};
const even: DocumentMix = {
  ...{ chat: 1, critique: 1, choice: 1, assembly: 1, sharing: 1, ballot: 1 },
  ...{ stance: 1, persona: 1, trade: 1, variant: 1, poll: 1, inquiry: 1, manner: 1, rating: 1 },
};

describe("the documents of the embedded model", () => {
  it("depend on their number alone", () => {
    const document = createDocuments(options(even));
    const forwards = Array.from({ length: 40 }, (_, at) => document(at));
    const backwards = Array.from({ length: 40 }, (_, at) => document(39 - at)).reverse();
    expect(backwards).toEqual(forwards);
  });

  it("end with what the assistant is to learn, and do not learn what they are asked as if it were", () => {
    const { chat: _, critique: __, choice: ___, ...scenes } = even;
    for (const document of take(scenes, 1200)) {
      const last = document.at(-1)!;
      expect(last.role).toBe("assistant");
      expect(last.weight).toBeGreaterThanOrEqual(1);
      for (const { role, weight } of document) if (role !== "assistant") expect(weight).toBeLessThan(0.2);
    }
  });

  it("fit a row, as their own tokenizer splits them", () => {
    const files = trainTokenizer(vocabularyText(options(even), 1500), {
      vocabularySize: 2000,
      specialTokens: ["<end>", "<pad>"],
      end: "<end>",
      pad: "<pad>",
      chatTemplate: "{{ messages }}",
      maxPositions: 512,
    });
    const tokenizer = createTokenizer(files);
    const longestOf = (mix: Partial<DocumentMix>): number =>
      Math.max(
        ...take(mix, 800).map((document) =>
          document.reduce(
            (sum, { content }) => sum + 2 + tokenizer.encode(content, { specialTokens: false }).length,
            0,
          ),
        ),
      );
    const scenes = { assembly: 1, sharing: 1, variant: 1, inquiry: 1, manner: 1, rating: 1 };
    expect(longestOf(scenes)).toBeLessThanOrEqual(longestDocument.scene);
    expect(longestOf({ ballot: 1, stance: 1, persona: 1, trade: 1, poll: 1 })).toBeLessThanOrEqual(
      longestDocument.world,
    );
  });

  it("answer ratings in the form that is read, with figures that count more than words", () => {
    const metric = { id: "satisfaction", name: "satisfaction", low: 0, high: 10, question: "?" };
    const ratings = take({ assembly: 1 }, 300).filter((document) =>
      document.at(-1)!.content.startsWith("satisfaction: "),
    );
    expect(ratings.length).toBeGreaterThan(30);
    for (const document of ratings) {
      const { content, figures, weight } = document.at(-1)!;
      const read = readRating({ text: content, finish: "stop" }, [metric]);
      expect(read.ratings["satisfaction"]).not.toBeNull();
      expect(figures).toBeGreaterThan(weight);
    }
  });
});

describe("kinds of documents that came later", () => {
  // What committed models were made of: tokenizers and models are made anew from them. The first is covenant-assembly's, with
  // ratings in talks; the others are of before there were these, all but the last of before trade, variants and polls.
  it.each([
    [
      { chat: 0.1, critique: 0.15, choice: 0.3, assembly: 0.27, sharing: 0.09, rating: 0.09 },
      "36ada94506684c73413e79cb225fa44d62f593ef87ddae26a5ce3963391c920e",
      "1a115e49170708c3db76efa729bbf883667e20fa8b35cec817bcbf590f4c5f90",
    ],
    [
      { ballot: 1 },
      "4efa54cde188c3bab74b0c15c126274e0bbd5c626e246749644d5b6fb26fba0a",
      "9b3f1cdfc9a60c7429df7e37afd980e5a1ed3813cee2b1a174f06b6e939386a8",
    ],
    [
      { chat: 0.23, critique: 0.3, choice: 0.47 },
      "782b09cc113e945b382bed958ebd11776367d07c2cead2d47805164d5526de32",
      "ae78cc2f4aa0d09c31258f6bfb357874f4539fb62c42d302f908f64279b0bbf3",
    ],
    [
      { trade: 0.36, variant: 0.28, inquiry: 0.2, manner: 0.08, sharing: 0.08 },
      "92aa72cf532b5c5beb9475b136e730c6513e5db682b44a21dd9cfd00843162f3",
      "11295eb59545547edaf83b6e6009965258ab882f7423f9aeec37242b2f4b61db",
    ],
  ])("change nothing of a mix without them: %j", (mix, documents, texts) => {
    const own = { ...options(mix), statementShare: 0.15, answerWeight: 20, oneWishShare: 0.1 };
    const document = createDocuments(own);
    expect(hashJson(Array.from({ length: 300 }, (_, at) => document(at)))).toBe(documents);
    expect(hashJson([...vocabularyText(own, 100)])).toBe(texts);
  });
});

describe("what is kept out of training", () => {
  const words = take(even, 3000).flatMap((document) => document.map(({ content }) => content));
  const text = words.join("\n");

  it("is in no document: statements and sentences about persons", () => {
    for (const wish of allWishes)
      for (const part of ["statement", "description"] as const) {
        const known = sentencesOf(wish, part, "train").filter((sentence) => text.includes(sentence));
        expect(known.length, `${nameOf(wish)} ${part}`).toBeGreaterThan(0);
        const said = new Set(words.flatMap((one) => one.match(/[A-Z][^.!?]*[.!?]/g) ?? []));
        for (const sentence of sentencesOf(wish, part, "test"))
          expect(said.has(sentence), sentence).toBe(false);
      }
  });

  it("is in no document: requests of held-out combinations", () => {
    const requests = take({ chat: 1, critique: 1 }, 600).map((document) => document[0]!.content);
    const guided = take({ assembly: 1 }, 600).flatMap((document) =>
      document
        .filter(({ role }) => role === "user")
        .map(({ content }) => /^(?:Question: )?(.*)/.exec(content)![1]!),
    );
    const splits = [...requests, ...guided].map(splitOfRequest);
    expect(splits.filter((split) => split === "train").length).toBeGreaterThan(600);
    expect(splits).not.toContain("test");
  });

  it("is in no document: things whose sharing is to carry over", () => {
    const shared = take({ sharing: 1, variant: 1, inquiry: 1, manner: 1 }, 2500).flatMap((document) =>
      document.map(({ content }) => content),
    );
    for (const unit of heldOutUnits)
      expect(
        shared.some((one) => one.includes(` ${unit}`)),
        unit,
      ).toBe(false);
  });
});
