// Log-probabilities of continuations from an OpenAI-compatible endpoint, by the best way that it offers. "completions":
// the prompt in the server's own chat template with each continuation, echoed with log-probabilities (exact). "chat":
// a few tokens generated, read from their top log-probabilities (choice-tokens.ts). "dialogue": as completions, with
// the prompt as "\n\nHuman: ... \n\nAssistant:" (Bai et al. 2022), for pretrained models without a chat endpoint.

import { z } from "zod";
import { messageOf } from "../../core/index.ts";
import type { Message, Usage } from "../../records/index.ts";
import { declinedOf, statusOf } from "../failure.ts";
import type { Declined, Score, ScoreRequest } from "../specification.ts";
import { choiceTokens, estimatePrompt, estimateTokens } from "../token-estimate.ts";
import { readChoice } from "./choice-tokens.ts";
import type { EndpointClient } from "./endpoint-client.ts";
import type { Complete, Completion } from "./endpoint-completions.ts";
import { type Endpoint, responseFailure } from "./endpoint-failure.ts";

export type Scoring = "auto" | "completions" | "chat" | "dialogue" | "none";

export type ScorerOptions = {
  readonly client: Pick<EndpointClient, "post">;
  readonly complete: Complete;
  readonly endpoint: Endpoint;
  readonly scoring: Scoring;
  readonly tokenLimit: "max_tokens" | "max_completion_tokens";
};

/** One way to score. null: this server does not offer it. */
type Strategy = (request: ScoreRequest, signal: AbortSignal) => Promise<Score | null>;

const choicesSchema = z.object({ choices: z.array(z.unknown()).min(1) });

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

