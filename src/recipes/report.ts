// `covenant report`: writes the report of a run folder again, finished or not. Knows only where the folder is; what is
// in the page is the report's part.

import { join, resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../core/index.ts";
import { writeReport } from "../report/index.ts";
import { readRun } from "../runs/index.ts";
import { planOf, planWriting } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { outSetting } from "./settings.ts";

const schema = z.strictObject({ run: outSetting("runs/default") });

/** Throws UserError for a folder that is no run, or of which no report can be made. complete: whether it is finished. */
const requireReportable = async (folder: string): Promise<{ readonly complete: boolean }> => {
  const { name, manifest } = await readRun(folder);
  if (name !== "evaluate") return { complete: manifest !== null };
  throw new UserError(
    "run-not-reportable",
    `${folder} was written by \`covenant evaluate\`, whose figures are all in ${join(folder, "metrics.json")}. A report is made of a whole pipeline, as \`covenant run\` writes it.`,
    { folder },
  );
};

/** `covenant report`. */
export const recipe: Recipe<typeof schema> = {
  command: ["report"],
  summary: "write the report of a run folder",
  schema,
  flags: { run: { path: "run", description: "run folder", placeholder: "folder" } },
  positional: "run",
  async plan({ run }) {
    await requireReportable(run);
    return planOf([planWriting("report", "one HTML page", 5)]);
  },
  async run({ run }) {
    const { complete } = await requireReportable(run);
    await writeReport(run);
    const unfinished = complete ? [] : [`${run} is not finished: the report shows what is there.`];
    return {
      lines: [...unfinished, `Report: ${join(run, "report.html")}`],
      document: { report: resolve(run, "report.html"), complete },
    };
  },
};
