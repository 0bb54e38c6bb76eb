// The rules of a scripted model in a YAML or JSON file. The first rule whose `when` stands in the last user message
// (or that has no `when`) answers; several replies are picked from by the request's seed.

import { z } from "zod";
import { checkValue, createRandom, parseYaml, readText } from "../../core/index.ts";
import { finishSchema, type Message } from "../../records/index.ts";
import type { LanguageModel } from "../specification.ts";
import { scriptedModel } from "./scripted.ts";

const ruleSchema = z
  .strictObject({
    when: z.string().min(1).optional(),
    reply: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    finish: finishSchema.optional(),
    score: z.record(z.string(), z.number().max(0, "a log-probability is at most 0")).optional(),
  })
  .refine((rule) => rule.reply !== undefined || rule.finish !== undefined || rule.score !== undefined, {
    message: "a rule needs a reply, a finish or a score",
  });

const scriptSchema = z.strictObject({
  batch: z.number().int().positive().optional(),
  rules: z.array(ruleSchema).min(1, "a script needs at least one rule"),
});
type Rule = z.infer<typeof ruleSchema>;

/** The first of the rules that is meant for a conversation. */
const findRule = (rules: readonly Rule[], messages: readonly Message[]): Rule | undefined => {
  const text = messages.findLast((message) => message.role === "user")?.content ?? "";
  return rules.find((rule) => rule.when === undefined || text.includes(rule.when));
};

/** Opens a scripted model from a file (YAML, of which JSON is a part). Throws UserError when it is not a script. */
export const openScriptedModel = async (file: string, id: string): Promise<LanguageModel> => {
  const { rules, batch } = checkValue(scriptSchema, parseYaml(await readText(file), { file }), { file });
  const speaking = rules.filter((rule) => rule.reply !== undefined || rule.finish !== undefined);
  const scoring = rules.filter((rule) => rule.score !== undefined);
  const score = (request: {
    readonly messages: readonly Message[];
    readonly continuations: readonly string[];
  }) => {
    const scores = findRule(scoring, request.messages)?.score;
    return request.continuations.map((continuation) => scores?.[continuation] ?? null);
  };
  return scriptedModel({
    id,
    keepCalls: false,
    ...(batch === undefined ? {} : { batch }),
    ...(scoring.length === 0 ? {} : { score }),
    reply: (request) => {
      const rule = findRule(speaking, request.messages);
      const text = createRandom(request.seed).pick([rule?.reply ?? ""].flat());
      return rule?.finish === undefined ? text : { text, finish: rule.finish };
    },
  });
};
