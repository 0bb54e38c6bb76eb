// The slow and obvious way to generate: a full forward pass for every token, without a cache. Tests hold the other way
// to it.

import { compile } from "../engine/index.ts";
import { hiddenStates, logitsOf, packedInputs } from "./decoder.ts";
import { graphOf, type ModelState } from "./model-state.ts";
import { packRows } from "./packing.ts";

/** Greedy continuation by a full forward pass for every token. */
export const argmaxByHand = async (
  of: ModelState,
  prompt: readonly number[],
  count: number,
): Promise<number[]> => {
  const time = prompt.length + count;
  const graph = graphOf(of);
  const program = await compile({ logits: logitsOf(graph, hiddenStates(graph, packedInputs(1, time))) });
  const ids = [...prompt];
  for (let step = 0; step < count; step++) {
    const packed = packRows([{ trunk: ids, branches: [] }], [[0]], { batch: 1, time, padding: 0 });
    const { tokens, positions, bias } = packed;
    const { logits } = await program.run({ ...of.feeds(), tokens, positions, bias });
    const width = of.config.vocabularySize;
    const row = (logits as Float32Array).subarray((ids.length - 1) * width, ids.length * width);
    ids.push(row.indexOf(row.reduce((most, value) => Math.max(most, value))));
  }
  await program.release();
  return ids.slice(prompt.length);
};
