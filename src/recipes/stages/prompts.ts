// The prompts of a run: the sandbox's own, or a file's. They are gathered, and their faults told, before a run folder
// is begun; the stage then only writes them down.

import { join } from "node:path";
import { sha256File, UserError } from "../../core/index.ts";
import { loadPrompts } from "../../feedback/index.ts";
import { type Message, type PromptKind, type PromptRecord, promptRecordSchema } from "../../records/index.ts";
import { readRecords } from "../../runs/index.ts";
import { sandboxPrompts, splitOfRequest } from "../../sandbox/index.ts";
import { counted } from "../wording.ts";
import type { Pipeline } from "./stage-model.ts";

export type PromptCounts = Readonly<Record<PromptKind, number>>;

/**
 * testShare: share of a file's prompts that are held out, where rows do not say it. Without it, requests of the sandbox
 * are split by their combination, and other prompts as in loadPrompts.
 */
export type PromptSource = {
  /** "sandbox" or a file. */
  readonly source: string;
  readonly train: PromptCounts;
  readonly test: PromptCounts;
  readonly limit?: number;
  readonly kind?: PromptKind;
  readonly testShare?: number;
};

type Notice = { readonly code: string; readonly text: string };

/** Prompts in memory, with where they come from and what a person should know of them. */
export type GatheredPrompts = {
  readonly options: PromptSource;
  readonly prompts: readonly PromptRecord[];
  readonly notices: readonly Notice[];
};

/** The side of a request of the sandbox: held-out combinations are for testing, all others for training. */
const sandboxSide = (messages: readonly Message[]): "train" | "test" | null =>
  splitOfRequest(messages.at(-1)?.content ?? "");

const readFile = async (options: PromptSource, seed: number): Promise<GatheredPrompts> => {
  const { source, limit, kind, testShare } = options;
  const { prompts, repeated } = await loadPrompts(source, {
    runSeed: seed,
    ...(limit === undefined ? {} : { limit }),
    ...(kind === undefined ? {} : { kind }),
    // Where both sides are used, what the model has seen in pretraining decides; the hash cannot know it.
    ...(testShare === undefined ? { sideOf: sandboxSide } : { testShare }),
  });
  const text = `${counted(repeated, "row says", "rows say")} the same as an earlier one in ${source}, and ${repeated === 1 ? "was" : "were"} left out.`;
  return { options, prompts, notices: repeated === 0 ? [] : [{ code: "prompts-repeated", text }] };
};

/** The prompts of a run. Throws UserError for a file with faults, and for none. */
export const gatherPrompts = async (options: PromptSource, seed: number): Promise<GatheredPrompts> => {
  if (options.source !== "sandbox") return readFile(options, seed);
  const prompts = (["train", "test"] as const).flatMap((split) =>
    sandboxPrompts({ seed, split, counts: split === "train" ? options.train : options.test }),
  );
  if (prompts.length > 0) return { options, prompts: prompts.slice(0, options.limit), notices: [] };
  throw new UserError(
    "prompts-empty",
    "The run has no prompts: all counts are 0. Ask for at least one prompt.",
  );
};

/** prompts/prompts.jsonl: the run's prompts. */
export const promptStage = async (
  { run }: Pipeline,
  { options, prompts, notices }: GatheredPrompts,
): Promise<PromptRecord[]> => {
  const { source } = options;
  const inputs = source === "sandbox" ? options : { ...options, file: await sha256File(source) };
  await run.stage({ name: "prompts", inputs }, async (stage) => {
    const file = await stage.records("prompts.jsonl", promptRecordSchema);
    for (const { code, text } of notices) stage.warn(code, text);
    await file.append(prompts.slice(file.existing.length));
  });
  return readRecords(join(run.folder, "prompts", "prompts.jsonl"), promptRecordSchema);
};

/** What a recipe says of its prompts when all of them are for one purpose. */
export type OneSidedSettings = {
  readonly seed: number;
  readonly prompts: string;
  readonly counts: PromptCounts;
  readonly limit?: number | undefined;
  readonly kind?: PromptKind | undefined;
};

/** Prompts of which only one side of the split is worked on. */
export type OneSidedPrompts = GatheredPrompts & { readonly used: readonly PromptRecord[] };

const none: PromptCounts = { harmful: 0, harmless: 0, lookalike: 0 };
const purposes = { train: "training", test: "testing" } as const;

/**
 * The prompts of a command that only works on, or only measures. Rows of a file that say nothing are taken; those that
 * are marked for the other purpose are left out, with a notice. Throws UserError when none is left.
 */
export const gatherOneSide = async (
  { seed, prompts: source, counts, limit, kind }: OneSidedSettings,
  side: "train" | "test",
): Promise<OneSidedPrompts> => {
  const other = side === "train" ? "test" : "train";
  const options: PromptSource = {
    source,
    ...{ train: none, test: none, [side]: counts },
    testShare: side === "train" ? 0 : 1,
    ...(limit === undefined ? {} : { limit }),
    ...(kind === undefined ? {} : { kind }),
  };
  const gathered = await gatherPrompts(options, seed);
  const used = gathered.prompts.filter(({ split }) => split === side);
  const marked = `marked for ${purposes[other]} ("split": "${other}")`;
  if (used.length === 0) {
    throw new UserError(
      "prompts-empty",
      `Every row of ${source} is ${marked}, so there is nothing to ${side === "train" ? "work on" : "measure"}. Mark rows "${side}", or take the mark away.`,
      { file: source },
    );
  }
  const left = gathered.prompts.length - used.length;
  const text = `${counted(left, "row")} of ${source} ${left === 1 ? "is" : "are"} ${marked} and ${left === 1 ? "was" : "were"} left out.`;
  const notices = left === 0 ? gathered.notices : [...gathered.notices, { code: "prompts-left-out", text }];
  return { ...gathered, notices, used };
};

/** prompts/prompts.jsonl, and of it what is used. */
export const oneSidedStage = async (
  pipeline: Pipeline,
  gathered: OneSidedPrompts,
): Promise<PromptRecord[]> => {
  const used = new Set(gathered.used.map(({ id }) => id));
  return (await promptStage(pipeline, gathered)).filter(({ id }) => used.has(id));
};
