// How a command ends that learned a policy by reward: its alarms once more, the model, and the command that goes on.
// Knows nothing of how it learned.

import { basename, join } from "node:path";
import type { Run } from "../runs/index.ts";
import { asModelName } from "./names.ts";
import { nextCommands } from "./next-command.ts";
import type { RecipeOutcome } from "./recipe.ts";
import { alarmsInRun, describeAlarms } from "./stages/alarm-watch.ts";
import { describeTraining, summariseTraining } from "./training-summary.ts";
import { counted } from "./wording.ts";

/**
 * Finishes the run. base: the policy it started from; model: the folder of what was learned, in stage "rl" of out;
 * prompts: the setting, and how many of them there were.
 */
export const finishPolicy = async (
  pipeline: { readonly run: Run },
  {
    base,
    model,
    out,
    prompts,
    count,
  }: Readonly<Record<"base" | "model" | "out" | "prompts", string>> & { readonly count: number },
): Promise<RecipeOutcome> => {
  const { run } = pipeline;
  await run.finish();
  const summary = await summariseTraining(pipeline, "rl");
  const named = asModelName(join(out, "rl", basename(model)));
  const alarms = await alarmsInRun(run.folder);
  return {
    lines: [
      ...describeTraining(summary, counted(count, "prompt")),
      ...describeAlarms(alarms),
      `Model: ${named}`,
      // what one's own prompts are answered with, the sandbox's oracle cannot judge
      ...nextCommands(prompts === "sandbox" ? ["evaluate", "--models", `${base},${named}`] : ["chat", named]),
    ],
    document: { folder: run.folder, model, prompts: count, ...summary, alarms },
  };
};
