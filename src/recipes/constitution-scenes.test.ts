// Scenes of constitutions and persons: what the oracle makes of a scene is what the rule makes of right answers to the questions that
// sort comments, or what a simulation's strict readers read in a document's answer. And documents of mixes without them are what
// they were, so that models are made as they were.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import {
  type ConstitutionScene,
  contradict,
  createConstitutionScenes,
  createPersonaScenes,
  createStances,
  nameOf,
  readComment,
  readStatement,
} from "../sandbox/index.ts";
import {
  type AskStances,
  briefPersonaScene,
  documentsOfSorted,
  episodeWordings,
  readPersona,
  referredTo,
  type Stance,
  sortComments,
} from "../simulation/index.ts";
import { createDocuments, type DocumentMix } from "./inputs/pretraining-documents.ts";

const { metaPrompts } = episodeWordings.brief;

type Item = { readonly text: string; readonly from: readonly number[] };
const plain = (items: readonly Item[]) => items.map(({ text, from }) => ({ text, from }));

/** What somebody answers who knows the language. */
const rightAnswer = (asked: string): string => {
  const [, comment] = /^Comment: (.*)\n/.exec(asked) ?? [];
  if (comment !== undefined) return typeof readComment(comment) === "object" ? "yes" : "no";
  const [, first, second] = /^First: (.*)\nSecond: (.*)\n/.exec(asked)!;
  const [one, other] = [readStatement(first!)!, readStatement(second!)!];
  if (nameOf(one) === nameOf(other)) return "for";
  return contradict(one, other) ? "against" : "neither";
};

/** Sorts a scene's comments by what is answered to its questions, one after the other. */
const sortScene = async (scene: ConstitutionScene, answer: (asked: string) => string) => {
  const { principles, clauses } =
    scene.kind === "rewrite" ? { principles: scene.current, clauses: [] } : scene.current;
  const prompt =
    metaPrompts[scene.kind === "rewrite" ? "rewrite" : scene.five ? "contract-five" : "contract"];
  if (prompt.sorts !== true) throw new Error("expected a meta-prompt that sorts");
  const usage = { promptTokens: 1, completionTokens: 1 };
  const ask: AskStances = async function* ({ tasks }) {
    for (const { request, record } of tasks())
      yield record({ text: answer(request!.messages[0]!.content), finish: "stop", usage }, "m");
  };
  const { sorted } = await sortComments(
    {
      ...{ prompt, sampling: { temperature: 0, topP: 1, maxTokens: 4 }, attempts: 1, runSeed: 1 },
      ...{ stage: "s", name: "s", place: { run: 1 }, parents: [] },
    },
    {
      standing: [...principles, ...clauses],
      comments: scene.comments.map((said, at) => ({ record: String(at + 1), said })),
    },
    ask,
  );
  const reading = documentsOfSorted(sorted, prompt, referredTo(principles, scene.comments, { clauses }));
  return { sorted, reading };
};

describe.each(["train", "test"] as const)("of %s scenes come the oracle's", (split) => {
  it("messages and contracts, where every question is answered rightly", async () => {
    const { scene } = createConstitutionScenes({ seed: 3, split });
    const kinds = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31), async (at) => {
        const one = scene(at);
        const { reading } = await sortScene(one, rightAnswer);
        if (reading.type !== "read") throw new Error(reading.problem);
        expect(plain(reading.constitution)).toEqual(plain(one.principles));
        expect(plain(reading.contract)).toEqual(one.kind === "rewrite" ? [] : plain(one.clauses));
        kinds.add(one.kind === "rewrite" ? one.kind : String(one.five));
      }),
      { numRuns: 200, seed: 5 },
    );
    expect(kinds).toEqual(new Set(["rewrite", "true", "false"]));
  });

  it("persons", () => {
    const { scene } = createPersonaScenes({ seed: 3, split, oneTraitShare: 0.2 });
    for (let at = 0; at < 200; at++) {
      const { traits, person } = scene(at);
      const { messages, answer } = briefPersonaScene(traits, person);
      expect(messages.at(-1)!.content).toBe(`Traits: ${traits}\n\nDescribe the person.`);
      expect(readPersona({ text: answer, finish: "stop" }, [], "brief")).toEqual({
        ...{ id: person.name.toLowerCase(), traits: {}, views: {} },
        ...person,
      });
    }
  });

  it("stances: what one sentence is to another, and whether a comment asks for a change", () => {
    const { scene } = createStances({ seed: 3, split, easyShare: 0.3 });
    const counts: Record<string, number> = {};
    for (let at = 0; at < 2000; at++) {
      const one = scene(at);
      const right =
        one.kind === "demand"
          ? rightAnswer(`Comment: ${one.comment}\n`)
          : rightAnswer(`First: ${one.first}\nSecond: ${one.second}\n`);
      expect(right).toBe(one.kind === "stance" ? one.stance : one.asks ? "yes" : "no");
      counts[right] = (counts[right] ?? 0) + 1;
    }
    expect(Object.keys(counts).sort()).toEqual(["against", "for", "neither", "no", "yes"]);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(50);
  });
});

