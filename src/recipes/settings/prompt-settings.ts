// Settings and flags that the commands of prompts share, with their defaults.
// What a setting does is its description.

import { z } from "zod";
import { expandHome } from "../../core/index.ts";
import { promptFormats } from "../../feedback/index.ts";
import type { RecipeFlag } from "../recipe.ts";
import { callFlags, formatFlag, kindFlag, promptsFlag, runFlags } from "./flags.ts";
import { callSettings, promptCounts, promptKindSetting, promptsSetting, seedSetting } from "./settings.ts";

const file = z.string().min(1).overwrite(expandHome);

/** Files of prompts. needed: what to give, as a part of a sentence. */
export const filesSetting = (needed: string) =>
  z
    .array(file, { error: ({ input }) => (input === undefined ? needed : undefined) })
    .min(1)
    .describe(
      "files of prompts: .jsonl, .json, .csv, .tsv, .parquet, .arrow or .txt (.gz too), or hf:datasets/owner/name/path",
    );

export const formatSetting = z
  .string()
  .optional()
  .describe(
    `format of the prompts' files; default: told by each file's first row (${promptFormats.map(({ name }) => name).join(", ")})`,
  );

const shareSetting = z.number().min(0).max(1);

/** Where requests of the sandbox, too, are split by their text when it is given. */
export const givenTestShareSetting = shareSetting
  .optional()
  .describe(
    "share of the prompts that are marked for testing, where rows do not say it; default: 0.2; 0: none is",
  );

export const testShareSetting = shareSetting
  .default(0.2)
  .describe(
    "share of the prompts that are for testing, where rows do not say it; decided by a prompt's text",
  );

export const cleanSettings = z
  .strictObject({
    ends: z.boolean().default(true).describe("take white space and control characters off a prompt's ends"),
    maxCharacters: z.number().int().positive().optional().describe("leave out prompts with more characters"),
    duplicates: z
      .enum(["exact", "words"])
      .default("words")
      .describe("leave out prompts of the same text, or of the same words in whatever case and punctuation"),
    near: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe(
        "leave out prompts whose runs of three words overlap with an earlier one's by this share or more",
      ),
  })
  .prefault({});

export const areasSetting = z
  .array(z.string().min(1))
  .optional()
  .describe(
    'areas, "name" or "name: what belongs to it", with commas between; a comma inside of one needs the form of a list: \'["cars: theft of cars, bikes", "diary"]\'; default: those of the constitution',
  );

export const otherSetting = z
  .string()
  .default("other")
  .describe('area of prompts that belong to none of the areas; "": there is none');

/** Of answers about several prompts, or with several; tokensEach, which each prompt adds, is the command's own. */
export const answerTokensSetting = z
  .number()
  .int()
  .positive()
  .default(32)
  .describe(
    "tokens of an answer at most, beside tokensEach for each prompt; a model that thinks before it answers needs many more",
  );

/** Settings of the commands that ask a model about prompts. counts: of the sandbox's, by default. */
export const askedPromptSettings = (...counts: Parameters<typeof promptCounts>) => ({
  seed: seedSetting,
  prompts: promptsSetting,
  kind: promptKindSetting,
  format: formatSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts"),
  counts: promptCounts(...counts),
  ...callSettings,
});

/** Their flags. */
export const askedPromptFlags: Readonly<Record<string, RecipeFlag>> = {
  ...runFlags,
  prompts: promptsFlag,
  kind: kindFlag,
  format: formatFlag,
  limit: { path: "limit", description: "at most so many prompts", placeholder: "number" },
  ...callFlags,
};

export const areasFlag: RecipeFlag = {
  path: "areas",
  description: '"name" or "name: what belongs to it", with commas between; default: the constitution\'s',
  placeholder: "list",
};
