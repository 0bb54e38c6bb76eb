// How a command ends that learned a policy by reward: its alarms once more, the model, and the command that goes on.
// Knows nothing of how it learned.

import { basename, join } from "node:path";
import { asModelName } from "./names.ts";
import { nextCommands } from "./next-command.ts";
import type { RecipeOutcome } from "./recipe.ts";
import { alarmsInRun, describeAlarms } from "./stages/alarm-watch.ts";
import type { Pipeline } from "./stages/stage-model.ts";

/** Finishes the run. base: the policy it started from; model: the folder of what was learned, in stage "rl" of out. */
export const finishPolicy = async (
  { run }: Pipeline,
  { base, model, out }: { readonly base: string; readonly model: string; readonly out: string },
): Promise<RecipeOutcome> => {
  await run.finish();
  const named = asModelName(join(out, "rl", basename(model)));
  const alarms = await alarmsInRun(run.folder);
  return {
    lines: [
      ...describeAlarms(alarms),
      `Model: ${named}`,
      ...nextCommands(["evaluate", "--models", `${base},${named}`]),
    ],
    document: { folder: run.folder, model, alarms },
  };
};
