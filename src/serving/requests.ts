// The bodies of OpenAI's requests, checked: which fields are understood, which are refused because leaving them out
// would change the answer, and which are passed over. Knows no model.

import { z } from "zod";
import { describeIssues, describePath } from "../core/index.ts";
import { requestFault } from "./fault.ts";

const given = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);
const natural = z.number().int().nonnegative();
const positive = z.number().int().positive();

/** Fields of both kinds of requests. Of the last three OpenAI knows nothing; other servers have them, too. */
const shared = {
  model: z.string(),
  temperature: given(z.number().min(0).max(2)),
  top_p: given(z.number().positive().max(1)),
  n: given(positive.max(128)),
  stop: given(z.union([z.string(), z.array(z.string()).max(16)])).transform((stop) =>
    (stop === undefined ? [] : [stop].flat()).filter((text) => text !== ""),
  ),
  seed: given(z.number().int()),
  stream: given(z.boolean()),
  stream_options: given(z.looseObject({ include_usage: given(z.boolean()) })),
  top_k: given(z.number().int().min(-1)),
  min_p: given(z.number().min(0).max(1)),
  repetition_penalty: given(z.number().positive()),
};

/** What may be said of fields that this server does not have: only what changes nothing. */
const refused: Readonly<Record<string, (value: unknown) => boolean>> = {
  frequency_penalty: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  logit_bias: (value) => typeof value === "object" && Object.keys(value ?? {}).length === 0,
  tools: (value) => Array.isArray(value) && value.length === 0,
  functions: (value) => Array.isArray(value) && value.length === 0,
  response_format: (value) => JSON.stringify(value) === '{"type":"text"}',
  modalities: (value) => JSON.stringify(value) === '["text"]',
  suffix: (value) => value === "",
  audio: () => false,
  best_of: (value) => value === 1,
};

const textPart = z.looseObject({ type: z.literal("text"), text: z.string() });
const content = z
  .union([z.string(), z.array(textPart)], "it must be a text, or a list of text parts")
  .transform((value) => (typeof value === "string" ? value : value.map(({ text }) => text).join("")));
const message = z
  .looseObject({ role: z.enum(["system", "developer", "user", "assistant"]), content })
  .transform(({ role, content: text }) => ({
    role: role === "developer" ? ("system" as const) : role,
    content: text,
  }));

const chatSchema = z.looseObject({
  ...shared,
  messages: z.array(message).min(1),
  max_tokens: given(positive),
  max_completion_tokens: given(positive),
  logprobs: given(z.boolean()),
  top_logprobs: given(natural.max(20)),
});

const tokenIds = z.array(natural).min(1);
const completionSchema = z.looseObject({
  ...shared,
  prompt: z
    .union(
      [z.string(), tokenIds, z.array(z.string()).min(1).max(64), z.array(tokenIds).min(1).max(64)],
      "it must be a text, a list of token ids, or a list of those",
    )
    .transform((prompt): (string | number[])[] =>
      typeof prompt === "string" || typeof prompt[0] === "number"
        ? [prompt as string | number[]]
        : (prompt as (string | number[])[]),
    ),
  max_tokens: given(natural),
  logprobs: given(natural.max(20)),
  echo: given(z.boolean()),
  // as other servers have it: whether the tokenizer's begin token is put before a prompt of text
  add_special_tokens: given(z.boolean()),
});

const templateSchema = z.looseObject({ messages: z.array(message).min(1) });

export type ChatRequest = z.output<typeof chatSchema>;
export type CompletionRequest = z.output<typeof completionSchema>;

const check = <Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> => {
  const result = schema.safeParse(body);
  if (!result.success) {
    const [issue] = result.error.issues;
    const param = issue === undefined || issue.path.length === 0 ? null : describePath(issue.path);
    throw requestFault(400, "invalid-value", describeIssues(result.error, body).join("\n"), param);
  }
  for (const [field, changesNothing] of Object.entries(refused)) {
    const value = (body as Record<string, unknown>)[field];
    if (value === undefined || value === null || changesNothing(value)) continue;
    throw requestFault(
      400,
      "unsupported-parameter",
      `${field}: this server does not have it. Leave it out.`,
      field,
    );
  }
  return result.data;
};

/** The body of a chat completion. Throws a request's fault. */
export const readChatRequest = (body: unknown): ChatRequest => check(chatSchema, body);

/** The body of a completion. Throws a request's fault. */
export const readCompletionRequest = (body: unknown): CompletionRequest => check(completionSchema, body);

/** Messages that are to be put into the model's template. Throws a request's fault. */
export const readTemplateRequest = (body: unknown): z.output<typeof templateSchema> =>
  check(templateSchema, body);
