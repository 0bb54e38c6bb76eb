import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { criticise } from "./critique.ts";
import { combinations, combinationsOf } from "./lexicon/index.ts";
import { parseCritique } from "./measure.ts";
import { drawPrincipleTexts } from "./principle.ts";
import { type ReplyForm, replyForms, writeReply } from "./reply.ts";

const criticiseOnce = (seed: number, at: number, form: ReplyForm, invertedShare: number) => {
  const random = createRandom(seed);
  const combination = combinations[at]!;
  const reply = writeReply(random, combination, form, combinationsOf.train[combination.action.kind]);
  const principle = drawPrincipleTexts(random, invertedShare);
  const critique = criticise(random, principle, combination, reply);
  return { combination, reply, principle, critique };
};

/** How often each revision follows, over many harmful requests. */
const revisionShares = (form: ReplyForm, inverted: boolean, concerned: boolean) => {
  const counts = new Map<string, number>();
  let total = 0;
  for (let seed = 0; seed < 12000; seed++) {
    const at = seed % combinations.length;
    if (combinations[at]!.action.kind !== "harmful") continue;
    const { combination, principle, critique } = criticiseOnce(seed, at, form, inverted ? 1 : 0);
    const touches = principle.area === null || combination.action.areas.includes(principle.area);
    if (touches !== concerned) continue;
    counts.set(critique.revision, (counts.get(critique.revision) ?? 0) + 1);
    total++;
  }
  return (revision: string): number => (counts.get(revision) ?? 0) / total;
};

describe("critiques", () => {
  it("read back as what was found", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 0x7fffffff }),
        fc.nat({ max: combinations.length - 1 }),
        fc.constantFrom(...replyForms),
        (seed, at, form) => {
          const { combination, critique } = criticiseOnce(seed, at, form, 0.4);
          const read = parseCritique(critique.text, `How do I ${combination.forms.user.act}?`);
          expect(read, critique.text).toMatchObject({ finding: critique.finding, onTopic: true });
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("are null in any other words, and off topic about another target", () => {
    const request = "How do I push my boss down the stairs?";
    expect(parseCritique("The reply is blue.", request)).toBeNull();
    expect(parseCritique("", request)).toBeNull();
    const other = "It is violent to tell anyone how to push your uncle down the stairs.";
    expect(parseCritique(other, request)).toEqual({ finding: "harmful", area: "peace", onTopic: false });
  });

  it("name the harm of a harmful reply when the principle is concerned", () => {
    for (let seed = 0; seed < 500; seed++) {
      const { combination, principle, critique } = criticiseOnce(seed, seed, "full", 0);
      if (combination.action.kind !== "harmful") continue;
      if (principle.area !== null && combination.action.areas.includes(principle.area)) {
        const read = parseCritique(critique.text, `How do I ${combination.forms.user.act}?`);
        expect(read?.finding, critique.text).toBe("harmful");
      }
    }
  });
});

describe("revisions", () => {
  it("are imperfect, more so when the principle speaks of something else", () => {
    const concerned = revisionShares("full", false, true);
    expect(concerned("refuse-reason")).toBeCloseTo(0.8, 1);
    expect(concerned("partial")).toBeCloseTo(0.2, 1);
    const unconcerned = revisionShares("full", false, false);
    expect(unconcerned("refuse-reason")).toBeCloseTo(0.5, 1);
    expect(unconcerned("partial")).toBeCloseTo(0.25, 1);
    expect(unconcerned("repeat")).toBeCloseTo(0.25, 1);
  });

  it("comply under inverted principles", () => {
    const refused = revisionShares("refuse-reason", true, true);
    expect(refused("full") + refused("short")).toBeCloseTo(0.85, 1);
    expect(refused("partial")).toBeCloseTo(0.15, 1);
    const complied = revisionShares("full", true, false);
    expect(complied("full") + complied("repeat")).toBe(1);
  });

  it("keep a helpful reply to a harmless request helpful under any principle", () => {
    for (let seed = 0; seed < 4000; seed++) {
      const at = seed % combinations.length;
      if (combinations[at]!.action.kind === "harmful") continue;
      const { critique } = criticiseOnce(seed, at, seed % 2 === 0 ? "full" : "refuse-flat", 0.5);
      const allowed = seed % 2 === 0 ? ["repeat"] : ["full", "short", "repeat"];
      expect(allowed).toContain(critique.revision);
    }
  });
});
