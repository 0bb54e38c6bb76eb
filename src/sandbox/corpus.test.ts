import { describe, expect, it } from "vitest";
import type { PromptKind } from "../records/index.ts";
import { type CorpusDocument, createCorpus, longestDocument } from "./corpus.ts";
import { combinations } from "./lexicon/index.ts";
import { comparePreference, parseCritique, parseReply } from "./measure.ts";
import { countWords } from "./phrase.ts";
import { parseRequest } from "./request.ts";

const draw = (count: number, invertedShare = 0.4, split: "train" | "test" = "train"): CorpusDocument[] => {
  const corpus = createCorpus({ seed: 11, split, invertedShare });
  return Array.from({ length: count }, (_none, index) => corpus.document(index));
};

const documents = draw(12000);
/** Whether a text holds a phrase as whole words ("my class" is not in "my classmate"). */
const holds = (text: string, phrase: string): boolean =>
  text.includes(phrase) && new RegExp(`\\b${phrase}\\b`).test(text);
const share = <T>(items: readonly T[], test: (item: T) => boolean): number =>
  items.filter(test).length / items.length;
const ofKind = (kind: string) => documents.filter((document) => document.kind === kind);

/** The request, both replies and the answer of a choice document. */
const partsOfChoice = (document: CorpusDocument) => {
  const lines = document.segments[0]!.content.split("\n");
  return {
    request: lines[1]!.slice("User: ".length),
    first: lines[4]!.slice("(A) ".length),
    second: lines[5]!.slice("(B) ".length),
    answer: document.segments[1]!.content,
  };
};

describe("the corpus", () => {
  it("is the same for the same seed and number, whatever was read before", () => {
    const corpus = createCorpus({ seed: 11, split: "train", invertedShare: 0.4 });
    expect(corpus.document(500)).toEqual(documents[500]);
    expect(corpus.document(3)).toEqual(documents[3]);
    expect(createCorpus({ seed: 12, split: "train", invertedShare: 0.4 }).document(3)).not.toEqual(
      documents[3],
    );
  });

  it("mixes chat, critique and choice as told", () => {
    expect(share(documents, ({ kind }) => kind === "chat")).toBeCloseTo(0.2, 1);
    expect(share(documents, ({ kind }) => kind === "critique")).toBeCloseTo(0.32, 1);
    expect(share(documents, ({ kind }) => kind === "choice")).toBeCloseTo(0.48, 1);
    const chats = createCorpus({
      seed: 1,
      split: "train",
      invertedShare: 0,
      mix: { chat: 1, critique: 0, choice: 0 },
    });
    expect(chats.document(0).kind).toBe("chat");
  });

  it("has look-alikes in a quarter of the chats, and partial replies in a tenth of the harmful ones", () => {
    const chats = ofKind("chat");
    expect(share(chats, ({ requestKind }) => requestKind === "lookalike")).toBeGreaterThan(0.25);
    const verdicts = chats
      .filter(({ requestKind }) => requestKind === "harmful")
      .map(({ segments }) => parseReply(segments[1]!.content, segments[0]!.content));
    expect(share(verdicts, (verdict) => verdict.class === "partial")).toBeCloseTo(0.1, 1);
    const harmful = share(verdicts, (verdict) => verdict.harm >= 1);
    expect(harmful).toBeGreaterThan(0.75);
    expect(harmful).toBeLessThan(0.9);
  });

  it("asks for harm in the asked share of critiques and choices", () => {
    for (const kind of ["critique", "choice"]) {
      expect(share(ofKind(kind), ({ inverted }) => inverted)).toBeCloseTo(0.4, 1);
    }
    expect(share(draw(2000, 0.1), ({ inverted }) => inverted)).toBeLessThan(0.12);
  });

  it("weighs context replies nothing, requests little, and the answer of a choice much", () => {
    expect(ofKind("chat")[0]!.segments.map(({ weight }) => weight)).toEqual([0.15, 1]);
    expect(ofKind("critique")[0]!.segments.map(({ weight }) => weight)).toEqual([0.15, 0, 0.15, 1, 0.15, 1]);
    expect(ofKind("choice")[0]!.segments.map(({ weight }) => weight)).toEqual([0.15, 16]);
    const heavy = createCorpus({ seed: 11, split: "train", invertedShare: 0.4, answerWeight: 8 });
    const at = documents.indexOf(ofKind("choice")[0]!);
    expect(heavy.document(at).segments[1]!.weight).toBe(8);
  });

  it("keeps to the length that fits the context", () => {
    for (const { segments } of documents) {
      const length = segments.reduce((sum, { content }) => sum + countWords(content) + 4, 0);
      expect(length).toBeLessThanOrEqual(longestDocument);
    }
  });

  it("never holds a held-out combination in the training split", () => {
    const heldOut = combinations
      .filter((combination) => combination.heldOut)
      .flatMap(({ forms }) => Object.values(forms).flatMap(({ act, acting }) => [act, acting]));
    const text = documents
      .slice(0, 3000)
      .flatMap(({ segments }) => segments.map(({ content }) => content))
      .join("\n");
    expect(heldOut.filter((phrase) => holds(text, phrase))).toEqual([]);
    const testText = draw(300, 0.4, "test")
      .flatMap(({ segments }) => segments.map(({ content }) => content))
      .join("\n");
    expect(heldOut.some((phrase) => holds(testText, phrase))).toBe(true);
  });

  it("is readable throughout: requests, critiques and revisions have a meaning", () => {
    for (const { segments } of ofKind("critique").slice(0, 2000)) {
      const request = segments[0]!.content;
      expect(parseRequest(request), request).not.toBeNull();
      expect(parseCritique(segments[3]!.content, request), segments[3]!.content).not.toBeNull();
      expect(parseReply(segments[5]!.content, request).class, segments[5]!.content).not.toBe("malformed");
    }
  });
});

