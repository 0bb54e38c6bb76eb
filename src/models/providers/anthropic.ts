// Anthropic's Messages API, through its own package, which is loaded when a model of it is named. System messages stand
// apart there, a reply ends for reasons of its own, and there are neither seeds nor log-probabilities, so nothing is
// scored. Since its version 2026-10-21 the API refuses temperature and top-p at any value, so none is sent. Retries and
// time limits are middleware; the package's own are switched off.

import Anthropic from "@anthropic-ai/sdk";
import PQueue from "p-queue";
import { z } from "zod";
import {
  type Clock,
  CovenantError,
  createRedact,
  InterruptedError,
  systemClock,
  throwIfAborted,
} from "../../core/index.ts";
import type { Finish, Message, Usage } from "../../records/index.ts";
import { mapRequests } from "../batch.ts";
import { declinedOf } from "../failure.ts";
import { anthropicAddress } from "../key.ts";
import { type Meter, metered } from "../ledger.ts";
import type { GenerateRequest, LanguageModel, Reply, Score, ScoreRequest } from "../specification.ts";
import { estimateTokens, mostOfReply } from "../token-estimate.ts";
import { createNameCheck } from "./answering-model.ts";
import { readAnsweredError, readBody, readProblem } from "./endpoint-answer.ts";
import {
  answeredFailure,
  brokenFailure,
  connectionFailure,
  type Endpoint,
  endFailure,
  responseFailure,
  statusFailure,
} from "./endpoint-failure.ts";
import { createUsageCheck } from "./endpoint-usage.ts";
import { cutAtStops } from "./reply-stops.ts";

/**
 * As of an OpenAI-compatible endpoint (openai-compatible.ts). baseURL: another address, for tests. onIgnored: told,
 * once, of sampling settings that are asked for and cannot be had. onOther: told of every answer that another model gave.
 */
export type AnthropicOptions = {
  readonly id: string;
  readonly model: string;
  readonly key: string;
  readonly keyAdvice?: string;
  readonly baseURL?: string;
  readonly concurrency?: number;
  readonly clock?: Clock;
  readonly onIgnored?: (text: string) => void;
  readonly onUncounted?: (text: string) => void;
  readonly onOther?: (text: string) => void;
  readonly meter?: Meter | undefined;
};

const count = z.number().int().nullish().catch(null);
const answerSchema = z.object({
  model: z.string().nullish().catch(null),
  content: z.array(z.object({ type: z.string(), text: z.string().optional() })),
  stop_reason: z.string().nullish(),
  usage: z
    .object({
      input_tokens: count,
      output_tokens: count,
      cache_read_input_tokens: count,
      cache_creation_input_tokens: count,
    })
    .nullish()
    .catch(null),
});
type Answer = z.infer<typeof answerSchema>;

/** How a reply ended. Throws the failure of an end that makes it none (pause_turn, tool_use). */
const finishOf = (text: string, reason: string | null | undefined, id: string): Finish => {
  if (reason === "refusal") return "refusal";
  if (reason === "max_tokens" || reason === "model_context_window_exceeded") return "length";
  if (reason && reason !== "end_turn" && reason !== "stop_sequence") throw endFailure(reason, id);
  return text.trim() === "" ? "empty" : "stop";
};

const textOf = ({ content }: Answer): string =>
  content.map((part) => (part.type === "text" ? (part.text ?? "") : "")).join("");

/** most: what the call takes at most, estimated. */
const readUsage = (answer: Answer, most: Usage): Usage => {
  const { usage } = answer;
  if (!usage || (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0) <= 0) {
    const completionTokens = Math.min(most.completionTokens, estimateTokens(textOf(answer)));
    return { promptTokens: most.promptTokens, completionTokens, estimated: true };
  }
  const cachedTokens = usage.cache_read_input_tokens ?? 0;
  return {
    promptTokens: (usage.input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0) + cachedTokens,
    completionTokens: usage.output_tokens ?? 0,
    ...(cachedTokens > 0 ? { cachedTokens } : {}),
  };
};

const readReply = (answer: Answer, usage: Usage, id: string): Reply => {
  const text = textOf(answer);
  return { text, finish: finishOf(text, answer.stop_reason, id), usage };
};

const turnsOf = (messages: readonly Message[]) =>
  messages.flatMap(({ role, content }) => (role === "system" ? [] : [{ role, content }]));

/** Makes what tells that a temperature or top-p is asked for. */
const createSamplingCheck = (id: string, tell: AnthropicOptions["onIgnored"]) => {
  let told = false;
  return ({ temperature, topP = 1 }: GenerateRequest): void => {
    if (told || (temperature === 1 && topP === 1)) return;
    told = true;
    tell?.(
      `${id} takes no temperature and no top-p: its replies are drawn as Anthropic's API draws them (temperature 1), and not at ${temperature}. Nor does it take seeds.`,
    );
  };
};

