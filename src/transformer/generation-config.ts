// generation_config.json: which tokens end a reply, and how tokens are drawn where nobody says otherwise. Read as
// transformers reads it: sampling is off unless do_sample says so, and what a file that speaks of sampling leaves out
// has transformers' own values (temperature 1, top-k 50, top-p 1, no min-p, no repetition penalty).

import { join } from "node:path";
import { z } from "zod";
import { checkValue, parseJson, readText } from "../core/index.ts";
import type { ModelConfig } from "./families/family.ts";
import type { SamplingOptions } from "./sampling.ts";

/** The file's name in a model folder. */
export const generationConfigName = "generation_config.json";

/** What generation_config.json says; end tokens come from config.json where it is silent. null: not said. */
export type GenerationConfig = {
  readonly endTokenIds: readonly number[];
  readonly padTokenId: number | null;
  readonly doSample: boolean | null;
  readonly temperature: number | null;
  readonly topK: number | null;
  readonly topP: number | null;
  readonly minP: number | null;
  readonly repetitionPenalty: number | null;
  /** What else the file says: it is written back as it was. */
  readonly others?: Readonly<Record<string, unknown>>;
};

const tokenId = z.number().int().nonnegative();
const generationSchema = z.looseObject({
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
  pad_token_id: tokenId.nullish(),
  do_sample: z.boolean().nullish(),
  temperature: z.number().nonnegative().nullish(),
  top_k: z.number().int().nonnegative().nullish(),
  top_p: z.number().positive().max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().positive().nullish(),
});

/** Reads a folder's generation_config.json, where it has one. Throws UserError with file and field. */
export const readGenerationConfig = async (
  folder: string,
  files: ReadonlySet<string>,
  config: ModelConfig,
): Promise<GenerationConfig> => {
  const place = { file: join(folder, generationConfigName) };
  const content = files.has(generationConfigName) ? parseJson(await readText(place.file), place) : {};
  const { eos_token_id: end, ...raw } = checkValue(generationSchema, content, place);
  const others = Object.fromEntries(
    Object.entries(raw).filter(([name]) => !(name in generationSchema.shape)),
  );
  return {
    endTokenIds: end == null ? config.endTokenIds : [end].flat(),
    padTokenId: raw.pad_token_id ?? config.padTokenId,
    doSample: raw.do_sample ?? null,
    temperature: raw.temperature ?? null,
    topK: raw.top_k ?? null,
    topP: raw.top_p ?? null,
    minP: raw.min_p ?? null,
    repetitionPenalty: raw.repetition_penalty ?? null,
    ...(Object.keys(others).length === 0 ? {} : { others }),
  };
};

/** What a saved model's generation_config.json says. said: what the model was read with; null or absent: nothing. */
export const writeGenerationConfig = (
  { beginTokenId, endTokenIds: ends, padTokenId: pad }: ModelConfig,
  said?: GenerationConfig,
): Readonly<Record<string, unknown>> => {
  const endTokenIds = said?.endTokenIds ?? ends;
  const fields = {
    bos_token_id: beginTokenId,
    ...said?.others,
    eos_token_id: endTokenIds.length > 1 ? endTokenIds : endTokenIds[0],
    pad_token_id: said?.padTokenId ?? pad,
    do_sample: said?.doSample,
    temperature: said?.temperature,
    top_k: said?.topK,
    top_p: said?.topP,
    min_p: said?.minP,
    repetition_penalty: said?.repetitionPenalty,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null));
};

/** How tokens are drawn, nothing left open. */
export type ResolvedSampling = Required<SamplingOptions>;

/** What is asked for; undefined: nothing is said of it. */
export type AskedSampling = { readonly [Option in keyof ResolvedSampling]?: number | undefined };

/** What transformers takes for what a generation_config.json that speaks of sampling does not say. */
const usual: ResolvedSampling = { temperature: 1, topK: 50, topP: 1, minP: 0, repetitionPenalty: 1 };

const drawing = ["temperature", "topK", "topP", "minP"] as const;

/**
 * How tokens are drawn: as asked for, else as the folder's generation_config.json says, else at `temperature`, without
 * cuts. A file that speaks of sampling without `do_sample: true` means the likeliest token always, as in transformers;
 * whoever asks for a temperature or a cut asks for sampling. fromFile: what was taken from the file.
 */
export const resolveSampling = (
  file: Omit<GenerationConfig, "endTokenIds" | "padTokenId">,
  asked: AskedSampling,
  temperature: number,
): { readonly sampling: ResolvedSampling; readonly fromFile: Partial<ResolvedSampling> } => {
  const speaks = file.doSample !== null || drawing.some((option) => file[option] !== null);
  const asks = drawing.some((option) => asked[option] !== undefined);
  const silent: ResolvedSampling = { ...usual, temperature, topK: 0 };
  const isGreedy = speaks && file.doSample !== true && !asks;
  const said = speaks
    ? {
        temperature: isGreedy ? 0 : (file.temperature ?? usual.temperature),
        topK: isGreedy ? 0 : (file.topK ?? usual.topK),
        topP: isGreedy ? 1 : (file.topP ?? usual.topP),
        minP: isGreedy ? 0 : (file.minP ?? usual.minP),
      }
    : {};
  const penalty = file.repetitionPenalty === null ? {} : { repetitionPenalty: file.repetitionPenalty };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const fromFile = Object.fromEntries(
    Object.entries({ ...said, ...penalty }).filter(([option]) => !(option in given)),
  );
  return { sampling: { ...silent, ...said, ...penalty, ...given }, fromFile };
};
