// How the commands that show all of sampling draw tokens: as their settings say, else as the model's
// generation_config.json does, else at the command's own temperature. What is taken from the file is told.

import {
  type AskedSampling,
  type GenerationConfig,
  generationConfigName,
  type ResolvedSampling,
  resolveSampling,
} from "../../transformer/index.ts";
import type { RecipeContext } from "../recipe.ts";

const words: Readonly<Record<keyof ResolvedSampling, string>> = {
  temperature: "temperature",
  topK: "top-k",
  topP: "top-p",
  minP: "min-p",
  repetitionPenalty: "repetition penalty",
};

/** Values that cut and change nothing, and so need not be told. */
const nothing: Readonly<Partial<ResolvedSampling>> = { topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

/** "temperature 0.6, top-k 20", or that the likeliest token is taken always. */
const describeSampling = (sampling: Partial<ResolvedSampling>): string =>
  Object.entries(words)
    .map(([option, word]) => [option as keyof ResolvedSampling, word] as const)
    .filter(([option]) => sampling[option] !== undefined && sampling[option] !== nothing[option])
    .map(([option, word]) =>
      option === "temperature" && sampling[option] === 0
        ? "always the likeliest token"
        : `${word} ${sampling[option]}`,
    )
    .join(", ");

/** What of the settings is of sampling. */
type SamplingConfig = AskedSampling & { readonly greedy: boolean };

/** The sampling of a command; what the file says is told. otherwise: the temperature where nobody says one. */
export const samplingFor = (
  { generationConfig }: { readonly generationConfig: GenerationConfig },
  { greedy, temperature, topK, topP, minP, repetitionPenalty }: SamplingConfig,
  otherwise: number,
  { emit, clock }: Pick<RecipeContext, "emit" | "clock">,
): ResolvedSampling => {
  const asked = { temperature: greedy ? 0 : temperature, topK, topP, minP, repetitionPenalty };
  const { sampling, fromFile } = resolveSampling(generationConfig, asked, otherwise);
  const told = describeSampling(fromFile);
  if (told !== "")
    emit({
      type: "notice",
      time: clock.now(),
      text: `As the model's ${generationConfigName} says: ${told}.`,
    });
  return sampling;
};
