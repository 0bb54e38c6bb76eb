// Log-probabilities by echo: a prompt with each continuation, given back with the log-probability of every token (exact).
// Prompts are in the server's own chat template, where it renders them, or transcripts.

import { z } from "zod";
import type { Message, Usage } from "../../records/index.ts";
import { type AnsweredBy, answeredByOf } from "../answered-by.ts";
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

/** A text that a server gave back with its tokens. written: the token that it generated behind it. */
type Echo = AnsweredBy & {
  readonly written: string;
  readonly tokens: readonly string[];
  readonly values: readonly (number | null)[];
  readonly usage: Usage;
};

/** Has a text given back. null: the server does not echo. */
const askEcho = async (
  { endpoint, complete }: ScoringOptions,
  text: string,
  signal: AbortSignal,
): Promise<Echo | null> => {
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
  const completion = await complete(call, signal, readCompletion(endpoint));
  const { response, usage } = completion;
  const choice = echoSchema.safeParse(response).data?.choices[0];
  if (choice === undefined || !choice.text.startsWith(text)) return null;
  const { tokens, token_logprobs: values } = choice.logprobs;
  const written = choice.text.slice(text.length);
  return { written, tokens, values, usage, ...answeredByOf([completion]) };
};

/**
 * Whether the log-probabilities of a server's echo are those of its tokens. llama-cpp-python gives each token that of the
 * token behind it, and so has none for the one that it wrote, which is left out: so the tokens must end with that one. Where
 * it wrote nothing, or signs that tokens may hold parts of, this tells nothing, and the server is believed.
 */
const tellsOwnTokens = ({ written, tokens }: Echo): boolean =>
  !/^[ -~]*$/.test(written) || tokens.join("").endsWith(written);

/** A continuation that was read. value: null where its tokens cannot be told. */
type Echoed = AnsweredBy & { readonly value: number | null; readonly usage: Usage };

/** Reads one continuation (`tail`) behind a prompt. null: the server does not echo. */
const readEcho = async (
  options: ScoringOptions,
  prompt: string,
  tail: string,
  signal: AbortSignal,
): Promise<Echoed | null> => {
  const echo = await askEcho(options, `${prompt}${tail}`, signal);
  if (echo === null || !echo.tokens.join("").includes(tail)) return null;
  const { written, tokens, values, usage } = echo;
  const value = sumOfTail(tokens, values, written.length, tail.length);
  return { value, usage, ...answeredByOf([echo]) };
};

/** What all texts begin with. */
const commonStart = ([first = "", ...others]: readonly string[]): string => {
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
};

/**
 * Echoed completions of prompt and continuation. lead: what stands before a continuation that does not bring it. A trial
 * asks once more, for what all continuations begin with, whether the echo can be believed.
 */
export const createEcho = (
  options: ScoringOptions,
  render: (m: readonly Message[], s: AbortSignal) => Promise<string | null>,
  lead: string,
): Strategy => {
  // What was read before another call of the same request failed: asked again, the request goes on from there.
  const begun = new WeakMap<ScoreRequest, Map<string, Echoed>>();
  // What a trial found; kept, so that a trial that is asked again pays for it once.
  let isBelieved: boolean | undefined;
  return async (request, signal) => {
    const prompt = await render(request.messages, signal);
    if (prompt === null) return null;
    const read = begun.get(request) ?? new Map<string, Echoed>();
    begun.set(request, read);
    const tailOf = (text: string): string => (text.startsWith(lead) ? text : `${lead}${text}`);
    if (request.trial === true && isBelieved === undefined) {
      const start = commonStart(request.continuations.map(tailOf));
      const echo = await askEcho(options, `${prompt}${start}`, signal);
      isBelieved = echo !== null && tellsOwnTokens(echo);
    }
    if (isBelieved === false) return null;
    for (const continuation of request.continuations) {
      if (read.has(continuation)) continue;
      const tail = tailOf(continuation);
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
      ...answeredByOf(all),
    };
  };
};
