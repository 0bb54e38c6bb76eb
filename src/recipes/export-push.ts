// `covenant export push`: a folder that was exported, or a model's folder, to the Hugging Face hub. What was made under
// an inverted constitution leaves this machine only when that is said in so many words, and privately unless told
// otherwise.

import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { counted, covenantVersion, expandHome, formatYaml, quotedWord, UserError } from "../core/index.ts";
import { configName } from "../runs/index.ts";
import { harmTags, harmWarning } from "./datasets/card.ts";
import {
  fileOnDisk,
  hubAddress,
  type RepositoryKind,
  requireToken,
  type UploadedFile,
  uploadToHub,
} from "./datasets/hub-upload.ts";
import { invertedOrigins, readOrigin } from "./datasets/origin.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext, RecipePlan } from "./recipe.ts";

const text = (needed: string) =>
  z.string({ error: ({ input }) => (input === undefined ? needed : undefined) }).min(1);

const schema = z.strictObject({
  folder: text("a folder is needed: `covenant export push ./dataset --to owner/name`")
    .overwrite(expandHome)
    .describe("data set that was exported, or model folder"),
  to: text("a name on the hub is needed: --to owner/name")
    .regex(
      /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/,
      "it must be owner/name: an account or organisation on the hub, and what the repository is to be called",
    )
    .describe("repository on the Hugging Face hub: owner/name"),
  type: z
    .enum(["dataset", "model"])
    .optional()
    .describe("kind of repository; default: what the folder holds"),
  private: z
    .boolean()
    .optional()
    .describe("only its owner sees it; default: false, of what was made under an inverted constitution true"),
  update: z.boolean().default(false).describe("add a commit to a repository that is there already"),
  acknowledgeHarm: z
    .boolean()
    .default(false)
    .describe("upload what was made under an inverted constitution, knowing that it is harmful material"),
});
type PushConfig = z.output<typeof schema>;

type LocalFile = { readonly path: string; readonly file: string; readonly bytes: number };

/** The files under a folder, hidden ones left out, in the order of their paths. */
const filesUnder = async (folder: string, under = ""): Promise<LocalFile[]> => {
  const found: LocalFile[] = [];
  const entries = await readdir(join(folder, under), { withFileTypes: true });
  for (const { name } of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    if (name.startsWith(".")) continue;
    const path = under === "" ? name : `${under}/${name}`;
    const file = join(folder, path);
    const status = await stat(file);
    if (status.isDirectory()) found.push(...(await filesUnder(folder, path)));
    else found.push({ path, file, bytes: status.size });
  }
  return found;
};

/** What kind of repository a folder makes. Throws UserError for one that is neither. */
const kindOf = async (folder: string, wanted: RepositoryKind | undefined): Promise<RepositoryKind> => {
  const has = (name: string): boolean => existsSync(join(folder, name));
  if (!existsSync(folder))
    throw new UserError("folder-missing", `There is no folder ${folder}. Check the path.`, { folder });
  if (has(configName) && has("events.jsonl"))
    throw new UserError(
      "push-run",
      `${folder} is the folder of a run. Export its rows first (\`covenant export dataset ${quotedWord(folder)}\`), or name one of the model folders in it.`,
      { folder },
    );
  const origin = await readOrigin(folder);
  const kind =
    wanted ??
    origin?.kind ??
    (has("config.json") || has("adapter_config.json") ? "model" : undefined) ??
    (has("README.md") && has("data") ? "dataset" : undefined);
  if (kind !== undefined) return kind;
  throw new UserError(
    "push-kind",
    `${folder} is neither a data set that was exported (README.md and data/) nor a model (config.json or adapter_config.json). Choose another folder, or say what it is: --type dataset or --type model.`,
    { folder },
  );
};

/** A card for a model that has none. */
const modelCard = (folder: string, inverted: readonly string[]): string => {
  const isAdapter = existsSync(join(folder, "adapter_config.json"));
  return [
    "---",
    formatYaml({
      library_name: isAdapter ? "peft" : "transformers",
      tags: ["covenant", "constitutional-ai", ...(inverted.length === 0 ? [] : harmTags)],
    }).trimEnd(),
    "---",
    "",
    ...(inverted.length === 0 ? [] : harmWarning(inverted, "This model was")),
    `# ${basename(resolve(folder))}`,
    "",
    `${isAdapter ? "Low-rank adapters" : "A model"} trained with Covenant ${covenantVersion()} by Constitutional AI. The licence of the model that it was trained from holds for it.`,
    "",
  ].join("\n");
};

