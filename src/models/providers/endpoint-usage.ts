// Token counts as endpoints tell them. Where they do not, counts are estimated from the texts and marked as estimates,
// so that no budget rests on zeros; whoever wants to know is told, once.

import { z } from "zod";
import type { Usage } from "../../records/index.ts";
import { estimateTokens } from "../token-estimate.ts";
import { contentSchema } from "./endpoint-answer.ts";

const usageSchema = z.object({
  prompt_tokens: z.number().int(),
  completion_tokens: z.number().int(),
  prompt_tokens_details: z.object({ cached_tokens: z.number().int().nullish() }).nullish().catch(null),
});

const told = z.object({ usage: usageSchema.nullish().catch(null) }).catch({});

const written = z.object({
  choices: z
    .array(
      z.union([
        z
          .object({ message: z.object({ content: contentSchema }) })
          .transform(({ message }) => message.content.text),
        z.object({ text: z.string() }).transform(({ text }) => text),
      ]),
    )
    .min(1),
});

/** What was written, estimated: the reply's text where there is one, else as much as it may be. */
const estimateWritten = (response: unknown, most: number): number => {
  const text = written.safeParse(response).data?.choices[0];
  return text === undefined ? most : Math.min(most, estimateTokens(text));
};

/** Reads the counts of an answer. most: what the call takes at most, estimated. No prompt has no tokens. */
export const readUsage = (response: unknown, most: Usage): Usage => {
  const { usage } = told.parse(response);
  if (!usage || usage.prompt_tokens <= 0)
    return {
      promptTokens: most.promptTokens,
      completionTokens: estimateWritten(response, most.completionTokens),
      estimated: true,
    };
  const cachedTokens = usage.prompt_tokens_details?.cached_tokens ?? 0;
  return {
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens,
    ...(cachedTokens > 0 ? { cachedTokens } : {}),
  };
};

/** Makes what tells, once, that counts are estimates. */
export const createUsageCheck = (address: string, tell: ((text: string) => void) | undefined) => {
  let isTold = false;
  return (usage: Usage): Usage => {
    if (usage.estimated === true && !isTold) {
      isTold = true;
      tell?.(
        `${address} tells no token counts: tokens and money are estimated from the length of the texts, at four bytes a token.`,
      );
    }
    return usage;
  };
};
