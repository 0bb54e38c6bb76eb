// What an OpenAI-compatible endpoint's failures mean: retriable, the user's to change, or an interruption. What servers
// say was cleaned of the key at the border (endpoint-fetch.ts); what the runtime says itself is cleaned here, and the
// raw error is never kept as cause.

import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from "openai";
import {
  type Clock,
  CovenantError,
  InterruptedError,
  messageOf,
  type Redact,
  UserError,
} from "../../core/index.ts";
import { modelFailure } from "../failure.ts";
import type { Declined } from "../specification.ts";

/**
 * What failures need to know of the endpoint. hasKey: whether one is sent; keyAdvice: what to do when it is not
 * accepted, or another is wanted; redact: takes the key out of a text.
 */
export type Endpoint = {
  readonly baseURL: string;
  readonly model: string;
  readonly id: string;
  readonly hasKey: boolean;
  readonly keyAdvice: string;
  readonly redact: Redact;
  readonly clock: Clock;
};

const retriableStatus = (status: number): boolean =>
  status === 408 || status === 409 || status === 425 || status === 429 || (status >= 500 && status !== 501);

const mostShown = 500;

const shorten = (text: string): string => (text.length > mostShown ? `${text.slice(0, mostShown)}...` : text);

/** Milliseconds that the headers ask to wait: retry-after-ms, or Retry-After in seconds or as a date. */
export const readRetryAfter = (headers: Headers | undefined, now: number): number | undefined => {
  const precise = headers?.get("retry-after-ms");
  if (precise && Number.isFinite(Number(precise))) return Math.max(0, Number(precise));
  const value = headers?.get("retry-after")?.trim();
  if (!value) return undefined;
  if (Number.isFinite(Number(value))) return Math.max(0, Number(value) * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
};

const rootCause = (thrown: unknown): string => {
  let error = thrown;
  while (error instanceof Error && error.cause !== undefined) error = error.cause;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : messageOf(error);
};

/** What the server says, without the status that the openai package puts before it. */
const saidBy = (error: APIError): string => {
  const said = error.message.replace(/^\d{3} /, "");
  return said === "status code (no body)" ? "no explanation was given" : shorten(said.replace(/\.$/, ""));
};

const filterCodes = ["content_filter", "content_policy_violation"];
const contextCodes = ["context_length_exceeded", "exceed_context_size_error"];
/** As vLLM, llama.cpp, TGI, SGLang and others put it; there is no agreed code. */
const contextWords =
  /maximum context|context (?:length|size|window)|exceeds? the (?:available|maximum|model.s) (?:context|sequence)|(?:prompt|input) is too long|too many (?:input )?tokens/i;

/** Why a server declined this one request. Servers that break on a text that is too long say so with a status 500. */
const declinedBy = (error: APIError, status: number): Declined | undefined => {
  const codes = [error.code, error.type];
  if (status === 400 && codes.some((code) => filterCodes.includes(code ?? ""))) return "refusal";
  if (codes.some((code) => contextCodes.includes(code ?? ""))) return "overflow";
  return [400, 413, 422, 500].includes(status) && contextWords.test(error.message) ? "overflow" : undefined;
};

const unknownWords =
  /not (?:be )?(?:found|available|loaded|served|supported)|does(?:n.t| not) exist|unknown|pinned|no such|invalid model/i;

/** Servers say that they do not have a model with a status 404, or with 400 or 422 and the model's name. */
const isUnknownModel = (error: APIError, status: number, model: string): boolean =>
  status === 404 ||
  error.code === "model_not_found" ||
  ([400, 422].includes(status) && error.message.includes(model) && unknownWords.test(error.message));

const statusFailure = (error: APIError, status: number, endpoint: Endpoint): Error => {
  const { id, hasKey, keyAdvice, baseURL, model } = endpoint;
  const declined = declinedBy(error, status);
  const facts = {
    model: id,
    status,
    retriable: declined === undefined && retriableStatus(status),
    ...(declined === undefined ? {} : { declined }),
  };
  const said = saidBy(error);
  if (status === 401 || status === 403) {
    const found = hasKey ? "the key was not accepted" : "no key was sent";
    return new UserError(
      "model-key",
      `${baseURL} refused access (${status}; ${found}). ${keyAdvice} that may use "${model}".`,
      facts,
    );
  }
  if (error.code === "insufficient_quota") {
    return new UserError("model-quota", `${baseURL} says that the account's quota is used up: ${said}`, {
      ...facts,
      retriable: false,
    });
  }
  if (declined === undefined && isUnknownModel(error, status, model)) {
    return new UserError(
      "model-unknown",
      `${baseURL} answered with status ${status} for the model "${model}": ${said}. Check the address (it usually ends in /v1) and the name after #.`,
      facts,
    );
  }
  const retryAfter = readRetryAfter(error.headers, endpoint.clock.now());
  return modelFailure("model-status", `${id} answered with status ${status}: ${said}`, {
    ...facts,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
};

/** The error that a failed call becomes. */
export const endpointFailure = (thrown: unknown, endpoint: Endpoint): Error => {
  const { baseURL, id, redact } = endpoint;
  if (thrown instanceof CovenantError) return thrown;
  if (thrown instanceof APIUserAbortError) return new InterruptedError();
  if (thrown instanceof APIConnectionTimeoutError) {
    return modelFailure("model-timeout", `${id} gave no reply in time.`, { model: id, retriable: true });
  }
  if (thrown instanceof APIConnectionError) {
    const why = shorten(redact(rootCause(thrown)));
    return modelFailure(
      "model-connection",
      `Cannot reach ${baseURL} (${why}). Check that the server runs there and that the address is right.`,
      { model: id, retriable: true },
    );
  }
  if (thrown instanceof APIError && thrown.status !== undefined) {
    return statusFailure(thrown, thrown.status, endpoint);
  }
  if (thrown instanceof SyntaxError) {
    return modelFailure("model-response", `${id} sent a response that is not JSON.`, {
      model: id,
      retriable: true,
    });
  }
  // fetch reports a body that breaks off as a TypeError ("terminated").
  return modelFailure(
    "model-connection",
    `The response of ${id} broke off (${shorten(redact(rootCause(thrown)))}).`,
    {
      model: id,
      retriable: true,
    },
  );
};
