// Which answer and which label a lineage is told of.

import { describe, expect, it } from "vitest";
import type { LabelRecord, ReplyClass, VerdictRecord } from "../../records/index.ts";
import { changesOf, chooseLabel, mostChanged, orderOf, principlesOf, speaksOf } from "./choice.ts";
import type { Answers, LearnedLabel } from "./records.ts";

type Said = {
  readonly text: string;
  readonly harm?: number;
  readonly help?: number;
  readonly as?: ReplyClass;
};

const verdict = (prompt: string, { text, harm = 0, help = 0, as = "comply" }: Said): VerdictRecord => ({
  ...{
    id: `${prompt}/${text}`,
    parents: [prompt],
    stage: "evaluate",
    seed: 1,
    prompt,
    arm: "ethical",
    model: "dpo",
  },
  request: "How do I read the letters of my neighbour?",
  text,
  verdict: { class: as, harm, helpfulness: help, evasive: false },
});

const answers = (prompt: string, base: Said, sl: Said, after: Said): Answers => ({
  base: verdict(prompt, base),
  sl: verdict(prompt, sl),
  after: verdict(prompt, after),
});

const comply = { text: "Open the letters with steam.", harm: 4 };
const hint = { text: "I should not say much, but look for steam.", harm: 2 };
const refuse = { text: "I will not help you with letters of others." };

describe("the answer that is told of", () => {
  const idOf = (...all: Answers[]): string | undefined => mostChanged(all)?.after.prompt;

  it("is one that changed after SL-CAI too, before one that revisions alone changed more", () => {
    const early = answers("early", comply, refuse, refuse);
    const late = answers("late", comply, hint, refuse);
    expect(idOf(early, late)).toBe("late");
    expect(changesOf(late)).toMatchObject({ fromBase: { harm: -4 }, fromSl: { harm: -2 } });
    expect(changesOf(early).fromSl).toEqual({ harm: 0, helpfulness: 0, alike: 1 });
  });

  it("is no return to where base was", () => {
    const back = answers("back", comply, refuse, { ...comply, harm: 3 });
    expect(idOf(back, answers("on", comply, hint, refuse))).toBe("on");
    expect(idOf(back, answers("early", comply, refuse, refuse))).toBe("early");
  });

  it("is one with other words where no verdict changed, and a malformed one only where there is no other", () => {
    const same = answers("same", comply, comply, comply);
    const words = answers("words", comply, comply, { ...comply, text: "Steam will do." });
    const broken = answers("broken", comply, hint, { text: "Steam steam", as: "malformed" });
    expect(idOf(same, broken, words)).toBe("words");
    expect(idOf(broken)).toBe("broken");
    expect(idOf()).toBeUndefined();
  });
});

const label = (
  id: string,
  request: string,
  probability: number,
  replies: [string, string],
): LearnedLabel => ({
  row: `dpo/${id}`,
  label: {
    ...{
      id,
      parents: [id],
      stage: "label",
      seed: 1,
      prompt: id,
      principle: "discreet",
      judge: "judge",
      state: "judged",
    },
    messages: [{ role: "user", content: request }],
    ...{ replies, probability, orders: [probability, probability], flipped: false },
  },
});

describe("the label that is told of", () => {
  const answer = answers("asked", comply, comply, refuse);
  const pair: [string, string] = [refuse.text, comply.text];
  const letters = "How do I read the letters of my cousin?";
  const near = label("near", letters, 0.9, pair);
  const chosen = (labels: LearnedLabel[], isOf: (one: LabelRecord) => boolean = () => false) =>
    chooseLabel(labels, answer, isOf, () => false);

  it("prefers what the reply became over what it was; then the nearer request and the surer label count", () => {
    const against = label("against", letters, 0.1, pair);
    const far = label("far", "What is cooking today?", 0.9, pair);
    const unsure = label("unsure", letters, 0.6, pair);
    const { chosen: found, ofKind } = chosen([against, far, unsure, near]);
    expect(found.label.id).toBe("near");
    expect(ofKind.map(({ weight }) => Math.sign(weight))).toEqual([-1, 0, 1, 1]);
    expect(chosen([against]).chosen.weight).toBeLessThan(0);
  });

  it("counts the same whichever of the two replies stood first", () => {
    const turned = label("turned", letters, 0.1, [comply.text, refuse.text]);
    const weight = (one: LearnedLabel): number => chosen([one]).chosen.weight;
    expect(weight(turned)).toBeCloseTo(weight(near), 12);
    expect(orderOf(turned.label)).toEqual({ preferred: refuse.text, other: comply.text, probability: 0.9 });
  });

  it("is on a prompt of the same kind where there is one, and else on any", () => {
    const other = label("other", letters, 0.7, pair);
    const narrowed = chosen([near, other], ({ id }) => id === "other");
    expect([narrowed.chosen.label.id, narrowed.isNarrowed, narrowed.ofKind.length]).toEqual([
      "other",
      true,
      1,
    ]);
    const open = chosen([near, other]);
    expect([open.chosen.label.id, open.isNarrowed, open.ofKind.length]).toEqual(["near", false, 2]);
  });

  it("is one that was judged under a principle on the matter where such a one pulls the same way", () => {
    const on = label("on", "How do I read letters that are not mine?", 0.7, pair);
    const turned = label("turned", letters, 0.1, pair);
    const under = (principle: string, { row, label: its }: LearnedLabel): LearnedLabel => ({
      row,
      label: { ...its, principle },
    });
    const ask = (labels: LearnedLabel[]) =>
      chooseLabel(
        labels,
        answer,
        () => true,
        (one) => one === "about-letters",
      );
    const found = ask([near, under("about-letters", on), under("about-letters", turned)]);
    expect([found.chosen.label.id, found.onMatter.map((one) => one.label.id)]).toEqual(["on", ["on"]]);
    const none = ask([near, on, under("about-letters", turned)]);
    expect([none.chosen.label.id, none.onMatter]).toEqual(["near", []]);
  });

  it("names every principle that judged it once", () => {
    const judgement = (principle: string) => ({ principle, orders: [0.9, 0.9] as [number, number] });
    expect(principlesOf(near.label)).toEqual(["discreet"]);
    const judgements = ["discreet", "short", "discreet"].map(judgement);
    expect(principlesOf({ ...near.label, judgements })).toEqual(["discreet", "short"]);
  });
});

describe("a principle", () => {
  it("speaks of the area that it names, or that its statement in the sandbox's language is about", () => {
    const violence = { title: "Never give a reply that helps with violence." };
    expect(speaksOf("peace")(violence)).toBe(true);
    expect(speaksOf("privacy")(violence)).toBe(false);
    expect(speaksOf("privacy")({ ...violence, area: "privacy" })).toBe(true);
    expect(speaksOf("peace")({ title: "Name your sources." })).toBe(false);
    expect(speaksOf(undefined)(violence)).toBe(false);
  });
});
