// The people behind a principle: its grounds, looked up in the folder of the simulation that it was learned in. Each is told
// with whether its record is there and says what the document says. What a principle did is not known here.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { checkValue, UserError } from "../../core/index.ts";
import {
  type DraftId,
  type DraftRecord,
  draftIdSchema,
  draftRecordSchema,
  type Ground,
  type PersonaId,
  type Principle,
  personaIdSchema,
  recordFields,
  type StageName,
} from "../../records/index.ts";
import { type RunReading, readRun, streamRecords } from "../../runs/index.ts";
import { contractSchema, loadContract } from "../settings/contract-settings.ts";
import { votePersonas, voteSchema } from "../settings/vote-settings.ts";

/** What a comment was about: the request, where its task is known, and the draft with the user's ratings of it. */
export type Occasion = {
  readonly draft: DraftId;
  readonly request: string | null;
  readonly text: string;
  readonly ratings: Readonly<Record<string, number | null>>;
};

/**
 * A ground. state: confirmed, its record is there and says this; differs, it says something else; absent, there is no such
 * record; unread, there is no folder to look in. persona: of the speaker, with a description where it is known.
 */
export type Voice = Ground & {
  readonly state: "confirmed" | "differs" | "absent" | "unread";
  readonly persona?: { readonly id: PersonaId; readonly name?: string; readonly description?: string };
  readonly occasion?: Occasion;
};

const commands = ["simulate contract", "simulate vote"];

/** A simulation's folder, or null where none is meant. Throws UserError where the one that is named is none. */
export const findContract = async (
  source: string,
  wanted: string | undefined,
): Promise<RunReading | null> => {
  if (wanted !== undefined) {
    const run = await readRun(wanted);
    if (commands.includes(run.name)) return run;
    throw new UserError(
      "lineage-contract",
      `--contract ${wanted} was written by \`covenant ${run.name}\`; expected a folder of ${commands.map((one) => `\`covenant ${one}\``).join(" or ")}, in which the constitution was made.`,
      { folder: wanted, command: run.name },
    );
  }
  // the document of the last run lies in the folder itself, those of single runs one below
  for (const folder of [dirname(source), dirname(dirname(source))]) {
    if (!existsSync(join(folder, "config.yaml"))) continue;
    const run = await readRun(folder);
    if (commands.includes(run.name)) return run;
  }
  return null;
};

const voiceSchema = z.looseObject({
  ...recordFields,
  persona: personaIdSchema.optional(),
  feedback: z.string().optional(),
  statement: z.string().nullable().optional(),
  comment: z.string().optional(),
  support: z.number().nullable().optional(),
  draft: draftIdSchema.optional(),
  ratings: z.record(z.string(), z.number().nullable()).optional(),
});
type VoiceRecord = z.output<typeof voiceSchema>;

/** Files of a stage in which somebody says something. */
const spoken = ["ratings.jsonl", "proposals.jsonl", "support.jsonl", "comments.jsonl"];

const stageOf = (id: string): StageName => id.split("/")[0]!;

/** Records of a run by their ids, from the files of that name in the stages that the ids name. */
const lookUp = async <Row extends { readonly id: string }>(
  run: RunReading,
  ids: ReadonlySet<Row["id"]>,
  files: readonly string[],
  schema: z.ZodType<Row>,
): Promise<Map<Row["id"], Row>> => {
  const found = new Map<Row["id"], Row>();
  const stages = [...new Set([...ids].map(stageOf))];
  for (const path of stages.flatMap((stage) => files.map((file) => `${stage}/${file}`)))
    if (run.has(path))
      for await (const row of streamRecords(join(run.folder, path), schema))
        if (ids.has(row.id)) found.set(row.id, row);
  return found;
};

/** Who took part and what was talked about, as the folder's settings say; problem: why that cannot be told any more. */
const setupOf = async ({ name, config, folder }: RunReading) => {
  const place = { file: join(folder, "config.yaml") };
  try {
    if (name === "simulate vote")
      return { personas: await votePersonas(checkValue(voteSchema, config, place)), tasks: [] };
    const { cast, tasks } = await loadContract(checkValue(contractSchema, config, place));
    return { personas: cast.users.map(({ persona }) => persona), tasks };
  } catch (thrown) {
    if (thrown instanceof UserError) return { personas: [], tasks: [], problem: thrown.message };
    throw thrown;
  }
};
type Setup = Awaited<ReturnType<typeof setupOf>>;

const saysIt = ({ feedback, statement, comment, support }: VoiceRecord, ground: Ground): boolean =>
  ground.by === "supported"
    ? support === ground.support
    : [feedback, statement, comment].includes(ground.said);

const occasionOf = (
  { ratings = {} }: VoiceRecord,
  draft: DraftRecord | undefined,
  { tasks }: Setup,
): Occasion | undefined => {
  if (draft === undefined) return undefined;
  const request = tasks.find(({ id }) => id === draft.task)?.question ?? null;
  return { draft: draft.id, request, text: draft.text, ratings };
};

const voiceOf = (
  ground: Ground,
  record: VoiceRecord | undefined,
  drafts: ReadonlyMap<DraftId, DraftRecord>,
  setup: Setup,
): Voice => {
  if (record === undefined) return { ...ground, state: "absent" };
  if (!saysIt(record, ground)) return { ...ground, state: "differs" };
  const { persona: id } = record;
  const known = setup.personas.find((one) => one.id === id);
  const described = known === undefined ? {} : { name: known.name, description: known.description };
  const occasion = occasionOf(record, drafts.get(record.draft ?? ""), setup);
  return {
    ...ground,
    state: "confirmed",
    ...(id === undefined ? {} : { persona: { id, ...described } }),
    ...(occasion === undefined ? {} : { occasion }),
  };
};

/** Those who argued for a principle, without what was cited for it and says something else; problem: why people and requests cannot be told. contract: null where there is no folder. */
export const voicesOf = async (
  { grounds: all = [] }: Pick<Principle, "grounds">,
  contract: RunReading | null,
): Promise<{ readonly voices: readonly Voice[]; readonly problem?: string }> => {
  const grounds = all.filter(({ doubtful }) => doubtful !== "says-other");
  if (contract === null) return { voices: grounds.map((ground) => ({ ...ground, state: "unread" })) };
  const records = await lookUp(contract, new Set(grounds.map(({ record }) => record)), spoken, voiceSchema);
  const shown = new Set([...records.values()].flatMap(({ draft }) => (draft === undefined ? [] : [draft])));
  const drafts = await lookUp(contract, shown, ["drafts.jsonl"], draftRecordSchema);
  const setup = await setupOf(contract);
  const voices = grounds.map((ground) => voiceOf(ground, records.get(ground.record), drafts, setup));
  return { voices, ...(setup.problem === undefined ? {} : { problem: setup.problem }) };
};
