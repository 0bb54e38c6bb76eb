// `covenant evaluate baselines`: what guessing is worth on a multiple-choice set, or on comparisons of two replies, before
// anybody is proud of a judge. Reads a file, asks no model and writes nothing.

import { resolve } from "node:path";
import { z } from "zod";
import { collect, counted, percent, percentRange, takeFirst, UserError } from "../core/index.ts";
import {
  type Baselines,
  baselines,
  type ChoiceRow,
  type CountedShare,
  isPreference,
  loadChoices,
  loadPreferences,
} from "../evaluation/index.ts";
import { readPairs, type UnfitRow } from "../feedback/index.ts";
import { readRows } from "../tables/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe } from "./recipe.ts";
import { fileSetting } from "./settings/settings.ts";
import { hereFile } from "./stages/data-files.ts";
import { unfitNotices } from "./stages/left-out.ts";
import { questionOf } from "./summaries/label-summary.ts";

const baselinesSchema = z.strictObject({
  data: fileSetting(
    "a file of questions {prompt, corrects, incorrects}, or of comparisons {prompt, chosen, rejected}, is needed (--data questions.jsonl)",
  ).describe(
    "file of questions {prompt, corrects, incorrects}, with text_correct and text_incorrect where there are two, or of comparisons {prompt, chosen, rejected} and others that covenant label --comparisons takes",
  ),
});

/**
 * Questions, or comparisons as questions of two letters. unknown: comparisons left out, of which no better reply is known.
 * areLetters: whether the letters are the file's own.
 */
type Read = {
  readonly rows: readonly ChoiceRow[];
  readonly unknown: number;
  readonly unfit: readonly UnfitRow[];
  readonly areLetters: boolean;
};

const isQuestion = (row: unknown): boolean =>
  typeof row === "object" && row !== null && ("corrects" in row || "incorrects" in row);

/** What a file of comparisons gives, read as what its first row is. */
const readCompared = async (file: string, first: unknown): Promise<Omit<Read, "areLetters">> => {
  if (isPreference(first)) return { ...(await loadPreferences(file)), unfit: [] };
  const rows: ChoiceRow[] = [];
  let unknown = 0;
  const unfit: UnfitRow[] = [];
  for await (const pair of readPairs(file, { onUnfit: (row) => unfit.push(row) })) {
    const question = questionOf(pair);
    if (question === null) unknown++;
    else rows.push(question);
  }
  return { rows, unknown, unfit };
};

/** Reads a file as what its first row is. */
const readQuestions = async (file: string): Promise<Read> => {
  const [first] = await collect(takeFirst(readRows(file), 1));
  if (first === undefined || isQuestion(first.value))
    return { rows: await loadChoices(file), unknown: 0, unfit: [], areLetters: true };
  const read = await readCompared(file, first.value);
  if (read.rows.length > 0) return { ...read, areLetters: false };
  throw new UserError(
    "choices-unknown",
    `No row of ${file} says which of its two replies is better. Expected {"prompt", "chosen", "rejected"}, or "correct": 0 or 1 beside "replies".`,
    { file },
  );
};

/** What is told: of letters and places nothing where the better reply always stands in the same place. */
type Told = Omit<Baselines, "always" | "majority"> & {
  readonly always: Baselines["always"] | null;
  readonly majority: Baselines["majority"] | null;
  readonly unknown: number;
  readonly unfit: number;
};

const toldOf = ({ rows, unknown, unfit, areLetters }: Read): Told => {
  const found = baselines(rows);
  const isPlaced = areLetters || Object.values(found.always).every(({ count }) => count > 0);
  return { ...found, ...(isPlaced ? {} : { always: null, majority: null }), unknown, unfit: unfit.length };
};

/** Rows that were left out, as warnings: those who read JSON are to know of them, too. */
const noticesOf = (data: string, { rows, unknown, unfit }: Read) =>
  unfitNotices(data, rows.length + unknown + unfit.length, unfit);

/** "always (A)      52.1 %  [47.4, 56.7]   228 of 438". */
const line = (name: string, share: CountedShare): string =>
  `${name.padEnd(22)}${percent(share.value).padStart(7)}  ${percentRange(share).padEnd(14)}${share.count} of ${share.n}`;

const describe = ({ n, always, longer, majority, chance, unknown }: Told, file: string): string[] => {
  const ties = longer?.ties ?? 0;
  return [
    `${counted(n, "question")} of ${file}, with 95 % intervals (Wilson):`,
    ...(unknown === 0
      ? []
      : [
          `  ${counted(unknown, "row")} of which no better reply is known ${unknown === 1 ? "is" : "are"} left out`,
        ]),
    ...(always === null
      ? ["always the same letter: nothing to know, because the better reply always stands in the same place"]
      : Object.entries(always).map(([letter, share]) => line(`always ${letter}`, share))),
    longer === null
      ? "longer is correct: not known, because the rows have no text_correct and text_incorrect"
      : line("longer is correct", longer),
    ...(ties === 0
      ? []
      : [`  ${counted(ties, "pair")} of equal length ${ties === 1 ? "counts" : "count"} as not correct`]),
    ...(majority === null ? [] : [line(`majority ${majority.answer}`, majority)]),
    `${"guessing".padEnd(22)}${percent(chance).padStart(7)}`,
  ];
};

/** `covenant evaluate baselines`. */
export const recipe: Recipe<typeof baselinesSchema> = {
  command: ["evaluate", "baselines"],
  summary:
    "what guessing is worth on a multiple-choice set or comparisons: one letter always, the longer reply",
  schema: baselinesSchema,
  flags: { data: { path: "data", description: "file of questions, or of comparisons", placeholder: "file" } },
  positional: "data",
  async plan({ data }, context) {
    const read = await readQuestions(await hereFile(data, context));
    return planOf([planWriting("baselines", counted(read.rows.length, "question"))], noticesOf(data, read));
  },
  async run({ data }, context) {
    const { emit, clock } = context;
    const read = await readQuestions(await hereFile(data, context));
    for (const notice of noticesOf(data, read)) emit({ type: "warning", time: clock.now(), ...notice });
    const told = toldOf(read);
    return { lines: describe(told, data), document: { file: resolve(data), ...told } };
  },
};
