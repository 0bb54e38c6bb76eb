// What an OpenAI-compatible endpoint's failures mean: retriable, the user's to change, or an interruption. No key
// may leave through a message, so what servers say back is cleaned of it and the raw error is never kept as cause.

import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from "openai";
import { type Clock, CovenantError, InterruptedError, messageOf, UserError } from "../../core/index.ts";
import { modelFailure } from "../failure.ts";

/** What failures need to know of the endpoint. keyVariable: the environment variable that the key comes from. */
export type Endpoint = {
  readonly baseURL: string;
  readonly model: string;
  readonly id: string;
  readonly key: string | undefined;
  readonly keyVariable: string;
  readonly clock: Clock;
};

const retriableStatus = (status: number): boolean =>
  status === 408 || status === 409 || status === 425 || status === 429 || (status >= 500 && status !== 501);

const redact = (text: string, key: string | undefined): string => {
  const cleaned = key === undefined || key === "" ? text : text.replaceAll(key, "***");
  return cleaned.length > 500 ? `${cleaned.slice(0, 500)}...` : cleaned;
};

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

const statusFailure = (error: APIError, status: number, endpoint: Endpoint): Error => {
  const { id, key, keyVariable, baseURL, model } = endpoint;
  const facts = { model: id, status, retriable: retriableStatus(status) };
  const said = redact(error.message, key);
  if (status === 401 || status === 403) {
    const found = key === undefined ? "no key was sent" : "the key was not accepted";
    return new UserError(
      "model-key",
      `${baseURL} refused access (${status}; ${found}). Set the environment variable ${keyVariable} to a key that may use "${model}".`,
      facts,
    );
  }
  if (error.code === "insufficient_quota") {
    return new UserError("model-quota", `${baseURL} says that the account's quota is used up: ${said}`, {
      ...facts,
      retriable: false,
    });
  }
  if (status === 404) {
    return new UserError(
      "model-unknown",
      `${baseURL} answered "not found" for the model "${model}": ${said}. Check the address (it usually ends in /v1) and the name after #.`,
      facts,
    );
  }
  const retryAfter = readRetryAfter(error.headers, endpoint.clock.now());
  return modelFailure("model-status", `${id} answered with status ${said}`, {
    ...facts,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
};

/** Whether a failure is the provider's content filter at work, which some report as a status 400. */
export const isContentFilter = (thrown: unknown): boolean =>
  thrown instanceof APIError &&
  thrown.status === 400 &&
  (thrown.code === "content_filter" || thrown.code === "content_policy_violation");

/** The error that a failed call becomes. */
export const endpointFailure = (thrown: unknown, endpoint: Endpoint): Error => {
  const { baseURL, id, key } = endpoint;
  if (thrown instanceof CovenantError) return thrown;
  if (thrown instanceof APIUserAbortError) return new InterruptedError();
  if (thrown instanceof APIConnectionTimeoutError) {
    return modelFailure("model-timeout", `${id} gave no reply in time.`, { model: id, retriable: true });
  }
  if (thrown instanceof APIConnectionError) {
    const why = redact(rootCause(thrown), key);
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
    `The response of ${id} broke off (${redact(rootCause(thrown), key)}).`,
    {
      model: id,
      retriable: true,
    },
  );
};
