// Rotary positions (Su et al. 2021): the tables of cosines and sines, with frequencies stretched as long-context models
// have them. Knows nothing of layers.

import { constant, type Tensor } from "../engine/index.ts";
import type { RopeScaling, Rotary } from "./families/family.ts";

/** Llama 3.1's rule: slow frequencies are divided, fast ones kept, those between blended. */
const stretched = (frequency: number, scaling: RopeScaling | undefined): number => {
  if (scaling === undefined) return frequency;
  if (scaling.type === "linear") return frequency / scaling.factor;
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  const turns = (originalPositions * frequency) / (2 * Math.PI);
  if (turns > high) return frequency;
  if (turns < low) return frequency / factor;
  const share = (turns - low) / (high - low);
  return ((1 - share) * frequency) / factor + share * frequency;
};

/**
 * Cosine and sine tables [positions, headSize/2] (eq. 15, halves paired as Hugging Face does). Frequencies and angles
 * are rounded to float32 on the way, as in PyTorch: far positions would differ otherwise.
 */
export const rotaryTables = (
  { theta, scaling }: Rotary,
  headSize: number,
  positions: number,
): { readonly cosine: Float32Array; readonly sine: Float32Array } => {
  const half = headSize / 2;
  const frequencies = Float32Array.from({ length: half }, (_, at) =>
    stretched(Math.fround(theta ** (-at / half)), scaling),
  );
  const cosine = new Float32Array(positions * half);
  const sine = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (let at = 0; at < half; at++) {
      const angle = Math.fround(position * frequencies[at]!);
      cosine[position * half + at] = Math.cos(angle);
      sine[position * half + at] = Math.sin(angle);
    }
  }
  return { cosine, sine };
};

/** The tables as constants of a graph. */
export const rotaryConstants = (
  rotary: Rotary,
  headSize: number,
  positions: number,
): { readonly cosine: Tensor; readonly sine: Tensor } => {
  const { cosine, sine } = rotaryTables(rotary, headSize, positions);
  const shape = [positions, headSize / 2];
  return { cosine: constant(cosine, shape), sine: constant(sine, shape) };
};
