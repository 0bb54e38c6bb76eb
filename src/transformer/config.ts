// Model configurations: finds the family of a Hugging Face config.json and lets it read or write the fields.
// Adding a family is one file in families/ and one line in its list.ts.

import { CovenantError, UserError } from "../core/index.ts";
import type { DecoderDesign, Family, ModelConfig, ModelTask, WeightFormat } from "./families/family.ts";
import * as list from "./families/list.ts";

export type { ModelConfig, ModelTask, Shape, WeightFormat } from "./families/family.ts";

const families: readonly Family[] = Object.values(list);

/** The family of a configuration. Throws CovenantError for one that is not known. */
export const familyOf = (config: ModelConfig): Family => {
  const family = families.find(({ name }) => name === config.family);
  if (family !== undefined) return family;
  throw new CovenantError("model-config", `There is no model family "${config.family}".`);
};

const designs = new WeakMap<ModelConfig, DecoderDesign>();

/** The decoder of a configuration by the names of its parts. */
export const designOf = (config: ModelConfig): DecoderDesign => {
  const known = designs.get(config);
  if (known !== undefined) return known;
  const design = familyOf(config).design(config);
  designs.set(config, design);
  return design;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads the parsed content of a config.json. `source` names the file in errors.
 * Throws UserError for an unknown family, a missing or wrong field, or a feature the decoder does not compute.
 */
export const parseModelConfig = (raw: unknown, source = "config.json"): ModelConfig => {
  if (!isRecord(raw))
    throw new UserError(
      "bad-model-config",
      `${source}: got ${Array.isArray(raw) ? "a list" : JSON.stringify(raw)}, expected a JSON object as Hugging Face writes it. Point to the folder of a language model.`,
      { source },
    );
  const type = raw["model_type"];
  const family = families.find(({ modelTypes }) => modelTypes.some((one) => one === type));
  if (family) return family.parseConfig(raw, source);
  const known = families.flatMap(({ modelTypes }) => modelTypes);
  throw new UserError(
    "unknown-model-family",
    `${source}: model_type is ${JSON.stringify(type) ?? "missing"}; known are: ${known.join(", ")}. Choose a model of one of these families.`,
    { source, got: type, known },
  );
};

/** Whether a config.json describes a language model or a sequence classifier (a reward model). */
export const taskOfConfig = (raw: unknown): ModelTask => {
  const architectures = isRecord(raw) ? raw["architectures"] : undefined;
  const first = Array.isArray(architectures) ? String(architectures[0]) : "";
  return first.endsWith("ForSequenceClassification") ? "sequence-classification" : "causal-lm";
};

/**
 * The content of a config.json that `transformers` opens: as it was read, but for task, number format and control
 * tokens. Throws CovenantError for a model of a family that is only read, when it was not read from a file.
 */
export const writeModelConfig = (
  config: ModelConfig,
  task: ModelTask = "causal-lm",
  format: WeightFormat = "float32",
): Record<string, unknown> => {
  const { architectures, freshConfig } = familyOf(config);
  const base = config.original ?? freshConfig?.(config);
  if (base === undefined)
    throw new CovenantError("model-config", `A ${config.family} model is made from a config.json alone.`);
  // "dtype" is what newer versions of transformers call it
  const { dtype: _dtype, id2label: _id2label, label2id: _label2id, ...kept } = base;
  const { endTokenIds: end, padTokenId: pad } = config;
  const isScored = task === "sequence-classification";
  return {
    ...kept,
    architectures: [architectures[task]],
    bos_token_id: config.beginTokenId,
    eos_token_id: end.length > 1 ? [...end] : (end[0] ?? null),
    ...(isScored ? { id2label: { "0": "score" }, label2id: { score: 0 } } : {}),
    // without one transformers scores no batch; as TRL's reward models have it
    pad_token_id: isScored ? (pad ?? end[0] ?? null) : pad,
    torch_dtype: format,
  };
};
