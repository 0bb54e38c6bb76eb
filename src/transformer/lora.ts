// Low-rank adapters (Hu et al. 2021): for a projection W [out, in], A [rank, in] and B [out, rank] with
// y = x Wᵀ + alpha/rank · (x Aᵀ) Bᵀ; rank-stabilised (Kalajdzievski 2023) alpha/sqrt(rank). B begins at zero, so an
// adapted model begins as its base. Names follow PEFT: <projection>.lora_A.weight beside <projection>.weight.

import { createRandom, deriveSeed, UserError } from "../core/index.ts";
import { designOf, type ModelConfig } from "./config.ts";
import type { Projection } from "./families/family.ts";
import { projectionsOf, type Weight, type Weights } from "./parameters.ts";

/** rsLora: the scale falls with the root of the rank instead of the rank. */
export type AdapterSize = { readonly rank: number; readonly alpha: number; readonly rsLora?: boolean };

/** targets: last parts of the projections' names, e.g. q_proj, for GPT-2 c_attn; or "all-linear". */
export type LoraOptions = AdapterSize & { readonly targets: readonly string[] };

/** What products of A and B are multiplied with: alpha / rank, or alpha / sqrt(rank) when rank-stabilised. */
export const adapterScaleOf = ({ rank, alpha, rsLora = false }: AdapterSize): number =>
  alpha / (rsLora ? Math.sqrt(rank) : rank);

/** The model's projections by their last names: what an adapter can stand beside. */
const projectionsByName = (config: ModelConfig): ReadonlyMap<string, readonly Projection[]> => {
  const named = new Map<string, Projection[]>();
  for (const projection of designOf(config).layers.flatMap(projectionsOf)) {
    const last = projection.name.split(".").at(-1)!;
    named.set(last, [...(named.get(last) ?? []), projection]);
  }
  return named;
};

/** Stands for every projection of attention and feed-forward, as in PEFT. */
export const allTargets = "all-linear";

/** Whether a parameter's name is that of an adapter. */
export const isAdapter = (name: string): boolean => name.includes(".lora_");

const downName = ".lora_A.weight";

/** Whether weights hold adapters. */
export const hasAdapters = (weights: Weights): boolean => Object.keys(weights).some(isAdapter);

/** The ranks of the adapters among weights, by the projections that they stand beside. */
export const ranksOf = (weights: Weights): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => name.endsWith(downName))
      .map(([name, { shape }]) => [name.slice(0, -downName.length), shape[0]!]),
  );

const uniform = (seed: number, name: string, count: number, bound: number): Float32Array => {
  const random = createRandom(deriveSeed(seed, "lora", name));
  return Float32Array.from({ length: count }, () => (2 * random.next() - 1) * bound);
};

/** The projections that get adapters. Throws UserError when a target is no projection of the model. */
export const targetedProjections = (
  config: ModelConfig,
  targets: LoraOptions["targets"],
): readonly Projection[] => {
  const known = projectionsByName(config);
  const chosen = targets.includes(allTargets) ? [...known.keys()] : targets;
  const unknown = chosen.find((target) => !known.has(target));
  if (unknown !== undefined || chosen.length === 0)
    throw new UserError(
      "lora-targets",
      `LoRA target "${unknown ?? ""}" is no projection of a ${config.family} model; it has ${[...known.keys()].join(", ")}. Name some of these, or "${allTargets}".`,
      { targets },
    );
  return [...new Set(chosen)].flatMap((target) => known.get(target)!);
};

/** How many numbers fresh adapters hold. Throws like targetedProjections. */
export const adapterCount = (config: ModelConfig, { rank, targets }: LoraOptions): number =>
  targetedProjections(config, targets).reduce(
    (sum, { inputs, outputs }) => sum + rank * (inputs + outputs),
    0,
  );

/**
 * Weights with fresh adapters beside every targeted projection: A uniform in ±1/sqrt(in) (PEFT's Kaiming rule with
 * a = sqrt(5)), B zero. Throws like targetedProjections.
 */
export const addAdapters = (
  config: ModelConfig,
  weights: Weights,
  { rank, targets }: LoraOptions,
  seed: number,
): Weights => {
  const adapted: Weights = { ...weights };
  for (const { name, inputs, outputs } of targetedProjections(config, targets)) {
    const data = uniform(seed, `${name}.weight`, rank * inputs, 1 / Math.sqrt(inputs));
    adapted[`${name}.lora_A.weight`] = { shape: [rank, inputs], data };
    adapted[`${name}.lora_B.weight`] = { shape: [outputs, rank], data: new Float32Array(outputs * rank) };
  }
  return adapted;
};

/** W + scale · B A; W is [out, in], or [in, out] where it lies transposed. */
const merged = (dense: Weight, down: Weight, up: Weight, scale: number, transposed: boolean): Weight => {
  const [rank, size] = down.shape as [number, number];
  const [out] = up.shape as [number, number];
  const data = dense.data.slice();
  const [row, column] = transposed ? [1, out] : [size, 1];
  for (let to = 0; to < out; to++) {
    for (let middle = 0; middle < rank; middle++) {
      const factor = scale * up.data[to * rank + middle]!;
      if (factor === 0) continue;
      for (let from = 0; from < size; from++)
        data[to * row + from * column]! += factor * down.data[middle * size + from]!;
    }
  }
  return { shape: dense.shape, data };
};

/**
 * A projection's weight with its adapter's product added; undefined where the weights hold no adapter for it. dense: the
 * weight without it; scale as in AdapterScale.
 */
export const mergedProjection = (
  weights: Weights,
  { name, transposed }: Projection,
  scale: number,
  dense: () => Weight,
): Weight | undefined => {
  const down = weights[`${name}.lora_A.weight`];
  const up = weights[`${name}.lora_B.weight`];
  return down === undefined || up === undefined
    ? undefined
    : merged(dense(), down, up, scale, transposed === true);
};

/** Weights without adapters, W + scale · B A in place of W; scale as in AdapterScale. */
export const mergeAdapters = (config: ModelConfig, weights: Weights, scale: number): Weights => {
  const plain = Object.fromEntries(Object.entries(weights).filter(([name]) => !isAdapter(name)));
  for (const projection of designOf(config).layers.flatMap(projectionsOf)) {
    const name = `${projection.name}.weight`;
    const found = mergedProjection(weights, projection, scale, () => plain[name]!);
    if (found !== undefined) plain[name] = found;
  }
  return plain;
};

/** Weights whose adapters' products are to be multiplied with `scale`, of such whose products are multiplied with 1. */
export const takeScaleOut = (weights: Weights, scale: number): Weights =>
  Object.fromEntries(
    Object.entries(weights).map(([name, weight]) =>
      isAdapter(name) && name.includes(".lora_B.")
        ? [name, { shape: weight.shape, data: weight.data.map((value) => value / scale) }]
        : [name, weight],
    ),
  );

/** What learns: adapters and heads where there are adapters, everything otherwise. */
export const learnsWithAdapters = (weights: Weights): ((name: string) => boolean) =>
  hasAdapters(weights) ? (name) => isAdapter(name) || name === "score.weight" : () => true;
