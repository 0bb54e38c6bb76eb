// What every line of every JSONL file has in common: who it is, what it came from, which stage made it and with
// which seed. Lineage is walked along `parents`.

import { z } from "zod";
import { stageNameSchema } from "./ids.ts";

/** id: unique in the run; parents: ids of the records it was made from; stage: e.g. "ethical/revise". */
export const recordFields = {
  id: z.string().min(1),
  parents: z.array(z.string()),
  stage: stageNameSchema,
  seed: z.number().int().nonnegative(),
};

export const recordSchema = z.looseObject(recordFields);
