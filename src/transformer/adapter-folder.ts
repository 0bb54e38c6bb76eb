// Adapters as PEFT keeps them: adapter_config.json and adapter_model.safetensors, beside tensors of whole modules that
// were trained along (a score head). Reads what PEFT writes and writes what PEFT reads. What this decoder does not
// compute (DoRA, trained biases, adapters of embeddings and others) is refused. Knows no base model's files.
// Deviation: the scale of a module (alpha / r) is multiplied into its B on the way in, so weights say all there is.

import { isAbsolute, join, relative, sep } from "node:path";
import { z } from "zod";
import {
  CovenantError,
  checkValue,
  type DiskWriter,
  parseJson,
  readText,
  systemDisk,
  UserError,
  writeFileAtomic,
} from "../core/index.ts";
import { designOf, familyOf, type ModelConfig, type ModelTask } from "./config.ts";
import type { Projection, WeightFormat } from "./families/family.ts";
import { adapterScaleOf, isAdapter } from "./lora.ts";
import { parameterShapes, projectionsOf, sameShape, type Weight, type Weights } from "./parameters.ts";
import { openSafetensors, readFiniteTensor, writeSafetensors } from "./safetensors.ts";

/** The two files of an adapter folder. */
export const adapterFiles = { config: "adapter_config.json", weights: "adapter_model.safetensors" } as const;

/**
 * What adapter_config.json says. base: a folder or a name on the hub, as written. scale: what products of A and B are
 * multiplied with where no pattern says otherwise.
 */
