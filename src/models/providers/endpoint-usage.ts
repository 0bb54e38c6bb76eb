// Token counts as endpoints tell them, or do not: what is missing or malformed counts as zero and stops nothing, since
// counts are for people and bills and decide no result.

import { z } from "zod";
import type { Usage } from "../../records/index.ts";

export const usageSchema = z
  .object({
    prompt_tokens: z.number().int(),
    completion_tokens: z.number().int(),
    prompt_tokens_details: z.object({ cached_tokens: z.number().int().nullish() }).nullish().catch(null),
  })
  .nullish()
  .catch(null);

/** Token counts as our records have them. */
export const readUsage = (usage: z.infer<typeof usageSchema>): Usage => {
  const cachedTokens = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  return {
    promptTokens: usage?.prompt_tokens ?? 0,
    completionTokens: usage?.completion_tokens ?? 0,
    ...(cachedTokens > 0 ? { cachedTokens } : {}),
  };
};
