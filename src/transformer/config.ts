// Model configurations: finds the family of a Hugging Face config.json and lets it read or write the fields.
// Adding a family is one file in families/ and one entry here.

import { UserError } from "../core/index.ts";
import type { Family, ModelConfig, ModelTask, WeightFormat } from "./families/family.ts";
import { llama } from "./families/llama.ts";

export type { ModelConfig, ModelTask, Shape, WeightFormat } from "./families/family.ts";

const families: Readonly<Record<ModelConfig["family"], Family>> = { llama };

/** The family of a configuration. */
export const familyOf = (config: ModelConfig): Family => families[config.family];

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
      `${source}: expected a JSON object as Hugging Face writes it. Point to the folder of a language model.`,
      { source },
    );
  const type = raw["model_type"];
  const family = Object.values(families).find(({ modelType }) => modelType === type);
  if (family) return family.parseConfig(raw, source);
  const known = Object.values(families).map(({ modelType }) => modelType);
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

/** The content of a config.json that `transformers` opens. */
export const writeModelConfig = (
  config: ModelConfig,
  task: ModelTask = "causal-lm",
  format: WeightFormat = "float32",
): Record<string, unknown> => familyOf(config).writeConfig(config, task, format);
