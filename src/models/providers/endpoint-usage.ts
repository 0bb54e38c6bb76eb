// Token counts as endpoints tell them, or do not: what is missing or malformed counts as zero and stops nothing, since
// counts are for people and bills and decide no result.

import { z } from "zod";
import type { Usage } from "../../records/index.ts";

export const usageSchema = z
  .object({ prompt_tokens: z.number().int(), completion_tokens: z.number().int() })
  .nullish()
  .catch(null);

/** Token counts as our records have them. */
export const readUsage = (usage: z.infer<typeof usageSchema>): Usage => ({
  promptTokens: usage?.prompt_tokens ?? 0,
  completionTokens: usage?.completion_tokens ?? 0,
});
