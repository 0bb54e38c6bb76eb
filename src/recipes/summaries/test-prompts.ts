// What a person is told of prompts that are for testing, which commands that make training data leave out. Knows how many there
// are, and whether a file named them; nothing of the prompts.

import { counted } from "../../core/index.ts";

/** test: prompts that are for testing; drawn: those of them whose rows said nothing of it. */
export type TestPrompts = { readonly test: number; readonly drawn: number };

/** How many of all prompts are for testing, what that does, and how to have it otherwise; nothing where none is. */
export const describeTestPrompts = ({ test, drawn }: TestPrompts, all: number): string[] => {
  if (test === 0) return [];
  const [are, them] = test === 1 ? ["is", "it"] : ["are", "them"];
  const whose =
    drawn === 0
      ? "as the file says (`covenant prompts select --set split=train` takes the others alone)"
      : `${drawn === test ? "" : `${drawn} of them `}by their text, since the file does not say it (--set testShare=0 marks none)`;
  return [
    `For testing: ${test.toLocaleString("en-US")} of ${counted(all, "prompt")} ${are} marked "split": "test", ${whose}. revise and label leave ${them} out.`,
  ];
};
