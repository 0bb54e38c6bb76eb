// What a command ends with, and what it says when it fails.
// The four statuses are a contract with scripts.

import { CovenantError, InterruptedError, messageOf, UserError } from "../core/index.ts";

export const exitStatus = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;

/** The exit status of something thrown. */
export const statusOf = (thrown: unknown): number => {
  if (thrown instanceof InterruptedError) return exitStatus.interrupted;
  return thrown instanceof UserError ? exitStatus.wrongUse : exitStatus.failed;
};

const stacksOf = (thrown: unknown): string => {
  const parts: string[] = [];
  for (let here: unknown = thrown; here !== undefined && parts.length < 8; ) {
    parts.push(here instanceof Error ? (here.stack ?? here.message) : String(here));
    here = here instanceof Error ? here.cause : undefined;
  }
  return parts.join("\ncaused by: ");
};

/** Codes of what came out as it did, and not of something that broke: a stack tells nothing of it. */
const outcomes =
  /-none$|^(?:reward-at-chance|reward-unmeasured|judge-one-letter|requests-rejected|sweep-runs-failed|opposites-missing)$/;

/** The text for a person. Only what is not the user's to change mentions a stack; verbose shows it. */
export const describeFailure = (thrown: unknown, verbose: boolean): string => {
  if (thrown instanceof InterruptedError) {
    return `${thrown.message}\n`;
  }
  if (verbose) return `error: ${stacksOf(thrown)}\n`;
  if (thrown instanceof UserError) return `error: ${thrown.message}\n`;
  if (thrown instanceof CovenantError && typeof thrown.facts["retriable"] === "boolean") {
    if (thrown.facts["kept"] === false)
      return `error: ${thrown.message}\nNothing was written: the same command begins anew.\n`;
    return `error: ${thrown.message}\nWhat was finished is kept: the same command again continues.\n`;
  }
  if (thrown instanceof CovenantError && outcomes.test(thrown.code)) return `error: ${thrown.message}\n`;
  return `error: ${messageOf(thrown)}\nRun it again with --verbose to see where it happened.\n`;
};
