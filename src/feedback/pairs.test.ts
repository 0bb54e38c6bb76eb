import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PromptRecord, ReplyRecord } from "../records/index.ts";
import { leastAlike, pairOf } from "./pairs.ts";

const reply = (sample: number, text: string, finish: ReplyRecord["finish"] = "stop") =>
  ({ id: `p/${sample}`, text, finish }) as const;

const textsOf = (pair: ReturnType<typeof leastAlike>) => pair?.map(({ text }) => text) ?? null;

describe("leastAlike", () => {
  it("takes the two samples that share the fewest words, in the order they were drawn", () => {
    const samples = ["I will not help.", "I will not help you.", "Sure: open the door.", "I will help."];
    expect(textsOf(leastAlike(samples.map((text, at) => reply(at, text))))).toEqual([
      "I will not help.",
      "Sure: open the door.",
    ]);
  });

  it("takes the first two where all are equally alike, whatever the case and the signs", () => {
    const pair = leastAlike([reply(0, "No."), reply(1, "no!"), reply(2, "NO")]);
    expect(pair?.map(({ id }) => id)).toEqual(["p/0", "p/1"]);
  });

  it("takes what was cut only where fewer than two samples are whole", () => {
    const cut = reply(0, "Quite another thing, that", "length");
    expect(textsOf(leastAlike([cut, reply(1, "Yes."), reply(2, "Yes, sure.")]))).toEqual([
      "Yes.",
      "Yes, sure.",
    ]);
    expect(textsOf(leastAlike([cut, reply(1, "Yes.")]))).toEqual(["Quite another thing, that", "Yes."]);
  });

  it("takes what is no answer only where fewer than two samples are one", () => {
    const empty = reply(0, "", "empty");
    expect(textsOf(leastAlike([empty, reply(1, "Yes."), reply(2, "Yes, sure.")]))).toEqual([
      "Yes.",
      "Yes, sure.",
    ]);
    expect(textsOf(leastAlike([empty, reply(1, "Yes.")]))).toEqual(["", "Yes."]);
    expect(leastAlike([empty])).toBeNull();
  });

  it("finds no two that are less alike than the two it gives", () => {
    const words = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 5 });
    const jaccard = (one: string, other: string): number => {
      const [first, second] = [one, other].map((text) => new Set(text.split(" ")));
      const union = new Set([...first!, ...second!]);
      return (first!.size + second!.size - union.size) / union.size;
    };
    fc.assert(
      fc.property(fc.array(words, { minLength: 2, maxLength: 6 }), (lists) => {
        const texts = lists.map((list) => list.join(" "));
        const [one, other] = textsOf(leastAlike(texts.map((text, at) => reply(at, text))))!;
        const all = texts.flatMap((text, at) => texts.slice(at + 1).map((next) => jaccard(text, next)));
        expect(jaccard(one!, other!)).toBe(Math.min(...all));
      }),
    );
  });
});

describe("pairOf", () => {
  it("pairs the two samples of a prompt that are least alike; with one there is no pair", () => {
    const prompts = ["p2", "p1", "p3"].map(
      (id): PromptRecord => ({
        id,
        parents: [],
        stage: "s",
        seed: 0,
        split: "train",
        messages: [{ role: "user", content: id }],
      }),
    );
    const sample = (prompt: string, at: number, text: string): ReplyRecord => ({
      ...reply(at, text),
      id: `${prompt}/${at}`,
      parents: [prompt],
      stage: "s",
      seed: at,
      prompt,
      model: "m",
    });
    const samples = [sample("p1", 0, "one"), sample("p1", 1, "two"), sample("p2", 0, "one")];
    samples.push(sample("p2", 1, "one two"), sample("p2", 2, "three"), sample("p3", 0, "alone"));
    const pairs = prompts.map((prompt) =>
      pairOf(
        prompt,
        samples.filter((own) => own.prompt === prompt.id),
      ),
    );
    expect(pairs.map((pair) => pair && [pair.id, ...pair.replies.map((own) => own.id)])).toEqual([
      ["p2", "p2/0", "p2/2"],
      ["p1", "p1/0", "p1/1"],
      null,
    ]);
    expect(pairs[0]?.messages).toEqual(prompts[0]?.messages);
  });
});
