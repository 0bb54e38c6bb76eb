// Any server that speaks OpenAI's chat completions, through the openai package: one HTTP call per request, bounded
// in number, each reply with the state in which it ended. Retries and time limits are middleware; the package's own
// are switched off. Scoring lives in endpoint-scoring.ts.

import OpenAI from "openai";
import PQueue from "p-queue";
import { z } from "zod";
import { type Clock, systemClock } from "../../core/index.ts";
import type { Finish } from "../../records/index.ts";
import { mapRequests } from "../batch.ts";
import { declinedOf, modelFailure } from "../failure.ts";
import type { GenerateRequest, LanguageModel, Reply } from "../specification.ts";
import { type Endpoint, endpointFailure, readableFetch } from "./endpoint-failure.ts";
import { createListingCheck } from "./endpoint-listing.ts";
import { createScorer, type Scoring } from "./endpoint-scoring.ts";
import { readUsage, usageSchema } from "./endpoint-usage.ts";

/**
 * key: sent as bearer token, never written anywhere; without it no Authorization header is sent. concurrency: calls
 * in flight. tokenLimit: the request field that holds the limit (OpenAI's newer models take only the second).
 * scoring: how score() asks; "auto" finds out at the first call. renderPrompt: the endpoint's chat template, if known.
 * onNotListed: told when the endpoint lists its models and this one is not among them; without it the list is not
 * asked for.
 */
export type EndpointOptions = {
  readonly id: string;
  readonly baseURL: string;
  readonly model: string;
  readonly key?: string | undefined;
  readonly keyVariable?: string;
  readonly concurrency?: number;
  readonly tokenLimit?: "max_tokens" | "max_completion_tokens";
  readonly scoring?: Scoring;
  readonly renderPrompt?: (messages: GenerateRequest["messages"]) => string;
  readonly onNotListed?: (text: string) => void;
  readonly clock?: Clock;
};

const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: usageSchema,
});

const finishOf = (text: string, reason: string | null | undefined, refused: boolean): Finish => {
  if (refused || reason === "content_filter" || reason === "refusal") return "refusal";
  if (text.trim() === "") return "empty";
  return reason === "length" ? "length" : "stop";
};

const readReply = (response: unknown, endpoint: Endpoint): Reply => {
  const parsed = completionSchema.safeParse(response);
  const choice = parsed.data?.choices[0];
  if (!parsed.success || choice === undefined) {
    const where = parsed.error?.issues[0]?.path.join(".") || "the document";
    throw modelFailure(
      "model-response",
      `${endpoint.id} sent a response that is not a chat completion (at ${where}). Check that ${endpoint.baseURL} is an OpenAI-compatible address.`,
      { model: endpoint.id, retriable: true },
    );
  }
  const text = choice.message.content ?? "";
  const refused = Boolean(choice.message.refusal);
  return {
    text,
    finish: finishOf(text, choice.finish_reason, refused),
    usage: readUsage(parsed.data.usage),
  };
};

/** Endpoints take seeds of 31 bits; the top bit of ours is dropped. */
const endpointSeed = (seed: number): number => (seed >>> 0) & 0x7fffffff;

const createClient = (options: EndpointOptions): OpenAI =>
  new OpenAI({
    baseURL: options.baseURL,
    // The package insists on a key; where there is none, the header is taken out again.
    apiKey: options.key ?? "none",
    ...(options.key === undefined ? { defaultHeaders: { Authorization: null } } : {}),
    adminAPIKey: null,
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: 3_600_000,
    logLevel: "off",
    fetch: readableFetch,
  });

/** A language model behind an OpenAI-compatible endpoint. Nothing is sent before the first request. */
export const openAiCompatibleModel = (options: EndpointOptions): LanguageModel => {
  const { id, baseURL, model, key, tokenLimit = "max_tokens", scoring = "auto" } = options;
  const batch = Math.max(1, options.concurrency ?? 8);
  const keyVariable = options.keyVariable ?? "COVENANT_API_KEY";
  const endpoint: Endpoint = { id, baseURL, model, key, keyVariable, clock: options.clock ?? systemClock };
  const client = createClient(options);
  const queue = new PQueue({ concurrency: batch });

  const generateOne = async (request: GenerateRequest, signal: AbortSignal): Promise<Reply> => {
    let response: unknown;
    try {
      response = await client.chat.completions.create(
        {
          model,
          messages: request.messages.map(({ role, content }) => ({ role, content })),
          [tokenLimit]: request.maxTokens,
          temperature: request.temperature,
          ...(request.topP === undefined ? {} : { top_p: request.topP }),
          ...(request.stop === undefined || request.stop.length === 0 ? {} : { stop: [...request.stop] }),
          seed: endpointSeed(request.seed),
        },
        { signal },
      );
    } catch (thrown) {
      const failure = endpointFailure(thrown, endpoint);
      const declined = declinedOf(failure);
      if (declined === undefined) throw failure;
      const finish = declined === "filter" ? "refusal" : "overflow";
      return { text: "", finish, usage: { promptTokens: 0, completionTokens: 0 } };
    }
    return readReply(response, endpoint);
  };

  const scorer = createScorer({
    client,
    endpoint,
    scoring,
    tokenLimit,
    ...(options.renderPrompt === undefined ? {} : { renderPrompt: options.renderPrompt }),
  });

  const { onNotListed } = options;
  const checkListing =
    onNotListed === undefined ? async () => {} : createListingCheck(client, endpoint, onNotListed);
  /** A call, with the list of models asked for beside the first. */
  const listed =
    <Request, Result>(run: (request: Request, signal: AbortSignal) => Promise<Result>) =>
    async (request: Request, signal: AbortSignal): Promise<Result> => {
      const listing = checkListing(signal);
      try {
        return await run(request, signal);
      } finally {
        await listing;
      }
    };

  return {
    id,
    capabilities: {
      batch,
      get scores() {
        return scorer.offered();
      },
    },
    generate: (requests, callOptions) => mapRequests(requests, callOptions, queue, listed(generateOne)),
    score: (requests, callOptions) => mapRequests(requests, callOptions, queue, listed(scorer.score)),
    close: async () => queue.clear(),
  };
};
