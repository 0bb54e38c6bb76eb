// DPO over adapters holds the base weights once: its reference is the same weights, the adapters switched off. Measured
// on a model that is large beside what a process needs anyway.

import { expect, it } from "vitest";
import {
  addAdapters,
  allTargets,
  createModelState,
  createScorer,
  initialParameters,
  loadModelFolder,
  parameterCount,
  parseModelConfig,
  type Weights,
} from "../transformer/index.ts";
import { referenceLogProbabilities, referenceState } from "./dpo.ts";

const lora = { rank: 4, alpha: 8, targets: [allTargets] };
const items = [
  {
    trunk: [2, 10, 3],
    branches: [
      [20, 40, 0],
      [20, 50, 30, 0],
    ],
  },
];

/** Memory of the buffers that a state's feeds lie in, each counted once, and their names. */
const buffersOf = (feeds: Record<string, { buffer: ArrayBufferLike } | unknown>) =>
  new Set(Object.values(feeds).map((data) => (data as Float32Array).buffer));
const bytesOf = (buffers: ReadonlySet<ArrayBufferLike>): number =>
  [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);

it("computes the reference without a second copy of the base, in this process's memory as in its buffers", async () => {
  const config = parseModelConfig(
    {
      ...{ model_type: "llama", vocab_size: 256, max_position_embeddings: 64, eos_token_id: 0 },
      ...{ hidden_size: 1024, intermediate_size: 2816, num_hidden_layers: 4, num_attention_heads: 16 },
    },
    "config.json",
  );
  const base = initialParameters(config, 1);
  const state = createModelState(config, addAdapters(config, base, lora, 1), { adapterScale: 2 });
  const size = 4 * parameterCount(config);
  expect(size).toBeGreaterThan(200e6);
  const before = process.memoryUsage();
  const scorer = createScorer(referenceState(state));
  await referenceLogProbabilities(scorer, items);
  const after = process.memoryUsage();
  await scorer.release();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(size / 20);
  // the runtime itself takes some 50 MB when it is first used
  expect(after.rss - before.rss).toBeLessThan(size / 2);
  const policy = buffersOf(state.feeds());
  const both = new Set([...policy, ...buffersOf(referenceState(state).feeds())]);
  expect(bytesOf(both)).toBe(bytesOf(policy));
}, 120_000);

it("has the base's own log-probabilities, also over 4 bits and when the adapters have moved", async () => {
  const folder = new URL("../../test/golden/families/gpt2", import.meta.url).pathname;
  const { config, weights, quantised } = await loadModelFolder(folder, { load: "4bit" });
  expect(Object.keys(quantised).length).toBeGreaterThan(0);
  const plain = createModelState(config, weights, { quantised });
  const adapted: Weights = { ...weights };
  const whole = (await loadModelFolder(folder)).weights;
  for (const [name, weight] of Object.entries(addAdapters(config, whole, lora, 1)))
    if (name.includes(".lora_")) adapted[name] = { ...weight, data: weight.data.map(() => 0.05) };
  const moved = createModelState(config, adapted, { quantised, adapterScale: 2 });
  const [expected, reference, policy] = await Promise.all(
    [plain, referenceState(moved), moved].map(async (one) => {
      const scorer = createScorer(one);
      const values = await referenceLogProbabilities(scorer, items);
      await scorer.release();
      return values;
    }),
  );
  expect(reference).toEqual(expected);
  expect(policy).not.toEqual(expected);
  const own = buffersOf(moved.feeds());
  for (const buffer of buffersOf(referenceState(moved).feeds())) expect(own.has(buffer)).toBe(true);
});
