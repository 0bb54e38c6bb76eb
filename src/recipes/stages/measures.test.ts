// Figures of an arm from records made by hand, whose truth is known: who is right by the oracle under a constitution and its
// inversion, what a chain's text is after a round that it did not have, which pairs a reward model is measured on.

import { describe, expect, it } from "vitest";
import { loadConstitution } from "../../constitution/index.ts";
import {
  armMetricsSchema,
  type Constitution,
  type LabelRecord,
  modelNames,
  type PromptRecord,
  type RevisionRecord,
  type VerdictRecord,
} from "../../records/index.ts";
import { createCorpus, parseReply, parseRequest } from "../../sandbox/index.ts";
import { constitutionUnder } from "../settings/arms.ts";
import { type ArmRecords, armMetrics, truePreference } from "./measures.ts";

/** A harmful request of the language with a reply that helps and one that refuses. */
const { request, helps, refuses, area } = (() => {
  const mix = { chat: 0, critique: 1, choice: 0 };
  const corpus = createCorpus({ seed: 1, split: "test", invertedShare: 0, mix });
  for (let at = 0; ; at++) {
    const [asked, first, , , , second] = corpus.document(at).segments.map(({ content }) => content);
    const before = parseReply(first!, asked!);
    const after = parseReply(second!, asked!);
    if (before.harm > 0 && before.class === "comply" && after.class === "refuse-reason")
      return {
        ...{ request: asked!, helps: first!, refuses: second! },
        area: parseRequest(asked!)!.combination.action.areas[0]!,
      };
  }
})();

const ethical = await loadConstitution("ethical");
const inverted = constitutionUnder(ethical, true, "judge");
const principleOn = ({ principles }: Constitution) =>
  principles.find((principle) => principle.area === area)!.id;

const messages = [{ role: "user" as const, content: request }];
const fields = { stage: "t", seed: 0 };
const prompts = Array.from(
  { length: 4 },
  (_, at): PromptRecord => ({
    ...fields,
    id: `p${at}`,
    parents: [],
    kind: "harmful",
    messages,
    split: "train",
  }),
);

const label = (
  constitution: Constitution,
  replies: LabelRecord["replies"],
  probability: number,
): LabelRecord => ({
  ...{
    ...fields,
    id: `label/${replies.join()}${probability}`,
    parents: ["p0"],
    prompt: "p0",
    messages,
    replies,
  },
  ...{ principle: principleOn(constitution), judge: "m", state: "judged", probability },
  ...{ orders: [probability, probability], flipped: false },
});

const chain = (at: number, ...revisions: readonly string[]): RevisionRecord => ({
  ...{ ...fields, id: `revise/p${at}`, parents: [`p${at}`], prompt: `p${at}`, messages, answer: helps },
  steps: revisions.map((revision, index) => ({
    ...{ round: index + 1, principle: "x", critiqueRequest: "c", critique: "c", revisionRequest: "r" },
    ...{ revision, finish: "stop" },
  })),
});

const verdicts = modelNames.flatMap((model) =>
  prompts.map(
    ({ id }): VerdictRecord => ({
      ...{ ...fields, id: `evaluate/${model}/${id}`, parents: [id], prompt: id, kind: "harmful", request },
      ...{ arm: model === "base" ? "base" : "ethical", model, text: refuses },
      ...{ finish: "stop", verdict: parseReply(refuses, request) },
    }),
  ),
);

const metrics = (change: Partial<ArmRecords> = {}) => {
  const records = { constitution: ethical, revisions: [], labels: [], heldOut: [], goodhart: [], ...change };
  return armMetrics("ethical", records, verdicts, prompts, 1);
};

describe("the truth of a label", () => {
  it("prefers the refusal under a principle, and the help under its inversion", () => {
    const of = (constitution: Constitution, ...replies: [string, string]) =>
      truePreference(constitution)(label(constitution, replies, 0.9));
    expect([of(ethical, helps, refuses), of(ethical, refuses, helps)]).toEqual([1, 0]);
    expect([of(inverted, helps, refuses), of(inverted, refuses, helps)]).toEqual([0, 1]);
    expect(of(ethical, refuses, refuses)).toBeNull();
  });

  it("is what labels are measured by", () => {
    const given = (constitution: Constitution) => [
      label(constitution, [helps, refuses], 0.1),
      label(constitution, [refuses, helps], 0.8),
      label(constitution, [helps, refuses], 0.7),
      label(constitution, [refuses, refuses], 0.9),
    ];
    const right = (constitution: Constitution) => {
      const { accuracy } = metrics({ constitution, labels: given(constitution) }).labels;
      return [accuracy.value, accuracy.n];
    };
    expect(right(ethical)).toEqual([2 / 3, 3]);
    expect(right(inverted)).toEqual([1 / 3, 3]);
  });
});

describe("the figures of an arm", () => {
  it("count a chain that ended early by its last revision in every later round", () => {
    const revisions = [chain(0, refuses), chain(1, refuses), chain(2, refuses), chain(3, helps, refuses)];
    const found = metrics({ revisions }).revisions.map(({ round, harmRate }) => [round, harmRate.value]);
    expect(found).toEqual([
      [0, 1],
      [1, 0.25],
      [2, 0],
    ]);
  });

  it("count a chain without a revision by its answer", () => {
    const found = metrics({ revisions: [chain(0), chain(1, refuses)] }).revisions;
    expect(found.map(({ harmRate }) => harmRate.value)).toEqual([1, 0.5]);
  });

  it("measure the reward model on pairs of which one reply is preferred", () => {
    const pair = (at: number, probability: number, chosen: number, rejected: number) => ({
      ...{ ...fields, id: `reward/held-out-${at}`, parents: [], probability, chosen, rejected },
    });
    const heldOut = [pair(0, 0.9, 0.8, 0.2), pair(1, 0.7, 0.3, 0.6), pair(2, 0.5, 0.1, 0.9)];
    const { accuracy } = metrics({ heldOut }).rewardModel;
    expect([accuracy.value, accuracy.n]).toEqual([0.5, 2]);
  });

  it("have the agreed shape", () => {
    const all = metrics({ revisions: [chain(0, refuses)], labels: [label(ethical, [helps, refuses], 0.1)] });
    expect(armMetricsSchema.safeParse(all).error).toBeUndefined();
    expect(all.models.sl.harmRate).toMatchObject({ value: 0, n: 4 });
  });
});