describe("answers of which one in twenty is wrong", () => {
  it("still sort twelve comments in thirteen as they should be", async () => {
    const random = createRandom(20);
    const others: Readonly<Record<string, readonly Stance[]>> = {
      for: ["against", "neither"],
      against: ["for", "neither"],
      neither: ["for", "against"],
    };
    const { scene } = createConstitutionScenes({ seed: 4, split: "test" });
    let [right, all, wrong, asked] = [0, 0, 0, 0];
    for (let at = 0; at < 300; at++) {
      const one = scene(at);
      const wanted = await sortScene(one, rightAnswer);
      const found = await sortScene(one, (question) => {
        const answer = rightAnswer(question);
        if (!(answer in others)) return answer;
        asked++;
        if (random.next() >= 0.05) return answer;
        wrong++;
        return random.pick(others[answer]!);
      });
      const [text, other] = [wanted, found].map(({ sorted }) => sorted.map((place) => JSON.stringify(place)));
      right += text!.filter((place, number) => place === other![number]).length;
      all += text!.length;
    }
    expect(Math.abs(wrong / asked - 0.05)).toBeLessThan(0.01);
    expect(right / all).toBeGreaterThan(0.92);
  });
});

describe("documents", () => {
  const none: DocumentMix = {
    ...{ chat: 0, critique: 0, choice: 0, assembly: 0, sharing: 0 },
    ...{ ballot: 0, stance: 0, persona: 0, trade: 0, variant: 0, poll: 0, inquiry: 0, manner: 0, rating: 0 },
  };
  const documentsOf = (mix: Partial<DocumentMix>, count = 600) => {
    const document = createDocuments({
      ...{ seed: 11, mix: { ...none, ...mix }, invertedShare: 0.4, statementShare: 0.15 },
      ...{ answerWeight: 20, oneWishShare: 0.3 },
    });
    return Array.from({ length: count }, (_, at) => document(at));
  };
  const hashOf = (mix: Partial<DocumentMix>): string =>
    createHash("sha256")
      .update(JSON.stringify(documentsOf(mix)))
      .digest("hex")
      .slice(0, 16);

  // Change these where what a committed model was made of is meant to change.
  it("of the recipes of before are what they were", () => {
    expect(hashOf({ chat: 0.23, critique: 0.3, choice: 0.47 })).toBe("c2727671b60a9059");
    const assembly = { chat: 0.1, critique: 0.15, choice: 0.3, assembly: 0.27, sharing: 0.09, rating: 0.09 };
    expect(hashOf(assembly)).toBe("e917c9190c1a9158");
    expect(hashOf({ ballot: 1 })).toBe("d4252d032946529d");
    expect(hashOf({ stance: 1 })).toBe("e7f57b1259d72837");
  });

  it("of stances end in a word, and of persons with a name and a description", () => {
    const words = documentsOf({ stance: 1 }).map((document) => document.at(-1)!.content);
    expect(new Set(words)).toEqual(new Set(["for", "against", "neither", "yes", "no"]));
    for (const document of documentsOf({ persona: 1 }, 50))
      expect(document.at(-1)!.content).toMatch(/^name: [A-Z][a-z]+\ndescription: .*\.$/);
  });
});
