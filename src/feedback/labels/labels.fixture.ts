// What tests of labels share: a constitution, pairs, judges that follow a rule, and a way to collect the labels. The
// judges are scripted, and their rules see the two replies alone.

import { createRandom } from "../../core/index.ts";
import { type GenerateRequest, type ScoreRequest, scriptedModel } from "../../models/index.ts";
import type { Constitution, LabelRecord } from "../../records/index.ts";
import { type LabelOptions, labelBatch, plainProtocol, type ReplyPair, watchJudge } from "../index.ts";

export const constitution: Constitution = {
  name: "test",
  version: "1",
  description: "",
  source: "test",
  licence: "CC0-1.0",
  principles: ["kind", "true", "brief"].map((id) => ({
    id,
    title: id,
    weight: 1,
    critique: "c",
    revision: "r",
    preference: `Which reply is more ${id}?`,
  })),
};

export const pairOf = (index: number, first = `good ${index}`, second = `bad ${index}`): ReplyPair => ({
  id: `p${index}`,
  prompt: `p${index}`,
  messages: [{ role: "user", content: `Question {first} ${index}: (A) or (B)?` }],
  replies: [
    { id: `s/p${index}/0`, text: first, finish: "stop" },
    { id: `s/p${index}/1`, text: second, finish: "stop" },
  ],
});

export const pairs = Array.from({ length: 60 }, (_, index) => pairOf(index));

/** The two options of the last question, in either wording. */
export const optionsIn = ({ messages }: Pick<ScoreRequest, "messages">): [string, string] => {
  const text = messages.map(({ content }) => content).join("\n");
  const found = [
    ...text.matchAll(/\n ?\(A\) (?:\[{3})?(.*?)(?:\]{3})?\n ?\(B\) (?:\[{3})?(.*?)(?:\]{3})?(?=\n)/g),
  ].at(-1);
  return [found?.[1] ?? "", found?.[2] ?? ""];
};

/** A judge that gives log-probabilities; half of the mass goes to other continuations, which labels must not see. */
export const scoringJudge = (probabilityOfA: (first: string, second: string) => number, chain = "I think.") =>
  scriptedModel({
    id: "judge",
    reply: () => chain,
    score: (request) => {
      const probability = probabilityOfA(...optionsIn(request));
      return [Math.log(probability / 2), Math.log((1 - probability) / 2)];
    },
  });

/** A judge without log-probabilities that writes what the function says; random: by the request's seed. */
export const writingJudge = (
  write: (first: string, second: string, random: () => number, request: GenerateRequest) => string,
) =>
  scriptedModel({
    id: "writer",
    reply: (request) => {
      const random = createRandom(request.seed);
      return write(...optionsIn(request), () => random.next(), request);
    },
  });

/** Labels of pairs. */
export const labelsOf = async (
  options: Pick<LabelOptions, "judge"> & Partial<LabelOptions>,
): Promise<LabelRecord[]> => {
  const records: LabelRecord[] = [];
  const all = { pairs, constitution, runSeed: 1, stage: "label", protocol: plainProtocol, ...options };
  for await (const chunk of labelBatch(all)) records.push(...chunk.records);
  return records;
};

/** Pairs with the replies of each exchanged. */
export const exchanged = (given: readonly ReplyPair[]): ReplyPair[] =>
  given.map((pair) => ({ ...pair, replies: [pair.replies[1], pair.replies[0]] as const }));

/** Looks once at labels that are all there, as a watch does that saw them come. */
export const assertJudgeReads = (labels: Iterable<LabelRecord>): void => {
  const watch = watchJudge();
  for (const label of labels) watch.see(label);
  watch.check();
};
