// The prompts of a run as a stage: the sandbox's own, or a file's.

import { join } from "node:path";
import { sha256File, UserError } from "../../core/index.ts";
import { loadPrompts } from "../../feedback/index.ts";
import { type Message, type PromptKind, type PromptRecord, promptRecordSchema } from "../../records/index.ts";
import { readRecords } from "../../runs/index.ts";
import { sandboxPrompts, splitOfRequest } from "../../sandbox/index.ts";
import type { Pipeline } from "./stage-model.ts";

type Counts = Readonly<Record<PromptKind, number>>;

/** testShare: share of a file's prompts that are held out, where rows do not say it (default: as in loadPrompts). */
export type PromptSource = {
  /** "sandbox" or a file. */
  readonly source: string;
  readonly train: Counts;
  readonly test: Counts;
  readonly limit?: number;
  readonly kind?: PromptKind;
  readonly testShare?: number;
};

/** The side of a request of the sandbox: held-out combinations are for testing, all others for training. */
const sandboxSide = (messages: readonly Message[]): "train" | "test" | null =>
  splitOfRequest(messages.at(-1)?.content ?? "");

/** The prompts of a run. repeated: rows of the file that say the same as an earlier one. Throws UserError for none. */
export const gatherPrompts = async (
  options: PromptSource,
  seed: number,
): Promise<{ readonly prompts: readonly PromptRecord[]; readonly repeated: number }> => {
  const { source, limit, kind, testShare } = options;
  if (source !== "sandbox") {
    return loadPrompts(source, {
      runSeed: seed,
      ...(limit === undefined ? {} : { limit }),
      ...(kind === undefined ? {} : { kind }),
      // Where both sides are used, what the model has seen in pretraining decides; the hash cannot know it.
      ...(testShare === undefined ? { sideOf: sandboxSide } : { testShare }),
    });
  }
  const prompts = (["train", "test"] as const).flatMap((split) =>
    sandboxPrompts({ seed, split, counts: split === "train" ? options.train : options.test }),
  );
  if (prompts.length > 0) return { prompts: prompts.slice(0, limit), repeated: 0 };
  throw new UserError(
    "prompts-empty",
    "The run has no prompts: all counts are 0. Ask for at least one prompt.",
  );
};

/** prompts/prompts.jsonl: the run's prompts. Throws UserError when there are none. */
export const promptStage = async ({ run }: Pipeline, options: PromptSource): Promise<PromptRecord[]> => {
  const { source } = options;
  const inputs = source === "sandbox" ? options : { ...options, file: await sha256File(source) };
  await run.stage({ name: "prompts", inputs }, async (stage) => {
    const file = await stage.records("prompts.jsonl", promptRecordSchema);
    const { prompts, repeated } = await gatherPrompts(options, run.seed);
    if (repeated > 0) {
      const what = repeated === 1 ? "1 row says" : `${repeated} rows say`;
      stage.warn("prompts-repeated", `${what} the same as an earlier one in ${source}, and were left out.`);
    }
    await file.append(prompts.slice(file.existing.length));
  });
  return readRecords(join(run.folder, "prompts", "prompts.jsonl"), promptRecordSchema);
};

/** What a recipe says of its prompts when all of them are worked on and none is held out. */
export type TrainPromptSettings = {
  readonly prompts: string;
  readonly counts: Counts;
  readonly limit?: number | undefined;
  readonly kind?: PromptKind | undefined;
};

const trainSource = ({ prompts, counts, limit, kind }: TrainPromptSettings): PromptSource => ({
  source: prompts,
  train: counts,
  test: { harmful: 0, harmless: 0, lookalike: 0 },
  testShare: 0,
  ...(limit === undefined ? {} : { limit }),
  ...(kind === undefined ? {} : { kind }),
});

const isTrain = ({ split }: PromptRecord): boolean => split === "train";

/** The prompts that a recipe would work on; rows that are marked for testing are left out. */
export const gatherTrainPrompts = async (
  settings: TrainPromptSettings & { readonly seed: number },
): Promise<{ readonly prompts: readonly PromptRecord[] }> => {
  const { prompts } = await gatherPrompts(trainSource(settings), settings.seed);
  return { prompts: prompts.filter(isTrain) };
};

/** prompts/prompts.jsonl, and of it what is to be worked on: all but rows that are marked for testing. */
export const trainPromptStage = async (
  pipeline: Pipeline,
  settings: TrainPromptSettings,
): Promise<PromptRecord[]> => {
  const prompts = (await promptStage(pipeline, trainSource(settings))).filter(isTrain);
  if (prompts.length > 0) return prompts;
  throw new UserError(
    "prompts-empty",
    `Every row of ${settings.prompts} is marked for testing ("split": "test"), so there is nothing to work on.`,
    { file: settings.prompts },
  );
};
