// Runs of simulations on the disk as sources of figures: a run folder of one, or all runs of a sweep's folder. Says what is
// wrong with a folder that is neither, or is not finished.

import { basename, join, resolve } from "node:path";
import { UserError } from "../../core/index.ts";
import { type SimulationKind, sweepRunSchema } from "../../records/index.ts";
import { type RunReading, readRecords, readRun } from "../../runs/index.ts";
import type { Source } from "../stages/experiment-sources.ts";
import { simulationOf, simulationOfRun } from "./simulations.ts";

/** Which run a source is, apart from where it lies. */
export type SourcePlace = Pick<Source, "name" | "cell" | "label" | "repetition">;

/** A finished run as a source. Throws UserError where the folder is none. */
export const sourceOf = async (
  reading: RunReading,
  kind: SimulationKind,
  place: SourcePlace,
): Promise<Source> => {
  const { manifest, folder, seed } = reading;
  if (manifest === null)
    throw new UserError(
      "run-not-finished",
      `${folder} is not finished. Give its command again to let it end, then join it.`,
      { folder },
    );
  const simulation = simulationOf(kind);
  return {
    ...place,
    ...{ kind, seed, content: manifest.contentHash },
    rows: () => simulation.rows(reading),
    document: () => simulation.document(reading),
    ...(await simulation.scales(reading)),
  };
};

const sweepName = "simulate sweep";

/** A folder as it was given, with what it holds. */
export type NamedRun = {
  readonly folder: string;
  readonly reading: RunReading;
  readonly kind: SimulationKind;
};

/** The kind of simulation that a run folder holds. Throws UserError where it holds none. */
export const readSimulation = async (folder: string): Promise<NamedRun> => {
  const reading = await readRun(folder);
  if (reading.name === sweepName) {
    const { command } = reading.config as { readonly command: SimulationKind };
    return { folder, reading, kind: command };
  }
  const simulation = simulationOfRun(reading.name);
  if (simulation !== undefined) return { folder, reading, kind: simulation.kind };
  throw new UserError(
    "run-not-simulation",
    `${folder} was written by \`covenant ${reading.name}\`; expected a folder of \`covenant simulate contract\`, \`simulate games\`, \`simulate vote\` or \`simulate sweep\`.`,
    { folder, command: reading.name },
  );
};

/** Whether a folder is a sweep's. */
export const isSweep = ({ reading }: NamedRun): boolean => reading.name === sweepName;

/** All sources of a folder: the run itself, or every run of a sweep. label: what its group is called before its cells. */
export const sourcesOf = async (one: NamedRun, label: string): Promise<Source[]> => {
  const { folder, reading, kind } = one;
  if (!isSweep(one))
    return [await sourceOf(reading, kind, { name: label, cell: label, label, repetition: 1 })];
  if (reading.manifest === null)
    throw new UserError(
      "run-not-finished",
      `${folder} is a sweep that is not finished. Give its command again to let it end, then join it.`,
      { folder },
    );
  const runs = await readRecords(join(folder, "runs", "runs.jsonl"), sweepRunSchema);
  const sources: Source[] = [];
  for (const { id, cell, levels, repetition, folder: place } of runs)
    sources.push(
      await sourceOf(await readRun(join(folder, place)), kind, {
        ...{ name: label === "" ? id : `${label}/${id}`, cell: label === "" ? cell : `${label}/${cell}` },
        ...{ label: [...(label === "" ? [] : [label]), levelsLabel(levels)].join(": "), repetition },
      }),
    );
  return sources;
};

/** A place in a grid as people read it: "village, windows.user 0". */
export const levelsLabel = (levels: Readonly<Record<string, string>>): string => {
  const parts = Object.entries(levels).map(([axis, name]) =>
    /\p{L}{2}/u.test(name) && !["true", "false", "null"].includes(name) ? name : `${axis} ${name}`,
  );
  return parts.length === 0 ? "all" : parts.join(", ");
};

/** Names for folders: their last part, or the whole path where two share it. */
export const folderNames = (folders: readonly string[]): string[] => {
  const names = folders.map((folder) => basename(resolve(folder)));
  return names.map((name, at) => (names.indexOf(name) === names.lastIndexOf(name) ? name : folders[at]!));
};
