// The border to an endpoint: what came back passes here before anything else sees it. The key that was sent is taken
// out of all of it (some servers and proxies repeat it in what they say), so that no record, event or message can hold
// it; what servers say about a failure is read in whatever shape they put it.

import { z } from "zod";
import type { Redact } from "../../core/index.ts";

const text = z.string().nullish().catch(null);
const code = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null);
const errorSchema = z.looseObject({ message: text, code, type: text });
const problemSchema = z.object({
  error: z.union([z.string(), errorSchema]).nullish().catch(null),
  detail: z
    .union([z.string(), z.array(z.unknown())])
    .nullish()
    .catch(null),
  message: text,
});

/** All strings of a JSON value, names of fields among them, redacted. */
const redactJson = (value: unknown, redact: Redact): unknown => {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactJson(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [redact(name), redactJson(item, redact)]),
  );
};

/** A body without the key: the JSON value, or the text that is none. */
export const readBody = (
  body: string,
  redact: Redact | null,
): { readonly value: unknown } | { readonly text: string } => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { text: redact === null ? body : redact(body) };
  }
  // Parsed first: in JSON the same characters can be written in several ways.
  return { value: redact === null ? value : redactJson(value, redact) };
};

/** said: in the server's words; codes: as it calls the error. */
export type Problem = { readonly said: string; readonly codes: readonly string[] };

/** What a server says about a failure: OpenAI's "error", "detail" (FastAPI), "message", or a bare text. */
export const readProblem = (body: ReturnType<typeof readBody>): Problem => {
  if ("text" in body) return { said: body.text.trim(), codes: [] };
  const problem = problemSchema.safeParse(body.value).data;
  if (problem === undefined) return { said: typeof body.value === "string" ? body.value : "", codes: [] };
  const { error } = problem;
  if (typeof error === "object" && error !== null) {
    const codes = [error.code, error.type].filter((code) => typeof code === "string");
    return { said: error.message ?? (Object.keys(error).length > 0 ? JSON.stringify(error) : ""), codes };
  }
  const said = error ?? problem.detail ?? problem.message ?? "";
  return { said: typeof said === "string" ? said : JSON.stringify(said), codes: [] };
};

const isError = (value: unknown): boolean =>
  typeof value === "string" ? value !== "" : typeof value === "object" && Object.keys(value ?? {}).length > 0;

const erringSchema = z.object({ error: z.unknown().optional(), choices: z.unknown().optional() });
const choicesSchema = z.array(z.object({ error: z.unknown().optional() })).min(1);

/**
 * The error that stands in an answer of status 2xx in place of what was asked for, as routers and proxies send it, or in
 * place of its first choice. undefined: there is none.
 */
export const readAnsweredError = (value: unknown): Problem | undefined => {
  const answer = erringSchema.safeParse(value).data;
  if (answer === undefined) return undefined;
  const choices = choicesSchema.safeParse(answer.choices).data;
  const error = choices === undefined ? answer.error : choices[0]?.error;
  return isError(error) ? readProblem({ value: { error } }) : undefined;
};

const partSchema = z.union([
  z.string().transform((written) => ({ text: written, refused: false })),
  z.looseObject({ type: z.string(), text, refusal: text }).transform((part) => ({
    text: ["text", "output_text"].includes(part.type) ? (part.text ?? "") : "",
    refused: part.type === "refusal",
  })),
]);

/** What a message holds: a text, or parts, whose texts are read one behind the other, and thoughts and others are not. */
export const contentSchema = z.union([
  z.string().transform((written) => ({ text: written, refused: false })),
  z.array(partSchema).transform((parts) => ({
    text: parts.map((part) => part.text).join(""),
    refused: parts.some(({ refused }) => refused),
  })),
]);
