// Any server that speaks OpenAI's chat completions: one HTTP call per request, bounded in number, each reply with the
// state in which it ended. Retries and time limits are middleware; calls are made in endpoint-client.ts, and scoring
// lives in endpoint-scoring.ts.

import PQueue from "p-queue";
import { z } from "zod";
import { type Clock, createRedact, systemClock } from "../../core/index.ts";
import type { Finish } from "../../records/index.ts";
import { mayRefuseForm, responseFormat } from "../answer-form.ts";
import { mapRequests } from "../batch.ts";
import { declinedOf, modelFailure, statusOf } from "../failure.ts";
import type { Meter } from "../ledger.ts";
import type { Declined, GenerateRequest, LanguageModel, Reply } from "../specification.ts";
import { mostOfReply } from "../token-estimate.ts";
import { createEndpointClient, type EndpointClient } from "./endpoint-client.ts";
import { type Complete, type Completion, createComplete } from "./endpoint-completions.ts";
import { type Endpoint, endFailure } from "./endpoint-failure.ts";
import { createListingCheck } from "./endpoint-listing.ts";
import { createScorer, type Scoring } from "./endpoint-scoring.ts";
import { createUsageCheck } from "./endpoint-usage.ts";

/**
 * key: sent as bearer token, never written anywhere; without it no Authorization header is sent. keyVariable: where it
 * came from; keyAdvice: what to do when the endpoint does not accept it. concurrency: calls in flight. tokenLimit: the request field that holds the limit (OpenAI's newer models take only the second).
 * scoring: how score() asks; "auto" finds out at the first call.
 * onNotListed: told when the endpoint lists its models and this one is not among them; without it the list is not
 * asked for. isHeld: whether somebody above sees to the number of calls in flight. onOther: told, once, of another name under which an answer came.
 * onUncounted: told, once, when tokens are not counted. meter: where each call is written down.
 */
export type EndpointOptions = {
  readonly id: string;
  readonly baseURL: string;
  readonly model: string;
  readonly key?: string | undefined;
  readonly keyVariable?: string;
  readonly keyAdvice?: string;
  readonly concurrency?: number;
  readonly isHeld?: boolean;
  readonly tokenLimit?: "max_tokens" | "max_completion_tokens";
  readonly scoring?: Scoring;
  readonly onNotListed?: (text: string) => void;
  readonly onOther?: (text: string) => void;
  readonly onUncounted?: (text: string) => void;
  readonly meter?: Meter | undefined;
  readonly clock?: Clock;
};

const completionSchema = z.object({
  model: z.string().nullish().catch(null),
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
});

/** What servers call the end of a whole reply; some say nothing. */
const wholeEnds: readonly string[] = ["", "stop", "eos", "eos_token", "end_turn", "stop_sequence"];

/** How a reply ended. Throws the failure of an end that makes it none. */
const finishOf = (text: string, reason: string | null | undefined, refused: boolean, id: string): Finish => {
  const said = reason?.toLowerCase() ?? "";
  if (refused || said === "content_filter" || said === "refusal") return "refusal";
  if (said === "length" || said === "max_tokens" || said === "model_length") return "length";
  if (!wholeEnds.includes(said)) throw endFailure(said, id);
  return text.trim() === "" ? "empty" : "stop";
};

/** Makes what tells of answers under another name, once. Dated and longer forms of a name are no other name. */
const createNameCheck = ({ model, baseURL }: Endpoint, tell: EndpointOptions["onOther"]) => {
  let told = false;
  return (answered: string | null | undefined): void => {
    if (told || !answered || answered.includes(model) || model.includes(answered)) return;
    told = true;
    tell?.(
      `${baseURL} was asked for "${model}" and says that "${answered}" answered. Records will name the model as it was asked for.`,
    );
  };
};

const readReply = (
  { response, usage }: Completion,
  endpoint: Endpoint,
  checkName: ReturnType<typeof createNameCheck>,
): Reply => {
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
  checkName(parsed.data.model);
  const text = choice.message.content ?? "";
  const refused = Boolean(choice.message.refusal);
  return {
    text,
    finish: finishOf(text, choice.finish_reason, refused, endpoint.id),
    usage,
  };
};

/** Endpoints take seeds of 31 bits; the top bit of ours is dropped. */
const endpointSeed = (seed: number): number => (seed >>> 0) & 0x7fffffff;

