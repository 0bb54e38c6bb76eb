// Answers of models that were asked for JSON of a form: held to it by servers that can, and read strictly either way. A
// thought before it and a fence of backticks around the whole are taken off; nothing else around the JSON is.

import { z } from "zod";
import { type AnswerForm, withoutLeadingThought } from "../../models/index.ts";

/** A form by its zod schema, as a request carries it. */
export const answerForm = (name: string, schema: z.ZodType): AnswerForm => {
  const { $schema: _, ...plain } = z.toJSONSchema(schema) as Record<string, unknown>;
  return { name, schema: plain };
};

/** The value of a reply that is JSON of the form; null for any other. */
export const readAnswer = <Value>(schema: z.ZodType<Value>, text: string): Value | null => {
  const trimmed = withoutLeadingThought(text).trim();
  const inner = /^```(?:json)?\s*\n([\s\S]*?)\n\s*```$/.exec(trimmed)?.[1] ?? trimmed;
  try {
    const result = schema.safeParse(JSON.parse(inner));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
};
