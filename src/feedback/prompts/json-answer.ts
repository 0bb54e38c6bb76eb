// Answers of models that were asked for JSON of a form: held to it by servers that can, and read strictly either way. A
// thought before it and a fence of backticks around the whole are taken off; nothing else around the JSON is.

import { z } from "zod";
import { type AnswerForm, type Reply, withoutLeadingThought } from "../../models/index.ts";
import type { UnclassifiedReason } from "../../records/index.ts";
import { isAnswered } from "../chunk.ts";
import { refusesInWords } from "../refusal-words.ts";

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

/** Why a reply is no answer of the form: how it ended, or a refusal in words that holds no JSON at all, or nothing to read. */
export const whyUnread = (reply: Reply): UnclassifiedReason => {
  if (!isAnswered(reply)) return reply.finish === "stop" ? "empty" : reply.finish;
  const text = withoutLeadingThought(reply.text);
  if (!/[{[]/.test(text) && refusesInWords(text)) return "refusal";
  return reply.finish === "length" ? "length" : "unreadable";
};

/** Characters of an answer without use that a record keeps. */
const keptCharacters = 500;

/** The beginning of what was answered, for people to look at; undefined: nothing was. */
export const answerToShow = ({ text }: Reply): string | undefined => {
  const said = withoutLeadingThought(text).trim() || text.trim();
  if (said === "") return undefined;
  return said.length > keptCharacters ? `${said.slice(0, keptCharacters - 1).toWellFormed()}…` : said;
};
