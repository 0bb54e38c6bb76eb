// The commands that ask an endpoint, as tests of kills and of concurrency run them, on prompts of one file or with people, and
// what a model of these tests writes where one of them wants JSON.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./command.fixture.ts";
import type { Body } from "./endpoint.fixture.ts";

const prompts = ["--prompts", "prompts.jsonl"];
const conversation = join(root, "examples/polis");

/** Each with what it needs beside a model and a folder. Packs and calls of several prompts are small: many calls. */
const commands: Readonly<Record<string, readonly string[]>> = {
  revise: [...prompts, "--rounds", "2"],
  label: prompts,
  "prompts classify": [...prompts, "--areas", "peace,privacy", "--pack", "2"],
  "prompts penetrate": prompts,
  "prompts generate": [...prompts, "--count", "20", "--set", "each=3"],
  "simulate vote": ["--users", "5", "--seats", "2", "--rounds", "1"],
  "polis predict": [
    ...["--comments", join(conversation, "comments.csv")],
    ...["--votes", join(conversation, "participants-votes.csv")],
    ...["--fit", "persona", "--voters", "8", "--questions", "1"],
  ],
};

export const askingCommands = Object.keys(commands);

/** The words of such a command, over the prompts of writePrompts where it takes any. */
export const wordsOf = (
  command: string,
  model: string,
  out: string,
  ...more: readonly string[]
): readonly string[] => [
  ...command.split(" "),
  ...["--model", model, "--out", out, ...commands[command]!, ...more],
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

const letters = [..."abcdefghijklmnopqrstuvwxyz"];

/** What people of a vote and its mediator write, by the whole of what they are shown; undefined: nothing of a vote was asked. */
const writeVote = (messages: Body["messages"]): string | undefined => {
  const shown = messages.map(({ content }) => content);
  const { content } = messages.at(-1)!;
  const support = pick([0, 2, 4, 6, 8, 10, 12], ...shown);
  if (content.includes('{"principle": ')) return `{"principle": "Keep to ${pick(letters, ...shown)}."}`;
  if (content.includes('"principles": [{'))
    return `{"critique": "", "principles": [{"text": "Speak of ${pick(letters, ...shown)}.", "from": [1, 2]}]}`;
  if (content.includes('"feedback": '))
    return `{"support": ${support}, "feedback": "More of ${pick(letters, ...shown)}."}`;
  return content.includes('{"support": ') ? `{"support": ${support}}` : undefined;
};

/**
 * A Behaviour's `writes`: areas, new prompts, or what a vote wants, where JSON of them is asked for, by the question alone.
 * Some answers are no JSON, some new prompts are not new, so that it has to be asked again, and some numbers are off the scale.
 */
export const writeJson = (messages: Body["messages"]): string | undefined => {
  const { content } = messages.at(-1)!;
  const vote = writeVote(messages);
  const isPrompts = content.includes('{"prompts": [');
  if (vote === undefined && !isPrompts && !content.includes('{"answers": [')) return undefined;
  if (pick([0, 1, 2, 3, 4], content) === 0) return "I would rather not.";
  if (vote !== undefined) return vote;
  if (isPrompts)
    return JSON.stringify({
      prompts: ["one", "two", "three"].map((place) => `new ${pick(letters, content, place)}`),
    });
  const answers = [...content.matchAll(/^\{"number":(\d+),"request":(.*)\}$/gm)].map(
    ([, number, request]) => ({
      number: Number(number),
      area: pick(["peace", "privacy", "other"], request!),
    }),
  );
  return JSON.stringify({ answers });
};
