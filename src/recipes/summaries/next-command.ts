// The last line of a command: which command goes on from what it wrote, with paths as the user named them and with the
// settings without which it would read a model or its texts in another way. Knows the order of the story and no file's
// content.

import { existsSync } from "node:fs";
import { expandHome, quotedWord } from "../../core/index.ts";
import { isEndpoint, runsHere } from "../../models/index.ts";
import { areSandboxStatements } from "../inputs/sandbox-language.ts";
import { asModelName } from "../settings/names.ts";
import type { TextSettings } from "../stages/text-reading.ts";
import { usualProgram } from "./called.ts";

const commandLine = (words: readonly string[]): string =>
  `${usualProgram} ${words.map(quotedWord).join(" ")}`;

/** "Next: npx covenant train sft ...", and further ways to go on below it. */
export const nextCommands = (
  ...commands: readonly [readonly string[], ...(readonly (readonly string[])[])]
): string[] => commands.map((words, at) => `${at === 0 ? "Next:" : "  or:"} ${commandLine(words)}`);

/** A folder that is not there yet: the one that is meant, else with a number behind it. */
export const freeFolder = (folder: string): string => {
  let free = folder;
  for (let next = 2; existsSync(expandHome(free)); next++) free = `${folder}-${next}`;
  return free;
};

/** `--model ./folder`, for a model that a command of ours left there. */
export const modelWords = (path: string): string[] => ["--model", asModelName(path)];

/** The model that was asked, for another command that asks; none for a script or a replay, which answer this one alone. */
export const askedWords = (model: string): string[] =>
  runsHere(model) || isEndpoint(model) ? ["--model", model] : [];

/**
 * `--model` where texts are not of the sandbox's language, which is all that the default model knows: an address to put
 * one's own in place of.
 */
export const modelForTexts = (areOfSandbox: boolean): string[] =>
  areOfSandbox ? [] : ["--model", "http://localhost:8000/v1#NAME"];

/** That prompts of a file are to be sorted into areas first. model: one that may sort them, where one was named. */
export const sortFirst = (prompts: string, model?: string): string => {
  const asked = model !== undefined && isEndpoint(model) ? ["--model", model] : modelForTexts(false);
  const words = ["prompts", "classify", ...asked, "--prompts", prompts];
  return `Sort them first: \`covenant ${words.map(quotedWord).join(" ")}\`.`;
};

/** How to take some of the sorted prompts of a file. out: of the command that ends; only: areas to take alone. */
export const selectWords = (prompts: string, out: string, only: readonly string[] = []): string[] => [
  ...["prompts", "select", "--prompts", prompts, "--per-area", "50"],
  ...(only.length === 0 ? [] : ["--set", `only=${JSON.stringify(only)}`]),
  ...["--out", freeFolder(`${out}-select`)],
];

/** How to make a data set of a run folder, in a folder that is not there yet. */
export const datasetWords = (out: string): string[] => [
  ...["export", "dataset", out],
  ...["--out", freeFolder(`${out}-dataset`)],
];

/**
 * How to go on from a simulation that made a constitution: with it, or to look at the simulation again. principles: its,
 * which tell what kind of model it is for where a script or a replay made it.
 */
export const nextAfterSimulation = (
  { model, out }: { readonly model: string; readonly out: string },
  constitution: string,
  principles: readonly { readonly title?: string | undefined }[],
): string[] => {
  const asked = askedWords(model);
  const words = asked.length > 0 ? asked : modelForTexts(areSandboxStatements(principles));
  return nextCommands(
    // the default folder may hold what was revised before
    ["revise", ...words, "--constitution", constitution, "--out", `${out}-revise`],
    ["simulate", "replay", out],
    ["simulate", "combine", out, "--out", `${out}-combined`],
  );
};

/** The model that was asked, for a command that trains it; a folder of one's own where its weights are not here. */
export const trainedWords = (model: string): string[] => [
  "--model",
  runsHere(model) ? model : "./a-model-folder",
];

type Held = { readonly load?: "4bit" | undefined };

/** `--load 4bit` where a training held its base so: an adapter alone goes on a base in as many bits as before. */
export const loadWords = ({ load }: Held): string[] => (load === undefined ? [] : ["--load", load]);

/** How a training was told to read texts, for the next one that starts from the same model. */
export const readingWords = ({ texts, chatTemplate }: TextSettings): string[] => [
  ...(texts === "auto" ? [] : ["--texts", texts]),
  ...(chatTemplate === undefined ? [] : ["--set", `chatTemplate=${chatTemplate}`]),
];

/**
 * How to try a model that a training left: in a conversation, or, where it learned from plain texts, on the prompts of
 * the run's own rows, which a chat template would put into another form.
 */
export const tryCommands = (
  { model, rows, texts }: { readonly model: string; readonly rows: string; readonly texts: boolean },
  held: Held,
): string[] => {
  const chat = ["chat", model, ...loadWords(held)];
  return texts
    ? nextCommands(["generate", model, "--data", rows, ...loadWords(held)], chat)
    : nextCommands(chat);
};

/**
 * How to measure what a training about the sandbox's prompts left, beside the model it started from; alone where it has
 * got a chat template that the other may not have.
 */
export const measureCommand = (
  { model: start, chatTemplate }: Pick<TextSettings, "chatTemplate"> & { readonly model: string },
  model: string,
  held: Held,
): string[] => {
  const models = chatTemplate === undefined ? `${start},${model}` : model;
  return nextCommands(["evaluate", "--models", models, ...loadWords(held)]);
};
