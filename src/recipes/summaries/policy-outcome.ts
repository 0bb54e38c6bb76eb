// How a command ends that learned a policy by reward: its alarms once more, the model, and the command that goes on.
// Knows nothing of how it learned.

import { basename, join } from "node:path";
import type { Run } from "../../runs/index.ts";
import type { TextForm } from "../../training/index.ts";
import type { PromptReading } from "../inputs/policy-reading.ts";
import type { RecipeOutcome } from "../recipe.ts";
import { asModelName } from "../settings/names.ts";
import { alarmsInRun, describeAlarms } from "../stages/alarm-watch.ts";
import { loadWords, measureCommand, nextCommands } from "./next-command.ts";
import { describeTraining, summariseTraining } from "./training-summary.ts";

/** What a policy learned with. model: what it started from. */
type PolicyConfig = Readonly<Record<"model" | "out" | "prompts", string>> & {
  readonly chatTemplate?: string | undefined;
};

/**
 * What was learned. model: its folder, in stage "rl" of the run; counts: of the prompts that were learned from and of those
 * kept out; texts: how they were read.
 */
type PolicyOutcome = {
  readonly model: string;
  readonly counts: PromptReading["counts"];
  readonly texts: TextForm;
  readonly settings: { readonly load?: "4bit" | undefined };
};

/** Finishes the run. */
export const finishPolicy = async (
  pipeline: { readonly run: Run },
  config: PolicyConfig,
  { model, counts, texts, settings }: PolicyOutcome,
): Promise<RecipeOutcome> => {
  const { run } = pipeline;
  await run.finish();
  const summary = await summariseTraining(pipeline, "rl");
  const named = asModelName(join(config.out, "rl", basename(model)));
  const alarms = await alarmsInRun(run.folder);
  const { learned, heldOut } = counts;
  // a step draws as many as it has replies, so that few steps see few of them
  const from = `replies to prompts drawn from ${learned}${heldOut === 0 ? "" : `, ${heldOut} kept out`}`;
  // what one's own prompts are answered with, the sandbox's oracle cannot judge; and it is measured in turns of a chat
  const measured = config.prompts === "sandbox" && texts === "chat";
  return {
    lines: [
      ...describeTraining(summary, from),
      ...describeAlarms(alarms),
      `Model: ${named}`,
      ...(measured
        ? measureCommand(config, named, settings)
        : nextCommands(["chat", named, ...loadWords(settings)])),
    ],
    document: { folder: run.folder, model, prompts: learned, heldOut, ...summary, alarms },
  };
};
