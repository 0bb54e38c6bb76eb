// Log-probabilities by echo: a prompt with each continuation, given back with the log-probability of every token (exact).
// Prompts are in the server's own chat template, where it renders them, or transcripts.

import { z } from "zod";
import type { Message, Usage } from "../../records/index.ts";
import { statusOf } from "../failure.ts";
import type { ScoreRequest } from "../specification.ts";
import { estimateTokens } from "../token-estimate.ts";
import type { EndpointClient } from "./endpoint-client.ts";
import { isUnsupported, readCompletion, type ScoringOptions, type Strategy } from "./scoring-way.ts";

const echoSchema = z.object({
  choices: z
    .array(
      z.object({
        text: z.string(),
        logprobs: z.object({
          tokens: z.array(z.string()),
          token_logprobs: z.array(z.number().nullable()),
        }),
      }),
    )
    .min(1),
});

/**
 * Sums the log-probabilities of the tokens that make up the last `tail` characters before the generated ones. Counted
 * from the end, so that the many ways to count characters of the prompt do not matter. null: not readable.
 */
const sumOfTail = (
  tokens: readonly string[],
  values: readonly (number | null)[],
  generated: number,
  tail: number,
): number | null => {
  let index = tokens.length - 1;
  for (let dropped = 0; dropped < generated && index >= 0; index--) dropped += tokens[index]?.length ?? 0;
  let sum = 0;
  for (let covered = 0; covered < tail; index--) {
    const value = values[index];
    if (index < 0 || value === null || value === undefined) return null;
    sum += value;
    covered += tokens[index]?.length ?? 0;
  }
  return sum;
};

type Post = EndpointClient["post"];

/** The conversation in the server's chat template, from llama.cpp's or vLLM's own addresses. */
export const createRenderer = ({ endpoint }: ScoringOptions, post: Post) => {
  const root = endpoint.baseURL.replace(/\/v\d+$/, "");
  const ask = async <Document>(
    path: string,
    body: object,
    schema: z.ZodType<Document>,
    signal: AbortSignal,
  ): Promise<Document | null> => {
    try {
      return schema.safeParse(await post(`${root}${path}`, body, signal)).data ?? null;
    } catch (thrown) {
      if (isUnsupported(thrown) || statusOf(thrown) === 403 || statusOf(thrown) === 401) return null;
      throw thrown;
    }
  };
  const prompted = z.object({ prompt: z.string().min(1) });
  return async (messages: readonly Message[], signal: AbortSignal): Promise<string | null> => {
    const applied = await ask("/apply-template", { messages }, prompted, signal);
    if (applied !== null) return applied.prompt;
    const tokenise = { model: endpoint.model, messages, add_generation_prompt: true };
    const tokens = await ask("/tokenize", tokenise, z.object({ tokens: z.array(z.number().int()) }), signal);
    if (tokens === null) return null;
    const text = await ask("/detokenize", { model: endpoint.model, ...tokens }, prompted, signal);
    return text?.prompt ?? null;
  };
};

/** A continuation that was read. value: null where its tokens cannot be told. */
type Echoed = { readonly value: number | null; readonly usage: Usage };

/** Reads one continuation (`tail`) behind a prompt. null: the server does not echo. */
const readEcho = async (
  { endpoint, complete }: ScoringOptions,
  prompt: string,
  tail: string,
  signal: AbortSignal,
): Promise<Echoed | null> => {
  const text = `${prompt}${tail}`;
  // One token is generated and dropped: some servers take a limit of 0 for "no limit".
  const body = {
    model: endpoint.model,
    prompt: text,
    max_tokens: 1,
    temperature: 0,
    echo: true,
    logprobs: 1,
    add_special_tokens: false,
  };
  const most = { promptTokens: estimateTokens(text), completionTokens: 1 };
  const call = { path: "/completions", body, most } as const;
  const { response, usage } = await complete(call, signal, readCompletion(endpoint));
  const choice = echoSchema.safeParse(response).data?.choices[0];
  const echoed = choice?.logprobs.tokens.join("") ?? "";
  if (choice === undefined || !choice.text.startsWith(text) || !echoed.includes(tail)) return null;
  const { tokens, token_logprobs } = choice.logprobs;
  const generated = choice.text.length - text.length;
  return { value: sumOfTail(tokens, token_logprobs, generated, tail.length), usage };
};

/** Echoed completions of prompt and continuation. lead: what stands before a continuation that does not bring it. */
export const createEcho = (
  options: ScoringOptions,
  render: (m: readonly Message[], s: AbortSignal) => Promise<string | null>,
  lead: string,
): Strategy => {
  // What was read before another call of the same request failed: asked again, the request goes on from there.
  const begun = new WeakMap<ScoreRequest, Map<string, Echoed>>();
  return async (request, signal) => {
    const prompt = await render(request.messages, signal);
    if (prompt === null) return null;
    const read = begun.get(request) ?? new Map<string, Echoed>();
    begun.set(request, read);
    for (const continuation of request.continuations) {
      if (read.has(continuation)) continue;
      const tail = continuation.startsWith(lead) ? continuation : `${lead}${continuation}`;
      const echoed = await readEcho(options, prompt, tail, signal);
      if (echoed === null) return null;
      read.set(continuation, echoed);
    }
    begun.delete(request);
    const all = [...read.values()];
    return {
      logProbabilities: request.continuations.map((continuation) => read.get(continuation)?.value ?? null),
      usage: {
        promptTokens: all.reduce((sum, { usage }) => sum + usage.promptTokens, 0),
        completionTokens: all.reduce((sum, { usage }) => sum + usage.completionTokens, 0),
        ...(all.some(({ usage }) => usage.estimated) ? { estimated: true as const } : {}),
      },
    };
  };
};
