// Whether something was made under an inverted constitution, which makes it harmful material. A folder that was exported
// says so itself (covenant.json); of what lies in a run folder the run's settings say it, and those of the runs that it
// was made from. What was moved out of its run by hand says nothing.

import { existsSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { z } from "zod";
import { constitutionFor, hashConstitution, loadConstitution } from "../../constitution/index.ts";
import { covenantVersion, parseJsonAs, readText, UserError, writeFileAtomic } from "../../core/index.ts";
import type { Constitution } from "../../records/index.ts";
import { configName, type RunReading, readRun } from "../../runs/index.ts";
import { constitutionUnder, keptConstitution } from "../settings/arms.ts";
import { revisedBy } from "../stages/revising.ts";

/** The file in which an exported folder says what it is. */
export const originName = "covenant.json";

const originSchema = z.looseObject({
  covenant: z.string(),
  kind: z.enum(["dataset", "model"]),
  /** The inverted constitutions that it was made under. */
  inverted: z.array(z.string()),
});
export type Origin = z.output<typeof originSchema>;

/** What an exported folder says of itself; undefined where it says nothing. Throws UserError for a broken file. */
export const readOrigin = async (folder: string): Promise<Origin | undefined> => {
  const file = join(folder, originName);
  return existsSync(file) ? parseJsonAs(originSchema, await readText(file), { file }) : undefined;
};

/** Leaves in a folder what it is. */
export const writeOrigin = (
  folder: string,
  origin: Omit<Origin, "covenant"> & Readonly<Record<string, unknown>>,
): Promise<void> =>
  writeFileAtomic(
    join(folder, originName),
    `${JSON.stringify({ covenant: covenantVersion(), ...origin }, null, 2)}\n`,
  );

const isRunFolder = (folder: string): boolean =>
  existsSync(join(folder, configName)) && existsSync(join(folder, "events.jsonl"));

/** The run folder that a path lies in, or is. */
export const enclosingRun = (path: string): string | undefined => {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (isRunFolder(folder)) return folder;
    if (dirname(folder) === folder) return undefined;
  }
};

const reviseSchema = z.looseObject({
  revise: z.looseObject({ principles: z.number().optional() }).optional(),
});

const settingsSchema = z.looseObject({
  constitution: z.string().optional(),
  inverted: z.boolean().optional(),
});

/** A constitution that a run was made under. document: null where what the run used does not lie any more where it was found. */
export type RunConstitution = {
  readonly name: string;
  readonly inverted: boolean;
  readonly document: Constitution | null;
};

/** The commands whose folder holds the constitution that they worked under, as the arms of `run` do. */
const keepers = ["revise", "label"];

/**
 * Whether a document is the one that the run was made under, by the hash that it told when it began. Runs that told none are
 * taken at their word.
 */
const isOfRun = ({ events, config, seed }: RunReading, document: Constitution): boolean => {
  const told = events.findLast((event) => event.type === "run-start")?.contents?.["constitution"];
  if (told === undefined) return true;
  const { revise = {} } = reviseSchema.safeParse(config).data ?? {};
  const candidates = [
    () => document,
    () => constitutionFor(document, "judge"),
    () => revisedBy(document, revise, seed),
  ];
  return candidates.some((make) => {
    try {
      return hashConstitution(make()) === told;
    } catch (thrown) {
      if (thrown instanceof UserError) return false;
      throw thrown;
    }
  });
};

const known = (document: Constitution): RunConstitution => ({
  name: document.name,
  inverted: document.inverts !== undefined,
  document,
});

/** The constitution of a run, or of one of its arms; undefined for a run that has none. */
export const constitutionOf = async (run: RunReading, arm?: string): Promise<RunConstitution | undefined> => {
  const place = arm ?? (keepers.includes(run.name) ? "." : undefined);
  const saved = place === undefined ? undefined : join(run.folder, place, keptConstitution);
  if (saved !== undefined && existsSync(saved)) return known(await loadConstitution(resolve(saved)));
  const settings = settingsSchema.safeParse(run.config).data;
  if (settings?.constitution === undefined) return undefined;
  const inverted = arm === undefined ? settings.inverted === true : arm === "inverted";
  try {
    const found = known(constitutionUnder(await loadConstitution(settings.constitution), inverted));
    return found.document === null || isOfRun(run, found.document) ? found : { ...found, document: null };
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return { name: settings.constitution, inverted, document: null };
  }
};

/** Everything in settings that names a file or folder, but for where the run itself was written. */
const pathsIn = (value: unknown): string[] => {
  if (typeof value === "string") return existsSync(value) ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === "out" ? [] : pathsIn(inner)));
};

const armsIn = (run: RunReading, path: string): string[] => {
  const [first = ""] = relative(run.folder, path).split(sep);
  const arms = z.looseObject({ arms: z.array(z.string()) }).safeParse(run.config).data?.arms ?? [];
  return arms.includes(first) || first === "" ? arms.filter((arm) => first === "" || arm === first) : [];
};

/**
 * The names of the inverted constitutions that a file or folder was made under, itself or through the models and rows
 * that it was made from.
 */
export const invertedOrigins = async (path: string, arm?: string): Promise<string[]> => {
  const found = new Set<string>();
  const visited = new Set<string>();
  const visit = async (place: string, only?: string): Promise<void> => {
    const key = resolve(place);
    if (visited.has(key)) return;
    visited.add(key);
    // An exported table lies two folders below what its data set says of itself.
    for (const near of [key, dirname(key), dirname(dirname(key))])
      for (const name of (await readOrigin(near))?.inverted ?? []) found.add(name);
    const folder = enclosingRun(key);
    if (folder === undefined) return;
    const run = await readRun(folder);
    const arms = only === undefined ? armsIn(run, key) : [only];
    for (const one of run.name === "run" ? arms : [undefined]) {
      const constitution = await constitutionOf(run, one);
      if (constitution?.inverted === true) found.add(constitution.name);
    }
    for (const named of pathsIn(run.config)) await visit(named);
  };
  await visit(path, arm);
  return [...found].sort();
};