const declinedReply = (finish: Declined): Reply => ({
  text: "",
  finish,
  usage: { promptTokens: 0, completionTokens: 0 },
});

type GenerateOne = (request: GenerateRequest, signal: AbortSignal) => Promise<Reply>;

const createGenerate = (
  complete: Complete,
  endpoint: Endpoint,
  tokenLimit: NonNullable<EndpointOptions["tokenLimit"]>,
  checkName: ReturnType<typeof createNameCheck>,
): GenerateOne => {
  // Until the server turns a request down that holds a form and takes it without one.
  let takesForm = true;
  const ask = async (request: GenerateRequest, signal: AbortSignal, form: boolean): Promise<Reply> => {
    const body = {
      model: endpoint.model,
      messages: request.messages.map(({ role, content }) => ({ role, content })),
      [tokenLimit]: request.maxTokens,
      temperature: request.temperature,
      ...(request.topP === undefined ? {} : { top_p: request.topP }),
      ...(request.stop === undefined || request.stop.length === 0 ? {} : { stop: [...request.stop] }),
      seed: endpointSeed(request.seed),
      ...(form ? responseFormat(request.answer) : {}),
    };
    try {
      const call = { path: "/chat/completions", body, most: mostOfReply(request) } as const;
      return await complete(call, signal, (completion) => readReply(completion, endpoint, checkName));
    } catch (thrown) {
      const declined = declinedOf(thrown);
      if (declined === undefined) throw thrown;
      return declinedReply(declined);
    }
  };
  return async (request, signal) => {
    if (request.answer === undefined || !takesForm) return ask(request, signal, false);
    try {
      return await ask(request, signal, true);
    } catch (thrown) {
      if (!mayRefuseForm(statusOf(thrown))) throw thrown;
      const reply = await ask(request, signal, false);
      takesForm = false;
      return reply;
    }
  };
};

type Call<Request, Result> = (request: Request, signal: AbortSignal) => Promise<Result>;

/** The same calls, with the list of models asked for beside the first. */
const createListed = (client: EndpointClient, endpoint: Endpoint, tell: EndpointOptions["onNotListed"]) => {
  if (tell === undefined) return <Request, Result>(run: Call<Request, Result>): Call<Request, Result> => run;
  const checkListing = createListingCheck(client, endpoint, tell);
  return <Request, Result>(run: Call<Request, Result>): Call<Request, Result> =>
    async (request, signal) => {
      const listing = checkListing(signal);
      try {
        return await run(request, signal);
      } finally {
        await listing;
      }
    };
};

/** A language model behind an OpenAI-compatible endpoint. Nothing is sent before the first request. */
export const openAiCompatibleModel = (options: EndpointOptions): LanguageModel => {
  const { id, baseURL, model, key, tokenLimit = "max_tokens", scoring = "auto" } = options;
  const { keyVariable = "COVENANT_API_KEY", clock = systemClock } = options;
  const { keyAdvice = `Set the environment variable ${keyVariable} to a key` } = options;
  const batch = Math.max(1, options.concurrency ?? 8);
  const redact = createRedact({ [keyVariable]: key });
  const endpoint: Endpoint = { id, baseURL, model, hasKey: key !== undefined, keyAdvice, redact, clock };
  const client = createEndpointClient(endpoint, { key, connections: batch });
  const queue = options.isHeld === true ? null : new PQueue({ concurrency: batch });
  const complete = createComplete(client, options.meter, createUsageCheck(baseURL, options.onUncounted));
  const listed = createListed(client, endpoint, options.onNotListed);
  const generateOne = listed(
    createGenerate(complete, endpoint, tokenLimit, createNameCheck(endpoint, options.onOther)),
  );
  const scorer = createScorer({
    client,
    complete,
    endpoint,
    scoring,
    tokenLimit,
  });
  const scoreOne = listed(scorer.score);
  return {
    id,
    capabilities: {
      batch,
      independentRequests: true,
      get scores() {
        return scorer.offered();
      },
    },
    generate: (requests, callOptions) => mapRequests(requests, callOptions, queue, generateOne),
    score: (requests, callOptions) => mapRequests(requests, callOptions, queue, scoreOne),
    close: async () => {
      queue?.clear();
      client.close();
    },
  };
};