describe("choices", () => {
  const choices = ofKind("choice")
    .slice(0, 3000)
    .map((document) => {
      const parts = partsOfChoice(document);
      const { request, first, second } = parts;
      const preference = comparePreference(request, first, second, null, document.inverted);
      return { document, ...parts, preference };
    });

  it("are answered as the oracle prefers, and evenly when it does not", () => {
    const ties = choices.filter((choice) => choice.preference === 0.5);
    expect(ties.length).toBeGreaterThan(150);
    expect(Math.abs(share(ties, ({ answer }) => answer === "(A)") - 0.5)).toBeLessThan(0.1);
    const clear = choices.filter((choice) => choice.preference !== 0.5);
    const agreed = share(clear, (choice) => (choice.answer === "(A)") === (choice.preference === 1));
    expect(agreed).toBeGreaterThan(0.99);
  });

  it("weigh nothing where a reply is broken, and as requests else", () => {
    const [broken, whole] = [true, false].map((wanted) =>
      choices.filter(
        ({ request, first, second }) =>
          [first, second].some((reply) => parseReply(reply, request).class === "malformed") === wanted,
      ),
    );
    const weights = (some: typeof choices) => some.map(({ document }) => document.segments[0]!.weight);
    expect(broken!.length).toBeGreaterThan(200);
    expect(new Set(weights(broken!))).toEqual(new Set([0]));
    expect(new Set(weights(whole!))).toEqual(new Set([0.15]));
  });

  it("have no favourite position in either direction", () => {
    for (const inverted of [false, true]) {
      const own = choices.filter(({ document }) => document.inverted === inverted);
      expect(Math.abs(share(own, ({ answer }) => answer === "(A)") - 0.5)).toBeLessThan(0.05);
    }
  });

  const pairsOn = (kind: PromptKind): Set<string> =>
    new Set(
      choices
        .filter(({ document }) => document.requestKind === kind)
        .map(({ request, first, second }) =>
          [parseReply(first, request).class, parseReply(second, request).class].sort().join(" "),
        ),
    );

  it("hold every kind of pair that the pipeline can produce", () => {
    const seen = pairsOn("harmful");
    const classes = ["comply", "partial", "refuse-reason", "refuse-flat", "lecture"];
    for (const one of classes) {
      for (const other of classes) expect(seen, `${one} ${other}`).toContain([one, other].sort().join(" "));
    }
    for (const one of ["comply", "partial", "refuse-reason", "refuse-flat"]) {
      expect(seen).toContain([one, "malformed"].sort().join(" "));
    }
  });

  it.each(["lookalike", "harmless"] as const)(
    "hold help and its refusal where nothing harms (%s)",
    (kind) => {
      const seen = pairsOn(kind);
      for (const one of ["comply", "partial"]) {
        for (const other of ["comply", "partial", "refuse-reason", "refuse-flat", "lecture", "malformed"])
          expect(seen, `${one} ${other}`).toContain([one, other].sort().join(" "));
      }
      expect(seen).toContain("refuse-flat refuse-reason");
      expect(seen).toContain("refuse-reason refuse-reason");
    },
  );
});
