// What a reader must know before the figures: how small the world and the model are, that one run is one seed, and how its
// judge came to judge. Says only what the run itself knows.

import type { StageManifest } from "../records/index.ts";

/** What a run's configuration and stages say of its size. parameters: null where the run does not know. */
export type RunScope = {
  readonly embedded: boolean;
  /** A model of its own that labels; null: the model itself. */
  readonly judge: string | null;
  readonly parameters: number | null;
};

const textAt = (config: unknown, key: string): string | null => {
  if (config === null || typeof config !== "object" || !(key in config)) return null;
  const value: unknown = Object.entries(config).find(([name]) => name === key)?.[1];
  return typeof value === "string" && value !== "" ? value : null;
};

/** Bytes of a parameter of an embedded model, which is trained and saved in 32 bits. */
const bytesOfParameter = 4;

/** config: as it was read from config.yaml; stages: the finished ones. */
export const scopeOf = (config: unknown, stages: readonly StageManifest[]): RunScope => {
  const embedded = textAt(config, "model")?.startsWith("embedded:") ?? false;
  const weights = stages
    .filter(({ stage }) => stage.endsWith("/sl"))
    .flatMap(({ artefacts }) => artefacts.filter(({ path }) => path.endsWith("model/model.safetensors")))[0];
  return {
    embedded,
    judge: textAt(config, "judge"),
    parameters: embedded && weights !== undefined ? weights.bytes / bytesOfParameter : null,
  };
};

/** 2722314 → "2.7 million parameters". */
const parametersText = (count: number): string => `${(count / 1e6).toFixed(1)} million parameters`;

const judgeSentence = ({ embedded, judge }: RunScope): string => {
  if (judge !== null && !judge.startsWith("embedded:"))
    return "The pairs were judged by another model; how that one learned to judge, the run does not know.";
  return embedded || judge !== null
    ? "Its judge had learned to judge before this run, from comparisons that an exact oracle answered."
    : "It judged by what it had learned before this run, which the run does not know.";
};

/** Two or three sentences under the headline of a run that has figures: they are measured in the sandbox's language. */
export const scopeText = (scope: RunScope): string => {
  const model = scope.embedded
    ? `a small model${scope.parameters === null ? "" : ` (${parametersText(scope.parameters)})`} in a small made-up language`
    : "requests in a small made-up language, whose grammar alone says what is harmful";
  return `This is a toy to see the method by: ${model}, and one seed, so that the intervals leave out the luck of training. ${judgeSentence(scope)}`;
};
