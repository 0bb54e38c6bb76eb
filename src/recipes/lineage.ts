// `covenant lineage`: for one reply that training changed, the way back: a label that the model learned from, the principle that
// it was judged under, and what people of a simulation said for that principle. Reads folders, asks no model, writes nothing.

import { resolve } from "node:path";
import { z } from "zod";
import { expandHome, UserError } from "../core/index.ts";
import { answerOf, lineageOf } from "./lineage/document.ts";
import { type LineageRecords, labelled, readLineageRecords } from "./lineage/records.ts";
import { tellLineage } from "./lineage/story.ts";
import { findContract } from "./lineage/voices.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe } from "./recipe.ts";
import { armNames } from "./settings/arms.ts";
import { outSetting } from "./settings/settings.ts";

const schema = z.strictObject({
  run: outSetting("runs/default").describe("folder that `covenant run` wrote"),
  prompt: z
    .string()
    .min(1)
    .optional()
    .describe("id of a held-out prompt; default: the one whose reply changed most"),
  trained: z
    .enum(labelled)
    .default("dpo")
    .describe("whose reply: dpo, which learns from labels; or rl, which learns from a reward model of them"),
  arm: z.enum(armNames).optional().describe("of which arm; default: the run's first"),
  contract: z
    .string()
    .min(1)
    .overwrite(expandHome)
    .optional()
    .describe(
      "folder of the simulation in which the constitution was made; default: where the run's constitution lay",
    ),
});
type LineageConfig = z.output<typeof schema>;

const hasGrounds = ({ constitution }: LineageRecords): boolean =>
  constitution.principles.some(({ grounds }) => grounds !== undefined);

/** Everything that can be wrong with the input. */
const prepare = async ({ run, arm, trained, contract: wanted, prompt }: LineageConfig) => {
  const records = await readLineageRecords(run, { arm, model: trained });
  answerOf(records, prompt);
  if (hasGrounds(records)) return { records, contract: await findContract(records.source, wanted) };
  if (wanted === undefined) return { records, contract: null };
  throw new UserError(
    "lineage-no-grounds",
    `The constitution ${records.constitution.name} of ${run} points to nobody's words (its principles have no grounds), so there is nothing to look up in ${wanted}. Leave out --contract.`,
    { run, contract: wanted },
  );
};

/** `covenant lineage`. */
export const recipe: Recipe<typeof schema> = {
  command: ["lineage"],
  summary: "the way from what people said to a principle, a label and one reply that training changed",
  schema,
  flags: {
    run: { path: "run", description: "folder that `covenant run` wrote", placeholder: "folder" },
    prompt: { path: "prompt", description: "id of a held-out prompt", placeholder: "id" },
    trained: { path: "trained", description: "whose reply: dpo or rl", placeholder: "model" },
    arm: { path: "arm", description: "ethical or inverted", placeholder: "arm" },
    contract: {
      path: "contract",
      description: "folder of the simulation that made the constitution",
      placeholder: "folder",
    },
  },
  positional: "run",
  async plan(config) {
    await prepare(config);
    return planOf([planWriting("lineage", "one reply and what it comes from")]);
  },
  async run(config) {
    const { records, contract } = await prepare(config);
    const lineage = await lineageOf(records, config.prompt, {
      contract,
      wanted: config.contract !== undefined,
    });
    const lines = tellLineage(lineage);
    return {
      lines,
      quoted: lines.length - lineage.notices.length,
      document: {
        ...lineage,
        folder: resolve(lineage.folder),
        contract: contract === null ? null : { folder: resolve(contract.folder), command: contract.name },
      },
    };
  },
};
