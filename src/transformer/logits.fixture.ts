// Logits of whole documents, for tests that hold them against numbers of other programs.
// Knows nothing of where those numbers come from.

import { compile } from "../engine/index.ts";
import { hiddenStates, logitsOf, packedInputs } from "./decoder.ts";
import { graphOf, type ModelState } from "./model-state.ts";
import { packRows } from "./packing.ts";

/** Logits of every token of every document, each in a row of its own. */
export const logitsOfAll = async (
  state: ModelState,
  documents: readonly (readonly number[])[],
): Promise<(document: number, position: number) => Float32Array> => {
  const batch = documents.length;
  const time = Math.max(...documents.map(({ length }) => length));
  const graph = graphOf(state);
  const program = await compile({ logits: logitsOf(graph, hiddenStates(graph, packedInputs(batch, time))) });
  const packed = packRows(
    documents.map((trunk) => ({ trunk, branches: [] })),
    documents.map((_, at) => [at]),
    { batch, time, padding: 0 },
  );
  const { tokens, positions, bias } = packed;
  const { logits } = await program.run({ ...state.feeds(), tokens, positions, bias });
  await program.release();
  const width = state.config.vocabularySize;
  return (document, position) => {
    const start = (document * time + position) * width;
    return (logits as Float32Array).subarray(start, start + width);
  };
};
