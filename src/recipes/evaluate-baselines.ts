// `covenant evaluate baselines`: what guessing is worth on a multiple-choice set, before anybody is proud of a judge. Reads
// a file, asks no model and writes nothing.

import { resolve } from "node:path";
import { z } from "zod";
import { type Baselines, baselines, type CountedShare, loadChoices } from "../evaluation/index.ts";
import { planOf, planWriting } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { fileSetting } from "./settings.ts";
import { counted } from "./wording.ts";

const baselinesSchema = z.strictObject({
  data: fileSetting(
    "a file of questions {prompt, corrects, incorrects} is needed (--data questions.jsonl)",
  ).describe(
    "file of questions {prompt, corrects, incorrects}, with text_correct and text_incorrect where there are two",
  ),
});

const percent = (value: number | null): string => (value === null ? "–" : `${(100 * value).toFixed(1)} %`);

/** "always (A)      52.1 %  [47.4, 56.7]   228 of 438". */
const line = (name: string, { value, low, high, count, n }: CountedShare): string => {
  const interval =
    low === null || high === null ? "" : `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
  return `${name.padEnd(22)}${percent(value).padStart(7)}  ${interval.padEnd(14)}${count} of ${n}`;
};

const describe = (found: Baselines, file: string): string[] => {
  const { n, always, longer, majority, chance } = found;
  const ties = longer?.ties ?? 0;
  return [
    `${counted(n, "question")} of ${file}, with 95 % intervals (Wilson):`,
    ...Object.entries(always).map(([letter, share]) => line(`always ${letter}`, share)),
    longer === null
      ? "longer is correct: not known, because the rows have no text_correct and text_incorrect"
      : line("longer is correct", longer),
    ...(ties === 0
      ? []
      : [`  ${counted(ties, "pair")} of equal length ${ties === 1 ? "counts" : "count"} as not correct`]),
    line(`majority ${majority.answer}`, majority),
    `${"guessing".padEnd(22)}${percent(chance).padStart(7)}`,
  ];
};

/** `covenant evaluate baselines`. */
export const recipe: Recipe<typeof baselinesSchema> = {
  command: ["evaluate", "baselines"],
  summary: "what guessing is worth on a multiple-choice set: one letter always, the longer reply",
  schema: baselinesSchema,
  flags: { data: { path: "data", description: "file of questions", placeholder: "file" } },
  positional: "data",
  async plan({ data }) {
    const rows = await loadChoices(data);
    return planOf([planWriting("baselines", counted(rows.length, "question"))]);
  },
  async run({ data }) {
    const found = baselines(await loadChoices(data));
    return { lines: describe(found, data), document: { file: resolve(data), ...found } };
  },
};
