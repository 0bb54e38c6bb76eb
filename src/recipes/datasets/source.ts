// What a run folder of `revise`, `label`, `run` or `prompts load` has for a data set: which files hold which records, under which
// constitution and by which models they were made. Knows no shape that rows are to have.

import { join } from "node:path";
import { z } from "zod";
import { quotedWord, UserError } from "../../core/index.ts";
import { writtenArm } from "../../records/index.ts";
import { type RunReading, readRun } from "../../runs/index.ts";
import { type ArmName, armNames } from "../settings/arms.ts";
import { constitutionOf, invertedOrigins, type RunConstitution } from "./origin.ts";
import { publicName } from "./public-names.ts";

/** Record files by what they hold, as paths; a run has some of them. */
export type SourceFiles = Readonly<
  Partial<
    Record<
      | "prompts"
      | "answers"
      | "revisions"
      | "supervised"
      | "samples"
      | "labels"
      | "preferences"
      | "comparisons",
      { readonly path: string; readonly stage: string }
    >
  >
>;

/**
 * constitution: null for what others published, which was loaded under none. inverted: names of the inverted constitutions
 * that the records come from; models: by what they did; model: whose replies they are, null where it is not known.
 */
export type DatasetSource = {
  readonly run: RunReading;
  readonly arm: ArmName | null;
  readonly constitution: RunConstitution | null;
  readonly inverted: readonly string[];
  readonly files: SourceFiles;
  readonly models: Readonly<Record<string, string>>;
  readonly model: string | null;
  readonly maxTokens: number;
};

const settingsSchema = z.looseObject({
  model: z.string(),
  critic: z.string().optional(),
  judge: z.string().optional(),
  comparisons: z.string().optional(),
  arms: z.array(z.enum(armNames)).optional(),
  sampling: z.looseObject({ maxTokens: z.number() }),
});
type Settings = z.output<typeof settingsSchema>;

const file = (stage: string, name: string) => ({ path: join(stage, name), stage });

const common = { prompts: file("prompts", "prompts.jsonl"), answers: file("answer", "answers.jsonl") };

const chains = { revisions: file("revise", "revisions.jsonl"), supervised: file("rows", "sft.jsonl") };

const knownPairs = { comparisons: file("comparisons", "comparisons.jsonl") };

const filesOf = {
  revise: () => ({ ...common, ...chains }),
  label: () => ({
    prompts: common.prompts,
    samples: file("label", "samples.jsonl"),
    labels: file("label", "labels.jsonl"),
    preferences: file("rows", "preferences.jsonl"),
  }),
  run: (arm: string) => ({
    ...common,
    revisions: file(`${arm}/revise`, "revisions.jsonl"),
    supervised: file(`${arm}/sl`, "rows.jsonl"),
    samples: file(`${arm}/label`, "samples.jsonl"),
    labels: file(`${arm}/label`, "labels.jsonl"),
    preferences: file(`${arm}/reward`, "rows.jsonl"),
  }),
} satisfies Record<string, (arm: string) => SourceFiles>;

const isSource = (name: string): name is keyof typeof filesOf => name in filesOf;

/** The arm that is meant. Throws UserError for one that the run does not have. */
const armOf = (
  run: RunReading,
  { arms = [] }: Pick<Settings, "arms">,
  wanted: ArmName | undefined,
): ArmName | null => {
  if (run.name === "run" && (wanted === undefined || arms.includes(wanted)))
    return wanted ?? (arms.length === 1 ? arms[0]! : writtenArm);
  if (wanted === undefined) return null;
  throw new UserError(
    "dataset-arm",
    arms.length === 0
      ? `${run.folder} holds one constitution's records and has no arms. Leave out --arm.`
      : `${run.folder} has no arm "${wanted}", only ${arms.join(" and ")}.`,
    { folder: run.folder, arm: wanted },
  );
};

