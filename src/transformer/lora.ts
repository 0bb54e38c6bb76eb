// Low-rank adapters (Hu et al. 2021): for a projection W [out, in], A [rank, in] and B [out, rank] with
// y = x Wᵀ + alpha/rank · (x Aᵀ) Bᵀ. B begins at zero, so an adapted model begins as its base. Names follow PEFT:
// <projection>.lora_A.weight beside <projection>.weight.

import { CovenantError, createRandom, deriveSeed } from "../core/index.ts";
import type { Weight, Weights } from "./parameters.ts";

/** targets: last parts of the projections' names. */
export type LoraOptions = {
  readonly rank: number;
  readonly alpha: number;
  readonly targets: readonly string[];
};

/** Every projection of attention and feed-forward. */
export const loraTargets = [
  "q_proj",
  "k_proj",
  "v_proj",
  "o_proj",
  "gate_proj",
  "up_proj",
  "down_proj",
] as const;

const isAdapter = (name: string): boolean => name.includes(".lora_");

/** Whether weights hold adapters. */
export const hasAdapters = (weights: Weights): boolean => Object.keys(weights).some(isAdapter);

const moduleOf = (name: string): string => name.slice(0, -".weight".length);

/**
 * Weights with fresh adapters beside every targeted projection: A uniform in ±1/sqrt(in) (PEFT's Kaiming rule with
 * a = sqrt(5)), B zero. Throws CovenantError when no projection is targeted.
 */
export const addAdapters = (weights: Weights, { rank, targets }: LoraOptions, seed: number): Weights => {
  const adapted: Weights = { ...weights };
  for (const [name, { shape }] of Object.entries(weights)) {
    const module = moduleOf(name);
    if (shape.length !== 2 || !targets.includes(module.split(".").at(-1)!)) continue;
    const [out, size] = shape as [number, number];
    const random = createRandom(deriveSeed(seed, "lora", name));
    const bound = 1 / Math.sqrt(size);
    const down = Float32Array.from({ length: rank * size }, () => (2 * random.next() - 1) * bound);
    adapted[`${module}.lora_A.weight`] = { shape: [rank, size], data: down };
    adapted[`${module}.lora_B.weight`] = { shape: [out, rank], data: new Float32Array(out * rank) };
  }
  if (!hasAdapters(adapted)) {
    throw new CovenantError(
      "lora-targets",
      `None of the targets ${targets.join(", ")} is a projection of this model.`,
      { targets },
    );
  }
  return adapted;
};

const merged = (dense: Weight, down: Weight, up: Weight, scale: number): Weight => {
  const [out, size] = dense.shape as [number, number];
  const rank = down.shape[0]!;
  const data = dense.data.slice();
  for (let row = 0; row < out; row++) {
    for (let middle = 0; middle < rank; middle++) {
      const factor = scale * up.data[row * rank + middle]!;
      if (factor === 0) continue;
      for (let column = 0; column < size; column++)
        data[row * size + column]! += factor * down.data[middle * size + column]!;
    }
  }
  return { shape: dense.shape, data };
};

/** Weights without adapters, W + scale · B A in place of W; scale is alpha / rank. */
export const mergeAdapters = (weights: Weights, scale: number): Weights =>
  Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => !isAdapter(name))
      .map(([name, weight]) => {
        const down = weights[`${moduleOf(name)}.lora_A.weight`];
        const up = weights[`${moduleOf(name)}.lora_B.weight`];
        return [name, down === undefined || up === undefined ? weight : merged(weight, down, up, scale)];
      }),
  );

/** What learns: adapters and heads where there are adapters, everything otherwise. */
export const learnsWithAdapters = (weights: Weights): ((name: string) => boolean) =>
  hasAdapters(weights) ? (name) => isAdapter(name) || name === "score.weight" : () => true;
