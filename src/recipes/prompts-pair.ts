// `covenant prompts pair`: MT-Bench's answers of two models or more, put beside each other as comparisons that
// `covenant label --comparisons` judges. Asks no model. A file that is there already is never overwritten.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { counted, firstOf, formatJsonLines, UserError, writeFileAtomic } from "../core/index.ts";
import { type AnsweredPairs, pairAnswers } from "../feedback/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { filesSetting } from "./settings/prompt-settings.ts";
import { fileSetting, outSetting } from "./settings/settings.ts";
import { hereFile } from "./stages/data-files.ts";
import { nextCommands } from "./summaries/next-command.ts";

const schema = z.strictObject({
  out: outSetting("comparisons.jsonl").describe("JSONL file to write"),
  answers: filesSetting(
    "files of answers are needed (`covenant prompts pair one.jsonl other.jsonl --questions question.jsonl`)",
  ).describe("files of MT-Bench's answers, of two models or more {question_id, model_id, choices}"),
  questions: fileSetting("the questions that were answered are needed (--questions question.jsonl)").describe(
    "file of MT-Bench's questions {question_id, category, turns}",
  ),
});
type PairConfig = z.output<typeof schema>;

/** Everything that can be wrong with the input, found before anything is written. */
const prepare = async ({ out, answers, questions }: PairConfig, context: RecipeContext) => {
  // its name says how the file is read again
  if (!/\.jsonl$/i.test(out))
    throw new UserError(
      "file-ending",
      `out: got ${out}, but comparisons are written as JSONL. Expected a name that ends in .jsonl.`,
      { file: out },
    );
  if (existsSync(out))
    throw new UserError(
      "file-exists",
      `${out} is there already and is not overwritten. Choose another --out, or remove the file.`,
      { file: out },
    );
  const files: string[] = [];
  for (const file of answers) files.push(await hereFile(file, context));
  return pairAnswers(await hereFile(questions, context), files);
};

/** Rows that were left out, as warnings: those who read JSON are to know of them, too. */
const noticesOf = ({ notes }: AnsweredPairs) => notes.map((text) => ({ code: "rows-left-out", text }));

/** `covenant prompts pair`. */
export const recipe: Recipe<typeof schema> = {
  command: ["prompts", "pair"],
  summary: "MT-Bench's answers of two models or more, beside each other as comparisons to judge",
  schema,
  flags: {
    answers: { path: "answers", description: "files of answers, with commas between", placeholder: "list" },
    questions: { path: "questions", description: "file of the questions", placeholder: "file" },
    out: { path: "out", description: "file to write", placeholder: "file" },
  },
  positional: "answers",
  async plan(config, context) {
    const paired = await prepare(config, context);
    return planOf([planWriting("file", counted(paired.pairs.length, "comparison"))], noticesOf(paired));
  },
  async run(config, context) {
    const paired = await prepare(config, context);
    for (const notice of noticesOf(paired))
      context.emit({ type: "warning", time: context.clock.now(), ...notice });
    const { pairs, models, unpaired } = paired;
    await writeFileAtomic(config.out, formatJsonLines(pairs));
    return {
      lines: [
        `${counted(pairs.length, "comparison")} of first turns, between ${counted(models.length, "model")}: ${firstOf(models)}.`,
        ...(unpaired === 0
          ? []
          : [`Left out: ${counted(unpaired, "question")} that one of two models has not answered.`]),
        `Written: ${config.out}`,
        ...nextCommands(["label", "--comparisons", config.out, "--judge", "http://localhost:8000/v1#NAME"]),
      ],
      document: { file: resolve(config.out), comparisons: pairs.length, models, unpaired },
    };
  },
};
