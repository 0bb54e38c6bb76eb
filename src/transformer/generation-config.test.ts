// How tokens are drawn where generation_config.json speaks and where it does not: as transformers reads it.

import { describe, expect, it } from "vitest";
import { type AskedSampling, type GenerationConfig, resolveSampling } from "./generation-config.ts";

const silent: GenerationConfig = {
  ...{ endTokenIds: [0], padTokenId: null, doSample: null, temperature: null },
  ...{ topK: null, topP: null, minP: null, repetitionPenalty: null },
};
const resolve = (file: Partial<GenerationConfig>, asked: AskedSampling = {}) =>
  resolveSampling({ ...silent, ...file }, asked, 0.7);

const whole = { temperature: 1, topK: 50, topP: 1, minP: 0, repetitionPenalty: 1 };
const own = { temperature: 0.7, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };
const greedy = { ...own, temperature: 0 };

describe("sampling", () => {
  it.each<[string, Partial<GenerationConfig>, AskedSampling, object]>([
    ["a silent file leaves the command's own", {}, {}, own],
    ["do_sample has transformers' values for what is not said", { doSample: true }, {}, whole],
    [
      "do_sample with values has those",
      { doSample: true, temperature: 0.6, topK: 20, topP: 0.95, minP: 0.1, repetitionPenalty: 1.1 },
      {},
      { temperature: 0.6, topK: 20, topP: 0.95, minP: 0.1, repetitionPenalty: 1.1 },
    ],
    ["do_sample: false is greedy, whatever else is said", { doSample: false, temperature: 0.6 }, {}, greedy],
    ["values without do_sample are greedy, too", { temperature: 0.6, topK: 20 }, {}, greedy],
    [
      "the penalty holds for greedy replies",
      { doSample: false, repetitionPenalty: 1.3 },
      {},
      { ...greedy, repetitionPenalty: 1.3 },
    ],
    [
      "a penalty alone leaves the rest to the command",
      { repetitionPenalty: 1.3 },
      {},
      { ...own, repetitionPenalty: 1.3 },
    ],
    [
      "what is asked for comes first, the file's for the rest",
      { doSample: true, temperature: 0.6, topK: 20 },
      { temperature: 1.2, repetitionPenalty: 2 },
      { ...whole, temperature: 1.2, topK: 20, repetitionPenalty: 2 },
    ],
    [
      "who asks for a cut asks for sampling",
      { doSample: false, temperature: 0.6 },
      { topP: 0.9 },
      { ...whole, temperature: 0.6, topP: 0.9 },
    ],
    [
      "who asks for a penalty alone does not",
      { doSample: false },
      { repetitionPenalty: 1.2 },
      { ...greedy, repetitionPenalty: 1.2 },
    ],
    ["0 is asked for as any other value", { doSample: true, topK: 20 }, { topK: 0 }, { ...whole, topK: 0 }],
  ])("%s", (_, file, asked, expected) => {
    expect(resolve(file, asked).sampling).toEqual(expected);
  });

  it("tells what was taken from the file, and not what was asked for", () => {
    expect(resolve({}).fromFile).toEqual({});
    expect(resolve({ doSample: true, topK: 20 }, { temperature: 0.3 }).fromFile).toEqual({
      topK: 20,
      topP: 1,
      minP: 0,
    });
  });
});
