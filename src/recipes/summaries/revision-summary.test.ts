import { expect, it } from "vitest";
import type { Finish, StepFinish } from "../../records/index.ts";
import { countFinishes, countSteps } from "../stages/tallies.ts";
import { requireRows } from "./revision-summary.ts";

/** What is said where nothing came that can be learned. */
const said = (answers: readonly Finish[], steps: readonly StepFinish[] = []): string => {
  const came = {
    answered: { finishes: countFinishes(answers.map((finish) => ({ finish }))) },
    steps: countSteps(steps.map((finish) => ({ finish }))),
    ...{ revised: 0, kept: { harmless: 0, lookalike: 0 } },
  };
  try {
    requireRows({ out: "runs/x", model: "m", maxTokens: 80 }, came, {});
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return "";
};

const remedies = {
  length: "raise --max-tokens",
  refusal: "another model may answer",
  empty: "Where replies are empty",
  overflow: "shorter prompts",
  rejected: "Why the server rejected",
  critique: "--few-shots",
} as const;

it.each(Object.keys(remedies) as (keyof typeof remedies)[])(
  "rows that are missing are told with what to do about %s, and nothing else",
  (finish) => {
    const texts = [said(["stop"], [finish]), ...(finish === "critique" ? [] : [said([finish, finish])])];
    for (const text of texts)
      for (const [name, remedy] of Object.entries(remedies))
        expect(text.split(remedy).length - 1, `${name} in ${text}`).toBe(name === finish ? 1 : 0);
  },
);
