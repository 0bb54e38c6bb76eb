// The border to an endpoint: every answer passes here before anything else sees it. The key that was sent is taken out
// of all that comes back (some servers and proxies repeat it in what they say), so that no record, event or message can
// hold it; error bodies are put into OpenAI's shape; of the headers only those that are read are kept.

import { z } from "zod";
import type { Redact } from "../../core/index.ts";

const problemSchema = z.object({
  error: z.union([z.string(), z.looseObject({})]).nullish(),
  detail: z.union([z.string(), z.array(z.unknown())]).nullish(),
  message: z.string().nullish(),
});

const keptHeaders = ["content-type", "retry-after", "retry-after-ms"] as const;

/** All strings of a JSON value, names of fields among them, redacted. */
const redactJson = (value: unknown, redact: Redact): unknown => {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactJson(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [redact(name), redactJson(item, redact)]),
  );
};

/** What other servers say under "detail" (FastAPI), "message" or as a bare text under "error", as OpenAI writes it. */
const asOpenAiError = (value: unknown): unknown => {
  const problem = problemSchema.safeParse(value).data;
  if (problem === undefined || (typeof problem.error === "object" && problem.error !== null)) return value;
  const said = problem.error ?? problem.detail ?? problem.message;
  if (said === null || said === undefined) return value;
  return {
    error: { message: typeof said === "string" ? said : JSON.stringify(said), code: null, type: null },
  };
};

const readBody = (text: string, isError: boolean, redact: Redact): string => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return redact(text);
  }
  // Parsed first: in JSON the same characters can be written in several ways.
  const clean = redactJson(parsed, redact);
  return JSON.stringify(isError ? asOpenAiError(clean) : clean);
};

/** A body that breaks off where the real one did. */
const brokenBody = (thrown: unknown): ReadableStream =>
  new ReadableStream({
    start: (controller) => controller.error(thrown),
  });

/** fetch with redacted answers. */
export const createEndpointFetch =
  (redact: Redact): typeof fetch =>
  async (url, init) => {
    const response = await fetch(url, init);
    const headers = new Headers();
    for (const name of keptHeaders) {
      const value = response.headers.get(name);
      if (value !== null) headers.set(name, redact(value));
    }
    const { status } = response;
    const text = await response.text().catch((thrown: unknown) => ({ thrown }));
    const body = typeof text === "string" ? readBody(text, status >= 400, redact) : brokenBody(text.thrown);
    return new Response([204, 205, 304].includes(status) ? null : body, { status, headers });
  };
