// The commands that ask an endpoint about prompts, as tests of kills and of concurrency run them, on prompts of one file,
// and what a model of these tests writes where one of them wants JSON.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Body } from "./endpoint.fixture.ts";

/** Each with what it needs beside a model, prompts and a folder. Packs and calls of several prompts are small: many calls. */
const commands: Readonly<Record<string, readonly string[]>> = {
  revise: ["--rounds", "2"],
  label: [],
  "prompts classify": ["--areas", "peace,privacy", "--pack", "2"],
  "prompts penetrate": [],
  "prompts generate": ["--count", "20", "--set", "each=3"],
};

export const askingCommands = Object.keys(commands);

/** The words of such a command over the prompts of writePrompts. */
export const wordsOf = (
  command: string,
  model: string,
  out: string,
  ...more: readonly string[]
): readonly string[] => [
  ...command.split(" "),
  ...["--model", model, "--prompts", "prompts.jsonl", "--out", out, ...commands[command]!, ...more],
];

/** Writes <folder>/prompts.jsonl, so many prompts of both kinds and two areas. */
export const writePrompts = (folder: string, count: number): void => {
  const rows = Array.from({ length: count }, (_, at) => ({
    prompt: `question {${at}} 💡`,
    kind: at % 4 === 0 ? "harmless" : "harmful",
    area: at % 3 === 0 ? "peace" : "privacy",
  }));
  writeFileSync(join(folder, "prompts.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
};

const pick = <Choice>(choices: readonly Choice[], ...parts: readonly string[]): Choice =>
  choices[createHash("sha256").update(parts.join("\n")).digest().readUInt32BE(0) % choices.length]!;

/**
 * A Behaviour's `writes`: areas or new prompts where JSON of them is asked for, by the question alone. Some answers are no
 * JSON, and some new prompts are not new, so that it has to be asked again.
 */
export const writeJson = (messages: Body["messages"]): string | undefined => {
  const { content } = messages.at(-1)!;
  const isPrompts = content.includes('{"prompts": [');
  if (!isPrompts && !content.includes('{"answers": [')) return undefined;
  if (pick([0, 1, 2, 3, 4], content) === 0) return "I would rather not.";
  if (isPrompts)
    return JSON.stringify({
      prompts: ["one", "two", "three"].map(
        (place) => `new ${pick([..."abcdefghijklmnopqrstuvwxyz"], content, place)}`,
      ),
    });
  const answers = [...content.matchAll(/^\{"number":(\d+),"request":(.*)\}$/gm)].map(
    ([, number, request]) => ({
      number: Number(number),
      area: pick(["peace", "privacy", "other"], request!),
    }),
  );
  return JSON.stringify({ answers });
};
