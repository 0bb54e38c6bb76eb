// `covenant report`: writes the report of a run folder again, finished or not. Knows only where the folder is; what is
// in the page is the report's part.

import { join, resolve } from "node:path";
import { z } from "zod";
import { writeReport } from "../report/index.ts";
import { readRun } from "../runs/index.ts";
import { planOf, planWriting } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { outSetting } from "./settings.ts";

const schema = z.strictObject({ run: outSetting("runs/default") });

/** `covenant report`. */
export const recipe: Recipe<typeof schema> = {
  command: ["report"],
  summary: "write the report of a run folder",
  schema,
  flags: { run: { path: "run", description: "run folder", placeholder: "folder" } },
  positional: "run",
  async plan({ run }) {
    await readRun(run);
    return planOf([planWriting("report", "one HTML page", 5)]);
  },
  async run({ run }) {
    await writeReport(run);
    return {
      lines: [`Report: ${join(run, "report.html")}`],
      document: { report: resolve(run, "report.html") },
    };
  },
};