export type AdapterSpecification = {
  readonly base: string | null;
  readonly revision: string | null;
  /** null: that of the base. */
  readonly task: ModelTask | null;
  readonly rank: number;
  readonly alpha: number;
  readonly rsLora: boolean;
  readonly dropout: number;
  readonly scale: number;
  /** By regular expressions over module names, as PEFT matches them. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
};

const positive = z.number().positive();
const names = z.union([z.string(), z.array(z.string())]);

const schema = z.looseObject({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  revision: z.string().nullish(),
  task_type: z.string().nullish(),
  r: z.number().int().positive(),
  lora_alpha: positive,
  lora_dropout: z.number().min(0).max(1).default(0),
  use_rslora: z.boolean().nullish(),
  target_modules: names.nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  bias: z.string().nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
  rank_pattern: z.record(z.string(), z.number().int().positive()).nullish(),
  alpha_pattern: z.record(z.string(), positive).nullish(),
});

/** Settings under which PEFT computes more than y + scale · (x Aᵀ) Bᵀ, or from another base. */
const foreign = [
  "use_dora",
  "use_qalora",
  "lora_bias",
  "layer_replication",
  "trainable_token_indices",
  "target_parameters",
  "alora_invocation_tokens",
  "megatron_config",
  "arrow_config",
  "use_bdlora",
  "velora_config",
  "monteclora_config",
  "kasa_config",
] as const;

/** Ways to begin that change the base's weights too, unless the adapter was converted when it was saved. */
const changedBases = /^(pissa|olora|corda|loftq|lora_ga)/;

const isSet = (value: unknown): boolean =>
  value != null &&
  value !== false &&
  !(typeof value === "object" && Object.keys(value as object).length === 0);

const refuse = (file: string, field: string, got: unknown, expected: string): UserError =>
  new UserError(
    "unsupported-adapter",
    `${file}: ${field} is ${JSON.stringify(got)}, but adapters are read with ${expected} only. Merge this one with PEFT (merge_and_unload) and open the merged model.`,
    { file, field, got },
  );

const checkComputable = (raw: z.output<typeof schema>, file: string): void => {
  if (raw.peft_type !== "LORA") throw refuse(file, "peft_type", raw.peft_type, '"LORA"');
  const set = foreign.find((field) => isSet(raw[field]));
  if (set !== undefined) throw refuse(file, set, raw[set], `${set} unset`);
  if ((raw.bias ?? "none") !== "none") throw refuse(file, "bias", raw.bias, '"none"');
  const start = raw.init_lora_weights;
  if (typeof start === "string" && changedBases.test(start))
    throw refuse(file, "init_lora_weights", start, "the base model's own weights beside them");
};

const tasks: Readonly<Record<string, ModelTask>> = {
  CAUSAL_LM: "causal-lm",
  SEQ_CLS: "sequence-classification",
};

/** Reads adapter_config.json. Throws UserError for another kind of adapter, and for what is not computed. */
export const readAdapterSpecification = async (folder: string): Promise<AdapterSpecification> => {
  const file = join(folder, adapterFiles.config);
  const raw = checkValue(schema, parseJson(await readText(file), { file }), { file });
  checkComputable(raw, file);
  const task = raw.task_type == null ? null : tasks[raw.task_type];
  if (task === undefined) throw refuse(file, "task_type", raw.task_type, '"CAUSAL_LM" or "SEQ_CLS"');
  const size = { rank: raw.r, alpha: raw.lora_alpha, rsLora: raw.use_rslora === true };
  return {
    ...size,
    base: raw.base_model_name_or_path ?? null,
    revision: raw.revision ?? null,
    task,
    dropout: raw.lora_dropout,
    scale: adapterScaleOf(size),
    rankPattern: raw.rank_pattern ?? {},
    alphaPattern: raw.alpha_pattern ?? {},
  };
};

const patternValue = (
  patterns: Readonly<Record<string, number>>,
  module: string,
  file: string,
): number | undefined => {
  for (const [pattern, value] of Object.entries(patterns)) {
    let matches: boolean;
    try {
      matches = new RegExp(`^(?:.*\\.)?(?:${pattern})$`).test(module);
    } catch {
      throw refuse(
        file,
        "rank_pattern or alpha_pattern",
        pattern,
        "regular expressions as JavaScript has them",
      );
    }
    if (matches) return value;
  }
  return undefined;
};

/** The scale of one module. */
const scaleOf = (specification: AdapterSpecification, module: string, file: string): number =>
  adapterScaleOf({
    rank: patternValue(specification.rankPattern, module, file) ?? specification.rank,
    alpha: patternValue(specification.alphaPattern, module, file) ?? specification.alpha,
    rsLora: specification.rsLora,
  });

const prefix = "base_model.model.";
const partPattern = /^(.*)\.lora_(A|B)\.weight$/;

/** What a tensor of the file is to the model: its name there and its shape; rank comes from the file. */
type Place = { readonly name: string; readonly shape: readonly number[]; readonly module?: string };

const placeOf = (
  tensor: string,
  shape: readonly number[],
  config: ModelConfig,
  task: ModelTask,
  projections: ReadonlyMap<string, Projection>,
): Place | undefined => {
  if (!tensor.startsWith(prefix)) return undefined;
  const { parameterOf } = familyOf(config);
  const name = tensor.slice(prefix.length);
  const [, module, part] = partPattern.exec(name) ?? [];
  if (module === undefined) {
    const whole = parameterOf(name);
    const own = parameterShapes(config, task)[whole];
    return own === undefined ? undefined : { name: whole, shape: own };
  }
  const full = parameterOf(`${module}.`).slice(0, -1);
  const projection = projections.get(full);
  if (projection === undefined) return undefined;
  const rank = (part === "A" ? shape[0] : shape[1]) ?? 0;
  return {
    name: `${full}.lora_${part}.weight`,
    shape: part === "A" ? [rank, projection.inputs] : [projection.outputs, rank],
    module,
  };
};

const unexpected = (file: string, tensor: string, { family }: ModelConfig): UserError =>
  new UserError(
    "unexpected-tensor",
    `${file} holds the tensor ${tensor}, which stands beside no projection of a ${family} model and is no parameter of it. The adapter was made for another model, or adapts what is not read here (embeddings): merge it with PEFT and open the merged model.`,
    { file, name: tensor },
  );

const checkPairs = (weights: Weights, file: string): void => {
  for (const name of Object.keys(weights).filter(isAdapter)) {
    const other = name.replace(/lora_([AB])/, (_, part) => `lora_${part === "A" ? "B" : "A"}`);
    const [one, two] = [weights[name]!.shape, weights[other]?.shape];
    const fits = two !== undefined && (name.includes("lora_A") ? one[0] === two[1] : one[1] === two[0]);
    if (!fits)
      throw new UserError(
        "missing-tensor",
        `${file}: ${name} has no ${other} of the same rank beside it. The file is damaged: fetch or write it again.`,
        { file, name },
      );
  }
};

const scaled = ({ shape, data }: Weight, factor: number): Weight => ({
  shape,
  data: factor === 1 ? data : data.map((value) => value * factor),
});

/**
 * The tensors of an adapter folder by our names: adapters, the scale multiplied into B, and whole parameters that take
 * the place of the base's. Throws UserError for tensors that the model has no place for or that are damaged.
 */
export const readAdapterWeights = async (
  folder: string,
  specification: AdapterSpecification,
  config: ModelConfig,
  task: ModelTask,
): Promise<Weights> => {
  const path = join(folder, adapterFiles.weights);
  const projections = new Map(
    designOf(config)
      .layers.flatMap(projectionsOf)
      .map((projection) => [projection.name, projection]),
  );
  const weights: Weights = {};
  await using file = await openSafetensors(path);
  for (const [tensor, { shape }] of file.tensors) {
    const place = placeOf(tensor, shape, config, task, projections);
    if (place === undefined) throw unexpected(path, tensor, config);
    if (!sameShape(shape, place.shape))
      throw new UserError(
        "tensor-shape",
        `${path}: tensor ${tensor} has shape [${shape.join(", ")}], and the model calls for [${place.shape.join(", ")}]. The adapter was made for a model of another size: let base_model_name_or_path in ${adapterFiles.config} name that one, or take another adapter.`,
        { file: path, name: tensor },
      );
    const weight = await readFiniteTensor(file, tensor);
    const isUp = place.module !== undefined && place.name.includes(".lora_B.");
    weights[place.name] = isUp ? scaled(weight, scaleOf(specification, place.module!, path)) : weight;
  }
  checkPairs(weights, path);
  return weights;
};

/** What saveAdapterFiles writes. */
export type SavedAdapter = {
  readonly config: ModelConfig;
  readonly task: ModelTask;
  /** Adapters and whole parameters beside them are taken; the base's weights may be among them and are left. */
  readonly weights: Weights;
  /** What products of A and B among the weights are multiplied with. */
  readonly scale: number;
  /** How the file is to tell it: alpha and rank with the scale that they stand for. */
  readonly alpha: number;
  readonly rsLora: boolean;
  readonly dropout: number;
  /** Folder or hub name of the base. */
  readonly base: string;
  readonly revision?: string | null;
  /** Parameters that were trained as a whole; by default a score head, where there is one. */
  readonly whole?: readonly string[];
  readonly format?: WeightFormat;
};

/** A base folder as an adapter in `folder` names it: relative where both lie in `root`, so that they move together. */
export const baseNameFrom = (folder: string, base: string, root: string): string => {
  const inside = relative(root, base);
  if (!isAbsolute(base) || inside.startsWith("..") || isAbsolute(inside)) return base;
  return relative(folder, base).replaceAll(sep, "/");
};

/** Last names where every projection of that name is adapted; whole names otherwise. */
const targetsOf = (config: ModelConfig, adapted: ReadonlySet<string>): string[] => {
  const all = designOf(config)
    .layers.flatMap(projectionsOf)
    .map(({ name }) => name);
  const last = (name: string): string => name.split(".").at(-1)!;
  const partial = new Set(all.filter((name) => !adapted.has(name)).map(last));
  return [...new Set([...adapted].map((name) => (partial.has(last(name)) ? name : last(name))))].sort();
};

const configOf = (adapter: SavedAdapter, ranks: ReadonlyMap<string, number>, saved: readonly string[]) => {
  const { config, task, alpha, rsLora } = adapter;
  const counts = new Map<number, number>();
  for (const rank of ranks.values()) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  const rank = [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? 1;
  const others = [...ranks].filter(([, own]) => own !== rank);
  const scale = adapterScaleOf({ rank, alpha, rsLora });
  const isTransposed = designOf(config)
    .layers.flatMap(projectionsOf)
    .some(({ transposed }) => transposed === true);
  const content = {
    base_model_name_or_path: adapter.base,
    bias: "none",
    fan_in_fan_out: isTransposed,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_dropout: adapter.dropout,
    modules_to_save: saved.length === 0 ? null : saved,
    peft_type: "LORA",
    r: rank,
    rank_pattern: Object.fromEntries(others),
    // every module has the one scale
    alpha_pattern: Object.fromEntries(
      others.map(([module, own]) => [module, scale * (rsLora ? Math.sqrt(own) : own)]),
    ),
    revision: adapter.revision ?? null,
    target_modules: targetsOf(config, new Set(ranks.keys())),
    task_type: task === "causal-lm" ? "CAUSAL_LM" : "SEQ_CLS",
    use_dora: false,
    use_rslora: rsLora,
  };
  return { content, scale };
};

/** Writes adapter_config.json and adapter_model.safetensors into a folder that is there. Throws UserError. */
export const writeAdapterFiles = async (
  folder: string,
  adapter: SavedAdapter,
  disk: DiskWriter = systemDisk,
): Promise<void> => {
  const { weights, task } = adapter;
  const downs = Object.keys(weights).filter((name) => name.endsWith(".lora_A.weight"));
  if (downs.length === 0) throw new CovenantError("no-adapters", "The weights hold no adapters to save.");
  const ranks = new Map(
    downs.map((name) => [name.slice(0, -".lora_A.weight".length), weights[name]!.shape[0]!]),
  );
  const whole = adapter.whole ?? (task === "sequence-classification" ? ["score.weight"] : []);
  const modules = [...new Set(whole.map((name) => name.replace(/\.(weight|bias)$/, "")))];
  const { content, scale } = configOf(adapter, ranks, modules);
  const tensors: Weights = {};
  for (const name of whole) tensors[prefix + name] = weights[name]!;
  for (const module of ranks.keys()) {
    const [down, up] = [`${module}.lora_A.weight`, `${module}.lora_B.weight`];
    tensors[prefix + down] = weights[down]!;
    tensors[prefix + up] = scaled(weights[up]!, adapter.scale / scale);
  }
  await writeFileAtomic(join(folder, adapterFiles.config), `${JSON.stringify(content, null, 2)}\n`, disk);
  await writeSafetensors(join(folder, adapterFiles.weights), tensors, adapter.format, disk);
};
