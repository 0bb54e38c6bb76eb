// The weights of a model folder: which files hold which tensor, that there are as many and as large as config.json calls
// for, and reading them: in float32, in fewer bits, or only to see that they are whole. Knows no other files of a folder.

import { basename, join } from "node:path";
import { z } from "zod";
import { checkValue, parseJson, readText, UserError } from "../core/index.ts";
import { familyOf } from "./config.ts";
import type { ModelConfig, ModelTask } from "./families/family.ts";
import { parameterShapes, sameShape, type Weight, type Weights } from "./parameters.ts";
import {
  isLookedUp,
  type LoadFormat,
  type QuantisedWeight,
  type QuantisedWeights,
  quantisable,
  quantiseParts,
  rowsAtATime,
} from "./quantised-weights.ts";
import { openSafetensors, readFiniteParts, readFiniteTensor, type SafetensorsFile } from "./safetensors.ts";

/** The file of weights that lie in one. */
export const weightsName = "model.safetensors";
/** The file that says which of several holds a tensor. */
export const indexName = "model.safetensors.index.json";

/** What is said of a folder that lacks a file. what: what follows from it. */
export const incomplete = (folder: string, file: string, what: string): UserError =>
  new UserError(
    "model-folder-incomplete",
    `${folder} has no ${file}: ${what}. Fetch or write the model again, or point to another folder.`,
    { folder, file },
  );

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** The files of the weights; map: which of them an index says holds which tensor. */
export type WeightFiles = {
  readonly names: readonly string[];
  readonly map: Readonly<Record<string, string>>;
};

/** Which files hold the tensors. Names in an index must stay inside the folder. */
export const weightFiles = async (folder: string, files: ReadonlySet<string>): Promise<WeightFiles> => {
  if (files.has(weightsName)) return { names: [weightsName], map: {} };
  if (!files.has(indexName)) {
    const other = [...files].find((name) => /\.(bin|pth?|gguf|ckpt)$/.test(name));
    const hint =
      other === undefined ? "" : ` (it has ${other}, which must be converted to safetensors first)`;
    throw incomplete(folder, weightsName, `the weights are missing${hint}`);
  }
  const place = { file: join(folder, indexName) };
  const { weight_map: map } = checkValue(indexSchema, parseJson(await readText(place.file), place), place);
  const names = [...new Set(Object.values(map))].sort();
  for (const name of names) {
    if (name !== basename(name) || !name.endsWith(".safetensors"))
      throw new UserError(
        "bad-weight-index",
        `${place.file} names the file ${JSON.stringify(name)}; expected *.safetensors files in the same folder. Fetch the model again from a source you trust.`,
        { name },
      );
    if (!files.has(name))
      throw incomplete(folder, name, `${indexName} says that it holds a part of the weights`);
  }
  return { names, map };
};

/** Throws UserError when a file lacks a tensor that the index says it holds. */
const checkIndex = (sources: readonly SafetensorsFile[], { map }: WeightFiles, folder: string): void => {
  const byFile = new Map(sources.map((source) => [basename(source.path), source]));
  const lost = Object.entries(map).find(([tensor, file]) => byFile.get(file)?.tensors.has(tensor) !== true);
  if (lost !== undefined)
    throw new UserError(
      "missing-tensor",
      `${join(folder, indexName)} says that ${lost[1]} holds the tensor ${lost[0]}, and it does not. The files are of different models or not whole: fetch the model again.`,
      { folder, name: lost[0], file: lost[1] },
    );
};

/** Where a parameter lies: the file and the tensor's name there. */
type TensorPlace = { readonly source: SafetensorsFile; readonly tensor: string };

/** leftOut: parameters that the caller has from elsewhere, and tensors that it has no use for. */
export type WantedWeights = { readonly task: ModelTask; readonly leftOut: readonly string[] };

