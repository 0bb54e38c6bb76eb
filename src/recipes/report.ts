// `covenant report`: writes the report of a run folder again, finished or not. Knows only where the folder is; what is
// in the page is the report's part.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../core/index.ts";
import { writeReport } from "../report/index.ts";
import { readRun } from "../runs/index.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe } from "./recipe.ts";
import { outSetting } from "./settings/settings.ts";
import { truePreference } from "./stages/measures.ts";

const usualFolder = "runs/default";

const schema = z.strictObject({ run: outSetting(usualFolder) });

/** What the commands of single stages write, by the command that a run's log names: where their own results lie. */
const singleStages: Readonly<Record<string, readonly string[]>> = {
  revise: ["revise/revisions.jsonl", "rows/sft.jsonl"],
  label: ["label/labels.jsonl", "rows/preferences.jsonl"],
  evaluate: ["metrics.json", "evaluate/verdicts.jsonl"],
  "evaluate tournament": ["ratings.json", "battles/labels.jsonl"],
  "train sft": ["sl/steps.jsonl", "sl/rows.jsonl"],
  "train reward": ["reward/steps.jsonl", "reward/held-out.jsonl"],
  "train dpo": ["dpo/steps.jsonl", "dpo/rows.jsonl"],
  "train ppo": ["rl/steps.jsonl"],
  "train grpo": ["rl/steps.jsonl"],
  pretrain: ["pretrain/steps.jsonl"],
  ...Object.fromEntries(
    ["contract", "games", "vote", "sweep", "combine"].map((kind) => [
      `simulate ${kind}`,
      ["experiment.html"],
    ]),
  ),
};

/**
 * Throws UserError for a folder that is no run, or of which no report can be made: a report draws the whole pipeline.
 * complete: whether it is finished.
 */
const requireReportable = async (folder: string): Promise<{ readonly complete: boolean }> => {
  if (folder === usualFolder && !existsSync(folder))
    throw new UserError(
      "run-missing",
      `There is no ${usualFolder} here, which is drawn where no folder is named. Name one that \`covenant run\` wrote: \`covenant report FOLDER\`.`,
      { folder },
    );
  const { name, manifest, has } = await readRun(folder);
  // of other commands of two words nothing is known but that they hold no pipeline
  const results = singleStages[name] ?? (name.includes(" ") ? [] : undefined);
  if (results === undefined) return { complete: manifest !== null };
  const there = results.filter(has).map((path) => join(folder, path));
  throw new UserError(
    "run-not-reportable",
    `${folder} was written by \`covenant ${name}\`. A report is drawn of the folders that \`covenant run\` writes (runs/default, unless --out named another), which hold the whole pipeline. ${there.length === 0 ? "This one holds no results that a report could show." : `What this one holds is in ${there.join(" and ")}.`}`,
    { folder, command: name },
  );
};

/** `covenant report`. */
export const recipe: Recipe<typeof schema> = {
  command: ["report"],
  summary: "write the report of a folder of `covenant run`",
  schema,
  flags: { run: { path: "run", description: "folder that `covenant run` wrote", placeholder: "folder" } },
  positional: "run",
  async plan({ run }) {
    await requireReportable(run);
    return planOf([planWriting("report", "one HTML page", 5)]);
  },
  async run({ run }) {
    const { complete } = await requireReportable(run);
    await writeReport(run, truePreference);
    const unfinished = complete ? [] : [`${run} is not finished: the report shows what is there.`];
    return {
      lines: [...unfinished, `Report: ${join(run, "report.html")}`],
      document: { report: resolve(run, "report.html"), complete },
    };
  },
};