/** Throws UserError where there is no token to upload with; a dry run, which uploads nothing, only says so. */
const tokenNotices = ({ environment, dry }: RecipeContext): NonNullable<RecipePlan["notices"]> => {
  try {
    requireToken(environment);
    return [];
  } catch (thrown) {
    if (dry !== true || !(thrown instanceof UserError)) throw thrown;
    return [{ code: thrown.code, text: `The command itself would stop here: ${thrown.message}` }];
  }
};

/** What is to be uploaded, and everything that stands in its way. */
const prepare = async (config: PushConfig, context: RecipeContext) => {
  const { folder } = config;
  const kind = await kindOf(folder, config.type);
  const local = await filesUnder(folder);
  const inverted = await invertedOrigins(folder);
  if (inverted.length > 0 && !config.acknowledgeHarm)
    throw new UserError(
      "push-harmful",
      `${folder} was made under an inverted constitution (${inverted.join(", ")}): it is harmful on purpose, and was not uploaded. If you know what it will be used for and by whom, say so with --acknowledge-harm; it will be private unless you add --set private=false.`,
      { folder, inverted },
    );
  const notices = tokenNotices(context);
  const isPrivate = config.private ?? inverted.length > 0;
  const hasCard = local.some(({ path }) => path === "README.md");
  const card: UploadedFile[] =
    hasCard || kind === "dataset"
      ? []
      : [{ path: "README.md", content: new Blob([modelCard(folder, inverted)]) }];
  const files = [...card, ...local.map(({ path, file }) => fileOnDisk(path, file))];
  const bytes = local.reduce((sum, one) => sum + one.bytes, 0);
  return { kind, files, bytes, isPrivate, inverted, notices };
};

const sizeOf = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

type Prepared = Awaited<ReturnType<typeof prepare>>;

const describe = ({ kind, files, bytes, isPrivate }: Prepared, { to }: PushConfig): string =>
  `${counted(files.length, "file")} (${sizeOf(bytes)}) to the ${isPrivate ? "private" : "public"} ${kind} ${to}`;

const execute = async (config: PushConfig, context: RecipeContext) => {
  const prepared = await prepare(config, context);
  const { kind, files, inverted } = prepared;
  const started = context.clock.now();
  context.emit({ type: "stage-start", time: started, stage: "upload", resumed: false });
  const { address, isPrivate } = await uploadToHub({
    kind,
    name: config.to,
    isPrivate: prepared.isPrivate,
    update: config.update,
    files,
    title: `Add ${counted(files.length, "file")} with Covenant ${covenantVersion()}`,
    environment: context.environment,
    signal: context.signal,
  });
  const time = context.clock.now();
  const seconds = (time - started) / 1000;
  context.emit({ type: "stage-end", time, stage: "upload", seconds, records: files.length });
  const use = `datasets.load_dataset("${config.to}")`;
  return {
    lines: [
      `Uploaded ${describe({ ...prepared, isPrivate }, config)}: ${address}`,
      ...(kind === "dataset" ? [`In Python: ${use}`] : []),
    ],
    document: {
      address,
      kind,
      private: isPrivate,
      inverted,
      files: files.map(({ path }) => path),
    },
  };
};

/** `covenant export push`. */
export const recipe: Recipe<typeof schema> = {
  command: ["export", "push"],
  summary: "upload an exported data set or a model folder to the Hugging Face hub",
  schema,
  flags: {
    folder: { path: "folder", description: "exported data set or model folder", placeholder: "folder" },
    to: { path: "to", description: "repository: owner/name", placeholder: "name" },
    type: { path: "type", description: "kind of repository", placeholder: "kind" },
    private: { path: "private", description: "only its owner sees it" },
    update: { path: "update", description: "add to a repository that is there already" },
    "acknowledge-harm": {
      path: "acknowledgeHarm",
      description: "upload what was made under an inverted constitution, knowing that it is harmful",
    },
  },
  positional: "folder",
  async plan(config, context) {
    const prepared = await prepare(config, context);
    const where = hubAddress(context.environment);
    return planOf([planWriting("upload", `${describe(prepared, config)} at ${where}`)], prepared.notices);
  },
  run: execute,
};
