// Gradients of a model of every family against transformers' (tools/parity/make_gradients.py): the loss of supervised
// fine-tuning over all tokens of four documents, which have a row each, or share one
// whose blocks are computed twice.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compile, gradients } from "../engine/index.ts";
import {
  createModelState,
  fillInOrder,
  layOut,
  loadModelFolder,
  type ModelState,
  type Target,
  targetVector,
  trainingGraphOf,
} from "../transformer/index.ts";
import { type Summary, shareOff } from "./golden-summary.fixture.ts";
import { tokenLoss } from "./token-loss.ts";

type Golden = { readonly loss: number; readonly gradients: Readonly<Record<string, Summary>> };

const folder = new URL("../../test/golden/", import.meta.url);
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, folder), "utf8"));
const { models } = read("gradients.json") as { models: Readonly<Record<string, Golden>> };

/** Loss and gradients of every document's tokens but the first. time: tokens a row. */
const differentiate = async (state: ModelState, documents: readonly (readonly number[])[], time: number) => {
  const items = documents.map((trunk) => ({ trunk, branches: [] }));
  const targets = documents.flatMap((trunk, item): Target[] =>
    trunk.slice(1).map((_, at) => ({ item, branch: -1, offset: at + 1, weight: 1 })),
  );
  const batch = layOut(items, targets, { padding: 1, filled: fillInOrder(items, time) });
  const graph = trainingGraphOf(state);
  const { loss } = tokenLoss(graph, batch.sizes);
  const names = Object.keys(state.weights);
  const slopes = gradients(
    loss,
    names.map((name) => graph.parameter(name)!),
  );
  const outputs = Object.fromEntries(names.map((name, at) => [`slope:${name}`, slopes[at]!]));
  const program = await compile({ loss, ...outputs });
  const weights = targetVector(batch, () => 1 / targets.length);
  const results = await program.run({ ...state.feeds(), ...batch.feeds, weights });
  await program.release();
  return { rows: batch.sizes.batch, loss: Number(results["loss"]![0]), results };
};

describe.each(Object.entries(models))("gradients of %s", (name, golden) => {
  const { chats } = read(`${name}/golden.json`) as { chats: { ids: number[] }[] };
  const documents = chats.map(({ ids }) => ids);

  it.each([
    ["a row each", 66, false],
    ["in one row, with checkpoints", 160, true],
  ] as const)("are transformers': %s", async (_, time, checkpointing) => {
    const { config, weights } = await loadModelFolder(fileURLToPath(new URL(name, folder)));
    const state = createModelState(config, weights, { checkpointing });
    const { loss, results } = await differentiate(state, documents, time);
    expect(Math.abs(loss / golden.loss - 1)).toBeLessThan(1e-6);
    expect(Object.keys(weights).sort()).toEqual(Object.keys(golden.gradients).sort());
    for (const [parameter, summary] of Object.entries(golden.gradients))
      expect(shareOff(results[`slope:${parameter}`] as Float32Array, summary), parameter).toBeLessThan(2e-5);
  });
});