/** The request as Anthropic has it. */
const bodyOf = (model: string, request: GenerateRequest) => {
  const { messages, maxTokens } = request;
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content);
  const stops = (request.stop ?? []).filter((stop) => stop.trim() !== "");
  return {
    model,
    max_tokens: maxTokens,
    messages: turnsOf(messages),
    ...(system.length === 0 ? {} : { system: system.join("\n\n") }),
    ...(stops.length === 0 ? {} : { stop_sequences: stops }),
  };
};

/** Stop strings of white space alone are not taken by the API, so they are looked for here. */
const cutAtBlank = (reply: Reply, stops: readonly string[] = []): Reply =>
  cutAtStops(
    reply,
    stops.filter((stop) => stop.trim() === ""),
  );

const failureOf = (thrown: unknown, signal: AbortSignal, endpoint: Endpoint): Error => {
  if (thrown instanceof CovenantError) return thrown;
  if (signal.aborted || thrown instanceof Anthropic.APIUserAbortError) return new InterruptedError();
  if (thrown instanceof Anthropic.APIConnectionError) return connectionFailure(thrown, endpoint);
  if (thrown instanceof Anthropic.APIError && thrown.status !== undefined) {
    const { status, error, headers } = thrown;
    const body = readBody(JSON.stringify(error ?? { message: thrown.message }), endpoint.redact);
    const header = (name: string): string | undefined => {
      const value = headers?.get(name) ?? undefined;
      return value === undefined ? undefined : endpoint.redact(value);
    };
    return statusFailure({ status, ...readProblem(body), header }, endpoint);
  }
  if (thrown instanceof SyntaxError) return responseFailure("not JSON", endpoint);
  return brokenFailure(thrown, endpoint);
};

const unscored = ({ continuations }: ScoreRequest): Score => ({
  logProbabilities: continuations.map(() => null),
  usage: { promptTokens: 0, completionTokens: 0 },
});

const createClient = (baseURL: string, key: string): Anthropic =>
  new Anthropic({
    baseURL,
    apiKey: key,
    maxRetries: 0,
    timeout: 3_600_000,
    logLevel: "off",
  });

/** A model of Anthropic's. Nothing is sent before the first request, and log-probabilities are never asked for. */
export const anthropicModel = (options: AnthropicOptions): LanguageModel => {
  const { id, model, key, baseURL = anthropicAddress, clock = systemClock } = options;
  const { keyAdvice = "Set the environment variable ANTHROPIC_API_KEY to a key" } = options;
  const batch = Math.max(1, options.concurrency ?? 8);
  const redact = createRedact({ ANTHROPIC_API_KEY: key });
  const endpoint: Endpoint = { id, baseURL, model, hasKey: true, keyAdvice, redact, clock };
  const client = createClient(baseURL, key);
  const queue = new PQueue({ concurrency: batch });
  const checkSampling = createSamplingCheck(id, options.onIgnored);
  const checkUsage = createUsageCheck(baseURL, options.onUncounted);
  const check = createNameCheck(endpoint, options.onOther);

  const ask = async (
    request: GenerateRequest,
    signal: AbortSignal,
    tell: (usage: Usage) => void,
  ): Promise<Reply> => {
    try {
      const given: unknown = await client.messages.create(bodyOf(model, request), { signal });
      const body = readBody(JSON.stringify(given), redact);
      const error = "value" in body ? readAnsweredError(body.value) : undefined;
      if (error !== undefined) throw answeredFailure(error, endpoint);
      const answer = "value" in body ? answerSchema.safeParse(body.value).data : undefined;
      if (answer === undefined) throw responseFailure("not a message of Anthropic's", endpoint);
      const usage = checkUsage(readUsage(answer, mostOfReply(request)));
      tell(usage);
      const reply = cutAtBlank(readReply(answer, usage, id), request.stop);
      const mark = check.markOf(answer);
      check.tell(mark);
      return { ...reply, ...mark };
    } catch (thrown) {
      throw failureOf(thrown, signal, endpoint);
    }
  };

  const generateOne = async (request: GenerateRequest, signal: AbortSignal): Promise<Reply> => {
    checkSampling(request);
    throwIfAborted(signal);
    try {
      return await metered(
        options.meter,
        mostOfReply(request),
        (tell) => ask(request, signal, tell),
        ({ usage }) => usage,
      );
    } catch (failure) {
      const declined = declinedOf(failure);
      if (declined === undefined) throw failure;
      return { text: "", finish: declined, usage: { promptTokens: 0, completionTokens: 0 } };
    }
  };

  return {
    id,
    capabilities: { batch, scores: false, independentRequests: true },
    generate: (requests, callOptions) => mapRequests(requests, callOptions, queue, generateOne),
    score: (requests, callOptions) =>
      mapRequests(requests, callOptions, null, async (request) => unscored(request)),
    close: async () => queue.clear(),
  };
};
