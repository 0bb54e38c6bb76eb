// Reading a policy: logits made for some tokens at a time give what logits made at once give, slopes included.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { compile, gradients, mean } from "../engine/index.ts";
import { graphOf } from "../transformer/index.ts";
import { freshModel, smallConfig } from "./loop.fixture.ts";
import { layOutPolicy, readPolicy } from "./policy-batch.ts";

describe("a policy read by parts", () => {
  it("has the log-probabilities, entropies and slopes of one that is read at once", async () => {
    const state = freshModel();
    const random = createRandom(4);
    const ids = (length: number): number[] => Array.from({ length }, () => 2 + random.integer(60));
    const items = [5, 9, 3].map((length) => ({ trunk: ids(4), branches: [ids(length)] }));
    const { batch } = layOutPolicy(items, () => true, 1);
    const read = async (bytes?: number) => {
      const graph = graphOf(state);
      const { logProbabilities, entropies } = readPolicy(graph, batch.sizes, bytes);
      const [slope] = gradients(mean(logProbabilities), [graph.parameter("model.embed_tokens.weight")!]);
      const program = await compile({ logProbabilities, entropies, slope: slope! });
      const found = await program.run({ ...state.feeds(), ...batch.feeds });
      await program.release();
      return found;
    };
    const whole = await read();
    // seven of 256 places at a time
    const parts = await read(7 * 4 * smallConfig.vocabularySize);
    for (const name of ["logProbabilities", "entropies", "slope"])
      for (const [at, value] of (parts[name] as Float32Array).entries())
        expect(Math.abs(value - Number(whole[name]![at]))).toBeLessThan(1e-5);
  });
});