/** Every parameter that the files hold. Throws UserError for a tensor that the model has not. */
const findTensors = (
  sources: readonly SafetensorsFile[],
  config: ModelConfig,
  { task, leftOut }: WantedWeights,
  folder: string,
): ReadonlyMap<string, TensorPlace> => {
  const shapes = parameterShapes(config, task);
  const { parameterOf, ignores } = familyOf(config);
  const found = new Map<string, TensorPlace>();
  for (const source of sources)
    for (const tensor of source.tensors.keys()) {
      const name = parameterOf(tensor);
      if (found.has(name))
        throw new UserError(
          "tensor-twice",
          `${source.path} holds the tensor ${tensor}, which ${found.get(name)!.source.path} holds too; only one can be meant. Fetch the model again.`,
          { folder, name: tensor },
        );
      // a tied head may be there as a copy
      const isCopy = config.tieEmbeddings && name === "lm_head.weight";
      if (name in shapes) found.set(name, { source, tensor });
      else if (!ignores(tensor) && !isCopy && !leftOut.includes(tensor))
        throw new UserError(
          "unexpected-tensor",
          `${source.path} holds the tensor ${tensor}, which a ${config.family} model of this config.json has not; leaving it out would change the model. Use a model without it.`,
          { folder, name: tensor },
        );
    }
  return found;
};

/** The place of a parameter. Throws UserError when it is nowhere, or has another shape. */
const requirePlace = (
  place: TensorPlace | undefined,
  name: string,
  shape: readonly number[],
  folder: string,
): TensorPlace => {
  if (place === undefined)
    throw new UserError(
      "missing-tensor",
      `${folder}: the weights have no tensor ${name}, which config.json calls for. Weights and config.json do not belong together: fetch or write the model again.`,
      { folder, name },
    );
  const { source, tensor } = place;
  const entry = source.tensors.get(tensor)!;
  if (!sameShape(entry.shape, shape))
    throw new UserError(
      "tensor-shape",
      `${source.path}: tensor ${tensor} has shape [${entry.shape.join(", ")}], and config.json calls for [${shape.join(", ")}]. Weights and config.json do not belong together: fetch or write the model again.`,
      { folder, name, got: entry.shape, expected: shape },
    );
  return place;
};

/** Where the weights of a folder are, and of what model. */
export type WeightSource = {
  readonly folder: string;
  readonly files: WeightFiles;
  readonly config: ModelConfig;
  readonly wanted: WantedWeights;
};

/** Calls `take` with every parameter of a folder, one after another. Throws UserError for files that do not fit. */
const eachParameter = async (
  { folder, files, config, wanted }: WeightSource,
  take: (name: string, place: TensorPlace) => Promise<void>,
): Promise<void> => {
  const sources: SafetensorsFile[] = [];
  try {
    for (const name of files.names) sources.push(await openSafetensors(join(folder, name)));
    checkIndex(sources, files, folder);
    const places = findTensors(sources, config, wanted, folder);
    for (const [name, shape] of Object.entries(parameterShapes(config, wanted.task)))
      if (places.has(name) || !wanted.leftOut.includes(name))
        await take(name, requirePlace(places.get(name), name, shape, folder));
  } finally {
    for (const source of sources) await source.close();
  }
};

const columnsOf = ({ source, tensor }: TensorPlace): number => source.tensors.get(tensor)!.shape.at(-1) ?? 1;

/** A tensor in parts of whole rows. */
const partsOf = (place: TensorPlace) => {
  const columns = columnsOf(place);
  return readFiniteParts(place.source, place.tensor, columns * rowsAtATime(columns));
};

/** A folder's weights; with `load` projections in so few bits, which never stand whole in float32. Throws UserError. */
export const readWeights = async (
  source: WeightSource,
  load: LoadFormat | undefined,
): Promise<{ readonly weights: Weights; readonly quantised: QuantisedWeights }> => {
  const weights: Record<string, Weight> = {};
  const quantised: Record<string, QuantisedWeight> = {};
  const chosen = load === undefined ? undefined : quantisable(source.config, load, source.wanted.task);
  await eachParameter(source, async (name, place) => {
    const projection = chosen?.get(name);
    if (projection === undefined || isLookedUp(source.config, name))
      weights[name] = await readFiniteTensor(place.source, place.tensor);
    if (load !== undefined && projection !== undefined)
      quantised[name] = await quantiseParts(() => partsOf(place), projection, load);
  });
  return { weights, quantised };
};

/** Reads a folder's weights without keeping them; gives their names. Throws UserError as readWeights does. */
export const checkWeightFiles = async (source: WeightSource): Promise<ReadonlySet<string>> => {
  const names = new Set<string>();
  await eachParameter(source, async (name, place) => {
    for await (const _part of partsOf(place));
    names.add(name);
  });
  return names;
};