const modelsOf = (name: keyof typeof filesOf, { model, critic, judge = model, comparisons }: Settings) => {
  const revising =
    critic === undefined
      ? { "answers, critiques and revisions": model }
      : { answers: model, "critiques and revisions": critic };
  if (name === "revise") return revising;
  if (comparisons !== undefined) return { labels: judge };
  const labelling = { "replies that were compared": name === "run" ? "SL-CAI, trained in the run" : model };
  return { ...(name === "run" ? revising : {}), ...labelling, labels: judge };
};

const placedIn = (folder: string, files: SourceFiles): SourceFiles =>
  Object.fromEntries(
    Object.entries(files).map(([what, { path, stage }]) => [what, { path: join(folder, path), stage }]),
  );

/** Prompts that were loaded and, where the files had them, comparisons and chains of critique and revision that others published. */
const readLoaded = async (run: RunReading, folder: string, wanted?: ArmName): Promise<DatasetSource> => {
  const stages = run.events.findLast((event) => event.type === "run-start")?.stages ?? [];
  const files = {
    prompts: common.prompts,
    ...(stages.includes("comparisons") ? knownPairs : {}),
    ...(stages.includes("revise") ? chains : {}),
  };
  return {
    run,
    arm: armOf(run, {}, wanted),
    constitution: null,
    inverted: await invertedOrigins(folder),
    files: placedIn(folder, files),
    models: {},
    model: null,
    maxTokens: 0,
  };
};

/** Reads what a run folder has. Throws UserError for what is no run, or one that makes no rows. */
export const readSource = async (folder: string, wanted?: ArmName): Promise<DatasetSource> => {
  const run = await readRun(folder);
  if (run.name === "prompts load") return readLoaded(run, folder, wanted);
  if (!isSource(run.name))
    throw new UserError(
      "dataset-source",
      `${folder} was written by \`covenant ${run.name}\`, which makes no rows for others. Expected a run folder of \`covenant revise\`, \`covenant label\`, \`covenant run\` or \`covenant prompts load\`.`,
      { folder },
    );
  const settings = settingsSchema.parse(run.config);
  const arm = armOf(run, settings, wanted);
  // Comparisons of a file bring prompts and replies with them, so the run wrote none.
  const isGiven = (what: string): boolean => what === "prompts" || what === "samples";
  const all = Object.entries(filesOf[run.name](arm ?? ""));
  const made = all.filter(([what]) => settings.comparisons === undefined || !isGiven(what));
  const names = Object.entries(modelsOf(run.name, settings)).map(([what, name]) => [what, publicName(name)]);
  return {
    run,
    arm,
    constitution: (await constitutionOf(run, arm ?? undefined))!,
    inverted: await invertedOrigins(folder, arm ?? undefined),
    files: placedIn(folder, Object.fromEntries(made)),
    models: Object.fromEntries(names) as Record<string, string>,
    model: settings.comparisons === undefined ? settings.model : null,
    maxTokens: settings.sampling.maxTokens,
  };
};

/** The file of a kind of records that the run has. Throws UserError where it has not finished them. */
export const fileOf = (
  { run, files }: Pick<DatasetSource, "run" | "files">,
  what: keyof SourceFiles,
): string => {
  const found = files[what]!;
  if (run.stages.some(({ stage }) => stage === found.stage)) return found.path;
  // where it ended by itself, the same again may end so again
  const last = run.events.findLast(({ type }) => type === "run-start" || type === "run-stop");
  const begin =
    last?.type === "run-stop" && last.reason !== "interrupted"
      ? `Its command ended with: "${last.reason}" Once that is mended, run`
      : "Run";
  const advice = `${begin} the same command again (or \`covenant ${run.name} --resume ${quotedWord(run.folder)}\`), then export.`;
  throw new UserError(
    "dataset-unfinished",
    `${run.folder} has not finished its stage ${found.stage}, from which the rows come. ${advice}`,
    { folder: run.folder, stage: found.stage },
  );
};
