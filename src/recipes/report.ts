// `covenant report`: writes the report of a run folder again.

import { z } from "zod";
import { writeReport } from "../report/index.ts";
import type { Recipe } from "./recipe.ts";

const schema = z.strictObject({ run: z.string().min(1).default("runs/default").describe("run folder") });

/** `covenant report`. */
export const recipe: Recipe<typeof schema> = {
  command: ["report"],
  summary: "write the report of a run folder",
  schema,
  flags: { run: { path: "run", description: "run folder", placeholder: "folder" } },
  plan: async () => ({
    steps: [{ stage: "report", what: "one HTML page", calls: 0, tokens: 0 }],
    seconds: 5,
    dollars: 0,
  }),
  async run({ run }) {
    const { path } = await writeReport(run);
    return { lines: [`Report: ${path}`], document: { report: path } };
  },
};
