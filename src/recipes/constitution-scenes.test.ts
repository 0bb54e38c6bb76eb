// Scenes of constitutions and persons as documents: what the oracle makes of a scene is what a simulation's strict readers read
// in the document's answer. And documents of mixes without them are what they were, so that models are made as they were.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createConstitutionScenes, createPersonaScenes } from "../sandbox/index.ts";
import {
  briefForms,
  briefPersonaScene,
  episodeWordings,
  readMeta,
  readPersona,
  referredTo,
} from "../simulation/index.ts";
import { createDocuments, type DocumentMix } from "./inputs/pretraining-documents.ts";

const { metaPrompts } = episodeWordings.brief;

type Item = { readonly text: string; readonly from: readonly number[] };
const plain = (items: readonly Item[]) => items.map(({ text, from }) => ({ text, from }));

describe.each(["train", "test"] as const)("answers to %s scenes are read as the oracle has them", (split) => {
  it("of messages and contracts", () => {
    const { scene } = createConstitutionScenes({ seed: 3, split, fewShare: 0.3 });
    for (let at = 0; at < 150; at++) {
      const one = scene(at);
      const { principles, clauses } =
        one.kind === "rewrite" ? { principles: one.current, clauses: [] } : one.current;
      const bounds = {
        ...{ users: 10, comments: one.comments.length },
        referred: referredTo(principles, one.comments, { clauses }),
      };
      const name = one.kind === "rewrite" ? "rewrite" : one.five ? "contract-five" : "contract";
      const text = briefForms.sortingAnswer(one.sorted);
      const read = readMeta({ text, finish: "stop" }, metaPrompts[name], bounds);
      if (read.type !== "read") throw new Error(`${read.problem} in ${text}`);
      expect(plain(read.constitution)).toEqual(plain(one.principles));
      expect(plain(read.contract)).toEqual(one.kind === "rewrite" ? [] : plain(one.clauses));
    }
  });

  it("of persons", () => {
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
});

describe("documents", () => {
  const none: DocumentMix = {
    ...{ chat: 0, critique: 0, choice: 0, assembly: 0, sharing: 0 },
    ...{ ballot: 0, constitution: 0, persona: 0, trade: 0, variant: 0, poll: 0 },
  };
  const documentsOf = (mix: Partial<DocumentMix>, fewCommentsShare: number, count = 600) => {
    const document = createDocuments({
      ...{ seed: 11, mix: { ...none, ...mix }, invertedShare: 0.4, statementShare: 0.15 },
      ...{ answerWeight: 20, oneWishShare: 0.3, fewCommentsShare },
    });
    return Array.from({ length: count }, (_, at) => document(at));
  };
  const hashOf = (mix: Partial<DocumentMix>): string =>
    createHash("sha256")
      .update(JSON.stringify(documentsOf(mix, 0.1)))
      .digest("hex")
      .slice(0, 16);

  // Change these where what a committed model was made of is meant to change.
  it("of the recipes of before are what they were", () => {
    expect(hashOf({ chat: 0.23, critique: 0.3, choice: 0.47 })).toBe("c61395d4de5fd4fb");
    const assembly = { chat: 0.12, critique: 0.19, choice: 0.37, assembly: 0.24, sharing: 0.08 };
    expect(hashOf(assembly)).toBe("c3683a1ac41ed8b9");
    expect(hashOf({ ballot: 1 })).toBe("d4252d032946529d");
  });

  it("of constitutions are short where that is asked for, and of persons end with a name and a description", () => {
    const commentsIn = (text: string): number => text.match(/ \[\d+\]$/gm)?.length ?? 0;
    const most = (few: number): number =>
      Math.max(...documentsOf({ constitution: 1 }, few).map(([asked]) => commentsIn(asked!.content)));
    expect([most(1), most(0)]).toEqual([3, 10]);
    for (const document of documentsOf({ persona: 1 }, 0, 50))
      expect(document.at(-1)!.content).toMatch(/^name: [A-Z][a-z]+\ndescription: .*\.$/);
  });
});