const chatSchema = z.object({
  choices: z
    .array(
      z.object({
        logprobs: z
          .object({
            content: z
              .array(
                z.object({
                  token: z.string(),
                  logprob: z.number(),
                  top_logprobs: z.array(z.object({ token: z.string(), logprob: z.number() })).default([]),
                }),
              )
              .nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
});

const unscored = (request: ScoreRequest, declined?: Declined): Score => ({
  logProbabilities: request.continuations.map(() => null),
  ...(declined === undefined ? {} : { declined }),
  usage: { promptTokens: 0, completionTokens: 0 },
});

/** Throws for an answer that is no completion of any kind; it says nothing about what a server offers. */
const readCompletion =
  (endpoint: Endpoint) =>
  (completion: Completion): Completion => {
    if (choicesSchema.safeParse(completion.response).success) return completion;
    throw responseFailure("not a completion", endpoint);
  };

/** llama.cpp's servers refuse echo and log-probabilities that they do not have with a status 500 and these words. */
const unsupportedWords = /(?:is|are) not supported|only no \w+ is supported|not implemented/i;

/** How servers say "I do not offer this", as against "not now". */
const isUnsupported = (thrown: unknown): boolean => {
  if (declinedOf(thrown) !== undefined) return false;
  const status = statusOf(thrown) ?? 0;
  if (status === 500) return unsupportedWords.test(messageOf(thrown));
  return [400, 404, 405, 415, 422, 501].includes(status);
};

const renderDialogue = (messages: readonly Message[]): string => {
  const turns = messages.map(({ role, content }) =>
    role === "system" ? content : `\n\n${role === "user" ? "Human" : "Assistant"}: ${content}`,
  );
  return `${turns.join("")}\n\nAssistant:`;
};

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
const createRenderer = ({ endpoint }: ScorerOptions, post: Post) => {
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
  { endpoint, complete }: ScorerOptions,
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
const createEcho = (
  options: ScorerOptions,
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

const createChat =
  ({ endpoint, tokenLimit, complete }: ScorerOptions): Strategy =>
  async (request, signal) => {
    const most = { promptTokens: estimatePrompt(request.messages), completionTokens: choiceTokens };
    const ask = (top: number | null): Promise<Completion> => {
      const body = {
        model: endpoint.model,
        messages: request.messages,
        [tokenLimit]: choiceTokens,
        temperature: 0,
        seed: 0,
        ...(top === null ? {} : { logprobs: true, top_logprobs: top }),
      };
      return complete({ path: "/chat/completions", body, most }, signal, readCompletion(endpoint));
    };
    let completion: Completion;
    try {
      // OpenAI and most servers give 20 alternatives; a few give at most 5 and refuse more.
      completion = await ask(20).catch((thrown) => (isUnsupported(thrown) ? ask(5) : Promise.reject(thrown)));
    } catch (thrown) {
      if (!isUnsupported(thrown)) throw thrown;
      // Without log-probabilities the same question works where only those were the trouble; otherwise it throws.
      await ask(null);
      return null;
    }
    const { response, usage } = completion;
    const { data } = chatSchema.safeParse(response);
    const tokens = data?.choices[0]?.logprobs?.content;
    // An empty reply has no tokens to tell of; only a list that is missing says that the server has none.
    const isTold = tokens?.length === 0 || tokens?.some((token) => token.top_logprobs.length > 0);
    if (data === undefined || !tokens || !isTold) return null;
    // The space before a letter belongs to a text; a chat's reply begins without it.
    const options = request.continuations.map((continuation) => continuation.trimStart());
    const said = tokens.map(({ token }) => token).join("");
    const { logProbabilities } = unscored(request);
    return { ...(readChoice(tokens, options) ?? { logProbabilities, said }), usage };
  };

/** offered: whether the server gives log-probabilities, as far as is known; true until the opposite is found. */
export type EndpointScorer = {
  score(request: ScoreRequest, signal: AbortSignal): Promise<Score>;
  offered(): boolean;
};

type Strategies = Readonly<Record<Exclude<Scoring, "auto" | "none">, Strategy>>;

/** What the way to score is found out with: a question of its own, so that it depends on no item, nor on where a run goes on. */
const probe: ScoreRequest = {
  messages: [
    {
      role: "user",
      content: "Which of these is a number?\n(A) seven\n(B) yellow\nAnswer with (A) or (B) alone.",
    },
  ],
  continuations: ["(A)", "(B)"],
};

/** Tries one way after the other and gives the first in which the server scores; null: in none. */
const findStrategy = async (strategies: Strategies, signal: AbortSignal): Promise<Strategy | null> => {
  let answered = false;
  let failure: unknown;
  for (const strategy of Object.values(strategies)) {
    try {
      if ((await strategy(probe, signal)) !== null) return strategy;
      answered ||= strategy === strategies.chat;
    } catch (thrown) {
      if (!isUnsupported(thrown)) throw thrown;
      if (strategy === strategies.chat) failure = thrown;
    }
  }
  if (!answered) throw failure;
  return null;
};

/** Lets one caller through at a time, the next when the one before has ended, well or not. */
const createTurns = () => {
  let last: Promise<unknown> = Promise.resolve();
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const before = last;
    let done = (): void => {};
    last = new Promise<void>((resolve) => {
      done = resolve;
    });
    await before;
    try {
      return await work();
    } finally {
      done();
    }
  };
};

/**
 * Makes what scores one request. With "auto" the first call asks a question of its own by completions, chat and dialogue
 * in this order and keeps the first way that is answered; when none is, every score is null. A passing failure decides
 * nothing, and neither does a request that the server declines (content filter, too long): its scores are null, and it
 * says which.
 */
export const createScorer = (options: ScorerOptions): EndpointScorer => {
  const { post } = options.client;
  const strategies: Strategies = {
    completions: createEcho(options, createRenderer(options, post), ""),
    chat: createChat(options),
    dialogue: createEcho(options, async (messages) => renderDialogue(messages), " "),
  };
  let chosen: Strategy | null | undefined = options.scoring === "none" ? null : undefined;
  if (options.scoring !== "auto" && options.scoring !== "none") chosen = strategies[options.scoring];
  let worked = false;
  const inTurn = createTurns();

  const score = async (request: ScoreRequest, signal: AbortSignal): Promise<Score> => {
    // The first call searches, the others wait for what it finds; when it fails, the next one searches.
    if (chosen === undefined) {
      await inTurn(async () => {
        if (chosen !== undefined) return;
        chosen = await findStrategy(strategies, signal);
        worked = chosen !== null;
      });
    }
    const found = (await chosen?.(request, signal)) ?? null;
    // A way that was asked for and never worked is not offered; one that has worked failed on this request alone.
    if (found === null && !worked) chosen = null;
    worked ||= found !== null;
    return found ?? unscored(request);
  };

  return {
    async score(request, signal) {
      try {
        return await score(request, signal);
      } catch (thrown) {
        const declined = declinedOf(thrown);
        if (declined === undefined) throw thrown;
        return unscored(request, declined);
      }
    },
    offered: () => chosen !== null,
  };
};
